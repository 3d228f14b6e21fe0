/*
 * train_report: what a training has to say, for people, as JSON and as rows of the registry.
 *
 * The three tell the same numbers. The JSON object is that of DESIGN.md section 7; without the
 * parts that differ from run to run it is also the run's details.
 */
#pragma once
#include "cli/late_truth.h"
#include "cli/workspace.h"
#include "train/trainer.h"

typedef struct {
    const mw_workspace *workspace;
    const mw_project_model *model;
    const mw_examples *examples;
    size_t example_count;      /* of those, matured in time */
    const mw_trained *trained;
    mw_str data_version;
    int64_t seed;
    int64_t full_from; /* moments before it lack some of a window's past (full_windows.h) */
    const mw_late_truth *late; /* NULL: nobody has counted */
    double seconds;
} mw_train_report;

/* What became of it in the registry. */
typedef struct {
    int64_t run;      /* 0: the version stood already, so nothing was recorded */
    bool is_champion;
    bool is_first;    /* became champion because there was none */
} mw_train_outcome;

void mw_train_report_print(const mw_train_report *report, mw_train_outcome outcome, mw_buf *out);
void mw_train_report_json(const mw_train_report *report, mw_train_outcome outcome, mw_buf *out);
/* Settings and counts as one JSON object, the same for the same training. */
void mw_train_report_details(const mw_train_report *report, mw_buf *out);
/* The metrics, of all examples and by segment, in `arena`. */
MW_MUST_USE mw_status mw_train_report_metrics(const mw_train_report *report, mw_arena *arena,
                                              mw_metric_row **out_rows, size_t *out_count,
                                              mw_error *err);
