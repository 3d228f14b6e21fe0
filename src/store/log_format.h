/*
 * log_format: the bytes of a log segment: its head and its records, written and read.
 *
 * Pure. The layout stands in store/log.h.
 */
#pragma once
#include "base/hash.h"
#include "store/log.h"

enum { MW_LOG_HEAD_SIZE = 28, MW_LOG_RECORD_HEAD_SIZE = 40, MW_LOG_MARK_OFFSET = 3 };

typedef struct {
    uint64_t log_id;
    int64_t first_place;
    bool is_unfounded; /* the segment before was not on the disk yet: it has no mark */
    uint32_t format;   /* that was read; what is written has MW_LOG_FORMAT */
} mw_log_head;

extern const char mw_log_mark; /* one byte, so that it is written whole or not at all */

void mw_log_head_append(mw_buf *out, mw_log_head head);
/* MW_NEWER_FORMAT names both formats; MW_CORRUPT. `name` is that of the file, for messages. */
MW_MUST_USE mw_status mw_log_head_read(mw_str bytes, const char *name, mw_log_head *out_head,
                                       mw_error *err);

/* Records that are written by one call, and stand or fall together: each says whether some of them
   stand before it, and behind it. So the last one is summed only when the next is added, or at the
   end. Empty: all zeros but for the bytes' maximum. */
typedef struct {
    mw_buf bytes;
    bool has_record;
    size_t last; /* where its last record begins, which lacks its sum until the end */
} mw_log_batch;

void mw_log_batch_init(mw_log_batch *batch, size_t size_max);
void mw_log_batch_add(mw_log_batch *batch, const mw_record *record);
/* The bytes may be written. Records that are added then belong to the same batch. */
void mw_log_batch_end(mw_log_batch *batch);
void mw_log_batch_clear(mw_log_batch *batch);
void mw_log_batch_release(mw_log_batch *batch);

typedef enum {
    MW_LOG_GOOD,
    MW_LOG_END,   /* no byte is left */
    MW_LOG_BAD,   /* a record without its end, or with another sum */
    MW_LOG_STRAY, /* a good record that does not go on with the batch, or one without its first */
} mw_log_found;

/* What a record takes, and whether others of its batch stand before and behind it. */
typedef struct {
    size_t size;
    bool goes_on, is_followed;
} mw_log_frame;

/* The record at `offset`; its payload is a view. */
mw_log_found mw_log_record_read(mw_str bytes, size_t offset, mw_record *out_record,
                                mw_log_frame *out_frame);
/* One that is known to be good: what it takes. */
size_t mw_log_record_view(mw_str bytes, size_t offset, mw_record *out_record);
/* Goes over the good records of one batch, or of the rest of one if `is_amid`, and leaves
   `*offset` behind them. It is whole if that is MW_LOG_GOOD. */
mw_log_found mw_log_batch_read(mw_str bytes, bool is_amid, size_t *offset);
/* Whether a segment without a good head was lost with the power while it was made: no record is in
   it, for a file may have its size and not its bytes, or none that was synced. */
bool mw_log_head_is_torn(mw_str bytes);
/* Whether what keeps a batch from being whole is a write that was cut short: where a good record
   stands there or behind, or a bad one has all of its bytes and sectors, it is damage, but for a
   page between that was never written. `begin` is where the bytes stand in the segment. */
bool mw_log_record_is_torn(mw_str bytes, size_t offset, uint64_t begin);
