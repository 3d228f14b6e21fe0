/*
 * segments: how good a version is for each carrier, each origin: metrics by a column's values.
 *
 * A segment with under 100 examples, or of a yes or no under 10 of either, says nothing: it is
 * listed as small and has no metrics. Values come in the order of their bytes.
 */
#pragma once
#include "train/judged.h"

enum { MW_SEGMENT_EXAMPLES_MIN = 100, MW_SEGMENT_CLASS_MIN = 10 };

typedef struct {
    mw_str column, value; /* "origin", "JFK" */
    mw_measures measures; /* not set where `is_small` */
    bool is_small;
    size_t count;
} mw_segment_metrics;

typedef struct {
    const mw_examples *examples;
    size_t first, count;         /* a slice of them */
    const mw_labels *labels;
    const mw_judged *judged;     /* the slice */
    const mw_symbols *symbols;
    mw_bootstrap bootstrap;
} mw_segments_question;

/* The metrics of every value of every segment column, in `arena`. */
MW_MUST_USE mw_status mw_segments_measure(mw_segments_question question, mw_arena *arena,
                                          mw_segment_metrics **out_segments, size_t *out_count,
                                          mw_error *err);
