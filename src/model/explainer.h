/*
 * explainer: exact SHAP values: what each feature adds to a forest's sums, for a row.
 *
 * A feature's value is its Shapley value in the game where a row's known features are taken in
 * some order, and what the others would be is averaged: over the training data that came down each
 * split (path-dependent), or over background rows (interventional). The values of a row and the
 * expected sum add up to the row's sum.
 *
 * Path-dependent: for one leaf, the Shapley weight |S|! (n - 1 - |S|)! / n! is the integral of
 * t^|S| (1 - t)^(n - 1 - |S|), so a feature's value is the leaf's times (passes - share) times the
 * integral over t of the product of passes t + share (1 - t) over all other features of its path: a
 * polynomial that Gauss-Legendre quadrature integrates exactly with n / 2 points. All factors are
 * positive, so nothing cancels. What lies above a split is a product that all leaves below it
 * share, and what lies below is a sum that all features above share, so a tree is gone through once
 * down and once up, at eight points in the lanes of a vector: as many steps as it has splits,
 * however deep they are. A tree with more than 16 features above a leaf takes eight points more for
 * each 16. (Owen, "Multilinear extensions of games", 1972, has the integral; Yu et al., "Linear
 * TreeShap", 2022, the way down and up, with other points; Lundberg et al., "From local
 * explanations to global understanding with explainable AI for trees", 2020, define both kinds.)
 *
 * An explainer is immutable, in the arena that was given; any number of threads may use it.
 */
#pragma once
#include "model/forest.h"
#include "model/forest_kernels.h"

enum { MW_EXPLAINED_FEATURES_MAX = 256 }; /* above a leaf */

typedef struct mw_explainer mw_explainer;

/* `kind` is mw_lanes_best(); the values have the same bits in all kinds. MW_INVALID for linear
   leaves (model/background.h explains them), MW_NOT_BUILT for forests without covers, MW_TOO_LARGE
   for trees that are too deep, or ask for too many features above a leaf. */
MW_MUST_USE mw_status mw_explainer_make(mw_arena *arena, const mw_forest *forest,
                                        mw_lanes_kind kind,
                                        const mw_explainer **out_explainer, mw_error *err);
/* Fills class_count x (feature_count + 1) values a row: each feature's, then the expected sum. */
MW_MUST_USE mw_status mw_explainer_run(const mw_explainer *explainer, const double *rows,
                                       size_t row_count, double *out_values, mw_error *err);
