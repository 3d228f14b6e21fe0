/*
 * vector: several numbers that are worked out in one go: what a feature of fixed width is made of.
 *
 *     vector(a, b, ...)                   the numbers side by side
 *     ngrams(text, FROM, TO, WIDTH)       how often words stand in a text, FROM to TO in a row,
 *                                         counted under a hash
 *
 * A word is a run of word letters (base/letters.h). FROM to TO words in a row, joined by single
 * blanks, count at the absolute value of its MurmurHash3 (32 bits, seed 0, signed) modulo WIDTH, as
 * scikit-learn's HashingVectorizer has it without signs. Of a missing text all counts are missing.
 *
 * The program knows each number of a vector as a feature of its own; an engine fills all of them
 * at once. Immutable; any number of threads may run it. A run takes memory that it gives back; if
 * there is none, all numbers are missing.
 */
#pragma once
#include "lang/code.h"

enum {
    MW_VECTOR_WIDTH_MAX = 4096,
    MW_NGRAMS_WIDTH_USUAL = 256,
    MW_NGRAMS_WORDS_MAX = 8, /* in a row */
};

typedef enum { MW_VECTOR_NUMBERS, MW_VECTOR_NGRAMS } mw_vector_kind;

typedef struct {
    mw_vector_kind kind;
    size_t width;
    const mw_code **args;      /* the numbers, or the text */
    size_t arg_count;
    size_t words_min, words_max; /* in a row */
    mw_str text;               /* canonical spelling */
} mw_vector;

/* Fills `width` cells, all numbers. */
void mw_vector_fill(const mw_vector *vector, const mw_frame *frame, mw_cell *out_cells);
/* One of them alone, at the price of all. */
mw_cell mw_vector_number(const mw_vector *vector, size_t index, const mw_frame *frame);
