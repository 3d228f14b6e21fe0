#include "store/syncer.h"

#include <pthread.h>
#include <stdatomic.h>

#include "sys/poller.h"
#include "sys/simulated.h"
#include "testing/test.h"

static const char *const folder = "state/log";

static mw_log *open_log(mw_sys *sys, const char *path, size_t segment_size) {
    mw_log *log = NULL;
    mw_error err;
    MW_CHECK_OK(mw_log_open((mw_log_config){sys, path, segment_size}, &log, &err), &err);
    return log;
}

static void commit(mw_log *log, int64_t place) {
    mw_record record = {.type = MW_RECORD_EVENT, .place = place, .payload = MW_STR("payload")};
    MW_CHECK_OK(mw_log_append(log, &record, NULL), NULL);
    MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
}

static uint64_t done(mw_syncer *syncer) {
    uint64_t number = 0;
    mw_error err;
    MW_CHECK_OK(mw_syncer_look(syncer, &number, &err), &err);
    return number;
}

/* What was asked for is there after the power is lost, in whichever segment it stands. */
MW_TEST(syncer_makes_records_survive_the_machine) {
    for (int64_t count = 1; count < 30; count++) {
        mw_sys *sys = NULL;
        mw_syncer *syncer = NULL;
        MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = 1}, &sys, NULL), NULL);
        mw_log *log = open_log(sys, folder, 300);
        MW_CHECK_OK(mw_syncer_create((mw_syncer_config){.sys = sys, .folder = folder}, &syncer,
                                     NULL), NULL);
        MW_CHECK_EQUAL_INT(mw_syncer_ask(syncer, mw_log_committed(log)), 0); /* there is nothing */
        for (int64_t place = 1; place <= count; place++) {
            commit(log, place);
            uint64_t number = mw_syncer_ask(syncer, mw_log_committed(log));
            MW_CHECK_EQUAL_INT(number, place);
            MW_CHECK_EQUAL_INT(done(syncer), number);
        }
        uint64_t calls = mw_simulated_call_count(sys);
        MW_CHECK_EQUAL_INT(mw_syncer_ask(syncer, mw_log_committed(log)), count);
        MW_CHECK_EQUAL_INT(mw_simulated_call_count(sys), calls); /* the same asks for nothing */
        commit(log, count + 1);
        mw_simulated_lose_power(sys);
        mw_syncer_destroy(syncer);
        mw_log_close(log);
        log = open_log(sys, folder, 300);
        MW_CHECK(mw_log_last_place(log) == count || mw_log_last_place(log) == count + 1);
        mw_log_close(log);
        mw_simulated_destroy(sys);
    }
}

MW_TEST(syncer_says_for_good_that_the_disk_failed) {
    mw_sys *sys = NULL;
    mw_syncer *syncer = NULL;
    mw_error err;
    uint64_t number = 99;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = 1}, &sys, NULL), NULL);
    mw_log *log = open_log(sys, folder, 0);
    MW_CHECK_OK(mw_syncer_create((mw_syncer_config){.sys = sys, .folder = folder}, &syncer, NULL),
                NULL);
    commit(log, 1);
    mw_simulated_fail(sys, 0, UINT64_MAX);
    mw_syncer_ask(syncer, mw_log_committed(log));
    mw_simulated_fail(sys, 0, 0);
    commit(log, 2);
    mw_syncer_ask(syncer, mw_log_committed(log));
    MW_CHECK_STATUS(mw_syncer_look(syncer, &number, &err), MW_IO);
    MW_CHECK(number == 99 && err.message[0] != '\0');
    mw_syncer_destroy(syncer);
    mw_log_close(log);
    mw_simulated_destroy(sys);
}

static atomic_size_t told_count;

static void count_told(void *context) {
    (void)context;
    atomic_fetch_add(&told_count, 1);
}

/* In its thread: each sync is told of, all that wait together have one, and a stop comes after. */
MW_TEST(syncer_serves_many_by_one) {
    enum { COUNT = 2000 };
    mw_syncer *syncer = NULL;
    mw_error err;
    mw_syncer_config config = {mw_sys_real(), mw_test_directory(), count_told, NULL};
    mw_log *log = open_log(config.sys, config.folder, 20000);
    MW_CHECK_OK(mw_syncer_create(config, &syncer, &err), &err);
    uint64_t number = 0, before = 0;
    for (int64_t place = 1; place <= COUNT; place++, before = number) {
        commit(log, place);
        number = mw_syncer_ask(syncer, mw_log_committed(log));
        MW_CHECK(number >= before && number <= done(syncer) + 2);
    }
    while (done(syncer) < number / 2) MW_CHECK_OK(mw_poller_pause(mw_sys_real(), 500, NULL), NULL);
    MW_CHECK(number < COUNT);
    mw_syncer_stop(syncer);
    MW_CHECK_EQUAL_INT(done(syncer), number);
    MW_CHECK_EQUAL_INT(atomic_load(&told_count), number);
    commit(log, COUNT + 1);
    number = mw_syncer_ask(syncer, mw_log_committed(log)); /* by who asks */
    MW_CHECK_EQUAL_INT(done(syncer), number);
    mw_syncer_destroy(syncer);
    mw_log_close(log);
}

static mw_status create_once(void *context) {
    mw_syncer *syncer = NULL;
    MW_TRY(mw_syncer_create((mw_syncer_config){.sys = context, .folder = folder}, &syncer, NULL));
    mw_syncer_destroy(syncer);
    return MW_OK;
}

MW_TEST(syncer_survives_each_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(create_once, mw_sys_real()) >= 3);
    mw_syncer_destroy(NULL);
}
