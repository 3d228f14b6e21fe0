#include "lang/aggregate_sql.h"

#include "testing/declare.h"
#include "testing/test.h"

static const char project[] =
    "stream orders\n  columns: shop category, at time\n  time: at\n"
    "stream views\n  columns: shop category, x number, at time\n  time: at\n"
    "feature a: max(views.x by shop over 1h)\n"
    "feature b: last(views.x by shop)\n"
    "feature c: since(views by shop)\n"
    "feature d: quantile(0.9)(views.x by shop over 1h)\n"
    "feature e: count(views by shop over 1h)\n"
    "feature f: sum(views.x by shop over 1h)\n"
    "feature g: std(views.x by shop over 1h)\n"
    "feature h: trend(views.x by shop over 1h)\n"
    "model m\n  moment: on orders\n  label: any(views by shop over next 1h)\n";

/* In the order of the features, each of which is one window. */
static const char *const expected[] = {
    "max(v.\"x\")",
    "arg_max(v.\"x\", {'t': v.t, 'v': v.\"x\"}) FILTER (v.\"x\" IS NOT NULL)",
    "any_value(o.t) - max(v.t)",
    ("mw_middle(list_sort(list(v.\"x\") FILTER (v.\"x\" IS NOT NULL))[greatest(1, "
     "(count(v.\"x\") * 900000 + 999999) // 1000000)])"),
    "CAST(count(*) AS DOUBLE)",
    "coalesce(fsum(mw_summed(v.\"x\") ORDER BY mw_summed(v.\"x\")), 0)",
    "stddev_samp(mw_summed(v.\"x\") ORDER BY mw_summed(v.\"x\"))",
    ("mw_number(regr_slope(mw_summed(v.\"x\"), CAST(v.t - o.t AS DOUBLE) / 1e6 ORDER BY "
     "mw_summed(v.\"x\"), v.t))"),
};

MW_TEST(aggregate_sql_says_what_each_window_asks) {
    mw_arena arena;
    mw_symbols *symbols;
    mw_buf sql;
    mw_arena_init(&arena, 1 << 20);
    mw_buf_init(&sql, 4096);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &symbols, NULL), NULL);
    const mw_program *program = mw_test_program(&arena, symbols, project);
    const mw_model_program *model = &program->models[0];
    mw_sql_names names = {.row = "v.", .schema = &program->streams[1].schema, .now = "o.",
                          .now_schema = &program->streams[0].schema, .time = "v.t",
                          .now_time = "o.t"};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        mw_error err;
        mw_buf_clear(&sql);
        MW_CHECK_OK(mw_aggregate_append_sql(&model->windows[i], &names, symbols, true, &sql, &err),
                    &err);
        MW_CHECK_EQUAL_STR(mw_buf_str(&sql), expected[i]);
    }
    mw_buf_release(&sql);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
}
