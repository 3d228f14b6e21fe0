/*
 * recorded_features: the predictions that a log has recorded of a model, and the moments that they
 * were made for: for those that compute their features again.
 */
#pragma once
#include "cli/live_version.h"
#include "decide/prediction.h"
#include "feature/engine.h"

/* Where the event of a prediction is looked for: all that lake and log have. */
typedef struct {
    const mw_program *program; /* of the version that made it, or its like */
    const mw_model_program *model;
    const mw_events *events;
    mw_symbols *symbols;
    int64_t from;    /* what is recorded before this place is passed over; INT64_MIN: nothing */
    int64_t through; /* the last place of the log that the events are of: what is recorded there or
                        behind may have seen others */
    const mw_live_version *like; /* whose program it is; NULL: of today's project file */
    mw_cell *row; /* room for a moment of `each` or of a schedule, by mw_recorded_past_begin */
} mw_recorded_past;

/* Makes the room that a past whose other members are set needs. */
MW_MUST_USE mw_status mw_recorded_past_begin(mw_recorded_past *past, mw_arena *arena,
                                             mw_error *err);

typedef struct {
    const mw_prediction *prediction;
    int64_t stamp;  /* which names it */
    size_t element; /* with `each`, by mw_prediction_number; read where events have no id */
} mw_recorded;

/* The event that a prediction was made for, as it stood then. Of `each` its row is the moment's,
   valid until the next search; so it is of a schedule, which has no event but this row.
   MW_NOT_FOUND: it is not there. */
MW_MUST_USE mw_status mw_recorded_find_event(const mw_recorded_past *past,
                                             const mw_recorded *recorded, mw_event *out_event,
                                             mw_error *err);

/* What the features of a record are whose version has this program. The arena owns it; the names
   are the program's. */
MW_MUST_USE mw_status mw_recorded_schema(const mw_model_program *model, mw_arena *arena,
                                         mw_schema *out_schema, mw_error *err);

typedef struct {
    void *context;
    mw_status (*take)(void *context, const mw_moment *moment, const mw_cell *features,
                      mw_error *err);
} mw_recorded_taker;

/* Hands about `sample` recorded predictions on, evenly spread: those of versions that answer the
   question of the past's program from its features, and not where a fallback answered blind. One
   that fails does not keep the others back: the first failure is returned after the last. */
MW_MUST_USE mw_status mw_recorded_each(const mw_workspace *workspace,
                                       const mw_recorded_past *past, size_t sample,
                                       mw_recorded_taker taker, mw_error *err);
