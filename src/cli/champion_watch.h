/*
 * champion_watch: the watch over the version that answers for a model, by the program that it
 * carries.
 *
 * Features, moments, labels, segments and costs are the version's, whatever the project file
 * says today, and so is what counts as a prediction of it: those of versions with another program
 * are passed over. Only when the model is trained again is the affair of the file that is served.
 *
 * It owns all but the workspace and the shared events, and must not move once it has begun.
 */
#pragma once
#include "cli/live_version.h"
#include "cli/prover.h"
#include "cli/server_call.h"
#include "loop/watch.h"

/* The lake's events as the workspace's project file reads its streams: for all watches whose
   version reads them alike. */
typedef struct {
    bool is_loaded;
    mw_lake_snapshot lake; /* that they are of */
    mw_events events;
} mw_shared_history;

/* Loads it, if that has not been done. */
MW_MUST_USE mw_status mw_shared_history_load(const mw_workspace *workspace,
                                             mw_shared_history *shared, mw_error *err);
void mw_shared_history_release(mw_shared_history *shared);

typedef struct {
    const mw_workspace *workspace;
    mw_live_version version;
    mw_project_model model; /* the version's, trained again as the workspace's file says */
    mw_shared_history own_history; /* where the version reads its streams otherwise */
    bool is_of_today;       /* the version's program is the workspace's */
    struct mw_kin *kin;     /* versions that were looked up */
    size_t kin_count, kin_capacity;
    mw_watch *watch;        /* NULL: no version answers yet */
    mw_proof proof;         /* as of when it was heard last */
} mw_champion_watch;

/* Begins to watch the model's champion; `keeping` may be NULL. To be ended whatever it returns. */
MW_MUST_USE mw_status mw_champion_watch_begin(const mw_workspace *workspace,
                                              const mw_project_model *model,
                                              mw_shared_history *shared,
                                              const mw_keeping *keeping,
                                              mw_champion_watch *watch, mw_error *err);
/* Tells the watch what the server has measured of late and what was proved of what it recorded. */
MW_MUST_USE mw_status mw_champion_watch_hear(mw_champion_watch *watch,
                                             const mw_serve_pulse *pulse, mw_error *err);
void mw_champion_watch_end(mw_champion_watch *watch); /* one of zeros is allowed */
