#include "lang/model_sql.h"

#include "testing/declare.h"
#include "testing/test.h"

/* The query of a program's model; nothing is left out. */
static void query_of_program(const char *text, mw_buf *out) {
    mw_buf left_out;
    mw_error err;
    mw_test_project project = mw_test_compile(text);
    mw_buf_init(&left_out, 1 << 16);
    mw_model_sql of = {
        .program = project.program, .model = project.model, .symbols = project.symbols};
    MW_CHECK_OK(mw_model_append_sql(of, out, &left_out, &err), &err);
    MW_CHECK_EQUAL_INT(left_out.size, 0);
    mw_buf_release(&left_out);
    mw_test_project_release(&project);
}

/* The query of MW_TEST_SHOPS with one feature. */
static void query_of(const char *feature, mw_buf *out) {
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    mw_buf_printf(&text, "%sfeature f: %s\nfeature g: f + 1\n", MW_TEST_SHOPS_MODEL, feature);
    query_of_program(text.data, out);
    mw_buf_release(&text);
}

static bool has(const mw_buf *text, const char *part) {
    mw_str rest = mw_buf_str(text), wanted = mw_str_of(part);
    for (size_t i = 0; i + wanted.size <= rest.size; i++)
        if (mw_str_starts(mw_str_slice(rest, i, rest.size), wanted)) return true;
    return false;
}

MW_TEST(model_sql_leaves_out_what_the_rules_leave_out) {
    mw_buf sql;
    mw_buf_init(&sql, 1 << 20);
    query_of("count(orders where amount > 1 by shop over 2h)", &sql);
    MW_CHECK(has(&sql, "e.\"event t\" >= m.\"moment t\" + -7200000000"));
    MW_CHECK(has(&sql, "e.\"event known\" < m.\"moment place\""));
    MW_CHECK(has(&sql, "AND (1e0 < e.event.\"amount\")"));
    MW_CHECK(has(&sql, "AND NOT (epoch_us(e.event.\"at\") IS NOT DISTINCT FROM "));
    MW_CHECK(has(&sql, "\"features 1\" AS (\n  SELECT m.*,\n    "
                       "(mw_number(m.\"f\" + 1e0)) AS \"g\""));
    mw_buf_release(&sql);
}

/* Buckets are as wide as the window, so one over all of the past has none. */
MW_TEST(model_sql_looks_at_bounded_windows_by_buckets) {
    mw_buf sql;
    mw_buf_init(&sql, 1 << 20);
    query_of("count(orders by shop over 2h)", &sql);
    MW_CHECK(has(&sql, "e.\"event t\" // 7200000000 = m.bucket"));
    mw_buf_clear(&sql);
    query_of("count(orders by shop)", &sql);
    MW_CHECK(has(&sql, " AS e ON true"));
    mw_buf_release(&sql);
}

/* A window's comment ends where its line does, whatever texts stand in the window. */
MW_TEST(model_sql_keeps_texts_inside_their_comment) {
    mw_buf sql;
    mw_buf_init(&sql, 1 << 20);
    query_of("count(orders where note = \"a\rDROP TABLE b\" by shop over 2h)", &sql);
    MW_CHECK(has(&sql, "-- count(orders where note = \"a DROP TABLE b\" by shop over 2h)\n"));
    MW_CHECK(has(&sql, "'a\rDROP TABLE b'"));
    mw_buf_release(&sql);
}

/* What is asked across the moments of an event is asked of a partition. */
MW_TEST(model_sql_says_within) {
    mw_buf sql;
    mw_buf_init(&sql, 1 << 20);
    query_of_program(
        "stream visits:\n  columns: at time, sizes list of number\n  time: at\n"
        "stream sales:\n  columns: at time, size number\n  time: at\n"
        "feature sold: count(sales by size over 1d)\n"
        "feature share: sold / sum(sold within moment)\n"
        "model m:\n  moment: on visits each sizes as size\n"
        "  label: any(sales by size over next 1d)\n",
        &sql);
    MW_CHECK(has(&sql, "coalesce(fsum(mw_summed(m.\"sold\")) OVER (PARTITION BY "
                       "m.\"moment event\"), 0) AS \"within 0\"\n  FROM \"features 0\" AS m"));
    MW_CHECK(has(&sql, "(mw_number(m.\"sold\" / m.\"within 0\")) AS \"share\"\n"));
    mw_buf_release(&sql);
}

MW_TEST(model_sql_moves_ends_back_to_ticks) {
    mw_buf sql;
    mw_buf_init(&sql, 1 << 20);
    query_of("count(prices by price = amount over next 2h every 1h) + "
             "count(orders by shop over 59d since orders aligned month)", &sql);
    MW_CHECK(has(&sql, "\"event t\" >= greatest(m.\"moment t\", m.\"tick from\")"));
    MW_CHECK(has(&sql, "ASOF JOIN \"ticks of 3600000000\" AS \"tick to\" ON k.us + 7200000000 >= "
                       "\"tick to\".us"));
    MW_CHECK(has(&sql, "JOIN \"ticks of months\" AS \"tick from\" ON \"tick from\".n = k.n + -2"));
    MW_CHECK(has(&sql, "ASOF LEFT JOIN \"ticks of months\" AS s ON m.\"window 1\" <= s.us"));
    MW_CHECK(has(&sql, "\"event t\" >= coalesce(m.\"tick since\", e."));
    mw_buf_release(&sql);
}

MW_TEST(model_sql_says_what_a_schedule_takes) {
    mw_buf sql;
    mw_buf_init(&sql, 1 << 20);
    query_of_program(
        MW_TEST_SHOPS "feature dear: count(orders where amount > now.amount by shop over 2d)\n"
                      "model m:\n"
                      "  moment: every 7d at \"tue 06:30\" for shop of orders over 30d "
                      "where amount > 3 ahead 1d..3d\n"
                      "  label: count(orders by shop over next 1d after ahead - 1d)\n",
        &sql);
    MW_CHECK(has(&sql, "m.\"moment row\".\"ahead\" / 1e6 AS \"id.ahead\""));
    MW_CHECK(has(&sql, "AND (m.\"window 0\" < e.event.\"amount\")"));
    MW_CHECK(has(&sql, "\nWHERE (m.\"window 2\" AND (3e0 < m.\"window 0\"));\n"));
    mw_buf_release(&sql);
}
