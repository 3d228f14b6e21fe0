/*
 * Recovery: what a log and a history say, told to a sequencer that knows nothing yet.
 *
 * The log is read twice. A survey learns where it begins, under which clock it was made and what
 * was predicted; then its events are fed in the order of their places, together with history,
 * while the moments that fall due pass: what was made of them stands in the log. Moments that
 * fell due after its last record are met by the sequencer afterwards, as if time had stood still.
 */
#include "serve/sequencer_state.h"

typedef struct {
    mw_sequencer *sequencer;
    mw_log_events *log_events;
    mw_log_scan *scan;
    bool has_begun, is_virtual;
} recovery;

/* --- the log ------------------------------------------------------------------------------ */

typedef mw_status (*use_record)(recovery *r, const mw_record *record, mw_error *err);

static mw_status read_log(recovery *r, use_record use, mw_error *err) {
    const mw_sequencer_config *config = &r->sequencer->config;
    bool has_record = true;
    MW_TRY(mw_log_scan_begin(config->sys, config->log_folder, INT64_MIN, &r->scan, err));
    mw_status status = MW_OK;
    while (status == MW_OK) {
        mw_record record;
        status = mw_log_scan_next(r->scan, &record, &has_record, err);
        if (status != MW_OK || !has_record) break;
        status = use(r, &record, err);
    }
    mw_log_scan_end(r->scan);
    return status;
}

/* --- the survey --------------------------------------------------------------------------- */

static void survey_control(recovery *r, const mw_record *record) {
    mw_sequencer *sequencer = r->sequencer;
    bool is_virtual = mw_log_control_is(record, MW_CONTROL_BEGIN_VIRTUAL);
    if (is_virtual || mw_log_control_is(record, MW_CONTROL_BEGIN_WALL)) {
        r->has_begun = true;
        r->is_virtual = is_virtual;
        sequencer->begin = record->place;
    }
    if (record->time > sequencer->now_us) sequencer->now_us = record->time;
}

static mw_status survey_prediction(recovery *r, const mw_record *record, mw_error *err) {
    mw_ledger *ledger = r->sequencer->ledger;
    mw_prediction prediction;
    MW_TRY(mw_prediction_read_head(record->payload, &prediction, err));
    mw_ledger_entry entry = {record->place,
                             mw_ledger_event(ledger, prediction.model, prediction.event_id),
                             mw_log_scan_position(r->scan)};
    MW_TRY(mw_ledger_add(ledger, &entry, err));
    mw_ledger_settle_all(ledger);
    return MW_OK;
}

static mw_status survey(recovery *r, const mw_record *record, mw_error *err) {
    if (record->type == MW_RECORD_DEFINITION) return MW_OK;
    r->sequencer->last_place = record->place;
    if (record->type == MW_RECORD_CONTROL) survey_control(r, record);
    return record->type == MW_RECORD_PREDICTION ? survey_prediction(r, record, err) : MW_OK;
}

static mw_status check_clock(const recovery *r, mw_error *err) {
    if (!r->has_begun || r->is_virtual == r->sequencer->config.is_virtual) return MW_OK;
    const char *had = r->is_virtual ? "a virtual" : "the wall";
    mw_status status = mw_fail(err, MW_CONFLICT, "clock: the log was made under %s clock", had);
    return mw_hint(err, status, r->is_virtual ? "Go on with serve --clock TIME."
                                              : "A virtual clock needs a log of its own: copy "
                                                "the project without its log.");
}

/* --- feeding ------------------------------------------------------------------------------ */

static mw_status feed(recovery *r, const mw_record *record, mw_error *err) {
    if (record->type == MW_RECORD_DEFINITION)
        return mw_log_events_learn(r->log_events, record, err);
    if (record->type != MW_RECORD_EVENT) return MW_OK;
    mw_sequencer *sequencer = r->sequencer;
    mw_event event;
    MW_TRY(mw_log_events_read(r->log_events, record, &event, err));
    MW_TRY(mw_sequencer_reach(sequencer, event.place, err));
    /* Since it was logged, an ingest may have brought the same event into the lake. */
    if (mw_sequencer_find(sequencer, &event) != MW_EVENT_NEW) {
        sequencer->stats.repeats++;
        return MW_OK;
    }
    sequencer->stats.log_events++;
    MW_TRY(mw_roster_add(sequencer->roster, &event, MW_FROM_LOG, err));
    return mw_sequencer_feed(sequencer, &event, err);
}

/* --- all of it ---------------------------------------------------------------------------- */

static mw_status define_streams(recovery *r, mw_error *err) {
    for (size_t i = 0; i < r->sequencer->config.program->stream_count; i++)
        MW_TRY(mw_log_define(r->sequencer->log, (uint32_t)i,
                             mw_log_events_definition(r->log_events, i), err));
    return MW_OK;
}

static mw_status create_deciders(mw_sequencer *sequencer, mw_error *err) {
    for (size_t i = 0; i < sequencer->config.program->model_count; i++)
        MW_TRY(mw_sequencer_create_decider(sequencer, i, &sequencer->config.champions[i],
                                           &sequencer->deciders[i], err));
    return MW_OK;
}

static mw_status begin_log(recovery *r, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    MW_TRY(mw_sequencer_control(sequencer,
                                sequencer->config.is_virtual ? MW_CONTROL_BEGIN_VIRTUAL
                                                             : MW_CONTROL_BEGIN_WALL, err));
    sequencer->begin = sequencer->last_place;
    return MW_OK;
}

static mw_status recover(recovery *r, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    const mw_sequencer_config *config = &sequencer->config;
    MW_TRY(mw_log_events_create(config->program, config->symbols, &r->log_events, err));
    MW_TRY(read_log(r, survey, err));
    MW_TRY(check_clock(r, err));
    if (sequencer->last_place < config->lake_place) sequencer->last_place = config->lake_place;
    MW_TRY(create_deciders(sequencer, err));
    sequencer->is_recovering = true;
    MW_TRY(read_log(r, feed, err));
    MW_TRY(define_streams(r, err));
    if (!r->has_begun) MW_TRY(begin_log(r, err));
    sequencer->is_recovering = false;
    return MW_OK;
}

mw_status mw_recovery_run(mw_sequencer *sequencer, mw_error *err) {
    recovery r = {.sequencer = sequencer};
    mw_status status = recover(&r, err);
    mw_log_events_destroy(r.log_events);
    return status;
}
