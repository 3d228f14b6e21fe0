/*
 * receipts: which requests with an Idempotency-Key were answered, and where the log holds the
 * answers.
 *
 * A request is known by 128 bits of the SHA-256 of who asks, what is asked and the key; another
 * 128 bits tell whether its body is the same. The answer itself is a control record of the log,
 * in the batch of what it promises: after a kill both are there or neither. Kept are the last
 * MW_RECEIPTS_MAX receipts, in memory taken at the start.
 *
 * As in the ledger, what is not committed yet stands so far behind the batch's beginning. One
 * thread uses them.
 */
#pragma once
#include "store/log.h"

enum {
    MW_RECEIPTS_MAX = 1 << 16,
    MW_RECEIPT_NAME_SIZE = 16,
    MW_RECEIPT_ANSWER_MAX = 4 << 20, /* a larger one is not kept, only that it was given */
};
#define MW_RECEIPT_SPAN_US (INT64_C(24) * 3600 * 1000000) /* for which one counts */

typedef struct {
    unsigned char name[MW_RECEIPT_NAME_SIZE];
    unsigned char request[MW_RECEIPT_NAME_SIZE]; /* of its body */
    int64_t stamp;                               /* of the record, a place */
    mw_log_position position; /* unsettled: only the offset, within the batch */
} mw_receipt;

typedef struct mw_receipts mw_receipts;

MW_MUST_USE mw_status mw_receipts_create(mw_receipts **out_receipts, mw_error *err);
void mw_receipts_destroy(mw_receipts *receipts); /* NULL is allowed */
/* Adds those of the log's records from the place `from` on. */
MW_MUST_USE mw_status mw_receipts_recover(mw_receipts *receipts, mw_sys *sys,
                                          const char *log_folder, int64_t from, mw_error *err);

/* In place of the oldest where there are MW_RECEIPTS_MAX. */
void mw_receipts_add(mw_receipts *receipts, const mw_receipt *receipt);
/* The batch was committed, and begins here. */
void mw_receipts_settle(mw_receipts *receipts, mw_log_position batch);
/* The newest of this name, if its stamp is at least `since`; NULL if there is none. Valid until
   the next add. */
const mw_receipt *mw_receipts_find(const mw_receipts *receipts,
                                   const unsigned char name[MW_RECEIPT_NAME_SIZE],
                                   int64_t since);
bool mw_receipts_is_settled(const mw_receipts *receipts, const mw_receipt *receipt);

/* The payload of a receipt's record; `answer` with NULL data: too large to be kept. */
void mw_receipt_write(mw_buf *out, const mw_receipt *receipt, int code, mw_str answer);
/* The answer in such a payload, appended to `out`. MW_CORRUPT if it is none, MW_NOT_FOUND if it
   was not kept. */
MW_MUST_USE mw_status mw_receipt_read_answer(mw_str payload, int *out_code, mw_buf *out,
                                             mw_error *err);
