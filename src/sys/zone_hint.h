/*
 * zone_hint: which time zone was meant by a name that is none.
 *
 * It looks through the zones at hand, for a name that is near ("America/NewYork"), or whose last
 * part is ("Berlin"). Some 600 files are looked at, which takes a millisecond or two.
 */
#pragma once
#include "sys/sys.h"

/* Adds the hint to the error just filled; returns `status`. What cannot be looked at is passed
   over. */
mw_status mw_zone_hint(mw_sys *sys, mw_str name, mw_error *err, mw_status status);
