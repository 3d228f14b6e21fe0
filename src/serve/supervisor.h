/*
 * supervisor: keeps the processes of one server running.
 *
 * It starts one child for each role and starts again whichever dies, after a pause that doubles
 * with each quick death; a role that keeps dying quickly, or fails before it has ever lived, is
 * given up, and all with it. On SIGTERM, SIGINT or SIGHUP the children are told to drain by
 * SIGTERM; who is not gone in time, or when a second signal comes, is killed. Children die with
 * the supervisor (sys/process.h), so nothing outlives a kill -9.
 *
 * Call it from the main thread, which the children hang on, before others are started.
 */
#pragma once
#include "sys/process.h"

enum { MW_SUPERVISOR_ROLES_MAX = 16 };

typedef struct {
    const char *name;             /* "server", for messages */
    const char *const *arguments; /* as for mw_process_start */
} mw_role;

typedef struct {
    const mw_role *roles;
    size_t role_count;
    /* One line for people, without a line break: what was started, has died, is drained. */
    void (*say)(void *context, const char *line);
    void *context;

    /* 0 means the default. */
    int64_t quick_us;       /* 5 s: who lives shorter has died quickly */
    int quick_death_max;    /* 5 in a row, then the role is given up */
    int64_t pause_us;       /* 100 ms before the first restart, doubled up to 10 s */
    int64_t drain_us;       /* 15 s from SIGTERM to SIGKILL */
} mw_supervisor_config;

/* Returns when all children have ended: MW_OK if it was told to stop and all drained well. A
   role that failed at its first start gives the status of its exit code (2: MW_USAGE, 3:
   MW_INVALID); all else is MW_UNAVAILABLE. The message names the role and what it did. */
MW_MUST_USE mw_status mw_supervisor_run(mw_sys *sys, mw_supervisor_config config, mw_error *err);
