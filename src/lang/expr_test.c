#include "lang/expr.h"

#include "lang/compiler_world_test.h"

static const mw_expr *number(compiler_world *f, double value) {
    return mw_expr_constant(&f->compiler, MW_TYPE_NUMBER, mw_cell_number(value));
}

static const mw_expr *field(compiler_world *f, const char *name) {
    return mw_expr_load(&f->compiler, MW_OP_FIELD, MW_TYPE_NUMBER, 0, mw_str_of(name));
}

static const mw_expr *sum(compiler_world *f, const mw_expr *a, const mw_expr *b) {
    return mw_expr_binary(&f->compiler, MW_OP_ADD, MW_TYPE_NUMBER, a, b);
}

MW_TEST(expr_folds_what_is_constant_and_keeps_the_rest) {
    compiler_world f;
    compiler_world_begin(&f);
    const mw_expr *two = sum(&f, number(&f, 1), number(&f, 1));
    MW_CHECK(mw_expr_is_constant(two));
    MW_CHECK_EQUAL_DOUBLE_BITS(two->constant.number, 2.0);
    const mw_expr *mixed = sum(&f, field(&f, "a"), two);
    MW_CHECK(!mw_expr_is_constant(mixed));
    MW_CHECK_EQUAL_STR(mw_expr_text(&f.compiler, mixed), "a + 2");
    MW_CHECK(sum(&f, NULL, two) == NULL); /* a mistake further down, told there */
    compiler_world_end(&f);
}

MW_TEST(expr_quotes_names_that_are_not_plain) {
    compiler_world f;
    compiler_world_begin(&f);
    const mw_expr *expr = sum(&f, field(&f, "two `words`"), field(&f, "plain"));
    MW_CHECK_EQUAL_STR(mw_expr_text(&f.compiler, expr), "`two \\`words\\`` + plain");
    compiler_world_end(&f);
}

/* Each doubles the one before and shares it: 2^40 operations, unless somebody counts. */
MW_TEST(expr_refuses_what_has_grown_too_large) {
    compiler_world f;
    compiler_world_begin(&f);
    const mw_expr *expr = field(&f, "a");
    for (int i = 0; i < 13; i++) expr = sum(&f, expr, expr);
    MW_CHECK_EQUAL_INT(expr->size, 16383);
    MW_CHECK(mw_expr_check_size(&f.compiler, expr, (mw_position){2, 3}));
    for (int i = 13; i < 40; i++) expr = sum(&f, expr, expr);
    MW_CHECK_EQUAL_INT(expr->size, MW_CODE_SIZE_MAX + 1);
    MW_CHECK(mw_expr_compile(&f.compiler, expr, (mw_position){2, 3}) == NULL);
    MW_CHECK(!f.compiler.out_of_memory);
    MW_CHECK_EQUAL_INT(f.diagnostics.count, 1);
    MW_CHECK_EQUAL_STR(f.diagnostics.entries[0].hint, "Split it into several features.");
    compiler_world_end(&f);
}
