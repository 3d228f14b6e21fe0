/*
 * batch_commit: what makes an answer of the server one that it may give.
 *
 * Each turn of one of its threads is a batch, whose records are handed to the kernel before its
 * answers leave. The disk follows by a thread of its own (store/syncer.h): every tick, or, with
 * `durability: disk`, after each batch, whose answers await that.
 *
 * A full disk is no failure: nothing is taken in until there is room, and who sent what waits for
 * it is told so. After any other failure nothing can be promised any more.
 *
 * Belongs to who holds the server's baton, but for mw_batch_commit_look.
 */
#pragma once
#include "cli/command.h"
#include "serve/sequencer.h"
#include "serve/server.h"
#include "store/syncer.h"

typedef struct {
    mw_cli *cli;
    mw_syncer *syncer;
    bool is_durable; /* answers await the disk */
    bool lacks_room; /* the disk is full */
    int64_t refused_places[MW_SERVER_TELLERS_MAX + 1]; /* of each thread: the last place of a batch
                                                       that found the disk full */
} mw_batch_commit;

/* The syncer tells of its syncs where answers await them. */
MW_MUST_USE mw_status mw_batch_commit_begin(mw_batch_commit *commit, mw_cli *cli,
                                            mw_syncer_config config, bool is_durable,
                                            mw_error *err);
/* The batch of a thread: 0 is that of the reactor, then tellers follow. `*out_sync`: what its
   answers are to await; left as it is if nothing. MW_NO_SPACE is told to this batch alone. */
MW_MUST_USE mw_status mw_batch_commit_run(mw_batch_commit *commit, mw_sequencer *sequencer,
                                          size_t thread, uint64_t *out_sync, mw_error *err);
/* Makes what falls due without a request, and lets the disk follow the kernel. */
MW_MUST_USE mw_status mw_batch_commit_tick(mw_batch_commit *commit, mw_sequencer *sequencer,
                                           mw_error *err);
/* From any thread: the last sync that has ended. */
MW_MUST_USE mw_status mw_batch_commit_look(const mw_batch_commit *commit, uint64_t *out_sync,
                                           mw_error *err);
/* Begun or not. Stopped, it tells nobody any more; what still commits syncs by itself. */
void mw_batch_commit_stop(mw_batch_commit *commit);
void mw_batch_commit_end(mw_batch_commit *commit);
