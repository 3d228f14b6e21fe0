#include "lang/syntax_check.h"

#include "testing/test.h"

static void check(const char *text, const char *expected) {
    mw_arena arena;
    mw_diagnostics diagnostics;
    mw_buf out;
    mw_arena_init(&arena, 1 << 20);
    mw_diagnostics_init(&diagnostics, &arena);
    mw_buf_init(&out, 4096);
    MW_CHECK(mw_syntax_check((mw_source){mw_str_of(text), {3, 7}}, MW_STR("actions.call.when"),
                             &arena, &diagnostics));
    mw_diagnostics_print(&diagnostics, "f", &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
    mw_arena_release(&arena);
}

MW_TEST(syntax_check_asks_no_name_what_it_means) {
    check("churn.decision = \"call\"", "");
    check("not label", "");
    check("max(route) > 0.8 and count(visits by shop over 3d) between 2 and nobody", "");
}

MW_TEST(syntax_check_tells_a_mistake_where_it_stands) {
    check("amount >> 5",
          "f:3:15: actions.call.when: expected a value, got >\n");
    check("amount > 5\n  and or shop", "f:4:7: actions.call.when: expected a value, got or\n");
}

MW_TEST(syntax_check_says_that_memory_ran_out) {
    mw_arena arena;
    mw_diagnostics diagnostics;
    mw_arena_init(&arena, 16);
    mw_diagnostics_init(&diagnostics, &arena);
    MW_CHECK(!mw_syntax_check((mw_source){MW_STR("a + b"), {1, 1}}, MW_STR("x"), &arena,
                              &diagnostics));
    mw_arena_release(&arena);
}
