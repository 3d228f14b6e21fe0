#include "train/lightgbm.h"

#include "base/prng.h"
#include "model/lightgbm_text.h"
#include "testing/test.h"
#include "train/lightgbm_child.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 3000, FEATURES = 5, ROUNDS = 20 };

static double values[ROWS * FEATURES];
static float labels[ROWS];
static const unsigned char is_categorical[FEATURES] = {[0] = 1};

/* The child is this program again: it must not run the tests a second time. (glibc hands the
   arguments to constructors.) */
__attribute__((constructor)) static void be_the_child(int argument_count, char **arguments) {
    if (argument_count == 2 && strcmp(arguments[1], "lightgbm-child") == 0)
        _exit(mw_lightgbm_child_main(mw_sys_real()));
}

static mw_lightgbm_job make_job(int32_t thread_count) {
    uint64_t prng = mw_test_seed();
    for (size_t r = 0; r < ROWS; r++) {
        double *row = values + r * FEATURES;
        row[0] = (double)mw_prng_below(&prng, 12);
        for (size_t f = 1; f < FEATURES; f++)
            row[f] = mw_prng_below(&prng, 10) == 0 ? NAN : mw_prng_double(&prng);
        labels[r] = row[1] + mw_prng_double(&prng) > 1.2 || row[0] > 9;
    }
    mw_lightgbm_job job = {
        .settings = mw_lightgbm_default(MW_OBJECTIVE_BINARY),
        .data = {.values = values,
                 .labels = labels,
                 .is_categorical = is_categorical,
                 .row_count = ROWS,
                 .feature_count = FEATURES},
        .thread_count = thread_count,
    };
    job.settings.rounds = ROUNDS;
    return job;
}

static void count_progress(void *context, int32_t rounds_done) {
    int32_t *rounds = context;
    MW_CHECK_EQUAL_INT(rounds_done, *rounds + 1);
    *rounds = rounds_done;
}

static void train_and_hash(int32_t thread_count, char hash[MW_SHA256_HEX_SIZE + 1]) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 24);
    mw_lightgbm_job job = make_job(thread_count);
    int32_t rounds = 0;
    job.progress = count_progress;
    job.context = &rounds;
    mw_lightgbm_result result;
    mw_error err;
    MW_CHECK_OK(mw_lightgbm_train(mw_sys_real(), &job, &arena, &result, &err), &err);
    MW_CHECK_EQUAL_INT(rounds, ROUNDS);
    MW_CHECK(result.cpu_us > 0 && result.memory_peak_bytes > 0);

    const mw_forest *forest;
    MW_CHECK_OK(mw_lightgbm_text_read(&arena, result.text, &forest, &err), &err);
    mw_forest_head head = mw_forest_facts(forest);
    MW_CHECK_EQUAL_INT(head.tree_count, ROUNDS);
    MW_CHECK_EQUAL_INT(head.output, MW_OUTPUT_SIGMOID);
    size_t right = 0;
    for (size_t r = 0; r < ROWS; r++)
        right += (mw_forest_predict(forest, values + r * FEATURES) > 0.5) == (labels[r] > 0);
    MW_CHECK(right > ROWS * 3 / 4); /* it has learnt something */
    mw_forest_hash(forest, hash);
    mw_arena_release(&arena);
}

MW_TEST(lightgbm_child_grows_the_same_trees_with_one_and_two_threads) {
    char one[MW_SHA256_HEX_SIZE + 1], two[MW_SHA256_HEX_SIZE + 1];
    train_and_hash(1, one);
    train_and_hash(2, two);
    MW_CHECK_EQUAL_STR((const char *)one, (const char *)two);
}

MW_TEST(lightgbm_child_says_what_was_wrong) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_lightgbm_result result;
    mw_error err;
    mw_lightgbm_job job = make_job(1);
    job.settings.num_leaves = 1;
    MW_CHECK_STATUS(mw_lightgbm_train(mw_sys_real(), &job, &arena, &result, &err), MW_INVALID);
    MW_CHECK(strstr(err.message, "lightgbm: ") == err.message && strstr(err.message, "num_leaves"));

    job = make_job(1);
    job.data.row_count = 0;
    MW_CHECK_STATUS(mw_lightgbm_train(mw_sys_real(), &job, &arena, &result, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "lightgbm: rows must be 1 to 2147483647, got 0");
    job = make_job(1);
    job.settings.rounds = 0;
    MW_CHECK_STATUS(mw_lightgbm_train(mw_sys_real(), &job, &arena, &result, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "lightgbm: rounds must be 1 to 100000, got 0");
    mw_arena_release(&arena);
}

MW_TEST(lightgbm_settings_have_one_spelling) {
    mw_buf text;
    mw_buf_init(&text, 1 << 12);
    mw_lightgbm_settings settings = mw_lightgbm_default(MW_OBJECTIVE_BINARY);
    mw_lightgbm_settings_append(&text, &settings);
    MW_CHECK_EQUAL_STR(mw_buf_str(&text),
                       "objective=binary num_iterations=100 num_leaves=31 min_data_in_leaf=100 "
                       "bagging_freq=1 max_bin=255 learning_rate=0.1 feature_fraction=0.7 "
                       "bagging_fraction=0.8 lambda_l2=5 seed=1");
    settings = mw_lightgbm_default(MW_OBJECTIVE_MULTICLASS);
    settings.class_count = 3;
    mw_buf_clear(&text);
    mw_lightgbm_settings_append(&text, &settings);
    MW_CHECK(mw_str_starts(mw_buf_str(&text),
                           MW_STR("objective=multiclass num_class=3 num_iterations=100 ")));
    mw_buf_release(&text);
}
