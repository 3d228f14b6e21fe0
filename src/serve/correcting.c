#include "serve/correcting.h"

#include "ingest/load.h"
#include "serve/sequencer_state.h"

static mw_status is_lost(mw_error *err) {
    return mw_fail(err, MW_CORRUPT, "correction: what it replaces stands neither in log nor lake");
}

/* Whether this very event stands. */
static bool stands(const mw_sequencer *sequencer, const mw_event *event) {
    return mw_roster_find(sequencer->roster, event, NULL) == MW_EVENT_REPEATS;
}

static mw_status keep(mw_sequencer *sequencer, const mw_event *found, mw_error *err) {
    mw_events_clear_stream(&sequencer->replaced, found->stream);
    return mw_events_add(&sequencer->replaced, found, err);
}

/* --- the log ------------------------------------------------------------------------------ */

static mw_status scan_to(mw_sequencer *sequencer, mw_log_scan *scan, int64_t place,
                         bool *out_is_found, mw_error *err) {
    for (bool has_record = true; has_record;) {
        mw_record record;
        MW_TRY(mw_log_scan_next(scan, &record, &has_record, err));
        if (has_record && record.type == MW_RECORD_DEFINITION) {
            MW_TRY(mw_log_events_learn(sequencer->log_events, &record, err));
            continue;
        }
        if (!has_record || record.place < place) continue;
        mw_event found;
        if (record.place > place || record.type != MW_RECORD_EVENT) return MW_OK;
        MW_TRY(mw_log_events_read(sequencer->log_events, &record, &found, err));
        *out_is_found = stands(sequencer, &found);
        return *out_is_found ? keep(sequencer, &found, err) : MW_OK;
    }
    return MW_OK;
}

static mw_status find_in_log(mw_sequencer *sequencer, int64_t place, bool *out_is_found,
                             mw_error *err) {
    const mw_sequencer_config *config = &sequencer->config;
    mw_log_scan *scan = NULL;
    MW_TRY(mw_sequencer_commit(sequencer, err)); /* it may be of this very batch */
    if (!sequencer->log_events)
        MW_TRY(mw_log_events_create(config->program, config->symbols, &sequencer->log_events,
                                    err));
    MW_TRY(mw_log_scan_begin(config->sys, config->log_folder, place, &scan, err));
    mw_status status = scan_to(sequencer, scan, place, out_is_found, err);
    mw_log_scan_end(scan);
    return status;
}

/* --- the lake ----------------------------------------------------------------------------- */

static mw_status find_in_lake(mw_sequencer *sequencer, int32_t stream, int64_t place,
                              bool *out_is_found, mw_error *err) {
    const mw_sequencer_sources *sources = &sequencer->config.sources;
    mw_events there;
    MW_TRY(mw_program_events(sequencer->config.program, &there, err));
    mw_status status = sources->look_back(sources->context, stream, place, &there, err);
    size_t count = status == MW_OK ? there.streams[stream].rows.row_count : 0;
    for (size_t row = 0; row < count && !*out_is_found; row++) {
        mw_event one = mw_events_row(&there, stream, row);
        *out_is_found = stands(sequencer, &one);
        if (*out_is_found) status = keep(sequencer, &one, err);
    }
    mw_events_release(&there);
    return status;
}

mw_status mw_sequencer_correct(mw_sequencer *sequencer, mw_event *event, mw_error *err) {
    const mw_arrival *arrival = sequencer->arrival;
    if (arrival && mw_arrival_is_accepted(arrival) &&
        mw_arrival_find(arrival, event) != MW_EVENT_NEW)
        return mw_fail(err, MW_BUSY,
                       "correction: the ingest that holds this id is still being taken");
    int64_t place = mw_roster_place(sequencer->roster, event);
    mw_event_origin origin = MW_FROM_LOG;
    bool is_found = false;
    (void)mw_roster_find(sequencer->roster, event, &origin);
    if (origin == MW_FROM_LOG) MW_TRY(find_in_log(sequencer, place, &is_found, err));
    /* What the log had may have been moved. */
    if (!is_found) MW_TRY(find_in_lake(sequencer, event->stream, place, &is_found, err));
    if (!is_found) return is_lost(err);
    mw_event found = mw_events_row(&sequencer->replaced, event->stream, 0);
    event->replaced = found.row;
    event->replaced_time = found.time;
    event->replaced_from = mw_event_counts_from(&found);
    return MW_OK;
}
