/*
 * engine_state: what an engine consists of, for engine.c and snapshot.c alone.
 */
#pragma once
#include "feature/engine.h"
#include "feature/instances.h"
#include "feature/pending.h"
#include "feature/reading.h"

/* An event's part in one group, between admission and insertion. */
typedef struct {
    uint32_t group;
    mw_card *card;
    mw_cell *element;
} mw_admission;

/* How many events lie between two steps of foresight, and how many are remembered. */
enum { MW_FORESIGHT_STRIDE = 8, MW_FORESEEN_EVENTS = 32 };

struct mw_engine {
    mw_engine_config config;
    mw_arena arena;             /* the plan and the arrays below */
    mw_plan plan;
    mw_budget budget;
    mw_group *groups;           /* one each of the plan's */
    mw_instances instances;
    mw_pending pending;
    int64_t place;              /* nothing before it will come */
    int64_t instances_swept;
    mw_engine_stats stats;      /* keys and bytes are worked out when asked */

    int32_t *foreseen_streams;  /* of the last MW_FORESEEN_EVENTS events told; MW_NONE: none */
    mw_foreseen *foreseen;      /* a row each: the cards that it touches */
    uint64_t foreseen_count;

    int32_t *plain;             /* by feature: the window that it is, or MW_NONE */
    int32_t *derived;           /* the other features, in the order in which they must run */
    size_t derived_count;
    mw_admission *admissions;   /* one a group */
    mw_admission *withdrawals;  /* likewise: where the event stands that a correction replaces */
    mw_edges edges;
    mw_cut *cuts;               /* where the moment's windows end, lookup by lookup */
    mw_cell *windows;           /* one each of the model's */
    mw_cell *event_row;         /* room for a row of any stream */
    mw_cell *id;                /* of the event or the moment at hand */
};

/* Fills engine->id with the id of a row of `stream`, in the order in which streams compare. */
void mw_engine_fill_id(mw_engine *engine, int32_t stream, const mw_cell *row);
/* Lets in the pending events that are known at or before `known`. */
void mw_engine_settle(mw_engine *engine, int64_t known);
