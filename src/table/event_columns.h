/*
 * event_columns: what the columns of a stream's events are called where rows stand as tables.
 *
 * Before a stream's fields stand three columns of our own. Parquet's and SQL's readers know no
 * case, and a field may bear the name of one of these: such a field's column gets its position in
 * its name, `place:5`, which no name that people give to a field of theirs is like. Columns that a
 * query adds for itself have the position 0.
 */
#pragma once
#include "table/table.h"

enum { MW_EVENT_TIME, MW_EVENT_KNOWN, MW_EVENT_PLACE, MW_EVENT_COLUMNS };

/* "NAME:POSITION", its position counted from 1; no data: the arena is full. */
mw_str mw_column_with_position(mw_arena *arena, mw_str name, size_t at);
/* Time, known, place, and the stream's fields; MW_NO_MEMORY without a message. Texts and all stand
   in the arena, but for the names that stay as they are. */
MW_MUST_USE mw_status mw_event_columns(mw_arena *arena, const mw_schema *schema,
                                       mw_schema *out_columns);
