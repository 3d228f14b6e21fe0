#include "loop/shared_versions.h"

#define TRAINING_ARENA_MAX ((size_t)1 << 40)
#define VERSIONS_MAX ((size_t)1 << 20)
#define NO_EXAMPLES SIZE_MAX /* of a version that could not be made */

void mw_shared_versions_init(mw_shared_versions *versions, mw_shared_versions_config config) {
    *versions = (mw_shared_versions){.config = config, .lane_count = 1};
}

void mw_shared_versions_release(mw_shared_versions *versions) {
    mw_free(versions->items);
    *versions = (mw_shared_versions){0};
}

/* The index of the version, made or in the making; the count if there is none. */
static size_t find(const mw_shared_versions *versions, size_t example_count) {
    size_t i = 0;
    while (i < versions->count && versions->items[i].example_count != example_count) i++;
    return i;
}

static size_t thread_count(const mw_shared_versions *versions) {
    int32_t count = versions->config.backtest->thread_count;
    return count > 1 ? (size_t)count : 1;
}

static mw_status learn(void *context, const mw_lightgbm_job *job, mw_arena *arena,
                       mw_lightgbm_result *out_result, mw_error *err) {
    mw_shared_versions *versions = context;
    mw_lightgbm_job mine = *job;
    size_t threads = thread_count(versions) / versions->lane_count;
    mine.thread_count = threads > 1 ? (int32_t)threads : 1;
    mw_baton_lay_down(versions->config.baton);
    mw_status status =
        mw_lightgbm_train(versions->config.backtest->sys, &mine, arena, out_result, err);
    mw_baton_take(versions->config.baton);
    return status;
}

static mw_status train(mw_shared_versions *versions, size_t example_count, mw_arena *arena,
                       mw_trained *out_trained, mw_error *err) {
    const mw_backtest_config *config = versions->config.backtest;
    if (config->train)
        return config->train(config->context, versions->config.examples, example_count, arena,
                             out_trained, err);
    mw_train_config train = {.sys = config->sys,
                             .model = config->project_model,
                             .examples = versions->config.examples,
                             .example_count = example_count,
                             .symbols = config->symbols,
                             .origin = config->origin,
                             .test_from = MW_TEST_LATEST,
                             .seed = config->seed,
                             .learner = {versions, learn},
                             .is_brief = true};
    return mw_train(&train, arena, out_trained, err);
}

static mw_status make(mw_shared_versions *versions, size_t example_count, mw_str *out_bytes,
                      mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, TRAINING_ARENA_MAX);
    mw_trained trained;
    mw_status status = train(versions, example_count, &arena, &trained, err);
    if (status == MW_OK) {
        versions->learner_cpu_us += trained.learner_cpu_us;
        *out_bytes = mw_str_copy(versions->config.arena, trained.bytes);
        if (!out_bytes->data) status = mw_fail(err, MW_NO_MEMORY, "backtest: no memory");
    }
    mw_arena_release(&arena);
    return status;
}

/* The list may grow meanwhile, but an item stays where it is in it. Of one that could not be made
   nothing stays but its place: who waits for it will try it, and hear why. */
static mw_status add(mw_shared_versions *versions, size_t example_count, mw_error *err) {
    size_t index = versions->count;
    if (!mw_grow((void **)&versions->items, &versions->capacity, index + 1, sizeof *versions->items,
                 VERSIONS_MAX))
        return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for a version");
    versions->items[versions->count++] = (mw_shared_version){.example_count = example_count};
    versions->learner_count++;
    mw_str bytes = {0};
    mw_status status = make(versions, example_count, &bytes, err);
    if (status == MW_OK) versions->items[index].bytes = bytes;
    else versions->items[index].example_count = NO_EXAMPLES;
    versions->learner_count--;
    mw_baton_tell_news(versions->config.baton);
    return status;
}

mw_status mw_shared_versions_get(mw_shared_versions *versions, size_t example_count,
                                 mw_str *out_bytes, mw_error *err) {
    for (;;) {
        size_t index = find(versions, example_count);
        bool is_new = index == versions->count;
        if (!is_new && versions->items[index].bytes.data) {
            *out_bytes = versions->items[index].bytes;
            return MW_OK;
        }
        if (is_new && versions->learner_count < thread_count(versions))
            MW_TRY(add(versions, example_count, err));
        else mw_baton_await_news(versions->config.baton);
    }
}
