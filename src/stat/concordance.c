#include "stat/concordance.h"

#include <math.h>

#include "stat/number_sort.h"

typedef struct {
    mw_tagged_number *items; /* by value, which the key stands for; the tag is the label's number */
    mw_tagged_number *room;
    uint64_t *counts;        /* by label: of the items before those in hand */
    size_t count;
} walk;

static mw_status walk_init(walk *it, size_t count, mw_error *err) {
    if (count > MW_CONCORDANCE_ROWS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "concordance: at most %zu rows fit, got %zu",
                       MW_CONCORDANCE_ROWS_MAX, count);
    size_t room = count > MW_CONCORDANCE_CLASSES_MAX ? count : MW_CONCORDANCE_CLASSES_MAX;
    *it = (walk){.items = mw_allocate((2 * count + 1) * sizeof *it->items),
                 .counts = mw_allocate((room + 1) * sizeof *it->counts),
                 .count = count};
    if (!it->items || !it->counts)
        return mw_fail(err, MW_NO_MEMORY, "concordance: no memory for %zu rows", count);
    it->room = it->items + count;
    return MW_OK;
}

static void walk_release(walk *it) {
    mw_free(it->items);
    mw_free(it->counts);
}

static uint64_t key_of(double value) {
    MW_ASSERT(!isnan(value));
    return mw_number_key(value + 0.0); /* -0 is 0 */
}

/* The end of the items from `first` on that have its key. */
static size_t group_end(const walk *it, size_t first) {
    size_t end = first + 1;
    while (end < it->count && it->items[end].key == it->items[first].key) end++;
    return end;
}

/* Of pairs, counted twice: how many of all are told apart, whichever way is the greater. */
static double share_of(uint64_t twice_won, uint64_t twice_all) {
    double share = (double)twice_won / (double)twice_all;
    return share < 0.5 ? 1 - share : share;
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* Gives each row its label's number, from 1, among the different ones; how many pairs of rows have
   different labels. */
static uint64_t number_labels(walk *it, const double *labels, size_t *out_different) {
    for (size_t i = 0; i < it->count; i++)
        it->items[i] = (mw_tagged_number){key_of(labels[i]), i};
    mw_number_sort(it->items, it->room, it->count);
    size_t number = 0;
    uint64_t pairs = 0;
    for (size_t first = 0, end; first < it->count; first = end) {
        end = group_end(it, first);
        pairs += (uint64_t)first * (end - first);
        number++;
        for (size_t i = first; i < end; i++) it->room[it->items[i].tag].tag = number;
    }
    *out_different = number;
    return pairs;
}

/* A Fenwick tree of counts: adds one, and says how many there are up to a number. */
static void tree_add(uint64_t *tree, size_t size, size_t number) {
    for (; number <= size; number += number & -number) tree[number]++;
}

static uint64_t tree_sum(const uint64_t *tree, size_t number) {
    uint64_t sum = 0;
    for (; number > 0; number -= number & -number) sum += tree[number];
    return sum;
}

/* Pairs in order less pairs in reverse order, plus `pairs`, which is no less than either. */
static uint64_t count_order(walk *it, size_t different, uint64_t pairs) {
    uint64_t *tree = it->counts, balance = pairs;
    for (size_t first = 0, end; first < it->count; first = end) {
        end = group_end(it, first);
        for (size_t i = first; i < end; i++) {
            size_t number = it->items[i].tag;
            balance += tree_sum(tree, number - 1);
            balance -= first - tree_sum(tree, number);
        }
        for (size_t i = first; i < end; i++) tree_add(tree, different, it->items[i].tag);
    }
    return balance;
}

mw_status mw_concordance_of_numbers(const double *values, const double *labels, size_t count,
                                    double *out_concordance, mw_error *err) {
    walk it = {0};
    mw_status status = walk_init(&it, count, err);
    if (status == MW_OK) {
        size_t different;
        uint64_t pairs = number_labels(&it, labels, &different);
        for (size_t i = 0; i < count; i++)
            it.items[i] = (mw_tagged_number){key_of(values[i]), it.room[i].tag};
        mw_number_sort(it.items, it.room, count);
        *out_concordance =
            pairs > 0 ? share_of(count_order(&it, different, pairs), 2 * pairs) : NAN;
    }
    walk_release(&it);
    return status;
}

/* --- classes ---------------------------------------------------------------------------------- */

/* Of two classes, one of which is that of the group in hand: twice how often a row of it stands
   above one of the other. */
static void meet(const walk *it, const uint64_t *level, size_t class_count, uint64_t *won) {
    for (size_t one = 0; one < class_count; one++)
        for (size_t other = 0; level[one] > 0 && other < class_count; other++)
            won[one * class_count + other] += level[one] * (2 * it->counts[other] + level[other]);
}

static void count_wins(walk *it, size_t class_count, uint64_t *won) {
    uint64_t level[MW_CONCORDANCE_CLASSES_MAX] = {0};
    for (size_t first = 0, end; first < it->count; first = end) {
        end = group_end(it, first);
        for (size_t i = first; i < end; i++) level[it->items[i].tag]++;
        meet(it, level, class_count, won);
        for (size_t c = 0; c < class_count; c++) {
            it->counts[c] += level[c];
            level[c] = 0;
        }
    }
}

static double told_apart(const uint64_t *rows, const uint64_t *won, size_t class_count) {
    uint64_t told = 0, all = 0;
    for (size_t one = 0; one < class_count; one++)
        for (size_t other = 0; other < one; other++) {
            uint64_t way = won[one * class_count + other], back = won[other * class_count + one];
            told += way > back ? way : back;
            all += 2 * rows[one] * rows[other];
        }
    return all > 0 ? share_of(told, all) : NAN;
}

mw_status mw_concordance_of_classes(const double *values, const uint32_t *labels, size_t count,
                                    size_t class_count, double *out_concordance, mw_error *err) {
    MW_ASSERT(class_count <= MW_CONCORDANCE_CLASSES_MAX);
    walk it = {0};
    uint64_t *won = mw_allocate((class_count * class_count + 1) * sizeof *won);
    mw_status status = won ? walk_init(&it, count, err)
                           : mw_fail(err, MW_NO_MEMORY, "concordance: no memory");
    if (status == MW_OK) {
        for (size_t i = 0; i < count; i++) {
            MW_ASSERT(labels[i] < class_count);
            it.items[i] = (mw_tagged_number){key_of(values[i]), labels[i]};
        }
        mw_number_sort(it.items, it.room, count);
        count_wins(&it, class_count, won);
        *out_concordance = told_apart(it.counts, won, class_count);
    }
    walk_release(&it);
    mw_free(won);
    return status;
}
