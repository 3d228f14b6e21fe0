#include "table/list.h"

#include <stdio.h>

#include "base/prng.h"
#include "table/used_codes_test.h"
#include "testing/test.h"

static mw_symbols *symbols_create(void) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 24, &symbols, NULL), NULL);
    return symbols;
}

static mw_cell parse(mw_symbols *symbols, mw_type type, const char *text) {
    mw_cell cell;
    mw_error err;
    MW_CHECK_OK(mw_list_parse(type, mw_str_of(text), symbols, &cell, &err), &err);
    return cell;
}

/* However it was spelled, one list has one text. */
MW_TEST(list_has_one_spelling) {
    static const struct {
        mw_type type;
        const char *text, *kept;
    } cases[] = {
        {MW_TYPE_LIST, "[]", "[]"},
        {MW_TYPE_LIST, "\t[ \n] ", "[]"},
        {MW_TYPE_LIST, "[\"a\" , \"b\"]", "[\"a\",\"b\"]"},
        {MW_TYPE_LIST, "[\"\\u0061\\/\\b\", -12]", "[\"a/\\u0008\",\"-12\"]"},
        {MW_TYPE_LIST, "[\"\\u00e9\\u20ac\\ud83d\\ude00\"]",
         "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]"},
        {MW_TYPE_NUMBER_LIST, "[ 1.0,-0 , 2e-1]", "[1,0,0.2]"},
    };
    mw_symbols *symbols = symbols_create();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_cell cell = parse(symbols, cases[i].type, cases[i].text), again;
        mw_str kept = mw_symbols_text(symbols, cell.symbol);
        MW_CHECK_EQUAL_STR(kept, cases[i].kept);
        MW_CHECK(mw_list_read_own(cases[i].type, kept, symbols, &again));
        MW_CHECK_EQUAL_INT(again.bits, cell.bits);
        bool is_own = mw_str_is(kept, cases[i].text);
        MW_CHECK_EQUAL_INT(
            mw_list_read_own(cases[i].type, mw_str_of(cases[i].text), symbols, &again), is_own);
    }
    mw_symbols_destroy(symbols);
}

static void check_refused(mw_symbols *symbols, mw_type type, const char *text) {
    mw_cell cell = {.symbol = 42};
    MW_CHECK_STATUS(mw_list_parse(type, mw_str_of(text), symbols, &cell, NULL), MW_INVALID);
    MW_CHECK_EQUAL_INT(cell.symbol, 42);
}

MW_TEST(list_refuses_what_is_none) {
    static const char *const texts[] = {
        "",           "a",         "[",         "[\"a\"",       "[\"a\",]",      "[\"a\"]]",
        "[\"a\" \"b\"]", "[null]", "[1.5]", "[true]", "[[]]", "[\"\n\"]", "[\"\\x\"]",
        "[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\u12g4\"]", "[-]",
    };
    static const char *const numbers[] = {
        "[\"1\"]", "[1,,2]", "[inf]", "[nan]", "[1e999]", "[null]", "[9007199254740993]",
    };
    mw_symbols *symbols = symbols_create();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_refused(symbols, MW_TYPE_LIST, texts[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        check_refused(symbols, MW_TYPE_NUMBER_LIST, numbers[i]);
    mw_error err;
    mw_cell cell;
    MW_CHECK_STATUS(mw_list_parse(MW_TYPE_LIST, MW_STR("no"), symbols, &cell, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message,
                       "list: must be an array of texts such as [\"a\", \"b\"], got \"no\"");
    mw_symbols_destroy(symbols);
}

static mw_status list_of(size_t count, mw_symbols *symbols, mw_error *err) {
    mw_list_writer writer;
    mw_cell cell;
    mw_list_begin(&writer, MW_TYPE_LIST);
    for (size_t i = 0; i < count; i++) mw_list_add_text(&writer, MW_STR("an item"));
    return mw_list_end(&writer, symbols, &cell, err);
}

MW_TEST(list_has_a_greatest_length) {
    mw_symbols *symbols = symbols_create();
    mw_error err;
    MW_CHECK_OK(list_of(MW_LIST_ELEMENTS_MAX, symbols, &err), &err);
    MW_CHECK_STATUS(list_of(MW_LIST_ELEMENTS_MAX + 1, symbols, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "list: must have at most 10000 elements, got 10001");
    mw_symbols_destroy(symbols);
}

/* Against an array of texts, and one of numbers, chosen at random. */
MW_TEST(list_agrees_with_an_array) {
    enum { DRAWS = 2000, LENGTH_MAX = 6 };
    static const char *const texts[] = {"", "a",   "b", "\"",       "\\",
                                        "]", "a,b", "\n\x01", "\xc3\xa9"};
    mw_symbols *symbols = symbols_create();
    uint64_t prng = mw_test_seed();
    int hits = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
        bool is_texts = mw_prng_below(&prng, 2);
        mw_type type = is_texts ? MW_TYPE_LIST : MW_TYPE_NUMBER_LIST;
        size_t length = mw_prng_below(&prng, LENGTH_MAX + 1), chosen[LENGTH_MAX], at = 0;
        mw_list_writer writer;
        mw_list_begin(&writer, type);
        for (size_t i = 0; i < length; i++) {
            chosen[i] = mw_prng_below(&prng, 9);
            if (is_texts) mw_list_add_text(&writer, mw_str_of(texts[chosen[i]]));
            else mw_list_add_number(&writer, (double)chosen[i] / 4 - 1);
        }
        mw_cell list;
        MW_CHECK_OK(mw_list_end(&writer, symbols, &list, NULL), NULL);
        MW_CHECK_EQUAL_INT(mw_list_length(list, symbols), length);

        mw_list_reader reader;
        mw_str text;
        double number;
        mw_list_open(&reader, list, symbols);
        for (; is_texts && mw_list_next_text(&reader, &text); at++)
            MW_CHECK_EQUAL_STR(text, texts[chosen[at]]);
        for (; !is_texts && mw_list_next_number(&reader, &number); at++)
            MW_CHECK_EQUAL_DOUBLE_BITS(number, (double)chosen[at] / 4 - 1);
        mw_list_close(&reader);
        MW_CHECK_EQUAL_INT(at, length);

        size_t wanted = mw_prng_below(&prng, 9);
        bool holds = false;
        for (size_t i = 0; i < length; i++) holds |= chosen[i] == wanted;
        mw_cell element = mw_cell_number((double)wanted / 4 - 1);
        if (is_texts) element.symbol = mw_symbols_intern(symbols, mw_str_of(texts[wanted]));
        MW_CHECK_EQUAL_INT(mw_list_contains(type, list, element, symbols), holds);
        hits += holds;
    }
    MW_CHECK(hits > 100);
    mw_symbols_destroy(symbols);
}

/* As it is counted, whatever was asked before; of few lists each is gone through once. */
MW_TEST(list_lengths_asked_again) {
    enum { LISTS = 40, ROUNDS = 3000 };
    mw_symbols *symbols = symbols_create();
    mw_list_lengths few = {0}, many = {0};
    uint64_t prng = mw_test_seed();
    mw_cell lists[LISTS];
    for (size_t i = 0; i < LISTS; i++) {
        mw_list_writer writer;
        mw_list_begin(&writer, MW_TYPE_NUMBER_LIST);
        for (size_t k = 0; k < i; k++) mw_list_add_number(&writer, (double)k);
        MW_CHECK_OK(mw_list_end(&writer, symbols, &lists[i], NULL), NULL);
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t i = mw_prng_below(&prng, MW_LIST_LENGTHS_KEPT), k = mw_prng_below(&prng, LISTS);
        MW_CHECK_EQUAL_INT(mw_list_length_again(&few, lists[i], symbols), i);
        MW_CHECK_EQUAL_INT(mw_list_length_again(&many, lists[k], symbols), k);
        /* One that is asked for always stays known while others come and go. */
        MW_CHECK_EQUAL_INT(mw_list_length_again(&many, lists[7], symbols), 7);
    }
    MW_CHECK_EQUAL_INT(few.counted, MW_LIST_LENGTHS_KEPT);
    MW_CHECK(many.counted > LISTS && many.counted < ROUNDS);
    mw_symbols_destroy(symbols);
}

/* The code of one that has left may be another's. */
MW_TEST(list_lengths_are_those_of_lists_that_stand) {
    mw_symbols *symbols = symbols_create();
    mw_list_lengths lengths = {0};
    used_codes_allow(symbols);
    mw_cell list = parse(symbols, MW_TYPE_NUMBER_LIST, "[1, 2, 3]");
    MW_CHECK_EQUAL_INT(mw_list_length_again(&lengths, list, symbols), 3);
    used_codes_give_again(symbols, list.symbol);
    MW_CHECK_EQUAL_INT(mw_list_length_again(&lengths, list, symbols), 1);
    MW_CHECK_EQUAL_INT(lengths.counted, 2);
    mw_symbols_destroy(symbols);
}

static mw_status parse_with_failures(void *context) {
    mw_cell cell;
    mw_symbols *symbols = context;
    return mw_list_parse(MW_TYPE_LIST, MW_STR("[\"a\\n\", \"b\"]"), symbols, &cell, NULL);
}

MW_TEST(list_parsing_survives_failing_allocations) {
    mw_symbols *symbols = symbols_create();
    parse(symbols, MW_TYPE_LIST, "[\"a\\n\", \"b\"]"); /* so that it has its symbol */
    MW_CHECK(mw_test_every_allocation_fails(parse_with_failures, symbols) > 0);
    mw_symbols_destroy(symbols);
}
