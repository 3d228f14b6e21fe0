#include "stat/held_out.h"

#include "stat/number_sort.h"

typedef struct {
    double sums[2], counts[2]; /* of targets, by half */
} tally;

static void add(tally *it, size_t row, double target) {
    size_t half = mw_held_out_half(row);
    it->sums[half] += target;
    it->counts[half]++;
}

/* Exactly 0 where the text's rows are none or all of the half: the products are the same then. And
   one division, so that texts of whole targets are tied where they should be, to the bit. */
static double lift(const tally *text, const tally *all, size_t half) {
    double above = text->sums[half] * all->counts[half] - text->counts[half] * all->sums[half];
    double rows = all->counts[half] * (text->counts[half] + MW_HELD_OUT_PRIOR);
    return above == 0 ? 0 : above / rows;
}

mw_status mw_held_out_lifts(const uint64_t *codes, const double *targets, size_t count,
                            double *out_lifts, mw_error *err) {
    mw_tagged_number *rows = mw_allocate((2 * count + 1) * sizeof *rows);
    if (!rows) return mw_fail(err, MW_NO_MEMORY, "texts: no memory for %zu of them", count);
    tally all = {0};
    for (size_t i = 0; i < count; i++) {
        rows[i] = (mw_tagged_number){codes[i], i};
        add(&all, i, targets[i]);
    }
    mw_number_sort(rows, rows + count, count);
    for (size_t first = 0, end; first < count; first = end) {
        tally text = {0};
        for (end = first; end < count && rows[end].key == rows[first].key; end++)
            add(&text, rows[end].tag, targets[rows[end].tag]);
        for (size_t i = first; i < end; i++)
            out_lifts[rows[i].tag] = lift(&text, &all, 1 - mw_held_out_half(rows[i].tag));
    }
    mw_free(rows);
    return MW_OK;
}
