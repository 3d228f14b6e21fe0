/*
 * keyed: what a model sees now of somebody of whom only some fields are given.
 *
 * The fields come as a query, `card=c7&country=NL`, by the names of the columns or derived fields
 * of the model's stream, or of the keys of its schedule. What derives from them is derived, units
 * and `clean` are applied as to a row. The features that hang on these alone are what a request
 * for a prediction would see at the same t and place, bit for bit; of the others it is known which
 * fields they lack. t and place are now, and so is the event's time, where that is a field: for
 * another time the whole event has to be sent.
 *
 * Nothing is recorded, and nothing needs a version to answer.
 */
#pragma once
#include "serve/service.h"

typedef struct {
    const mw_schema *features;
    const mw_cell *cells;    /* of the features; those that lack something mean nothing */
    const mw_schema *fields; /* of the moment's row */
    const bool *lacks;       /* for each feature in turn, for each field: needed and not given */
    mw_str version;          /* that answers; empty: none does */
    int64_t t, place;
} mw_keyed;

/* What it gives is the arena's, or valid until the next call of the service. */
MW_MUST_USE mw_status mw_service_see_key(mw_service *service, size_t model, mw_str query,
                                         mw_arena *arena, mw_keyed *out_keyed, mw_error *err);
bool mw_keyed_is_whole(const mw_keyed *keyed, size_t feature); /* it lacks nothing */
