/*
 * log_world_test: a log on a simulated machine, for the tests of its parts.
 */
#pragma once
#include "store/log.h"
#include "sys/simulated.h"
#include "testing/test.h"

static inline mw_sys *new_machine(void) {
    mw_sys *sys = NULL;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = mw_test_seed()}, &sys, NULL),
                NULL);
    return sys;
}

static inline mw_status open_log(mw_sys *sys, size_t segment_size, mw_log **log, mw_error *err) {
    return mw_log_open((mw_log_config){sys, "state/log", segment_size}, log, err);
}

static inline mw_record record_at(int64_t place, const char *payload) {
    return (mw_record){.type = MW_RECORD_EVENT,
                       .stream = 1,
                       .time = place - 5,
                       .known = place - 1,
                       .place = place,
                       .payload = mw_str_of(payload)};
}

static inline void append(mw_log *log, int64_t place, const char *payload) {
    mw_record record = record_at(place, payload);
    MW_CHECK_OK(mw_log_append(log, &record, NULL), NULL);
}

/* Counts what a scan gives from `from` on, and checks that places rise. */
static inline size_t count_records(mw_sys *sys, int64_t from, int64_t *out_last) {
    mw_log_scan *scan;
    mw_error err;
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", from, &scan, &err), &err);
    size_t count = 0;
    int64_t last = INT64_MIN;
    for (;;) {
        mw_record record;
        bool has = false;
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
        if (!has) break;
        if (record.type == MW_RECORD_DEFINITION) continue;
        MW_CHECK(record.place > last && record.place >= from);
        MW_CHECK(record.time == record.place - 5 && record.known == record.place - 1);
        last = record.place;
        count++;
    }
    mw_log_scan_end(scan);
    if (out_last) *out_last = last;
    return count;
}
