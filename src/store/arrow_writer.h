/*
 * arrow_writer: rows of cells as an Arrow stream (IPC streaming format), in a buffer.
 *
 * A stream is its schema, then batches of rows; it ends where its bytes do. A number is a float64,
 * a bool a bool, a category or text a utf8, a time a timestamp in us of UTC, a duration one in us,
 * a list a list of utf8 or of float64; missing is null. Rows are copied once into columns and once
 * into bytes.
 *
 * Any thread, each with a buffer of its own. Whoever calls checks the buffer at the end.
 */
#pragma once
#include "table/table.h"

MW_MUST_USE mw_status mw_arrow_write_schema(const mw_schema *schema, mw_buf *out, mw_error *err);
/* The rows [from, to) as one batch, under the schema that was written. */
MW_MUST_USE mw_status mw_arrow_write_rows(const mw_table *rows, size_t from, size_t to,
                                          const mw_symbols *symbols, mw_buf *out,
                                          mw_error *err);
