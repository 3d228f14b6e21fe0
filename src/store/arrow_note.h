/*
 * arrow_note: what the writer of a Parquet file noted of its columns, as an Arrow schema.
 *
 * Parquet has no type for durations: pandas, pyarrow and polars write them as whole numbers, of
 * nanoseconds as a rule, and note in the file's metadata (ARROW:schema, in base64) that they are
 * durations. Whoever reads the numbers alone takes 90 s for 90000000000. Nor does its old type for
 * times, INT96, say whether they are of UTC. Other types are seen by Parquet's own; a note that is
 * not to be understood says nothing, for the file is whole without.
 */
#pragma once
#include "base/str.h"

typedef struct {
    int64_t unit_ns; /* how many nanoseconds its durations count in; 0: it has none */
    bool is_time, has_zone; /* an instant has one; without, it is what a clock showed */
} mw_arrow_noted;

/* Of each column, by its place and name. Fails for lack of memory alone. */
MW_MUST_USE mw_status mw_arrow_note_read(mw_str note, const mw_str *names, size_t count,
                                         mw_arrow_noted *out_noted, mw_error *err);
