/*
 * log_mover: has the log's events moved to the lake beside a running server, in a process of its
 * own: when a segment of the log is closed, and once a day.
 *
 * So neither the server nor the keeper waits or holds the events, and a move that is killed is as
 * if it had not begun. It works in the background; but who adds to the lake beside it waits for its
 * end, so one that has not come to it in some seconds is begun anew among equals.
 */
#pragma once
#include "cli/side_work.h"

/* The command `move-log`, which is that process. It moves what there is. */
mw_status mw_cli_move_log(mw_cli *cli, mw_error *err);

typedef struct {
    mw_side_work work;
    int64_t segment; /* the log's newest when the last began; INT64_MIN: none has */
    int64_t due_us;  /* by the monotonic clock, whatever the log does; while one runs in the
                        background, when it is begun anew */
} mw_log_mover;

/* Starts such a process if one is due, and looks after it. Does not wait. */
MW_MUST_USE mw_status mw_log_mover_advance(mw_log_mover *mover, mw_error *err);
