/*
 * forest: decision trees as a value: predict, save, load, name.
 *
 * Bit-equal to the predictor of the library that made it. LightGBM's adds trees in order, in
 * doubles, from 0; values within 1e-35 (as a float) of 0 count as 0; NaN is missing; a category is
 * a whole number in a double, and one that no training row had (NaN, negative, unknown) goes right.
 * XGBoost's reads and adds floats. Trees run in SIMD lanes as the processor has them
 * (model/forest_lanes.h), which never changes a bit.
 *
 * A forest is immutable once made and lives in the arena that was given; any number of threads may
 * read it. Its bytes are canonical (model/forest_format.h): equal forests have equal bytes.
 */
#pragma once
#include "base/hash.h"
#include "model/forest_format.h"

typedef struct mw_forest mw_forest;

/* Makes a forest of a head and the nodes of its trees, appended by mw_forest_node_append. */
MW_MUST_USE mw_status mw_forest_make(mw_arena *arena, const mw_forest_head *head, mw_str nodes,
                                     const mw_forest **out_forest, mw_error *err);
/* Reads what mw_forest_encode wrote. Hostile bytes end in MW_CORRUPT. */
MW_MUST_USE mw_status mw_forest_decode(mw_arena *arena, mw_str bytes,
                                       const mw_forest **out_forest, mw_error *err);
/* Appends the forest with its seal: the head and all nodes, in canonical bytes. */
void mw_forest_encode(const mw_forest *forest, mw_buf *out);
/* SHA-256 of the canonical bytes: names the trees, whatever text they came from. */
void mw_forest_hash(const mw_forest *forest, char out_hex[MW_SHA256_HEX_SIZE + 1]);

mw_forest_head mw_forest_facts(const mw_forest *forest);
/* Whether a leaf is linear: then rows explain it (model/background.h), and nothing else does. */
bool mw_forest_is_linear(const mw_forest *forest);
/* The sum of the leaves that `features` (feature_count doubles) fall into; for one class. */
double mw_forest_raw(const mw_forest *forest, const double *features);
/* What the objective makes of it (of its mean, in an averaged forest): for a binary one, a
   probability. */
double mw_forest_predict(const mw_forest *forest, const double *features);
/* The same for any number of classes: a prediction each. */
void mw_forest_predict_row(const mw_forest *forest, const double *features,
                           double *out_predictions);
/* The same for rows that lie one behind the other, and any number of classes: class_count results
   a row. */
void mw_forest_raw_rows(const mw_forest *forest, const double *features, size_t row_count,
                        double *out_sums);
void mw_forest_predict_rows(const mw_forest *forest, const double *features, size_t row_count,
                            double *out_predictions);
