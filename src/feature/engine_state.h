/*
 * engine_state: what an engine consists of, for engine.c, block.c and snapshot.c alone.
 */
#pragma once
#include "feature/cold.h"
#include "feature/engine.h"
#include "feature/instances.h"
#include "feature/overflow.h"
#include "feature/pending.h"
#include "feature/reading.h"

#include <string.h>

/* An event's part in one group, between admission and insertion. */
typedef struct {
    uint32_t group;
    mw_card *card;
    mw_cell *element;
} mw_admission;

/* Features side by side that are windows side by side, and no more. */
typedef struct {
    int32_t feature, window;
    size_t count;
} mw_plain_features;

struct mw_engine {
    mw_engine_config config;
    mw_arena arena;             /* the plan and the arrays below */
    mw_plan plan;
    mw_budget budget;
    mw_budget *parts;           /* of the budget: one each of the strands */
    mw_group *groups;           /* one each of the plan's, for each strand */
    size_t strand_count;
    mw_cold *colds;             /* one each of the strands; NULL: nothing is spilled */
    mw_instances instances;
    mw_pending pending;
    int64_t place;              /* nothing before it will come */
    int64_t instances_swept;
    mw_engine_stats stats;      /* keys and bytes are worked out when asked */

    mw_plain_features *plains;
    size_t plain_count;
    int32_t *derived;           /* the other features, in the order in which they must run */
    size_t derived_count;
    mw_admission *admissions;   /* one a group */
    mw_admission *withdrawals;  /* likewise: where the event stands that a correction replaces */
    mw_desk desk;
    mw_cell *windows;           /* one each of the model's */
    mw_schema id_schema;        /* in the order in which streams compare */
    mw_cell *id;                /* of the event or the moment at hand */
    mw_list_lengths lengths;    /* of its lists: with `each` many moments in turn have the same */
};

/* Fills engine->id with the id of a row of `stream`. Without the element of `each` it has a missing
   one. */
void mw_engine_fill_id(mw_engine *engine, int32_t stream, const mw_cell *row);
/* The instances that a moment asks for; 0: nobody asks, or there is none. */
void mw_engine_find_own(mw_engine *engine, const mw_cell *row, uint32_t *out_instance,
                        uint32_t *out_event_instance);
/* Lets in the pending events that are known at or before `known`. */
void mw_engine_settle(mw_engine *engine, int64_t known);
/* Whether anything that it works out may be a new text: texts are interned by one thread. */
bool mw_engine_makes_text(const mw_engine *engine);
/* What is left to do for a moment whose windows have been read: they touch nothing of the engine,
   so that threads may share it. First the features that are windows are brought to their row, */
static inline void mw_engine_bring_plain(const mw_engine *engine, const mw_cell *windows,
                                         mw_cell *out_features) {
    const mw_plain_features *plain = engine->plains, *end = plain + engine->plain_count;
    for (; plain < end; plain++)
        memcpy(out_features + plain->feature, windows + plain->window,
               plain->count * sizeof *windows);
}
/* then the others are worked out. Returns how many of these overflowed. */
size_t mw_engine_derive(const mw_engine *engine, const mw_moment *moment, const mw_cell *windows,
                      mw_cell *features);
static inline size_t mw_engine_finish_features(const mw_engine *engine, const mw_moment *moment,
                                               const mw_cell *windows, mw_cell *out_features) {
    mw_engine_bring_plain(engine, windows, out_features);
    if (engine->derived_count == 0) return 0;
    return mw_engine_derive(engine, moment, windows, out_features);
}
bool mw_engine_would_take(const mw_engine *engine, const mw_moment *moment,
                          const mw_cell *windows, const mw_cell *features);
/* By one thread. */
mw_label mw_engine_finish_label(mw_engine *engine, const mw_moment *moment,
                                const mw_cell *windows, const mw_cell *features);
/* Forgets whose events no window can hold any more, if that is due. */
void mw_engine_sweep_instances(mw_engine *engine);
mw_status mw_engine_no_memory(const mw_engine *engine, mw_error *err);
/* Gives MW_NO_MEMORY, which groups leave without, its message. */
mw_status mw_engine_fail(const mw_engine *engine, mw_status status, mw_error *err);
/* Spills of a strand's keys what memory has no room for. */
static inline mw_status mw_engine_relieve(mw_engine *engine, size_t strand, mw_error *err) {
    return engine->colds ? mw_cold_relieve(&engine->colds[strand], err) : MW_OK;
}
