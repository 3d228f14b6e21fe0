#include "store/log.h"

#include "base/prng.h"
#include "sys/simulated.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

static mw_sys *new_machine(void) {
    mw_sys *sys = NULL;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = mw_test_seed()}, &sys, NULL),
                NULL);
    return sys;
}

static mw_status open_log(mw_sys *sys, size_t segment_size, mw_log **log, mw_error *err) {
    return mw_log_open((mw_log_config){sys, "state/log", segment_size}, log, err);
}

static mw_record record_at(int64_t place, const char *payload) {
    return (mw_record){.type = MW_RECORD_EVENT,
                       .stream = 1,
                       .time = place - 5,
                       .known = place - 1,
                       .place = place,
                       .payload = mw_str_of(payload)};
}

static void append(mw_log *log, int64_t place, const char *payload) {
    mw_record record = record_at(place, payload);
    MW_CHECK_OK(mw_log_append(log, &record, NULL), NULL);
}

/* Counts what a scan gives from `from` on, and checks that places rise. */
static size_t count_records(mw_sys *sys, int64_t from, int64_t *out_last) {
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

MW_TEST(log_gives_back_what_was_committed) {
    mw_sys *sys = new_machine();
    MW_CHECK_EQUAL_INT(count_records(sys, INT64_MIN, NULL), 0);
    mw_log *log;
    MW_CHECK_OK(open_log(sys, 0, &log, NULL), NULL);
    MW_CHECK(mw_log_last_place(log) == INT64_MIN);
    append(log, 10, "a");
    append(log, 20, "");
    MW_CHECK_EQUAL_INT(count_records(sys, INT64_MIN, NULL), 0); /* not committed yet */
    MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
    MW_CHECK_EQUAL_INT(count_records(sys, INT64_MIN, NULL), 2);
    MW_CHECK_EQUAL_INT(count_records(sys, 11, NULL), 1);
    append(log, 30, "lost");
    mw_log_close(log);

    MW_CHECK_OK(open_log(sys, 0, &log, NULL), NULL);
    MW_CHECK_EQUAL_INT(mw_log_last_place(log), 20);
    mw_log_close(log);
    mw_simulated_destroy(sys);
}

MW_TEST(log_says_where_it_ends) {
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_log_position end = {0};
    int64_t changes = 0;
    MW_CHECK_OK(mw_log_end(sys, "state/log", &end, NULL), NULL);
    MW_CHECK_EQUAL_INT(end.segment, INT64_MIN);
    MW_CHECK_OK(open_log(sys, 200, &log, NULL), NULL);
    for (int64_t place = 1; place <= 40; place++) {
        mw_log_position before = end;
        append(log, place, "payload");
        MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
        MW_CHECK_OK(mw_log_end(sys, "state/log", &end, NULL), NULL);
        bool is_same = end.segment == before.segment;
        MW_CHECK(is_same || end.segment == place || before.segment == INT64_MIN);
        MW_CHECK(!is_same || end.offset > before.offset);
        changes += !is_same;
    }
    MW_CHECK(changes > 5);
    mw_log_close(log);
    mw_simulated_destroy(sys);
}

MW_TEST(log_repeats_its_definitions_in_every_segment) {
    mw_sys *sys = new_machine();
    mw_log *log;
    MW_CHECK_OK(open_log(sys, 200, &log, NULL), NULL);
    MW_CHECK_OK(mw_log_define(log, 1, MW_STR("schedule"), NULL), NULL);
    for (int64_t place = 1; place <= 40; place++) {
        MW_CHECK_OK(mw_log_define(log, 1, MW_STR("schedule"), NULL), NULL);
        append(log, place, "payload");
        MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
    }
    mw_log_close(log);
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_str *names;
    size_t segment_count, definitions = 0, records = 0;
    MW_CHECK_OK(mw_sys_list(sys, "state/log", &arena, &names, &segment_count, NULL), NULL);
    MW_CHECK(segment_count > 5);
    mw_log_scan *scan;
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, NULL), NULL);
    for (;;) {
        mw_record record;
        bool has = false;
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, NULL), NULL);
        if (!has) break;
        if (record.type == MW_RECORD_DEFINITION) {
            definitions++;
            MW_CHECK_EQUAL_STR(record.payload, "schedule");
        } else {
            MW_CHECK(definitions > 0);
            records++;
        }
    }
    mw_log_scan_end(scan);
    MW_CHECK_EQUAL_INT(records, 40);
    MW_CHECK(definitions >= segment_count);
    mw_arena_release(&arena);
    mw_simulated_destroy(sys);
}

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

/* What came after an end was taken is read once the scan may go on to a later one. */
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

/* Whatever is cut off the end, what stands before is whole, and writing goes on behind it. */
MW_TEST(log_cuts_a_torn_tail) {
    mw_sys *sys = new_machine();
    mw_log *log;
    MW_CHECK_OK(open_log(sys, 0, &log, NULL), NULL);
    for (int64_t place = 1; place <= 3; place++) append(log, place, "0123456789");
    MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
    uint64_t size = mw_log_size(log);
    mw_log_close(log);
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_str *names;
    size_t count;
    MW_CHECK_OK(mw_sys_list(sys, "state/log", &arena, &names, &count, NULL), NULL);
    const char *path = mw_path_join(&arena, "state/log", names[0].data);
    for (uint64_t cut = 1; cut <= 50; cut++) {
        mw_file *file;
        MW_CHECK_OK(mw_sys_open(sys, path, MW_FILE_UPDATE, &file, NULL), NULL);
        MW_CHECK_OK(mw_file_truncate(file, size - cut, NULL), NULL);
        mw_file_close(file);
        MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), 2);
        MW_CHECK_OK(open_log(sys, 0, &log, NULL), NULL);
        MW_CHECK_EQUAL_INT(mw_log_last_place(log), 2);
        append(log, 3, "0123456789");
        MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
        MW_CHECK_EQUAL_INT(mw_log_size(log), size);
        mw_log_close(log);
        MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), 3);
    }
    mw_arena_release(&arena);
    mw_simulated_destroy(sys);
}

MW_TEST(log_tells_damage_from_a_torn_tail) {
    mw_sys *sys = new_machine();
    mw_log *log;
    MW_CHECK_OK(open_log(sys, 0, &log, NULL), NULL);
    for (int64_t place = 1; place <= 3; place++) append(log, place, "0123456789");
    MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
    mw_log_close(log);
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_str *names;
    size_t count;
    mw_error err;
    MW_CHECK_OK(mw_sys_list(sys, "state/log", &arena, &names, &count, NULL), NULL);
    const char *path = mw_path_join(&arena, "state/log", names[0].data);
    mw_file *file;
    MW_CHECK_OK(mw_sys_open(sys, path, MW_FILE_UPDATE, &file, NULL), NULL);
    MW_CHECK_OK(mw_file_write(file, 28 + 42, "X", 1, NULL), NULL); /* in the first payload */
    MW_CHECK_STATUS(open_log(sys, 0, &log, &err), MW_CORRUPT);
    MW_CHECK(strstr(err.message, "fails its checksum at byte 28") != NULL);
    MW_CHECK_OK(mw_file_write(file, 4, "\x09", 1, NULL), NULL); /* a format to come */
    MW_CHECK_STATUS(open_log(sys, 0, &log, &err), MW_NEWER_FORMAT);
    MW_CHECK(strstr(err.message, "has format 9, this program reads up to 2") != NULL);
    MW_CHECK_OK(mw_file_write(file, 4, "\x01\0\0\0X", 5, NULL), NULL); /* in the log's id */
    MW_CHECK_STATUS(open_log(sys, 0, &log, &err), MW_CORRUPT);
    mw_log_scan *scan;
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, NULL), NULL);
    MW_CHECK_STATUS(mw_log_scan_next(scan, &(mw_record){0}, &(bool){false}, &err), MW_CORRUPT);
    MW_CHECK(strstr(err.message, "the head of state/log/") != NULL);
    mw_log_scan_end(scan);
    mw_file_close(file);
    mw_arena_release(&arena);
    mw_simulated_destroy(sys);
}

/* The last record of a segment cannot be torn once the next one bears its mark: it was synced. */
MW_TEST(log_tells_damage_at_the_end_of_a_closed_segment) {
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_log_scan *scan;
    mw_file *file;
    mw_error err;
    uint64_t size = 0;
    MW_CHECK_OK(open_log(sys, 100, &log, &err), &err);
    for (int64_t place = 1; place <= 4; place++) {
        append(log, place, "0123456789");
        MW_CHECK_OK(mw_log_commit(log, &err), &err);
        if (size == 0 && mw_log_size(log) > 100) size = mw_log_size(log); /* the first one's */
    }
    MW_CHECK(mw_log_committed(log).segment > 1);
    MW_CHECK_OK(mw_log_sync(log, &err), &err);
    mw_log_close(log);
    MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), 4);
    const char *path = "state/log/0000000000000001.log";
    MW_CHECK_OK(mw_sys_open(sys, path, MW_FILE_UPDATE, &file, &err), &err);
    MW_CHECK_OK(mw_file_write(file, size - 1, "X", 1, &err), &err);
    mw_file_close(file);
    mw_record record;
    mw_status status = MW_OK;
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, &err), &err);
    for (bool has = true; status == MW_OK && has;)
        status = mw_log_scan_next(scan, &record, &has, &err);
    MW_CHECK_STATUS(status, MW_CORRUPT);
    mw_log_scan_end(scan);
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

/* Before a segment is said to follow another, that one is on the disk, and in its folder there. */
MW_TEST(log_lists_on_the_disk_what_a_believed_segment_follows) {
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_error err;
    MW_CHECK_OK(open_log(sys, 100, &log, &err), &err);
    for (int64_t place = 1; place <= 3; place++) { /* a segment each */
        append(log, place, "0123456789 0123456789");
        MW_CHECK_OK(mw_log_commit(log, &err), &err);
    }
    MW_CHECK_OK(mw_log_found_segment(sys, "state/log", 3, &err), &err);
    mw_simulated_lose_power(sys);
    mw_log_close(log);
    MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), 2);
    mw_simulated_destroy(sys);
}

/* What follows a segment with a damaged head is not removed, unmarked as it is: that it does not
   follow cannot be told. */
MW_TEST(log_reports_a_damaged_head_before_it_removes_what_is_behind) {
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_file *file;
    mw_error err;
    mw_file_info info;
    const char *newest = "state/log/8000000000000003.log";
    MW_CHECK_OK(open_log(sys, 100, &log, &err), &err);
    for (int64_t place = 1; place <= 3; place++) {
        append(log, place, "0123456789");
        MW_CHECK_OK(mw_log_commit(log, &err), &err);
    }
    mw_log_close(log);
    MW_CHECK_OK(mw_sys_open(sys, "state/log/0000000000000001.log", MW_FILE_UPDATE, &file, &err),
                &err);
    MW_CHECK_OK(mw_file_write(file, 8, "X", 1, &err), &err); /* in the log's id */
    mw_file_close(file);
    MW_CHECK_STATUS(open_log(sys, 100, &log, &err), MW_CORRUPT);
    MW_CHECK_OK(mw_sys_info(sys, newest, &info, &err), &err);
    MW_CHECK(info.exists);
    mw_simulated_destroy(sys);
}

/* Every commit that was answered is there after the power is lost, if it was synced, and after
   a kill in any case; a commit that failed has left nothing. */
MW_TEST(log_keeps_every_acknowledged_record) {
    size_t failed_commits = 0;
    for (uint64_t round = 0; round < 60; round++) {
        mw_sys *sys = new_machine();
        uint64_t prng = mw_test_seed() * 1000 + round;
        mw_log *log = NULL;
        int64_t next = 1;
        MW_CHECK_OK(open_log(sys, 300, &log, NULL), NULL);
        int64_t kept = 0;
        for (int step = 0; step < 40; step++) {
            if (mw_prng_below(&prng, 8) == 0) mw_simulated_fail(sys, mw_prng_below(&prng, 3), 1);
            for (uint64_t i = mw_prng_below(&prng, 4); i > 0; i--) append(log, next++, "payload");
            if (mw_log_commit(log, NULL) == MW_OK) kept = next - 1;
            else failed_commits++;
            next = kept + 1; /* the client sends again what was not acknowledged */
            mw_simulated_fail(sys, 0, 0);
        }
        bool power = mw_prng_below(&prng, 2) == 0;
        if (power) MW_CHECK_OK(mw_log_sync(log, NULL), NULL);
        if (power) mw_simulated_lose_power(sys);
        else mw_simulated_kill(sys);
        mw_log_close(log);
        int64_t last;
        MW_CHECK_EQUAL_INT(count_records(sys, 0, &last), kept);
        MW_CHECK(kept == 0 || last == kept);
        MW_CHECK_OK(open_log(sys, 300, &log, NULL), NULL);
        MW_CHECK(kept == 0 || mw_log_last_place(log) == kept);
        mw_log_close(log);
        mw_simulated_destroy(sys);
    }
    MW_CHECK(failed_commits > 50);
}

static mw_log_scan *scan_to_end(mw_sys *sys, size_t *out_count) {
    mw_log_scan *scan;
    mw_error err;
    mw_record record;
    bool has = true;
    *out_count = 0;
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, &err), &err);
    while (has) {
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
        *out_count += has && record.type != MW_RECORD_DEFINITION;
    }
    return scan;
}

/* Small records, or some that fill pages of the disk, and segments of some of them. */
static size_t fill(char *payload, size_t size, uint64_t round) {
    bool is_small = round % 2 == 0;
    snprintf(payload, size, "%0*d", is_small ? 7 : (int)size - 1, 1);
    return is_small ? 300 : 20000;
}

/* What a loss of power leaves is all up to some record, the synced ones among them, whatever of
   the files and of the folder had reached the disk by itself. Who reads before a writer has opened
   the log sees the same, and goes on in what that one writes. */
MW_TEST(log_has_no_hole_after_a_loss_of_power) {
    size_t lost = 0, torn_segments = 0;
    for (uint64_t round = 0; round < 400; round++) {
        mw_sys *sys = NULL;
        uint64_t prng = mw_test_seed() * 1000 + round;
        MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = prng}, &sys, NULL), NULL);
        mw_log *log = NULL;
        int64_t committed = 0, synced = 0, last = 0;
        char payload[1500];
        size_t segment_size = fill(payload, sizeof payload, round / 2);
        MW_CHECK_OK(open_log(sys, segment_size, &log, NULL), NULL);
        for (uint64_t step = mw_prng_below(&prng, 30); step > 0; step--) {
            append(log, ++committed, payload);
            MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
            if (mw_prng_below(&prng, 8) > 0) continue;
            MW_CHECK_OK(mw_log_sync(log, NULL), NULL);
            synced = committed;
        }
        mw_log_position end = mw_log_committed(log), found;
        mw_simulated_lose_power_partly(sys);
        mw_log_close(log);
        size_t seen;
        mw_record next;
        bool has_next;
        mw_log_scan *scan = scan_to_end(sys, &seen);
        MW_CHECK_OK(open_log(sys, segment_size, &log, NULL), NULL);
        int64_t count = (int64_t)count_records(sys, 0, &last);
        MW_CHECK(count >= synced && count <= committed && count == (int64_t)seen);
        MW_CHECK(count == 0 || last == count);
        lost += count < committed;
        found = mw_log_committed(log);
        torn_segments += found.segment != end.segment;
        append(log, count + 1, "after");
        MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
        MW_CHECK_OK(mw_log_scan_next(scan, &next, &has_next, NULL), NULL);
        MW_CHECK(has_next && next.place == count + 1);
        mw_log_scan_end(scan);
        mw_log_close(log);
        mw_simulated_destroy(sys);
    }
    MW_CHECK(lost > 50 && torn_segments > 10);
}

MW_TEST(log_says_that_the_disk_is_full_and_goes_on_when_it_is_not) {
    mw_sys *sys = new_machine();
    mw_log *log;
    MW_CHECK_OK(open_log(sys, 0, &log, NULL), NULL);
    append(log, 1, "first");
    MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
    mw_simulated_set_disk_size_max(sys, mw_simulated_disk_size(sys) + 10);
    append(log, 2, "second");
    MW_CHECK_STATUS(mw_log_commit(log, NULL), MW_NO_SPACE);
    MW_CHECK_EQUAL_INT(mw_log_last_place(log), 2); /* it waits for room */
    MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), 1);
    append(log, 3, "third");
    MW_CHECK_STATUS(mw_log_commit(log, NULL), MW_NO_SPACE);
    mw_simulated_set_disk_size_max(sys, UINT64_MAX);
    MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
    MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), 3);
    MW_CHECK_EQUAL_INT(mw_log_batch_size(log), 0);
    mw_log_close(log);
    mw_simulated_destroy(sys);
}
