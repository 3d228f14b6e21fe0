#include "cli/batch_commit.h"

mw_status mw_batch_commit_begin(mw_batch_commit *commit, mw_cli *cli, mw_syncer_config config,
                                bool is_durable, mw_error *err) {
    *commit = (mw_batch_commit){.cli = cli, .is_durable = is_durable};
    for (size_t i = 0; i <= MW_SERVER_TELLERS_MAX; i++) commit->refused_places[i] = INT64_MIN;
    if (!is_durable) config.told = NULL;
    return mw_syncer_create(config, &commit->syncer, err);
}

static void note_room(mw_batch_commit *commit, mw_status committed, const mw_error *err) {
    bool lacks_room = committed == MW_NO_SPACE;
    if (lacks_room && !commit->lacks_room)
        mw_cli_note(commit->cli, "server: %s; nothing is taken in until there is room",
                    err->message);
    if (committed == MW_OK && commit->lacks_room)
        mw_cli_note(commit->cli, "server: there is room again");
    commit->lacks_room = lacks_room;
}

mw_status mw_batch_commit_run(mw_batch_commit *commit, mw_sequencer *sequencer, size_t thread,
                              uint64_t *out_sync, mw_error *err) {
    mw_error reason = {0};
    mw_status status = mw_sequencer_commit(sequencer, &reason);
    note_room(commit, status, &reason);
    if (status == MW_NO_SPACE) {
        /* Where nothing was gathered since, the answers of this turn promise nothing. */
        int64_t place = mw_sequencer_read_stats(sequencer).last_place;
        if (place == commit->refused_places[thread]) return MW_OK;
        commit->refused_places[thread] = place;
    }
    if (status == MW_OK && commit->is_durable)
        *out_sync = mw_syncer_ask(commit->syncer, mw_sequencer_committed(sequencer));
    if (status != MW_OK && err) *err = reason;
    return status;
}

mw_status mw_batch_commit_tick(mw_batch_commit *commit, mw_sequencer *sequencer, mw_error *err) {
    uint64_t done;
    MW_TRY(mw_sequencer_advance(sequencer, err));
    mw_status status = mw_sequencer_commit(sequencer, err);
    if (status != MW_NO_SPACE) MW_TRY(status); /* else it waits; who sent it is told by the batch */
    mw_syncer_ask(commit->syncer, mw_sequencer_committed(sequencer));
    return mw_batch_commit_look(commit, &done, err);
}

mw_status mw_batch_commit_look(const mw_batch_commit *commit, uint64_t *out_sync, mw_error *err) {
    return mw_syncer_look(commit->syncer, out_sync, err);
}

void mw_batch_commit_stop(mw_batch_commit *commit) {
    if (commit->syncer) mw_syncer_stop(commit->syncer);
}

void mw_batch_commit_end(mw_batch_commit *commit) { mw_syncer_destroy(commit->syncer); }
