/*
 * outside_files: beside an exported query, what its pictures and networks gave: DuckDB has none.
 *
 * A Parquet file for each vector that lies outside of the language (lang/outside.h): the columns
 * `input`, as lang/outside_sql.h has it, and number_0, number_1 .., a row for each different input
 * that a moment has now. The query itself is asked for these, in a database of its own that may
 * spill to disk beside the export; so each moment finds its row, unless its input hangs on a sum
 * within moment whose doubles cancel (lang/outside_sql.h).
 *
 * Rows are worked out as they come, one file after the other. Of one stand in memory: a chunk of
 * inputs, 32 bytes an input, rows with 4 million numbers in DuckDB (32 MB), and the chunk of 2,048
 * rows that leads there, which DuckDB allocates whole: 64 MB where a vector has 4,096 numbers.
 * Until they take their places the files have names that end in ".tmp".
 */
#pragma once
#include "cli/table_file.h"
#include "cli/workspace.h"
#include "lang/model_sql.h"

typedef struct {
    const mw_vector *vector;
    const char *path;      /* where it is to stand */
    mw_str path_in_sql;    /* the same from the project's folder if it lies there, else absolute */
    mw_table_file *file;
    uint64_t input_count;
} mw_outside_file;

/* All zero: none. */
typedef struct {
    mw_outside_file *files;
    size_t count;
} mw_outside_files;

typedef struct {
    mw_workspace *workspace;
    mw_model_sql of;
    mw_str streams;      /* SQL that makes the views of the streams, from where the program runs */
    const char *output;  /* the file of the query: theirs begin with its name */
} mw_outside_export;

/* Makes them, to be released also after a failure. What outlives the call is in the workspace's
   arena. MW_USAGE: one would stand where the project's own is (cli/written_file.h). */
MW_MUST_USE mw_status mw_outside_files_make(mw_outside_export from, mw_outside_files *out_files,
                                            mw_error *err);
/* They take their places, which nothing but the disk can keep them from. */
MW_MUST_USE mw_status mw_outside_files_appear(mw_outside_files *files, mw_error *err);
/* Those that have not appeared are gone. */
void mw_outside_files_release(mw_outside_files *files);

/* "CREATE .. VIEW .. FROM read_parquet(..);" for each, with what it holds as comments. */
void mw_outside_files_append_sql(const mw_outside_files *files, mw_str model, mw_buf *sql);
