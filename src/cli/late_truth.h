/*
 * late_truth: events that came after the labels that they tell of had matured.
 *
 * A label waits for lag and `late` of its streams (rule 6) and stays as it matured. An event of one
 * of these that counts later than that after its time may have been asked for by labels that went
 * without it. This counts them as a history passes by in parts, at a look at each event's times;
 * which labels would be others by them, `features verify` finds out.
 *
 * It stands between the parts and who reads them, and outlives neither. One thread.
 */
#pragma once
#include "lang/program.h"

typedef struct {
    mw_event_parts parts; /* what is to be read in place of `from` */
    mw_event_parts *from;
    const mw_program *program;
    const mw_model_program *model;
    int64_t now;          /* events that count later are nobody's yet */
    uint64_t count;
    mw_str stream;        /* one of those that they are of; empty: there are none */
} mw_late_truth;

void mw_late_truth_init(mw_late_truth *late, const mw_program *program,
                        const mw_model_program *model, mw_event_parts *from, int64_t now);
