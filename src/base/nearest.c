#include "base/nearest.h"

enum { COMPARED_WORD_MAX = 64 }; /* longer ones are near to themselves alone */

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* How many letters must be put in, left out, replaced or swapped with their neighbour to make
   `b` of `a`: by rows, of which the last three are kept. Neither word is longer than
   COMPARED_WORD_MAX. */
static size_t edit_distance(mw_str a, mw_str b) {
    size_t rows[3][COMPARED_WORD_MAX + 1];
    for (size_t j = 0; j <= b.size; j++) rows[0][j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t replaced = above[j - 1] + (a.data[i - 1] != b.data[j - 1]);
            row[j] = smaller(replaced, smaller(row[j - 1], above[j]) + 1);
            bool is_swap = i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
                           a.data[i - 2] == b.data[j - 1];
            if (is_swap) row[j] = smaller(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a.size % 3][b.size];
}

mw_nearest mw_nearest_to(mw_str word) {
    return (mw_nearest){.word = word, .found = MW_STR(""), .bound = (word.size + 2) / 3 + 1};
}

void mw_nearest_offer(mw_nearest *nearest, mw_str known) {
    mw_str word = nearest->word;
    if (known.size == 0) return;
    bool is_it = mw_str_equal(word, known);
    if (!is_it && (word.size > COMPARED_WORD_MAX || known.size > COMPARED_WORD_MAX)) return;
    size_t distance = is_it ? 0 : edit_distance(word, known);
    if (distance >= nearest->bound) return;
    nearest->bound = distance;
    nearest->found = known;
}

void mw_nearest_offer_text(mw_nearest *nearest, const char *known) {
    mw_nearest_offer(nearest, mw_str_of(known));
}

mw_status mw_hint_nearest(mw_error *err, mw_status status, const mw_nearest *nearest) {
    if (nearest->found.size == 0) return status;
    return mw_hint(err, status, "Did you mean %.*s?", MW_STR_ARGS(nearest->found));
}
