/*
 * monitor_vitals: how a model is served, the streams that it reads, how fresh they are, and the
 * alerts that it has without asking (monitor/vitals.h), for programs (JSON) and for people.
 */
#pragma once
#include "cli/champion_watch.h"
#include "cli/server_call.h"

/* The members "requests", "features", "streams" and "vitals" of the object being written. */
void mw_monitor_vitals_json(const mw_champion_watch *champion, const mw_serve_pulse *pulse,
                            mw_json *json);
void mw_monitor_vitals_print(const mw_champion_watch *champion, const mw_serve_pulse *pulse,
                             mw_buf *out);
/* The member "requests" alone; and the same in words, where a server runs. */
void mw_monitor_requests_json(const mw_serve_pulse *pulse, mw_json *json);
void mw_monitor_requests_append(const mw_serve_pulse *pulse, mw_buf *out);
