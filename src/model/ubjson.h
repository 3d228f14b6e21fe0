/*
 * ubjson: rewrites UBJSON, in the dialect that XGBoost saves, as JSON.
 *
 * Takes what XGBoost writes: objects and arrays (counted, typed or up to their end), strings,
 * numbers of all sizes, true, false and null. Numbers keep their value: a float is written as the
 * double that it is; NaN and infinities become the words that XGBoost's own JSON uses for them
 * (the bytes of its files: UBJSON draft 12, https://ubjson.org, and XGBoost's json_io.h).
 */
#pragma once
#include "base/str.h"

enum { MW_UBJSON_DEPTH_MAX = 24 };

/* Appends one value, the whole of `bytes`. MW_MALFORMED names the place (a byte) of what breaks a
   rule. */
MW_MUST_USE mw_status mw_ubjson_to_json(mw_str bytes, mw_buf *out, mw_error *err);
