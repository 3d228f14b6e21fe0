/*
 * tape: what the days of a backtest bring, whatever is answered: recorded once, played by each
 * lane at its own pace.
 *
 * Features and labels do not depend on who predicts, so one pass over the events is enough: it
 * keeps each moment with its features, and each label as it matured. A moment costs its features
 * and 80 bytes. Once recorded, a tape is only read, by any number of threads.
 */
#pragma once
#include "loop/backtest.h"

#define MW_TAPE_NO_EXAMPLE SIZE_MAX

/* A predicted moment, and what came of it. */
typedef struct {
    uint64_t number; /* by the course's count */
    int64_t t;
    int32_t day, month; /* of t by the zone's calendar, from the first ones of the backtest */
    bool is_labelled, label;
} mw_tape_moment;

/* Something that fell due: a moment, or the label of one. */
typedef struct {
    int64_t place;
    size_t moment;
    size_t example; /* that the label made; MW_TAPE_NO_EXAMPLE: it is the moment itself */
} mw_tape_entry;

typedef struct {
    const mw_events *events;
    size_t event_count; /* of the first ones, which come by in these days */
    int64_t end;        /* the last place that anything happened at */
    mw_tape_moment *moments;
    size_t moment_count, moment_capacity;
    mw_table features;      /* a row a moment */
    mw_tape_entry *entries; /* in order */
    size_t entry_count, entry_capacity;
    mw_examples examples; /* all that matured, of days before too */
    uint64_t refused_moments;
} mw_tape;

/* Release it after a failure too. */
MW_MUST_USE mw_status mw_tape_record(mw_tape *tape, const mw_backtest_config *config,
                                     mw_error *err);
void mw_tape_release(mw_tape *tape);
