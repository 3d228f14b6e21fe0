/*
 * lightgbm: trains a boosted forest with LightGBM, in a child process.
 *
 * The child is this program again (hidden command `lightgbm-child`): LightGBM's threads, memory
 * and mistakes stay out of ours, and its CPU time is counted apart. Data goes over a pipe, the
 * model comes back as text (model/lightgbm_text.h reads it).
 *
 * Same data, settings and seed give the same trees with any number of threads; the text around
 * them may differ.
 */
#pragma once
#include "sys/sys.h"

enum {
    MW_LIGHTGBM_ROWS_MAX = INT32_MAX, /* LightGBM counts rows in an int */
    MW_LIGHTGBM_FEATURES_MAX = 4096,
    MW_LIGHTGBM_ROUNDS_MAX = 100 * 1000,
};

/* name, LightGBM's word */
#define MW_OBJECTIVE_MAP(X) \
    X(BINARY, "binary")     \
    X(REGRESSION, "regression") \
    X(MULTICLASS, "multiclass")

typedef enum {
#define X(name, text) MW_OBJECTIVE_##name,
    MW_OBJECTIVE_MAP(X)
#undef X
    MW_OBJECTIVE_COUNT
} mw_objective;

/* What the trees depend on, in LightGBM's own words. */
typedef struct {
    mw_objective objective;
    int32_t rounds; /* trees; of classes, trees each */
    int32_t num_leaves;
    int32_t min_data_in_leaf;
    int32_t bagging_freq;
    int32_t max_bin;
    double learning_rate;
    double feature_fraction;
    double bagging_fraction;
    double lambda_l2;
    int32_t seed;
    int32_t class_count; /* of MULTICLASS, whose labels are whole numbers below it; else 0 */
} mw_lightgbm_settings;

/* `values` is row-major, NaN is missing; categories are whole numbers from 0 in doubles. */
typedef struct {
    const double *values;
    const float *labels;
    const unsigned char *is_categorical; /* 0 or 1, one a feature */
    size_t row_count, feature_count;
} mw_lightgbm_data;

typedef struct {
    mw_lightgbm_settings settings;
    mw_lightgbm_data data;
    int32_t thread_count;
    void (*progress)(void *context, int32_t rounds_done); /* may be NULL */
    void *context;
} mw_lightgbm_job;

typedef struct {
    mw_str text;     /* the model */
    mw_str messages; /* LightGBM's warnings, a line each */
    int64_t cpu_us;
    int64_t memory_peak_bytes;
} mw_lightgbm_result;

mw_lightgbm_settings mw_lightgbm_default(mw_objective objective);
/* "objective=binary rounds=100 ...": all settings in one canonical spelling. */
void mw_lightgbm_settings_append(mw_buf *out, const mw_lightgbm_settings *settings);
/* The result's texts live in `arena`. What LightGBM refuses is MW_INVALID in its words. */
MW_MUST_USE mw_status mw_lightgbm_train(mw_sys *sys, const mw_lightgbm_job *job, mw_arena *arena,
                                        mw_lightgbm_result *out_result, mw_error *err);
