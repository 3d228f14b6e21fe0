/*
 * total: how many values there are, and their exact sum.
 *
 * What count, sum and mean of a column are made of. All is integers, so totals of disjoint events
 * add up and take each other back without ever losing a bit.
 */
#pragma once
#include "base/exact_sum.h"

typedef struct {
    mw_exact_sum sum;
    uint64_t count;
} mw_total;

/* A value that may not enter a sum reads as missing (rule 12): it is passed over. */
static inline void mw_total_add(mw_total *total, double value) {
    if (!mw_exact_sum_takes(value)) return;
    total->count++;
    mw_exact_sum_add(&total->sum, value);
}
static inline void mw_total_remove(mw_total *total, double value) {
    if (!mw_exact_sum_takes(value)) return;
    total->count--;
    mw_exact_sum_remove(&total->sum, value);
}
static inline void mw_total_join(mw_total *total, const mw_total *more) {
    mw_exact_sum_merge(&total->sum, &more->sum);
    total->count += more->count;
}
/* What came between two running totals. */
static inline mw_total mw_total_between(const mw_total *from, const mw_total *to) {
    mw_total between = {to->sum, to->count - from->count};
    mw_exact_sum_subtract(&between.sum, &from->sum);
    return between;
}
