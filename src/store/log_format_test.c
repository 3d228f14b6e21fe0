#include "store/log_format.h"

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
        MW_CHECK(mw_log_record_read(mw_buf_str(&bytes), 0, &read, &size) == MW_LOG_RECORD_TORN);
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
    }
    mw_log_record_append(&bytes, &written);
    bytes.data[20] ^= 1;
    MW_CHECK(mw_log_record_read(mw_buf_str(&bytes), 0, &read, &size) == MW_LOG_RECORD_BAD);
    mw_buf_release(&bytes);
}

/* Format 1, byte for byte: a released segment stays readable. */
MW_TEST(log_format_is_what_it_was) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 16);
    mw_log_head_append(&bytes, (mw_log_head){UINT64_C(0x1122334455667788), 5});
    MW_CHECK_EQUAL_INT(bytes.size, MW_LOG_HEAD_SIZE);
    static const unsigned char expected[24] = {'M',  'W',  'L',  'G',  1,    0,    0, 0,
                                               0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
                                               5,    0,    0,    0,    0,    0,    0, 0};
    for (size_t i = 0; i < sizeof expected; i++)
        MW_CHECK((unsigned char)bytes.data[i] == expected[i]);
    mw_log_head head;
    MW_CHECK_OK(mw_log_head_read(mw_buf_str(&bytes), "a.log", &head, NULL), NULL);
    MW_CHECK(head.log_id == UINT64_C(0x1122334455667788) && head.first_place == 5);
    mw_error err;
    MW_CHECK_STATUS(mw_log_head_read(MW_STR("nonsense"), "a.log", &head, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message, "log: a.log is not a log segment");
    mw_buf_release(&bytes);
}
