#include "loop/backtest.h"

#include "loop/lane.h"
#include "loop/tally.h"

#define MOMENTS_MAX ((size_t)1 << 32)
#define TRAINING_ARENA_MAX ((size_t)1 << 40)

/* A version by what it was trained from: lanes that train alike share it. */
typedef struct {
    size_t example_count;
    mw_str bytes;
} trained_version;

typedef struct {
    const mw_backtest_config *config;
    mw_arena *arena;
    mw_course *course;
    mw_freshness *freshness;
    mw_examples examples;
    mw_lane lanes[MW_BACKTEST_LANES_MAX];
    size_t lane_count; /* 0 until the first day */
    mw_lane_moment *moments;
    size_t moment_count, moment_capacity;
    trained_version *versions;
    size_t version_count, version_capacity;
    mw_tally_config tally;
    mw_backtest_result result;
} backtest;

/* --- training --------------------------------------------------------------------------- */

static mw_status train_by_config(backtest *test, mw_arena *arena, mw_trained *out_trained,
                                 mw_error *err) {
    const mw_backtest_config *config = test->config;
    if (config->train)
        return config->train(config->context, &test->examples, test->examples.count, arena,
                             out_trained, err);
    mw_train_config train = {.sys = config->sys,
                             .model = config->project_model,
                             .examples = &test->examples,
                             .example_count = test->examples.count,
                             .symbols = config->symbols,
                             .origin = config->origin,
                             .test_from = MW_TEST_LATEST,
                             .seed = config->seed,
                             .thread_count = config->thread_count,
                             .is_brief = true};
    return mw_train(&train, arena, out_trained, err);
}

static mw_status keep_version(backtest *test, const mw_trained *trained, mw_error *err) {
    trained_version version = {test->examples.count, mw_str_copy(test->arena, trained->bytes)};
    if (!version.bytes.data ||
        !mw_grow((void **)&test->versions, &test->version_capacity, test->version_count + 1,
                 sizeof *test->versions, MOMENTS_MAX))
        return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for a version");
    test->versions[test->version_count++] = version;
    test->result.trainings++;
    test->result.learner_cpu_us += trained->learner_cpu_us;
    return MW_OK;
}

/* Trains on all that has matured by now, if no lane has done so. */
static mw_status train(backtest *test, mw_str *out_bytes, mw_error *err) {
    size_t count = test->version_count;
    bool is_known = count > 0 && test->versions[count - 1].example_count == test->examples.count;
    mw_status status = MW_OK;
    if (!is_known) {
        mw_arena arena;
        mw_arena_init(&arena, TRAINING_ARENA_MAX);
        mw_trained trained;
        status = train_by_config(test, &arena, &trained, err);
        if (status == MW_OK) status = keep_version(test, &trained, err);
        mw_arena_release(&arena);
    }
    if (status == MW_OK) *out_bytes = test->versions[test->version_count - 1].bytes;
    return status;
}

static mw_status train_for_lane(void *context, int64_t now, mw_loop_training *out_training,
                                mw_error *err) {
    backtest *test = context;
    mw_loop_training training = {.examples = &test->examples,
                                 .example_count = test->examples.count,
                                 .costs = mw_model_costs(test->config->project_model)};
    mw_status status = train(test, &training.version_bytes, err);
    if (status == MW_OK) *out_training = training;
    if (status == MW_OK || !err) return status;
    mw_buf day;
    mw_buf_init(&day, 64);
    mw_time_append(&day, now);
    status =
        mw_fail_within(err, status, "backtest: training at %.*s", MW_STR_ARGS(mw_buf_str(&day)));
    mw_buf_release(&day);
    return status;
}

/* --- the pass --------------------------------------------------------------------------- */

static mw_status open_lanes(backtest *test, mw_error *err) {
    mw_str champion;
    mw_status status = train(test, &champion, err);
    if (status != MW_OK)
        return mw_fail_within(err, status, "backtest: the first version, before the first day");
    char name[MW_VERSION_NAME_SIZE + 1];
    mw_version_name(champion, name);
    test->result.first_version = mw_str_copy(test->arena, mw_str_of(name));
    if (!test->result.first_version.data) return mw_fail(err, MW_NO_MEMORY, "backtest: no memory");
    mw_lane_config config = {.backtest = test->config,
                             .segments = &test->examples.segment_schema,
                             .champion = champion,
                             .freshness = test->freshness,
                             .arena = test->arena,
                             .train = train_for_lane,
                             .context = test};
    for (size_t i = 0; i < test->config->policy_count; i++) {
        test->lane_count++; /* released also when half made */
        MW_TRY(mw_lane_init(&test->lanes[i], &config, test->config->policies[i], err));
    }
    return MW_OK;
}

/* Lets the time up to `place` pass in every lane; none after the last day. */
static mw_status pass_time(backtest *test, int64_t place, mw_error *err) {
    const mw_backtest_config *config = test->config;
    if (place < config->from) return MW_OK;
    if (test->lane_count == 0) MW_TRY(open_lanes(test, err));
    int64_t now = place < config->to ? place : config->to - 1;
    if (mw_loop_next_look(test->lanes[0].loop) > now) return MW_OK;
    for (size_t i = 0; i < test->lane_count; i++)
        MW_TRY(mw_loop_advance(test->lanes[i].loop, now, err));
    if (config->progress) config->progress(config->context, place);
    return MW_OK;
}

/* The lane before `lane` whose champion is the same version; `lane` if there is none. */
static size_t twin(backtest *test, size_t lane) {
    mw_str name = mw_scorer_name(mw_loop_champion(test->lanes[lane].loop));
    for (size_t i = 0; i < lane; i++)
        if (mw_str_equal(mw_scorer_name(mw_loop_champion(test->lanes[i].loop)), name)) return i;
    return lane;
}

static mw_status answer(backtest *test, const mw_step *step, mw_error *err) {
    if (step->moment.t < test->config->from) return MW_OK;
    if (!mw_grow((void **)&test->moments, &test->moment_capacity, test->moment_count + 1,
                 sizeof *test->moments, MOMENTS_MAX))
        return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for %zu moments",
                       test->moment_count + 1);
    mw_lane_moment moment = {.number = step->number};
    mw_tally_place(&test->tally, step->moment.t, &moment);
    test->moments[test->moment_count++] = moment;
    mw_score scores[MW_BACKTEST_LANES_MAX];
    for (size_t i = 0; i < test->lane_count; i++) {
        mw_lane *lane = &test->lanes[i];
        size_t same = twin(test, i);
        scores[i] =
            same < i ? scores[same] : mw_scorer_run(mw_loop_champion(lane->loop), step->features);
        MW_TRY(mw_lane_answer_moment(lane, step, scores[i], err));
    }
    return MW_OK;
}

/* The index of the predicted moment with this number; the count if it was not predicted. */
static size_t find_moment(const backtest *test, uint64_t number) {
    size_t low = 0, high = test->moment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (test->moments[middle].number < number) low = middle + 1;
        else high = middle;
    }
    bool is_it = low < test->moment_count && test->moments[low].number == number;
    return is_it ? low : test->moment_count;
}

static mw_status mature(backtest *test, const mw_step *step, mw_error *err) {
    size_t count = test->examples.count;
    MW_TRY(mw_examples_add(&test->examples, step, err));
    size_t index = find_moment(test, step->number);
    if (test->examples.count == count || index == test->moment_count) return MW_OK;
    test->moments[index].is_labelled = true;
    test->moments[index].label = test->examples.items[count].label != 0;
    for (size_t i = 0; i < test->lane_count; i++)
        MW_TRY(mw_lane_mature(&test->lanes[i], index, &test->examples, err));
    return MW_OK;
}

/* Everything that falls due at or before `place`. */
static mw_status take_steps(backtest *test, int64_t place, mw_error *err) {
    for (;;) {
        mw_step step;
        bool found = false;
        int64_t due = mw_course_next_due(test->course);
        if (due > place) return MW_OK;
        MW_TRY(pass_time(test, due, err));
        MW_TRY(mw_course_next(test->course, place, &step, &found, err));
        if (!found) return MW_OK;
        if (step.kind == MW_DUE_LABEL) MW_TRY(mature(test, &step, err));
        else MW_TRY(answer(test, &step, err));
    }
}

static mw_status pass(backtest *test, mw_error *err) {
    const mw_backtest_config *config = test->config;
    size_t event_count = config->events->event_count;
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < event_count; i++) {
        mw_event event = mw_events_at(config->events, i);
        last = event.place;
        MW_TRY(take_steps(test, event.place - 1, err));
        bool is_over = event.place >= config->to && mw_course_next_due(test->course) == INT64_MAX;
        if (is_over) break;
        MW_TRY(pass_time(test, event.place, err));
        mw_freshness_arrived(test->freshness, (size_t)event.stream, event.place);
        MW_TRY(mw_course_event(test->course, &event, err));
    }
    MW_TRY(take_steps(test, last, err)); /* labels beyond the last event stay open */
    return test->lane_count > 0 ? MW_OK : pass_time(test, config->from, err);
}

/* --- the whole -------------------------------------------------------------------------- */

static mw_status conclude(backtest *test, mw_error *err) {
    mw_backtest_result *result = &test->result;
    test->tally.moments = test->moments;
    test->tally.moment_count = test->moment_count;
    result->lanes = mw_arena_alloc(test->arena, test->lane_count, sizeof *result->lanes);
    if (!result->lanes) return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for the result");
    result->lane_count = test->lane_count;
    for (size_t i = 0; i < test->lane_count; i++)
        MW_TRY(mw_tally_lane(&test->tally, &test->lanes[i], test->arena, &result->lanes[i], err));
    result->best = mw_tally_compare(test->tally.seed, result->lanes, result->lane_count);
    result->refused_moments = mw_course_refused_moments(test->course);
    return MW_OK;
}

static mw_status start(backtest *test, mw_error *err) {
    const mw_backtest_config *config = test->config;
    const mw_project_model *model = config->project_model;
    mw_course_config course = {.engine = {.program = config->program,
                                          .model = config->model,
                                          .symbols = config->symbols,
                                          .with_label = true},
                               .from = INT64_MIN,
                               .to = config->to};
    MW_TRY(mw_course_create(course, &test->course, err));
    MW_TRY(mw_freshness_create(config->program->stream_count, &test->freshness, err));
    return mw_examples_init(&test->examples, config->program, config->model, model->segments,
                            model->segment_count, err);
}

static void release(backtest *test) {
    for (size_t i = 0; i < test->lane_count; i++) mw_lane_release(&test->lanes[i]);
    mw_examples_release(&test->examples);
    mw_course_destroy(test->course);
    mw_freshness_destroy(test->freshness);
    mw_free(test->moments);
    mw_free(test->versions);
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
    mw_status status = start(&test, err);
    if (status == MW_OK) status = pass(&test, err);
    if (status == MW_OK) status = conclude(&test, err);
    if (status == MW_OK) *out_result = test.result;
    release(&test);
    return status;
}
