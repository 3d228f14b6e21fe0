#include <string.h>

#include "base/prng.h"
#include "store/log_world_test.h"

MW_TEST(log_scan_follows_a_log_that_grows) {
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_log_scan *scan;
    MW_CHECK_OK(open_log(sys, 200, &log, NULL), NULL);
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, NULL), NULL);
    for (int64_t place = 1; place <= 30; place++) {
        mw_record record;
        bool has = true;
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, NULL), NULL);
        MW_CHECK(!has);
        append(log, place, "x");
        MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, NULL), NULL);
        MW_CHECK(has && record.place == place);
    }
    mw_log_scan_end(scan);
    mw_log_close(log);
    mw_simulated_destroy(sys);
}

/* The places of what a scan from that position gives; of definitions none. */
static size_t read_rest(mw_sys *sys, mw_log_position first, int64_t *places, size_t capacity) {
    mw_log_scan *scan;
    mw_error err;
    bool has = true;
    size_t count = 0;
    MW_CHECK_OK(mw_log_scan_begin_at(sys, "state/log", first, &scan, &err), &err);
    while (has) {
        mw_record record;
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
        if (!has || record.type == MW_RECORD_DEFINITION) continue;
        MW_CHECK(count < capacity);
        places[count++] = record.place;
    }
    mw_log_scan_end(scan);
    return count;
}

MW_TEST(log_scan_begins_at_a_record) {
    enum { RECORDS = 60 };
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_log_position positions[RECORDS];
    int64_t rest[RECORDS];
    MW_CHECK_OK(open_log(sys, 600, &log, NULL), NULL);
    MW_CHECK_OK(mw_log_define(log, 1, MW_STR("schedule"), NULL), NULL);
    for (size_t i = 0; i < RECORDS; i++) {
        positions[i].offset = mw_log_batch_size(log);
        append(log, (int64_t)i - RECORDS / 2, "some bytes"); /* a segment may begin at place 0 */
        MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
        positions[i].segment = mw_log_batch_position(log).segment;
        positions[i].offset += mw_log_batch_position(log).offset;
    }
    MW_CHECK(positions[RECORDS - 1].segment > positions[RECORDS / 2].segment);
    for (size_t i = 0; i < RECORDS; i++) {
        size_t count = read_rest(sys, positions[i], rest, RECORDS);
        MW_CHECK_EQUAL_INT(count, RECORDS - i);
        for (size_t k = 0; k < count; k++)
            MW_CHECK_EQUAL_INT(rest[k], (int64_t)(i + k) - RECORDS / 2);
    }
    mw_log_close(log);
    mw_simulated_destroy(sys);
}

/* What came after an end was taken is read once the scan may go on to a later one. */
MW_TEST(log_scan_ends_where_it_is_told) {
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_log_scan *scan;
    mw_record record;
    bool has = true;
    MW_CHECK_OK(open_log(sys, 200, &log, NULL), NULL);
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, NULL), NULL);
    int64_t read = 0;
    for (int64_t place = 1; place <= 60; place++) {
        append(log, place, "x");
        MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
        if (place % 7 != 0) continue;
        mw_log_position end = {0};
        MW_CHECK_OK(mw_log_end(sys, "state/log", &end, NULL), NULL);
        append(log, ++place, "behind the end");
        MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
        mw_log_scan_until(scan, end);
        for (;;) {
            MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, NULL), NULL);
            if (!has) break;
            MW_CHECK_EQUAL_INT(record.place, ++read);
        }
        MW_CHECK_EQUAL_INT(read, place - 1);
    }
    MW_CHECK(read > 50);
    mw_log_scan_end(scan);
    mw_log_close(log);
    mw_simulated_destroy(sys);
}

/* Segments, windows and single records: of places as they come, a scan from any of them gives those
   from there on, and where it says that a record stands, that record is read. */
MW_TEST(log_reads_from_any_place_and_any_position) {
    static char payload[300000];
    uint64_t prng = mw_test_seed();
    int64_t places[400], place = -1000;
    size_t sizes[400], count = 0, long_count = 0;
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    memset(payload, 'x', sizeof payload);
    MW_CHECK_OK(open_log(sys, 500000, &log, &err), &err);
    MW_CHECK_OK(mw_log_define(log, 1, MW_STR("schedule"), &err), &err);
    for (; count < 400; count++) {
        bool is_long = mw_prng_below(&prng, 20) == 0;
        long_count += is_long;
        sizes[count] = mw_prng_below(&prng, is_long ? sizeof payload : 3000);
        places[count] = place += 1 + (int64_t)mw_prng_below(&prng, 5);
        mw_record record = record_at(place, "");
        record.payload = (mw_str){payload, sizes[count]};
        mw_log_position position = {0, mw_log_batch_size(log)};
        MW_CHECK_OK(mw_log_append(log, &record, &err), &err);
        if (mw_prng_below(&prng, 2) > 0 && count < 399) continue;
        MW_CHECK_OK(mw_log_commit(log, &err), &err);
        position.segment = mw_log_batch_position(log).segment;
        position.offset += mw_log_batch_position(log).offset;
        MW_CHECK_OK(mw_log_read(sys, "state/log", position, &bytes, &record, &err), &err);
        MW_CHECK(record.place == place && record.payload.size == sizes[count]);
    }
    MW_CHECK(long_count > 5);
    for (size_t first = 0; first < 400; first += 1 + mw_prng_below(&prng, 40)) {
        mw_log_scan *scan;
        mw_record record;
        bool has = true, is_defined = false;
        MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", places[first], &scan, &err), &err);
        for (size_t i = first; i < 400; i++) {
            do {
                MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
                is_defined |= has && record.type == MW_RECORD_DEFINITION;
            } while (has && record.type == MW_RECORD_DEFINITION);
            MW_CHECK(has && is_defined && record.place == places[i]);
            MW_CHECK_EQUAL_INT(record.payload.size, sizes[i]);
            MW_CHECK_OK(mw_log_read(sys, "state/log", mw_log_scan_position(scan), &bytes, &record,
                                    &err), &err);
            MW_CHECK(record.place == places[i]);
        }
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
        MW_CHECK(!has && mw_log_scan_id(scan) == mw_log_id(log));
        mw_log_scan_end(scan);
    }
    mw_log_position wrong = {places[0] - 1, 29};
    MW_CHECK(mw_log_read(sys, "state/log", wrong, &bytes, &(mw_record){0}, &err) != MW_OK);
    mw_buf_release(&bytes);
    mw_log_close(log);
    mw_simulated_destroy(sys);
}

/* What a writer had not finished is cut by the next one, which goes on there: who follows reads
   what stands there then. */
MW_TEST(log_scan_follows_over_a_torn_tail) {
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_log_scan *scan;
    mw_file *file;
    mw_record record;
    bool has = false;
    mw_error err;
    MW_CHECK_OK(open_log(sys, 0, &log, &err), &err);
    append(log, 1, "first");
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    uint64_t size = mw_log_size(log);
    mw_log_close(log);
    const char *path = "state/log/0000000000000001.log";
    MW_CHECK_OK(mw_sys_open(sys, path, MW_FILE_UPDATE, &file, &err), &err);
    MW_CHECK_OK(mw_file_write(file, size, "torn in the middle of it", 24, &err), &err);
    mw_file_close(file);
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, &err), &err);
    MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
    MW_CHECK(has && record.place == 1);
    MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
    MW_CHECK(!has);
    MW_CHECK_OK(open_log(sys, 0, &log, &err), &err);
    append(log, 2, "second");
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
    MW_CHECK(has && record.place == 2);
    MW_CHECK_EQUAL_STR(record.payload, "second");
    mw_log_scan_end(scan);
    mw_log_close(log);
    mw_simulated_destroy(sys);
}

/* That an unmarked segment follows is found by reading all of the one before: by a scan once, not
   each time that it looks for more. */
MW_TEST(log_scan_finds_once_that_an_unmarked_segment_follows) {
    enum { SIZE = 1 << 20, OF_A_LOOK = 3 }; /* calls: read on, is there a folder, what is in it */
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_log_scan *scan;
    mw_record record = record_at(1, "");
    mw_error err;
    char *payload = mw_allocate(SIZE);
    bool has = true;
    memset(payload, 'x', SIZE);
    record.payload = (mw_str){payload, SIZE};
    MW_CHECK_OK(open_log(sys, 100, &log, &err), &err);
    MW_CHECK_OK(mw_log_append(log, &record, &err), &err);
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    append(log, 2, "0123456789");
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 2, &scan, &err), &err);
    while (has) MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
    uint64_t calls = mw_simulated_call_count(sys);
    MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
    MW_CHECK_EQUAL_INT(mw_simulated_call_count(sys) - calls, OF_A_LOOK);
    mw_log_scan_end(scan);
    mw_log_close(log);
    mw_free(payload);
    mw_simulated_destroy(sys);
}
