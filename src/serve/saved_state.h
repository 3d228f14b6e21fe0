/*
 * saved_state: a sequencer as the sections of a checkpoint, and back.
 *
 *     "sequencer"     sealed "MWSQ": what it goes by (below), the numbers, who answers
 *     "roster"        feature/roster.h       "ledger"   serve/ledger.h
 *     "rankings"   likewise, of each ranking its first prediction
 *     "runs"       names of files with what is old of these three (serve/old_entries.h)
 *     "entrance"      feature/entrance.h; empty where no field of a stream has windows
 *     "course NAME"   of each model, feature/course.h
 *
 * A state is bound to the log, to the streams as the project file has them, and to the lake's
 * version: under any other it would be a wrong answer in silence, so it is not used. A course is
 * bound to its program besides. For serve/recovery.h and the sequencer alone.
 */
#pragma once
#include "serve/sequencer_state.h"
#include "store/checkpoint.h"

/* A checkpoint that is being read. */
typedef struct {
    uint64_t number; /* 0: none is */
    bool is_virtual; /* its log's clock */
    int64_t last_prediction; /* stamp */
    mw_arena arena;
    mw_buf bytes;
    mw_checkpoint checkpoint; /* points into the bytes */
} mw_saved_state;

void mw_saved_state_init(mw_saved_state *saved);
void mw_saved_state_release(mw_saved_state *saved); /* as if just initialised */

/* Reads a checkpoint and gives a sequencer that knows nothing all of it but the courses. After a
   failure it knows some of it. MW_CONFLICT: made under other circumstances. */
MW_MUST_USE mw_status mw_saved_state_read(mw_saved_state *saved, mw_sequencer *sequencer,
                                          uint64_t number, mw_error *err);
/* Fills the courses of deciders just made. MW_CONFLICT: one goes by another program by now. */
MW_MUST_USE mw_status mw_saved_state_load_courses(const mw_saved_state *saved,
                                                  mw_sequencer *sequencer, mw_error *err);
/* Tells what a state is bound to besides the log from anything else: streams, lake, format. */
uint64_t mw_saved_state_circumstances(const mw_sequencer *sequencer);
/* Writes a checkpoint of a sequencer all of whose records are committed and synced. Nothing, where
   the log is empty. */
MW_MUST_USE mw_status mw_saved_state_write(const mw_sequencer *sequencer, mw_error *err);
