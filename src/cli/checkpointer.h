/*
 * checkpointer: writes checkpoints beside a running server, in a process of its own.
 *
 * That process recovers as a server would, from the checkpoint before and the log behind it, and
 * writes what it knows then. So no request ever waits for a checkpoint, and each proves that the
 * one before is good. One is due when the log has grown by a quarter of what a checkpoint takes, so
 * all of them together write no more than a few times what the log does.
 *
 * The process works in the background: it gets what time of the cores the server leaves. Where that
 * is too little, so that the log has grown by as much as a checkpoint, or by a segment if that is
 * more, it is begun anew among equals, so a start never replays much more than that.
 */
#pragma once
#include "cli/side_work.h"

/* The command `checkpoint`, which is that process. */
mw_status mw_cli_checkpoint(mw_cli *cli, mw_error *err);

typedef struct {
    mw_side_work work;
    uint64_t log_size;     /* when the newest was begun; UINT64_MAX: not known */
    int64_t rest_until_us; /* by the monotonic clock, however much the log grows */
} mw_checkpointer;

/* Starts such a process if a checkpoint is due, and looks after it. Does not wait. */
MW_MUST_USE mw_status mw_checkpointer_advance(mw_checkpointer *checkpointer, mw_error *err);
