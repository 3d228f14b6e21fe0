#include "store/log_format.h"

#include <string.h>

#include "testing/test.h"

/* The records as one batch. */
static mw_log_batch batch_of(const mw_record *records, size_t count) {
    mw_log_batch batch;
    mw_log_batch_init(&batch, 1 << 16);
    for (size_t i = 0; i < count; i++) mw_log_batch_add(&batch, &records[i]);
    mw_log_batch_end(&batch);
    return batch;
}

static void flip(mw_log_batch *batch, size_t bit) {
    char *byte = &batch->bytes.data[bit / 8];
    *byte = (char)(*byte ^ 1 << bit % 8);
}

MW_TEST(log_format_reads_what_it_wrote_and_nothing_that_was_changed) {
    mw_record written = {.type = MW_RECORD_PREDICTION,
                         .stream = 7,
                         .time = -1,
                         .known = 2,
                         .place = INT64_MAX,
                         .payload = MW_STR("payload")};
    mw_log_batch batch = batch_of(&written, 1);
    mw_str bytes = mw_buf_str(&batch.bytes);
    MW_CHECK_EQUAL_INT(bytes.size, MW_LOG_RECORD_HEAD_SIZE + written.payload.size);
    mw_record read;
    mw_log_frame frame;
    MW_CHECK(mw_log_record_read(bytes, 0, &read, &frame) == MW_LOG_GOOD);
    MW_CHECK(frame.size == bytes.size && !frame.goes_on && !frame.is_followed);
    MW_CHECK(read.type == written.type && read.stream == 7);
    MW_CHECK(read.time == -1 && read.known == 2 && read.place == INT64_MAX);
    MW_CHECK_EQUAL_STR(read.payload, "payload");
    MW_CHECK(mw_log_record_read(bytes, frame.size, &read, &frame) == MW_LOG_END);
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        flip(&batch, bit);
        MW_CHECK(mw_log_record_read(bytes, 0, &read, &frame) == MW_LOG_BAD);
        MW_CHECK(!mw_log_record_is_torn(bytes, 0, 0)); /* also where its size has changed */
        flip(&batch, bit);
    }
    mw_log_batch_release(&batch);
}

/* What is cut short ends before the record does, or lacks a sector where the power was lost: at its
   end or its beginning. A zero that is the record's own tells nothing. */
MW_TEST(log_format_takes_each_end_that_is_cut_for_torn) {
    char payload[300];
    memset(payload, 'x', sizeof payload);
    payload[299] = 0;
    mw_record written = {.type = MW_RECORD_EVENT, .place = 9, .payload = {payload, 300}};
    for (uint64_t place = 512 - 338; place < 512; place++) {
        size_t first = (size_t)(512 - place);
        mw_log_batch batch = batch_of(&written, 1);
        mw_str bytes = mw_buf_str(&batch.bytes);
        for (size_t size = bytes.size - 1; size > 0; size--)
            MW_CHECK(mw_log_record_is_torn(mw_str_slice(bytes, 0, size), 0, place));
        flip(&batch, 8 * 50);
        MW_CHECK(!mw_log_record_is_torn(bytes, 0, place));
        memset(batch.bytes.data + first, 0, bytes.size - first);
        MW_CHECK(mw_log_record_is_torn(bytes, 0, place));
        mw_log_batch_release(&batch);
        batch = batch_of(&written, 1);
        memset(batch.bytes.data, 0, first);
        MW_CHECK(mw_log_record_is_torn(mw_buf_str(&batch.bytes), 0, place));
        mw_log_batch_release(&batch);
    }
}

/* Whatever bit of it has turned, of its size too: good records behind it say that it was whole. */
MW_TEST(log_format_tells_a_changed_record_from_a_torn_one) {
    mw_record written = {.type = MW_RECORD_EVENT, .place = 9, .payload = MW_STR("a payload")};
    mw_log_batch batch = batch_of((mw_record[]){written, written}, 2);
    mw_str bytes = mw_buf_str(&batch.bytes);
    mw_record read;
    mw_log_frame frame;
    for (size_t bit = 0; bit < 8 * bytes.size / 2; bit++) {
        flip(&batch, bit);
        MW_CHECK(mw_log_record_read(bytes, 0, &read, &frame) == MW_LOG_BAD);
        MW_CHECK(!mw_log_record_is_torn(bytes, 0, 0));
        flip(&batch, bit);
    }
    mw_log_batch_release(&batch);
}

/* How many batches there are, one after the other; `*out_end`: behind the last whole one. */
static size_t count_batches(mw_str bytes, size_t *out_end, mw_log_found *out_found) {
    size_t count = 0;
    for (size_t offset = *out_end = 0;; count++, *out_end = offset) {
        *out_found = mw_log_batch_read(bytes, false, &offset);
        if (*out_found != MW_LOG_GOOD) return count;
    }
}

/* Wherever it is cut, a batch is there whole or not at all. */
MW_TEST(log_format_has_a_batch_whole_or_not_at_all) {
    static const size_t counts[] = {3, 1, 2, 5};
    size_t ends[5] = {0}, end = 0;
    mw_log_found found;
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 16);
    for (size_t i = 0; i < 4; i++) {
        mw_record written = {.type = MW_RECORD_EVENT, .payload = {"0123456789", 2 * counts[i]}};
        mw_log_batch batch =
            batch_of((mw_record[]){written, written, written, written, written}, counts[i]);
        mw_buf_append_str(&bytes, mw_buf_str(&batch.bytes));
        mw_log_batch_release(&batch);
        ends[i + 1] = bytes.size;
    }
    for (size_t size = 0; size <= bytes.size; size++) {
        mw_str cut = mw_str_slice(mw_buf_str(&bytes), 0, size);
        size_t whole = 0;
        while (whole < 4 && ends[whole + 1] <= size) whole++;
        MW_CHECK_EQUAL_INT(count_batches(cut, &end, &found), whole);
        MW_CHECK(end == ends[whole] && found != MW_LOG_STRAY);
        size_t offset = end;
        found = mw_log_batch_read(cut, false, &offset);
        MW_CHECK(mw_log_record_is_torn(cut, offset, 0));
    }
    mw_buf_release(&bytes);
}

/* A batch without its end is torn where it is the last, and damage where another follows: whoever
   wrote that one would have cut it. So is one without its beginning. */
MW_TEST(log_format_tells_a_batch_that_is_broken_off) {
    mw_record written = {.type = MW_RECORD_EVENT, .payload = MW_STR("a payload")};
    mw_log_batch batch = batch_of((mw_record[]){written, written, written}, 3);
    mw_str bytes = mw_buf_str(&batch.bytes);
    size_t size = bytes.size / 3, offset = 0;
    mw_buf joined;
    mw_buf_init(&joined, 1 << 16);
    mw_buf_append(&joined, bytes.data, 2 * size);
    MW_CHECK(mw_log_batch_read(mw_buf_str(&joined), false, &offset) == MW_LOG_END);
    MW_CHECK(offset == 2 * size && mw_log_record_is_torn(mw_buf_str(&joined), offset, 0));
    mw_buf_append(&joined, bytes.data, bytes.size);
    offset = 0;
    MW_CHECK(mw_log_batch_read(mw_buf_str(&joined), false, &offset) == MW_LOG_STRAY);
    MW_CHECK(offset == 2 * size && !mw_log_record_is_torn(mw_buf_str(&joined), offset, 0));
    offset = size;
    MW_CHECK(mw_log_batch_read(bytes, false, &offset) == MW_LOG_STRAY && offset == size);
    MW_CHECK(!mw_log_record_is_torn(bytes, offset, 0));
    MW_CHECK(mw_log_batch_read(bytes, true, &offset) == MW_LOG_GOOD && offset == bytes.size);
    mw_buf_release(&joined);
    mw_log_batch_release(&batch);
}

/* Where a disk was full, records are added to a batch that had ended. */
MW_TEST(log_format_adds_to_a_batch_that_had_ended) {
    mw_record written = {.type = MW_RECORD_CONTROL, .payload = MW_STR("x")};
    mw_log_batch batch = batch_of(&written, 1);
    mw_log_batch whole = batch_of((mw_record[]){written, written}, 2);
    mw_log_batch_add(&batch, &written);
    mw_log_batch_end(&batch);
    mw_log_batch_end(&batch);
    MW_CHECK(mw_str_equal(mw_buf_str(&batch.bytes), mw_buf_str(&whole.bytes)));
    mw_log_batch_clear(&batch);
    mw_log_batch_end(&batch); /* of nothing */
    MW_CHECK_EQUAL_INT(batch.bytes.size, 0);
    mw_log_batch_release(&batch);
    mw_log_batch_release(&whole);
}

/* The first record that is not good, and what it is said to be. */
static bool is_torn_somewhere(mw_str bytes, uint64_t begin) {
    size_t offset = 0;
    while (mw_log_batch_read(bytes, false, &offset) == MW_LOG_GOOD) continue;
    MW_CHECK(offset < bytes.size);
    return mw_log_record_is_torn(bytes, offset, begin);
}

/* Where the power was lost, any page may be missing, wherever records begin in it, and those behind
   it be there: that is no damage. One of its bytes that is there says that all of it was. */
MW_TEST(log_format_takes_a_missing_page_for_torn) {
    enum { PAGE = 4096, PAGES = 5 };
    char payload[600], page[PAGE];
    memset(payload, 'x', sizeof payload);
    for (size_t size = 8; size < sizeof payload; size += 13) {
        mw_record written = {.type = MW_RECORD_EVENT, .payload = {payload, size}};
        mw_log_batch batch;
        mw_log_batch_init(&batch, 1 << 16);
        while (batch.bytes.size < (size_t)PAGES * PAGE) mw_log_batch_add(&batch, &written);
        mw_log_batch_end(&batch);
        mw_buf bytes = batch.bytes;
        uint64_t begin = PAGE - size / 8 * 8; /* pages are those of the segment */
        for (size_t at = PAGE - begin; at + PAGE < (size_t)(PAGES - 1) * PAGE; at += PAGE) {
            memcpy(page, bytes.data + at, PAGE);
            memset(bytes.data + at, 0, PAGE);
            MW_CHECK(is_torn_somewhere(mw_buf_str(&bytes), begin));
            MW_CHECK(!is_torn_somewhere(mw_buf_str(&bytes), begin + 100));
            bytes.data[at + PAGE - 1] = 'x';
            MW_CHECK(!is_torn_somewhere(mw_buf_str(&bytes), begin));
            memcpy(bytes.data + at, page, PAGE);
        }
        mw_log_batch_release(&batch);
    }
}

/* Each of many overlapping records would have to be summed: what took too long is not cut. */
MW_TEST(log_format_bounds_what_hostile_bytes_cost) {
    enum { COUNT = 1200, SIZE = 1 << 20 };
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 22);
    for (int i = 0; i < COUNT; i++) {
        mw_buf_append_u32(&bytes, SIZE);
        mw_buf_append_u32(&bytes, 0);
        mw_buf_append_u32(&bytes, MW_RECORD_EVENT);
        mw_buf_append_u32(&bytes, UINT32_MAX);
    }
    for (int i = 0; i < SIZE / 4 + 10; i++) mw_buf_append_u32(&bytes, UINT32_MAX);
    memset(bytes.data + bytes.size - 600, 0, 600); /* as a loss of power leaves an end */
    MW_CHECK(!mw_log_record_is_torn(mw_buf_str(&bytes), 0, 0));
    MW_CHECK(mw_log_record_is_torn(mw_buf_str(&bytes), (size_t)COUNT / 2 * 16, 0));
    mw_buf_release(&bytes);
}

static mw_buf head_of(bool is_unfounded) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 16);
    mw_log_head_append(&bytes, (mw_log_head){.log_id = UINT64_C(0x1122334455667788),
                                            .first_place = 5,
                                            .is_unfounded = is_unfounded});
    MW_CHECK_EQUAL_INT(bytes.size, MW_LOG_HEAD_SIZE);
    return bytes;
}

static void check_bytes(mw_str bytes, const unsigned char *expected) {
    for (size_t i = 0; i < MW_LOG_HEAD_SIZE; i++)
        MW_CHECK_EQUAL_INT((unsigned char)bytes.data[i], expected[i]);
}

static void check_head(mw_str bytes, bool is_unfounded, uint32_t format) {
    mw_log_head head;
    mw_error err;
    MW_CHECK_OK(mw_log_head_read(bytes, "a.log", &head, &err), &err);
    MW_CHECK(head.log_id == UINT64_C(0x1122334455667788) && head.first_place == 5);
    MW_CHECK(head.is_unfounded == is_unfounded && head.format == format);
}

/* Byte for byte: a released segment stays readable. */
MW_TEST(log_format_is_what_it_was) {
    static const unsigned char first[MW_LOG_HEAD_SIZE] = {
        0x4d, 0x57, 0x4c, 0x47, 1, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
        5, 0, 0, 0, 0, 0, 0, 0, 0x3f, 0xa8, 0xe6, 0xdc};
    static const unsigned char second[MW_LOG_HEAD_SIZE] = {
        0x4d, 0x57, 0x4c, 0x47, 2, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
        5, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0xb0, 0x22, 0x85};
    static const unsigned char third[MW_LOG_HEAD_SIZE] = {
        0x4d, 0x57, 0x4c, 0x47, 3, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
        5, 0, 0, 0, 0, 0, 0, 0, 0x45, 0x47, 0x61, 0xb2};
    mw_buf bytes = head_of(false);
    check_bytes(mw_buf_str(&bytes), third);
    check_head(mw_buf_str(&bytes), false, 3);
    check_head((mw_str){(const char *)second, sizeof second}, false, 2);
    check_head((mw_str){(const char *)first, sizeof first}, false, 1);
    mw_log_head head;
    mw_error err;
    MW_CHECK_STATUS(mw_log_head_read(MW_STR("nonsense"), "a.log", &head, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message, "log: a.log is not a log segment");
    mw_buf_release(&bytes);
}

/* One byte is all that the mark changes, and in format 1 every segment has it. */
MW_TEST(log_format_knows_a_segment_without_its_mark) {
    mw_log_head head;
    mw_error err;
    mw_buf bytes = head_of(true), marked = head_of(false);
    check_head(mw_buf_str(&bytes), true, MW_LOG_FORMAT);
    bytes.data[MW_LOG_MARK_OFFSET] = mw_log_mark;
    MW_CHECK(mw_str_equal(mw_buf_str(&bytes), mw_buf_str(&marked)));
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
        mw_status status = mw_log_head_read(mw_buf_str(&bytes), "a.log", &head, &err);
        MW_CHECK(status != MW_OK || head.is_unfounded);
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
    }
    bytes.data[4] = 1;
    bytes.data[MW_LOG_MARK_OFFSET] = 'g';
    MW_CHECK_STATUS(mw_log_head_read(mw_buf_str(&bytes), "a.log", &head, &err), MW_CORRUPT);
    mw_buf_release(&bytes);
    mw_buf_release(&marked);
}

/* Likewise the records of a batch: two bits of the type tell where in it each of them stands. */
MW_TEST(log_format_writes_batches_as_ever) {
    static const unsigned char expected[] = {
        1, 0, 0, 0, 0x91, 0xf7, 0x9e, 0xd4, 2, 0, 0, 0x80, 1, 0, 0, 0,
        2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
        4, 0, 0, 0, 0, 0, 0, 0, 0x61, 0, 0, 0, 0, 0xb8, 0x17, 0xfd,
        0x6d, 3, 0, 0, 0xc0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0,
        0, 3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0,
        0, 1, 0, 0, 0, 0xd6, 0xc4, 0xab, 0xa7, 4, 0, 0, 0x40, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 6, 0, 0, 0, 0, 0, 0, 0, 0x7a};
    mw_record records[] = {
        {.type = MW_RECORD_EVENT, .stream = 1, .time = 2, .known = 3, .place = 4,
         .payload = MW_STR("a")},
        {.type = MW_RECORD_PREDICTION, .stream = 1, .time = 2, .known = 3, .place = 5},
        {.type = MW_RECORD_CONTROL, .place = 6, .payload = MW_STR("z")}};
    mw_log_batch batch = batch_of(records, 3);
    MW_CHECK(mw_str_equal(mw_buf_str(&batch.bytes),
                          (mw_str){(const char *)expected, sizeof expected}));
    mw_log_batch_release(&batch);
}
