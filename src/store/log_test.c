#include "store/log.h"

#include <string.h>

#include "base/prng.h"
#include "store/log_world_test.h"

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

MW_TEST(log_repeats_its_definitions_in_every_segment) {
    mw_sys *sys = new_machine();
    mw_log *log;
    MW_CHECK_OK(open_log(sys, 200, &log, NULL), NULL);
    MW_CHECK_OK(mw_log_define(log, 1, MW_STR("schedule"), NULL), NULL);
    for (int64_t place = 1; place <= 40; place++) {
        MW_CHECK_OK(mw_log_define(log, 1, MW_STR("schedule"), NULL), NULL);
        append(log, place, "payload");
        if (place % 2 == 0) MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
    }
    mw_log_close(log);
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_str *names;
    int64_t last = 0;
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
            MW_CHECK(record.place == last || last == 0);
        } else {
            MW_CHECK(definitions > 0 && record.place == last + 1);
            last = record.place;
            records++;
        }
    }
    mw_log_scan_end(scan);
    MW_CHECK_EQUAL_INT(records, 40);
    MW_CHECK(definitions >= segment_count);
    mw_arena_release(&arena);
    mw_simulated_destroy(sys);
}

/* Wherever the file ends, its batches are there whole or not at all, for who reads and for the next
   writer, who goes on behind them and defines anew what he has not. */
MW_TEST(log_cuts_a_torn_batch) {
    enum { BATCHES = 4 };
    static const int64_t counts[BATCHES] = {2, 1, 7, 3};
    static const char *const path = "state/log/0000000000000001.log";
    uint64_t ends[BATCHES];
    int64_t places[BATCHES], place = 0;
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_buf all;
    mw_buf_init(&all, 1 << 16);
    MW_CHECK_OK(open_log(sys, 0, &log, NULL), NULL);
    for (size_t i = 0; i < BATCHES; i++) {
        MW_CHECK_OK(mw_log_define(log, 1, mw_str_of(i < 2 ? "a" : "ab"), NULL), NULL);
        for (int64_t k = 0; k < counts[i]; k++) append(log, ++place, "0123456789");
        MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
        ends[i] = mw_log_size(log);
        places[i] = place;
    }
    mw_log_close(log);
    MW_CHECK_OK(mw_sys_read_file(sys, path, &all, NULL), NULL);
    for (size_t size = 28; size <= all.size; size++) {
        size_t whole = 0;
        while (whole < BATCHES && ends[whole] <= size) whole++;
        int64_t last = whole > 0 ? places[whole - 1] : 0;
        MW_CHECK_OK(mw_sys_write_file(sys, path, (mw_str){all.data, size}, NULL), NULL);
        MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), last);
        MW_CHECK_OK(open_log(sys, 0, &log, NULL), NULL);
        MW_CHECK(last == 0 || mw_log_last_place(log) == last);
        uint64_t begun = size < 28 + 41 ? 28 : 28 + 41; /* with its definition, or without */
        MW_CHECK_EQUAL_INT(mw_log_size(log), whole > 0 ? ends[whole - 1] : begun);
        MW_CHECK_OK(mw_log_define(log, 1, MW_STR("ab"), NULL), NULL);
        MW_CHECK((mw_log_batch_size(log) > 0) == (whole < 3)); /* the torn one had said so */
        append(log, last + 1, "after");
        append(log, last + 2, "after");
        MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
        MW_CHECK_EQUAL_INT(count_records(sys, 0, NULL), last + 2);
        mw_log_close(log);
    }
    mw_buf_release(&all);
    mw_simulated_destroy(sys);
}

/* A bit that turns anywhere is damage, in the last record too, of which all bytes are there. */
MW_TEST(log_reports_whatever_bit_turns) {
    static const char *const path = "state/log/0000000000000001.log";
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_log_scan *scan;
    mw_buf all;
    mw_error err;
    mw_buf_init(&all, 1 << 16);
    MW_CHECK_OK(open_log(sys, 0, &log, NULL), NULL);
    for (int64_t place = 1; place <= 9; place++) {
        append(log, place, "0123456789");
        if (place % 3 == 0) MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
    }
    mw_log_close(log);
    MW_CHECK_OK(mw_sys_read_file(sys, path, &all, NULL), NULL);
    for (size_t bit = (size_t)8 * 28; bit < 8 * all.size; bit++) {
        all.data[bit / 8] = (char)(all.data[bit / 8] ^ 1 << bit % 8);
        MW_CHECK_OK(mw_sys_write_file(sys, path, mw_buf_str(&all), NULL), NULL);
        MW_CHECK_STATUS(open_log(sys, 0, &log, &err), MW_CORRUPT);
        mw_record record;
        mw_status status = MW_OK;
        int64_t last = 0;
        MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, &err), &err);
        for (bool has = true; status == MW_OK && has; last += status == MW_OK && has)
            status = mw_log_scan_next(scan, &record, &has, &err);
        MW_CHECK_STATUS(status, MW_CORRUPT);
        MW_CHECK_EQUAL_INT(last, (int64_t)(bit / 8 - 28) / 150 * 3); /* whole batches */
        mw_log_scan_end(scan);
        all.data[bit / 8] = (char)(all.data[bit / 8] ^ 1 << bit % 8);
    }
    mw_buf_release(&all);
    mw_simulated_destroy(sys);
}

/* Whoever wrote behind a batch without its end would have cut it: it is told, not passed over. */
MW_TEST(log_tells_a_batch_that_was_broken_off) {
    static const char *const path = "state/log/0000000000000001.log";
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_log_scan *scan;
    mw_buf all, broken;
    mw_error err;
    mw_buf_init(&all, 1 << 16);
    mw_buf_init(&broken, 1 << 16);
    MW_CHECK_OK(open_log(sys, 0, &log, NULL), NULL);
    for (int64_t place = 1; place <= 6; place++) {
        append(log, place, "0123456789");
        if (place % 3 == 0) MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
    }
    mw_log_close(log);
    MW_CHECK_OK(mw_sys_read_file(sys, path, &all, NULL), NULL);
    mw_buf_append(&broken, all.data, 28 + 2 * 50);
    mw_buf_append(&broken, all.data + 28 + 3 * 50, 3 * 50);
    MW_CHECK_OK(mw_sys_write_file(sys, path, mw_buf_str(&broken), NULL), NULL);
    MW_CHECK_STATUS(open_log(sys, 0, &log, &err), MW_CORRUPT);
    MW_CHECK(strstr(err.message, "breaks off a batch at byte 128") != NULL);
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, NULL), NULL);
    MW_CHECK_STATUS(mw_log_scan_next(scan, &(mw_record){0}, &(bool){false}, &err), MW_CORRUPT);
    MW_CHECK(strstr(err.message, "breaks off a batch at byte 128") != NULL);
    mw_log_scan_end(scan);
    mw_buf_release(&broken);
    mw_buf_release(&all);
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
    MW_CHECK(strstr(err.message, "has format 9, this program reads up to 3") != NULL);
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
