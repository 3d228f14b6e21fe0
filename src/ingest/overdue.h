/*
 * overdue: events of files that become known later after their time than their stream waits.
 *
 * Where `known` is a column nobody declares a lag, so labels and moments wait for `late` alone
 * (rules 5 and 6): what comes after that changes no label, and makes no example. One look at the
 * times of what an ingest takes; corrections, which come later by their nature, are left out.
 */
#pragma once
#include "lang/program.h"

typedef struct {
    mw_str stream;
    int64_t waits_us;  /* its lag and `late` */
    size_t count, of;  /* events that are known later; of so many */
    int64_t most_us;   /* 99 in 100 of all are known so long after their time; rounded up */
    int64_t longest_us;
} mw_overdue;

/* One for each stream that has such events, in their order, into `out_overdue`, which has room for
   all streams of the program. */
size_t mw_overdue_find(const mw_program *program, const mw_events *events,
                       mw_overdue *out_overdue);
