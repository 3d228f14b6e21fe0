#include "loop/lane.h"

#define LOG_MAX ((size_t)1 << 20)

static mw_status train(void *context, int64_t now, mw_str why, mw_loop_training *out_training,
                       mw_error *err) {
    (void)why; /* comes back with the record of the training */
    mw_lane *lane = context;
    return lane->config.hooks.train(lane->config.hooks.context, now, out_training, err);
}

static mw_status record(void *context, const mw_loop_event *event, mw_error *err) {
    mw_lane *lane = context;
    lane->event_counts[event->kind]++;
    if (!mw_grow((void **)&lane->log, &lane->log_capacity, lane->log_count + 1, sizeof *lane->log,
                 LOG_MAX))
        return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for the log");
    mw_arena *arena = lane->config.arena;
    mw_backtest_entry entry = {event->time, event->kind, mw_str_copy(arena, event->version),
                               mw_str_copy(arena, event->text)};
    if (!entry.version.data || !entry.text.data)
        return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for the log");
    lane->log[lane->log_count++] = entry;
    return MW_OK;
}

mw_status mw_lane_init(mw_lane *lane, mw_lane_config config, mw_error *err) {
    *lane = (mw_lane){.config = config};
    const mw_backtest_config *backtest = config.backtest;
    MW_TRY(mw_freshness_create(backtest->program->stream_count, &lane->freshness, err));
    lane->answers = mw_allocate((config.tape->moment_count + 1) * sizeof *lane->answers);
    if (!lane->answers)
        return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for %zu answers",
                       config.tape->moment_count);
    mw_loop_config loop = {.zone = backtest->program->zone,
                           .model = backtest->project_model,
                           .segments = &config.tape->examples.segment_schema,
                           .policy = config.policy,
                           .symbols = backtest->symbols,
                           .hooks = {lane, train, record},
                           .sight = {.freshness = lane->freshness,
                                     .program = backtest->program,
                                     .model_program = backtest->model}};
    return mw_loop_create(loop, config.champion, backtest->from, backtest->from, &lane->loop, err);
}

void mw_lane_release(mw_lane *lane) {
    mw_loop_destroy(lane->loop);
    mw_freshness_destroy(lane->freshness);
    mw_free(lane->answers);
    mw_free(lane->log);
}

/* --- playing the tape ------------------------------------------------------------------- */

/* Lets the time up to `place` pass; none after the last day. */
static mw_status pass_time(mw_lane *lane, int64_t place, mw_error *err) {
    const mw_backtest_config *backtest = lane->config.backtest;
    int64_t now = place < backtest->to ? place : backtest->to - 1;
    if (place < backtest->from || mw_loop_next_look(lane->loop) > now) return MW_OK;
    MW_TRY(mw_loop_advance(lane->loop, now, err));
    if (lane->config.hooks.progress) lane->config.hooks.progress(lane->config.hooks.context, now);
    return MW_OK;
}

/* The events up to `place` come by. */
static mw_status arrive(mw_lane *lane, int64_t place, mw_error *err) {
    const mw_tape *tape = lane->config.tape;
    for (; lane->arrived_count < tape->event_count; lane->arrived_count++) {
        mw_event event = mw_events_at(tape->events, lane->arrived_count);
        if (event.place > place) break;
        MW_TRY(pass_time(lane, event.place, err));
        mw_freshness_arrived(lane->freshness, &event, event.place);
    }
    return pass_time(lane, place, err);
}

static mw_status answer(mw_lane *lane, const mw_tape_entry *entry, mw_error *err) {
    const mw_cell *features = mw_table_row(&lane->config.tape->features, entry->moment);
    mw_score score = mw_scorer_run(mw_loop_champion(lane->loop), features);
    lane->answers[entry->moment] = (mw_lane_answer){score.prediction, score.decision};
    return mw_loop_predicted(lane->loop, entry->place, features, score.prediction, err);
}

static mw_status mature(mw_lane *lane, const mw_tape_entry *entry, mw_error *err) {
    const mw_examples *examples = &lane->config.tape->examples;
    const mw_example *example = &examples->items[entry->example];
    const mw_lane_answer *given = &lane->answers[entry->moment];
    mw_outcome outcome = {.t = example->t,
                          .matured = example->matured,
                          .prediction = given->prediction,
                          .decision = given->decision,
                          .label = example->label != 0};
    return mw_loop_matured(lane->loop, outcome,
                           mw_table_row(&examples->segment_cells, entry->example), err);
}

mw_status mw_lane_play(mw_lane *lane, mw_error *err) {
    const mw_tape *tape = lane->config.tape;
    for (size_t i = 0; i < tape->entry_count; i++) {
        const mw_tape_entry *entry = &tape->entries[i];
        MW_TRY(arrive(lane, entry->place, err));
        bool is_moment = entry->example == MW_TAPE_NO_EXAMPLE;
        MW_TRY(is_moment ? answer(lane, entry, err) : mature(lane, entry, err));
    }
    return arrive(lane, tape->end, err);
}
