/*
 * prover: proves a share of what a server has recorded, in a process of its own beside it.
 *
 * That process works out the features of some recorded predictions of each champion by the rules
 * (feature/oracle.h), from all events: where the keeper's recheck finds that two courses of the
 * same engine parted, this finds that the engine itself is wrong. What it has found stands in the
 * catalog, for metrics and alerts. It is slow and holds the whole history, so it runs when the log
 * has grown, takes some of what was recorded since it ran last, and rests for a hundred times the
 * CPU that it took: one part in a hundred of a core. A history that may take more than 1 GB of
 * memory is not proved beside a server; the process says so.
 */
#pragma once
#include "cli/workspace.h"
#include "sys/process.h"

/* Predictions that were looked at since the version became champion. */
typedef struct {
    uint64_t proved, differing; /* the latter are among the former */
    int64_t through; /* it was picked from what is recorded before this place; INT64_MIN: nothing */
} mw_proof;

/* What has been found under this champion of the model: nothing yet, too, where what was written of
   it cannot be read, which is told. */
MW_MUST_USE mw_status mw_proof_read(const mw_workspace *workspace, mw_str model, mw_str version,
                                    mw_proof *out_proof, mw_error *err);

/* The command `prove`, which is that process; --bytes-max sets another limit. */
mw_status mw_cli_prove(mw_cli *cli, mw_error *err);

enum { MW_PROVER_SAID_MAX = 4096 };

typedef struct {
    mw_cli *cli;
    mw_process *process;     /* NULL: none runs */
    mw_log_position log_end; /* when the last was begun, or the log was looked at first */
    int64_t due_us;          /* no earlier, by the monotonic clock; 0: it was not looked at */
    char said[MW_PROVER_SAID_MAX]; /* by the last one: said again only when it is something else */
} mw_prover;

/* Starts such a process if one is due, and looks after it. Does not wait. */
MW_MUST_USE mw_status mw_prover_advance(mw_prover *prover, mw_error *err);
