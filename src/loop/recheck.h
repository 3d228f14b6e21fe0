/*
 * recheck: whether what was recorded with predictions is what another course of the model finds.
 *
 * A server records the features that it read. Who follows its log feeds the same events to a course
 * of its own, which stops at the same moments: the two must agree in every bit. They meet here
 * by the moment's t and the id of its event, or which of its elements it is, whichever comes first.
 *
 * Only moments that saw the same events are compared. A prediction that was asked for stands just
 * before its event, whose moment the course makes: nothing else may have come between. One that
 * fell due stands at the very place of the course's.
 *
 * What waits for its other half is kept in a table of fixed size, the newer instead of the older:
 * so nearly all predictions are compared, at the cost of a copy each. One thread uses it.
 */
#pragma once
#include "lang/program.h"

typedef struct mw_recheck mw_recheck;

/* A moment as it was recorded, or as the course made it. */
typedef struct {
    int64_t t, place;
    mw_str event_id;
    size_t element; /* of an event without an id, with `each`; else 0 */
    const mw_cell *features;
    uint64_t events; /* that the course has been fed by then */
} mw_rechecked;

typedef struct {
    uint64_t compared, differing; /* predictions */
} mw_recheck_count;

MW_MUST_USE mw_status mw_recheck_create(const mw_model_program *model, mw_recheck **out_recheck,
                                        mw_error *err);
void mw_recheck_destroy(mw_recheck *recheck); /* NULL is allowed */
void mw_recheck_recorded(mw_recheck *recheck, mw_rechecked made);
void mw_recheck_found(mw_recheck *recheck, mw_rechecked made);
mw_recheck_count mw_recheck_read(const mw_recheck *recheck);
