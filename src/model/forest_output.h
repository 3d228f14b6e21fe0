/*
 * forest_output: what an objective makes of a row's sums, as the library computes it.
 *
 * The steps are those of LightGBM in doubles or of XGBoost in floats, in their order, so that the
 * results have their bits: (e^-x + 1) + 1e-16 and 1 + e^-x are not the same. Pure.
 */
#pragma once
#include "model/forest_format.h"

/* Turns the class_count sums of a row into its predictions, in place. */
void mw_forest_output_apply(const mw_forest_head *head, double *sums);
