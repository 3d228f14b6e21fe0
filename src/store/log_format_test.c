#include "store/log_format.h"

#include <string.h>

#include "testing/test.h"

MW_TEST(log_format_reads_what_it_wrote_and_nothing_that_was_changed) {
    mw_record written = {.type = MW_RECORD_PREDICTION,
                         .stream = 7,
                         .time = -1,
                         .known = 2,
                         .place = INT64_MAX,
                         .payload = MW_STR("payload")};
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 16);
    mw_log_record_append(&bytes, &written);
    MW_CHECK_EQUAL_INT(bytes.size, MW_LOG_RECORD_HEAD_SIZE + written.payload.size);
    mw_record read;
    size_t size;
    MW_CHECK(mw_log_record_read(mw_buf_str(&bytes), 0, &read, &size) == MW_LOG_RECORD_GOOD);
    MW_CHECK(size == bytes.size && read.type == written.type && read.stream == 7);
    MW_CHECK(read.time == -1 && read.known == 2 && read.place == INT64_MAX);
    MW_CHECK_EQUAL_STR(read.payload, "payload");
    MW_CHECK(mw_log_record_read(mw_buf_str(&bytes), size, &read, &size) == MW_LOG_RECORD_END);
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
        MW_CHECK(mw_log_record_read(mw_buf_str(&bytes), 0, &read, &size) == MW_LOG_RECORD_BAD);
        MW_CHECK(mw_log_record_is_torn(mw_buf_str(&bytes), 0, 0));
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
    }
    mw_buf_release(&bytes);
}

/* Whatever bit of it has turned, of its size too: good records behind it say that it was whole. */
MW_TEST(log_format_tells_a_changed_record_from_a_torn_one) {
    mw_record written = {.type = MW_RECORD_EVENT, .place = 9, .payload = MW_STR("a payload")};
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 16);
    mw_log_record_append(&bytes, &written);
    size_t first = bytes.size, size;
    mw_log_record_append(&bytes, &written);
    mw_record read;
    for (size_t bit = 0; bit < 8 * first; bit++) {
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
        MW_CHECK(mw_log_record_read(mw_buf_str(&bytes), 0, &read, &size) == MW_LOG_RECORD_BAD);
        MW_CHECK(!mw_log_record_is_torn(mw_buf_str(&bytes), 0, 0));
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
    }
    mw_buf_release(&bytes);
}

/* The first record that is not good, and what it is said to be. */
static bool is_torn_somewhere(mw_str bytes, uint64_t begin) {
    mw_record read;
    size_t offset = 0, size = 0;
    while (mw_log_record_read(bytes, offset, &read, &size) == MW_LOG_RECORD_GOOD) offset += size;
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
        mw_buf bytes;
        mw_buf_init(&bytes, 1 << 16);
        while (bytes.size < (size_t)PAGES * PAGE) mw_log_record_append(&bytes, &written);
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
        mw_buf_release(&bytes);
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
    MW_CHECK(!mw_log_record_is_torn(mw_buf_str(&bytes), 0, 0));
    MW_CHECK(mw_log_record_is_torn(mw_buf_str(&bytes), (size_t)COUNT / 2 * 16, 0));
    mw_buf_release(&bytes);
}

static mw_buf head_of(bool is_unfounded) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 16);
    mw_log_head_append(&bytes, (mw_log_head){UINT64_C(0x1122334455667788), 5, is_unfounded});
    MW_CHECK_EQUAL_INT(bytes.size, MW_LOG_HEAD_SIZE);
    return bytes;
}

static void check_bytes(mw_str bytes, const unsigned char *expected) {
    for (size_t i = 0; i < MW_LOG_HEAD_SIZE; i++)
        MW_CHECK_EQUAL_INT((unsigned char)bytes.data[i], expected[i]);
}

static void check_head(mw_str bytes, bool is_unfounded) {
    mw_log_head head;
    mw_error err;
    MW_CHECK_OK(mw_log_head_read(bytes, "a.log", &head, &err), &err);
    MW_CHECK(head.log_id == UINT64_C(0x1122334455667788) && head.first_place == 5);
    MW_CHECK(head.is_unfounded == is_unfounded);
}

/* Byte for byte: a released segment stays readable. */
MW_TEST(log_format_is_what_it_was) {
    static const unsigned char first[MW_LOG_HEAD_SIZE] = {
        0x4d, 0x57, 0x4c, 0x47, 1, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
        5, 0, 0, 0, 0, 0, 0, 0, 0x3f, 0xa8, 0xe6, 0xdc};
    static const unsigned char second[MW_LOG_HEAD_SIZE] = {
        0x4d, 0x57, 0x4c, 0x47, 2, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
        5, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0xb0, 0x22, 0x85};
    mw_buf bytes = head_of(false);
    check_bytes(mw_buf_str(&bytes), second);
    check_head(mw_buf_str(&bytes), false);
    check_head((mw_str){(const char *)first, sizeof first}, false);
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
    check_head(mw_buf_str(&bytes), true);
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
