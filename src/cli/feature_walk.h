/*
 * feature_walk: one replay of one model over all that the project knows, for the commands that
 * look at its moments.
 */
#pragma once
#include "cli/workspace.h"
#include "feature/replay.h"
#include "ingest/history_parts.h"

typedef struct {
    mw_workspace workspace;
    mw_workspace_model model;
    mw_events events;        /* empty, if they come in parts */
    mw_history_parts *parts; /* NULL: the events stand */
    mw_replay_config config; /* of all moments, with their labels */
    mw_replay *replay;
    int64_t through;         /* the last place of the log that is known */
    size_t moment_count_max; /* that the history can make; of `each` in parts, its events */
} mw_feature_walk;

/* Opens the project to read. The model is the one of --model, or the only one. `*out_walk` must not
   move, and is to be ended whatever this returns. */
MW_MUST_USE mw_status mw_feature_walk_begin(mw_cli *cli, mw_feature_walk *out_walk, mw_error *err);
/* The same for who looks at no event but through the replay, which may hold a part of them, by so
   many threads: they change no number. */
MW_MUST_USE mw_status mw_feature_walk_begin_in_parts(mw_cli *cli, int64_t thread_count,
                                                     mw_feature_walk *out_walk, mw_error *err);
void mw_feature_walk_end(mw_feature_walk *walk);
