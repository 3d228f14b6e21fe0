#include "train/xgboost_api.h"

#include "base/prng.h"
#include "model/explainer.h"
#include "model/forest_tree.h"
#include "model/xgboost_model.h"
#include "testing/test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODELS = 100, ROWS_MAX = 600, FEATURES_MAX = 10, EDGES_MAX = 4096, CLASSES = 3, GROUP = 10 };
enum { EDGE_ROWS = 1000, EDGE_ROWS_MAX = 20000 };

static const double plain_edges[] = {
    NAN, 0.0, -0.0, DBL_TRUE_MIN, -DBL_TRUE_MIN, 1e-46, 1e-45, -1e-45, 1e-38, 1e-36, -1e-36,
    (double)1e-35f, 1e-34, (double)FLT_MAX, -(double)FLT_MAX, 1e30, -1, -0.5, -0.999, 0.5, 1,
    1.999, 1.99999999999, 3.7, 31, 32, 33, 63.5, 1e6, 16777215, 16777216, 16777217, 2147483648.0};
enum { PLAIN_EDGES = sizeof plain_edges / sizeof *plain_edges };

typedef enum { BINARY, POSITIVE, BOUNDS, CLASS, GRADE, RELEVANT } label_kind;

static const struct {
    const char *name;
    label_kind labels;
} objectives[] = {{"binary:logistic", BINARY},      {"binary:logitraw", BINARY},
                  {"binary:hinge", BINARY},         {"reg:logistic", BINARY},
                  {"reg:squarederror", POSITIVE},   {"reg:squaredlogerror", POSITIVE},
                  {"reg:pseudohubererror", POSITIVE}, {"reg:absoluteerror", POSITIVE},
                  {"reg:quantileerror", POSITIVE},  {"count:poisson", POSITIVE},
                  {"reg:gamma", POSITIVE},          {"reg:tweedie", POSITIVE},
                  {"survival:cox", POSITIVE},       {"survival:aft", BOUNDS},
                  {"multi:softprob", CLASS},        {"rank:pairwise", GRADE},
                  {"rank:ndcg", GRADE},             {"rank:map", RELEVANT}};
enum { OBJECTIVES = sizeof objectives / sizeof *objectives };

typedef struct {
    size_t row_count, feature_count, category_count, objective;
    size_t value_count_max; /* of a category */
    size_t one_hot_max;     /* a category of fewer values is split off value by value */
    bool is_wide;           /* more leaves and thresholds than a byte counts */
    float values[ROWS_MAX * FEATURES_MAX];
    float labels[ROWS_MAX];
    uint32_t groups[ROWS_MAX / GROUP];
} problem;

static bool chance(uint64_t *prng, double share) {
    return mw_prng_double(prng) < share;
}

static void fill_data(problem *p, uint64_t *prng) {
    double missing = chance(prng, 0.6) ? 0.2 : 0;
    label_kind labels = objectives[p->objective].labels;
    for (size_t r = 0; r < p->row_count; r++) {
        double signal = mw_prng_double(prng);
        for (size_t f = 0; f < p->feature_count; f++) {
            double x = f < p->category_count ? (double)mw_prng_below(prng, p->value_count_max)
                                             : mw_prng_double(prng) * 4 - 2;
            if (chance(prng, 0.1)) x = 0;
            if (chance(prng, missing)) x = NAN;
            p->values[r * p->feature_count + f] = (float)x;
            if (isnan(x)) signal += 0.4;
            else signal += f < p->category_count ? ((int)x * 7 % 5) * 0.3 : sin(3 * x + (double)f);
        }
        p->labels[r] = (float)(labels == BINARY || labels == RELEVANT ? signal > 1
                               : labels == POSITIVE || labels == BOUNDS ? fabs(signal) + 0.01
                                                    : (signal > 0.5) + (signal > 1.5));
    }
}

static void make_problem(problem *p, uint64_t *prng, size_t objective) {
    p->objective = objective;
    p->row_count = 100 + (size_t)mw_prng_below(prng, ROWS_MAX - 100) / GROUP * GROUP;
    p->is_wide = chance(prng, 0.2);
    if (p->is_wide) p->row_count = ROWS_MAX;
    p->feature_count = 1 + (size_t)mw_prng_below(prng, FEATURES_MAX);
    p->value_count_max = 2 + (size_t)mw_prng_below(prng, chance(prng, 0.5) ? 4 : 40);
    p->one_hot_max = 1 + (size_t)mw_prng_below(prng, 8);
    p->category_count = chance(prng, 0.4) ? 0 : (size_t)mw_prng_below(prng, p->feature_count + 1);
    for (size_t g = 0; g < p->row_count / GROUP; g++) p->groups[g] = GROUP;
    fill_data(p, prng);
}

static mw_xgboost_matrix *make_matrix(const mw_xgboost_api *api, const problem *p,
                                      const float *values, size_t row_count) {
    const char *types[FEATURES_MAX];
    for (size_t f = 0; f < p->feature_count; f++) types[f] = f < p->category_count ? "c" : "q";
    mw_xgboost_matrix *matrix;
    MW_CHECK(api->matrix_create(values, row_count, p->feature_count, NAN, &matrix) == 0);
    MW_CHECK(api->matrix_set_texts(matrix, "feature_type", types, p->feature_count) == 0);
    return matrix;
}

static void set_number(const mw_xgboost_api *api, mw_xgboost_booster *booster, const char *name,
                       double value) {
    char text[32];
    snprintf(text, sizeof text, "%g", value);
    MW_CHECK(api->booster_set(booster, name, text) == 0);
}

static void set_all(const mw_xgboost_api *api, mw_xgboost_booster *booster, const problem *p,
                    uint64_t *prng) {
    const char *const texts[][2] = {{"objective", objectives[p->objective].name},
                                    {"booster", chance(prng, 0.3) ? "dart" : "gbtree"},
                                    {"tree_method", "hist"},
                                    {"nthread", "1"},
                                    {"verbosity", "0"},
                                    {"rate_drop", "0.3"},
                                    {"quantile_alpha", "0.3"},
                                    {"grow_policy", chance(prng, 0.5) ? "lossguide" : "depthwise"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        MW_CHECK(api->booster_set(booster, texts[i][0], texts[i][1]) == 0);
    set_number(api, booster, "max_depth", p->is_wide ? 0 : 1 + (double)mw_prng_below(prng, 7));
    set_number(api, booster, "max_leaves", p->is_wide ? 400 : 0);
    set_number(api, booster, "max_bin", p->is_wide ? 2000 : 256);
    set_number(api, booster, "min_child_weight", p->is_wide ? 0 : 1);
    set_number(api, booster, "max_cat_to_onehot", (double)p->one_hot_max);
    set_number(api, booster, "num_parallel_tree", chance(prng, 0.2) ? 3 : 1);
    set_number(api, booster, "subsample", chance(prng, 0.5) ? 0.6 : 1);
    set_number(api, booster, "seed", (double)mw_prng_below(prng, 1000));
    if (chance(prng, 0.3)) set_number(api, booster, "base_score", 0.3);
    if (objectives[p->objective].labels == CLASS) set_number(api, booster, "num_class", CLASSES);
}

static mw_xgboost_booster *train(const mw_xgboost_api *api, const problem *p, uint64_t *prng) {
    mw_error err;
    mw_xgboost_matrix *matrix = make_matrix(api, p, p->values, p->row_count);
    const char *bounds[] = {"label_lower_bound", "label_upper_bound"};
    bool has_bounds = objectives[p->objective].labels == BOUNDS;
    for (size_t i = 0; i < 2; i++)
        MW_CHECK(api->matrix_set_floats(matrix, has_bounds ? bounds[i] : "label", p->labels,
                                        p->row_count) == 0);
    if (objectives[p->objective].labels >= GRADE)
        MW_CHECK(api->matrix_set_counts(matrix, "group", p->groups, p->row_count / GROUP) == 0);
    mw_xgboost_booster *booster;
    MW_CHECK(api->booster_create(&matrix, 1, &booster) == 0);
    set_all(api, booster, p, prng);
    int rounds = 1 + (int)mw_prng_below(prng, 12);
    for (int i = 0; i < rounds; i++)
        MW_CHECK_OK(mw_xgboost_check(api, api->booster_update(booster, i, matrix), "update", &err),
                    &err);
    MW_CHECK(api->matrix_free(matrix) == 0);
    return booster;
}

/* A model of theirs and ours. */
typedef struct {
    const mw_xgboost_api *api;
    mw_xgboost_booster *booster;
    const mw_forest *forest;
    const problem *problem;
} pair;

static void compare(const pair *models, const double *rows, size_t row_count) {
    const mw_xgboost_api *api = models->api;
    const mw_forest *forest = models->forest;
    const problem *p = models->problem;
    static float values[EDGE_ROWS_MAX * FEATURES_MAX];
    static double ours[EDGE_ROWS_MAX * CLASSES];
    for (size_t i = 0; i < row_count * p->feature_count; i++) values[i] = (float)rows[i];
    mw_xgboost_matrix *matrix = make_matrix(api, p, values, row_count);
    size_t classes = mw_forest_facts(forest).class_count;
    for (int raw = 0; raw < 2; raw++) {
        const char *config = raw ? "{\"type\":1,\"training\":false,\"iteration_begin\":0,"
                                   "\"iteration_end\":0,\"strict_shape\":true}"
                                 : "{\"type\":0,\"training\":false,\"iteration_begin\":0,"
                                   "\"iteration_end\":0,\"strict_shape\":true}";
        const uint64_t *shape;
        uint64_t dimensions;
        const float *theirs;
        MW_CHECK(api->booster_predict(models->booster, matrix, config, &shape, &dimensions,
                                      &theirs) == 0);
        MW_CHECK(dimensions == 2 && shape[0] == row_count && shape[1] == classes);
        if (raw) mw_forest_raw_rows(forest, rows, row_count, ours);
        else mw_forest_predict_rows(forest, rows, row_count, ours);
        for (size_t i = 0; i < row_count * classes; i++)
            MW_CHECK_EQUAL_DOUBLE_BITS(ours[i], (double)theirs[i]);
    }
    MW_CHECK(api->matrix_free(matrix) == 0);
}

/* Our contributions are XGBoost's, which adds them up in floats. */
static void compare_contributions(const pair *models, const double *rows) {
    enum { ROWS = 50 };
    static double ours[ROWS * CLASSES * (FEATURES_MAX + 1)];
    const mw_xgboost_api *api = models->api;
    const problem *p = models->problem;
    size_t count = ROWS * mw_forest_facts(models->forest).class_count * (p->feature_count + 1);
    mw_arena arena;
    mw_arena_init(&arena, 1 << 28);
    const mw_explainer *explainer;
    mw_error err;
    MW_CHECK_OK(mw_explainer_make(&arena, models->forest, mw_lanes_best(), &explainer, &err), &err);
    MW_CHECK_OK(mw_explainer_run(explainer, rows, ROWS, ours, &err), &err);
    mw_xgboost_matrix *matrix = make_matrix(api, p, p->values, ROWS);
    const uint64_t *shape;
    uint64_t dimensions;
    const float *theirs;
    MW_CHECK(api->booster_predict(models->booster, matrix,
                                  "{\"type\":2,\"training\":false,\"iteration_begin\":0,"
                                  "\"iteration_end\":0,\"strict_shape\":true}",
                                  &shape, &dimensions, &theirs) == 0);
    for (size_t i = 0; i < count; i++)
        MW_CHECK(fabs(ours[i] - (double)theirs[i]) <= 2e-4 * (1 + fabs((double)theirs[i])));
    MW_CHECK(api->matrix_free(matrix) == 0);
    mw_arena_release(&arena);
}

/* The plain edges, the thresholds of the model, and the doubles and floats beside them. */
static size_t gather_edges(const char *text, double *edges) {
    size_t count = PLAIN_EDGES;
    memcpy(edges, plain_edges, sizeof plain_edges);
    while ((text = strstr(text, "\"split_conditions\":["))) {
        text += strlen("\"split_conditions\":[");
        for (char *end; count + 5 <= EDGES_MAX; text = end + 1) {
            float x = strtof(text, &end);
            if (end == text || *end == ']') break;
            edges[count++] = (double)x;
            edges[count++] = nextafter((double)x, INFINITY);
            edges[count++] = nextafter((double)x, -INFINITY);
            edges[count++] = (double)nextafterf(x, INFINITY);
            edges[count++] = (double)nextafterf(x, -INFINITY);
        }
    }
    return count;
}

/* More of them in `make soak`. */
static size_t edge_row_count(void) {
    const char *text = getenv("MW_EDGE_ROWS");
    int64_t count = EDGE_ROWS;
    if (text) MW_CHECK(mw_str_to_int64(mw_str_of(text), &count) && count <= EDGE_ROWS_MAX);
    return (size_t)count;
}

static void compare_all(const pair *models, const char *text, uint64_t *prng) {
    const problem *p = models->problem;
    static double edges[EDGES_MAX], rows[EDGE_ROWS_MAX * FEATURES_MAX];
    for (size_t i = 0; i < p->row_count * p->feature_count; i++) rows[i] = (double)p->values[i];
    compare(models, rows, p->row_count);
    compare_contributions(models, rows);
    size_t edge_count = gather_edges(text, edges), row_count = edge_row_count();
    for (size_t i = 0; i < row_count * p->feature_count; i++)
        rows[i] = edges[mw_prng_below(prng, chance(prng, 0.5) ? PLAIN_EDGES : edge_count)];
    compare(models, rows, row_count);
}

/* The whole file; whoever calls frees its bytes. */
static mw_str read_golden(const char *name, const char *kind) {
    char path[256];
    mw_buf bytes;
    mw_error err;
    snprintf(path, sizeof path, "tests/golden/xgboost/%s.%s", name, kind);
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_sys_read_file(mw_sys_real(), path, &bytes, &err), &err);
    return mw_buf_str(&bytes);
}

/* The next number of a line; what follows it is skipped. */
static double read_float(const char **text) {
    char *end;
    float value = strtof(*text, &end);
    MW_CHECK(end > *text);
    *text = end + (*end != '\0');
    return (double)value;
}

static mw_str save(const mw_xgboost_api *api, mw_xgboost_booster *booster, const char *config,
                   mw_arena *arena) {
    const char *bytes;
    uint64_t size;
    MW_CHECK(api->booster_save(booster, config, &size, &bytes) == 0);
    mw_str copy = mw_str_copy(arena, (mw_str){bytes, (size_t)size});
    MW_CHECK(copy.data != NULL);
    return copy;
}

/* Files of older releases, with what these predicted: a line a row, its sums, its predictions, its
   values. */
MW_TEST(xgboost_files_of_older_releases_give_their_predictions) {
    static const char *const names[] = {"binary-1.7.6", "classes-1.7.6", "dart-1.7.6",
                                        "binary-2.1.1", "classes-2.1.1", "dart-2.1.1"};
    static const char *const kinds[] = {"json", "ubj"};
    for (size_t i = 0; i < 12; i++) {
        mw_arena arena;
        mw_arena_init(&arena, 1 << 24);
        const mw_forest *forest;
        mw_error err;
        mw_str bytes = read_golden(names[i / 2], kinds[i % 2]);
        MW_CHECK_OK(mw_xgboost_read(&arena, bytes, &forest, &err), &err);
        mw_free((void *)(uintptr_t)bytes.data);
        mw_forest_head head = mw_forest_facts(forest);
        mw_str lines = read_golden(names[i / 2], "txt");
        const char *next = lines.data;
        size_t row_count = 0;
        for (; *next; row_count++) {
            double known[2 * CLASSES], row[FEATURES_MAX], sums[CLASSES], predictions[CLASSES];
            for (size_t c = 0; c < 2 * head.class_count; c++) known[c] = read_float(&next);
            for (size_t f = 0; f < head.feature_count; f++) row[f] = read_float(&next);
            mw_forest_raw_rows(forest, row, 1, sums);
            mw_forest_predict_rows(forest, row, 1, predictions);
            for (size_t c = 0; c < head.class_count; c++) {
                MW_CHECK_EQUAL_DOUBLE_BITS(sums[c], known[c]);
                MW_CHECK_EQUAL_DOUBLE_BITS(predictions[c], known[head.class_count + c]);
            }
        }
        MW_CHECK_EQUAL_INT(row_count, 40);
        mw_free((void *)(uintptr_t)lines.data);
        mw_arena_release(&arena);
    }
}

/* The forest gives XGBoost's own bits, raw and after the objective, for random models of all kinds
   on their training rows and on rows of edge values; from JSON and from UBJSON. */
MW_TEST(xgboost_and_our_forest_agree_bit_for_bit) {
    mw_error err;
    mw_xgboost_api api;
    MW_CHECK_OK(mw_xgboost_open(mw_sys_real(), &api, &err), &err);
    uint64_t prng = mw_test_seed();
    static problem p;
    size_t with_sets = 0, one_hot = 0, darts = 0, many_leaves = 0;
    for (size_t i = 0; i < MODELS; i++) {
        make_problem(&p, &prng, i % OBJECTIVES);
        mw_xgboost_booster *booster = train(&api, &p, &prng);
        mw_arena arena;
        mw_arena_init(&arena, 1 << 28);
        mw_str json = save(&api, booster, "{\"format\":\"json\"}", &arena);
        mw_str ubj = save(&api, booster, "{\"format\":\"ubj\"}", &arena);
        const mw_forest *forest, *again;
        MW_CHECK_OK(mw_xgboost_read(&arena, json, &forest, &err), &err);
        MW_CHECK_OK(mw_xgboost_read(&arena, ubj, &again, &err), &err);
        char hash[MW_SHA256_HEX_SIZE + 1], hash_again[MW_SHA256_HEX_SIZE + 1];
        mw_forest_hash(forest, hash);
        mw_forest_hash(again, hash_again);
        MW_CHECK_EQUAL_STR((const char *)hash, (const char *)hash_again);
        compare_all(&(pair){&api, booster, forest, &p}, json.data, &prng);
        bool has_sets = strstr(json.data, "\"categories\":[]") == NULL;
        with_sets += has_sets;
        one_hot += has_sets && p.value_count_max < p.one_hot_max;
        many_leaves += forest->leaf_count > 64 * (size_t)forest->head.tree_count;
        darts += strstr(json.data, "weight_drop") != NULL;
        mw_arena_release(&arena);
        MW_CHECK(api.booster_free(booster) == 0);
    }
    MW_CHECK(with_sets > 5 && one_hot > 2 && darts > 5 && many_leaves > 2);
}
