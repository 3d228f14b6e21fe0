#include "model/seal.h"

#include "testing/test.h"

static const mw_seal seal = {.what = "thing", .magic = 0x474e4854, .format = 2};

static void check_refused(mw_str bytes, mw_status status, const char *message) {
    mw_error err;
    mw_str payload = MW_STR("untouched");
    MW_CHECK_STATUS(mw_seal_open(seal, bytes, &payload, &err), status);
    MW_CHECK_EQUAL_STR(err.message, message);
    MW_CHECK_EQUAL_STR(payload, "untouched");
}

MW_TEST(seal_opens_what_it_closed) {
    mw_buf buf;
    mw_buf_init(&buf, 1 << 10);
    mw_seal older = seal;
    older.format = 1;
    for (int i = 0; i < 2; i++) {
        mw_buf_clear(&buf);
        mw_seal_append(&buf, i == 0 ? seal : older, MW_STR("what is kept"));
        MW_CHECK_EQUAL_INT(buf.size, 12 + MW_SEAL_SIZE);
        mw_str payload;
        mw_error err;
        MW_CHECK_OK(mw_seal_open(seal, mw_buf_str(&buf), &payload, &err), &err);
        MW_CHECK_EQUAL_STR(payload, "what is kept");
    }
    mw_buf_release(&buf);
}

MW_TEST(seal_refuses_every_flipped_bit_and_every_cut) {
    mw_buf buf;
    mw_buf_init(&buf, 1 << 10);
    mw_seal_append(&buf, seal, MW_STR("abc"));
    mw_str payload;
    for (size_t bit = 0; bit < buf.size * 8; bit++) {
        buf.data[bit / 8] = (char)(buf.data[bit / 8] ^ 1 << bit % 8);
        MW_CHECK(mw_seal_open(seal, mw_buf_str(&buf), &payload, NULL) != MW_OK);
        buf.data[bit / 8] = (char)(buf.data[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t size = 0; size < buf.size; size++)
        MW_CHECK_STATUS(mw_seal_open(seal, mw_str_slice(mw_buf_str(&buf), 0, size), &payload, NULL),
                        MW_CORRUPT);
    mw_buf_release(&buf);
}

MW_TEST(seal_names_what_is_wrong) {
    mw_buf buf;
    mw_buf_init(&buf, 1 << 10);
    mw_seal newer = seal;
    newer.format = 3;
    mw_seal_append(&buf, newer, MW_STR("abc"));
    check_refused(mw_buf_str(&buf), MW_NEWER_FORMAT,
                  "thing: format version must be at most 2, which this program reads, got 3");
    check_refused(MW_STR("PK\3\4 and so on, some other file"), MW_CORRUPT,
                  "thing: the bytes do not begin as those of one");
    mw_buf_clear(&buf);
    mw_seal_append(&buf, seal, MW_STR("abc"));
    buf.data[buf.size - 1] ^= 1;
    check_refused(mw_buf_str(&buf), MW_CORRUPT, "thing: the checksum does not match its bytes");
    check_refused(mw_str_slice(mw_buf_str(&buf), 0, buf.size - 1), MW_CORRUPT,
                  "thing: 22 bytes are there, its head promises 3");
    mw_buf_release(&buf);
}
