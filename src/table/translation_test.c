#include "table/translation.h"

#include "base/prng.h"
#include "table/passing.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

enum { FIELDS = 4 };

static mw_field fields[FIELDS] = {{.name = {"a", 1}, .type = MW_TYPE_TEXT},
                                  {.name = {"b", 1}, .type = MW_TYPE_NUMBER},
                                  {.name = {"c", 1}, .type = MW_TYPE_CATEGORY},
                                  {.name = {"d", 1}, .type = MW_TYPE_LIST}};
static const mw_schema schema = {fields, FIELDS};

static mw_symbols *create(size_t size_max) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(size_max, &symbols, NULL), NULL);
    return symbols;
}

static uint32_t text(mw_symbols *symbols, uint64_t number) {
    char bytes[32];
    int size = snprintf(bytes, sizeof bytes, "text %llu", (unsigned long long)number);
    return mw_symbols_intern(symbols, (mw_str){bytes, (size_t)size});
}

static void draw_row(mw_symbols *symbols, uint64_t *prng, mw_cell row[FIELDS]) {
    for (int i = 0; i < FIELDS; i++) {
        bool is_missing = mw_prng_below(prng, 5) == 0;
        uint64_t number = mw_prng_below(prng, 50);
        if (i == 1) row[i] = mw_cell_number((double)number);
        else row[i] = (mw_cell){.symbol = is_missing ? 0 : text(symbols, number)};
    }
}

/* The same texts, and all else as it was. */
static bool says_the_same(const mw_symbols *from, const mw_cell *row, const mw_symbols *to,
                          const mw_cell *translated) {
    bool is_same = true;
    for (int i = 0; i < FIELDS; i++)
        is_same = is_same && (i == 1 ? row[i].bits == translated[i].bits
                                     : (row[i].symbol == 0) == (translated[i].symbol == 0) &&
                                           mw_str_equal(mw_symbols_text(from, row[i].symbol),
                                                        mw_symbols_text(to, translated[i].symbol)));
    return is_same;
}

static void check_events(bool keeps_codes, bool passes) {
    uint64_t prng = mw_test_seed();
    mw_symbols *from = create(1 << 20), *to = create(1 << 20);
    uint32_t codes[200] = {0};
    mw_translation translation = {from, to, keeps_codes ? codes : NULL, passes};
    MW_CHECK_OK(mw_passing_allow(to, NULL), NULL);
    for (uint64_t i = 0; i < 20; i++) (void)text(to, 49 - i); /* so that the codes differ */
    for (int i = 0; i < 1000; i++) {
        mw_cell row[FIELDS], replaced[FIELDS], room[2 * FIELDS];
        draw_row(from, &prng, row);
        draw_row(from, &prng, replaced);
        mw_event event = {.place = i, .row = row, .replaced = i % 2 ? replaced : NULL};
        MW_CHECK(mw_translate_event(&translation, &schema, room, &event));
        MW_CHECK(says_the_same(from, row, to, event.row) && event.place == i);
        MW_CHECK(i % 2 ? says_the_same(from, replaced, to, event.replaced) : !event.replaced);
        mw_passing_tidy(to);
    }
    mw_symbols_destroy(from);
    mw_symbols_destroy(to);
}

MW_TEST(translated_events_say_the_same) {
    check_events(false, false);
    check_events(true, false);
}

/* The codes that are kept are those of texts that stay: some do, the others leave in between. */
MW_TEST(translated_events_say_the_same_while_their_texts_pass) {
    check_events(false, true);
    check_events(true, true);
}

MW_TEST(translation_tells_that_there_is_no_room) {
    mw_symbols *from = create(1 << 20), *to = create(1 << 16);
    mw_translation translation = {.from = from, .to = to};
    bool has_room = true;
    for (uint64_t i = 0; has_room && i < 10000; i++) {
        mw_cell row[FIELDS] = {{.symbol = text(from, i)}, mw_cell_number(1)};
        has_room = mw_translate_cells(&translation, fields, FIELDS, row);
    }
    MW_CHECK(!has_room);
    mw_symbols_destroy(from);
    mw_symbols_destroy(to);
}
