#include "serve/trace.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

MW_TEST(trace_reads_and_writes) {
    const char *texts[] = {"00-" ID "-" SPAN "-01", "00-" ID "-" SPAN "-00"};
    for (size_t i = 0; i < 2; i++) {
        char again[MW_TRACE_TEXT_SIZE + 1];
        mw_trace trace = mw_trace_parse(mw_str_of(texts[i]));
        MW_CHECK(trace.is_known && trace.id[0] == 0x4b && trace.span[7] == 0xb7);
        mw_trace_write(&trace, again);
        MW_CHECK_EQUAL_STR(again, texts[i]);
    }
    mw_trace later = mw_trace_parse(MW_STR("cc-" ID "-" SPAN "-01-more"));
    MW_CHECK(later.is_known && later.flags == 1);
}

MW_TEST(trace_takes_nothing_malformed) {
    const char *const wrong[] = {
        "", "00", "00-" ID "-" SPAN, "00-" ID "-" SPAN "-", "00-" ID "-" SPAN "-0",
        "00-" ID "-" SPAN "-01-more", "00-" ID "-" SPAN "-011", "ff-" ID "-" SPAN "-01",
        "cc-" ID "-" SPAN "-01more", "00-" ID "x" SPAN "-01", "00-4BF92F3577b34da6a3ce929d0e0e4736-"
        SPAN "-01", "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" ID "-0000000000000000-01", "0g-" ID "-" SPAN "-01",
        "00-" ID "-" SPAN "-01,00-" ID "-" SPAN "-01", "cc-" ID "-" SPAN "-01-more,more"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        MW_CHECK(!mw_trace_parse(mw_str_of(wrong[i])).is_known);
    MW_CHECK(!mw_trace_parse((mw_str){NULL, 0}).is_known);
}

static void check_state(const char *header, const char *expected) {
    char text[MW_TRACE_STATE_SIZE_MAX];
    MW_CHECK_EQUAL_STR(mw_trace_state(mw_str_of(header), text), expected);
}

/* W3C Trace Context, section 3.3. */
MW_TEST(trace_state_is_handed_on_as_it_came) {
    check_state("foo=1", "foo=1");
    check_state("foo=1,bar=2", "foo=1,bar=2");
    check_state("foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3");
    check_state(" ,foo= 1 2,,", "foo= 1 2");
    check_state("fw529a3039@dt=FfffffffQ0,rojo=00-x", "fw529a3039@dt=FfffffffQ0,rojo=00-x");
    check_state("abc_-*/0=!\"#$%&'()*+-./09:;<>?@AZ[\\]^_`az{|}~",
                "abc_-*/0=!\"#$%&'()*+-./09:;<>?@AZ[\\]^_`az{|}~");
    check_state("", "");
    check_state(" , ", "");
    char text[MW_TRACE_STATE_SIZE_MAX];
    MW_CHECK(mw_trace_state((mw_str){NULL, 0}, text).size == 0);
}

MW_TEST(trace_state_that_breaks_a_rule_is_none) {
    const char *const wrong[] = {"foo", "foo=", "=1", "foo =1", "FOO=1", "foo.bar=1", "1foo=1",
                                 "foo@=1", "@foo=1", "foo@@bar=1", "foo@bar@baz=1", "foo@1bar=1",
                                 "foo=bar=baz", "foo=\x7f", "foo=\xc3\xa4", "foo=1\t2", "a=1,a=2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char header[64];
        snprintf(header, sizeof header, "bar=2,%s", wrong[i]);
        check_state(header, "");
    }
    check_state("bar=1,foo=1,bar=2", "");
}

/* `count` times the letter, up to "=", and a value of so many digits. */
static void append_member(mw_buf *out, char letter, size_t count, size_t digits) {
    if (out->size > 0) mw_buf_append_char(out, ',');
    for (size_t i = 0; i < count; i++) mw_buf_append_char(out, letter);
    mw_buf_append_char(out, '=');
    for (size_t i = 0; i < digits; i++) mw_buf_append_char(out, '7');
}

MW_TEST(trace_state_keeps_its_limits) {
    static const struct {
        size_t key, value;
        bool fits;
    } cases[] = {{256, 255, true}, {257, 1, false}, {250, 256, true}, {1, 257, false}};
    mw_buf state;
    mw_buf_init(&state, 1 << 14);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_buf_clear(&state);
        append_member(&state, 'z', cases[i].key, cases[i].value);
        check_state(state.data, cases[i].fits ? state.data : "");
    }
    for (size_t over = 0; over < 2; over++) { /* a tenant of 241, a system of 14 letters */
        mw_buf_clear(&state);
        for (size_t i = 0; i < 241 + over; i++) mw_buf_append_char(&state, '1');
        mw_buf_append_text(&state, "@abcdefghijklmn=1");
        check_state(state.data, over ? "" : state.data);
    }
    check_state("t@abcdefghijklmno=1", "");
    for (size_t count = MW_TRACE_MEMBERS_MAX; count <= MW_TRACE_MEMBERS_MAX + 1; count++) {
        mw_buf_clear(&state);
        for (size_t i = 0; i < count; i++)
            mw_buf_printf(&state, "%sbar%02zu=%zu", i ? "," : "", i, i);
        check_state(state.data, count == MW_TRACE_MEMBERS_MAX ? state.data : "");
    }
    mw_buf_release(&state);
}

MW_TEST(trace_state_that_is_too_long_loses_its_long_members_first) {
    mw_buf state, kept;
    mw_buf_init(&state, 1 << 14);
    mw_buf_init(&kept, 1 << 14);
    append_member(&state, 'a', 100, 27); /* of 128 bytes: short */
    append_member(&state, 'b', 100, 30);
    append_member(&state, 'c', 100, 29);
    append_member(&state, 'd', 100, 27);
    append_member(&state, 'e', 1, 1);
    append_member(&kept, 'a', 100, 27); /* with `b` these are 395, with `c` they would be 526 */
    append_member(&kept, 'b', 100, 30);
    append_member(&kept, 'd', 100, 27);
    append_member(&kept, 'e', 1, 1);
    check_state(state.data, kept.data);
    mw_buf_clear(&state);
    mw_buf_clear(&kept);
    for (char letter = 'a'; letter <= 'f'; letter++) append_member(&state, letter, 100, 20);
    for (char letter = 'a'; letter <= 'd'; letter++) append_member(&kept, letter, 100, 20);
    check_state(state.data, kept.data); /* 4 of 121 with their commas: 487 */
    mw_buf_release(&state);
    mw_buf_release(&kept);
}
