#include "monitor/alert_book.h"

#include "testing/test.h"

static int64_t count_of(mw_catalog *catalog, const char *sql) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_CHECK_OK(mw_catalog_query(catalog, sql, MW_SQL_NOTHING, &rows, NULL), NULL);
    MW_CHECK_OK(mw_catalog_next(rows, &has_row, NULL), NULL);
    MW_CHECK(has_row);
    int64_t count = mw_catalog_int(rows, 0);
    mw_catalog_rows_close(rows);
    return count;
}

static void write(mw_catalog *catalog, const mw_alert *alert, int64_t now) {
    mw_error err = {0};
    MW_CHECK_OK(mw_alert_book_write(catalog, MW_STR("late"), alert, now, &err), &err);
}

MW_TEST(alert_book_opens_once_and_closes_once) {
    mw_catalog *catalog = NULL;
    mw_rule rule;
    mw_alert alert, reborn;
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), NULL, true, &catalog, NULL), NULL);
    MW_CHECK_OK(mw_rule_parse(MW_STR("drift.max > 0.2"), &rule, NULL), NULL);
    mw_alert_init(&alert, &rule);
    mw_alert_init(&reborn, &rule);
    write(catalog, &alert, 5);
    MW_CHECK_EQUAL_INT(count_of(catalog, "SELECT count(*) FROM alerts"), 0);
    mw_alert_update(&alert, 0.3, true, 10);
    write(catalog, &alert, 10);
    mw_alert_update(&alert, 0.4, true, 20);
    write(catalog, &alert, 20);
    write(catalog, &reborn, 25); /* it has measured nothing, and proves nothing */
    MW_CHECK_EQUAL_INT(count_of(catalog, "SELECT count(*) FROM alerts"), 1);
    MW_CHECK_EQUAL_INT(count_of(catalog, "SELECT opened_us FROM alerts WHERE closed_us IS NULL"),
                       10);
    mw_alert_update(&reborn, 0.1, false, 30);
    write(catalog, &reborn, 30);
    write(catalog, &reborn, 40);
    MW_CHECK_EQUAL_INT(count_of(catalog, "SELECT closed_us FROM alerts"), 30);
    mw_alert_update(&reborn, 0.5, true, 50);
    write(catalog, &reborn, 50);
    MW_CHECK_EQUAL_INT(count_of(catalog, "SELECT count(*) FROM alerts"), 2);
    mw_catalog_close(catalog);
}
