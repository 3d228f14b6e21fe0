/*
 * split: examples into a part to learn from and a later part to be tested on.
 *
 * By time, as in production: the test part holds the moments from `test_from` on. What came before
 * is learned from if its label had matured by then; the rest was not known yet and is set aside.
 * Examples stand in the order in which they matured, so each part is a slice.
 */
#pragma once
#include "train/examples.h"

enum { MW_TEST_SPAN_DAYS_MAX = 30, MW_TEST_SHARE_INVERSE = 5 };
#define MW_TEST_LATEST INT64_MIN /* the latest fifth of the time, at most 30 days */

typedef struct {
    size_t train_count;             /* examples [0, train_count) are learned from */
    size_t embargoed_count;         /* before the test part, but matured within it */
    size_t test_first, test_count;  /* examples [test_first, test_first + test_count) */
    int64_t train_from;             /* t of the first that is learned from */
    int64_t test_from;              /* all t that are learned from lie before it */
    int64_t test_to;                /* past the last t */
} mw_split;

/* Splits the first `count` examples. MW_INVALID says why nothing can be learned: no example, or
   none that had matured before the test part. */
MW_MUST_USE mw_status mw_split_by_time(const mw_examples *examples, size_t count,
                                       int64_t test_from, mw_split *out_split, mw_error *err);
