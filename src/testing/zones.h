/*
 * zones: a time zone for tests, from its rule: "CET-1CEST,M3.5.0,M10.5.0/3".
 *
 * The machine's zone files differ from one release to the next; a rule says what a test is about.
 */
#pragma once
#include "base/zone.h"

/* Initializes `arena`, which holds the zone and is the caller's to release. */
const mw_zone *mw_test_zone(mw_arena *arena, const char *rule);
/* One that is an hour ahead of UTC until day `back` of 1970, then at UTC until day `forth`, and an
   hour ahead again: what a table says is found far faster than what follows from a rule. */
const mw_zone *mw_test_zone_of_days(mw_arena *arena, uint8_t back, uint8_t forth);
