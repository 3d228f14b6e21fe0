/*
 * arrow_note: what the writer of a Parquet file noted of its columns, as an Arrow schema.
 *
 * Parquet has no type for durations: pandas, pyarrow and polars write them as whole numbers, of
 * nanoseconds as a rule, and note in the file's metadata (ARROW:schema, in base64) that they are
 * durations. Whoever reads the numbers alone takes 90 s for 90000000000. Other types are seen by
 * Parquet's own; a note that is not to be understood says nothing, for the file is whole without.
 */
#pragma once
#include "base/str.h"

/* Of each column, by its place and name, how many nanoseconds it counts in; 0: it has no durations.
   Fails for lack of memory alone. */
MW_MUST_USE mw_status mw_arrow_note_durations(mw_str note, const mw_str *names, size_t count,
                                              int64_t *out_unit_ns, mw_error *err);
