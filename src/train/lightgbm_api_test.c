#include "train/lightgbm_api.h"

#include "base/prng.h"
#include "model/explainer.h"
#include "model/forest_tree.h"
#include "model/lightgbm_text.h"
#include "testing/test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODELS = 100, ROWS_MAX = 1500, FEATURES_MAX = 10, EDGES_MAX = 4096, CLASSES = 3 };
enum { EDGE_ROWS = 1500, EDGE_ROWS_MAX = 20000, GROUP = 10 /* rows that are ranked together */ };

static const double plain_edges[] = {
    NAN, 0.0, -0.0, DBL_TRUE_MIN, -DBL_TRUE_MIN, 1e-36, -1e-36, (double)1e-35f, -(double)1e-35f,
    1e-35, 1e-34, -1e-34, DBL_MAX, -DBL_MAX, INFINITY, -INFINITY, 1e300, -1, -0.5, -0.999, 0.5,
    1, 1.999, 3.7, 31, 32, 33, 63.5, 1e6, 2147483647, 2147483648.0, 4294967297.0, -2147483649.0};

typedef struct {
    size_t row_count, feature_count;
    double values[ROWS_MAX * FEATURES_MAX];
    float labels[ROWS_MAX];
    int32_t groups[ROWS_MAX / GROUP];
    char parameters[1024];
    size_t category_count;
    size_t value_count_max; /* of a category */
    size_t one_hot_max;     /* a category of so few values is split off value by value */
    bool is_ranked;
} problem;

/* What labels an objective takes. */
typedef enum { BINARY, POSITIVE, CLASS, GRADE } label_kind;

static const struct {
    const char *parameters;
    label_kind labels;
} objectives[] = {{"binary sigmoid=1", BINARY},
                  {"binary sigmoid=0.7", BINARY},
                  {"cross_entropy", BINARY},
                  {"cross_entropy_lambda", BINARY},
                  {"regression", POSITIVE},
                  {"regression reg_sqrt=true", POSITIVE},
                  {"regression linear_tree=true", POSITIVE},
                  {"binary linear_tree=true", BINARY},
                  {"regression_l1", POSITIVE},
                  {"huber", POSITIVE},
                  {"fair", POSITIVE},
                  {"quantile alpha=0.3", POSITIVE},
                  {"mape", POSITIVE},
                  {"poisson", POSITIVE},
                  {"gamma", POSITIVE},
                  {"tweedie", POSITIVE},
                  {"multiclass num_class=3", CLASS},
                  {"multiclassova num_class=3 sigmoid=0.8", CLASS},
                  {"lambdarank", GRADE},
                  {"rank_xendcg", GRADE}};
enum { OBJECTIVES = sizeof objectives / sizeof *objectives };

static bool chance(uint64_t *prng, double share) {
    return mw_prng_double(prng) < share;
}

/* A category of at most `value_count_max` values; where that is 0, a number. */
static double random_value(uint64_t *prng, size_t value_count_max, double missing, double zero) {
    if (chance(prng, missing)) return NAN;
    if (value_count_max > 0)
        return (double)mw_prng_below(prng, 1 + mw_prng_below(prng, value_count_max));
    if (chance(prng, zero)) return 0;
    double x = mw_prng_double(prng) * 4 - 2;
    return chance(prng, 0.02) ? x * 1e-36 : x;
}

/* Columns of several kinds, and a label that depends on them so that there is much to split. */
static void fill_data(problem *p, uint64_t *prng, label_kind labels) {
    double missing = chance(prng, 0.6) ? 0.2 : 0, zero = chance(prng, 0.6) ? 0.4 : 0;
    for (size_t r = 0; r < p->row_count; r++) {
        double signal = mw_prng_double(prng);
        for (size_t f = 0; f < p->feature_count; f++) {
            size_t values = f < p->category_count ? p->value_count_max : 0;
            double x = random_value(prng, values, missing, zero);
            p->values[r * p->feature_count + f] = x;
            if (isnan(x)) signal += 0.4;
            else signal += f < p->category_count ? ((int)x * 7 % 5) * 0.3 : sin(3 * x + (double)f);
        }
        p->labels[r] = (float)(labels == BINARY     ? signal > 1
                               : labels == POSITIVE ? fabs(signal) + 0.01
                                                    : (signal > 0.5) + (signal > 1.5));
    }
}

static void make_problem(problem *p, uint64_t *prng) {
    static const char *const boostings[] = {"gbdt", "gbdt", "dart", "rf"};
    size_t objective = (size_t)mw_prng_below(prng, OBJECTIVES);
    bool is_linear = strstr(objectives[objective].parameters, "linear") != NULL;
    bool is_wide = chance(prng, 0.2); /* more leaves than a word has bits, and than a byte counts */
    p->is_ranked = objectives[objective].labels == GRADE;
    p->row_count = 100 + (size_t)mw_prng_below(prng, ROWS_MAX - 100) / GROUP * GROUP;
    if (is_wide) p->row_count = ROWS_MAX;
    for (size_t g = 0; g < p->row_count / GROUP; g++) p->groups[g] = GROUP;
    p->feature_count = 1 + (size_t)mw_prng_below(prng, FEATURES_MAX);
    p->category_count = (size_t)mw_prng_below(prng, p->feature_count + 1);
    if (chance(prng, 0.3)) p->category_count = 0;
    p->value_count_max = 2 + (size_t)mw_prng_below(prng, chance(prng, 0.5) ? 4 : 90);
    p->one_hot_max = 1 + (size_t)mw_prng_below(prng, 8);
    fill_data(p, prng, objectives[objective].labels);
    int size = snprintf(
        p->parameters, sizeof p->parameters,
        "objective=%s boosting=%s num_leaves=%d min_data_in_leaf=%d max_bin=%d min_data_in_bin=1 "
        "use_missing=%s zero_as_missing=%s max_cat_to_onehot=%d min_data_per_group=1 cat_smooth=1 "
        "bagging_freq=1 bagging_fraction=0.7 feature_fraction=0.9 seed=%d deterministic=true "
        "force_row_wise=true num_threads=1 verbosity=-1 ",
        objectives[objective].parameters, boostings[mw_prng_below(prng, is_linear ? 2 : 4)],
        2 + (int)mw_prng_below(prng, 62) + (is_wide ? 300 : 0),
        1 + (int)mw_prng_below(prng, is_wide ? 3 : 20), is_wide ? 2000 : 255,
        chance(prng, 0.8) ? "true" : "false", !is_linear && chance(prng, 0.3) ? "true" : "false",
        (int)p->one_hot_max, (int)mw_prng_below(prng, 1000));
    for (size_t f = 0; f < p->category_count; f++)
        size += snprintf(p->parameters + size, sizeof p->parameters - (size_t)size, "%s%zu",
                         f == 0 ? "categorical_feature=" : ",", f);
}

static mw_lightgbm_booster *train(const mw_lightgbm_api *api, const problem *p, int rounds) {
    mw_lightgbm_dataset *dataset;
    mw_lightgbm_booster *booster;
    mw_error err;
    MW_CHECK_OK(mw_lightgbm_check(api,
                                  api->dataset_create(p->values, MW_LIGHTGBM_FLOAT64,
                                                      (int32_t)p->row_count,
                                                      (int32_t)p->feature_count, 1, p->parameters,
                                                      NULL, &dataset),
                                  "data", &err),
                &err);
    MW_CHECK(api->dataset_set_field(dataset, "label", p->labels, (int)p->row_count,
                                    MW_LIGHTGBM_FLOAT32) == 0);
    if (p->is_ranked)
        MW_CHECK(api->dataset_set_field(dataset, "group", p->groups, (int)p->row_count / GROUP,
                                        MW_LIGHTGBM_INT32) == 0);
    MW_CHECK_OK(mw_lightgbm_check(api, api->booster_create(dataset, p->parameters, &booster),
                                  "create", &err),
                &err);
    for (int is_done = 0; rounds > 0 && !is_done; rounds--)
        MW_CHECK(api->booster_update(booster, &is_done) == 0);
    MW_CHECK(api->dataset_free(dataset) == 0);
    return booster;
}

/* The plain edges, the thresholds of the model and their neighbours. */
static size_t gather_edges(const char *text, double *edges) {
    size_t count = sizeof plain_edges / sizeof *plain_edges;
    memcpy(edges, plain_edges, sizeof plain_edges);
    while ((text = strstr(text, "\nthreshold="))) {
        text += strlen("\nthreshold=");
        for (char *end; count + 3 <= EDGES_MAX; text = end) {
            double x = strtod(text, &end);
            if (end == text || *text == '\n') break;
            edges[count++] = x;
            edges[count++] = nextafter(x, INFINITY);
            edges[count++] = nextafter(x, -INFINITY);
        }
    }
    return count;
}

static void compare(const mw_lightgbm_api *api, mw_lightgbm_booster *booster,
                    const mw_forest *forest, const double *values, size_t row_count) {
    static double theirs[EDGE_ROWS_MAX * CLASSES], ours[EDGE_ROWS_MAX * CLASSES];
    int32_t width = (int32_t)mw_forest_facts(forest).feature_count;
    size_t classes = mw_forest_facts(forest).class_count;
    int64_t count;
    for (int raw = 0; raw < 2; raw++) {
        MW_CHECK(api->booster_predict(booster, values, MW_LIGHTGBM_FLOAT64, (int32_t)row_count,
                                      width, 1, raw, 0, -1, "num_threads=1", &count, theirs) == 0);
        MW_CHECK_EQUAL_INT(count, row_count * classes);
        if (raw) mw_forest_raw_rows(forest, values, row_count, ours);
        else mw_forest_predict_rows(forest, values, row_count, ours);
        for (size_t i = 0; i < row_count * classes; i++)
            MW_CHECK_EQUAL_DOUBLE_BITS(ours[i], theirs[i]);
    }
}

static int compare_numbers(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How many different thresholds the feature has. */
static size_t count_thresholds(const mw_forest *forest, uint16_t feature) {
    double *values = mw_allocate((forest->split_count + 1) * sizeof *values);
    size_t count = 0, different = 0;
    MW_CHECK(values);
    for (size_t i = 0; i < forest->split_count; i++)
        if (forest->splits[i].rule != MW_RULE_CATEGORY && forest->splits[i].feature == feature)
            values[count++] = forest->splits[i].by.threshold;
    qsort(values, count, sizeof *values, compare_numbers);
    for (size_t i = 0; i < count; i++) different += i == 0 || values[i] != values[i - 1];
    mw_free(values);
    return different;
}

static bool has_many_thresholds(const mw_forest *forest) {
    bool is_found = false;
    for (uint16_t f = 0; f < forest->head.feature_count; f++)
        is_found |= count_thresholds(forest, f) > 255;
    return is_found;
}

static bool has_many_leaves(const mw_forest *forest) {
    return forest->leaf_count > 64 * (size_t)forest->head.tree_count;
}

/* More of them in `make soak`. */
static size_t edge_row_count(void) {
    const char *text = getenv("MW_EDGE_ROWS");
    int64_t count = EDGE_ROWS;
    if (text) MW_CHECK(mw_str_to_int64(mw_str_of(text), &count) && count <= EDGE_ROWS_MAX);
    return (size_t)count;
}

static void compare_on_edges(const mw_lightgbm_api *api, mw_lightgbm_booster *booster,
                             const mw_forest *forest, const char *text, uint64_t *prng) {
    static double edges[EDGES_MAX], values[EDGE_ROWS_MAX * FEATURES_MAX];
    size_t edge_count = gather_edges(text, edges);
    size_t width = mw_forest_facts(forest).feature_count;
    size_t row_count = edge_row_count();
    for (size_t i = 0; i < row_count * width; i++)
        values[i] = edges[mw_prng_below(prng, chance(prng, 0.5)
                                                  ? sizeof plain_edges / sizeof *plain_edges
                                                  : edge_count)];
    compare(api, booster, forest, values, row_count);
}

/* Our contributions are LightGBM's, which sums its leaves' values by another algorithm. */
static void compare_contributions(const mw_lightgbm_api *api, mw_lightgbm_booster *booster,
                                  const mw_forest *forest, const problem *p) {
    enum { ROWS = 100, VALUES = CLASSES * (FEATURES_MAX + 1) };
    static double theirs[ROWS * VALUES], ours[ROWS * VALUES];
    mw_arena arena;
    mw_arena_init(&arena, 1 << 26);
    const mw_explainer *explainer;
    mw_error err;
    MW_CHECK_OK(mw_explainer_make(&arena, forest, mw_lanes_best(), &explainer, &err), &err);
    MW_CHECK_OK(mw_explainer_run(explainer, p->values, ROWS, ours, &err), &err);
    int64_t count;
    MW_CHECK(api->booster_predict(booster, p->values, MW_LIGHTGBM_FLOAT64, ROWS,
                                  (int32_t)p->feature_count, 1, MW_LIGHTGBM_PREDICT_CONTRIBUTIONS,
                                  0, -1, "num_threads=1", &count, theirs) == 0);
    MW_CHECK_EQUAL_INT(count, ROWS * mw_forest_facts(forest).class_count * (p->feature_count + 1));
    for (int64_t i = 0; i < count; i++)
        MW_CHECK(fabs(ours[i] - theirs[i]) <= 1e-9 * (1 + fabs(theirs[i])));
    mw_arena_release(&arena);
}

/* The forest gives LightGBM's own bits, raw and after the objective, for random models of all
   kinds on their training rows and on rows of edge values; and a saved forest is the same. */
MW_TEST(lightgbm_and_our_forest_agree_bit_for_bit) {
    mw_error err;
    mw_lightgbm_api api;
    MW_CHECK_OK(mw_lightgbm_open(mw_sys_real(), &api, &err), &err);
    uint64_t prng = mw_test_seed();
    static problem p;
    size_t with_sets = 0, one_hot = 0, averaged = 0, zero_missing = 0, linear = 0, with_classes = 0;
    size_t ranked = 0, many_leaves = 0, many_thresholds = 0;
    for (int i = 0; i < MODELS; i++) {
        make_problem(&p, &prng);
        mw_lightgbm_booster *booster = train(&api, &p, 1 + (int)mw_prng_below(&prng, 25));
        mw_arena arena;
        mw_arena_init(&arena, 1 << 26);
        mw_str text;
        const mw_forest *forest;
        MW_CHECK_OK(mw_lightgbm_save(&api, booster, &arena, &text, &err), &err);
        MW_CHECK_OK(mw_lightgbm_text_read(&arena, text, &forest, &err), &err);
        MW_CHECK_EQUAL_INT(mw_forest_facts(forest).feature_count, p.feature_count);
        compare(&api, booster, forest, p.values, p.row_count);
        if (!strstr(p.parameters, "linear_tree"))
            compare_contributions(&api, booster, forest, &p);
        compare_on_edges(&api, booster, forest, text.data, &prng);

        bool has_sets = strstr(text.data, "\ncat_threshold=") != NULL;
        with_sets += has_sets;
        one_hot += has_sets && p.value_count_max < p.one_hot_max;
        averaged += mw_forest_facts(forest).is_average;
        with_classes += mw_forest_facts(forest).class_count > 1;
        ranked += p.is_ranked;
        many_leaves += has_many_leaves(forest);
        many_thresholds += has_many_thresholds(forest);
        linear += strstr(text.data, "is_linear=1") != NULL;
        zero_missing += strstr(p.parameters, "zero_as_missing=true") != NULL;
        mw_arena_release(&arena);
        MW_CHECK(api.booster_free(booster) == 0);
    }
    MW_CHECK(with_sets > 5 && one_hot > 2 && averaged > 3 && zero_missing > 3);
    MW_CHECK(linear > 2 && with_classes > 2 && ranked > 2);
    MW_CHECK(many_leaves > 2 && many_thresholds > 0);
}

MW_TEST(lightgbm_says_why_it_refuses) {
    mw_error err;
    mw_lightgbm_api api;
    MW_CHECK_OK(mw_lightgbm_open(mw_sys_real(), &api, &err), &err);
    mw_lightgbm_dataset *dataset;
    double value = 1;
    int result = api.dataset_create(&value, MW_LIGHTGBM_FLOAT64, 1, 1, 1, "max_bin=0 verbosity=-1",
                                    NULL, &dataset);
    MW_CHECK_STATUS(mw_lightgbm_check(&api, result, "read the data", &err), MW_INVALID);
    MW_CHECK(strstr(err.message, "lightgbm: read the data: ") == err.message);
    MW_CHECK(strstr(err.message, "max_bin"));
}
