#include "project/nearest.h"

#include "testing/test.h"

static mw_status suggest(void *context) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, &arena);
    const mw_str names[] = {MW_STR("carrier"), MW_STR("origin"), MW_STR("dest")};
    mw_diagnose(&diagnostics, (mw_position){1, 1}, MW_INVALID, "no such field");
    mw_diagnose_nearest(&diagnostics, *(mw_str *)context, names, 3);
    mw_status status = mw_diagnostics_status(&diagnostics, NULL);
    if (status != MW_NO_MEMORY) {
        bool near = mw_str_is(*(mw_str *)context, "orgin");
        MW_CHECK_EQUAL_STR(diagnostics.entries[0].hint, near ? "Did you mean origin?" : "");
        status = MW_OK;
    }
    mw_arena_release(&arena);
    return status;
}

MW_TEST(nearest_is_suggested_only_if_near) {
    mw_str near = MW_STR("orgin"), far = MW_STR("temperature");
    MW_CHECK(mw_test_every_allocation_fails(suggest, &near) > 0);
    MW_CHECK_EQUAL_INT(suggest(&far), MW_OK);
}
