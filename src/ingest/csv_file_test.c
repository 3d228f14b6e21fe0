#include "ingest/csv_file.h"

#include <stdio.h>
#include <string.h>

#include "testing/test.h"

static const char *path_of(mw_str bytes) {
    static char path[512];
    mw_error err;
    snprintf(path, sizeof path, "%s/rows.csv", mw_test_directory());
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), path, bytes, &err), &err);
    return path;
}

/* Each row as its values in brackets, or as the rule that it breaks, and how reading ended. */
static void append_rows(mw_str bytes, mw_buf *out, mw_error *err) {
    mw_csv_file *file = NULL;
    mw_csv_row row;
    bool has_row = true;
    mw_status status = mw_csv_open(mw_sys_real(), path_of(bytes), &file, err);
    while (status == MW_OK && has_row) {
        status = mw_csv_next(file, &row, &has_row, err);
        if (status != MW_OK || !has_row) break;
        for (size_t i = 0; row.broken.size == 0 && i < mw_csv_heading(file)->count; i++)
            mw_buf_printf(out, "[%.*s]", MW_STR_ARGS(row.values[i]));
        if (row.broken.size > 0)
            mw_buf_printf(out, "%.*s: %.*s", MW_STR_ARGS(row.broken), MW_STR_ARGS(row.text));
        mw_buf_append_char(out, '\n');
    }
    if (status != MW_OK) mw_buf_append_text(out, mw_status_name(status));
    mw_csv_close(file);
}

static void check_rows(mw_str bytes, const char *expected) {
    mw_buf found;
    mw_error err;
    mw_buf_init(&found, 10000);
    append_rows(bytes, &found, &err);
    MW_CHECK_EQUAL_STR(mw_buf_str(&found), expected);
    mw_buf_release(&found);
}

MW_TEST(csv_file_hands_out_rows) {
    check_rows(MW_STR("a,b\n1,\"2\"\"\"\r\n\n\r\n3,4"), "[1][2\"]\n[3][4]\n");
    check_rows(MW_STR("\xef\xbb\xbf" "a;b\r1;2\r\r3;4\r"), "[1][2]\n[3][4]\n");
    check_rows(MW_STR("a\n1\n\n2\n"), "[1]\n[]\n[2]\n"); /* a missing value of one column */
    check_rows(MW_STR("a,b\n"), "");
}

MW_TEST(csv_file_tells_broken_rows) {
    check_rows(MW_STR("a,b\n1\n1,2,\n1,2,3\n\"x\"y,2\nc,\xff\n1,2\n"),
               "row: missing columns: 1\n[1][2]\nrow: too many columns: 1,2,3\n"
               "row: a quoted value must end with its quote: \"x\"y,2\n"
               "row: must be text in UTF-8: c,\xff\n[1][2]\n");
    check_rows(MW_STR("a,b\n1,x\0y\n1,2\n\0\0\0\0"),
               "row: must be text in UTF-8, without zero bytes: 1,x\n[1][2]\n"
               "row: must be text in UTF-8, without zero bytes: \n"); /* printed up to them */
    check_rows(MW_STR("a,b\r\n1,2\r\r\n3,4\r\n"),
               "row: must end as the heading does: 1,2\r\n[3][4]\n");
    check_rows(MW_STR("a,b\r\r\n1,2\r\r\n"), "row: must end as the heading does: \n1,2\n"
                                              "row: must end as the heading does: \n\n");
}

MW_TEST(csv_file_ends_where_nothing_can_be_told_apart) {
    mw_buf found;
    mw_error err;
    mw_buf_init(&found, 1000);
    append_rows(MW_STR("a,b\n1,2\n3,\"4\n5,6\n"), &found, &err);
    MW_CHECK_EQUAL_STR(mw_buf_str(&found), "[1][2]\ninvalid");
    MW_CHECK(mw_str_ends(mw_str_of(err.message), MW_STR("rows.csv: row 2: a quote is not closed")));
    mw_buf_release(&found);
}

/* Larger than the window at first, and than what it grows to. */
MW_TEST(csv_file_holds_large_rows) {
    enum { SIZES = 3 };
    static const size_t sizes[SIZES] = {700, 3 << 20, 5 << 20};
    mw_buf bytes;
    mw_csv_file *file;
    mw_csv_row row;
    bool has_row;
    mw_error err;
    mw_buf_init(&bytes, 1 << 28);
    mw_buf_append_text(&bytes, "a,b\n");
    for (size_t i = 0; i < SIZES; i++) {
        mw_buf_append_text(&bytes, "\"");
        for (size_t k = 0; k < sizes[i]; k++) mw_buf_append_char(&bytes, k % 2 ? '\n' : 'x');
        mw_buf_append_text(&bytes, "\",1\n");
        for (size_t k = 0; k < 100000; k++) mw_buf_append_text(&bytes, "2,3\n");
    }
    MW_CHECK_OK(mw_csv_open(mw_sys_real(), path_of(mw_buf_str(&bytes)), &file, &err), &err);
    for (size_t i = 0; i < SIZES; i++) {
        MW_CHECK_OK(mw_csv_next(file, &row, &has_row, &err), &err);
        MW_CHECK(has_row && row.values[0].size == sizes[i]);
        for (size_t k = 0; k < 100000; k++) {
            MW_CHECK_OK(mw_csv_next(file, &row, &has_row, &err), &err);
            MW_CHECK(has_row && mw_str_equal(row.values[1], MW_STR("3")));
        }
    }
    MW_CHECK_OK(mw_csv_next(file, &row, &has_row, &err), &err);
    MW_CHECK(!has_row);
    mw_csv_close(file);
    mw_buf_release(&bytes);
}

static mw_status open_once(void *context) {
    mw_csv_file *file;
    mw_csv_row row;
    bool has_row;
    MW_TRY(mw_csv_open(mw_sys_real(), context, &file, NULL));
    mw_status status = mw_csv_next(file, &row, &has_row, NULL);
    mw_csv_close(file);
    return status;
}

MW_TEST(csv_file_ends_well_when_memory_is_out) {
    char path[512];
    snprintf(path, sizeof path, "%s", path_of(MW_STR("a,b\n1,2\n")));
    MW_CHECK(mw_test_every_allocation_fails(open_once, path) >= 3);
}
