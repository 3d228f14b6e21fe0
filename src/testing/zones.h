/*
 * zones: a time zone for tests, from its rule: "CET-1CEST,M3.5.0,M10.5.0/3".
 *
 * The machine's zone files differ from one release to the next; a rule says what a test is about.
 */
#pragma once
#include "base/zone.h"

/* Initializes `arena`, which holds the zone and is the caller's to release. */
const mw_zone *mw_test_zone(mw_arena *arena, const char *rule);
/* The same from 1960 on, with its changes in a table, where they are found far faster than by their
   rule. */
const mw_zone *mw_test_zone_of_table(mw_arena *arena, const char *rule);
