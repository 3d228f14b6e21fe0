/*
 * catalog: what a project knows about itself: ingests, lake files, runs, versions, alerts.
 *
 * One SQLite database in WAL mode, in a file or in memory; the tables stand in migrations.c.
 * Each change is one statement or one transaction, synced before it returns (about a sync a
 * commit). The layers above own the meaning of their tables and speak SQL to them here, so
 * that SQLite's own interface is seen in this module only. Statements are constants with `?`
 * for values; nothing from outside is ever pasted into one.
 *
 * One thread uses a catalog. Any number of processes may read beside one that writes.
 */
#pragma once
#include "sys/sys.h"

enum { MW_CATALOG_WAIT_MS = 5000 }; /* how long a call waits for another process's write */

typedef struct mw_catalog mw_catalog;
typedef struct mw_catalog_rows mw_catalog_rows;

/* A value to bind to a `?`. NaN, missing times and texts without data are NULL. */
typedef enum { MW_SQL_NULL, MW_SQL_INT, MW_SQL_REAL, MW_SQL_TEXT } mw_sql_kind;
typedef struct {
    mw_sql_kind kind;
    union {
        int64_t integer;
        double real;
        mw_str text;
    };
} mw_sql_value;
typedef struct {
    const mw_sql_value *items;
    size_t count;
} mw_sql_values;

mw_sql_value mw_sql_null(void);
mw_sql_value mw_sql_int(int64_t value);
mw_sql_value mw_sql_time(int64_t us);
mw_sql_value mw_sql_real(double value);
mw_sql_value mw_sql_str(mw_str value);
mw_sql_value mw_sql_text(const char *value);

/* mw_catalog_run(catalog, "... VALUES (?, ?)", MW_SQL(mw_sql_int(3), mw_sql_text("a")), err) */
#define MW_SQL(...)                                                   \
    ((mw_sql_values){(const mw_sql_value[]){__VA_ARGS__},             \
                     sizeof((const mw_sql_value[]){__VA_ARGS__}) /    \
                         sizeof(mw_sql_value)})
#define MW_SQL_NOTHING ((mw_sql_values){NULL, 0})

/* `path` NULL: in memory. A writer makes the file and brings it to this format, with a backup
   before; a reader refuses a file of another format. MW_NEWER_FORMAT names both. */
MW_MUST_USE mw_status mw_catalog_open(mw_sys *sys, const char *path, bool is_writer,
                                      mw_catalog **out_catalog, mw_error *err);
void mw_catalog_close(mw_catalog *catalog);
/* From now on a call waits so long for another process's write, MW_CATALOG_WAIT_MS before; past it
   it is MW_BUSY. */
void mw_catalog_set_wait(mw_catalog *catalog, int wait_ms);

/* Changes: all between begin and commit or nothing. Transactions do not nest. */
MW_MUST_USE mw_status mw_catalog_begin(mw_catalog *catalog, mw_error *err);
MW_MUST_USE mw_status mw_catalog_commit(mw_catalog *catalog, mw_error *err);
void mw_catalog_rollback(mw_catalog *catalog);
MW_MUST_USE mw_status mw_catalog_run(mw_catalog *catalog, const char *sql, mw_sql_values values,
                                     mw_error *err);
int64_t mw_catalog_last_id(const mw_catalog *catalog); /* of the row inserted last */
int64_t mw_catalog_change_count(const mw_catalog *catalog); /* rows that the last run touched */

/* Reading: query, next until `*out_has_row` is false, close. Columns count from 0; their texts
   are valid until the next row. */
MW_MUST_USE mw_status mw_catalog_query(mw_catalog *catalog, const char *sql,
                                       mw_sql_values values, mw_catalog_rows **out_rows,
                                       mw_error *err);
MW_MUST_USE mw_status mw_catalog_next(mw_catalog_rows *rows, bool *out_has_row, mw_error *err);
bool mw_catalog_is_null(const mw_catalog_rows *rows, int column);
int64_t mw_catalog_int(const mw_catalog_rows *rows, int column);   /* NULL reads as 0 */
int64_t mw_catalog_time(const mw_catalog_rows *rows, int column);  /* NULL as missing */
double mw_catalog_real(const mw_catalog_rows *rows, int column);   /* NULL as NaN */
mw_str mw_catalog_text(const mw_catalog_rows *rows, int column);   /* NULL as empty */
void mw_catalog_rows_close(mw_catalog_rows *rows); /* NULL is allowed */

/* Settings of the project's state, by name. MW_NOT_FOUND; the text is copied to `arena`. */
MW_MUST_USE mw_status mw_catalog_set(mw_catalog *catalog, const char *name, mw_str value,
                                     mw_error *err);
MW_MUST_USE mw_status mw_catalog_get(mw_catalog *catalog, const char *name, mw_arena *arena,
                                     mw_str *out_value, mw_error *err);
