/*
 * encoder: turns a row of feature cells into the doubles that a learner and its model read.
 *
 * Numbers as they are, bools as 0 and 1, durations and times in seconds, texts and categories as
 * the number of their value among those seen in training. Missing is NaN, and so is a value that
 * training never saw. Then come the feature's transforms, those of numbers that are transformed
 * together step by step. The same code makes training rows and serves, so both see the same bits.
 *
 * Immutable, in the arena that was given; any number of threads may run it.
 */
#pragma once
#include "model/transform.h"
#include "table/dictionary.h"

/* A feature as the model sees it. */
typedef struct {
    mw_str name;
    mw_type type;
    mw_values values; /* of texts and categories: those seen in training, sorted by bytes */
    const mw_transform *transforms; /* in the order in which they are applied */
    size_t transform_count;
    size_t together; /* so many features from here on have joint transforms, at the same steps; 0:
                        this one has none, or belongs to one before */
} mw_model_feature;

typedef struct {
    const mw_model_feature *items;
    size_t count;
} mw_model_features;

typedef struct mw_encoder mw_encoder;

/* Interns the values in `symbols`, from which the cells must come. `features` outlives it. */
MW_MUST_USE mw_status mw_encoder_create(mw_arena *arena, mw_symbols *symbols,
                                        mw_model_features features,
                                        const mw_encoder **out_encoder, mw_error *err);
/* Fills one double for each feature; gives the number of values that training never saw. */
size_t mw_encoder_run(const mw_encoder *encoder, const mw_cell *cells, double *out_values);
