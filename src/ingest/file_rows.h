/*
 * file_rows: the rows of a data file, read once for all sources that take it alike.
 *
 * Several streams often name one file, each for another event of the same row. They come one after
 * the other, so the rows that were read last are kept: for the same file under the same columns,
 * types, zone and words for what is missing they stand as they were read. It holds the rows of one
 * file.
 */
#pragma once
#include "base/hash.h"
#include "ingest/data_file.h"

typedef struct {
    const char *path;     /* NULL: nothing was read yet */
    const mw_zone *zone;
    const mw_project_stream *stream; /* by whose words for what is missing; may be NULL */
    size_t column_count;
    mw_table rows;
    mw_refusals refusals; /* rows that could not be read */
    char hash[MW_SHA256_HEX_SIZE + 1]; /* of all rows */
    size_t read_count;    /* of files, for tests */
} mw_file_rows;

/* What a source wants of a file; all of it, and the reader's zone and stream, outlives the rows. */
typedef struct {
    const char *path;
    const mw_schema *row; /* columns, then derived fields, which are left missing */
    size_t column_count;
} mw_file_wish;

void mw_file_rows_init(mw_file_rows *rows);
/* As mw_data_file_read. After a failure there are no rows. */
MW_MUST_USE mw_status mw_file_rows_read(mw_file_rows *rows, const mw_data_reader *reader,
                                        mw_file_wish wish, mw_error *err);
/* The hash of the first rows, as they were read. */
MW_MUST_USE mw_status mw_file_rows_hash(const mw_file_rows *rows, size_t count,
                                        const mw_symbols *symbols,
                                        char out_hash[MW_SHA256_HEX_SIZE + 1], mw_error *err);
void mw_file_rows_release(mw_file_rows *rows); /* as if just initialised */
