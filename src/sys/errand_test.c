#include "sys/errand.h"

#include <stdatomic.h>
#include <sys/resource.h>

#include "sys/simulated.h"
#include "testing/test.h"

typedef struct {
    atomic_bool may_end;
    int result;
} work;

static mw_status run(void *context, mw_error *err) {
    work *it = context;
    while (!atomic_load(&it->may_end)) continue;
    it->result = 7;
    return mw_fail(err, MW_CONFLICT, "errand: must fail");
}

MW_TEST(errand_does_not_wait_and_tells_how_it_went) {
    work it = {false, 0};
    mw_errand *errand;
    mw_error err;
    MW_CHECK_OK(mw_errand_begin(mw_sys_real(), run, &it, &errand, &err), &err);
    MW_CHECK(!mw_errand_is_done(errand));
    MW_CHECK(!mw_errand_wait_for(errand, 20 * 1000) && !mw_errand_wait_for(errand, -1));
    atomic_store(&it.may_end, true);
    for (int i = 0; i < 2; i++) {
        MW_CHECK_STATUS(mw_errand_wait(errand, &err), MW_CONFLICT);
        MW_CHECK_EQUAL_STR(err.message, "errand: must fail");
        MW_CHECK(mw_errand_is_done(errand) && it.result == 7);
        MW_CHECK(mw_errand_wait_for(errand, 0));
    }
    mw_errand_end(errand);
}

MW_TEST(errand_is_done_at_once_on_a_simulated_system) {
    work it = {true, 0};
    mw_errand *errand;
    mw_sys *sys;
    mw_error err;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = 1}, &sys, &err), &err);
    MW_CHECK_OK(mw_errand_begin(sys, run, &it, &errand, &err), &err);
    MW_CHECK(mw_errand_is_done(errand) && it.result == 7);
    mw_errand_end(errand);
    mw_simulated_destroy(sys);
}

static int niceness(void) { return getpriority(PRIO_PROCESS, 0); }

static mw_status tell_niceness(void *context, mw_error *err) {
    (void)err;
    *(int *)context = niceness();
    return MW_OK;
}

MW_TEST(errand_goes_second_in_a_thread_of_its_own_alone) {
    mw_errand *errand;
    mw_sys *sys;
    mw_error err;
    int before = niceness(), within = -1;
    MW_CHECK_OK(mw_errand_begin_second(mw_sys_real(), tell_niceness, &within, &errand, &err), &err);
    MW_CHECK_OK(mw_errand_wait(errand, &err), &err);
    mw_errand_end(errand);
    MW_CHECK_EQUAL_INT(within, before < 10 ? 10 : before);
    MW_CHECK_EQUAL_INT(niceness(), before);
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = 1}, &sys, &err), &err);
    MW_CHECK_OK(mw_errand_begin_second(sys, tell_niceness, &within, &errand, &err), &err);
    mw_errand_end(errand);
    /* Where no thread is to be had, who begins it stays as it is. */
    MW_CHECK_EQUAL_INT(within, before);
    MW_CHECK_EQUAL_INT(niceness(), before);
    mw_simulated_destroy(sys);
}

MW_TEST(errand_apart_needs_a_thread) {
    work it = {true, 0};
    mw_errand *errand;
    mw_sys *sys;
    mw_error err;
    MW_CHECK_OK(mw_errand_begin_apart(mw_sys_real(), run, &it, &errand, &err), &err);
    MW_CHECK_STATUS(mw_errand_wait(errand, &err), MW_CONFLICT);
    mw_errand_end(errand);
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = 1}, &sys, &err), &err);
    it.result = 0;
    MW_CHECK_STATUS(mw_errand_begin_apart(sys, run, &it, &errand, &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_INT(it.result, 0);
    mw_simulated_destroy(sys);
}
