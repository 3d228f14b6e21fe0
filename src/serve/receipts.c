#include "serve/receipts.h"

#include <string.h>
#include <yyjson.h>

#include "base/json.h"

#define KIND "{\"kind\":\"receipt\"" /* how the payload of a receipt begins */
enum { HEADS = 2 * MW_RECEIPTS_MAX, NAME_DIGITS = 2 * MW_RECEIPT_NAME_SIZE };

struct mw_receipts {
    mw_receipt ring[MW_RECEIPTS_MAX]; /* the receipt numbered n stands at n % MW_RECEIPTS_MAX */
    uint32_t next[MW_RECEIPTS_MAX];   /* in the chain of its head: a place of the ring, plus 1 */
    uint32_t heads[HEADS];            /* by name: likewise; 0 ends a chain */
    uint64_t count;                   /* that were ever added */
    uint64_t settled;                 /* of these; the others await the commit */
};

mw_status mw_receipts_create(mw_receipts **out_receipts, mw_error *err) {
    mw_receipts *receipts = mw_allocate(sizeof *receipts);
    if (!receipts) return mw_fail(err, MW_NO_MEMORY, "receipts: no memory");
    *out_receipts = receipts;
    return MW_OK;
}

void mw_receipts_destroy(mw_receipts *receipts) { mw_free(receipts); }

/* --- the table ---------------------------------------------------------------------------- */

/* A name is a hash already. */
static uint32_t *head_of(mw_receipts *receipts, const unsigned char *name) {
    uint32_t number;
    memcpy(&number, name, sizeof number);
    return &receipts->heads[number % HEADS];
}

static void unlink_slot(mw_receipts *receipts, uint32_t slot) {
    uint32_t *at = head_of(receipts, receipts->ring[slot].name);
    while (*at != slot + 1) at = &receipts->next[*at - 1];
    *at = receipts->next[slot];
}

void mw_receipts_add(mw_receipts *receipts, const mw_receipt *receipt) {
    uint32_t slot = (uint32_t)(receipts->count % MW_RECEIPTS_MAX);
    if (receipts->count >= MW_RECEIPTS_MAX) unlink_slot(receipts, slot);
    uint32_t *head = head_of(receipts, receipt->name);
    receipts->ring[slot] = *receipt;
    receipts->next[slot] = *head;
    *head = slot + 1;
    receipts->count++;
}

void mw_receipts_settle(mw_receipts *receipts, mw_log_position batch) {
    if (receipts->count - receipts->settled > MW_RECEIPTS_MAX)
        receipts->settled = receipts->count - MW_RECEIPTS_MAX; /* the others are gone */
    for (; receipts->settled < receipts->count; receipts->settled++) {
        mw_receipt *receipt = &receipts->ring[receipts->settled % MW_RECEIPTS_MAX];
        receipt->position.segment = batch.segment;
        receipt->position.offset += batch.offset;
    }
}

const mw_receipt *mw_receipts_find(const mw_receipts *receipts,
                                   const unsigned char name[MW_RECEIPT_NAME_SIZE],
                                   int64_t since) {
    uint32_t at = *head_of((mw_receipts *)(uintptr_t)receipts, name);
    for (; at > 0; at = receipts->next[at - 1]) { /* the newest first */
        const mw_receipt *receipt = &receipts->ring[at - 1];
        if (memcmp(receipt->name, name, MW_RECEIPT_NAME_SIZE) == 0)
            return receipt->stamp >= since ? receipt : NULL;
    }
    return NULL;
}

bool mw_receipts_is_settled(const mw_receipts *receipts, const mw_receipt *receipt) {
    uint64_t slot = (uint64_t)(receipt - receipts->ring);
    uint64_t age = (receipts->count - 1 - slot) % MW_RECEIPTS_MAX; /* 0: the newest */
    return receipts->count - 1 - age < receipts->settled;
}

/* --- records ------------------------------------------------------------------------------ */

static void write_name(mw_json *json, const char *key, const unsigned char *name) {
    static const char digits[] = "0123456789abcdef";
    char text[NAME_DIGITS];
    for (size_t i = 0; i < NAME_DIGITS; i++)
        text[i] = digits[i % 2 ? name[i / 2] & 15 : name[i / 2] >> 4];
    mw_json_key(json, key);
    mw_json_str(json, (mw_str){text, sizeof text});
}

void mw_receipt_write(mw_buf *out, const mw_receipt *receipt, int code, mw_str answer) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_text(&json, "kind", "receipt");
    write_name(&json, "name", receipt->name);
    write_name(&json, "request", receipt->request);
    mw_json_put_int(&json, "code", code);
    mw_json_key(&json, "answer");
    if (answer.data) mw_json_str(&json, answer);
    else mw_json_null(&json);
    mw_json_object_end(&json);
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_name(yyjson_val *value, unsigned char out_name[MW_RECEIPT_NAME_SIZE]) {
    const char *text = yyjson_get_str(value);
    if (!text || yyjson_get_len(value) != NAME_DIGITS) return false;
    for (size_t i = 0; i < MW_RECEIPT_NAME_SIZE; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out_name[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool is_receipt(const mw_record *record) {
    return record->type == MW_RECORD_CONTROL && mw_str_starts(record->payload, MW_STR(KIND));
}

static mw_status recover_record(mw_receipts *receipts, const mw_record *record,
                                mw_log_position position, mw_error *err) {
    yyjson_doc *doc = yyjson_read(record->payload.data, record->payload.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    mw_receipt receipt = {.stamp = record->place, .position = position};
    bool is_whole = read_name(yyjson_obj_get(root, "name"), receipt.name) &&
                    read_name(yyjson_obj_get(root, "request"), receipt.request);
    yyjson_doc_free(doc);
    if (!is_whole) return mw_fail(err, MW_CORRUPT, "log: a receipt must have name and request");
    mw_receipts_add(receipts, &receipt);
    return MW_OK;
}

mw_status mw_receipts_recover(mw_receipts *receipts, mw_sys *sys, const char *log_folder,
                              int64_t from, mw_error *err) {
    mw_log_scan *scan;
    mw_record record;
    bool has_record = false;
    MW_TRY(mw_log_scan_begin(sys, log_folder, from, &scan, err));
    mw_status status = mw_log_scan_next(scan, &record, &has_record, err);
    while (status == MW_OK && has_record) {
        if (is_receipt(&record))
            status = recover_record(receipts, &record, mw_log_scan_position(scan), err);
        if (status == MW_OK) status = mw_log_scan_next(scan, &record, &has_record, err);
    }
    mw_log_scan_end(scan);
    receipts->settled = receipts->count;
    return status;
}

mw_status mw_receipt_read_answer(mw_str payload, int *out_code, mw_buf *out, mw_error *err) {
    yyjson_doc *doc = yyjson_read(payload.data, payload.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc), *answer = yyjson_obj_get(root, "answer");
    yyjson_val *code = yyjson_obj_get(root, "code");
    mw_status status = MW_OK;
    if (!yyjson_is_int(code) || !answer)
        status = mw_fail(err, MW_CORRUPT, "log: a receipt must have code and answer");
    else if (!yyjson_is_str(answer))
        status = mw_fail(err, MW_NOT_FOUND, "receipt: its answer was not kept");
    if (status == MW_OK) {
        *out_code = (int)yyjson_get_int(code);
        mw_buf_append(out, yyjson_get_str(answer), yyjson_get_len(answer));
    }
    yyjson_doc_free(doc);
    return status;
}
