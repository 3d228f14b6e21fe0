/*
 * side_work: a command of this program that works beside the server, in a process of its own.
 *
 * In the background it gets what time of the cores the server leaves, which may be none for as long
 * as all are busy (docs/decisions/0032). Where that lasts too long its owner begins it anew among
 * equals: so such a command is one that is as if it had not begun when it is ended in its midst.
 */
#pragma once
#include "cli/command.h"
#include "sys/process.h"

typedef struct {
    mw_cli *cli;
    const char *command; /* without words */
    mw_process *process; /* NULL: none runs */
    bool in_background;  /* that process */
    bool has_failed;     /* the last one, which said why: the next is quiet */
    int64_t cpu_us;      /* that the last one took which came to its end */
} mw_side_work;

/* Begins it; one that runs is ended. Does not wait for it. */
MW_MUST_USE mw_status mw_side_work_begin(mw_side_work *work, bool in_background, mw_error *err);
/* Whether it has ended since it was begun, which is told once. */
MW_MUST_USE mw_status mw_side_work_ended(mw_side_work *work, bool *out_has_ended, mw_error *err);
void mw_side_work_end(mw_side_work *work); /* ends the process, if one runs */
