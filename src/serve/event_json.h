/*
 * event_json: a JSON object of a stream's columns as the cells of a row.
 *
 * Values mean what they mean in a file: a number is a number (no infinities, no whole number
 * beyond 2^53), times are RFC 3339 texts (without an offset local to the stream's zone),
 * durations are seconds, null and columns left out are missing. A category may be given as a whole
 * number. Keys that are no columns are refused, so that a misspelt one is seen.
 */
#pragma once
#include <yyjson.h>

#include "lang/program.h"

/* Says that the stream has no such column, or other `kind` of field, and which of the known ones
   may have been meant. */
mw_status mw_event_json_refuse_name(mw_str stream, const char *kind, mw_schema known, mw_str name,
                                    mw_error *err);
mw_status mw_event_json_refuse_column(const mw_stream_source *source, mw_str name, mw_error *err);
/* Fills the first `source->column_count` cells of `row`. MW_INVALID names the column. */
MW_MUST_USE mw_status mw_event_json_read(yyjson_val *object, const mw_stream_source *source,
                                         const mw_zone *zone, mw_symbols *symbols, mw_cell *row,
                                         mw_error *err);
