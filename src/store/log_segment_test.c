#include "store/log_segment.h"

#include <stdio.h>

#include "base/prng.h"
#include "store/log_world_test.h"

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

/* Some records and a commit; the last place then. */
static int64_t commit_batch(mw_log *log, int64_t last, const char *payload, uint64_t *prng) {
    for (uint64_t i = mw_prng_below(prng, 2) * mw_prng_below(prng, 6) + 1; i > 0; i--)
        append(log, ++last, payload);
    MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
    return last;
}

/* What a loss of power leaves is all up to the end of some batch, the synced ones among them,
   whatever of the files and of the folder had reached the disk by itself. Who reads before a writer
   has opened the log sees the same, and goes on in what that one writes. */
MW_TEST(log_has_no_hole_after_a_loss_of_power) {
    size_t lost = 0, torn_segments = 0;
    for (uint64_t round = 0; round < 400; round++) {
        mw_sys *sys = NULL;
        uint64_t prng = mw_test_seed() * 1000 + round;
        MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = prng}, &sys, NULL), NULL);
        mw_log *log = NULL;
        int64_t committed = 0, synced = 0, last = 0;
        bool is_end[200] = {true}; /* of a batch */
        char payload[1500];
        size_t segment_size = fill(payload, sizeof payload, round / 2);
        MW_CHECK_OK(open_log(sys, segment_size, &log, NULL), NULL);
        for (uint64_t step = mw_prng_below(&prng, 30); step > 0; step--) {
            committed = commit_batch(log, committed, payload, &prng);
            is_end[committed] = true;
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
        MW_CHECK(is_end[count] && (count == 0 || last == count));
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

/* Names sort as the first places do, below zero too. */
MW_TEST(log_segment_is_named_by_its_first_place) {
    static const int64_t places[] = {INT64_MIN, -5, 0, 1, INT64_MAX};
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    mw_str before = MW_STR("");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        mw_str name = mw_str_of(mw_log_segment_path(&arena, "log", places[i]));
        name = mw_str_slice(name, 4, name.size);
        MW_CHECK_EQUAL_INT(mw_log_segment_first_place(name), places[i]);
        MW_CHECK(mw_str_compare(before, name) < 0);
        before = name;
    }
    mw_arena_release(&arena);
}

/* Makes a segment what an older program would have written: all of its batches are single records,
   which are the same in every format, so only the head differs. */
static void age_segment(mw_sys *sys, int64_t first_place, char format) {
    mw_arena arena;
    mw_file *file;
    char head[MW_LOG_HEAD_SIZE];
    size_t size = 0;
    mw_arena_init(&arena, 1 << 16);
    const char *path = mw_log_segment_path(&arena, "state/log", first_place);
    MW_CHECK_OK(mw_sys_open(sys, path, MW_FILE_UPDATE, &file, NULL), NULL);
    MW_CHECK_OK(mw_file_read(file, 0, head, sizeof head, &size, NULL), NULL);
    bool is_unfounded = head[MW_LOG_MARK_OFFSET] != mw_log_mark;
    head[MW_LOG_MARK_OFFSET] = mw_log_mark;
    head[4] = format;
    uint32_t crc = mw_crc32c(0, head, sizeof head - 4);
    for (size_t i = 0; i < 4; i++) head[sizeof head - 4 + i] = (char)(crc >> (8 * i));
    if (is_unfounded && format > 1) head[MW_LOG_MARK_OFFSET] = 'g';
    MW_CHECK_OK(mw_file_write(file, 0, head, sizeof head, NULL), NULL);
    mw_file_close(file);
    mw_arena_release(&arena);
}

static int64_t newest_segment(mw_sys *sys) {
    mw_log_position end = {0};
    MW_CHECK_OK(mw_log_end(sys, "state/log", &end, NULL), NULL);
    return end.segment;
}

/* A log of older formats, of one or more segments, is read, and goes on in a segment of its own. */
MW_TEST(log_goes_on_behind_older_formats) {
    for (size_t segment_size = 100; segment_size <= 100000; segment_size *= 10) {
        mw_sys *sys = new_machine();
        mw_log *log;
        MW_CHECK_OK(open_log(sys, segment_size, &log, NULL), NULL);
        for (int64_t place = 1; place <= 6; place++) {
            append(log, place, "0123456789 0123456789 0123456789");
            MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
        }
        int64_t newest = mw_log_committed(log).segment;
        uint64_t size = mw_log_size(log);
        mw_log_close(log);
        age_segment(sys, newest, 2);
        if (newest != INT64_MIN + 1) age_segment(sys, INT64_MIN + 1, 1);
        MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), 6);
        for (int64_t place = 7; place <= 9; place += 2) {
            MW_CHECK_OK(open_log(sys, segment_size, &log, NULL), NULL);
            MW_CHECK_EQUAL_INT(mw_log_last_place(log), place - 1);
            append(log, place, "two in");
            append(log, place + 1, "one batch");
            MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
            mw_log_close(log);
            MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), place + 1);
        }
        MW_CHECK(newest_segment(sys) >= 7 && newest < 7);
        MW_CHECK(segment_size < 1000 || newest_segment(sys) == 7);
        MW_CHECK_OK(open_log(sys, segment_size, &log, NULL), NULL);
        MW_CHECK(mw_log_size(log) > size);
        mw_log_close(log);
        mw_simulated_destroy(sys);
    }
}

/* The next segment would bear the name of one without a record: of an older format it gives way,
   else it goes on, however large its definitions are. */
static void begin_anew(bool is_alone, bool is_older) {
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_error err;
    int64_t last = is_alone ? 0 : 2;
    MW_CHECK_OK(open_log(sys, 60, &log, &err), &err);
    MW_CHECK_OK(mw_log_define(log, 1, MW_STR("schedule"), &err), &err);
    for (int64_t place = 1; place <= last; place++) {
        append(log, place, "0123456789");
        MW_CHECK_OK(mw_log_commit(log, &err), &err);
    }
    append(log, last + 1, "this has no room");
    mw_simulated_set_disk_size_max(sys, mw_simulated_disk_size(sys) + 28 + 48 + 20);
    MW_CHECK_STATUS(mw_log_commit(log, &err), MW_NO_SPACE);
    mw_simulated_set_disk_size_max(sys, UINT64_MAX);
    mw_log_close(log);
    int64_t bare = newest_segment(sys);
    MW_CHECK_EQUAL_INT(bare, is_alone ? INT64_MIN + 1 : 3);
    if (is_older) age_segment(sys, bare, 2);
    if (is_older && !is_alone) age_segment(sys, INT64_MIN + 1, 2);
    MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), last);
    MW_CHECK_OK(open_log(sys, 60, &log, &err), &err);
    MW_CHECK(is_alone || mw_log_last_place(log) == last);
    MW_CHECK_OK(mw_log_define(log, 1, MW_STR("schedule"), &err), &err);
    append(log, last + 1, "after");
    append(log, last + 2, "after");
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    MW_CHECK_EQUAL_INT(newest_segment(sys), bare);
    mw_log_close(log);
    MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), last + 2);
    mw_simulated_destroy(sys);
}

MW_TEST(log_goes_on_at_a_segment_without_a_record) {
    for (int i = 0; i < 4; i++) begin_anew(i % 2 == 0, i / 2 == 0);
}

/* A segment that has lost the end of its last batch has not got what follows it: also where only
   definitions are lost, which have no places. */
MW_TEST(log_does_not_go_on_behind_a_torn_segment) {
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_file *file;
    mw_error err;
    MW_CHECK_OK(open_log(sys, 100, &log, &err), &err);
    append(log, 1, "0");
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    MW_CHECK_OK(mw_log_define(log, 1, MW_STR("schedule"), &err), &err);
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    uint64_t size = mw_log_size(log);
    append(log, 2, "0123456789");
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    MW_CHECK_EQUAL_INT(mw_log_committed(log).segment, 2);
    mw_log_close(log);
    MW_CHECK_OK(mw_sys_open(sys, "state/log/0000000000000001.log", MW_FILE_UPDATE, &file, &err),
                &err);
    MW_CHECK_OK(mw_file_truncate(file, size - 3, &err), &err);
    mw_file_close(file);
    MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), 1);
    MW_CHECK_OK(open_log(sys, 100, &log, &err), &err);
    MW_CHECK_EQUAL_INT(mw_log_last_place(log), 1);
    mw_log_close(log);
    mw_simulated_destroy(sys);
}

/* Where a segment follows that bears its mark, a batch cannot be without its end. */
MW_TEST(log_tells_a_broken_batch_at_the_end_of_a_closed_segment) {
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_log_scan *scan;
    mw_file *file;
    mw_error err;
    mw_record record;
    bool has = true;
    MW_CHECK_OK(open_log(sys, 100, &log, &err), &err);
    append(log, 1, "0123456789");
    append(log, 2, "0123456789");
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    append(log, 3, "0123456789");
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    MW_CHECK_EQUAL_INT(mw_log_committed(log).segment, 3);
    MW_CHECK_OK(mw_log_sync(log, &err), &err);
    mw_log_close(log);
    MW_CHECK_OK(mw_sys_open(sys, "state/log/0000000000000001.log", MW_FILE_UPDATE, &file, &err),
                &err);
    MW_CHECK_OK(mw_file_truncate(file, MW_LOG_HEAD_SIZE + 50, &err), &err);
    mw_file_close(file);
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, &err), &err);
    MW_CHECK_STATUS(mw_log_scan_next(scan, &record, &has, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(mw_str_of(err.message),
                       "log: state/log/0000000000000001.log breaks off a batch at byte 78");
    mw_log_scan_end(scan);
    mw_simulated_destroy(sys);
}
