#include "store/lake_seal.h"

#include <stdio.h>
#include <string.h>

#include "testing/test.h"

typedef struct {
    mw_catalog *catalog;
    mw_error err;
} fixture;

static void run(fixture *f, const char *sql) {
    MW_CHECK_OK(mw_catalog_run(f->catalog, sql, MW_SQL_NOTHING, &f->err), &f->err);
}

/* Two ingests of two files and of none, one of them as the log's events come, and one without a
   seal, as there were before. */
static void set_up(fixture *f) {
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), NULL, true, &f->catalog, &f->err), &f->err);
    run(f, "INSERT INTO ingests (id, at_us, data_version, events, place_us, step_us) "
           "VALUES (2, 10, 'ab', 5, 400, 1), (12, 20, 'cd', 0, NULL, 0), "
           "(13, 30, 'ef', 1, NULL, 0)");
    run(f, "INSERT INTO lake_files VALUES (2, 'sales', 'sales/2', 3, 99, 1, 9, 'aa', 0, 7), "
           "(2, 'rates', 'rates/2', 2, 88, 2, 8, 'bb', 1, NULL), "
           "(13, 'sales', 'sales/13', 1, 77, 3, 7, 'cc', 0, 8)");
    MW_CHECK_OK(mw_lake_seal(f->catalog, 2, &f->err), &f->err);
    MW_CHECK_OK(mw_lake_seal(f->catalog, 12, &f->err), &f->err);
    MW_CHECK_OK(mw_lake_check_seals(f->catalog, &f->err), &f->err);
}

static void is_found(fixture *f, const char *sql) {
    MW_CHECK_OK(mw_catalog_begin(f->catalog, &f->err), &f->err);
    run(f, sql);
    MW_CHECK_STATUS(mw_lake_check_seals(f->catalog, &f->err), MW_CORRUPT);
    mw_catalog_rollback(f->catalog);
}

/* Changes each column of the table in the rows of sealed ingests, one by one: also those that are
   still to be added to it. */
static int change_columns(fixture *f, const char *table, const char *key) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    int count = 0;
    char sql[300];
    MW_CHECK_OK(mw_catalog_query(f->catalog, "SELECT name, type FROM pragma_table_info(?)",
                                 MW_SQL(mw_sql_text(table)), &rows, &f->err), &f->err);
    MW_CHECK_OK(mw_catalog_next(rows, &has_row, &f->err), &f->err);
    for (; has_row; count++) {
        mw_str name = mw_catalog_text(rows, 0);
        bool is_text = mw_str_is(mw_catalog_text(rows, 1), "TEXT");
        snprintf(sql, sizeof sql, "UPDATE %s SET %.*s = %s WHERE %s = 2", table,
                 MW_STR_ARGS(name), is_text ? "'x' || rowid" : "3", key);
        is_found(f, sql);
        MW_CHECK_OK(mw_catalog_next(rows, &has_row, &f->err), &f->err);
    }
    mw_catalog_rows_close(rows);
    return count;
}

MW_TEST(lake_seal_finds_whatever_has_changed) {
    fixture f = {0};
    set_up(&f);
    run(&f, "PRAGMA foreign_keys = OFF");
    MW_CHECK_EQUAL_INT(change_columns(&f, "ingests", "id"), 8);
    MW_CHECK_EQUAL_INT(change_columns(&f, "lake_files", "ingest"), 10);
    is_found(&f, "UPDATE lake_files SET checksum = NULL WHERE path = 'sales/2'");
    is_found(&f, "UPDATE ingests SET place_us = NULL, step_us = 0 WHERE id = 2");
    is_found(&f, "UPDATE ingests SET log_digest = '' WHERE id = 2");
    is_found(&f, "DELETE FROM lake_files WHERE path = 'rates/2'");
    is_found(&f, "UPDATE lake_files SET ingest = 12 WHERE path = 'sales/13'");
    is_found(&f, "UPDATE settings SET value = '0' WHERE name = 'lake.seal.12'");
    mw_catalog_close(f.catalog);
}

MW_TEST(lake_seal_leaves_what_was_never_sealed) {
    fixture f = {0};
    set_up(&f);
    run(&f, "UPDATE ingests SET events = 2 WHERE id = 13");
    MW_CHECK_OK(mw_lake_check_seals(f.catalog, &f.err), &f.err);
    MW_CHECK_OK(mw_lake_seal(f.catalog, 13, &f.err), &f.err);
    is_found(&f, "UPDATE ingests SET events = 1 WHERE id = 13");
    mw_catalog_close(f.catalog);
}

/* No statement tears an index from its table: the tree of another is put in its place. */
MW_TEST(lake_seal_finds_paths_that_their_index_has_lost) {
    fixture f = {0};
    set_up(&f);
    run(&f, "PRAGMA writable_schema = ON");
    run(&f, "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema "
            "WHERE name = 'settings') WHERE name = 'sqlite_autoindex_lake_files_1'");
    run(&f, "PRAGMA writable_schema = RESET");
    MW_CHECK_STATUS(mw_lake_check_seals(f.catalog, &f.err), MW_CORRUPT);
    MW_CHECK(strstr(f.err.message, "lists of ingest 2 ") != NULL);
    mw_catalog_close(f.catalog);
}
