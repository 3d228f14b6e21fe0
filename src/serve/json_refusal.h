/*
 * json_refusal: what a member of a request must be, and what it is: "must be a number, got "12"".
 */
#pragma once
#include <yyjson.h>

#include "base/status.h"

enum { MW_JSON_SHOWN_MAX = 64 }; /* bytes of a text that are shown */

/* MW_INVALID. A text is shown as JSON, cut if it is long, an object or array by its kind alone, and
   a member that is not there (NULL) as nothing. */
mw_status mw_json_refuse(yyjson_val *value, const char *rule, mw_error *err);
