/*
 * fitting: finds the numbers of the transforms that features ask for (lang/fitted.h), from the
 * examples that are learned from and no others; those of whole vectors by vector_fitting.
 *
 * Means and deviations are exact sums, and bounds are taken from sorted values, so the order of the
 * examples changes no bit. What target_encode gives an example to learn from is not its rate: that
 * knows the example's own label, and a forest would learn to read it off. It is the rate of the
 * examples whose labels had matured before the example's moment, which is what a version trained
 * then would have given (the ordered target statistic of L. Prokhorenkova and others, "CatBoost:
 * unbiased boosting with categorical features", 2018, with the clock for their permutation). Before
 * any label there is no rate: missing.
 */
#pragma once
#include "model/encoder.h"
#include "train/examples.h"

typedef struct {
    const mw_examples *examples;
    size_t count; /* of the first examples: those that are learned from */
    mw_symbols *symbols;
    mw_arena *arena; /* of what it gives */
} mw_fitting;

/* Fills the transforms of `features`, whose values are there. `out_learned[i]` becomes, for each
   example, what to learn from in the encoder's stead, or stays NULL. */
MW_MUST_USE mw_status mw_fit_features(const mw_fitting *fitting, mw_model_feature *features,
                                      const double **out_learned, mw_error *err);
