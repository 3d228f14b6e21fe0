/*
 * monitor_report: what a watch has seen of a model, for programs (JSON) and for people.
 */
#pragma once
#include "cli/champion_watch.h"
#include "cli/monitor_weeks.h"
#include "cli/server_call.h"
#include "stat/measures.h"

enum { MW_MONITOR_DAYS = 30, MW_MOVED_BINS = 2 };

/* The bin of a feature whose share has changed most. */
typedef struct {
    mw_str text, rounded;
    double training, live; /* shares */
} mw_moved_bin;

typedef struct {
    mw_str name;
    bool is_proved; /* false: it hangs on what a process was asked for (lang/asked.h) */
    double drift, stability; /* Jensen-Shannon less noise, and PSI; NaN under 100 rows */
    double missing_training, missing_live; /* shares */
    mw_moved_bin moved[MW_MOVED_BINS];     /* the most moved first */
    size_t moved_count;
    double weeks[MW_WEEKS_SHOWN]; /* how the drift came */
} mw_feature_drift;

/* What it comes to. */
typedef enum {
    MW_VERDICT_WELL,
    MW_VERDICT_UNKNOWN, /* too little was seen to say */
    MW_VERDICT_TROUBLE, /* a rule of retrain.when holds, or an alert is open */
} mw_verdict_kind;

enum { MW_VERDICT_REASONS_MAX = 16 };

typedef struct {
    mw_verdict_kind kind;
    mw_str reasons[MW_VERDICT_REASONS_MAX]; /* a sentence each, without its full stop */
    size_t reason_count;
} mw_verdict;

const char *mw_verdict_word(mw_verdict_kind kind); /* "well", "unknown", "trouble" */

typedef struct {
    const mw_champion_watch *champion;
    const mw_watch *watch;         /* the champion's */
    const mw_serve_pulse *pulse;
    mw_answer_kind answer;         /* of the champion: of a number or a class nothing has measured
                                      the quality, which stays empty */
    mw_follower_count day, month;  /* of the last 24 hours and 30 days */
    mw_quality quality;
    mw_metrics metrics;            /* over 30 days, with intervals; NaN where quality is small; of
                                      a score the first ones alone (stat/measures.h) */
    mw_feature_drift *drifts;      /* the strongest first; the prediction is one of them */
    size_t drift_count;
    mw_segment_quality *segments;  /* over 30 days */
    size_t segment_count;
    mw_monitor_week weeks[MW_WEEKS_SHOWN];
    mw_verdict verdict;
} mw_monitor_report;

/* Gathers what the watch has measured, in the arena of the workspace. */
MW_MUST_USE mw_status mw_monitor_report_make(mw_workspace *workspace,
                                             const mw_champion_watch *champion,
                                             const mw_serve_pulse *pulse,
                                             mw_monitor_report *out_report, mw_error *err);
void mw_monitor_report_json(const mw_monitor_report *report, mw_json *json);
void mw_monitor_report_print(const mw_monitor_report *report, mw_buf *out);
