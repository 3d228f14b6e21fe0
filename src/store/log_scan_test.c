#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/prng.h"
#include "store/log_world_test.h"
#include "sys/pace.h"

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

/* Reads from there to the end, or to the failure. */
static mw_status read_on(mw_sys *sys, mw_log_position first, int64_t from, size_t *out_count,
                         mw_error *err) {
    mw_log_scan *scan;
    mw_record record;
    bool has = true;
    mw_status status = first.offset > 0
                           ? mw_log_scan_begin_at(sys, "state/log", first, &scan, err)
                           : mw_log_scan_begin(sys, "state/log", from, &scan, err);
    MW_CHECK_OK(status, err);
    for (*out_count = 0; status == MW_OK && has; *out_count += has)
        status = mw_log_scan_next(scan, &record, &has, err);
    mw_log_scan_end(scan);
    return status;
}

/* A segment that was removed is missed by all who would have read it, and by nobody else. */
MW_TEST(log_scan_misses_a_segment_that_is_gone) {
    enum { SEGMENTS = 4 };
    for (int gone = 0; gone < SEGMENTS - 1; gone++) {
        mw_sys *sys = new_machine();
        mw_log_position positions[SEGMENTS];
        mw_log *log;
        mw_error err;
        char path[64];
        size_t count = 0;
        MW_CHECK_OK(open_log(sys, 1, &log, &err), &err);
        for (int i = 0; i < SEGMENTS; i++) {
            append(log, 10 * i + 5, "a record");
            MW_CHECK_OK(mw_log_commit(log, &err), &err);
            positions[i] = mw_log_batch_position(log);
        }
        MW_CHECK_OK(mw_log_found_segment(sys, "state/log", positions[SEGMENTS - 1].segment, &err),
                    &err);
        MW_CHECK_OK(read_on(sys, (mw_log_position){0}, INT64_MIN, &count, &err), &err);
        MW_CHECK_EQUAL_INT(count, SEGMENTS);
        snprintf(path, sizeof path, "state/log/%016llx.log",
                 (unsigned long long)positions[gone].segment ^ 1ULL << 63);
        MW_CHECK_OK(mw_sys_remove(sys, path, &err), &err);
        for (int i = 0; i < SEGMENTS; i++) {
            mw_status expected = i <= gone ? MW_CORRUPT : MW_OK;
            MW_CHECK_STATUS(read_on(sys, (mw_log_position){0}, 10 * i + 5, &count, &err),
                            expected);
            MW_CHECK_STATUS(read_on(sys, positions[i], 0, &count, &err), expected);
            if (expected == MW_OK) MW_CHECK_EQUAL_INT(count, SEGMENTS - i);
            else MW_CHECK(strstr(err.message, "log: what stood before state/log/"));
        }
        MW_CHECK_STATUS(read_on(sys, (mw_log_position){0}, INT64_MIN, &count, &err), MW_CORRUPT);
        mw_log_close(log);
        mw_simulated_destroy(sys);
    }
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
    enum { SIZE = 1 << 20, OF_A_LOOK = 2 }; /* calls: read on, and what else is there */
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

/* A log of one segment as somebody else writes it: its bytes, and where its batches end. */
typedef struct {
    mw_buf bytes;
    uint64_t ends[100];
    int64_t places[100];
    size_t count;
} written;

static const char *const only_segment = "state/log/0000000000000001.log";

/* Batches by chance: many are single records, some have hundreds; some records are long. */
static written write_batches(size_t count, size_t size_max, uint64_t *prng) {
    static char payload[200000];
    mw_sys *sys = new_machine();
    written made = {.count = count};
    int64_t place = 0;
    mw_log *log;
    memset(payload, 'x', sizeof payload);
    mw_buf_init(&made.bytes, 1 << 28);
    MW_CHECK_OK(open_log(sys, (size_t)1 << 30, &log, NULL), NULL);
    for (size_t i = 0; i < count; i++) {
        uint64_t records = 1 + mw_prng_below(prng, 3) * mw_prng_below(prng, 300) / 2;
        for (uint64_t k = 0; k < records; k++) {
            mw_record record = record_at(++place, "");
            bool is_long = mw_prng_below(prng, 50) == 0;
            record.payload = (mw_str){payload, mw_prng_below(prng, is_long ? size_max : 40)};
            MW_CHECK_OK(mw_log_append(log, &record, NULL), NULL);
        }
        MW_CHECK_OK(mw_log_commit(log, NULL), NULL);
        made.ends[i] = mw_log_size(log);
        made.places[i] = place;
    }
    mw_log_close(log);
    MW_CHECK_OK(mw_sys_read_file(sys, only_segment, &made.bytes, NULL), NULL);
    mw_simulated_destroy(sys);
    return made;
}

static int64_t last_whole(const written *made, uint64_t size) {
    size_t whole = 0;
    while (whole < made->count && made->ends[whole] <= size) whole++;
    return whole > 0 ? made->places[whole - 1] : 0;
}

/* Reads on to where the scan ends now. */
static int64_t go_on(mw_log_scan *scan, int64_t last) {
    mw_error err;
    for (;;) {
        mw_record record;
        bool has = false;
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
        if (!has) return last;
        MW_CHECK_EQUAL_INT(record.place, ++last);
    }
}

/* Who follows a file that grows piece by piece, by bytes or by windows, has each batch as soon as
   it is whole, and nothing of it before: also of batches that are longer than a window. */
MW_TEST(log_scan_gives_a_batch_once_it_is_whole) {
    enum { ROUNDS = 12 };
    size_t long_batches = 0, waits = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t prng = mw_test_seed() * 100 + round;
        bool is_small = round % 3 == 0;
        written made = write_batches(is_small ? 3 : 40, is_small ? 100 : 200000, &prng);
        mw_sys *sys = new_machine();
        mw_file *file;
        mw_log_scan *scan;
        int64_t last = 0;
        MW_CHECK_OK(mw_sys_make_folder(sys, "state/log", NULL), NULL);
        MW_CHECK_OK(mw_sys_open(sys, only_segment, MW_FILE_CREATE, &file, NULL), NULL);
        MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, NULL), NULL);
        for (size_t size = 0, next; size < made.bytes.size; size = next) {
            next = size + (is_small ? 1 : 1 + mw_prng_below(&prng, 100000));
            if (next > made.bytes.size) next = made.bytes.size;
            MW_CHECK_OK(mw_file_write(file, size, made.bytes.data + size, next - size, NULL),
                        NULL);
            int64_t before = last;
            last = go_on(scan, last);
            MW_CHECK_EQUAL_INT(last, last_whole(&made, next));
            waits += last == before;
        }
        for (size_t i = 1; i < made.count; i++)
            long_batches += made.ends[i] - made.ends[i - 1] > 1 << 17;
        MW_CHECK_EQUAL_INT(last, made.places[made.count - 1]);
        mw_log_scan_end(scan);
        mw_file_close(file);
        mw_buf_release(&made.bytes);
        mw_simulated_destroy(sys);
    }
    MW_CHECK(long_batches > 20 && waits > 1000);
}

/* From any record of a batch, and up to any: the rest of a batch that is whole is whole. */
MW_TEST(log_scan_begins_and_ends_amid_a_batch) {
    uint64_t prng = mw_test_seed();
    written made = write_batches(30, 200000, &prng);
    int64_t count = made.places[made.count - 1], place = 0;
    mw_log_position *positions = mw_allocate((size_t)count * sizeof *positions);
    mw_sys *sys = new_machine();
    mw_log_scan *scan;
    mw_record record;
    bool has = true;
    MW_CHECK_OK(mw_sys_make_folder(sys, "state/log", NULL), NULL);
    MW_CHECK_OK(mw_sys_write_file(sys, only_segment, mw_buf_str(&made.bytes), NULL), NULL);
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, NULL), NULL);
    while (place < count) {
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, NULL), NULL);
        MW_CHECK(has);
        positions[place++] = mw_log_scan_position(scan);
    }
    mw_log_scan_end(scan);
    for (int64_t first = 0; first < count; first += 1 + (int64_t)mw_prng_below(&prng, 50)) {
        int64_t end = first + (int64_t)mw_prng_below(&prng, (uint64_t)(count - first));
        MW_CHECK_OK(mw_log_scan_begin_at(sys, "state/log", positions[first], &scan, NULL), NULL);
        mw_log_scan_until(scan, positions[end]);
        MW_CHECK_EQUAL_INT(go_on(scan, first), end);
        mw_log_scan_until(scan, MW_LOG_POSITION_MAX);
        MW_CHECK_EQUAL_INT(go_on(scan, end), count);
        mw_log_scan_end(scan);
    }
    mw_free(positions);
    mw_buf_release(&made.bytes);
    mw_simulated_destroy(sys);
}

static void append_long(mw_log *log, int64_t place, char letter, size_t size) {
    mw_record record = record_at(place, "");
    char *payload = mw_allocate(size);
    memset(payload, letter, size);
    record.payload = (mw_str){payload, size};
    MW_CHECK_OK(mw_log_append(log, &record, NULL), NULL);
    mw_free(payload);
}

static void read_long(mw_log_scan *scan, int64_t place, char letter, size_t size) {
    mw_record record = {.place = INT64_MIN};
    bool has = false;
    mw_error err;
    MW_CHECK_OK(mw_log_scan_next(scan, &record, &has, &err), &err);
    MW_CHECK(has && record.place == place && record.payload.size == size);
    MW_CHECK(record.payload.data[0] == letter && record.payload.data[size - 1] == letter);
}

/* What stands of a batch without its end is cut by the next writer, whose own may end where that
   would have: of the two no mixture is read, however long they are. */
static void follow_over_a_torn_batch(size_t size) {
    mw_sys *sys = new_machine();
    mw_log *log;
    mw_log_scan *scan;
    mw_file *file;
    mw_error err;
    MW_CHECK_OK(open_log(sys, 0, &log, &err), &err);
    append(log, 1, "first");
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    for (int64_t place = 2; place <= 5; place++) append_long(log, place, 'a', size);
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    uint64_t whole = mw_log_size(log);
    mw_log_close(log);
    MW_CHECK_OK(mw_sys_open(sys, only_segment, MW_FILE_UPDATE, &file, &err), &err);
    MW_CHECK_OK(mw_file_truncate(file, whole - 3, &err), &err);
    mw_file_close(file);
    MW_CHECK_OK(mw_log_scan_begin(sys, "state/log", 0, &scan, &err), &err);
    MW_CHECK_EQUAL_INT(go_on(scan, 0), 1);
    MW_CHECK_OK(open_log(sys, 0, &log, &err), &err);
    append_long(log, 2, 'b', size); /* a batch of its own, where one of four began */
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    read_long(scan, 2, 'b', size);
    for (int64_t place = 3; place <= 5; place++) append_long(log, place, 'b', size);
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    MW_CHECK_EQUAL_INT(mw_log_size(log), whole);
    for (int64_t place = 3; place <= 5; place++) read_long(scan, place, 'b', size);
    mw_log_scan_end(scan);
    mw_log_close(log);
    mw_simulated_destroy(sys);
}

MW_TEST(log_scan_follows_over_a_torn_batch) {
    static const size_t sizes[] = {10, 30000, 50000, 70000, 150000};
    for (size_t i = 0; i < 5; i++) follow_over_a_torn_batch(sizes[i]);
}

/* Who works beside a server breathes also while all of a segment is passed over. */
MW_TEST(log_scan_breathes_before_the_first_record) {
    enum { RECORDS = 400, PAYLOAD_SIZE = 100000 };
    static char payload[PAYLOAD_SIZE];
    const char *folder = mw_test_directory();
    struct rusage before, after;
    bool has_record = false;
    mw_record record = {.type = MW_RECORD_EVENT, .payload = {payload, sizeof payload}};
    mw_error err;
    mw_log *log;
    mw_log_scan *scan;
    MW_CHECK_OK(mw_log_open((mw_log_config){mw_sys_real(), folder, 0}, &log, &err), &err);
    for (record.place = 1; record.place <= RECORDS; record.place++) {
        MW_CHECK_OK(mw_log_append(log, &record, &err), &err);
        MW_CHECK_OK(mw_log_commit(log, &err), &err);
    }
    mw_log_close(log);
    MW_CHECK_OK(mw_log_scan_begin(mw_sys_real(), folder, RECORDS, &scan, &err), &err);
    mw_pace_begin_turns();
    MW_CHECK(getrusage(RUSAGE_THREAD, &before) == 0);
    MW_CHECK_OK(mw_log_scan_next(scan, &record, &has_record, &err), &err);
    MW_CHECK(getrusage(RUSAGE_THREAD, &after) == 0);
    mw_pace_end_turns();
    MW_CHECK(has_record && record.place == RECORDS);
    MW_CHECK(after.ru_nvcsw - before.ru_nvcsw >= 3); /* 40 MB take some 10 ms */
    mw_log_scan_end(scan);
}
