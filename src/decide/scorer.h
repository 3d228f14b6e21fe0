/*
 * scorer: a version made ready to answer in this process: features in, decision out.
 *
 * It owns what it decodes; the version's profile counts in the same symbols. Scoring a row
 * costs one encoding and one walk of the forest, and allocates nothing. One thread uses it.
 *
 * What the answer is goes by the version's kind (table/answer_kind.h): a probability of yes, a
 * number, a class with its probability, a score.
 */
#pragma once
#include "decide/reasons.h"
#include "model/version.h"
#include "stat/profile.h"

typedef struct mw_scorer mw_scorer;

typedef struct {
    double prediction;     /* of a class: how likely it is; NaN: the forest gave no number */
    bool decision;         /* prediction >= the version's threshold; false where nothing decides */
    size_t unseen_values;  /* categories that training never saw: read as missing */
    mw_str class_name;     /* the likeliest class; empty: it answers none */
    mw_classes classes;    /* all of them; their probabilities are valid until the next run */
} mw_score;

/* Decodes a version's bytes and interns its values. */
MW_MUST_USE mw_status mw_scorer_create(mw_str version_bytes, mw_symbols *symbols,
                                       mw_scorer **out_scorer, mw_error *err);
/* The same in two steps. The first, which decodes and takes nearly all of the time, may be another
   thread's; the second makes it ready, with the symbols of the thread that will ask it. One that
   it fails for is of no more use. */
MW_MUST_USE mw_status mw_scorer_read(mw_str version_bytes, mw_scorer **out_scorer, mw_error *err);
MW_MUST_USE mw_status mw_scorer_make_ready(mw_scorer *scorer, mw_symbols *symbols, mw_error *err);
void mw_scorer_destroy(mw_scorer *scorer); /* NULL is allowed */

/* `features` are cells of the version's features, in their order. */
mw_score mw_scorer_run(mw_scorer *scorer, const mw_cell *features);

/* Makes the scorer ready to explain, once: by rows of training if the version keeps some, else by
   the trees' counts; fails as mw_background_make or mw_explainer_make does. */
MW_MUST_USE mw_status mw_scorer_prepare(mw_scorer *scorer, mw_error *err);
/* Why the score is what it is, of a class what makes its own sum; prepares if need be. Valid until
   the next call. */
MW_MUST_USE mw_status mw_scorer_explain(mw_scorer *scorer, const mw_cell *features,
                                        mw_reasons *out_reasons, mw_error *err);

/* How much each feature adds to all sums of the row, those of the classes that are not answered
   too: adds the absolute SHAP values to `weights`, one a feature. A vector that the forest sees as
   components has its own on all of its numbers alike. Prepares if need be. */
MW_MUST_USE mw_status mw_scorer_weigh(mw_scorer *scorer, const mw_cell *features, double *weights,
                                      mw_error *err);

const mw_version *mw_scorer_version(const mw_scorer *scorer);
mw_str mw_scorer_name(const mw_scorer *scorer); /* 12 hex digits */
/* How the features and the prediction (the last column) were distributed in training. */
const mw_profile *mw_scorer_profile(const mw_scorer *scorer);
/* MW_CONFLICT if the program's label is of a type that the version does not answer. */
MW_MUST_USE mw_status mw_scorer_answers(const mw_scorer *scorer, mw_type label, mw_error *err);
/* MW_CONFLICT if the program's model has other features than the version was trained with,
   naming the first that differs. */
MW_MUST_USE mw_status mw_scorer_fits(const mw_scorer *scorer, const mw_field *features,
                                     size_t feature_count, mw_error *err);
