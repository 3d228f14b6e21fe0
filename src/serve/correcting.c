#include "serve/correcting.h"

#include "serve/old_entries.h"

/* What is still to reach its place stands nowhere yet. */
static mw_status check_arrival(const mw_sequencer *sequencer, const mw_event *event,
                               mw_error *err) {
    const mw_arrival *arrival = sequencer->arrival;
    if (!arrival || !mw_arrival_is_accepted(arrival) ||
        mw_arrival_find(arrival, event) == MW_EVENT_NEW)
        return MW_OK;
    return mw_fail(err, MW_BUSY, "correction: the ingest that holds this id is still being taken");
}

mw_status mw_sequencer_wish(const mw_sequencer *sequencer, const mw_event *event,
                            mw_lookback_wish *out_wish, mw_error *err) {
    mw_roster_found found;
    MW_TRY(check_arrival(sequencer, event, err));
    MW_TRY(mw_old_entries_look_up(sequencer, event, &found, err));
    MW_ASSERT(found.standing != MW_EVENT_NEW);
    *out_wish = mw_sequencer_wish_for(sequencer, event, &found);
    return MW_OK;
}

mw_lookback_wish mw_sequencer_wish_for(const mw_sequencer *sequencer, const mw_event *event,
                                       const mw_roster_found *found) {
    const mw_stream *stream = &sequencer->config.program->streams[event->stream];
    return (mw_lookback_wish){.stream = event->stream,
                              .place = found->place,
                              .is_in_log = found->origin == MW_FROM_LOG,
                              .id = mw_lookback_id(stream, sequencer->config.symbols, event->row)};
}

mw_status mw_sequencer_look_back(mw_sequencer *sequencer, const mw_lookback_wish *wishes,
                                 size_t count, mw_lookback **out_lookback, mw_error *err) {
    const mw_sequencer_config *config = &sequencer->config;
    MW_TRY(mw_sequencer_commit(sequencer, err));
    mw_lookback_config lookback = {.sys = config->sys,
                                   .log_folder = config->log_folder,
                                   .program = config->program,
                                   .symbols = config->symbols,
                                   .room = config->sources.lookback_room,
                                   .context = config->sources.context,
                                   .look = config->sources.look_back};
    return mw_lookback_create(lookback, wishes, count, out_lookback, err);
}

/* In history and of an ingest many events stand at one place. */
mw_status mw_sequencer_read_back(const mw_sequencer *sequencer, mw_lookback *lookback,
                                 mw_lookback_wish wish, const mw_event *event,
                                 mw_event *out_found, mw_error *err) {
    mw_lookback_search search = {wish, event->row, 0};
    for (;;) {
        mw_event found;
        bool is_found = false;
        MW_TRY(mw_lookback_find(lookback, &search, &found, &is_found, err));
        if (!is_found)
            return mw_fail(err, MW_CORRUPT,
                           "event: what stands under its id is neither in log nor lake");
        mw_roster_found stands;
        MW_TRY(mw_old_entries_look_up(sequencer, &found, &stands, err));
        if (stands.standing != MW_EVENT_REPEATS) continue;
        *out_found = found;
        return MW_OK;
    }
}

/* History that is known only later stands ahead of what the log takes now: a correction would have
   its place before what it corrects, and nobody would ever see it. */
static mw_status check_order(const mw_sequencer *sequencer, const mw_event *found,
                             mw_error *err) {
    int64_t now = mw_sequencer_now(sequencer);
    if (found->place < now || found->place <= sequencer->last_place) return MW_OK;
    mw_status status = mw_fail(err, MW_CONFLICT,
                               "correction: what it corrects must be known, is only from %s on",
                               mw_time_text_of(found->place).text);
    return mw_hint(err, status, "Send it again then.");
}

mw_status mw_sequencer_correct(mw_sequencer *sequencer, mw_lookback *lookback, mw_event *event,
                               mw_error *err) {
    mw_event found;
    mw_lookback_wish wish;
    MW_TRY(mw_sequencer_wish(sequencer, event, &wish, err));
    MW_TRY(mw_sequencer_read_back(sequencer, lookback, wish, event, &found, err));
    mw_events_clear_stream(&sequencer->replaced, event->stream);
    MW_TRY(mw_events_add(&sequencer->replaced, &found, err));
    found = mw_events_row(&sequencer->replaced, event->stream, 0);
    MW_TRY(check_order(sequencer, &found, err));
    event->replaced = found.row;
    event->replaced_time = found.time;
    event->replaced_from = mw_event_counts_from(&found);
    return MW_OK;
}
