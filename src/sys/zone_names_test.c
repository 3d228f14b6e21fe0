#include "sys/zone_names.h"

#include "testing/test.h"

static bool has(const mw_zone_aliases *aliases, const char *name) {
    for (size_t i = 0; i < aliases->count; i++)
        if (mw_str_is(aliases->names[i], name)) return true;
    return false;
}

MW_TEST(zone_names_that_mean_the_same) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 24);
    mw_zone_aliases utc = mw_zone_aliases_of(mw_sys_real(), &arena, MW_STR("UTC"));
    MW_CHECK_EQUAL_STR(utc.names[0], "UTC");
    MW_CHECK(has(&utc, "Etc/UTC") && has(&utc, "Zulu") && utc.count < 20);
    MW_CHECK(!has(&utc, "GMT")); /* which shows another word on the clock */
    mw_zone_aliases kolkata = mw_zone_aliases_of(mw_sys_real(), &arena, MW_STR("Asia/Kolkata"));
    MW_CHECK_EQUAL_INT(kolkata.count, 2);
    MW_CHECK_EQUAL_STR(kolkata.names[1], "Asia/Calcutta");
    mw_zone_aliases none = mw_zone_aliases_of(mw_sys_real(), &arena, MW_STR("Asia/Nowhere"));
    MW_CHECK_EQUAL_INT(none.count, 1);
    MW_CHECK_EQUAL_STR(none.names[0], "Asia/Nowhere");
    mw_arena_release(&arena);
}

static mw_status find(void *context) {
    mw_arena arena;
    (void)context;
    mw_arena_init(&arena, 1 << 24);
    mw_zone_aliases found = mw_zone_aliases_of(mw_sys_real(), &arena, MW_STR("Asia/Calcutta"));
    MW_CHECK_EQUAL_STR(found.names[0], "Asia/Calcutta"); /* whatever fails */
    mw_status status = has(&found, "Asia/Kolkata") ? MW_OK : MW_NO_MEMORY;
    mw_arena_release(&arena);
    return status;
}

MW_TEST(zone_names_survive_each_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(find, NULL) > 0);
}
