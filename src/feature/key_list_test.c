#include "feature/key_list.h"

#include "base/prng.h"
#include "testing/test.h"

enum { KEYS = 300, ROUNDS = 4000 };

/* Beside an array that says which keys there are. */
MW_TEST(key_list_knows_what_an_array_knows) {
    mw_key_list list;
    bool is_there[KEYS] = {false}, is_kept[KEYS];
    uint64_t prng = mw_test_seed();
    size_t count = 0, forgotten = 0;
    mw_key_list_init(&list, 2);
    for (int round = 0; round < ROUNDS; round++) {
        size_t key = (size_t)mw_prng_below(&prng, KEYS);
        mw_cell cells[] = {{.bits = key / 7}, {.bits = key % 7}};
        size_t number = mw_key_list_find(&list, cells);
        MW_CHECK((number != MW_KEY_NONE) == is_there[key]);
        if (is_there[key]) {
            MW_CHECK_EQUAL_INT(mw_key_list_at(&list, number)[1].bits, key % 7);
        } else {
            MW_CHECK(mw_key_list_add(&list, cells));
            MW_CHECK_EQUAL_INT(mw_key_list_find(&list, cells), count++);
            is_there[key] = true;
        }
        if (mw_prng_below(&prng, 1000) == 0) {
            mw_key_list_clear(&list);
            memset(is_there, 0, sizeof is_there);
            count = 0;
        }
        if (mw_prng_below(&prng, 100) > 0) continue;
        for (size_t i = 0; i < list.count; i++) {
            const mw_cell *found = mw_key_list_at(&list, i);
            is_kept[i] = mw_prng_below(&prng, 3) > 0;
            if (!is_kept[i]) is_there[found[0].bits * 7 + found[1].bits] = false;
            count -= !is_kept[i];
            forgotten += !is_kept[i];
        }
        mw_key_list_keep(&list, is_kept);
        MW_CHECK_EQUAL_INT(list.count, count);
    }
    MW_CHECK(forgotten > 100);
    mw_key_list_release(&list);
}

static mw_status add_some(void *context) {
    mw_key_list list;
    mw_status status = MW_OK;
    (void)context;
    mw_key_list_init(&list, 1);
    for (uint64_t i = 0; status == MW_OK && i < 200; i++)
        if (!mw_key_list_add(&list, &(mw_cell){.bits = i})) status = MW_NO_MEMORY;
    mw_key_list_release(&list);
    return status;
}

MW_TEST(key_list_survives_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(add_some, NULL) > 3);
}
