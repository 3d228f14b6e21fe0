/*
 * correlation: how closely columns of numbers rise and fall together.
 *
 * Spearman's coefficient: the correlation of the values' ranks, equal values sharing the mean of
 * theirs, so any rising function of a column counts as the column itself. NaN is missing. A
 * column is ranked once, among all of its values; of two columns the rows count in which both have
 * one. (Without missing values that is what scipy.stats.spearmanr gives.)
 */
#pragma once
#include "base/memory.h"

/* Turns the values into their ranks, 1 the least; NaN stays. MW_NO_MEMORY. */
MW_MUST_USE mw_status mw_ranks(double *values, size_t count, mw_error *err);
/* Between -1 and 1; NaN where fewer than two rows have both, or one of the columns never changes
   in them. */
double mw_rank_correlation(const double *ranks, const double *other_ranks, size_t count);
