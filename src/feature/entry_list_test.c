#include "feature/entry_list.h"

#include "base/prng.h"
#include "testing/test.h"

enum { WORDS = 3, WINDOWS = 5, ENTRIES = 3000 };

/* A plan of two groups, of which look-ups of the second find so many windows, or fewer. */
static mw_plan plan_of(mw_group_plan *groups, mw_lookup_plan *lookups) {
    groups[0] = (mw_group_plan){.key_count = 9};
    groups[1] = (mw_group_plan){.key_count = 1, .ring = {.element_words = WORDS - 1}};
    lookups[0] = (mw_lookup_plan){.group = 0, .window_count = 100};
    lookups[1] = (mw_lookup_plan){.group = 1, .window_count = WINDOWS};
    lookups[2] = (mw_lookup_plan){.group = 1, .window_count = 1};
    return (mw_plan){.groups = groups, .group_count = 2, .lookups = lookups, .lookup_count = 3,
                     .window_count = 2 * WINDOWS};
}

static mw_status fill(void *context) {
    mw_group_plan groups[2];
    mw_lookup_plan lookups[3];
    mw_plan plan = plan_of(groups, lookups);
    mw_entry_list *list = context;
    uint64_t prng = mw_test_seed();
    for (uint32_t i = 0; i < ENTRIES; i++) {
        mw_entry *added = mw_entry_list_add(list, &plan, 1);
        if (!added) break;
        added->item = i;
        for (size_t w = 0; w < WORDS; w++) added->words[w].bits = mw_prng_next(&prng);
        for (size_t w = 0; w < WINDOWS; w++)
            mw_entry_list_found(list, &plan)[i * WINDOWS + w].bits = i;
    }
    return list->count == ENTRIES ? MW_OK : MW_NO_MEMORY;
}

MW_TEST(entry_list_keeps_all_entries_and_has_room_for_what_they_find) {
    mw_entry_list list = {0};
    for (int round = 0; round < 2; round++) {
        MW_CHECK_OK(fill(&list), NULL);
        uint64_t prng = mw_test_seed();
        for (uint32_t i = 0; i < ENTRIES; i++) {
            MW_CHECK_EQUAL_INT(mw_entry_at(&list, i)->item, i);
            for (size_t w = 0; w < WORDS; w++)
                MW_CHECK(mw_entry_at(&list, i)->words[w].bits == mw_prng_next(&prng));
            MW_CHECK_EQUAL_INT(list.found[(i + 3) * WINDOWS - 1].bits, i);
        }
        list.count = 0;
    }
    mw_entry_list_release(&list);
}

static mw_status fill_and_release(void *unused) {
    (void)unused;
    mw_entry_list list = {0};
    mw_status status = fill(&list);
    mw_entry_list_release(&list);
    return status;
}

MW_TEST(entry_list_survives_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(fill_and_release, NULL) > 4);
}
