/*
 * engine: the windows of one model over the events that are known so far.
 *
 * Events are applied in the order of their place, moments are read at their own: an event that
 * is applied counts for every later moment. A moment's windows may lie anywhere in the time
 * that the state keeps (rule 5), so t need not grow. Every aggregate is exact, so the numbers
 * depend on the set of events alone, never on their order, on where the replay began, or on a
 * checkpoint in between. `oracle` says the same thing slowly.
 *
 * One thread owns an engine. It never looks at a clock.
 */
#pragma once
#include "lang/program.h"

typedef struct mw_engine mw_engine;
typedef struct mw_spill_disk mw_spill_disk; /* feature/spill.h */

typedef struct {
    size_t max;          /* bytes of state; 0: no limit of its own */
    mw_spill_disk *disk; /* where keys that went cold are spilled at that limit; NULL: what
                            exceeds it is refused */
} mw_engine_memory;

typedef struct {
    const mw_program *program; /* outlives the engine */
    const mw_model_program *model;
    mw_symbols *symbols;
    bool with_label;           /* keep the label's windows too */
    mw_engine_memory memory;
    size_t strand_count;       /* parts of the keys that are worked on apart (feature/block.h), a
                                  power of two; 0: one, as all functions below want it that
                                  apply or read */
} mw_engine_config;

/* What is predicted: `row` is that of the moment's event. */
typedef struct {
    int64_t t;
    int64_t place;
    const mw_cell *row;
} mw_moment;

typedef struct {
    mw_cell value;   /* of the label's type; may be missing: then it makes no example */
    bool is_dropped; /* `unless` was true */
} mw_label;

typedef struct {
    uint64_t events_applied;
    uint64_t events_too_late; /* older than the state: in no window (rule 5) */
    uint64_t values_refused;  /* outside a sum's range: missing (rule 12) */
    uint64_t values_overflowed; /* features that it has given, missing since an expression
                                   overflowed (rule 12); not kept in snapshots */
    size_t keys, bytes;
    size_t bytes_movable;     /* of `bytes`: what could be spilled; 0 without a disk */
    size_t keys_spilled, bytes_spilled; /* which stand on it */
} mw_engine_stats;

MW_MUST_USE mw_status mw_engine_create(mw_engine_config config, mw_engine **out_engine,
                                       mw_error *err);
void mw_engine_destroy(mw_engine *engine);

/* Puts an event into its windows, and takes out of them what a correction replaces. Places must not
   go back. Copies what it needs of the rows. */
MW_MUST_USE mw_status mw_engine_apply(mw_engine *engine, const mw_event *event, mw_error *err);
/* Says that nothing placed before `place` will come or be asked for: state may shrink. */
void mw_engine_advance(mw_engine *engine, int64_t place);

/* Fills `out_features` (feature_count cells), of a model without `each`, whose moments are made
   together (slate.h). Every event placed before the moment's place must have been applied, and none
   at or after it. It fails only where a key is to be read back. */
MW_MUST_USE mw_status mw_engine_features(mw_engine *engine, const mw_moment *moment,
                                         mw_cell *out_features, mw_error *err);
/* The windows that the features read, likewise, of any model; `out_windows` has a cell for each
   window of the model. */
MW_MUST_USE mw_status mw_engine_windows(mw_engine *engine, const mw_moment *moment,
                                        mw_cell *out_windows, mw_error *err);
/* Whether a schedule takes the moment whose features were read last; without one all are taken. */
bool mw_engine_takes(mw_engine *engine, const mw_moment *moment, const mw_cell *features);
/* The label of a moment, when the engine stands at its maturity: `place` of the moment is its
   own still; what is applied is known strictly before t + maturity_us. `features` are those
   that the moment had. */
MW_MUST_USE mw_status mw_engine_label(mw_engine *engine, const mw_moment *moment,
                                      const mw_cell *features, mw_label *out_label,
                                      mw_error *err);

mw_engine_stats mw_engine_read_stats(const mw_engine *engine);
/* Test hook: how many lists were gone through for their lengths, ever, by keys and labels. */
uint64_t mw_engine_lists_counted(const mw_engine *engine);
/* A digest of the retained events: equal for equal logs at equal places, whatever the path. */
MW_MUST_USE mw_status mw_engine_digest(const mw_engine *engine, mw_sha256 *sha, mw_error *err);
/* The whole state as bytes, and back into an engine just created with the same program. */
MW_MUST_USE mw_status mw_engine_save(const mw_engine *engine, mw_buf *out, mw_error *err);
MW_MUST_USE mw_status mw_engine_load(mw_engine *engine, mw_str bytes, mw_error *err);
