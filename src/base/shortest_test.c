#include "base/shortest.h"
#include "base/prng.h"
#include "testing/test.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_text(double value, const char *expected) {
    char text[MW_DOUBLE_TEXT_SIZE];
    size_t size = mw_double_write(value, text);
    MW_CHECK_EQUAL_STR(((mw_str){text, size}), expected);
}

static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

MW_TEST(shortest_of_known_numbers) {
    check_text(0, "0");
    check_text(-0.0, "0");
    check_text(0.1, "0.1");
    check_text(-2.5, "-2.5");
    check_text(123.456, "123.456");
    check_text(0.0001, "0.0001");
    check_text(0.00001, "1e-5");
    check_text(1.0 / 3, "0.3333333333333333");
    check_text(0.1 + 0.2, "0.30000000000000004");
    check_text(0x1p53, "9007199254740992");
    check_text(0x1p54, "18014398509481984");
    check_text(1e16, "1e+16");
    check_text(1e23, "1e+23");
    check_text(9e22, "9e+22");
    check_text(-1.7976931348623157e308, "-1.7976931348623157e+308");
    check_text(2.2250738585072014e-308, "2.2250738585072014e-308");
    check_text(2.2250738585072011e-308, "2.225073858507201e-308");
    check_text(5e-324, "5e-324");
    check_text(NAN, "");
    check_text(INFINITY, "");
}

MW_TEST(shortest_writes_integers) {
    char text[MW_DOUBLE_TEXT_SIZE];
    const long long values[] = {0, 7, -10, 99, 100, 12345678, LLONG_MIN, LLONG_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char expected[MW_DOUBLE_TEXT_SIZE];
        snprintf(expected, sizeof expected, "%lld", values[i]);
        MW_CHECK_EQUAL_STR(((mw_str){text, mw_int_write(values[i], text)}), expected);
    }
}

/* The significant digits of a text. */
typedef struct {
    char text[MW_DOUBLE_TEXT_SIZE];
    int count;
} digits;

static digits digits_of(const char *text) {
    digits d = {.count = 0};
    for (; *text && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9' && (d.count > 0 || *text != '0'))
            d.text[d.count++] = *text;
    while (d.count > 0 && d.text[d.count - 1] == '0') d.count--;
    return d;
}

/* Where a power of two ends a binade the interval is lopsided: a text that is not the nearest of
   its length may read back all the same. */
static bool is_edge(double value) {
    int exponent;
    return fabs(frexp(value, &exponent)) == 0.5;
}

/* Against the C library, which rounds to a given number of digits: ours reads back, is what the
   library makes of as many digits (so the nearest of them), and fewer do not read back. */
static void check_against_library(double value) {
    char text[MW_DOUBLE_TEXT_SIZE + 1], rounded[64];
    size_t size = mw_double_write(value, text);
    MW_CHECK(size > 0 && size < MW_DOUBLE_TEXT_SIZE);
    text[size] = '\0';
    MW_CHECK_EQUAL_DOUBLE_BITS(strtod(text, NULL), value);
    digits ours = digits_of(text);
    MW_CHECK(ours.count <= 17);
    if (ours.count == 0 || is_edge(value)) return;
    snprintf(rounded, sizeof rounded, "%.*e", ours.count - 1, value);
    digits theirs = digits_of(rounded);
    MW_CHECK(theirs.count == ours.count && memcmp(theirs.text, ours.text, (size_t)ours.count) == 0);
    if (ours.count == 1) return;
    snprintf(rounded, sizeof rounded, "%.*e", ours.count - 2, value);
    MW_CHECK(strtod(rounded, NULL) != value);
}

MW_TEST(shortest_of_a_million_bit_patterns) {
    uint64_t state = mw_test_seed();
    for (int i = 0; i < 1000000; i++) {
        double value = double_of(mw_prng_next(&state));
        if (isfinite(value) && value != 0) check_against_library(value);
    }
}

/* All powers of two and of ten with their neighbours, and what people write: few digits. */
MW_TEST(shortest_at_the_edges) {
    for (int e = -1074; e <= 1023; e++) {
        double value = ldexp(1, e);
        check_against_library(value);
        check_against_library(nextafter(value, 0) > 0 ? nextafter(value, 0) : value);
        check_against_library(nextafter(value, INFINITY));
    }
    char text[32];
    for (int e = -323; e <= 308; e++) {
        snprintf(text, sizeof text, "1e%d", e);
        double value = strtod(text, NULL);
        check_against_library(value);
        check_against_library(nextafter(value, 0));
        check_against_library(nextafter(value, INFINITY));
    }
    for (int i = 1; i < 100000; i++) {
        snprintf(text, sizeof text, "%d.%03d", i / 1000, i % 1000);
        double value = strtod(text, NULL);
        char written[MW_DOUBLE_TEXT_SIZE + 1];
        written[mw_double_write(value, written)] = '\0';
        MW_CHECK(strtod(written, NULL) == value && strlen(written) <= strlen(text));
    }
}

/* Lopsided intervals: no text of one digit less, on either side, reads back. */
MW_TEST(shortest_of_powers_of_two_has_no_shorter_text) {
    for (int e = -1021; e <= 1023; e++) {
        double value = ldexp(1, e);
        char text[MW_DOUBLE_TEXT_SIZE + 1], rounded[64];
        text[mw_double_write(value, text)] = '\0';
        int count = digits_of(text).count;
        if (count < 2) continue;
        snprintf(rounded, sizeof rounded, "%.*e", count - 2, value);
        char *end = strchr(rounded, 'e');
        long exponent = strtol(end + 1, NULL, 10) - (count - 2); /* of the last digit */
        unsigned long long mantissa = 0;
        for (const char *at = rounded; at < end; at++)
            if (*at != '.') mantissa = mantissa * 10 + (unsigned long long)(*at - '0');
        for (unsigned long long m = mantissa - 1; m <= mantissa + 1; m++) {
            snprintf(text, sizeof text, "%llue%ld", m, exponent);
            MW_CHECK(strtod(text, NULL) != value);
        }
    }
}
