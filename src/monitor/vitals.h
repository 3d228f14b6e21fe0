/*
 * vitals: the alerts that every model has without asking for them.
 *
 *     staleness.STREAM > 1.5  a stream that it reads has been silent for half as long again as the
 *                             longest silence of its last 30 days (monitor/freshness.h)
 *     lag.STREAM > 60         of a hundred of its events in the last day, one came later than it
 *                             declares to be known by more, in seconds: training counted them
 *                             sooner (rule 1). Where no feature's window reads it, more than `late`
 *     champion.age > 3        the champion answers for more than three times `retrain.every`
 *     labels.missing > 0.5    of the predictions whose label was due, most have none
 *     latency.p99 > 0.25      in seconds: the server's slowest of a hundred
 *     errors > 0.01           the share of questions that the server failed to answer
 *     features.differing > 0  predictions that were recorded with other features than the events
 *                             say: it must stay 0 (loop/recheck.h)
 *
 * They open and close as other alerts do, but train nothing. What could not be measured is NaN,
 * and changes nothing. One thread; it costs a few comparisons a look.
 */
#pragma once
#include "lang/program.h"
#include "monitor/alert.h"
#include "monitor/freshness.h"

/* Measured by whoever looks; NaN: not. */
typedef struct {
    double champion_age, labels_missing; /* in units of retrain.every; a share */
    double latency_p99_s, error_share;
    double features_differing; /* predictions, of those compared or proved */
} mw_vital_signs;

typedef struct mw_vitals mw_vitals;

/* Of a model and the streams that it reads, but for static tables, which never have news; without a
   program (NULL) of no stream. */
MW_MUST_USE mw_status mw_vitals_create(const mw_program *program, const mw_model_program *model,
                                       mw_vitals **out_vitals, mw_error *err);
void mw_vitals_destroy(mw_vitals *vitals); /* NULL is allowed */
/* Takes what there is to see at `now`; `freshness` is of the program's streams. */
void mw_vitals_look(mw_vitals *vitals, const mw_freshness *freshness, const mw_vital_signs *signs,
                    int64_t now);

bool mw_vitals_reads(const mw_model_program *model, int32_t stream);
size_t mw_vitals_count(const mw_vitals *vitals);
const mw_alert *mw_vitals_alert(const mw_vitals *vitals, size_t index);
/* Of the last look. */
mw_alert_change mw_vitals_change(const mw_vitals *vitals, size_t index);
