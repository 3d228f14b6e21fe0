#include "store/duck.h"

#include <math.h>

#include "store/duck_call_test.h"

MW_TEST(duck_reads_every_type_as_one_of_nine_kinds) {
    mw_duck *duck = open_duck();
    mw_duck_cursor *cursor = query(
        duck,
        "SELECT true AS flag, (-7)::TINYINT AS small, 18446744073709551615::UBIGINT AS huge,"
        " 1.5::DECIMAL(9, 3) AS money, 'nan'::FLOAT AS none, 'it''s' AS short,"
        " 'longer than twelve bytes' AS long, DATE '1970-01-02' AS day,"
        " TIMESTAMP_NS '1970-01-01 00:00:00.000001999' AS moment,"
        " TIMESTAMPTZ '1970-01-01 01:00:00+01' AS instant, [1, 2] AS list, NULL AS nothing,"
        " ['it''s', '\"'] AS texts, [DATE '1970-01-02'] AS days");
    MW_CHECK_EQUAL_INT(mw_duck_column_count(cursor), 14);
    MW_CHECK_EQUAL_STR(mw_duck_column_name(cursor, 6), "long");
    static const mw_duck_kind kinds[] = {
        MW_DUCK_BOOL, MW_DUCK_INTEGER,    MW_DUCK_DECIMAL,    MW_DUCK_DECIMAL,
        MW_DUCK_NUMBER, MW_DUCK_TEXT,     MW_DUCK_TEXT,       MW_DUCK_DATE,
        MW_DUCK_LOCAL_TIME, MW_DUCK_TIME, MW_DUCK_NUMBER_LIST, MW_DUCK_INTEGER,
        MW_DUCK_LIST, MW_DUCK_TEXT};
    for (size_t i = 0; i < 14; i++)
        MW_CHECK_EQUAL_INT(mw_duck_column_kind(cursor, i), kinds[i]);
    MW_CHECK_EQUAL_INT(fetch(cursor), 1);
    MW_CHECK(mw_duck_bool(cursor, 0, 0));
    MW_CHECK_EQUAL_INT(mw_duck_int(cursor, 1, 0), -7);
    MW_CHECK_EQUAL_STR(mw_duck_text(cursor, 2, 0), "18446744073709551615");
    MW_CHECK_EQUAL_STR(mw_duck_text(cursor, 3, 0), "1.500");
    MW_CHECK(isnan(mw_duck_number(cursor, 4, 0)));
    MW_CHECK_EQUAL_STR(mw_duck_text(cursor, 5, 0), "it's");
    MW_CHECK_EQUAL_STR(mw_duck_text(cursor, 6, 0), "longer than twelve bytes");
    MW_CHECK_EQUAL_INT(mw_duck_int(cursor, 7, 0), MW_DAY_US);
    MW_CHECK_EQUAL_INT(mw_duck_int(cursor, 8, 0), 1);
    MW_CHECK_EQUAL_INT(mw_duck_int(cursor, 9, 0), 0);
    MW_CHECK_EQUAL_STR(mw_duck_text(cursor, 10, 0), "[1,2]");
    MW_CHECK_EQUAL_STR(mw_duck_text(cursor, 12, 0), "[\"it's\",\"\\\"\"]");
    MW_CHECK_EQUAL_STR(mw_duck_text(cursor, 13, 0), "[1970-01-02]");
    MW_CHECK(mw_duck_is_null(cursor, 11, 0) && !mw_duck_is_null(cursor, 10, 0));
    MW_CHECK_EQUAL_INT(fetch(cursor), 0);
    mw_duck_cursor_close(cursor);
    mw_duck_close(duck);
}

MW_TEST(duck_says_what_went_wrong_in_one_line) {
    mw_duck *duck = open_duck();
    mw_duck_cursor *cursor;
    mw_error err;
    MW_CHECK_STATUS(mw_duck_run(duck, "SELEC 1", &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "duckdb: Parser Error: syntax error at or near \"SELEC\"");
    MW_CHECK_STATUS(mw_duck_query(duck, "FROM read_parquet('/absent/*.parquet')", &cursor, &err),
                    MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_duck_run(duck, "COPY (SELECT 1) TO '/absent/x.parquet'", &err), MW_IO);
    /* A failure in the middle of a stream, after rows were handed out. */
    cursor = query(duck, "SELECT CASE WHEN i < 999999 THEN 1 ELSE error(i::VARCHAR)::INT END"
                         " FROM range(1000000) t(i)");
    mw_status status = MW_OK;
    size_t count = 1;
    while (status == MW_OK && count > 0) status = mw_duck_fetch(cursor, &count, &err);
    MW_CHECK_STATUS(status, MW_INVALID);
    mw_duck_cursor_close(cursor);
    mw_duck_close(duck);
}

MW_TEST(duck_quotes_whatever_a_name_holds) {
    mw_duck *duck = open_duck();
    mw_buf sql;
    mw_buf_init(&sql, 1000);
    mw_buf_append_text(&sql, "SELECT ");
    mw_duck_append_text(&sql, MW_STR("a'b\"; DROP"));
    mw_buf_append_text(&sql, " AS ");
    mw_duck_append_name(&sql, MW_STR("x\"y'z"));
    mw_duck_cursor *cursor = query(duck, mw_buf_str(&sql).data);
    MW_CHECK_EQUAL_STR(mw_duck_column_name(cursor, 0), "x\"y'z");
    MW_CHECK_EQUAL_INT(fetch(cursor), 1);
    MW_CHECK_EQUAL_STR(mw_duck_text(cursor, 0, 0), "a'b\"; DROP");
    mw_duck_cursor_close(cursor);
    mw_buf_release(&sql);
    mw_duck_close(duck);
}

MW_TEST(duck_that_rested_begins_anew) {
    mw_duck *duck = open_duck();
    mw_duck_rest(duck); /* before it was used, too */
    for (int i = 0; i < 2; i++) {
        MW_CHECK_OK(mw_duck_run(duck, "CREATE TABLE t AS SELECT 7 AS a", NULL), NULL);
        mw_duck_cursor *cursor = query(duck, "FROM t");
        MW_CHECK_EQUAL_INT(fetch(cursor), 1);
        MW_CHECK_EQUAL_INT(mw_duck_int(cursor, 0, 0), 7);
        mw_duck_cursor_close(cursor);
        mw_duck_rest(duck);
    }
    mw_duck_close(duck);
}

static mw_status read_a_row(void *context) {
    mw_duck_cursor *cursor = NULL;
    MW_TRY(mw_duck_query(context, "SELECT 1::TINYINT AS a, 'b' AS b", &cursor, NULL));
    mw_duck_cursor_close(cursor);
    return MW_OK;
}

MW_TEST(duck_survives_every_failing_allocation) {
    mw_duck *duck = open_duck();
    MW_CHECK(mw_test_every_allocation_fails(read_a_row, duck) > 1);
    mw_duck_close(duck);
}
