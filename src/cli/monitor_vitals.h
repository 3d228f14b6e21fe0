/*
 * monitor_vitals: the streams that a model reads, how fresh they are, and the alerts that it has
 * without asking (monitor/vitals.h), for programs (JSON) and for people.
 */
#pragma once
#include "cli/champion_watch.h"

/* The members "streams" and "vitals" of the object that is being written. */
void mw_monitor_vitals_json(const mw_champion_watch *champion, mw_json *json);
void mw_monitor_vitals_print(const mw_champion_watch *champion, mw_buf *out);
