#include "serve/rebuild.h"

struct mw_rebuild {
    const mw_sequencer *sequencer;
    mw_decider *decider;
    mw_handover handover;
    mw_log_events *log_events;
    mw_log_scan *scan;
    mw_event event;    /* of the log, to be fed next; its row stays until the next is read */
    bool has_event;
    bool is_at_end;    /* of the log, in this slice */
    mw_lake_walk walk; /* over what was fed from the lake */
    uint64_t fed;
};

static mw_status prepare(mw_rebuild *rebuild, const mw_decider *before, mw_error *err) {
    const mw_sequencer_config *config = &rebuild->sequencer->config;
    if (mw_decider_scorer(before)) {
        const mw_model_program *model = mw_decider_model(before);
        mw_str stream = mw_decider_program(before)->streams[model->moment_stream].name;
        MW_TRY(mw_handover_begin(&rebuild->handover, stream, model->moment_offset_us, err));
    }
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
    mw_handover_init(&rebuild->handover);
    mw_status status = prepare(rebuild, before, err);
    if (status != MW_OK) mw_rebuild_destroy(rebuild);
    else *out_rebuild = rebuild;
    return status;
}

void mw_rebuild_destroy(mw_rebuild *rebuild) {
    if (!rebuild) return;
    mw_log_scan_end(rebuild->scan);
    mw_log_events_destroy(rebuild->log_events);
    mw_handover_release(&rebuild->handover);
    mw_decider_destroy(rebuild->decider);
    mw_free(rebuild);
}

/* An event of the log whose id the lake has too was not fed, as at a recovery. */
static bool was_fed(const mw_sequencer *sequencer, const mw_event *event) {
    mw_event_origin origin = MW_FROM_LOG;
    mw_event_standing standing = mw_roster_find(sequencer->roster, event, &origin);
    return standing == MW_EVENT_NEW || origin == MW_FROM_LOG;
}

static mw_status read_record(mw_rebuild *rebuild, mw_error *err) {
    mw_record record;
    bool has_record = false;
    MW_TRY(mw_log_scan_next(rebuild->scan, &record, &has_record, err));
    rebuild->is_at_end = !has_record;
    if (!has_record) return MW_OK;
    if (record.type == MW_RECORD_DEFINITION)
        return mw_log_events_learn(rebuild->log_events, &record, err);
    if (record.type != MW_RECORD_EVENT) return MW_OK;
    MW_TRY(mw_log_events_read(rebuild->log_events, &record, &rebuild->event, err));
    rebuild->has_event = was_fed(rebuild->sequencer, &rebuild->event);
    return MW_OK;
}

/* The event to be fed next: of equal places that of the lake, as the sequencer has it. */
typedef struct {
    mw_event event;
    mw_lake_walk behind; /* if it is of the lake */
    bool is_of_lake;
} next_event;

static bool find_event(const mw_rebuild *rebuild, next_event *out_next) {
    next_event next;
    next.is_of_lake =
        mw_sequencer_walk(rebuild->sequencer, rebuild->walk, &next.event, &next.behind);
    if (rebuild->has_event &&
        (!next.is_of_lake || next.event.place > rebuild->event.place)) {
        next.event = rebuild->event;
        next.is_of_lake = false;
    }
    *out_next = next;
    return next.is_of_lake || rebuild->has_event;
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
    next_event next;
    bool has_event = find_event(rebuild, &next);
    int64_t place = has_event ? next.event.place : rebuild->sequencer->reached;
    if (mw_decider_next_due(rebuild->decider) <= place) return pass_moment(rebuild, err);
    *out_moved = has_event;
    if (!has_event) return MW_OK;
    MW_TRY(mw_decider_event(rebuild->decider, &next.event, err));
    if (next.is_of_lake) rebuild->walk = next.behind;
    else rebuild->has_event = false;
    rebuild->fed++;
    return MW_OK;
}

mw_status mw_rebuild_run(mw_rebuild *rebuild, size_t step_max, bool *out_is_done,
                         mw_error *err) {
    bool moved = true;
    rebuild->is_at_end = false; /* more may have been committed since */
    for (size_t i = 0; moved && i < step_max; i++) MW_TRY(step(rebuild, &moved, err));
    *out_is_done = !moved;
    return MW_OK;
}

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
