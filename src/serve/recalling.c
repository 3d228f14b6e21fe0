#include "serve/recalling.h"

#include <string.h>

#include "serve/correcting.h"
#include "serve/old_entries.h"

mw_status mw_sequencer_wish_entered(const mw_sequencer *sequencer, const mw_event *event,
                                    mw_lookback_wish *out_wish, bool *out_is_wished,
                                    mw_error *err) {
    const mw_stream *stream = &sequencer->config.program->streams[event->stream];
    mw_roster_found found = {.standing = MW_EVENT_NEW};
    if (stream->entry_count > 0 && !mw_entrance_remembers(sequencer->entrance, event))
        MW_TRY(mw_old_entries_look_up(sequencer, event, &found, err));
    *out_is_wished = found.standing != MW_EVENT_NEW;
    if (*out_is_wished) *out_wish = mw_sequencer_wish_for(sequencer, event, &found);
    return MW_OK;
}

/* The event as it stood at the place: a correction that history has for later carries the row that
   it will replace. NULL: it has not entered by then. */
static mw_status row_at(const mw_event *found, int64_t place, const mw_cell **out_row,
                        mw_error *err) {
    bool is_ahead = found->place > place, was_other = found->replaced;
    *out_row = is_ahead ? found->replaced : found->row;
    if (!is_ahead || !was_other || found->replaced_from <= place) return MW_OK;
    mw_status status = mw_fail(err, MW_CONFLICT,
                               "event: history has more than one correction of it for later, the "
                               "first of %s", mw_time_text_of(found->replaced_from).text);
    return mw_hint(err, status, "Ask again then.");
}

mw_status mw_sequencer_recall(const mw_sequencer *sequencer, mw_looked_back at,
                              mw_received received, int64_t place, bool *out_has_entered,
                              mw_error *err) {
    const mw_event *event = &received.events[0];
    const mw_stream *stream = &sequencer->config.program->streams[event->stream];
    size_t first = stream->schema.field_count - stream->entry_count;
    mw_event found;
    const mw_cell *row;
    MW_TRY(mw_sequencer_read_back(sequencer, at.lookback, at.wish, event, &found, err));
    MW_TRY(row_at(&found, place, &row, err));
    *out_has_entered = row != NULL;
    if (row)
        memcpy(received.cells + first, row + first, stream->entry_count * sizeof *row);
    return MW_OK;
}
