/*
 * json_lines: the rows of a file that has a JSON object on each line (NDJSON).
 *
 * The columns are the keys of the first 20,000 rows, in the order in which they first stand, then
 * those that the stream's `types` names and that first stand in a later row; their types are
 * guessed from the values: texts that read as times are times, other texts stay texts even when
 * they look like numbers, arrays are lists. A key that a row lacks, or null, is a missing value.
 * Other objects within a row are refused with it, as is a line that is no object; such a row
 * keeps its place. Blank lines are no rows.
 */
#pragma once
#include "ingest/data_file.h"

/* The columns with their types, in `arena`. MW_INVALID if no line is an object. */
MW_MUST_USE mw_status mw_json_lines_columns(const mw_data_reader *reader, mw_str bytes,
                                            mw_arena *arena, mw_schema *out_columns,
                                            mw_error *err);
/* Adds all rows to `rows`, as mw_data_file_read does. */
MW_MUST_USE mw_status mw_json_lines_read(const mw_data_reader *reader, mw_str bytes,
                                         size_t column_count, mw_table *rows,
                                         mw_refusals *refusals, mw_error *err);
