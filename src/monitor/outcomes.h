/*
 * outcomes: predictions whose label has matured, in the order in which the labels did.
 *
 * What quality is measured of: live ones as the loop hears of them, or those that a gate makes
 * by letting two versions predict the same examples. Beside each stand the cells that metrics
 * are sliced by. They own their memory.
 */
#pragma once
#include "table/table.h"

typedef struct {
    int64_t t;       /* of the moment */
    int64_t matured; /* when its label became known */
    double prediction;
    bool decision, label;
} mw_outcome;

typedef struct {
    mw_outcome *items;
    size_t count, capacity;
    mw_table segments; /* a row an outcome */
} mw_outcomes;

enum { MW_OUTCOMES_MAX = 1 << 30 };

/* `segments` names the columns to slice by, symbols all of them, and outlives the outcomes. */
void mw_outcomes_init(mw_outcomes *outcomes, const mw_schema *segments);
/* `segments` are its cells; maturing never goes back. */
MW_MUST_USE mw_status mw_outcomes_add(mw_outcomes *outcomes, mw_outcome outcome,
                                      const mw_cell *segments, mw_error *err);
/* The first that matured at `time` or later; the count if none did. */
size_t mw_outcomes_since(const mw_outcomes *outcomes, int64_t time);
/* Forgets those that matured before `time`, when that frees at least half of them. */
void mw_outcomes_forget(mw_outcomes *outcomes, int64_t time);
void mw_outcomes_release(mw_outcomes *outcomes);
