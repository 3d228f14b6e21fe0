/*
 * parquet_shape: the columns of a Parquet file, and what their values are.
 *
 * DuckDB reads the values, but neither tells columns apart whose names differ in case alone, nor
 * that numbers are durations, nor which decimals it reads wrong: for that the file's own schema
 * and its writer's note (arrow_note.h) are asked. Times of the old type INT96 are instants where
 * Spark wrote the file, which means nothing else by them; else the note says what they are, and
 * where there is none they are nobody's guess, for other writers mean the clock on their wall.
 */
#pragma once
#include "ingest/data_file.h"

/* What its values are beside what the cursor says. */
typedef struct {
    mw_duck_kind kind;
    int64_t unit_ns; /* of durations; 0: it has none */
    int64_t digits;  /* of its decimals, or of those within it, the most; 0: it has none */
    bool is_unsaid;  /* times of UTC or of a zone: the file does not say which */
} mw_parquet_column;

typedef struct {
    mw_schema schema;
    const mw_parquet_column *columns;
} mw_parquet_shape;

/* All rows of the file. */
MW_MUST_USE mw_status mw_parquet_open(const mw_data_reader *reader, const char *path,
                                      mw_duck_cursor **out_cursor, mw_error *err);
/* In `arena`, in the order of that cursor's columns. MW_INVALID: the file cannot be read. */
MW_MUST_USE mw_status mw_parquet_shape_read(const mw_data_reader *reader, const char *path,
                                            mw_arena *arena, mw_parquet_shape *out_shape,
                                            mw_error *err);
/* Whether the values of all columns can become anything. MW_INVALID names one. */
MW_MUST_USE mw_status mw_parquet_shape_check_all(const mw_parquet_shape *shape, mw_error *err);
/* Whether the values of a column can become a field of the type; `zone` is that of times which
   name none. MW_INVALID says why not. */
MW_MUST_USE mw_status mw_parquet_shape_check(const mw_parquet_shape *shape, size_t column,
                                             mw_type type, const mw_zone *zone, mw_error *err);
