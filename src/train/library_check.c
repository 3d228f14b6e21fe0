#include "train/library_check.h"

#include <float.h>
#include <math.h>

#include "base/prng.h"
#include "model/forest_tree.h"
#include "train/lightgbm_api.h"
#include "train/xgboost_api.h"

enum { EDGES_MAX = 1 << 16, SHOWN_FEATURES_MAX = 12 };

static const double plain_edges[] = {
    NAN, 0.0, -0.0, DBL_TRUE_MIN, -DBL_TRUE_MIN, 1e-45, -1e-45, (double)1e-35f, -(double)1e-35f,
    1e-34, -1e-34, (double)FLT_MAX, -(double)FLT_MAX, 1e30, -1, -0.5, 0.5, 1, 1.999, 3.7, 31, 32,
    33, 63.5, 1e6, 16777216, 2147483648.0};
enum { PLAIN_EDGES = sizeof plain_edges / sizeof *plain_edges };

typedef struct {
    const mw_library_model *model;
    mw_arena arena;
    double *edges, *rows, *ours, *theirs; /* the latter class_count a row */
    size_t edge_count, width, class_count;
    mw_error *err;
} checking;

static mw_status no_memory(checking *c) {
    return mw_fail(c->err, MW_NO_MEMORY, "the check against the library: out of memory");
}

static void add_edge(checking *c, double value) {
    if (isfinite(value) && c->edge_count < EDGES_MAX) c->edges[c->edge_count++] = value;
}

/* Each threshold, and the doubles and floats beside it. */
static void gather_edges(checking *c) {
    const mw_forest *forest = c->model->forest;
    for (size_t i = 0; i < forest->split_count; i++) {
        double threshold = forest->splits[i].by.threshold;
        if (forest->splits[i].rule == MW_RULE_CATEGORY) continue;
        add_edge(c, threshold);
        add_edge(c, nextafter(threshold, INFINITY));
        add_edge(c, nextafter(threshold, -INFINITY));
        add_edge(c, (double)nextafterf((float)threshold, INFINITY));
        add_edge(c, (double)nextafterf((float)threshold, -INFINITY));
    }
}

static mw_status make_rows(checking *c) {
    size_t count = MW_LIBRARY_CHECK_ROWS;
    c->edges = mw_arena_alloc(&c->arena, EDGES_MAX, sizeof *c->edges);
    c->rows = mw_arena_alloc(&c->arena, count * c->width, sizeof *c->rows);
    c->ours = mw_arena_alloc(&c->arena, count * c->class_count, sizeof *c->ours);
    c->theirs = mw_arena_alloc(&c->arena, count * c->class_count, sizeof *c->theirs);
    if (!c->edges || !c->rows || !c->ours || !c->theirs) return no_memory(c);
    gather_edges(c);
    uint64_t prng = 1;
    for (size_t i = 0; i < count * c->width; i++) {
        size_t kind = (size_t)mw_prng_below(&prng, c->edge_count > 0 ? 4 : 3);
        if (kind == 0) c->rows[i] = plain_edges[mw_prng_below(&prng, PLAIN_EDGES)];
        if (kind == 1) c->rows[i] = (double)mw_prng_below(&prng, 100);
        if (kind == 2) c->rows[i] = mw_prng_double(&prng) * 20 - 10;
        if (kind == 3) c->rows[i] = c->edges[mw_prng_below(&prng, c->edge_count)];
    }
    mw_forest_predict_rows(c->model->forest, c->rows, count, c->ours);
    return MW_OK;
}

/* --- the libraries ----------------------------------------------------------------------- */

static mw_status ask_lightgbm(checking *c, mw_sys *sys, mw_str bytes) {
    mw_lightgbm_api api;
    mw_lightgbm_booster *booster;
    int iterations;
    int64_t count = 0;
    mw_str text = mw_str_copy(&c->arena, bytes); /* the library wants its NUL */
    if (!text.data) return no_memory(c);
    MW_TRY(mw_lightgbm_open(sys, &api, c->err));
    MW_TRY(mw_lightgbm_check(&api, api.booster_load(text.data, &iterations, &booster), "load",
                             c->err));
    int result = api.booster_predict(booster, c->rows, MW_LIGHTGBM_FLOAT64, MW_LIBRARY_CHECK_ROWS,
                                     (int32_t)c->width, 1, MW_LIGHTGBM_PREDICT_NORMAL, 0, -1,
                                     "num_threads=1", &count, c->theirs);
    mw_status status = mw_lightgbm_check(&api, result, "predict", c->err);
    MW_ASSERT(status != MW_OK || (size_t)count == MW_LIBRARY_CHECK_ROWS * c->class_count);
    (void)api.booster_free(booster);
    return status;
}

/* Which features its splits ask for as categories. */
static mw_status xgboost_types(checking *c, const char ***out_types) {
    const mw_forest *forest = c->model->forest;
    const char **types = mw_arena_alloc(&c->arena, c->width, sizeof *types);
    if (!types) return no_memory(c);
    for (size_t i = 0; i < c->width; i++) types[i] = "q";
    for (size_t i = 0; i < forest->split_count; i++)
        if (forest->splits[i].rule == MW_RULE_CATEGORY) types[forest->splits[i].feature] = "c";
    *out_types = types;
    return MW_OK;
}

static mw_status predict_xgboost(checking *c, const mw_xgboost_api *api,
                                 mw_xgboost_booster *booster, mw_xgboost_matrix *matrix) {
    static const char config[] = "{\"type\":0,\"training\":false,\"iteration_begin\":0,"
                                 "\"iteration_end\":0,\"strict_shape\":true,\"cache_id\":0}";
    const uint64_t *shape;
    uint64_t dimensions;
    const float *values;
    int result = api->booster_predict(booster, matrix, config, &shape, &dimensions, &values);
    MW_TRY(mw_xgboost_check(api, result, "predict", c->err));
    MW_ASSERT(dimensions == 2 && shape[0] == MW_LIBRARY_CHECK_ROWS && shape[1] == c->class_count);
    for (size_t i = 0; i < MW_LIBRARY_CHECK_ROWS * c->class_count; i++)
        c->theirs[i] = (double)values[i];
    return MW_OK;
}

static mw_status ask_xgboost(checking *c, mw_sys *sys, mw_str bytes) {
    mw_xgboost_api api;
    mw_xgboost_booster *booster = NULL;
    mw_xgboost_matrix *matrix = NULL;
    const char **types = NULL;
    float *floats = mw_arena_alloc(&c->arena, MW_LIBRARY_CHECK_ROWS * c->width, sizeof *floats);
    if (!floats) return no_memory(c);
    for (size_t i = 0; i < MW_LIBRARY_CHECK_ROWS * c->width; i++) floats[i] = (float)c->rows[i];
    MW_TRY(mw_xgboost_open(sys, &api, c->err));
    MW_TRY(xgboost_types(c, &types));
    MW_TRY(mw_xgboost_check(&api, api.booster_create(NULL, 0, &booster), "begin", c->err));
    (void)api.booster_set(booster, "nthread", "1");
    mw_status status = mw_xgboost_check(&api, api.booster_load(booster, bytes.data, bytes.size),
                                        "load", c->err);
    if (status == MW_OK)
        status = mw_xgboost_check(
            &api, api.matrix_create(floats, MW_LIBRARY_CHECK_ROWS, c->width, NAN, &matrix), "rows",
            c->err);
    if (status == MW_OK)
        status = mw_xgboost_check(
            &api, api.matrix_set_texts(matrix, "feature_type", types, c->width), "types", c->err);
    if (status == MW_OK) status = predict_xgboost(c, &api, booster, matrix);
    if (matrix) (void)api.matrix_free(matrix);
    (void)api.booster_free(booster);
    return status;
}

/* --- the comparison ---------------------------------------------------------------------- */

static mw_status tell_difference(checking *c, size_t row, size_t class) {
    size_t at = row * c->class_count + class;
    mw_buf text;
    mw_buf_init(&text, MW_ERROR_MESSAGE_MAX);
    for (size_t f = 0; f < c->width && f < SHOWN_FEATURES_MAX; f++)
        mw_buf_printf(&text, "%s%.17g", f > 0 ? ", " : "", c->rows[row * c->width + f]);
    if (c->width > SHOWN_FEATURES_MAX) mw_buf_append_text(&text, ", ...");
    mw_status status = mw_fail(c->err, MW_CHECK_FAILED,
                               "row %zu of the check: %.*s says %.17g, we say %.17g, for (%.*s)",
                               row, MW_STR_ARGS(c->model->library), c->theirs[at], c->ours[at],
                               MW_STR_ARGS(mw_buf_str(&text)));
    mw_buf_release(&text);
    return mw_hint(c->err, status, "A model that cannot be kept equal is not taken.");
}

static bool is_same(double a, double b) {
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

static mw_status compare(checking *c) {
    for (size_t row = 0; row < MW_LIBRARY_CHECK_ROWS; row++)
        for (size_t class = 0; class < c->class_count; class++) {
            size_t at = row * c->class_count + class;
            if (!is_same(c->ours[at], c->theirs[at])) return tell_difference(c, row, class);
        }
    return MW_OK;
}

mw_status mw_library_check(mw_sys *sys, const mw_library_model *model, mw_str file_bytes,
                           mw_error *err) {
    mw_forest_head head = mw_forest_facts(model->forest);
    checking c = {
        .model = model, .width = head.feature_count, .class_count = head.class_count, .err = err};
    mw_arena_init(&c.arena, SIZE_MAX);
    mw_status status = make_rows(&c);
    if (status == MW_OK)
        status = model->kind == MW_LIBRARY_LIGHTGBM ? ask_lightgbm(&c, sys, file_bytes)
                                                    : ask_xgboost(&c, sys, file_bytes);
    if (status == MW_OK) status = compare(&c);
    mw_arena_release(&c.arena);
    return status;
}
