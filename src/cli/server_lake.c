#include "cli/server_lake.h"

mw_status mw_server_lake_recall(const mw_workspace *workspace, int64_t after, mw_past **out_past,
                                mw_error *err) {
    mw_past_config config = {workspace->cli->sys, workspace->state_folder, workspace->program,
                             workspace->symbols, after};
    return mw_past_begin(config, out_past, err);
}

mw_status mw_server_lake_look(const mw_workspace *workspace, mw_symbols *symbols,
                              mw_lookback *lookback, mw_events *out_events, mw_error *err) {
    mw_lake_snapshot snapshot;
    mw_lookback_part part;
    mw_state *state = NULL;
    MW_TRY(mw_state_open(workspace->cli->sys, workspace->state_folder, MW_STATE_READ, &state,
                         err));
    mw_status status = mw_lake_look(mw_state_lake(state), &snapshot, err);
    while (status == MW_OK && mw_lookback_next(lookback, &part)) {
        const mw_stream *stream = &workspace->program->streams[part.stream];
        mw_lake_wish wish = {stream->name, part.stream, symbols, INT64_MIN, 0};
        /* The sequencer takes only what has the digest that it knows (serve/correcting.c), so bytes
           may be any; but what fields with windows had is in none. */
        mw_lake_picks picks = {part.places, part.filter, stream->entry_count == 0};
        status = mw_lake_pick(mw_state_lake(state), &snapshot, wish, &picks, out_events, err);
    }
    mw_state_close(state);
    return status;
}
