/*
 * handover: the moments that would fall between two programs of a model.
 *
 * Where a version of another program takes over, a moment may lie ahead by the program before
 * (an hour before its event) and behind by the new one (two hours before it): neither would make
 * it. Such moments are kept with the features that the new program reads where they fell due,
 * and made at the change.
 *
 * It owns what it keeps. One thread uses it.
 */
#pragma once
#include "decide/decider.h"

typedef struct {
    int64_t before_t;         /* the moment's t by the program before */
    mw_prediction prediction; /* not judged yet; its features and id live in the arena */
} mw_kept_moment;

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_str stream;     /* of the moments by the program before; no data: there was none */
    int64_t offset_us; /* and how far they lie from their events */
    mw_kept_moment *items;
    size_t count, capacity;
} mw_handover;

/* Without a program before nothing is kept. The symbols, those of the features, outlive it. */
void mw_handover_init(mw_handover *handover, mw_symbols *symbols);
void mw_handover_release(mw_handover *handover);
MW_MUST_USE mw_status mw_handover_begin(mw_handover *handover, mw_str stream, int64_t offset_us,
                                        mw_error *err);
/* Keeps a moment that fell due by the decider's program, if by the program before it lies behind
   `reached`; the texts of its features stay then (table/passing.h). */
MW_MUST_USE mw_status mw_handover_keep(mw_handover *handover, const mw_decider *decider,
                                       const mw_prediction *prediction, int64_t reached,
                                       mw_error *err);
