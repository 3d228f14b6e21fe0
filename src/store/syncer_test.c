#include "store/syncer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/prng.h"
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

/* How many records there are; they must be those of the first places. */
static int64_t count_records(mw_sys *sys) {
    int64_t count = 0;
    mw_error err;
    mw_record record;
    bool has_record = true;
    mw_log_scan *scan;
    MW_CHECK_OK(mw_log_scan_begin(sys, folder, INT64_MIN, &scan, NULL), NULL);
    while (has_record) {
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has_record, &err), &err);
        if (has_record) MW_CHECK_EQUAL_INT(record.place, ++count);
    }
    mw_log_scan_end(scan);
    return count;
}

typedef struct {
    int64_t tried, synced; /* the last places */
    bool is_end[2000];     /* of a batch */
} progress;

/* Commits, and asks now and then, until the machine fails in the middle of some call. */
static progress work_until_it_fails(mw_sys *sys, mw_log *log, mw_syncer *syncer,
                                    uint64_t *prng) {
    uint64_t number = 0;
    char payload[1500]; /* some fill pages of the disk */
    memset(payload, 'x', sizeof payload);
    size_t size_max = mw_prng_below(prng, 2) == 0 ? 10 : sizeof payload;
    progress made = {.is_end = {true}};
    mw_simulated_fail(sys, mw_prng_below(prng, 120), UINT64_MAX);
    for (mw_status status = MW_OK; status == MW_OK;) {
        for (uint64_t i = mw_prng_below(prng, 2) * mw_prng_below(prng, 6) + 1; i > 0; i--) {
            mw_record record = {
                .type = MW_RECORD_EVENT, .place = ++made.tried, .payload = {payload, size_max}};
            MW_CHECK_OK(mw_log_append(log, &record, NULL), NULL);
        }
        made.is_end[made.tried] = true;
        status = mw_log_commit(log, NULL);
        if (status != MW_OK || mw_prng_below(prng, 8) > 0) continue;
        mw_syncer_ask(syncer, mw_log_committed(log));
        status = mw_syncer_look(syncer, &number, NULL);
        if (status == MW_OK) made.synced = made.tried;
    }
    return made;
}

/* Wherever the power is lost, in the middle of a sync too, all up to the end of some batch is left,
   what was synced among it, and a log that goes on from there. */
MW_TEST(syncer_leaves_no_hole_wherever_the_power_is_lost) {
    size_t lost = 0, synced_count = 0;
    for (uint64_t round = 0; round < 1500; round++) {
        mw_sys *sys = NULL;
        mw_syncer *syncer = NULL;
        uint64_t prng = mw_test_seed() * 10000 + round;
        MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = prng}, &sys, NULL), NULL);
        size_t segment_size = round % 3 == 0 ? 20000 : 300;
        mw_log *log = open_log(sys, folder, segment_size);
        MW_CHECK_OK(mw_syncer_create((mw_syncer_config){.sys = sys, .folder = folder}, &syncer,
                                     NULL), NULL);
        progress made = work_until_it_fails(sys, log, syncer, &prng);
        mw_simulated_lose_power_partly(sys);
        mw_simulated_fail(sys, 0, 0);
        mw_syncer_destroy(syncer);
        mw_log_close(log);
        int64_t seen = count_records(sys);
        log = open_log(sys, folder, segment_size);
        int64_t count = count_records(sys);
        MW_CHECK(count == seen && count >= made.synced && count <= made.tried);
        MW_CHECK(made.is_end[count]);
        commit(log, count + 1);
        MW_CHECK_EQUAL_INT(count_records(sys), count + 1);
        lost += count < made.tried - 1;
        synced_count += made.synced > 0;
        mw_log_close(log);
        mw_simulated_destroy(sys);
    }
    MW_CHECK(lost > 200 && synced_count > 500);
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
