/*
 * duck: the one module that knows DuckDB: reads CSV and Parquet and runs SQL. (duck_writer and
 * duck_file, its other half, write tables and Parquet.)
 *
 * A handle costs nothing until it is first used: then the library is opened (sys/library.h).
 * Only the C functions that are used here are declared, and a library of another version is
 * refused. The database lives in memory, within the threads and bytes that it was given.
 * Results are streamed: a cursor holds one chunk of some 2,000 rows. Whatever DuckDB's own
 * types are, columns come in ten kinds.
 *
 * One thread uses a database with its cursors and writers, which end before it does. One cursor
 * is open at a time: another query or run ends its stream.
 */
#pragma once
#include "sys/library.h"
#include "table/table.h"

typedef struct mw_duck mw_duck;
typedef struct mw_duck_cursor mw_duck_cursor;

typedef struct {
    int thread_count;     /* 0: one a core */
    int64_t memory_max;   /* bytes; 0: DuckDB's own limit */
    const char *folder;   /* to spill into; NULL: never */
} mw_duck_config;

typedef enum {
    MW_DUCK_BOOL,
    MW_DUCK_INTEGER,    /* of 64 bits with a sign, or fewer */
    MW_DUCK_NUMBER,     /* may be NaN or infinite */
    MW_DUCK_DECIMAL,    /* decimals and longer whole numbers: their text, to the last digit */
    MW_DUCK_TEXT,       /* and all types that are none of the others, written out */
    MW_DUCK_TIME,       /* us UTC */
    MW_DUCK_LOCAL_TIME, /* us, without a zone */
    MW_DUCK_DATE,       /* us of its midnight, likewise */
    MW_DUCK_LIST,        /* of texts, as the text of a JSON array */
    MW_DUCK_NUMBER_LIST, /* of numbers, likewise */
} mw_duck_kind;

MW_MUST_USE mw_status mw_duck_open(mw_sys *sys, mw_duck_config config, mw_duck **out_duck,
                                   mw_error *err);
/* Gives back the memory of database and library, and all tables; the next use begins anew. No
   cursor is open. */
void mw_duck_rest(mw_duck *duck);
void mw_duck_close(mw_duck *duck); /* NULL is allowed */
MW_MUST_USE mw_status mw_duck_run(mw_duck *duck, const char *sql, mw_error *err);

/* Reading. Rows of a chunk count from 0; texts are valid until the next fetch. A file's rows
   come in its own order. */
MW_MUST_USE mw_status mw_duck_query(mw_duck *duck, const char *sql, mw_duck_cursor **out_cursor,
                                    mw_error *err);
/* The same for a statement of a user's: MW_INVALID unless it only reads. */
MW_MUST_USE mw_status mw_duck_ask(mw_duck *duck, const char *sql, mw_duck_cursor **out_cursor,
                                  mw_error *err);
bool mw_duck_explains(const mw_duck_cursor *cursor); /* its last column is a drawing, in lines */
size_t mw_duck_column_count(const mw_duck_cursor *cursor);
mw_str mw_duck_column_name(const mw_duck_cursor *cursor, size_t column);
mw_duck_kind mw_duck_column_kind(const mw_duck_cursor *cursor, size_t column);
/* The next chunk; `*out_row_count` 0 at the end. */
MW_MUST_USE mw_status mw_duck_fetch(mw_duck_cursor *cursor, size_t *out_row_count,
                                    mw_error *err);
bool mw_duck_is_null(const mw_duck_cursor *cursor, size_t column, size_t row);
bool mw_duck_bool(const mw_duck_cursor *cursor, size_t column, size_t row);
int64_t mw_duck_int(const mw_duck_cursor *cursor, size_t column, size_t row); /* times too */
double mw_duck_number(const mw_duck_cursor *cursor, size_t column, size_t row);
mw_str mw_duck_text(const mw_duck_cursor *cursor, size_t column, size_t row); /* and the like */
void mw_duck_cursor_close(mw_duck_cursor *cursor); /* NULL is allowed */

/* A cell of a type that mw_duck_writer wrote, read back; texts are interned in `symbols`. False
   when those are full. */
typedef struct {
    mw_type type;
    mw_symbols *symbols;
} mw_duck_target;
MW_MUST_USE bool mw_duck_cell(const mw_duck_cursor *cursor, size_t column, size_t row,
                              mw_duck_target target, mw_cell *out_cell);

/* 'text' and "name" as SQL spells them. */
void mw_duck_append_text(mw_buf *sql, mw_str text);
/* The same of the path of one file to be read: DuckDB would take `*`, `?` and `[` for patterns. */
void mw_duck_append_path(mw_buf *sql, mw_str path);
/* "read_parquet('PATH', hive_partitioning = false", whose other options and end are the caller's:
   DuckDB would take `shop=x` in a path for what the column shop holds. */
void mw_duck_append_parquet(mw_buf *sql, mw_str path);
void mw_duck_append_name(mw_buf *sql, mw_str name);
