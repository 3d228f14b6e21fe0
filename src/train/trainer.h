/*
 * trainer: makes a version of a model from examples, and says how good it is.
 *
 * Learns from the earlier part of the examples (train/split.h); the test part is only ever
 * predicted. What is learned and measured goes by the label (train/labels.h, stat/measures.h). The
 * baseline comes first: the same for everybody, the share of yes, the mean, the classes' shares.
 * The threshold of a yes is the one that would have cost least on the test part; for numbers and
 * classes nothing is decided.
 *
 * An imported model is measured likewise; nothing is learned then but its threshold.
 *
 * The same examples, settings and seed give the same bytes, with any number of threads and on
 * any day: no clock and no path goes into a version.
 */
#pragma once
#include "model/version.h"
#include "project/project.h"
#include "stat/threshold.h"
#include "sys/sys.h"
#include "train/imported.h"
#include "train/lightgbm.h"
#include "train/segments.h"
#include "train/split.h"

/* What a version says of where it comes from, beside its examples. */
typedef struct {
    mw_str project;                   /* the project file's bytes */
    mw_str zone, zone_data;
    const mw_version_stream *streams; /* with the columns that the program was compiled for */
    size_t stream_count;
    mw_str data_version;
} mw_train_origin;

/* Learns in mw_lightgbm_train's place, as it does: for who has a say in when and how. */
typedef struct {
    void *context;
    mw_status (*run)(void *context, const mw_lightgbm_job *job, mw_arena *arena,
                     mw_lightgbm_result *out_result, mw_error *err);
} mw_train_learner;

typedef struct {
    mw_sys *sys;
    const mw_project_model *model;
    const mw_examples *examples;
    size_t example_count; /* of the first examples: those that are known by now */
    mw_symbols *symbols;
    mw_train_origin origin;
    const mw_imported *imported; /* stands in for the learner, if not NULL */
    int64_t test_from;    /* as in mw_split_by_time; MW_TEST_LATEST */
    int32_t seed;
    int32_t thread_count;
    mw_train_learner learner; /* `run` may be NULL */
    bool is_brief;        /* metrics without intervals or segments; the version is the same */
    void (*progress)(void *context, int32_t rounds_done); /* may be NULL */
    void *context;
} mw_train_config;

typedef struct {
    mw_str bytes, name;     /* of the version */
    mw_split split;
    mw_answer_kind answer;
    mw_values classes;      /* of a class: those that it may answer */
    mw_measures test;       /* with intervals unless brief; NaN without a test part */
    mw_measures baseline;   /* the same for everybody, on the same test part */
    mw_threshold threshold; /* what decisions would have cost on the test part; 0, and a cost of
                               NaN, where nothing decides */
    double baseline_cost;   /* of the cheaper of always yes and never; NaN where nothing decides */
    mw_segment_metrics *segments;
    size_t segment_count;
    bool is_constant; /* all examples of the test part, more than one, got the same answer */
    mw_str settings, messages;
    int64_t learner_cpu_us;
} mw_trained;

/* The learner's settings: the defaults with the project's `params` over them; MW_INVALID names a
   param that is unknown or out of range. */
MW_MUST_USE mw_status mw_train_settings(const mw_project_model *model, int32_t seed,
                                        mw_lightgbm_settings *out_settings, mw_error *err);
/* Tells of each param that is unknown or out of range, at its place in the file. */
void mw_train_check_params(const mw_project_model *model, mw_diagnostics *diagnostics);
/* Trains and tests. The result lives in `arena`. MW_INVALID, with what to do: no example has
   matured, or all labels are the same. */
MW_MUST_USE mw_status mw_train(const mw_train_config *config, mw_arena *arena,
                               mw_trained *out_trained, mw_error *err);
