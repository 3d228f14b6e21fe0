/*
 * background: exact SHAP values against background rows (the interventional kind).
 *
 * A feature's value is its Shapley value in the game where the features that are not known are
 * those of a background row, averaged over these rows. For one leaf and one background row only
 * three numbers count: whether each step of the path is passed by one of the two rows at least,
 * how many only the row passes, and how many only the other: then each of the former adds, and
 * each of the latter takes, a share of the leaf that a table holds. Background rows that pass the
 * same steps are taken together.
 *
 * A linear leaf is such a leaf of its plain value, and another one, for mixtures that lack none of
 * its terms, of the difference: its constant and what the terms are to the background row; and a
 * further one for each term that the row may bring or not, of what that changes.
 *
 * Immutable, in the arena that was given; any number of threads may use it.
 */
#pragma once
#include "model/forest.h"

enum { MW_BACKGROUND_ROWS_MAX = 10000 };

typedef struct mw_background mw_background;

/* `rows` may go. MW_TOO_LARGE for trees that are too deep (model/forest_paths.h) or ask for more
   than 64 features above and in a leaf. */
MW_MUST_USE mw_status mw_background_make(mw_arena *arena, const mw_forest *forest,
                                         const double *rows, size_t row_count,
                                         const mw_background **out_background, mw_error *err);
/* Fills class_count x (feature_count + 1) values a row: each feature's, then the mean sum of the
   background rows. They add up to the row's sum. */
MW_MUST_USE mw_status mw_background_run(const mw_background *background, const double *rows,
                                         size_t row_count, double *out_values, mw_error *err);
