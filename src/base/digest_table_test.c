#include "base/digest_table.h"

#include "base/prng.h"
#include "testing/test.h"

enum { ITEMS = 3000, DIGESTS = 2000, STARTS = 50 };

typedef struct {
    int64_t before;
    mw_keyed_hash digest;
} item;

/* Few first words, so that many meet in the same slots, with the same bits beside their numbers
   and with others. */
static mw_keyed_hash draw(uint64_t *prng) {
    uint64_t number = mw_prng_below(prng, DIGESTS);
    return (mw_keyed_hash){{number % STARTS | number % 3 << 20 | number % 2 << 40, number}};
}

static size_t find_first(const item *items, size_t count, mw_keyed_hash digest) {
    for (size_t i = 0; i < count; i++)
        if (items[i].digest.words[1] == digest.words[1]) return i;
    return MW_DIGEST_ABSENT;
}

static mw_digests digests_of(const item *items) {
    return (mw_digests){&items->digest, sizeof *items};
}

MW_TEST(digest_table_finds_what_a_list_would_find) {
    static item items[ITEMS];
    mw_digest_table table = {.count = 0};
    uint64_t prng = mw_test_seed();
    MW_CHECK(mw_digest_table_find(&table, draw(&prng)) == MW_DIGEST_ABSENT);
    for (size_t i = 0; i < ITEMS; i++) {
        size_t ahead = mw_prng_below(&prng, 40) == 0 ? mw_prng_below(&prng, 100) : 1;
        MW_CHECK(mw_digest_table_reserve(&table, digests_of(items), i + 1 + ahead));
        items[i] = (item){-1, draw(&prng)};
        mw_digest_table_add(&table);
        for (int k = 0; k < 4; k++) {
            mw_keyed_hash sought = draw(&prng);
            MW_CHECK(mw_digest_table_find(&table, sought) ==
                     find_first(items, i + 1, sought));
        }
    }
    mw_digest_table_release(&table);
}

/* What has doubled stands for a while beside what it became, and then no more. */
MW_TEST(digest_table_moves_a_few_at_a_time) {
    static item items[ITEMS];
    mw_digest_table table = {.count = 0};
    size_t doubled = 0, longest = 0;
    for (size_t i = 0, waited = 0; i < ITEMS; i++) {
        size_t slots = table.slots.count;
        MW_CHECK(mw_digest_table_reserve(&table, digests_of(items), i + 1));
        items[i].digest = (mw_keyed_hash){{i, i}};
        mw_digest_table_add(&table);
        doubled += slots > 0 && table.slots.count > slots;
        waited = table.before.slots ? waited + 1 : 0;
        if (waited > longest) longest = waited;
        MW_CHECK(waited <= i / 4 + 1);
    }
    MW_CHECK(doubled > 3 && longest > ITEMS / 8);
    mw_digest_table_release(&table);
}

MW_TEST(digest_table_survives_every_failing_allocation) {
    static item items[ITEMS];
    mw_digest_table table = {.count = 0};
    size_t failed = 0;
    for (size_t i = 0; i < ITEMS; i++) {
        items[i].digest = (mw_keyed_hash){{i % STARTS, i}};
        mw_memory_fail_after(0);
        bool has_room = mw_digest_table_reserve(&table, digests_of(items), i + 1);
        mw_memory_fail_after(SIZE_MAX);
        failed += !has_room;
        MW_CHECK(has_room || mw_digest_table_reserve(&table, digests_of(items), i + 1));
        mw_digest_table_add(&table);
        MW_CHECK(mw_digest_table_find(&table, items[i / 2].digest) == i / 2);
    }
    MW_CHECK(failed > 3);
    MW_CHECK(!mw_digest_table_reserve(&table, digests_of(items), MW_DIGESTS_MAX + 1));
    mw_digest_table_release(&table);
}
