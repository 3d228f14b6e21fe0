/*
 * service_parts: what the files of the service share; private to them.
 */
#pragma once
#include "decide/breaker.h"
#include "serve/service.h"

struct mw_service {
    mw_service_config config;
    mw_receiving *receiving;
    mw_cell *features; /* of a prediction that was read back */
    size_t feature_capacity;
    mw_arena said, found; /* the probabilities of classes in what was answered, or found, last */
    mw_buf event_id;
    mw_service_counts counts;
    mw_breaker *breakers; /* one a model */
    mw_error failure; /* why a version could not answer, of the answer that was given last */
    struct { /* of the ranking that was given last */
        mw_ranked *items;
        mw_elements elements;
        mw_cell *row;
        size_t item_capacity, row_capacity;
        mw_buf event_id;
    } ranking;
};

/* --- what was recorded -------------------------------------------------------------------- */

/* The prediction that is recorded of the moment of this row; NULL: none is. */
MW_MUST_USE mw_status mw_service_find_stored(mw_service *service, size_t model,
                                             const mw_stream *stream, const mw_cell *row,
                                             const mw_ledger_found **out_stored, mw_error *err);
/* What it said, until the next call. The class is named by a copy: of a ranking, many are read
   before the first is told. */
MW_MUST_USE mw_status mw_service_answer_stored(mw_service *service, const mw_ledger_found *stored,
                                               mw_answer *out_answer, mw_error *err);
/* What a version said of its classes is its own until it is asked again; their names stay as long
   as it answers. */
MW_MUST_USE mw_status mw_service_keep_classes(mw_arena *arena, mw_prediction *prediction,
                                              mw_error *err);

/* --- what is asked ------------------------------------------------------------------------ */

/* Works out the fields with windows of a row that enters, or finds what they were. */
MW_MUST_USE mw_status mw_service_enter_row(mw_service *service, mw_received received, bool stands,
                                           int64_t place, mw_error *err);
/* A row that corrects its event does so before it is asked about: what is predicted stands. A
   request that is to be refused corrects nothing. */
MW_MUST_USE mw_status mw_service_correct_first(mw_service *service, const mw_decider *decider,
                                               mw_received received, mw_error *err);

/* --- what is refused ---------------------------------------------------------------------- */

/* A moment that comes later than its stream may be (rule 5) is not recorded, and without a record
   it is answered only if that changes no feature. */
MW_MUST_USE mw_status mw_service_check_lateness(const mw_sequencer *sequencer,
                                                const mw_decider *decider, mw_moment moment,
                                                bool record, mw_error *err);
/* A request for a prediction does not carry what becomes known only later (DESIGN.md, `later`). */
MW_MUST_USE mw_status mw_service_refuse_later(const mw_service *service, mw_received received,
                                              mw_error *err);
/* A moment that was made stays; to answer it with a row that it was not made of would mislead. */
MW_MUST_USE mw_status mw_service_refuse_change(mw_service *service, mw_received received,
                                               mw_error *err);
MW_MUST_USE mw_status mw_service_refuse_without_version(const mw_decider *decider, mw_error *err);
