/*
 * checkpointer: writes checkpoints beside a running server, in a process of its own.
 *
 * That process recovers as a server would, from the checkpoint before and the log behind it, and
 * writes what it knows then. So no request ever waits for a checkpoint, and each proves that the
 * one before is good. One is due when the log has grown by a quarter of what a checkpoint takes, so
 * all of them together write no more than a few times what the log does, and a start never
 * replays more than that.
 */
#pragma once
#include "cli/command.h"
#include "sys/process.h"

/* The command `checkpoint`, which is that process. */
mw_status mw_cli_checkpoint(mw_cli *cli, mw_error *err);

typedef struct {
    mw_cli *cli;
    mw_process *process; /* NULL: none runs */
    uint64_t log_size;   /* when the newest was begun; UINT64_MAX: not known */
    bool has_failed;     /* the last one, which said why */
} mw_checkpointer;

/* Starts such a process if a checkpoint is due, and looks after it. Does not wait. */
MW_MUST_USE mw_status mw_checkpointer_advance(mw_checkpointer *checkpointer, mw_error *err);
void mw_checkpointer_end(mw_checkpointer *checkpointer); /* ends the process, too */
