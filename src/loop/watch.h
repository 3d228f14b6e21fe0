/*
 * watch: one model in production: its follower tells its loop.
 *
 * It begins with the log and goes on as the log grows. Drift is held against the champion's
 * training from the first prediction that the champion made. Who only looks never retrains;
 * who keeps the model says up to when it did so in an earlier life: that has no consequences
 * again. The watch itself writes nothing.
 */
#pragma once
#include "loop/follower.h"
#include "loop/loop.h"

typedef struct mw_watch mw_watch;

typedef struct {
    mw_loop_hooks hooks;
    int64_t checked; /* midnights up to it have had their consequences; INT64_MIN: none yet */
    int64_t trained; /* the last training; INT64_MIN: none since the log began */
} mw_keeping;

/* All that it points to outlives the watch; the champion's bytes need not. */
typedef struct {
    mw_sys *sys;
    const char *log_folder;
    const mw_program *program;
    const mw_model_program *model;
    const mw_project_model *project_model;
    mw_symbols *symbols;
    mw_engine_memory memory;   /* of its windows */
    const mw_events *history;
    mw_lake_snapshot lake;     /* that it is of */
    mw_str champion;           /* bytes */
    const mw_keeping *keeping; /* copied; NULL: it is only looked at */
    mw_follower_kinship kinship;
} mw_watch_config;

/* MW_CONFLICT if the champion has other features than the program. */
MW_MUST_USE mw_status mw_watch_create(mw_watch_config config, mw_watch **out_watch,
                                      mw_error *err);
void mw_watch_destroy(mw_watch *watch); /* NULL is allowed */
/* Takes what the log has more, up to there, and measures as of then. */
MW_MUST_USE mw_status mw_watch_advance(mw_watch *watch, mw_log_reach to, mw_error *err);

int64_t mw_watch_since(const mw_watch *watch); /* the champion answers; INT64_MAX: not yet */
const mw_freshness *mw_watch_freshness(const mw_watch *watch); /* a stream of the program each */
/* Hears of recorded predictions whose features were worked out by the rules, and how many came out
   otherwise: both since the champion answers. They count when the vitals are looked at. */
void mw_watch_hear_proof(mw_watch *watch, uint64_t proved, uint64_t differing);
/* Looks at the vitals as of the last advance, with what the server has measured of late (NaN:
   nothing), which counts until it is heard of again. */
MW_MUST_USE mw_status mw_watch_hear_server(mw_watch *watch, double latency_p99_s,
                                           double error_share, mw_error *err);
mw_loop *mw_watch_loop(const mw_watch *watch);
const mw_follower *mw_watch_follower(const mw_watch *watch);
