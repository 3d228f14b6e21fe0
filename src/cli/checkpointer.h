/*
 * checkpointer: writes checkpoints beside a running server, in a process of its own.
 *
 * That process recovers as a server would, from the checkpoint before and the log behind it, and
 * writes what it knows then. So no request ever waits for a checkpoint, and each proves that the
 * one before is good. One is due when the log has grown by a quarter of what a checkpoint takes, so
 * all of them together write no more than a few times what the log does, and when they have rested
 * for a hundred times the CPU that the last one took: one part in a hundred of a core. Where the
 * log has grown by as much as a checkpoint, or by a segment if that is more, one is begun without
 * rest, so that a start replays little however fast the log grows.
 *
 * The process works in the background: it gets what time of the cores the server leaves. Where that
 * is too little, so that the log has grown by as much once more, it is begun anew among equals. So
 * a start never replays much more than twice that.
 */
#pragma once
#include "cli/side_work.h"

/* The command `checkpoint`, which is that process. */
mw_status mw_cli_checkpoint(mw_cli *cli, mw_error *err);

/* What is known when it is decided whether to begin one. */
typedef struct {
    uint64_t growth;    /* of the log since the newest was begun, in bytes */
    uint64_t size;      /* of the newest; 0: there is none */
    bool runs;          /* one is being written */
    bool in_background; /* that one */
    bool rests;         /* no time has come for the next, unless the log grows fast */
} mw_checkpoint_outlook;

/* Whether one is to be begun now, instead of one that runs. */
bool mw_checkpoint_is_wanted(mw_checkpoint_outlook seen);
/* For how long there is none after one that took so much CPU. */
int64_t mw_checkpoint_rest_us(int64_t cpu_us);

typedef struct {
    mw_side_work work;
    uint64_t log_size;     /* when the newest was begun, or else first seen; UINT64_MAX: not yet */
    int64_t rest_until_us; /* by the monotonic clock */
} mw_checkpointer;

/* Starts such a process if a checkpoint is due, and looks after it. Does not wait. */
MW_MUST_USE mw_status mw_checkpointer_advance(mw_checkpointer *checkpointer, mw_error *err);
