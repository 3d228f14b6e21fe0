#include "loop/lane.h"

#define LOG_MAX ((size_t)1 << 20)
#define ANSWERS_MAX ((size_t)1 << 32)

static mw_status train(void *context, int64_t now, mw_str why, mw_loop_training *out_training,
                       mw_error *err) {
    (void)why; /* comes back with the record of the training */
    mw_lane *lane = context;
    return lane->train(lane->context, now, out_training, err);
}

static mw_status record(void *context, const mw_loop_event *event, mw_error *err) {
    mw_lane *lane = context;
    lane->event_counts[event->kind]++;
    if (!mw_grow((void **)&lane->log, &lane->log_capacity, lane->log_count + 1, sizeof *lane->log,
                 LOG_MAX))
        return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for the log");
    mw_backtest_entry entry = {event->time, event->kind, mw_str_copy(lane->arena, event->version),
                               mw_str_copy(lane->arena, event->text)};
    if (!entry.version.data || !entry.text.data)
        return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for the log");
    lane->log[lane->log_count++] = entry;
    return MW_OK;
}

mw_status mw_lane_init(mw_lane *lane, const mw_lane_config *config, mw_policy policy,
                       mw_error *err) {
    *lane = (mw_lane){.policy = policy,
                      .arena = config->arena,
                      .train = config->train,
                      .context = config->context};
    const mw_backtest_config *backtest = config->backtest;
    mw_loop_config loop = {.zone = backtest->program->zone,
                           .model = backtest->project_model,
                           .segments = config->segments,
                           .policy = policy,
                           .symbols = backtest->symbols,
                           .hooks = {lane, train, record},
                           .sight = {.freshness = config->freshness,
                                     .program = backtest->program,
                                     .model_program = backtest->model}};
    return mw_loop_create(loop, config->champion, backtest->from, backtest->from, &lane->loop, err);
}

mw_status mw_lane_answer_moment(mw_lane *lane, const mw_step *step, mw_score score, mw_error *err) {
    if (!mw_grow((void **)&lane->answers, &lane->answer_capacity, lane->answer_count + 1,
                 sizeof *lane->answers, ANSWERS_MAX))
        return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for %zu answers",
                       lane->answer_count + 1);
    lane->answers[lane->answer_count++] = (mw_lane_answer){score.prediction, score.decision};
    return mw_loop_predicted(lane->loop, step->place, step->features, score.prediction, err);
}

mw_status mw_lane_mature(mw_lane *lane, size_t number, const mw_examples *examples, mw_error *err) {
    const mw_example *example = &examples->items[examples->count - 1];
    const mw_lane_answer *answer = &lane->answers[number];
    mw_outcome outcome = {.t = example->t,
                          .matured = example->matured,
                          .prediction = answer->prediction,
                          .decision = answer->decision,
                          .label = example->label != 0};
    return mw_loop_matured(lane->loop, outcome,
                           mw_table_row(&examples->segment_cells, examples->count - 1), err);
}

void mw_lane_release(mw_lane *lane) {
    mw_loop_destroy(lane->loop);
    mw_free(lane->answers);
    mw_free(lane->log);
}
