/*
 * pulse: how the requests for each model's predictions were answered in the last hour: how fast,
 * and how many not at all.
 *
 * Answers are counted in twelve slices of five minutes, by the span that they took, in buckets of
 * a quarter of an octave: a quantile is off by 9 % at most. An answer costs a few additions,
 * and no memory. Clients' mistakes (4xx) are refused; what the server owed (5xx) has failed.
 *
 * One thread uses it; times are monotonic.
 */
#pragma once
#include "base/status.h"

typedef struct mw_pulse mw_pulse;

MW_MUST_USE mw_status mw_pulse_create(size_t model_count, mw_pulse **out_pulse, mw_error *err);
void mw_pulse_destroy(mw_pulse *pulse); /* NULL is allowed */
/* A request for the model was answered with this code of HTTP, after so long. */
void mw_pulse_answer(mw_pulse *pulse, size_t model, int code, int64_t span_us, int64_t now_us);

typedef struct {
    uint64_t asked, refused, failed;
    double p50_us, p99_us; /* of those that were answered with a prediction; NaN: there is none */
} mw_pulse_reading;

/* Of the last 55 to 60 minutes. */
mw_pulse_reading mw_pulse_read(const mw_pulse *pulse, size_t model, int64_t now_us);
