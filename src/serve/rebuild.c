#include "serve/rebuild.h"

#include "serve/old_entries.h"
#include "table/passing.h"

struct mw_rebuild {
    const mw_sequencer *sequencer;
    mw_decider *decider;
    mw_handover handover;
    mw_past *past;     /* all of the lake */
    mw_log_events *log_events;
    mw_log_scan *scan;
    mw_event event;    /* of the log, to be fed next; its row stays until the next is read */
    bool has_event;
    bool is_at_end;    /* of the log, in this slice */
    size_t history_next, arrived_next;
    uint64_t fed;
};

static mw_status prepare(mw_rebuild *rebuild, const mw_decider *before, mw_error *err) {
    const mw_sequencer_config *config = &rebuild->sequencer->config;
    if (mw_decider_scorer(before)) {
        const mw_model_program *model = mw_decider_model(before);
        mw_str stream = mw_decider_program(before)->streams[model->moment_stream].name;
        MW_TRY(mw_handover_begin(&rebuild->handover, stream, model->moment_offset_us, err));
    }
    MW_TRY(config->sources.recall(config->sources.context, INT64_MIN, &rebuild->past, err));
    MW_TRY(mw_log_events_create(config->program, config->symbols, &rebuild->log_events, err));
    return mw_log_scan_begin(config->sys, config->log_folder, INT64_MIN, &rebuild->scan, err);
}

mw_status mw_rebuild_create(const mw_sequencer *sequencer, mw_decider *decider,
                            const mw_decider *before, mw_rebuild **out_rebuild, mw_error *err) {
    mw_rebuild *rebuild = mw_allocate(sizeof *rebuild);
    if (!rebuild) {
        mw_decider_destroy(decider);
        return mw_fail(err, MW_NO_MEMORY, "rebuild: no memory");
    }
    *rebuild = (mw_rebuild){.sequencer = sequencer, .decider = decider};
    mw_handover_init(&rebuild->handover, sequencer->config.symbols);
    mw_status status = prepare(rebuild, before, err);
    if (status != MW_OK) mw_rebuild_destroy(rebuild);
    else *out_rebuild = rebuild;
    return status;
}

void mw_rebuild_destroy(mw_rebuild *rebuild) {
    if (!rebuild) return;
    mw_past_end(rebuild->past);
    mw_log_scan_end(rebuild->scan);
    mw_log_events_destroy(rebuild->log_events);
    mw_handover_release(&rebuild->handover);
    mw_decider_destroy(rebuild->decider);
    mw_free(rebuild);
}

/* An event of the log whose id the lake has too was not fed, as at a recovery. */
static mw_status was_fed(const mw_sequencer *sequencer, const mw_event *event, bool *out_was_fed,
                         mw_error *err) {
    mw_roster_found found;
    MW_TRY(mw_old_entries_look_up(sequencer, event, &found, err));
    *out_was_fed = event->replaced || found.standing != MW_EVENT_REPEATS ||
                   found.origin == MW_FROM_LOG;
    return MW_OK;
}

static mw_status read_record(mw_rebuild *rebuild, mw_error *err) {
    mw_record record;
    bool has_record = false;
    MW_TRY(mw_log_scan_next(rebuild->scan, &record, &has_record, err));
    rebuild->is_at_end = !has_record;
    if (!has_record) return MW_OK;
    if (record.type == MW_RECORD_DEFINITION)
        return mw_log_events_learn(rebuild->log_events, &record, err);
    bool is_in_lake = record.place <= mw_past_snapshot(rebuild->past)->log_through;
    if (record.type != MW_RECORD_EVENT || is_in_lake) return MW_OK;
    MW_TRY(mw_log_events_read(rebuild->log_events, &record, &rebuild->event, err));
    return was_fed(rebuild->sequencer, &rebuild->event, &rebuild->has_event, err);
}

typedef enum { FROM_PAST, ARRIVED, FROM_LOG, NOWHERE } origin;

/* The place of the next event of the past that the sequencer was fed too; INT64_MAX: none. */
static int64_t past_place(const mw_rebuild *rebuild) {
    if (rebuild->history_next == mw_past_count(rebuild->past)) return INT64_MAX;
    int64_t place = mw_past_place(rebuild->past, rebuild->history_next);
    return place <= rebuild->sequencer->reached ? place : INT64_MAX;
}

/* The next event that was ingested since the past was read. */
static bool find_arrived(mw_rebuild *rebuild, mw_event *out_event) {
    int64_t ingest, known = mw_past_snapshot(rebuild->past)->ingest;
    while (mw_sequencer_arrived(rebuild->sequencer, rebuild->arrived_next, out_event, &ingest)) {
        if (ingest > known) return true;
        rebuild->arrived_next++;
    }
    return false;
}

/* The event to be fed next: of equal places the lake's, as the sequencer has it. */
static mw_status find_event(mw_rebuild *rebuild, mw_event *out_event, origin *out_origin,
                            mw_error *err) {
    mw_event arrived;
    int64_t first = past_place(rebuild);
    origin from = first < INT64_MAX ? FROM_PAST : NOWHERE;
    if (find_arrived(rebuild, &arrived) && arrived.place < first) {
        from = ARRIVED;
        first = arrived.place;
        *out_event = arrived;
    }
    if (rebuild->has_event && rebuild->event.place < first) {
        from = FROM_LOG;
        *out_event = rebuild->event;
    }
    *out_origin = from;
    if (from != FROM_PAST) return MW_OK;
    return mw_past_at(rebuild->past, rebuild->history_next, out_event, err);
}

static void pass_event(mw_rebuild *rebuild, origin from) {
    if (from == FROM_PAST) rebuild->history_next++;
    else if (from == ARRIVED) rebuild->arrived_next++;
    else rebuild->has_event = false;
    rebuild->fed++;
}

static mw_status pass_moment(mw_rebuild *rebuild, mw_error *err) {
    mw_prediction prediction;
    bool found = false;
    const mw_sequencer *sequencer = rebuild->sequencer;
    MW_TRY(mw_decider_pass(rebuild->decider, mw_decider_next_due(rebuild->decider), &prediction,
                           &found, err));
    if (!found || prediction.place <= sequencer->begin) return MW_OK;
    return mw_handover_keep(&rebuild->handover, rebuild->decider, &prediction,
                            sequencer->reached, err);
}

static mw_status step(mw_rebuild *rebuild, bool *out_moved, mw_error *err) {
    *out_moved = true;
    if (!rebuild->has_event && !rebuild->is_at_end) {
        MW_TRY(read_record(rebuild, err));
        if (!rebuild->is_at_end) return MW_OK;
    }
    mw_event event;
    origin from;
    MW_TRY(find_event(rebuild, &event, &from, err));
    int64_t place = from != NOWHERE ? event.place : rebuild->sequencer->reached;
    if (mw_decider_next_due(rebuild->decider) <= place) return pass_moment(rebuild, err);
    *out_moved = from != NOWHERE;
    if (from == NOWHERE) return MW_OK;
    MW_TRY(mw_decider_event(rebuild->decider, &event, err));
    pass_event(rebuild, from);
    return MW_OK;
}

mw_status mw_rebuild_run(mw_rebuild *rebuild, size_t step_max, bool *out_is_done,
                         mw_error *err) {
    bool moved = true;
    *out_is_done = false;
    if (mw_rebuild_waits(rebuild)) return MW_OK;
    MW_TRY(mw_past_wait(rebuild->past, err));
    rebuild->is_at_end = false; /* more may have been committed since */
    for (size_t i = 0; moved && i < step_max; i++) {
        mw_passing_tidy(rebuild->sequencer->config.symbols);
        MW_TRY(step(rebuild, &moved, err));
    }
    *out_is_done = !moved;
    return MW_OK;
}

bool mw_rebuild_waits(const mw_rebuild *rebuild) { return !mw_past_is_read(rebuild->past); }

double mw_rebuild_share(const mw_rebuild *rebuild) {
    const mw_sequencer_stats *stats = &rebuild->sequencer->stats;
    uint64_t all = stats->history_events + stats->log_events;
    return all > 0 ? (double)rebuild->fed / (double)all : 1;
}

const mw_decider *mw_rebuild_decider(const mw_rebuild *rebuild) { return rebuild->decider; }
const mw_handover *mw_rebuild_handover(const mw_rebuild *rebuild) { return &rebuild->handover; }

mw_decider *mw_rebuild_take(mw_rebuild *rebuild) {
    mw_decider *decider = rebuild->decider;
    rebuild->decider = NULL;
    return decider;
}
