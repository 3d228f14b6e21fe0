#include "table/passing.h"

#include "base/prng.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

enum { SIZE_MAX_OF_TESTS = 64 << 20 };

static mw_field fields[] = {{.name = {"id", 2}, .type = MW_TYPE_TEXT},
                            {.name = {"amount", 6}, .type = MW_TYPE_NUMBER},
                            {.name = {"shop", 4}, .type = MW_TYPE_CATEGORY}};
static const mw_schema schema = {fields, 3};

static mw_symbols *create(bool may_pass) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(SIZE_MAX_OF_TESTS, &symbols, NULL), NULL);
    if (may_pass) MW_CHECK_OK(mw_passing_allow(symbols, NULL), NULL);
    MW_CHECK(!mw_passing_set(symbols, true));
    return symbols;
}

static uint32_t intern(mw_symbols *symbols, const char *text) {
    return mw_symbols_intern(symbols, mw_str_of(text));
}

static void tidy(mw_symbols *symbols) {
    for (int i = 0; i < 100; i++) mw_passing_tidy(symbols);
}

static bool stands(const mw_symbols *symbols, const char *text) {
    return mw_symbols_find(symbols, mw_str_of(text)) != 0;
}

MW_TEST(passing_texts_leave_unless_they_are_held) {
    mw_symbols *symbols = create(true);
    mw_cell row[] = {{.symbol = intern(symbols, "p1")}, mw_cell_number(3),
                     {.symbol = intern(symbols, "north")}};
    (void)intern(symbols, "p2");
    mw_passing_hold(symbols, &schema, row);
    mw_passing_hold(symbols, &schema, row);
    tidy(symbols);
    MW_CHECK(stands(symbols, "p1") && stands(symbols, "north") && !stands(symbols, "p2"));
    MW_CHECK_EQUAL_STR(mw_symbols_text(symbols, row[0].symbol), "p1");
    mw_passing_let_go(symbols, &schema, row);
    tidy(symbols);
    MW_CHECK(stands(symbols, "p1"));
    MW_CHECK_EQUAL_INT(intern(symbols, "p1"), row[0].symbol);
    mw_passing_let_go(symbols, &schema, row);
    MW_CHECK(stands(symbols, "p1")); /* until somebody tidies */
    tidy(symbols);
    MW_CHECK(!stands(symbols, "p1") && !stands(symbols, "north"));
    MW_CHECK_EQUAL_INT(mw_symbols_count(symbols), 0);
    MW_CHECK_EQUAL_INT(mw_passing_count(symbols), 0);
    mw_symbols_destroy(symbols);
}

/* However a text came first, one that says that it stays is enough. */
MW_TEST(passing_texts_stay_once_they_are_kept) {
    mw_symbols *symbols = create(true);
    uint32_t kept = intern(symbols, "kept"), again = intern(symbols, "again");
    uint32_t held = intern(symbols, "held");
    mw_cell row[] = {{.symbol = held}, mw_cell_number(3), {.symbol = 0}};
    mw_passing_hold(symbols, &schema, row);
    MW_CHECK(!mw_passing_stays(symbols, kept) && mw_passing_stays(symbols, 0));
    mw_passing_keep(symbols, kept);
    tidy(symbols);
    MW_CHECK(!stands(symbols, "again"));
    again = intern(symbols, "again");
    MW_CHECK(mw_passing_set(symbols, false));
    MW_CHECK_EQUAL_INT(intern(symbols, "again"), again);
    MW_CHECK_EQUAL_INT(intern(symbols, "held"), held);
    (void)mw_passing_set(symbols, true);
    MW_CHECK_EQUAL_INT(intern(symbols, "again"), again);
    mw_passing_let_go(symbols, &schema, row);
    tidy(symbols);
    MW_CHECK(stands(symbols, "kept") && stands(symbols, "again") && stands(symbols, "held"));
    MW_CHECK(mw_passing_stays(symbols, kept));
    MW_CHECK_EQUAL_INT(mw_passing_count(symbols), 0);
    mw_symbols_destroy(symbols);
}

MW_TEST(texts_stay_where_nobody_allows_them_to_pass) {
    mw_symbols *symbols = create(false);
    mw_cell row[] = {{.symbol = intern(symbols, "p1")}, mw_cell_number(3), {.symbol = 0}};
    mw_passing_hold(symbols, &schema, row);
    mw_passing_let_go(symbols, &schema, row);
    mw_passing_keep(symbols, row[0].symbol);
    tidy(symbols);
    MW_CHECK(stands(symbols, "p1") && mw_passing_stays(symbols, row[0].symbol));
    MW_CHECK_EQUAL_INT(mw_passing_count(symbols), 0);
    MW_CHECK_EQUAL_INT(mw_symbols_age(symbols), 0);
    mw_symbols_destroy(symbols);
}

/* Against a plain list of who holds what: texts of many sizes, some of which stay, come and go,
   past where codes are given again. */
typedef struct {
    mw_cell row[3];
    uint64_t number;
    int holders; /* 0: it need not stand */
    bool stays;
} known;

static mw_str text_of(uint64_t number, char *buffer) {
    size_t size = (size_t)snprintf(buffer, 32, "%llu ", (unsigned long long)number);
    size_t padding = number % 1000 == 0 ? number % 50000 : number % 300;
    memset(buffer + size, 'x', padding);
    return (mw_str){buffer, size + padding};
}

static void check(const mw_symbols *symbols, const known *one, char *buffer) {
    mw_str text = text_of(one->number, buffer);
    MW_CHECK_EQUAL_INT(mw_symbols_find(symbols, text), one->row[0].symbol);
    MW_CHECK_EQUAL_STR(mw_symbols_text(symbols, one->row[0].symbol), text);
    MW_CHECK_EQUAL_INT(mw_symbols_text(symbols, one->row[0].symbol).data[text.size], 0);
}

static void change(mw_symbols *symbols, known *one, uint64_t *prng, char *buffer) {
    if (one->holders == 0 && !one->stays) {
        one->number = mw_prng_below(prng, 200000);
        one->row[0].symbol = mw_symbols_intern(symbols, text_of(one->number, buffer));
    }
    uint64_t drawn = mw_prng_below(prng, 10000);
    if (drawn == 0) {
        mw_passing_keep(symbols, one->row[0].symbol);
        one->stays = true;
    } else if (drawn < 3000 || one->holders == 0) {
        mw_passing_hold(symbols, &schema, one->row);
        one->holders++;
    } else {
        mw_passing_let_go(symbols, &schema, one->row);
        one->holders--;
    }
}

MW_TEST(passing_texts_agree_with_a_list) {
    enum { KNOWN = 300, ROUNDS = 600000, CHECKS = 4000 };
    static known all[KNOWN];
    static char buffer[1 << 16];
    mw_symbols *symbols = create(true);
    uint64_t prng = mw_test_seed();
    size_t most = 0, stay_count = 0;
    for (int i = 0; i < ROUNDS; i++) {
        known *one = &all[mw_prng_below(&prng, KNOWN)];
        change(symbols, one, &prng, buffer);
        mw_passing_tidy(symbols);
        if (one->holders > 0 || one->stays) check(symbols, one, buffer);
        if (mw_symbols_code_end(symbols) > most) most = mw_symbols_code_end(symbols);
        if (i % (ROUNDS / CHECKS) != 0) continue;
        for (int k = 0; k < KNOWN; k++)
            if (all[k].holders > 0 || all[k].stays) check(symbols, &all[k], buffer);
    }
    MW_CHECK(mw_symbols_age(symbols) > most); /* codes were given again */
    for (int k = 0; k < KNOWN; k++) {
        stay_count += all[k].stays;
        for (; all[k].holders > 0; all[k].holders--)
            mw_passing_let_go(symbols, &schema, all[k].row);
    }
    tidy(symbols);
    MW_CHECK(stay_count > 0 && mw_symbols_count(symbols) <= stay_count);
    MW_CHECK_EQUAL_INT(mw_passing_count(symbols), 0);
    mw_symbols_destroy(symbols);
}

/* What is let go at once leaves in steps. */
MW_TEST(passing_texts_leave_in_small_steps) {
    enum { TEXTS = 10000, STEP_MAX = 100 };
    static uint32_t codes[TEXTS];
    mw_symbols *symbols = create(true);
    char text[32];
    for (int i = 0; i < TEXTS; i++) {
        int size = snprintf(text, sizeof text, "p%d", i);
        codes[i] = mw_symbols_intern(symbols, (mw_str){text, (size_t)size});
        mw_passing_hold(symbols, &schema,
                        (mw_cell[]){{.symbol = codes[i]}, {.bits = 0}, {.symbol = 0}});
    }
    tidy(symbols);
    MW_CHECK_EQUAL_INT(mw_symbols_count(symbols), TEXTS);
    for (int i = 0; i < TEXTS; i++)
        mw_passing_let_go(symbols, &schema,
                          (mw_cell[]){{.symbol = codes[i]}, {.bits = 0}, {.symbol = 0}});
    size_t before = TEXTS;
    for (int i = 0; mw_symbols_count(symbols) > 0 && i < TEXTS; i++) {
        mw_passing_tidy(symbols);
        MW_CHECK(before - mw_symbols_count(symbols) <= STEP_MAX);
        before = mw_symbols_count(symbols);
    }
    MW_CHECK_EQUAL_INT(mw_symbols_count(symbols), 0);
    mw_symbols_destroy(symbols);
}

static mw_status fill(void *context) {
    (void)context;
    mw_symbols *symbols;
    MW_TRY(mw_symbols_create(SIZE_MAX_OF_TESTS, &symbols, NULL));
    mw_status status = mw_passing_allow(symbols, NULL);
    (void)mw_passing_set(symbols, true);
    for (int i = 0; i < 5000 && status == MW_OK; i++) {
        char text[64];
        int size = snprintf(text, sizeof text, "%0*d", 1 + i % 60, i);
        uint32_t code = mw_symbols_intern(symbols, (mw_str){text, (size_t)size});
        if (code == 0) status = MW_NO_MEMORY;
        else MW_CHECK_EQUAL_STR(mw_symbols_text(symbols, code), ((mw_str){text, (size_t)size}));
        if (i % 100 == 0) mw_passing_tidy(symbols);
    }
    mw_symbols_destroy(symbols);
    return status;
}

MW_TEST(passing_texts_survive_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(fill, NULL) > 5);
}
