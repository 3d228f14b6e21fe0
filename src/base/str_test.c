#include "base/prng.h"
#include "base/str.h"
#include "testing/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

MW_TEST(str_compares_by_bytes_then_by_length) {
    MW_CHECK(mw_str_compare(MW_STR("ab"), MW_STR("abc")) < 0);
    MW_CHECK(mw_str_compare(MW_STR("b"), MW_STR("abc")) > 0);
    MW_CHECK(mw_str_compare(MW_STR("\xff"), MW_STR("a")) > 0);
    MW_CHECK(mw_str_compare((mw_str){NULL, 0}, MW_STR("")) == 0);
    MW_CHECK(mw_str_equal((mw_str){NULL, 0}, mw_str_of(NULL)));
    MW_CHECK(mw_str_is(MW_STR("abc"), "abc") && !mw_str_is(MW_STR("abc"), "abd"));
    MW_CHECK(mw_str_starts(MW_STR("abc"), MW_STR("ab")));
    MW_CHECK(!mw_str_starts(MW_STR("a"), MW_STR("ab")));
    MW_CHECK(mw_str_ends(MW_STR("abc"), MW_STR("bc")) && mw_str_ends(MW_STR("abc"), MW_STR("")));
    MW_CHECK(!mw_str_ends(MW_STR("c"), MW_STR("bc")));
    MW_CHECK(mw_str_equal_but_for_case(MW_STR("aZ[@_1"), MW_STR("Az[@_1")));
    MW_CHECK(!mw_str_equal_but_for_case(MW_STR("@["), MW_STR("`{")));
    MW_CHECK(!mw_str_equal_but_for_case(MW_STR("a"), MW_STR("ab")));
}

MW_TEST(str_cuts_pieces_within_bounds) {
    MW_CHECK_EQUAL_STR(mw_str_trim(MW_STR(" \t a b\r\n")), "a b");
    MW_CHECK_EQUAL_STR(mw_str_trim(MW_STR(" \n ")), "");
    MW_CHECK_EQUAL_STR(mw_str_slice(MW_STR("abcdef"), 2, 4), "cd");
    MW_CHECK_EQUAL_STR(mw_str_slice(MW_STR("abc"), 2, 9), "c");
    MW_CHECK_EQUAL_STR(mw_str_slice(MW_STR("abc"), 9, 2), "");
    MW_CHECK_EQUAL_STR(mw_str_slice((mw_str){NULL, 0}, 0, 3), "");
}

MW_TEST(str_splits_into_all_pieces_the_empty_ones_too) {
    static const char *const expected[] = {"", "a", "", "bc", ""};
    mw_str rest = MW_STR(",a,,bc,"), piece;
    size_t count = 0;
    while (mw_str_split(&rest, ',', &piece)) MW_CHECK_EQUAL_STR(piece, expected[count++]);
    MW_CHECK_EQUAL_INT(count, 5);
    MW_CHECK(!rest.data && !mw_str_split(&rest, ',', &piece));
    rest = MW_STR("");
    MW_CHECK(mw_str_split(&rest, ',', &piece) && piece.size == 0 && !rest.data);
}

MW_TEST(str_copies_end_in_nul) {
    mw_arena arena;
    mw_arena_init(&arena, 4);
    mw_str copy = mw_str_copy(&arena, mw_str_slice(MW_STR("abcdef"), 0, 3));
    MW_CHECK(copy.size == 3 && strcmp(copy.data, "abc") == 0);
    copy = mw_str_copy(&arena, MW_STR("x"));
    MW_CHECK(!copy.data && copy.size == 0);
    mw_arena_release(&arena);
}

MW_TEST(str_reads_numbers_whole_or_not_at_all) {
    static const struct {
        const char *text;
        double value;
    } numbers[] = {{"0", 0}, {"-0", -0.0}, {"+1.50", 1.5}, {".5", .5}, {"5.", 5}, {"1e3", 1000},
                   {"1E-2", 0.01}, {"1e+2", 100}, {"4.9e-324", 5e-324}, {"1e-999999999999", 0},
                   {"1.7976931348623157e308", 1.7976931348623157e308},
                   {"0000000000000000000000000000001", 1}, {"9007199254740993", 9007199254740992.0},
                   {"123456789012345678901234567890", 123456789012345678901234567890.0}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        double value = NAN;
        MW_CHECK(mw_str_to_double(mw_str_of(numbers[i].text), &value));
        MW_CHECK_EQUAL_DOUBLE_BITS(value, numbers[i].value);
    }
    static const char *const refused[] = {"",    "-",   ".",   "e5",    "1e",  "1e+",   " 1", "1 ",
                                          "1,5", "0x1", "inf", "nan",   "--1", "1e309", "1_0",
                                          "1.2.3"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        double value = 7;
        MW_CHECK(!mw_str_to_double(mw_str_of(refused[i]), &value) && value == 7);
    }
    char zeros[MW_NUMBER_TEXT_MAX + 1];
    memset(zeros, '0', sizeof zeros);
    double value = 7;
    MW_CHECK(mw_str_to_double((mw_str){zeros, MW_NUMBER_TEXT_MAX}, &value) && value == 0);
    MW_CHECK(!mw_str_to_double((mw_str){zeros, sizeof zeros}, &value));
}

/* The quick path and the library's must agree on every text, whatever its shape. */
MW_TEST(str_reads_every_number_to_the_nearest_double) {
    uint64_t prng = mw_test_seed();
    int quick = 0;
    for (int i = 0; i < 20000; i++) {
        char text[64];
        uint64_t digits = mw_prng_next(&prng) >> mw_prng_below(&prng, 64);
        uint64_t fraction = mw_prng_next(&prng) >> (1 + mw_prng_below(&prng, 63));
        int exponent = (int)mw_prng_below(&prng, 60) - 30;
        quick += digits < 10000 && fraction < 10000;
        snprintf(text, sizeof text, "%s%llu.%llue%d", i % 2 ? "-" : "", (unsigned long long)digits,
                 (unsigned long long)fraction, exponent);
        double value = NAN;
        MW_CHECK(mw_str_to_double(mw_str_of(text), &value));
        MW_CHECK_EQUAL_DOUBLE_BITS(value, strtod(text, NULL));
    }
    MW_CHECK(quick > 100);
}

MW_TEST(str_reads_integers_to_their_ends) {
    int64_t value = 0;
    MW_CHECK(mw_str_to_int64(MW_STR("9223372036854775807"), &value) && value == INT64_MAX);
    MW_CHECK(mw_str_to_int64(MW_STR("-9223372036854775808"), &value) && value == INT64_MIN);
    MW_CHECK(mw_str_to_int64(MW_STR("+007"), &value) && value == 7);
    static const char *const refused[] = {"", "+", "-", "1.0", "1e3", " 1", "9223372036854775808",
                                          "-9223372036854775809", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        MW_CHECK(!mw_str_to_int64(mw_str_of(refused[i]), &value) && value == 7);
}

MW_TEST(buf_takes_what_fits_and_remembers_what_does_not) {
    mw_error err;
    mw_buf buf;
    mw_buf_init(&buf, 8);
    MW_CHECK_EQUAL_STR(mw_buf_str(&buf), "");
    mw_buf_append_text(&buf, "abc");
    mw_buf_printf(&buf, "%d%s", 12, "xyz");
    MW_CHECK_EQUAL_STR(mw_buf_str(&buf), "abc12xyz");
    MW_CHECK_OK(mw_buf_check(&buf, "answer", &err), &err);
    mw_buf_drop(&buf, 3);
    MW_CHECK_EQUAL_STR(mw_str_of(buf.data), "12xyz");
    mw_buf_append_text(&buf, "abc!");
    mw_buf_clear(&buf);
    mw_buf_drop(&buf, 0);
    mw_buf_append_text(&buf, "way too long");
    mw_buf_append_text(&buf, "a");
    MW_CHECK_EQUAL_STR(mw_buf_str(&buf), "");
    MW_CHECK_STATUS(mw_buf_check(&buf, "answer", &err), MW_TOO_LARGE);
    MW_CHECK_EQUAL_STR(err.message, "answer: must be at most 8 bytes, got more");
    mw_buf_release(&buf);
    MW_CHECK(!buf.data && buf.size_max == 8 && !buf.failed);
}

static mw_status build_a_text(void *context) {
    mw_buf buf;
    mw_buf_init(&buf, 1 << 20);
    for (int i = 0; i < 1000; i++) mw_buf_printf(&buf, "%d,", i);
    mw_status status = mw_buf_check(&buf, "text", context);
    mw_buf_release(&buf);
    return status;
}

MW_TEST(buf_survives_every_failed_allocation) {
    mw_error err;
    MW_CHECK(mw_test_every_allocation_fails(build_a_text, &err) > 1);
    MW_CHECK_EQUAL_STR(err.message, "text: no memory is left");
}

static void check_double_text(double value, const char *expected) {
    mw_buf buf;
    mw_buf_init(&buf, 100);
    mw_buf_append_double(&buf, value);
    MW_CHECK_EQUAL_STR(mw_buf_str(&buf), expected);
    mw_buf_release(&buf);
}

MW_TEST(buf_writes_numbers_as_people_do) {
    check_double_text(0.1, "0.1");
    check_double_text(-0.0, "0");
    check_double_text(3, "3");
    check_double_text(1e15, "1000000000000000");
    check_double_text(0x1p53, "9007199254740992");
    check_double_text(1e300, "1e+300");
    check_double_text(1e-7, "1e-7");
    check_double_text(1.0 / 3, "0.3333333333333333");
    check_double_text(0.1 + 0.2, "0.30000000000000004");
    check_double_text(NAN, "");
    check_double_text(-INFINITY, "");
}

MW_TEST(buf_numbers_read_back_to_the_same_bits) {
    uint64_t prng = mw_test_seed();
    mw_buf buf;
    mw_buf_init(&buf, 100);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = mw_prng_next(&prng);
        if (i % 4 == 0) bits &= UINT64_C(0x800fffffffffffff); /* subnormal */
        double value, back = NAN;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        mw_buf_clear(&buf);
        mw_buf_append_double(&buf, value);
        MW_CHECK(mw_str_to_double(mw_buf_str(&buf), &back));
        MW_CHECK_EQUAL_DOUBLE_BITS(back, value);
    }
    mw_buf_release(&buf);
}

MW_TEST(reader_gives_back_what_the_buf_took_and_stops_at_the_end) {
    const double pi = 3.14159;
    uint64_t bits;
    memcpy(&bits, &pi, sizeof bits);
    mw_buf buf;
    mw_buf_init(&buf, 100);
    mw_buf_append_u32(&buf, 0xdeadbeef);
    mw_buf_append_u64(&buf, UINT64_C(0x0123456789abcdef));
    mw_buf_append_u64(&buf, bits);
    mw_buf_append_text(&buf, "tail");

    mw_reader reader = {.rest = mw_buf_str(&buf)};
    MW_CHECK_EQUAL_INT(mw_read_u32(&reader), 0xdeadbeef);
    MW_CHECK_EQUAL_INT(mw_read_u64(&reader), 0x0123456789abcdef);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_read_double(&reader), pi);
    MW_CHECK_EQUAL_STR(mw_read_bytes(&reader, 4), "tail");
    MW_CHECK(!reader.failed && mw_read_bytes(&reader, 0).size == 0 && !reader.failed);
    MW_CHECK(mw_read_u32(&reader) == 0 && reader.failed);

    reader = (mw_reader){.rest = MW_STR("abc")};
    MW_CHECK(mw_read_u32(&reader) == 0 && reader.failed && mw_read_bytes(&reader, 1).size == 0);
    mw_buf_release(&buf);
}
