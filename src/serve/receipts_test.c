#include "serve/receipts.h"
#include "base/prng.h"
#include "sys/simulated.h"
#include "testing/test.h"

#include <string.h>

static mw_receipt receipt_of(uint32_t number, int64_t stamp) {
    mw_receipt receipt = {.stamp = stamp, .position = {.offset = number}};
    memcpy(receipt.name, &number, sizeof number);
    receipt.request[0] = (unsigned char)number;
    return receipt;
}

static const mw_receipt *find(const mw_receipts *receipts, uint32_t number, int64_t since) {
    return mw_receipts_find(receipts, receipt_of(number, 0).name, since);
}

/* Thirty-two names share each head of the table: what is below its size chooses the head. */
static uint32_t crowded(uint32_t name) {
    return name / 32 + name % 32 * 2 * MW_RECEIPTS_MAX;
}

/* Names that share their head in the table, and the same one again and again, against a plain
   list of all that was added. */
MW_TEST(receipts_keep_the_newest) {
    enum { ADDED = 3 * MW_RECEIPTS_MAX, NAMES = 50000 };
    static int64_t stamps[NAMES];
    mw_receipts *receipts;
    mw_error err;
    MW_CHECK_OK(mw_receipts_create(&receipts, &err), &err);
    uint64_t state = mw_test_seed();
    size_t forgotten = 0;
    for (int64_t stamp = 1; stamp <= ADDED; stamp++) {
        uint32_t name = (uint32_t)mw_prng_below(&state, NAMES);
        mw_receipt receipt = receipt_of(crowded(name), stamp);
        mw_receipts_add(receipts, &receipt);
        stamps[name] = stamp;
        if (stamp % 16 == 0) mw_receipts_settle(receipts, (mw_log_position){7, 0});
        uint32_t asked = (uint32_t)mw_prng_below(&state, NAMES);
        const mw_receipt *found = find(receipts, crowded(asked), 1);
        bool is_kept = stamps[asked] > 0 && stamps[asked] > stamp - MW_RECEIPTS_MAX;
        forgotten += stamps[asked] > 0 && !is_kept;
        MW_CHECK((found != NULL) == is_kept);
        if (!found) continue;
        MW_CHECK_EQUAL_INT(found->stamp, stamps[asked]);
        MW_CHECK(mw_receipts_is_settled(receipts, found) == (found->stamp <= stamp / 16 * 16));
        MW_CHECK(find(receipts, crowded(asked), found->stamp) == found);
        MW_CHECK(!find(receipts, crowded(asked), found->stamp + 1));
    }
    MW_CHECK(forgotten > 0);
    mw_receipts_destroy(receipts);
    mw_receipts_destroy(NULL);
}

static void log_receipt(mw_log *log, mw_receipts *receipts, uint32_t number, mw_str answer) {
    mw_buf payload;
    mw_buf_init(&payload, 1000);
    mw_receipt receipt = receipt_of(number, number);
    receipt.position = (mw_log_position){.offset = mw_log_batch_size(log)};
    mw_receipt_write(&payload, &receipt, 200, answer);
    mw_record record = {.type = MW_RECORD_CONTROL, .place = number,
                        .payload = mw_buf_str(&payload)};
    mw_error err;
    MW_CHECK_OK(mw_log_append(log, &record, &err), &err);
    mw_receipts_add(receipts, &receipt);
    mw_buf_release(&payload);
}

/* The answer as the log holds it; `found` is where. */
static mw_status read_back(mw_sys *sys, const mw_receipt *found, mw_buf *answer) {
    mw_buf bytes;
    mw_record record;
    mw_error err;
    int code = 0;
    mw_buf_init(&bytes, 1000);
    mw_buf_clear(answer);
    MW_CHECK(found);
    MW_CHECK_OK(mw_log_read(sys, "log", found->position, &bytes, &record, &err), &err);
    mw_status status = mw_receipt_read_answer(record.payload, &code, answer, &err);
    MW_CHECK(status != MW_OK || code == 200);
    mw_buf_release(&bytes);
    return status;
}

MW_TEST(receipts_are_found_again_in_the_log) {
    mw_sys *sys;
    mw_log *log;
    mw_receipts *receipts;
    mw_error err;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = 1}, &sys, &err), &err);
    MW_CHECK_OK(mw_log_open((mw_log_config){.sys = sys, .folder = "log"}, &log, &err), &err);
    MW_CHECK_OK(mw_receipts_create(&receipts, &err), &err);
    log_receipt(log, receipts, 10, MW_STR("{\"id\":\"a\"}\n"));
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    mw_receipts_settle(receipts, mw_log_batch_position(log));
    log_receipt(log, receipts, 20, MW_STR("\"\\\xc3\xa9"));
    log_receipt(log, receipts, 30, (mw_str){NULL, 0});
    MW_CHECK_OK(mw_log_commit(log, &err), &err);
    mw_receipts_settle(receipts, mw_log_batch_position(log));
    mw_log_close(log);

    for (int again = 0; again < 2; again++) {
        mw_buf answer;
        mw_buf_init(&answer, 1000);
        MW_CHECK((again == 1) == !find(receipts, 10, 0));
        if (again == 0) {
            MW_CHECK_OK(read_back(sys, find(receipts, 10, 0), &answer), NULL);
            MW_CHECK_EQUAL_STR(mw_buf_str(&answer), "{\"id\":\"a\"}\n");
        }
        MW_CHECK_OK(read_back(sys, find(receipts, 20, 0), &answer), NULL);
        MW_CHECK_EQUAL_STR(mw_buf_str(&answer), "\"\\\xc3\xa9");
        MW_CHECK_EQUAL_INT(find(receipts, 20, 0)->request[0], 20);
        MW_CHECK_STATUS(read_back(sys, find(receipts, 30, 0), &answer), MW_NOT_FOUND);
        mw_buf_release(&answer);
        mw_receipts_destroy(receipts);
        MW_CHECK_OK(mw_receipts_create(&receipts, &err), &err);
        if (again == 0) MW_CHECK_OK(mw_receipts_recover(receipts, sys, "log", 11, &err), &err);
    }
    mw_receipts_destroy(receipts);
    mw_simulated_destroy(sys);
}
