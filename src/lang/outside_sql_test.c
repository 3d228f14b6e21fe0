#include "lang/outside_sql.h"

#include "lang/model_sql.h"
#include "testing/declare.h"
#include "testing/test.h"

static bool has(const mw_buf *text, const char *part) {
    mw_str rest = mw_buf_str(text), wanted = mw_str_of(part);
    for (size_t i = 0; i + wanted.size <= rest.size; i++)
        if (mw_str_starts(mw_str_slice(rest, i, rest.size), wanted)) return true;
    return false;
}

static const char text[] =
    "stream orders:\n"
    "  columns: shop category, note text, at time, amount number\n"
    "  time: at\n"
    "  id: shop, at\n"
    "feature busy: count(orders by shop over 2h)\n"
    "feature dear: max(orders.amount by shop over 3h)\n"
    "feature seen: pixels(case when busy > 1 then note end, 2, 1)\n"
    "feature also: pixels(case when busy > 1 then note end, 2, 1)\n"
    "feature reader: seen_1 + dear\n"
    "model m:\n"
    "  moment: on orders\n"
    "  label: count(orders by shop over next 1d) > 1\n";

MW_TEST(outside_sql_looks_numbers_up_by_their_input) {
    mw_error err;
    mw_buf sql, left_out;
    mw_buf_init(&sql, 1 << 20);
    mw_buf_init(&left_out, 1 << 16);
    mw_test_project project = mw_test_compile(text);
    mw_model_sql of = {.program = project.program, .model = project.model,
                       .symbols = project.symbols, .has_outside = true};
    MW_CHECK_OK(mw_model_append_sql(of, &sql, &left_out, &err), &err);
    MW_CHECK_EQUAL_INT(left_out.size, 0);
    MW_CHECK(has(&sql, "sha256((CASE WHEN (1e0 < m.\"busy\") THEN m.\"moment row\".\"note\" ELSE "
                       "CAST(NULL AS VARCHAR) END)) AS \"input "));
    MW_CHECK(has(&sql, "(SELECT found FROM \"outside m "));
    MW_CHECK(has(&sql, ".number_5 AS DOUBLE))) AS \"also_5\""));
    mw_buf_release(&left_out);
    mw_buf_release(&sql);
    mw_test_project_release(&project);
}

/* Of what the vector does not hang on there is nothing, and vectors that are spelled alike are
   looked up in one table. */
MW_TEST(outside_sql_asks_for_inputs_alone) {
    mw_error err;
    mw_buf sql;
    mw_model_outside outside;
    mw_buf_init(&sql, 1 << 20);
    mw_test_project project = mw_test_compile(text);
    mw_model_sql of = {.program = project.program, .model = project.model,
                       .symbols = project.symbols, .has_outside = true};
    MW_CHECK_OK(mw_model_find_outside(of, &project.arena, &outside, &err), &err);
    MW_CHECK_EQUAL_INT(outside.count, 1);
    MW_CHECK_EQUAL_STR(outside.features[0]->name, "seen_0");
    MW_CHECK_OK(mw_model_append_inputs_sql(of, outside.features[0], &sql, &err), &err);
    MW_CHECK(has(&sql, "-- count(orders by shop over 2h)"));
    MW_CHECK(!has(&sql, "-- max(") && !has(&sql, "next 1d") && !has(&sql, "number_"));
    MW_CHECK(has(&sql, " AS input,\n  (CASE WHEN (1e0 < m.\"busy\")"));
    MW_CHECK(has(&sql, "\nWHERE true AND \"argument 0\" IS NOT NULL;\n"));
    mw_buf_release(&sql);
    mw_test_project_release(&project);
}

/* To SQL, names that differ in case are one. */
MW_TEST(outside_sql_tells_tables_apart_by_vector_and_model) {
    mw_vector a = {.text = MW_STR("pixels(a, 1, 1)")}, b = {.text = MW_STR("pixels(A, 1, 1)")};
    mw_buf one, other;
    mw_buf_init(&one, 256);
    mw_buf_init(&other, 256);
    mw_outside_sql_append_table(&a, MW_STR("m"), &one);
    mw_outside_sql_append_table(&b, MW_STR("m"), &other);
    MW_CHECK(!mw_str_equal(mw_buf_str(&one), mw_buf_str(&other)));
    mw_buf_clear(&other);
    mw_outside_sql_append_table(&a, MW_STR("n"), &other);
    MW_CHECK(!mw_str_equal(mw_buf_str(&one), mw_buf_str(&other)));
    mw_buf_release(&one);
    mw_buf_release(&other);
}

/* The n-th block of memory missing. */
MW_TEST(outside_sql_fails_without_memory) {
    mw_test_project project = mw_test_compile(text);
    mw_model_sql of = {.program = project.program, .model = project.model,
                       .symbols = project.symbols, .has_outside = true};
    mw_model_outside outside;
    mw_error err;
    MW_CHECK_OK(mw_model_find_outside(of, &project.arena, &outside, &err), &err);
    mw_status status = MW_NO_MEMORY;
    for (size_t n = 0; status != MW_OK && n < 1000; n++) {
        mw_buf sql;
        mw_buf_init(&sql, 1 << 20);
        mw_memory_fail_after(n);
        status = mw_model_append_inputs_sql(of, outside.features[0], &sql, &err);
        if (status == MW_OK) status = mw_buf_check(&sql, "the query", &err);
        mw_memory_fail_after(SIZE_MAX);
        MW_CHECK(status == MW_OK || status == MW_NO_MEMORY || status == MW_TOO_LARGE);
        mw_buf_release(&sql);
    }
    MW_CHECK(status == MW_OK);
    mw_test_project_release(&project);
}
