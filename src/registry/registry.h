/*
 * registry: the runs of a project and the versions that they made, and which of them answers.
 *
 * A view over the catalog and the artefacts: it owns neither and keeps nothing. A run with its
 * metrics and its version is recorded in one transaction, after the artefact is stored, so a
 * version that is listed can be loaded. Each change of stage leaves a row in the audit of
 * promotions; a rollback is a promotion of the champion before. Whom a promotion replaces is looked
 * up under the lock under which it is replaced, so of two at once one sees the other.
 *
 * Times are arguments. Lists live in the caller's arena, newest first.
 */
#pragma once
#include "store/artefacts.h"
#include "store/catalog.h"

typedef struct {
    mw_catalog *catalog;
    mw_artefacts *artefacts;
} mw_registry;

typedef struct {
    mw_str name;    /* "roc_auc" */
    mw_str segment; /* "origin=JFK"; empty: of all examples */
    double value, low, high; /* NaN: not to be had */
    int64_t count;  /* examples behind it */
} mw_metric_row;

typedef struct {
    const mw_metric_row *items;
    size_t count;
} mw_metric_rows;

typedef struct {
    int64_t id;
    mw_str model, learner, status; /* finished, failed */
    int64_t started_us, ended_us;
    int64_t seed;
    mw_str data_version;
    mw_str version; /* that it made; may be empty */
    mw_str why;     /* who or what asked for it */
    mw_str details; /* JSON: settings, counts */
} mw_run_row;

#define MW_STAGE_CANDIDATE "candidate"
#define MW_STAGE_CHAMPION "champion"
#define MW_STAGE_RETIRED "retired"

typedef struct {
    mw_str version, model;
    int64_t created_us;
    int64_t run;
    mw_str artefact; /* SHA-256 of the version's bytes */
    mw_str stage;
    mw_str details;  /* JSON: lineage */
} mw_version_row;

typedef struct {
    int64_t at_us;
    mw_str model, version, from_stage, to_stage, who, why;
} mw_promotion_row;

/* Records a run, its metrics and, if `version_bytes` is not empty, its version as a candidate.
   A version that stands already (the same content) stays as it is. `out_run` is its id. */
MW_MUST_USE mw_status mw_registry_record(mw_registry registry, const mw_run_row *run,
                                         mw_metric_rows metrics, mw_str version_bytes,
                                         int64_t *out_run, mw_error *err);

/* Why a stage changes, for the audit. */
typedef struct {
    int64_t at_us;
    mw_str who, why;
} mw_change;

/* A wish for another champion. A person's word counts whoever is champion; a program looked first,
   thought, and says over whom. */
typedef struct {
    mw_str model;
    mw_str version;      /* its name, or the beginning of it if that is one version's alone */
    bool is_conditional; /* MW_CONFLICT unless the champion is `over` */
    mw_str over;         /* empty: none may be */
    bool is_new;         /* MW_CONFLICT for one that was replaced: somebody passed it */
    mw_change change;
} mw_promotion;

typedef struct {
    mw_version_row champion; /* as it stands now */
    mw_str before;           /* that it replaced; itself: nothing changed; empty: none was */
} mw_succession;

/* Makes it the champion; the champion before is retired. Promoting the champion is nothing,
   whatever the conditions. */
MW_MUST_USE mw_status mw_registry_promote(mw_registry registry, const mw_promotion *wish,
                                          mw_arena *arena, mw_succession *out_made,
                                          mw_error *err);
/* The champion before the present one, of those that nobody has gone back from: what has been
   rolled back is not former. MW_NOT_FOUND: there is none. */
MW_MUST_USE mw_status mw_registry_former(mw_registry registry, mw_str model, mw_arena *arena,
                                         mw_version_row *out_version, mw_error *err);
/* Promotes that one. */
MW_MUST_USE mw_status mw_registry_rollback(mw_registry registry, mw_str model, mw_change change,
                                           mw_arena *arena, mw_succession *out_made,
                                           mw_error *err);

/* Undoes a succession that the running server cannot follow: its next start reads the catalog.
   MW_CONFLICT: somebody has promoted another one since. It must have replaced a champion. */
MW_MUST_USE mw_status mw_registry_take_back(mw_registry registry, const mw_succession *made,
                                            int64_t at_us, mw_str who, mw_arena *arena,
                                            mw_error *err);

/* MW_NOT_FOUND if the model has no champion yet. */
MW_MUST_USE mw_status mw_registry_champion(mw_registry registry, mw_str model, mw_arena *arena,
                                           mw_version_row *out_version, mw_error *err);
/* By its name, or the beginning of it if that is one version's alone. */
MW_MUST_USE mw_status mw_registry_find(mw_registry registry, mw_str model, mw_str version,
                                       mw_arena *arena, mw_version_row *out_version,
                                       mw_error *err);
/* An empty `model` means all models. */
MW_MUST_USE mw_status mw_registry_versions(mw_registry registry, mw_str model, mw_arena *arena,
                                           mw_version_row **out_versions, size_t *out_count,
                                           mw_error *err);
MW_MUST_USE mw_status mw_registry_runs(mw_registry registry, mw_str model, mw_arena *arena,
                                       mw_run_row **out_runs, size_t *out_count, mw_error *err);
MW_MUST_USE mw_status mw_registry_run(mw_registry registry, int64_t id, mw_arena *arena,
                                      mw_run_row *out_run, mw_error *err);
MW_MUST_USE mw_status mw_registry_metrics(mw_registry registry, int64_t run, mw_arena *arena,
                                          mw_metric_row **out_metrics, size_t *out_count,
                                          mw_error *err);
MW_MUST_USE mw_status mw_registry_promotions(mw_registry registry, mw_str model,
                                             mw_arena *arena, mw_promotion_row **out_promotions,
                                             size_t *out_count, mw_error *err);
/* The bytes of a version, checked against their hash. */
MW_MUST_USE mw_status mw_registry_load(mw_registry registry, const mw_version_row *version,
                                       mw_buf *out_bytes, mw_error *err);
