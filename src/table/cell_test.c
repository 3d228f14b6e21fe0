#include "base/prng.h"
#include "table/list.h"
#include "testing/test.h"
#include "testing/zones.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static mw_symbols *symbols_create(void) {
    mw_symbols *symbols;
    mw_error err;
    MW_CHECK_OK(mw_symbols_create(1 << 24, &symbols, &err), &err);
    return symbols;
}

MW_TEST(cell_types_have_names) {
    for (int i = 0; i < MW_TYPE_COUNT; i++) {
        mw_type type;
        MW_CHECK(mw_type_parse(mw_str_of(mw_type_name((mw_type)i)), &type));
        MW_CHECK_EQUAL_INT(type, i);
    }
    mw_type untouched = MW_TYPE_TIME;
    MW_CHECK(!mw_type_parse(MW_STR("float"), &untouched) && untouched == MW_TYPE_TIME);
}

MW_TEST(cell_has_one_pattern_for_each_value) {
    MW_CHECK_EQUAL_INT(mw_cell_number(-0.0).bits, mw_cell_number(0.0).bits);
    mw_cell missing = mw_cell_missing(MW_TYPE_NUMBER);
    MW_CHECK(isnan(missing.number));
    MW_CHECK_EQUAL_INT(mw_cell_number(NAN).bits, missing.bits);
    MW_CHECK_EQUAL_INT(mw_cell_number(-NAN).bits, missing.bits);
    MW_CHECK_EQUAL_INT(mw_cell_number(HUGE_VAL).bits, missing.bits);
    for (int i = 0; i < MW_TYPE_COUNT; i++)
        MW_CHECK(mw_cell_is_missing((mw_type)i, mw_cell_missing((mw_type)i)));
    MW_CHECK(!mw_cell_is_missing(MW_TYPE_BOOL, mw_cell_bool(false)));
    MW_CHECK(!mw_cell_is_missing(MW_TYPE_NUMBER, mw_cell_number(0)));
    MW_CHECK(mw_cell_is_missing(MW_TYPE_TIME, mw_cell_time(MW_TIME_MISSING)));
}

static int compare_texts(mw_symbols *symbols, const char *a, const char *b) {
    return mw_cell_compare(MW_TYPE_TEXT,
                           (mw_cell){.symbol = mw_symbols_intern(symbols, mw_str_of(a))},
                           (mw_cell){.symbol = mw_symbols_intern(symbols, mw_str_of(b))}, symbols);
}

MW_TEST(cell_orders_by_value_and_missing_last) {
    mw_symbols *symbols = symbols_create();
    MW_CHECK(compare_texts(symbols, "b", "a") > 0);
    MW_CHECK(compare_texts(symbols, "a", "ab") < 0);
    MW_CHECK(compare_texts(symbols, "\xc3\xa9", "z") > 0); /* bytes, unsigned */
    MW_CHECK_EQUAL_INT(compare_texts(symbols, "a", "a"), 0);

    static const double ordered[] = {-1e300, -1, 0, 5e-324, 2, 10};
    for (size_t i = 1; i < sizeof ordered / sizeof *ordered; i++)
        MW_CHECK(mw_cell_compare(MW_TYPE_NUMBER, mw_cell_number(ordered[i - 1]),
                                 mw_cell_number(ordered[i]), NULL) < 0);
    MW_CHECK(mw_cell_compare(MW_TYPE_TIME, mw_cell_time(-5), mw_cell_time(3), NULL) < 0);
    MW_CHECK(mw_cell_compare(MW_TYPE_BOOL, mw_cell_bool(false), mw_cell_bool(true), NULL) < 0);

    mw_cell present[MW_TYPE_COUNT] = {[MW_TYPE_NUMBER] = mw_cell_number(1e308),
                                      [MW_TYPE_BOOL] = mw_cell_bool(true),
                                      [MW_TYPE_CATEGORY] = {.symbol = 1},
                                      [MW_TYPE_TEXT] = {.symbol = 1},
                                      [MW_TYPE_TIME] = mw_cell_time(MW_TIME_MAX),
                                      [MW_TYPE_DURATION] = mw_cell_time(INT64_MAX),
                                      [MW_TYPE_LIST] = {.symbol = 1},
                                      [MW_TYPE_NUMBER_LIST] = {.symbol = 1}};
    for (int i = 0; i < MW_TYPE_COUNT; i++) {
        mw_cell missing = mw_cell_missing((mw_type)i);
        MW_CHECK(mw_cell_compare((mw_type)i, present[i], missing, symbols) < 0);
        MW_CHECK(mw_cell_compare((mw_type)i, missing, present[i], symbols) > 0);
        MW_CHECK_EQUAL_INT(mw_cell_compare((mw_type)i, missing, missing, symbols), 0);
    }
    mw_symbols_destroy(symbols);
}

typedef struct {
    mw_type type;
    const char *text;    /* what is parsed */
    const char *written; /* what it is written as again; NULL: the same */
} text_case;

static const text_case good[] = {
    {MW_TYPE_NUMBER, "1.5", NULL},
    {MW_TYPE_NUMBER, "-0", "0"},
    {MW_TYPE_NUMBER, "NaN", ""},
    {MW_TYPE_NUMBER, "", NULL},
    {MW_TYPE_NUMBER, "1e300", "1e+300"},
    {MW_TYPE_NUMBER, "9007199254740992", NULL},
    {MW_TYPE_NUMBER, "-9007199254740992", NULL},
    {MW_TYPE_NUMBER, "9007199254740992.", "9007199254740992"},
    {MW_TYPE_NUMBER, "-09007199254740994.0", "-9007199254740994"},
    {MW_TYPE_NUMBER, "+9223372036854775808.00", "9.223372036854776e+18"},
    {MW_TYPE_NUMBER, "99999999999999991611392.0", "1e+23"},
    {MW_TYPE_NUMBER, "9007199254740993.5", "9007199254740994"},
    {MW_TYPE_NUMBER, "12345678901234567890e3", "1.2345678901234568e+22"},
    {MW_TYPE_BOOL, "true", NULL},
    {MW_TYPE_BOOL, "FALSE", "false"},
    {MW_TYPE_BOOL, "1", "true"},
    {MW_TYPE_BOOL, "", NULL},
    {MW_TYPE_CATEGORY, "JFK", NULL},
    {MW_TYPE_TEXT, "a \"quoted\" text, with commas", NULL},
    {MW_TYPE_TIME, "2013-01-01T05:00:00Z", NULL},
    {MW_TYPE_TIME, "2013-01-01T06:00:00+01:00", "2013-01-01T05:00:00Z"},
    {MW_TYPE_TIME, "2013-01-01", "2013-01-01T00:00:00Z"},
    {MW_TYPE_TIME, "", NULL},
    {MW_TYPE_DURATION, "90", NULL},
    {MW_TYPE_DURATION, "-0.5", NULL},
    {MW_TYPE_DURATION, "1.500000", "1.5"},
    {MW_TYPE_DURATION, "0.000001", NULL},
    {MW_TYPE_DURATION, "9223372036854.775807", NULL},
    {MW_TYPE_DURATION, "1.5e3", "1500"},
    {MW_TYPE_DURATION, "0.1234567", "0.123457"},
    {MW_TYPE_DURATION, "0.00006150", "0.000062"}, /* halfway: the even one, */
    {MW_TYPE_DURATION, "6.25e-05", "0.000062"},
    {MW_TYPE_DURATION, "615E-7", "0.000062"}, /* which a product of doubles would miss */
    {MW_TYPE_DURATION, "-100000.0000005", "-100000"},
    {MW_TYPE_DURATION, "100000.00000050000001", "100000.000001"},
    {MW_TYPE_DURATION, "0.30000000000000004", "0.3"},
    {MW_TYPE_DURATION, "1e-7", "0"},
    {MW_TYPE_DURATION, "6e-7", "0.000001"},
    {MW_TYPE_DURATION, "1e-300", "0"},
    {MW_TYPE_DURATION, "9223372036854.7758074", "9223372036854.775807"},
    {MW_TYPE_DURATION, "+5", "5"},
    {MW_TYPE_DURATION, ".5", "0.5"},
    {MW_TYPE_DURATION, "5.", "5"},
    {MW_TYPE_LIST, " [ \"a\" ,\"b\"] ", "[\"a\",\"b\"]"},
    {MW_TYPE_LIST, "[]", NULL},
    {MW_TYPE_LIST, "", NULL},
    {MW_TYPE_NUMBER_LIST, "[1, 2.50, -0]", "[1,2.5,0]"},
};

MW_TEST(cell_reads_and_writes_text) {
    mw_symbols *symbols = symbols_create();
    mw_buf buf;
    mw_buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        mw_cell cell;
        mw_error err;
        MW_CHECK_OK(mw_cell_parse(good[i].type, mw_str_of(good[i].text), mw_zone_utc(), symbols,
                                  &cell, &err), &err);
        mw_buf_clear(&buf);
        mw_cell_append(&buf, good[i].type, cell, symbols);
        MW_CHECK_EQUAL_STR(mw_buf_str(&buf), good[i].written ? good[i].written : good[i].text);
    }
    mw_buf_release(&buf);
    mw_symbols_destroy(symbols);
}

MW_TEST(cell_names_the_broken_rule) {
    static const struct { mw_type type; const char *text, *message; } cases[] = {
        {MW_TYPE_NUMBER, "12x", "number: must be a finite number, got \"12x\""},
        {MW_TYPE_NUMBER, "inf", "number: must be a finite number, got \"inf\""},
        {MW_TYPE_NUMBER, "1e999", "number: must be a finite number, got \"1e999\""},
        {MW_TYPE_NUMBER, "9007199254740993",
         "number: must be a whole number of at most 2^53, got \"9007199254740993\""},
        {MW_TYPE_NUMBER, "-123456789012345678901234567890",
         "number: must be a whole number of at most 2^53, got "
         "\"-123456789012345678901234567890\""},
        {MW_TYPE_NUMBER, "9007199254740994",
         "number: must be a whole number of at most 2^53, got \"9007199254740994\""},
        {MW_TYPE_NUMBER, "9007199254740993.0",
         "number: must be a whole number of at most 2^53, got \"9007199254740993.0\""},
        {MW_TYPE_NUMBER, "-100000000000000000000000.",
         "number: must be a whole number of at most 2^53, got \"-100000000000000000000000.\""},
        {MW_TYPE_BOOL, "yes", "bool: must be true or false, got \"yes\""},
        {MW_TYPE_TIME, "yesterday",
         "time: must be a date or a date and a time, got \"yesterday\""},
        {MW_TYPE_TIME, "2013-01-01T05:00:00",
         "time: must be given with its offset from UTC, got \"2013-01-01T05:00:00\""},
        {MW_TYPE_DURATION, "1h", "duration: must be a number of seconds, got \"1h\""},
        {MW_TYPE_DURATION, "-+5", "duration: must be a number of seconds, got \"-+5\""},
        {MW_TYPE_DURATION, "1e13", "duration: must be a number of seconds, got \"1e13\""},
        {MW_TYPE_DURATION, "1e", "duration: must be a number of seconds, got \"1e\""},
        {MW_TYPE_DURATION, "1.2e3.4", "duration: must be a number of seconds, got \"1.2e3.4\""},
        {MW_TYPE_DURATION, "9223372036854.7758075",
         "duration: must be a number of seconds, got \"9223372036854.7758075\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_error err;
        mw_cell cell = {.bits = 42};
        MW_CHECK_STATUS(mw_cell_parse(cases[i].type, mw_str_of(cases[i].text), NULL, NULL, &cell,
                                      &err), MW_INVALID);
        MW_CHECK_EQUAL_STR(err.message, cases[i].message);
        MW_CHECK_EQUAL_INT(cell.bits, 42);
    }
}

/* A year of a place is not one of UTC: the first and last hours of all may lie without. */
MW_TEST(cell_takes_no_local_time_out_of_the_years) {
    static const struct { const char *rule, *text, *written; } cases[] = {
        {"EST5", "9999-12-31 18:59:59.999999", "9999-12-31T23:59:59.999999Z"},
        {"EST5", "9999-12-31 19:00:00", NULL},
        {"EST5", "9999-12-31 23:59:59", NULL},
        {"EST5", "0001-01-01", "0001-01-01T05:00:00Z"},
        {"CET-1", "0001-01-01", NULL},
        {"CET-1", "0001-01-01 00:59:59.999999", NULL},
        {"CET-1", "0001-01-01 01:00", "0001-01-01T00:00:00Z"},
        {"CET-1", "9999-12-31 23:59:59", "9999-12-31T22:59:59Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_arena arena;
        mw_error err;
        mw_cell cell = {.bits = 42};
        const mw_zone *zone = mw_test_zone(&arena, cases[i].rule);
        mw_status status = mw_cell_parse(MW_TYPE_TIME, mw_str_of(cases[i].text), zone, NULL, &cell,
                                         &err);
        MW_CHECK_EQUAL_INT(status, cases[i].written ? MW_OK : MW_INVALID);
        if (cases[i].written)
            MW_CHECK_EQUAL_STR(mw_str_of(mw_time_text_of(cell.time).text), cases[i].written);
        else
            MW_CHECK(cell.bits == 42 && strstr(err.message, "in the years 1 to 9999 of UTC, got"));
        mw_arena_release(&arena);
    }
}

MW_TEST(cell_quotes_no_more_than_a_line_of_a_bad_value) {
    char text[201];
    memset(text, 'x', 200);
    text[200] = 0;
    text[79] = '\xc3'; /* a character of two bytes across the 80th */
    text[80] = '\xa9';
    mw_error err;
    mw_cell cell;
    MW_CHECK_STATUS(mw_cell_parse(MW_TYPE_NUMBER, mw_str_of(text), NULL, NULL, &cell, &err),
                    MW_INVALID);
    MW_CHECK_EQUAL_INT(strlen(err.message),
                       strlen("number: must be a finite number, got \"\"") + 79);
}

static mw_cell random_list(uint64_t *prng, mw_type type, mw_symbols *symbols) {
    static const char *const texts[] = {"", "a", "\"", "a,b", "\xc3\xa9\n"};
    mw_list_writer writer;
    mw_cell list;
    mw_list_begin(&writer, type);
    for (uint64_t i = mw_prng_below(prng, 4); i > 0; i--) {
        const char *text = texts[mw_prng_below(prng, 5)];
        if (type == MW_TYPE_LIST) mw_list_add_text(&writer, mw_str_of(text));
        else mw_list_add_number(&writer, mw_prng_double(prng) * 8);
    }
    MW_CHECK_OK(mw_list_end(&writer, symbols, &list, NULL), NULL);
    return list;
}

static mw_cell random_cell(uint64_t *prng, mw_type type, mw_symbols *symbols) {
    if (mw_prng_below(prng, 8) == 0) return mw_cell_missing(type);
    uint64_t bits = mw_prng_next(prng);
    double number;
    char text[32];
    switch (type) {
    case MW_TYPE_NUMBER: memcpy(&number, &bits, sizeof number); return mw_cell_number(number);
    case MW_TYPE_BOOL: return mw_cell_bool(bits & 1);
    case MW_TYPE_TIME:
        return mw_cell_time(MW_TIME_MIN +
                            (int64_t)(bits % (uint64_t)(MW_TIME_MAX - MW_TIME_MIN + 1)));
    case MW_TYPE_DURATION: return mw_cell_time((int64_t)(bits >> mw_prng_below(prng, 63)));
    case MW_TYPE_LIST:
    case MW_TYPE_NUMBER_LIST: return random_list(prng, type, symbols);
    default: break;
    }
    int size = snprintf(text, sizeof text, "%.*s%llu", (int)(bits % 3), "\n\"\xff",
                        (unsigned long long)(bits % 1000));
    return (mw_cell){.symbol = mw_symbols_intern(symbols, (mw_str){text, (size_t)size})};
}

/* What is written as text or as canonical bytes reads back to the same bits. */
MW_TEST(cell_survives_round_trips) {
    enum { DRAWS = 20000 };
    mw_symbols *symbols = symbols_create();
    uint64_t prng = mw_test_seed();
    mw_buf buf;
    mw_buf_init(&buf, 1 << 20);
    int missing = 0;
    for (int i = 0; i < DRAWS; i++) {
        mw_type type = (mw_type)mw_prng_below(&prng, MW_TYPE_COUNT);
        mw_cell cell = random_cell(&prng, type, symbols), again;
        mw_buf_clear(&buf);
        mw_cell_append_canonical(&buf, type, cell, symbols);
        mw_reader reader = {.rest = mw_buf_str(&buf)};
        MW_CHECK(mw_cell_read_canonical(&reader, type, symbols, &again));
        MW_CHECK(again.bits == cell.bits && reader.rest.size == 0 && !reader.failed);

        bool whole_beyond = type == MW_TYPE_NUMBER && fabs(cell.number) > 0x1p53;
        missing += mw_cell_is_missing(type, cell);
        if (whole_beyond) continue;
        mw_error err;
        mw_buf_clear(&buf);
        mw_cell_append(&buf, type, cell, symbols);
        MW_CHECK_OK(mw_cell_parse(type, mw_buf_str(&buf), NULL, symbols, &again, &err), &err);
        MW_CHECK_EQUAL_INT(again.bits, cell.bits);
    }
    MW_CHECK(missing > 0);
    mw_buf_release(&buf);
    mw_symbols_destroy(symbols);
}

MW_TEST(cell_canonical_bytes_do_not_know_codes) {
    mw_symbols *symbols[2] = {symbols_create(), symbols_create()};
    mw_symbols_intern(symbols[1], MW_STR("an earlier text"));
    for (int i = 0; i < 2; i++) {
        mw_buf buf;
        mw_buf_init(&buf, 100);
        mw_cell cell = {.symbol = mw_symbols_intern(symbols[i], MW_STR("JFK"))};
        mw_cell_append_canonical(&buf, MW_TYPE_CATEGORY, cell, symbols[i]);
        MW_CHECK_EQUAL_STR(mw_buf_str(&buf), ((mw_str){"\3\0\0\0JFK", 7}));
        mw_buf_release(&buf);
        mw_symbols_destroy(symbols[i]);
    }
}

MW_TEST(cell_refuses_bytes_that_are_not_canonical) {
    mw_symbols *symbols = symbols_create();
    static const struct { mw_type type; mw_str bytes; } cases[] = {
        {MW_TYPE_NUMBER, {"\0\0\0\0\0\0\0\x80", 8}},    /* -0 */
        {MW_TYPE_NUMBER, {"\1\0\0\0\0\0\xf8\x7f", 8}},  /* another NaN */
        {MW_TYPE_NUMBER, {"\0\0\0\0\0\0\xf0\x7f", 8}},  /* infinity */
        {MW_TYPE_NUMBER, {"\0\0\0\0\0\0\0", 7}},        /* cut */
        {MW_TYPE_TIME, {"", 0}},
        {MW_TYPE_BOOL, {"\3", 1}},
        {MW_TYPE_BOOL, {"", 0}},
        {MW_TYPE_TEXT, {"\4\0\0\0JFK", 7}},
        {MW_TYPE_TEXT, {"\xff\xff\xff", 3}},
        {MW_TYPE_LIST, {"\4\0\0\0[ ] ", 8}},          /* blanks */
        {MW_TYPE_NUMBER_LIST, {"\5\0\0\0[1.0]", 9}}, /* a longer number than is needed */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_reader reader = {.rest = cases[i].bytes};
        mw_cell cell = {.bits = 42};
        MW_CHECK(!mw_cell_read_canonical(&reader, cases[i].type, symbols, &cell));
        MW_CHECK_EQUAL_INT(cell.bits, 42);
    }
    mw_symbols_destroy(symbols);
}
