/*
 * suggestion_report: what `features suggest` has found, for people and for programs.
 */
#pragma once
#include "base/str.h"
#include "lang/program.h"
#include "stat/measures.h"
#include "stat/selection.h"

typedef struct {
    mw_str model;
    mw_answer_kind kind;
    const mw_named_source *candidates;
    size_t candidate_count, left_out;  /* tried, and not tried for want of room */
    size_t row_count;                  /* examples that they were tried on */
    const mw_selected *selected;       /* columns are numbers of candidates */
    size_t selected_count;
    double loss;                       /* that stands on the rows to judge by */
    mw_measures without, with;         /* on the last part; nothing if none is selected */
} mw_suggestions;

void mw_suggestions_print(const mw_suggestions *it, mw_buf *out);
void mw_suggestions_write_json(const mw_suggestions *it, mw_buf *out);
