/*
 * follower: reads what production has recorded of one model, and joins it with what came of it.
 *
 * It walks lake and log in the order of places, as often as the log has grown: each recorded
 * prediction is told, and once its label has matured by the clock, its outcome. Labels come from
 * a course of the model's moments, so they are those that training would see; a prediction
 * is joined to its moment by t and by the id of its event. Moments that nobody predicted make
 * examples too, but no outcome. A prediction of a version with another program answered another
 * question, or from other features: it is counted, and passed over.
 *
 * The features that were recorded are held against those of its own course (recheck.h). It keeps
 * 60 bytes a prediction, and the examples from `from` on. One thread uses it.
 */
#pragma once
#include "decide/prediction.h"
#include "loop/recheck.h"
#include "monitor/outcomes.h"
#include "project/project.h"
#include "store/lake.h"
#include "store/log.h"
#include "sys/sys.h"
#include "train/examples.h"

typedef struct mw_follower mw_follower;

/* What a log says before it is followed. */
typedef struct {
    int64_t begin; /* its first place; INT64_MAX: it has not begun */
    int64_t since; /* stamp of the first prediction of the version; INT64_MAX: none */
} mw_log_survey;

MW_MUST_USE mw_status mw_log_survey_read(mw_sys *sys, const char *log_folder, mw_str version,
                                         mw_log_survey *out_survey, mw_error *err);

/* Told in the order of places. What is pointed to is valid until the hook returns. */
typedef struct {
    void *context;
    mw_status (*arrived)(void *context, const mw_event *event, int64_t place, mw_error *err);
    mw_status (*predicted)(void *context, int64_t stamp, const mw_prediction *prediction,
                           mw_error *err);
    mw_status (*matured)(void *context, mw_outcome outcome, const mw_cell *segments,
                         mw_error *err);
    /* Examples have a new one, which is the last, of the event with this id. */
    mw_status (*learned)(void *context, mw_str event_id, mw_error *err);
} mw_follower_hooks;

/* Says whether a version's program is that of the follower. */
typedef struct {
    void *context;
    mw_status (*is_kin)(void *context, mw_str version, bool *out_is_kin, mw_error *err);
} mw_follower_kinship;

/* All that it points to outlives the follower. */
typedef struct {
    mw_sys *sys;
    const char *log_folder;
    const mw_program *program;
    const mw_model_program *model;
    const mw_project_model *project_model; /* its segments */
    mw_symbols *symbols;
    mw_engine_memory memory;  /* of its windows */
    const mw_events *history; /* of the lake, sorted */
    mw_lake_snapshot lake;    /* that it is of: the log's events are followed from there on */
    int64_t from;             /* moments with t before this pass in silence */
    mw_follower_hooks hooks;  /* each may be NULL */
    mw_follower_kinship kinship; /* all NULL: every version is kin */
} mw_follower_config;

MW_MUST_USE mw_status mw_follower_create(mw_follower_config config, mw_follower **out_follower,
                                         mw_error *err);
void mw_follower_destroy(mw_follower *follower); /* NULL is allowed */

/* Takes what was committed since, as far as the log reached, and what had matured then: by the wall
   clock or, if the log was made under a virtual clock, by that. MW_CONFLICT: something is told
   already that comes after a record which was committed only now; a new follower tells all. */
MW_MUST_USE mw_status mw_follower_advance(mw_follower *follower, mw_log_reach to,
                                          mw_error *err);
/* As of the last advance. */
int64_t mw_follower_now(const mw_follower *follower);
bool mw_follower_is_virtual(const mw_follower *follower);

typedef struct {
    size_t predictions, labelled;
    size_t due; /* their label should have matured, if there is one */
} mw_follower_count;
/* Of the predictions stamped at or after `from`, as of the place that was reached. */
mw_follower_count mw_follower_count_since(const mw_follower *follower, int64_t from);
/* Of the recorded predictions, those whose features the follower's own course has found too, and
   those of them that differ: there must be none. */
mw_recheck_count mw_follower_rechecked(const mw_follower *follower);
/* Predictions by another program, which were passed over. */
size_t mw_follower_foreign_count(const mw_follower *follower);

/* The version of the data that it has taken (ingest/log_digest.h). */
void mw_follower_data_version(const mw_follower *follower,
                              char out_version[MW_SHA256_HEX_SIZE + 1]);
/* All that has matured: a row a labelled moment. */
const mw_examples *mw_follower_examples(const mw_follower *follower);
