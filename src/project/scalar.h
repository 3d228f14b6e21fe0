/*
 * scalar: the small values of a project file, read from their text: names, spans, shares.
 *
 * Pure functions: false means that the text is no such value, and nothing was written.
 */
#pragma once
#include "base/calendar.h"

#define MW_SPAN_MAX_US (36525 * MW_DAY_US) /* a hundred years */

/* Letters, digits and _, not starting with a digit, at most MW_NAME_SIZE_MAX bytes. */
MW_MUST_USE bool mw_scalar_is_name(mw_str text);
/* The form of a tz database name: "UTC", "America/New_York". Whether it exists is not known here.
 */
MW_MUST_USE bool mw_scalar_is_zone(mw_str text);
/* "30m", "2d": a whole number and one of us, ms, s, m, h, d, w; at most MW_SPAN_MAX_US. */
MW_MUST_USE bool mw_scalar_span(mw_str text, int64_t *out_us);
/* "review when amount > 500 else approve": begins with a name and `when`. */
bool mw_scalar_is_action_rule(mw_str text);
/* The forms of what is not in force yet: "300 per 1d"; "4 per positive"; "machine over 24h"; "top
   20" or "review when late > 0.5 at most 300 per 1d", whose later parts may be left out; "mean" or
   "p90"; "external(STREAM.FIELD)". */
bool mw_scalar_is_rate(mw_str text);
bool mw_scalar_is_per_positive(mw_str text);
bool mw_scalar_is_key_over(mw_str text);
bool mw_scalar_is_decision(mw_str text);
bool mw_scalar_is_output(mw_str text);
/* What stands after `when` in a decision, whose words may stand on several lines; or nothing. */
mw_str mw_scalar_decision_condition(mw_str text);
bool mw_scalar_is_external(mw_str text);
/* "5%", from 0% to 100%, as 0 to 1. */
MW_MUST_USE bool mw_scalar_share(mw_str text, double *out_share);
/* "500 MB", "2GB": a whole number and one of kB, MB, GB, TB, each a thousand of the one before;
   more than 0, at most 1000 TB. */
MW_MUST_USE bool mw_scalar_size(mw_str text, uint64_t *out_bytes);
