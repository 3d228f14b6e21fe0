#include "store/catalog.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>

#include "store/migrations.h"
#include "testing/test.h"

static const char *path_of(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", mw_test_directory(), name);
    return path;
}

/* As another program would: a statement, or several, on the file itself. */
static void meddle(const char *path, const char *sql) {
    sqlite3 *db = NULL;
    MW_CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    MW_CHECK(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
}

static int64_t count_of(mw_catalog *catalog, const char *sql) {
    mw_catalog_rows *rows;
    bool has_row;
    mw_error err;
    MW_CHECK_OK(mw_catalog_query(catalog, sql, MW_SQL_NOTHING, &rows, &err), &err);
    MW_CHECK_OK(mw_catalog_next(rows, &has_row, &err), &err);
    int64_t count = mw_catalog_int(rows, 0);
    mw_catalog_rows_close(rows);
    return count;
}

static mw_status add_alert(mw_catalog *catalog, mw_sql_value closed, mw_sql_value value,
                           mw_error *err) {
    return mw_catalog_run(
        catalog,
        "INSERT INTO alerts (model, rule, opened_us, closed_us, value, message) "
        "VALUES ('late', 'drift', 7, ?, ?, ?)",
        MW_SQL(closed, value, mw_sql_text("it's \"quoted\"; DROP TABLE alerts")), err);
}

MW_TEST(catalog_gives_values_back_as_they_were) {
    mw_catalog *catalog;
    mw_catalog_rows *rows;
    mw_error err;
    bool has_row;
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), NULL, true, &catalog, &err), &err);
    MW_CHECK_OK(add_alert(catalog, mw_sql_time(MW_TIME_MISSING), mw_sql_real(0.1), &err), &err);
    MW_CHECK_EQUAL_INT(mw_catalog_last_id(catalog), 1);
    MW_CHECK_OK(add_alert(catalog, mw_sql_time(-5), mw_sql_real(NAN), &err), &err);

    MW_CHECK_OK(mw_catalog_query(catalog,
                                 "SELECT opened_us, closed_us, value, message FROM alerts "
                                 "WHERE id >= ? ORDER BY id",
                                 MW_SQL(mw_sql_int(1)), &rows, &err), &err);
    MW_CHECK_OK(mw_catalog_next(rows, &has_row, &err), &err);
    MW_CHECK(has_row);
    MW_CHECK_EQUAL_INT(mw_catalog_int(rows, 0), 7);
    MW_CHECK(mw_catalog_time(rows, 1) == MW_TIME_MISSING && mw_catalog_is_null(rows, 1));
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_catalog_real(rows, 2), 0.1);
    MW_CHECK_EQUAL_STR(mw_catalog_text(rows, 3), "it's \"quoted\"; DROP TABLE alerts");
    MW_CHECK_OK(mw_catalog_next(rows, &has_row, &err), &err);
    MW_CHECK(has_row && mw_catalog_time(rows, 1) == -5 && isnan(mw_catalog_real(rows, 2)));
    MW_CHECK_OK(mw_catalog_next(rows, &has_row, &err), &err);
    MW_CHECK(!has_row);
    mw_catalog_rows_close(rows);
    mw_catalog_close(catalog);
}

MW_TEST(catalog_refuses_what_its_tables_forbid) {
    mw_catalog *catalog;
    mw_error err;
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), NULL, true, &catalog, &err), &err);
    MW_CHECK_OK(add_alert(catalog, mw_sql_null(), mw_sql_real(1), &err), &err);
    MW_CHECK_STATUS(add_alert(catalog, mw_sql_null(), mw_sql_real(2), &err), MW_CONFLICT);
    MW_CHECK_STATUS(add_alert(catalog, mw_sql_int(9), mw_sql_text("high"), &err), MW_CONFLICT);
    MW_CHECK_STATUS(mw_catalog_run(catalog, "SELECT nothing", MW_SQL_NOTHING, &err), MW_IO);
    MW_CHECK_EQUAL_INT(count_of(catalog, "SELECT count(*) FROM alerts"), 1);
    mw_catalog_close(catalog);
}

MW_TEST(catalog_commits_all_or_nothing) {
    const char *path = path_of("transactions.db");
    mw_catalog *catalog;
    mw_error err;
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), path, true, &catalog, &err), &err);
    MW_CHECK_OK(mw_catalog_begin(catalog, &err), &err);
    MW_CHECK_OK(mw_catalog_set(catalog, "a", MW_STR("1"), &err), &err);
    MW_CHECK_OK(mw_catalog_commit(catalog, &err), &err);
    MW_CHECK_OK(mw_catalog_begin(catalog, &err), &err);
    MW_CHECK_OK(mw_catalog_set(catalog, "a", MW_STR("2"), &err), &err);
    MW_CHECK_OK(mw_catalog_set(catalog, "b", MW_STR("2"), &err), &err);

    mw_catalog *reader; /* sees what was committed, while another writes */
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), path, false, &reader, &err), &err);
    MW_CHECK_EQUAL_INT(count_of(reader, "SELECT value FROM settings"), 1);
    MW_CHECK_STATUS(mw_catalog_set(reader, "a", MW_STR("3"), &err), MW_IO);
    mw_catalog_close(reader);

    mw_catalog_rollback(catalog);
    MW_CHECK_EQUAL_INT(count_of(catalog, "SELECT count(*) FROM settings"), 1);
    mw_arena arena;
    mw_arena_init(&arena, 1000);
    mw_str value;
    MW_CHECK_OK(mw_catalog_get(catalog, "a", &arena, &value, &err), &err);
    MW_CHECK_EQUAL_STR(value, "1");
    MW_CHECK_STATUS(mw_catalog_get(catalog, "b", &arena, &value, &err), MW_NOT_FOUND);
    mw_arena_release(&arena);
    mw_catalog_close(catalog);
}

MW_TEST(catalog_names_both_formats_when_a_newer_one_wrote_it) {
    const char *path = path_of("newer.db");
    mw_catalog *catalog;
    mw_error err;
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), path, true, &catalog, &err), &err);
    mw_catalog_close(catalog);
    meddle(path, "PRAGMA user_version = 99");
    MW_CHECK_STATUS(mw_catalog_open(mw_sys_real(), path, true, &catalog, &err), MW_NEWER_FORMAT);
    char expected[700];
    snprintf(expected, sizeof expected,
             "catalog: %s has format 99, this program reads up to %d", path, MW_CATALOG_FORMAT);
    MW_CHECK_EQUAL_STR(err.message, expected);
}

MW_TEST(catalog_refuses_files_that_are_none) {
    const char *path = path_of("stranger.db");
    mw_catalog *catalog;
    mw_error err;
    meddle(path, "PRAGMA application_id = 1; PRAGMA user_version = 1");
    MW_CHECK_STATUS(mw_catalog_open(mw_sys_real(), path, true, &catalog, &err), MW_CORRUPT);
    path = path_of("text.db");
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++) fputs("This is no database.\n", file);
    fclose(file);
    MW_CHECK_STATUS(mw_catalog_open(mw_sys_real(), path, true, &catalog, &err), MW_CORRUPT);
    MW_CHECK_STATUS(mw_catalog_open(mw_sys_real(), path_of("absent.db"), false, &catalog, &err),
                    MW_IO);
}

/* Each format that ever was comes up to the newest, keeping its rows and a backup. */
MW_TEST(catalog_migrates_every_older_format) {
    for (int format = 1; format < MW_CATALOG_FORMAT; format++) {
        char name[32], numbers[128];
        snprintf(name, sizeof name, "format-%d.db", format);
        const char *path = path_of(name);
        for (int step = 0; step < format; step++) meddle(path, mw_catalog_migration(step));
        snprintf(numbers, sizeof numbers,
                 "PRAGMA application_id = %d; PRAGMA user_version = %d;"
                 "INSERT INTO settings VALUES ('a', '1')", MW_CATALOG_APPLICATION, format);
        meddle(path, numbers);

        mw_catalog *catalog;
        mw_error err;
        MW_CHECK_STATUS(mw_catalog_open(mw_sys_real(), path, false, &catalog, &err),
                        MW_UNAVAILABLE);
        MW_CHECK_OK(mw_catalog_open(mw_sys_real(), path, true, &catalog, &err), &err);
        MW_CHECK_EQUAL_INT(count_of(catalog, "PRAGMA user_version"), MW_CATALOG_FORMAT);
        MW_CHECK_EQUAL_INT(count_of(catalog, "SELECT value FROM settings"), 1);
        mw_catalog_close(catalog);
        char backup[600];
        snprintf(backup, sizeof backup, "%s.format-%d", path, format);
        FILE *file = fopen(backup, "r");
        MW_CHECK(file != NULL);
        fclose(file);
    }
}

static mw_status open_set_get(void *context) {
    (void)context;
    mw_catalog *catalog;
    MW_TRY(mw_catalog_open(mw_sys_real(), NULL, true, &catalog, NULL));
    mw_arena arena;
    mw_arena_init(&arena, 1000);
    mw_str value;
    mw_status status = mw_catalog_set(catalog, "a", MW_STR("1"), NULL);
    if (status == MW_OK) status = mw_catalog_get(catalog, "a", &arena, &value, NULL);
    mw_arena_release(&arena);
    mw_catalog_close(catalog);
    return status;
}

MW_TEST(catalog_survives_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(open_set_get, NULL) > 3);
}
