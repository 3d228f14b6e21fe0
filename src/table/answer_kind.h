/*
 * answer_kind: what a model answers. Its label's type alone says so, and all ask here.
 *
 * A forest that ranks gives a yes-or-no label a score in the place of a probability: that is the
 * one kind which a version may have beside its label's.
 */
#pragma once
#include "table/cell.h"

/* name, word; their numbers stand in versions and in logs */
#define MW_ANSWER_MAP(X) \
    X(YES_NO, "yes_no") /* the probability of yes; a threshold decides */ \
    X(NUMBER, "number") /* the mean of the label */ \
    X(CLASS, "class")   /* a probability for each class that training saw */ \
    X(SCORE, "score")   /* the greater the likelier is yes; a threshold decides */

typedef enum {
#define X(name, word) MW_ANSWER_##name,
    MW_ANSWER_MAP(X)
#undef X
    MW_ANSWER_COUNT
} mw_answer_kind;

const char *mw_answer_kind_word(mw_answer_kind kind);
/* Of a model whose label has this type: a bool, a number, a duration or a text. */
mw_answer_kind mw_answer_kind_of(mw_type label);
/* Whether a version of this kind can answer for a label of this type. Versions from before labels
   were learned as numbers say yes or no of a number that is 0 or 1. */
bool mw_answer_kind_fits(mw_answer_kind kind, mw_type label);
/* Whether yes or no follows from it, by a threshold. */
static inline bool mw_answer_kind_decides(mw_answer_kind kind) {
    return kind == MW_ANSWER_YES_NO || kind == MW_ANSWER_SCORE;
}
