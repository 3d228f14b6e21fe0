#include "lang/sql.h"

#include "base/zone.h"
#include "testing/declare.h"
#include "testing/test.h"

typedef struct {
    const char *expression, *sql;
} sql_case;

/* What the expressions are as features of one row; that they mean the same is for a real DuckDB to
   say (tests/e2e/exported_sql_test.py). */
static void check_sql(const sql_case *cases, size_t count) {
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    for (size_t i = 0; i < count; i++)
        mw_buf_printf(&text, "feature f%zu: %s\n", i, cases[i].expression);
    mw_buf_append_text(&text, "stream s:\n"
                              "  columns: k category, x number, t time, b bool, d duration\n"
                              "  time: t\n"
                              "  id: k, t\n"
                              "model m:\n"
                              "  moment: on s\n"
                              "  label: count(s by k over next 1d)\n");
    mw_test_project project = mw_test_compile(text.data);
    mw_sql_names names = {
        .row = "e.", .schema = &project.program->streams[0].schema, .time = "now", .columns = "m."};
    for (size_t i = 0; i < count; i++) {
        mw_error err;
        mw_buf_clear(&text);
        MW_CHECK_OK(mw_code_append_sql(project.model->features[i].code, &names, project.symbols,
                                       &text, &err), &err);
        MW_CHECK_EQUAL_STR(mw_buf_str(&text).data, cases[i].sql);
    }
    mw_buf_release(&text);
    mw_test_project_release(&project);
}
#define CHECK_SQL(cases) check_sql((cases), sizeof(cases) / sizeof((cases)[0]))

MW_TEST(sql_is_written_for_each_kind_of_value) {
    static const sql_case cases[] = {
        {"x", "e.\"x\""},
        {"x * 2 + 0.5", "(mw_number((mw_number(e.\"x\" * 2e0)) + 0.5e0))"},
        {"k = 'it\\'s'", "(e.\"k\" = 'it''s')"},
        {"not b and x < 3", "((NOT e.\"b\") AND (e.\"x\" < 3e0))"},
        {"k in ['a', 'b']", "(e.\"k\" IN ('a', 'b'))"},
        {"x in [1, 2]", "(e.\"x\" IN (1e0, 2e0))"},
        {"hour(t + 90m)", "CAST(hour(mw_local((epoch_us(e.\"t\") + "
                          "CAST(5400000000 AS BIGINT)))) AS DOUBLE)"},
        {"case when b then k else 'c' end", "(CASE WHEN e.\"b\" THEN e.\"k\" ELSE 'c' END)"},
        {"coalesce(x, 1)", "(coalesce(e.\"x\", 1e0))"},
        {"bucket(x, 1)", "CASE WHEN e.\"x\" IS NOT NULL AND 1e0 IS NOT NULL THEN "
                         "CAST(1e0 <= e.\"x\" AS DOUBLE) END"},
    };
    CHECK_SQL(cases);
}

MW_TEST(sql_names_the_zone_of_the_calendar) {
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    mw_sql_append_macros(mw_zone_utc(), MW_STR("hour(mw_local(t))"), &text);
    MW_CHECK_EQUAL_STR(mw_buf_str(&text), "CREATE OR REPLACE MACRO mw_local(us) AS "
                                          "make_timestamp(us);\n");
    mw_buf_release(&text);
}

/* How many macros the text defines; each is to stand behind those that it calls. */
static size_t count_macros(mw_str text) {
    size_t count = 0;
    mw_str line;
    while (mw_str_split(&text, '\n', &line))
        count += mw_str_starts(line, MW_STR("CREATE OR REPLACE MACRO mw_"));
    return count;
}

MW_TEST(sql_brings_the_macros_that_a_query_calls_and_no_others) {
    static const struct {
        const char *query;
        size_t count;
    } cases[] = {{"SELECT 1", 0},
                 {"mw_span(1), mw_sqrt(2)", 2},
                 {"mw_round(x, 1)", 2},  /* and mw_number */
                 {"mw_middle(x)", 3},    /* mw_width, mw_power */
                 {"mw_lower(x)", 1},
                 {"mw_count(mw_buckets(x, 1, 2, 64), 3)", 8}}; /* all of n-grams */
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_buf_clear(&text);
        mw_sql_append_macros(mw_zone_utc(), mw_str_of(cases[i].query), &text);
        MW_CHECK_EQUAL_INT(count_macros(mw_buf_str(&text)), cases[i].count);
        MW_CHECK(text.size == 0 || text.data[text.size - 1] == '\n');
    }
    mw_buf_clear(&text);
    mw_sql_append_macros(mw_zone_utc(), MW_STR("mw_round(x, 1)"), &text);
    MW_CHECK(mw_str_starts(mw_buf_str(&text), MW_STR("CREATE OR REPLACE MACRO mw_number(x)")));
    mw_buf_release(&text);
}

MW_TEST(sql_quotes_names) {
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    mw_sql_append_name(&text, MW_STR("two \"words\""));
    MW_CHECK_EQUAL_STR(mw_buf_str(&text).data, "\"two \"\"words\"\"\"");
    mw_buf_release(&text);
}
