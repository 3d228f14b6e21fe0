#include "table/dictionary.h"

#include "base/hash.h"
#include "base/prng.h"
#include "testing/test.h"

#include <stdio.h>

enum { CELLS = 3000, STRIDE = 3 };

static mw_symbols *make_symbols(void) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 24, &symbols, NULL), NULL);
    return symbols;
}

static uint64_t intern_number(mw_symbols *symbols, uint64_t number) {
    char text[32];
    snprintf(text, sizeof text, "%llx", (unsigned long long)mw_hash_u64(number));
    return mw_symbols_intern(symbols, mw_str_of(text));
}

/* Every value of a column gets a number, numbers follow bytes, and nothing else has one. */
MW_TEST(dictionary_numbers_the_values_of_a_column) {
    static mw_cell cells[CELLS * STRIDE];
    mw_symbols *symbols = make_symbols();
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    uint64_t prng = mw_test_seed();
    for (uint64_t i = 0; i < 500; i++) (void)intern_number(symbols, i);
    for (size_t i = 0; i < CELLS; i++) {
        uint64_t number = mw_prng_below(&prng, 250);
        if (number > 0) cells[i * STRIDE].symbol = intern_number(symbols, number + 100);
    }
    mw_values values;
    const mw_dictionary *dictionary;
    mw_column column = {cells, STRIDE, CELLS};
    MW_CHECK_OK(mw_dictionary_collect(&arena, symbols, column, &values, NULL), NULL);
    MW_CHECK_OK(mw_dictionary_create(&arena, symbols, values, &dictionary, NULL), NULL);
    MW_CHECK(values.count > 200 && values.count < 250);
    MW_CHECK_EQUAL_INT(mw_dictionary_values(dictionary).count, values.count);

    for (size_t i = 0; i < CELLS; i++) {
        uint64_t code = cells[i * STRIDE].symbol;
        int32_t number = mw_dictionary_find(dictionary, code);
        if (code == 0) MW_CHECK_EQUAL_INT(number, MW_DICTIONARY_UNKNOWN);
        else MW_CHECK_EQUAL_STR(values.items[number], mw_symbols_text(symbols, code));
    }
    for (size_t i = 1; i < values.count; i++)
        MW_CHECK(mw_str_compare(values.items[i - 1], values.items[i]) < 0);
    uint64_t stranger = mw_symbols_intern(symbols, MW_STR("never seen"));
    MW_CHECK_EQUAL_INT(mw_dictionary_find(dictionary, stranger), MW_DICTIONARY_UNKNOWN);
    mw_arena_release(&arena);
    mw_symbols_destroy(symbols);
}

MW_TEST(dictionary_may_be_empty) {
    mw_symbols *symbols = make_symbols();
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_values values;
    const mw_dictionary *dictionary;
    mw_cell missing = {0};
    mw_column column = {&missing, 1, 1};
    MW_CHECK_OK(mw_dictionary_collect(&arena, symbols, column, &values, NULL), NULL);
    MW_CHECK_EQUAL_INT(values.count, 0);
    MW_CHECK_OK(mw_dictionary_create(&arena, symbols, values, &dictionary, NULL), NULL);
    MW_CHECK_EQUAL_INT(mw_dictionary_find(dictionary, 1), MW_DICTIONARY_UNKNOWN);
    mw_arena_release(&arena);
    mw_symbols_destroy(symbols);
}

MW_TEST(dictionary_refuses_values_out_of_order) {
    static const mw_str twice[] = {{"a", 1}, {"a", 1}}, falling[] = {{"b", 1}, {"a", 1}};
    const mw_str *const cases[] = {twice, falling};
    mw_symbols *symbols = make_symbols();
    for (size_t i = 0; i < 2; i++) {
        mw_arena arena;
        mw_arena_init(&arena, 1 << 20);
        const mw_dictionary *dictionary;
        mw_error err;
        mw_values values = {cases[i], 2};
        MW_CHECK_STATUS(mw_dictionary_create(&arena, symbols, values, &dictionary, &err),
                        MW_INVALID);
        MW_CHECK_EQUAL_STR(err.message, "dictionary: values must be distinct and sorted");
        mw_arena_release(&arena);
    }
    mw_symbols_destroy(symbols);
}

static mw_status make_once(void *context) {
    mw_symbols *symbols = context;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_cell cells[] = {{.symbol = 1}, {.symbol = 2}};
    mw_values values;
    const mw_dictionary *dictionary;
    mw_column column = {cells, 1, 2};
    mw_status status = mw_dictionary_collect(&arena, symbols, column, &values, NULL);
    if (status == MW_OK)
        status = mw_dictionary_create(&arena, symbols, values, &dictionary, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(dictionary_survives_every_shortage_of_memory) {
    mw_symbols *symbols = make_symbols();
    (void)mw_symbols_intern(symbols, MW_STR("b"));
    (void)mw_symbols_intern(symbols, MW_STR("a"));
    MW_CHECK(mw_test_every_allocation_fails(make_once, symbols) > 1);
    mw_symbols_destroy(symbols);
}
