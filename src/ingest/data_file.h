/*
 * data_file: reads one CSV, Parquet or NDJSON file as rows of typed cells.
 *
 * DuckDB reads Parquet, csv_file.h CSV; what a value means is decided here, alike for all: whole
 * numbers beyond 2^53 and infinities are refused, NaN is missing, times without an offset are
 * local to the stream's zone, and those that the zone skips or has twice are refused. In CSV the
 * empty text is missing, and so are the stream's words for that (NA); the first line names the
 * columns (heading.h), and the types are inferred from the first 20,000 rows (guess.h). A row that
 * breaks its type, or has too few or too many columns, keeps its place in the table, so that row
 * numbers are those of the file. A file named .jsonl or .ndjson has a JSON object on each line
 * (json_lines.h); a picture is one row (picture_file.h).
 */
#pragma once
#include "ingest/refusals.h"
#include "project/project.h"
#include "store/duck.h"

typedef struct {
    mw_sys *sys;
    mw_duck *duck;
    mw_symbols *symbols;
    const mw_zone *zone; /* of times that name none */
    const mw_project_stream *stream; /* whose rows they are; NULL: of none that is declared */
} mw_data_reader;

/* MW_NOT_FOUND, MW_INVALID: there is no such file, or what is there cannot be read as one. */
MW_MUST_USE mw_status mw_data_file_check(mw_sys *sys, const char *path, mw_file_info *out_info,
                                         mw_error *err);
/* The columns of a file with their inferred types, in `arena`. MW_NOT_FOUND, MW_INVALID. */
MW_MUST_USE mw_status mw_data_file_columns(const mw_data_reader *reader, const char *path,
                                           mw_arena *arena, mw_schema *out_columns,
                                           mw_error *err);
/* Adds all rows to `rows`, which is empty, as `refusals` is. Its schema begins with the
   `column_count` columns to read; its other fields stay missing. Columns are found by name;
   MW_INVALID names one that is absent. MW_BUSY: somebody wrote to it meanwhile. */
MW_MUST_USE mw_status mw_data_file_read(const mw_data_reader *reader, const char *path,
                                        size_t column_count, mw_table *rows,
                                        mw_refusals *refusals, mw_error *err);
