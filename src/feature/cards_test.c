#include "feature/cards.h"

#include "base/prng.h"
#include "testing/test.h"

static mw_card *add(mw_cards *cards, mw_cell key) {
    return mw_cards_add(cards, &key, mw_cards_hash(cards, &key));
}

static mw_card *find(const mw_cards *cards, mw_cell key) {
    return mw_cards_find(cards, &key, mw_cards_hash(cards, &key));
}

/* So many that some share all of the hash that a slot keeps: the keys decide. */
MW_TEST(cards_find_each_key_among_equal_hashes) {
    enum { KEYS = 300000 };
    mw_budget budget = {.max = SIZE_MAX};
    mw_cards cards;
    mw_cards_init(&cards, 1, 0, 3, &budget);
    for (uint64_t i = 0; i < KEYS; i++) {
        mw_card *card = add(&cards, (mw_cell){.bits = i * 8});
        MW_CHECK(card && card->ring.count == 0 && card->keys[0].bits == i * 8);
        card->ring.count = (uint32_t)i;
    }
    MW_CHECK_EQUAL_INT(cards.count, KEYS);
    for (uint64_t i = 0; i < KEYS; i++) {
        mw_card *card = find(&cards, (mw_cell){.bits = i * 8});
        MW_CHECK(card && card->ring.count == i && card == add(&cards, card->keys[0]));
        MW_CHECK(!find(&cards, (mw_cell){.bits = i * 8 + 1}));
    }
    mw_cards_release(&cards);
    MW_CHECK_EQUAL_INT(budget.used, 0);
}

MW_TEST(cards_that_are_removed_leave_their_numbers) {
    mw_budget budget = {.max = SIZE_MAX};
    mw_cards cards;
    mw_cards_init(&cards, 1, 0, 3, &budget);
    for (uint64_t i = 1; i <= 100; i++) MW_CHECK(add(&cards, (mw_cell){.bits = i}));
    for (uint32_t number = 2; number <= 100; number += 2) mw_cards_remove(&cards, number);
    MW_CHECK_EQUAL_INT(cards.count, 50);
    MW_CHECK(mw_cards_at(&cards, 3) && !mw_cards_at(&cards, 4));
    for (uint64_t i = 1; i <= 100; i++)
        MW_CHECK((find(&cards, (mw_cell){.bits = i}) != NULL) == (i % 2 == 1));
    for (uint64_t i = 201; i <= 250; i++) MW_CHECK(add(&cards, (mw_cell){.bits = i}));
    MW_CHECK_EQUAL_INT(cards.number_end, 101);
    mw_cards_release(&cards);
}

/* Few slots, so that keys crowd together and searches go round the end of the table. */
MW_TEST(cards_that_are_removed_in_any_order_leave_all_others_to_be_found) {
    enum { KEYS = 48, ROUNDS = 20000, SLOTS = 64 };
    uint64_t prng = mw_test_seed();
    mw_budget budget = {.max = SIZE_MAX};
    mw_cards cards;
    mw_cards_init(&cards, 1, 0, 3, &budget);
    uint32_t numbers[KEYS] = {0}; /* 0: removed */
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t key = mw_prng_below(&prng, KEYS);
        if (numbers[key] > 0) {
            mw_cards_remove(&cards, numbers[key]);
            numbers[key] = 0;
        } else if (cards.count < SLOTS / 2) {
            const mw_card *card = add(&cards, (mw_cell){.bits = key});
            numbers[key] = 1;
            while (mw_cards_at(&cards, numbers[key]) != card) numbers[key]++;
        }
        for (uint64_t i = 0; i < KEYS; i++) {
            const mw_card *card = find(&cards, (mw_cell){.bits = i});
            MW_CHECK(card == (numbers[i] > 0 ? mw_cards_at(&cards, numbers[i]) : NULL));
        }
    }
    MW_CHECK_EQUAL_INT(cards.slot_count, SLOTS);
    mw_cards_release(&cards);
}

/* Whatever the size of the chunk that they are cut from; where there is no room for a card nothing
   is, and the next one finds the same. */
MW_TEST(cards_count_as_they_are_given_out) {
    enum { KEYS = 70000, COUNTED = 1024 };
    mw_budget budget = {.max = SIZE_MAX};
    mw_cards cards;
    mw_cards_init(&cards, 1, 0, 3, &budget);
    for (uint64_t i = 1; i <= KEYS; i++) {
        MW_CHECK(add(&cards, (mw_cell){.bits = i}));
        size_t of_cards = budget.used - cards.slot_count * sizeof *cards.slots;
        MW_CHECK(of_cards >= i * cards.card_size);
        MW_CHECK(of_cards < (i + COUNTED) * cards.card_size);
    }
    size_t used = budget.max = budget.used;
    uint64_t added = KEYS;
    while (add(&cards, (mw_cell){.bits = added + 1})) added++;
    MW_CHECK(added < KEYS + COUNTED);
    MW_CHECK(!add(&cards, (mw_cell){.bits = added + 1}));
    MW_CHECK_EQUAL_INT(budget.used, used);
    budget.max += COUNTED * cards.card_size;
    for (uint64_t i = 1; i <= COUNTED; i++) MW_CHECK(add(&cards, (mw_cell){.bits = added + i}));
    for (uint64_t i = 1; i <= added + COUNTED; i++) MW_CHECK(find(&cards, (mw_cell){.bits = i}));
    mw_cards_release(&cards);
    MW_CHECK_EQUAL_INT(budget.used, 0);
}

static mw_status fill(void *context) {
    (void)context;
    mw_budget budget = {.max = SIZE_MAX};
    mw_cards cards;
    mw_cards_init(&cards, 1, 0, 3, &budget);
    mw_status status = MW_OK;
    for (uint64_t i = 0; status == MW_OK && i < 1000; i++)
        if (!add(&cards, (mw_cell){.bits = i})) status = MW_NO_MEMORY;
    mw_cards_release(&cards);
    MW_CHECK_EQUAL_INT(budget.used, 0);
    return status;
}

MW_TEST(cards_survive_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(fill, NULL) > 10);
}
