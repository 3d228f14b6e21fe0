/*
 * vector: several numbers that are worked out in one go: what a feature of fixed width is made of.
 *
 *     vector(a, b, ...)                   the numbers side by side
 *     ngrams(text, FROM, TO, WIDTH)       how often words stand in a text, FROM to TO in a row,
 *                                         counted under a hash
 *     pixels(image, WIDTH, HEIGHT)        a picture, which stands there in base64: red, green and
 *                                         blue from 0 to 1, one after the other, row by row
 *     embed("FILE", VECTOR)               what a network makes of another vector
 *
 * A word is a run of word letters (base/letters.h). FROM to TO words in a row, joined by single
 * blanks, count at the absolute value of its MurmurHash3 (32 bits, seed 0, signed) modulo WIDTH, as
 * scikit-learn's HashingVectorizer has it without signs. Of a missing text all counts are missing.
 *
 * Networks and pictures are of the senses (senses.h). What they give nothing for is missing, and
 * so is what a network would make of missing numbers.
 *
 * The program knows each number of a vector as a feature of its own; an engine fills all of them
 * at once. Immutable; any number of threads may run it. A run takes memory that it gives back; if
 * there is none, all numbers are missing.
 */
#pragma once
#include "lang/code.h"
#include "lang/senses.h"

enum {
    MW_VECTOR_WIDTH_MAX = 4096, /* of a feature */
    MW_PIXELS_SIDE_MAX = 1024,
    MW_NGRAMS_WIDTH_USUAL = 256,
    MW_NGRAMS_WORDS_MAX = 8, /* in a row */
};

typedef enum {
    MW_VECTOR_NUMBERS,
    MW_VECTOR_NGRAMS,
    MW_VECTOR_PIXELS,
    MW_VECTOR_EMBEDDED,
} mw_vector_kind;

typedef struct mw_vector mw_vector;
struct mw_vector {
    mw_vector_kind kind;
    size_t width;
    const mw_code **args;      /* the numbers, or the text, or those of `input` */
    size_t arg_count;
    size_t words_min, words_max; /* of n-grams, in a row */
    size_t image_width, image_height; /* of pixels */
    const mw_senses *senses;   /* of pixels and what is embedded */
    const mw_vector *input;    /* of what is embedded, and the network that does it */
    const void *network;
    mw_str text;               /* canonical spelling, with the hash of the network's file */
};

/* Fills `width` cells, all numbers. */
void mw_vector_fill(const mw_vector *vector, const mw_frame *frame, mw_cell *out_cells);
/* One of them alone, at the price of all. */
mw_cell mw_vector_number(const mw_vector *vector, size_t index, const mw_frame *frame);
