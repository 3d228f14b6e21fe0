/*
 * judged: answers beside what came, as metrics take them, whatever kind of answer it is.
 *
 * One array a kind; the others are NULL. Of classes no more is kept than metrics ask for: a million
 * examples of 256 classes have 2 GB of probabilities. All of it lives in the arena that was given.
 */
#pragma once
#include "stat/measures.h"
#include "train/labels.h"

typedef struct {
    mw_answer_kind kind;
    size_t count;
    size_t width;      /* what a forest says of an example: one number, or one a class */
    mw_values classes; /* of a class */
    size_t label_count; /* likewise: with those that the model does not know */
    double *outputs;          /* the number; of a class how likely the likeliest is */
    unsigned char *yes;       /* of a yes or no, and of a score: whether it was yes */
    double *numbers;          /* of a number: which it was */
    uint32_t *answers, *came; /* of a class: the likeliest; which it was, */
    double *given;            /* and how likely that was; 0: the model does not know it */
} mw_judged;

/* Room for `count` examples, whose labels are of that kind. `kind` is theirs, or a score. */
MW_MUST_USE mw_status mw_judged_make(mw_arena *arena, const mw_labels *labels, mw_answer_kind kind,
                                     size_t count, mw_judged *out_judged, mw_error *err);
/* What came of one; and then what was answered: `width` numbers. */
void mw_judged_set_label(mw_judged *judged, size_t index, const mw_labels *labels,
                         const mw_example *example, size_t example_index);
void mw_judged_set_answer(mw_judged *judged, size_t index, const double *said);
void mw_judged_copy(mw_judged *judged, size_t index, const mw_judged *from, size_t from_index);
/* MW_INVALID if an answer is no number. Without an example there is nothing. */
MW_MUST_USE mw_status mw_judged_measure(const mw_judged *judged, mw_bootstrap bootstrap,
                                        mw_measures *out_measures, mw_error *err);
