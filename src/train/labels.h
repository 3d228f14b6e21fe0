/*
 * labels: what the examples' labels come to for a learner, by the kind of answer.
 *
 * A yes is 1 and a no 0. A number is itself: learners take floats, so it is rounded to the nearest
 * one (a part in 2^24), and refused where that would blur the labels' differences. A class is the
 * number of its name among those that the training part has, in the order of their bytes.
 *
 * All of it lives in the arena that was given.
 */
#pragma once
#include "model/classes.h"
#include "table/answer_kind.h"
#include "train/examples.h"

enum { MW_CLASS_EXAMPLES_MIN = 2 }; /* of each class, in the training part */
#define MW_LABEL_MAGNITUDE_MAX 0x1p63 /* labels lie below it; so exact sums take them */

typedef struct {
    const mw_examples *examples;
    size_t train_count, example_count; /* of the first examples: learned from; known in all */
    const mw_symbols *symbols;
    bool is_learned;  /* from these labels; false: elsewhere, and they only judge the model */
    mw_values names;  /* in that case its classes, in its order; else they are those of the training
                         part */
} mw_labels_question;

typedef struct {
    mw_answer_kind kind;
    mw_classes classes; /* with their shares in the training part */
    double baseline;    /* the share of yes, the mean number, the share of the commonest class */
    mw_values all_names; /* those of `classes`, then those that no model knows */
    uint32_t *numbers;  /* of a class: for each example, which of `all_names` */
} mw_labels;

/* MW_INVALID tells, with what to do, of labels from which nothing can be learned: all the same, a
   class with too few examples, too many classes, a number that no float can hold. */
MW_MUST_USE mw_status mw_labels_read(mw_labels_question question, mw_arena *arena,
                                     mw_labels *out_labels, mw_error *err);
/* Whether any of the first examples is of that class. */
bool mw_labels_have(const mw_labels *labels, size_t example_count, uint32_t class_number);
/* Of an example that is learned from, as a learner takes it. */
float mw_labels_learned(const mw_labels *labels, const mw_examples *examples, size_t example);
