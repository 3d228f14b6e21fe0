#include "stat/correlation.h"

#include <math.h>

#include "stat/number_sort.h"

/* Gives items [from, to), which are equal, the mean of the ranks from + 1 .. to. */
static void rank_together(const mw_tagged_number *items, size_t from, size_t to, double *ranks) {
    for (size_t i = from; i < to; i++) ranks[items[i].tag] = (double)(from + 1 + to) / 2;
}

mw_status mw_ranks(double *values, size_t count, mw_error *err) {
    mw_tagged_number *items = mw_allocate((2 * count + 1) * sizeof *items);
    if (!items) return mw_fail(err, MW_NO_MEMORY, "ranks: no memory");
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            items[known++] = (mw_tagged_number){mw_number_key(values[i] + 0.0), i}; /* -0 as 0 */
    mw_number_sort(items, items + count, known);
    for (size_t from = 0, to; from < known; from = to) {
        for (to = from + 1; to < known && items[to].key == items[from].key;) to++;
        rank_together(items, from, to, values);
    }
    mw_free(items);
    return MW_OK;
}

double mw_rank_correlation(const double *ranks, const double *other_ranks, size_t count) {
    /* Ranks are half integers up to the count: for up to some 100,000 rows all sums are exact. */
    double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < count; i++) {
        double a = ranks[i], b = other_ranks[i];
        if (isnan(a) || isnan(b)) continue;
        n += 1, x += a, y += b;
        xx += a * a, yy += b * b, xy += a * b;
    }
    double spread = (n * xx - x * x) * (n * yy - y * y);
    return spread > 0 ? (n * xy - x * y) / sqrt(spread) : NAN;
}
