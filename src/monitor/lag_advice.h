/*
 * lag_advice: what to say of a stream whose events come later than it declares.
 *
 *     orders are declared as known at their time, but 99 in 100 of the last day's 1234 events came
 *     up to 2h later: `known: time + 2h` says so
 *
 * Spans are rounded up, to what a person would write: the declaration that is advised is one that
 * holds. Nothing is kept.
 */
#pragma once
#include "lang/stream.h"
#include "monitor/freshness.h"

/* The declaration's name, then the numbers and what to do; no name is longer than a field's. */
enum { MW_LAG_ADVICE_SIZE_MAX = 3 * MW_NAME_SIZE_MAX + 400 };

/* Up to whole seconds, minutes, hours or days: at least two of them, where there are as many. */
int64_t mw_lag_rounded_up(int64_t lag_us);

void mw_lag_advice_append(mw_buf *out, const mw_stream *stream,
                          const mw_freshness_reading *reading);
