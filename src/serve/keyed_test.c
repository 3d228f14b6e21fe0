/* What a key's features are is tested through the api (serve/api_features_test.c) and beside whole
   events (tests/e2e/serve_features_test.py); here, that it survives memory that runs out. */
#include "serve/keyed.h"

#include "serve/shop_call_test.h"

MW_TEST(keyed_survives_memory_that_runs_out) {
    shop s;
    shop_set_up(&s);
    mw_status status = MW_NO_MEMORY;
    size_t failures = 0;
    for (size_t n = 0; status != MW_OK; n++) {
        mw_arena arena;
        mw_keyed keyed;
        mw_error err = {0};
        mw_arena_init(&arena, 1 << 20);
        mw_memory_fail_after(n);
        status = mw_service_see_key(s.service, SHOP_QUICK, MW_STR("shop=b"), &arena, &keyed, &err);
        mw_memory_fail_after(SIZE_MAX);
        if (status == MW_OK) MW_CHECK(mw_keyed_is_whole(&keyed, 0));
        else MW_CHECK(status == MW_NO_MEMORY);
        failures += status != MW_OK;
        mw_arena_release(&arena);
    }
    MW_CHECK(failures > 0);
    shop_tear_down(&s);
}
