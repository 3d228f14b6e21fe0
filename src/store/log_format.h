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
} mw_log_head;

extern const char mw_log_mark; /* one byte, so that it is written whole or not at all */

void mw_log_head_append(mw_buf *out, mw_log_head head);
/* MW_NEWER_FORMAT names both formats; MW_CORRUPT. `name` is that of the file, for messages. */
MW_MUST_USE mw_status mw_log_head_read(mw_str bytes, const char *name, mw_log_head *out_head,
                                       mw_error *err);

typedef enum {
    MW_LOG_RECORD_GOOD,
    MW_LOG_RECORD_END, /* no byte is left */
    MW_LOG_RECORD_BAD,
} mw_log_found;

void mw_log_record_append(mw_buf *out, const mw_record *record);
/* The record at `offset`; its payload is a view. `*out_size` is what it takes. */
mw_log_found mw_log_record_read(mw_str bytes, size_t offset, mw_record *out_record,
                                size_t *out_size);
/* Whether a segment without a good head was lost with the power while it was made: no record is in
   it, for a file may have its size and not its bytes, or none that was synced. */
bool mw_log_head_is_torn(mw_str bytes);
/* Whether a bad record is a write that was cut short: with good ones behind it, it is damage, but
   for a page between that was never written. `begin` is where the bytes stand in the segment. */
bool mw_log_record_is_torn(mw_str bytes, size_t offset, uint64_t begin);
