#include "loop/backtest.h"

#include "loop/lane.h"
#include "loop/shared_versions.h"
#include "loop/tally.h"
#include "sys/parallel.h"

typedef struct {
    const mw_backtest_config *config;
    mw_arena *arena;
    mw_tape tape;
    mw_baton *baton; /* holds what stands below, and all that the lanes do between trainings */
    mw_shared_versions versions;
    mw_str first_version; /* bytes */
    mw_lane lanes[MW_BACKTEST_LANES_MAX];
    int64_t places[MW_BACKTEST_LANES_MAX]; /* that the lanes have come to */
    mw_tally_config tally;
    mw_backtest_result result;
} backtest;

/* What a lane's hooks are given. */
typedef struct {
    backtest *test;
    size_t lane;
} lane_context;

/* --- training --------------------------------------------------------------------------- */

/* Trains on all that has matured before `now`. */
static mw_status train(backtest *test, int64_t now, mw_loop_training *out_training, mw_error *err) {
    const mw_examples *examples = &test->tape.examples;
    mw_loop_training training = {.examples = examples,
                                 .example_count = mw_examples_known_by(examples, now - 1),
                                 .costs = mw_model_costs(test->config->project_model)};
    MW_TRY(mw_shared_versions_get(&test->versions, training.example_count, &training.version_bytes,
                                  err));
    *out_training = training;
    return MW_OK;
}

static mw_status train_for_lane(void *context, int64_t now, mw_loop_training *out_training,
                                mw_error *err) {
    lane_context *of = context;
    mw_status status = train(of->test, now, out_training, err);
    if (status == MW_OK || !err) return status;
    return mw_fail_within(err, status, "backtest: training at %s", mw_time_text_of(now).text);
}

/* A split's hint is for who chose the test part. What else training has to say stays. */
static mw_status tell_no_first(const backtest *test, mw_status status, mw_error *err) {
    const mw_examples *examples = &test->tape.examples;
    mw_split split;
    size_t count = mw_examples_known_by(examples, test->config->from - 1);
    bool is_too_early =
        mw_split_by_time(examples, count, MW_TEST_LATEST, &split, NULL) != MW_OK;
    status = mw_fail_within(err, status, "backtest: the first version, before the first day");
    bool has_hint = err && err->hint[0];
    if (status != MW_INVALID || (has_hint && !is_too_early)) return status;
    return mw_hint(err, status, "Let the first day be later, or bring more history.");
}

static mw_status train_first(backtest *test, mw_error *err) {
    mw_loop_training training;
    mw_status status = train(test, test->config->from, &training, err);
    if (status != MW_OK) return tell_no_first(test, status, err);
    char name[MW_VERSION_NAME_SIZE + 1];
    mw_version_name(training.version_bytes, name);
    test->first_version = training.version_bytes;
    test->result.first_version = mw_str_copy(test->arena, mw_str_of(name));
    return test->result.first_version.data ? MW_OK
                                           : mw_fail(err, MW_NO_MEMORY, "backtest: no memory");
}

/* --- the lanes -------------------------------------------------------------------------- */

/* As far as the lanes have come on the whole. */
static void show_progress(void *context, int64_t place) {
    lane_context *of = context;
    const mw_backtest_config *config = of->test->config;
    of->test->places[of->lane] = place;
    int64_t passed = 0;
    for (size_t i = 0; i < config->policy_count; i++) passed += of->test->places[i] - config->from;
    if (config->progress)
        config->progress(config->context, config->from + passed / (int64_t)config->policy_count);
}

static mw_status play_lane(backtest *test, size_t index, mw_error *err) {
    lane_context context = {test, index};
    mw_lane_config config = {.backtest = test->config,
                             .tape = &test->tape,
                             .policy = test->config->policies[index],
                             .champion = test->first_version,
                             .arena = test->arena,
                             .hooks = {&context, train_for_lane, show_progress}};
    MW_TRY(mw_lane_init(&test->lanes[index], config, err));
    return mw_lane_play(&test->lanes[index], err);
}

static mw_status run_lane(void *context, size_t index, mw_error *err) {
    backtest *test = context;
    mw_baton_take(test->baton);
    mw_status status = play_lane(test, index, err);
    test->versions.lane_count--;
    mw_baton_lay_down(test->baton);
    return status;
}

static mw_status run_lanes(backtest *test, mw_error *err) {
    const mw_backtest_config *config = test->config;
    mw_baton_take(test->baton);
    mw_status status = train_first(test, err);
    test->versions.lane_count = config->policy_count;
    mw_baton_lay_down(test->baton);
    if (status != MW_OK) return status;
    for (size_t i = 0; i < config->policy_count; i++) test->places[i] = config->from;
    return mw_parallel(config->sys, config->policy_count, config->policy_count, run_lane, test,
                       err);
}

/* --- the whole -------------------------------------------------------------------------- */

static mw_status nothing_to_predict(const backtest *test, mw_error *err) {
    const mw_events *events = test->config->events;
    mw_status status = mw_fail(err, MW_INVALID, "backtest: model %.*s has no moment in these days",
                               MW_STR_ARGS(test->config->model->name));
    if (events->event_count == 0) return status;
    return mw_hint(err, status, "The data go from %s to %s.",
                   mw_time_text_of(mw_events_at(events, 0).place).text,
                   mw_time_text_of(test->result.data_end).text);
}

/* Labels that nothing in the data can make mature. */
static size_t count_open(const backtest *test) {
    size_t count = 0;
    for (size_t i = 0; i < test->tape.moment_count; i++)
        count += test->tape.moments[i].t + test->config->model->maturity_us > test->result.data_end;
    return count;
}

static mw_status conclude(backtest *test, mw_error *err) {
    mw_backtest_result *result = &test->result;
    size_t count = test->config->policy_count;
    result->lanes = mw_arena_alloc(test->arena, count, sizeof *result->lanes);
    if (!result->lanes) return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for the result");
    result->lane_count = count;
    for (size_t i = 0; i < count; i++)
        MW_TRY(mw_tally_lane(&test->tally, &test->lanes[i], test->arena, &result->lanes[i], err));
    result->best = mw_tally_compare(test->tally.seed, result->lanes, result->lane_count);
    result->refused_moments = test->tape.refused_moments;
    result->open = count_open(test);
    result->trainings = test->versions.count;
    result->learner_cpu_us = test->versions.learner_cpu_us;
    return MW_OK;
}

static mw_status run(backtest *test, mw_error *err) {
    mw_tape *tape = &test->tape;
    const mw_events *events = test->config->events;
    MW_TRY(mw_tape_record(tape, test->config, err));
    if (events->event_count > 0)
        test->result.data_end = mw_events_at(events, events->event_count - 1).place;
    if (tape->moment_count == 0) return nothing_to_predict(test, err);
    test->tally.moments = tape->moments;
    test->tally.moment_count = tape->moment_count;
    for (size_t i = 0; i < tape->moment_count; i++)
        mw_tally_place(&test->tally, tape->moments[i].t, &tape->moments[i]);
    MW_TRY(mw_baton_create(&test->baton, err));
    mw_shared_versions_config versions = {.backtest = test->config,
                                          .examples = &tape->examples,
                                          .baton = test->baton,
                                          .arena = test->arena};
    mw_shared_versions_init(&test->versions, versions);
    MW_TRY(run_lanes(test, err));
    return conclude(test, err);
}

static void release(backtest *test) {
    for (size_t i = 0; i < test->config->policy_count; i++) mw_lane_release(&test->lanes[i]);
    mw_shared_versions_release(&test->versions);
    mw_baton_destroy(test->baton);
    mw_tape_release(&test->tape);
}

mw_status mw_backtest_run(const mw_backtest_config *config, mw_arena *arena,
                          mw_backtest_result *out_result, mw_error *err) {
    MW_ASSERT(config->policy_count > 0 && config->policy_count <= MW_BACKTEST_LANES_MAX);
    MW_ASSERT(config->from < config->to);
    backtest test = {.config = config,
                     .arena = arena,
                     .tally = {.zone = config->program->zone,
                               .from = config->from,
                               .to = config->to,
                               .costs = mw_model_costs(config->project_model),
                               .seed = (uint64_t)config->seed}};
    mw_status status = run(&test, err);
    if (status == MW_OK) *out_result = test.result;
    release(&test);
    return status;
}
