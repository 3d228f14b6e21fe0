#include "lang/moment_sql.h"

#include "testing/declare.h"
#include "testing/test.h"

/* The query of a program's model, of which the moments are the first part. */
static void query_of_program(const char *text, mw_buf *out) {
    mw_buf left_out;
    mw_error err;
    mw_test_project project = mw_test_compile(text);
    mw_buf_init(&left_out, 1 << 16);
    mw_model_sql of = {
        .program = project.program, .model = project.model, .symbols = project.symbols};
    MW_CHECK_OK(mw_model_append_sql(of, out, &left_out, &err), &err);
    mw_buf_release(&left_out);
    mw_test_project_release(&project);
}

static bool has(const mw_buf *text, const char *part) {
    mw_str rest = mw_buf_str(text), wanted = mw_str_of(part);
    for (size_t i = 0; i + wanted.size <= rest.size; i++)
        if (mw_str_starts(mw_str_slice(rest, i, rest.size), wanted)) return true;
    return false;
}

/* The elements of a list are rows. */
MW_TEST(moment_sql_says_each) {
    mw_buf sql;
    mw_buf_init(&sql, 1 << 20);
    query_of_program("stream visits:\n  columns: at time, sizes list of number\n  time: at\n"
                     "stream sales:\n  columns: at time, size number\n  time: at\n"
                     "feature size: size\n"
                     "model m:\n  moment: on visits each sizes as size\n"
                     "  label: any(sales by size over next 1d)\n",
                     &sql);
    MW_CHECK(has(&sql, "unnest(list_distinct(from_json(event.\"sizes\", '[\"DOUBLE\"]')))"));
    MW_CHECK(has(&sql, "struct_insert(event, \"size\" := element)"));
    mw_buf_release(&sql);
}

MW_TEST(moment_sql_says_schedules) {
    mw_buf sql;
    mw_buf_init(&sql, 1 << 20);
    query_of_program(MW_TEST_SHOPS "model m:\n"
                                   "  moment: every 7d at \"tue 06:30\" for shop of orders "
                                   "over 30d ahead 1d..3d\n"
                                   "  label: count(orders by shop over next 1d)\n",
                     &sql);
    MW_CHECK(has(&sql, "SELECT event.\"shop\" AS \"key 0\""));
    MW_CHECK(has(&sql, "ON b.us > k.first AND b.us <= k.last + 2592000000000"));
    MW_CHECK(has(&sql, "unnest(range(86400000000, 259200000001, 86400000000)) AS ahead"));
    mw_buf_release(&sql);
}
