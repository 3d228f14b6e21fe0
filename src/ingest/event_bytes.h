/*
 * event_bytes: what a row says as bytes: the payload of an event's record in a log, and of an event
 * on its way to a server.
 *
 * Its cells in canonical bytes; of a correction then i64 time and i64 from when it counted of the
 * row that it replaces, and that row's cells (little endian).
 */
#pragma once
#include "table/event.h"

void mw_event_bytes_append(mw_buf *out, const mw_event *event, const mw_schema *schema,
                           const mw_symbols *symbols);
/* Reads them into `cells`, which has room for two rows, and points the event there. False if they
   are no such bytes, or if the symbols are full. */
MW_MUST_USE bool mw_event_bytes_read(mw_str bytes, const mw_schema *schema, mw_symbols *symbols,
                                     mw_cell *cells, mw_event *event);
