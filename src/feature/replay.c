#include "feature/replay.h"

struct mw_replay {
    mw_replay_config config;
    mw_engine *engine;
    mw_agenda *agenda;
    mw_cell *features; /* of the moment reported last */
    size_t announced;  /* events [0, announced) have told their moments */
    size_t applied;    /* and [0, applied) are in the engine; never more */
    uint64_t number;   /* of the next moment */
    uint64_t refused_moments;
    bool has_moment;   /* `moment` was reported last, and its label is still to be noted */
    mw_moment moment;
};

/* A schedule goes on for ever; history ends with its last event: nobody knows what came after. */
static void limit_agenda(mw_replay *replay) {
    const mw_events *events = replay->config.events;
    int64_t to = replay->config.to, end = INT64_MIN;
    if (events->event_count > 0) end = mw_events_at(events, events->event_count - 1).place;
    if (replay->config.model->schedule && to > end) to = end + 1;
    mw_agenda_limit(replay->agenda, replay->config.from, to);
}

mw_status mw_replay_create(mw_replay_config config, mw_replay **out_replay, mw_error *err) {
    MW_ASSERT(config.events->event_count == 0 || config.events->order);
    mw_replay *replay = mw_allocate(sizeof *replay);
    if (!replay) return mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
    replay->config = config;
    mw_engine_config engine = {.program = config.program,
                               .model = config.model,
                               .symbols = config.symbols,
                               .with_label = config.with_label};
    mw_status status = mw_engine_create(engine, &replay->engine, err);
    if (status == MW_OK)
        status = mw_agenda_create(config.model, config.program, config.symbols, &replay->agenda,
                                  err);
    replay->features = mw_allocate((config.model->feature_count + 1) * sizeof(mw_cell));
    if (status == MW_OK && !replay->features)
        status = mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
    if (status == MW_OK) limit_agenda(replay);
    if (status != MW_OK) {
        mw_replay_destroy(replay);
        return status;
    }
    *out_replay = replay;
    return MW_OK;
}

void mw_replay_destroy(mw_replay *replay) {
    if (!replay) return;
    mw_engine_destroy(replay->engine);
    mw_agenda_destroy(replay->agenda);
    mw_free(replay->features);
    mw_free(replay);
}

static mw_status announce(mw_replay *replay, const mw_event *event, mw_error *err) {
    if (event->stream != mw_model_announcer(replay->config.model)) return MW_OK;
    bool is_taken;
    MW_TRY(mw_agenda_add_event(replay->agenda, event, &is_taken, err));
    if (!is_taken) replay->refused_moments++;
    return MW_OK;
}

static void foresee(mw_replay *replay, size_t index) {
    const mw_events *events = replay->config.events;
    if (index >= events->event_count) return;
    mw_event event = mw_events_at(events, index);
    mw_engine_foresee(replay->engine, &event);
}

/* All events of the next place tell their moments, and what is due by then comes first (rule
   4); when nothing is due any more, they are applied. */
static mw_status take_events(mw_replay *replay, mw_error *err) {
    const mw_events *events = replay->config.events;
    int64_t place = mw_events_at(events, replay->applied).place;
    if (replay->announced == replay->applied) {
        for (; replay->announced < events->event_count; replay->announced++) {
            mw_event event = mw_events_at(events, replay->announced);
            if (event.place != place) break;
            MW_TRY(announce(replay, &event, err));
        }
        if (mw_agenda_next(replay->agenda) <= place) return MW_OK;
    }
    mw_engine_advance(replay->engine, place);
    for (; replay->applied < replay->announced; replay->applied++) {
        foresee(replay, replay->applied + MW_ENGINE_FORESIGHT);
        mw_event event = mw_events_at(events, replay->applied);
        MW_TRY(mw_engine_apply(replay->engine, &event, err));
    }
    return MW_OK;
}

/* False for a moment of a schedule that is not for this key. */
static bool report(mw_replay *replay, const mw_due *due, mw_step *out_step) {
    *out_step = (mw_step){.kind = due->kind,
                          .place = due->due,
                          .moment = due->moment,
                          .number = due->number,
                          .features = due->features};
    if (due->kind == MW_DUE_LABEL) {
        out_step->label = mw_engine_label(replay->engine, &due->moment, due->features);
        return true;
    }
    mw_engine_features(replay->engine, &due->moment, replay->features);
    if (!mw_engine_takes(replay->engine, &due->moment, replay->features)) return false;
    out_step->features = replay->features;
    out_step->number = replay->number++;
    replay->moment = due->moment;
    replay->has_moment = replay->config.with_label;
    return true;
}

/* The next event's moment, if that is all that happens at its place: it needs no agenda. */
static bool find_lone_moment(mw_replay *replay, mw_due *out_due) {
    const mw_replay_config *config = &replay->config;
    const mw_events *events = config->events;
    mw_event event = mw_events_at(events, replay->applied);
    int64_t t = event.time + config->model->moment_offset_us;
    if (event.stream != config->model->moment_stream || t < config->from || t >= config->to ||
        t > event.place || event.known > event.place || event.replaced ||
        event.place - t > config->model->lateness_us ||
        mw_agenda_next(replay->agenda) <= event.place ||
        (replay->applied + 1 < events->event_count &&
         mw_events_at(events, replay->applied + 1).place == event.place))
        return false;
    *out_due = (mw_due){.kind = MW_DUE_MOMENT,
                        .due = event.place,
                        .moment = {t, event.place, event.row}};
    return true;
}

static mw_status note_label(mw_replay *replay, mw_error *err) {
    if (!replay->has_moment) return MW_OK;
    replay->has_moment = false;
    const mw_moment *moment = &replay->moment;
    if (moment->t + replay->config.model->maturity_us > replay->config.now) return MW_OK;
    return mw_agenda_add_label(replay->agenda, moment, replay->number - 1, replay->features,
                               err);
}

mw_status mw_replay_next(mw_replay *replay, mw_step *out_step, bool *out_done, mw_error *err) {
    const mw_events *events = replay->config.events;
    MW_TRY(note_label(replay, err));
    for (;;) {
        bool has_events = replay->applied < events->event_count;
        int64_t place = has_events ? mw_events_at(events, replay->applied).place : INT64_MAX;
        /* Of the next place nothing may fire before all of its events are announced. */
        if (has_events && replay->announced == replay->applied && place < INT64_MAX) place--;
        mw_due due;
        if (has_events && replay->announced == replay->applied &&
            find_lone_moment(replay, &due)) {
            replay->announced++;
            mw_engine_advance(replay->engine, due.due);
            (void)report(replay, &due, out_step); /* an event's moment, which is taken */
            *out_done = false;
            return MW_OK;
        }
        MW_TRY(mw_agenda_meet(replay->agenda, place, err));
        if (mw_agenda_pop(replay->agenda, place, &due)) {
            mw_engine_advance(replay->engine, due.due);
            if (!report(replay, &due, out_step)) continue;
            *out_done = false;
            return MW_OK;
        }
        if (!has_events) break;
        MW_TRY(take_events(replay, err));
    }
    *out_done = true;
    return MW_OK;
}

const mw_engine *mw_replay_engine(const mw_replay *replay) {
    return replay->engine;
}

uint64_t mw_replay_refused_moments(const mw_replay *replay) {
    return replay->refused_moments;
}
