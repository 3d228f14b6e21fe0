#include "lang/lexer.h"

#include "testing/test.h"

#include <string.h>

typedef struct {
    mw_arena arena;
    mw_diagnostics diagnostics;
    mw_compiler compiler;
    mw_lexer lexer;
} fixture;

static void begin(fixture *f, const char *text) {
    mw_arena_init(&f->arena, 1 << 20);
    mw_diagnostics_init(&f->diagnostics, &f->arena);
    f->compiler =
        (mw_compiler){.arena = &f->arena, .diagnostics = &f->diagnostics, .subject = MW_STR("x")};
    mw_lexer_init(&f->lexer, &f->compiler, (mw_source){mw_str_of(text), {3, 10}});
}

static void check_refused(const char *text, const char *expected) {
    fixture f;
    begin(&f, text);
    mw_token token;
    do token = mw_lexer_next(&f.lexer);
    while (token.kind != MW_TOKEN_END && token.kind != MW_TOKEN_BAD);
    mw_buf out;
    mw_buf_init(&out, 4096);
    mw_diagnostics_print(&f.diagnostics, "f", &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
    mw_arena_release(&f.arena);
}

MW_TEST(lexer_reads_words_with_their_places) {
    fixture f;
    begin(&f, "mean(a.b\n  by k) >= 1.5e3 + 90m 'o\\'k' `two words` .. é2");
    static const struct {
        mw_token_kind kind;
        const char *text;
        int32_t line, column;
    } expected[] = {
        {MW_TOKEN_NAME, "mean", 3, 10}, {MW_TOKEN_SIGN, "(", 3, 14},
        {MW_TOKEN_NAME, "a", 3, 15},    {MW_TOKEN_SIGN, ".", 3, 16},
        {MW_TOKEN_NAME, "b", 3, 17},    {MW_TOKEN_NAME, "by", 4, 3},
        {MW_TOKEN_NAME, "k", 4, 6},     {MW_TOKEN_SIGN, ")", 4, 7},
        {MW_TOKEN_SIGN, ">=", 4, 9},    {MW_TOKEN_NUMBER, "1.5e3", 4, 12},
        {MW_TOKEN_SIGN, "+", 4, 18},    {MW_TOKEN_SPAN, "90m", 4, 20},
        {MW_TOKEN_TEXT, "o'k", 4, 24},  {MW_TOKEN_QUOTED_NAME, "two words", 4, 31},
        {MW_TOKEN_SIGN, "..", 4, 43},   {MW_TOKEN_NAME, "é2", 4, 46},
        {MW_TOKEN_END, "", 4, 48},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        mw_token token = mw_lexer_next(&f.lexer);
        MW_CHECK_EQUAL_INT(token.kind, expected[i].kind);
        MW_CHECK_EQUAL_STR(token.text, expected[i].text);
        MW_CHECK_EQUAL_INT(token.position.line, expected[i].line);
        MW_CHECK_EQUAL_INT(token.position.column, expected[i].column);
    }
    mw_arena_release(&f.arena);
}

MW_TEST(lexer_reads_ranges_and_numbers_apart) {
    fixture f;
    begin(&f, "1d..7d 1.5 2e 3.");
    MW_CHECK_EQUAL_INT(mw_lexer_next(&f.lexer).span_us, MW_DAY_US);
    MW_CHECK_EQUAL_STR(mw_lexer_next(&f.lexer).text, "..");
    MW_CHECK_EQUAL_INT(mw_lexer_next(&f.lexer).span_us, 7 * MW_DAY_US);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_lexer_next(&f.lexer).number, 1.5);
    MW_CHECK_EQUAL_INT(mw_lexer_next(&f.lexer).kind, MW_TOKEN_BAD);
    mw_arena_release(&f.arena);
}

MW_TEST(lexer_refuses_with_place_rule_and_value) {
    check_refused("a + 1.5h", "f:3:14: x: a span must be a whole number with its unit, got 1.5h\n"
                              "    The units are us, ms, s, m, h, d and w: 90m, not 1.5h.\n");
    check_refused("1e999", "f:3:10: x: a number must be one that a double can hold, got 1e999\n");
    check_refused("a == b", "f:3:12: x: there is no operator ==\n    Write =.\n");
    check_refused("a ** b", "f:3:12: x: there is no operator **\n    Write pow(x, y).\n");
    check_refused("a && b", "f:3:12: x: there is no operator &&\n    Write and.\n");
    check_refused("a | b", "f:3:12: x: there is no operator |\n    Write or.\n");
    check_refused("a ^ b", "f:3:12: x: there is no operator ^\n    Write pow(x, y).\n");
    check_refused("a // b", "f:3:12: x: there is no operator //\n    Write floor(x / y).\n");
    check_refused("a % b", "f:3:12: x: there is no operator %\n    Write x - floor(x / y) * y.\n");
    check_refused("a ? b : c", "f:3:12: x: there is no operator ?\n"
                               "    Write case when A then B else C end.\n");
    check_refused("\"abc", "f:3:10: x: a text that begins with \" must end with it, got the end of "
                           "the expression\n");
    check_refused("``", "f:3:10: x: a name must have 1 to 128 bytes, got 0\n");
    check_refused("a # b", "f:3:12: x: an expression cannot hold the character #\n");
    check_refused("a \x01", "f:3:12: x: an expression cannot hold the byte 0x01\n");
    char name[200];
    memset(name, 'n', sizeof name);
    name[199] = '\0';
    check_refused(name, "f:3:10: x: a name must have at most 128 bytes, got 199\n");
}

MW_TEST(spans_are_written_as_they_are_read) {
    static const char *const spans[] = {"0s", "7us", "1500ms", "90m", "36h", "1d", "7d"};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        int64_t us;
        MW_CHECK(mw_span_parse(mw_str_of(spans[i]), &us));
        mw_buf out;
        mw_buf_init(&out, 64);
        mw_span_write(&out, us);
        MW_CHECK_EQUAL_STR(mw_buf_str(&out), spans[i]);
        mw_buf_release(&out);
    }
    int64_t us;
    MW_CHECK(mw_span_parse(MW_STR("2w"), &us) && us == 14 * MW_DAY_US);
    static const char *const wrong[] = {
        "", "5", "h", "1.5h", "5 m", "-1h", "5y", "99999999999999999999d", "9223372036854775807h"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        MW_CHECK(!mw_span_parse(mw_str_of(wrong[i]), &us));
}

MW_TEST(names_are_written_as_they_are_read) {
    static const struct {
        const char *name, *written, *part;
    } cases[] = {{"amount", "amount", "amount"},   {"a b", "`a b`", "a_b"},
                 {"over", "`over`", "over"},       {"true", "`true`", "true"},
                 {"2nd", "`2nd`", "2nd"},          {"a`b\\", "`a\\`b\\\\`", "a_b_"},
                 {"größe", "größe", "gr__e"},      {"", "``", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mw_buf out;
        mw_buf_init(&out, 64);
        mw_name_append(&out, mw_str_of(cases[i].name));
        MW_CHECK_EQUAL_STR(mw_buf_str(&out), cases[i].written);
        mw_buf_clear(&out);
        mw_name_append_part(&out, mw_str_of(cases[i].name));
        MW_CHECK_EQUAL_STR(mw_buf_str(&out), cases[i].part);
        mw_buf_release(&out);
    }
}
