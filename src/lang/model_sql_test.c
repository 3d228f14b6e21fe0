#include "lang/model_sql.h"

#include "testing/declare.h"
#include "testing/test.h"

/* The query of MW_TEST_SHOPS with one feature; MW_NOT_BUILT leaves its message in `out`. */
static mw_status query_of(const char *feature, mw_buf *out) {
    mw_arena arena;
    mw_symbols *symbols;
    mw_error err;
    mw_buf text;
    mw_arena_init(&arena, 64 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_buf_init(&text, 1 << 16);
    mw_buf_printf(&text, "%sfeature f: %s\nfeature g: f + 1\n", MW_TEST_SHOPS_MODEL, feature);
    const mw_program *program = mw_test_program(&arena, symbols, text.data);
    mw_status status =
        mw_model_append_sql(program, &program->models[0], symbols, out, &err);
    if (status != MW_OK) {
        mw_buf_clear(out);
        mw_buf_append_text(out, err.message);
    }
    mw_buf_release(&text);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
    return status;
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
    MW_CHECK_OK(query_of("count(orders where amount > 1 by shop over 2h)", &sql), NULL);
    MW_CHECK(has(&sql, "e.\"event t\" >= m.\"moment t\" + -7200000000"));
    MW_CHECK(has(&sql, "e.\"event known\" < m.\"moment place\""));
    MW_CHECK(has(&sql, "AND (1e0 < e.event.\"amount\")"));
    MW_CHECK(has(&sql, "AND NOT (epoch_us(e.event.\"at\") IS NOT DISTINCT FROM "));
    MW_CHECK(has(&sql, "\"features 1\" AS (\n  SELECT m.*,\n    "
                       "(mw_number(m.\"f\" + 1e0)) AS \"g\""));
    mw_buf_release(&sql);
}

/* The elements of a list are rows, and what is asked across them is asked of a partition. */
MW_TEST(model_sql_says_each_and_within) {
    mw_arena arena;
    mw_symbols *symbols;
    mw_buf sql;
    mw_error err;
    mw_arena_init(&arena, 64 << 20);
    mw_buf_init(&sql, 1 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    const mw_program *program = mw_test_program(
        &arena, symbols,
        "stream visits:\n  columns: at time, sizes list of number\n  time: at\n"
        "stream sales:\n  columns: at time, size number\n  time: at\n"
        "feature sold: count(sales by size over 1d)\n"
        "feature share: sold / sum(sold within moment)\n"
        "model m:\n  moment: on visits each sizes as size\n"
        "  label: any(sales by size over next 1d)\n");
    MW_CHECK_OK(mw_model_append_sql(program, &program->models[0], symbols, &sql, &err), &err);
    MW_CHECK(has(&sql, "unnest(list_distinct(from_json(event.\"sizes\", '[\"DOUBLE\"]')))"));
    MW_CHECK(has(&sql, "struct_insert(event, \"size\" := element)"));
    MW_CHECK(has(&sql, "coalesce(fsum(m.\"sold\") OVER (PARTITION BY m.\"moment event\"), 0) AS "
                       "\"within 0\"\n  FROM \"features 0\" AS m"));
    MW_CHECK(has(&sql, "(mw_number(m.\"sold\" / m.\"within 0\")) AS \"share\"\n"));
    mw_buf_release(&sql);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
}

MW_TEST(model_sql_refuses_what_it_cannot_say) {
    static const char *const windows[] = {
        "count(orders by shop over 2h aligned hour)", "sum(orders.amount by shop over 1h every 1m)",
        "amount\nfeature v: ngrams(note, 1, 2, 2)"};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        mw_buf sql;
        mw_buf_init(&sql, 1 << 20);
        MW_CHECK_STATUS(query_of(windows[i], &sql), MW_NOT_BUILT);
        MW_CHECK(mw_str_ends(mw_buf_str(&sql), MW_STR("cannot be written in SQL yet")));
        mw_buf_release(&sql);
    }
}
