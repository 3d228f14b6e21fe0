#include "store/log_format.h"

#include <string.h>

static const char magic[4] = {'M', 'W', 'L', 'G'};
static const char no_mark = 'g';
const char mw_log_mark = 'G';
enum { SUMMED_HEAD_SIZE = 24, SUMMED_RECORD_OFFSET = 8 };

void mw_log_head_append(mw_buf *out, mw_log_head head) {
    size_t start = out->size;
    mw_buf_append(out, magic, sizeof magic);
    mw_buf_append_u32(out, MW_LOG_FORMAT);
    mw_buf_append_u64(out, head.log_id);
    mw_buf_append_u64(out, (uint64_t)head.first_place);
    if (out->failed) return;
    mw_buf_append_u32(out, mw_crc32c(0, out->data + start, SUMMED_HEAD_SIZE));
    if (head.is_unfounded) out->data[start + MW_LOG_MARK_OFFSET] = no_mark;
}

/* Of a head with its mark, whether it has that or not. */
static uint32_t sum_head(mw_str bytes) {
    uint32_t crc = mw_crc32c(0, magic, sizeof magic);
    return mw_crc32c(crc, bytes.data + sizeof magic, SUMMED_HEAD_SIZE - sizeof magic);
}

static bool is_magic(mw_str found, bool *out_has_mark) {
    if (found.size != sizeof magic || memcmp(found.data, magic, MW_LOG_MARK_OFFSET) != 0)
        return false;
    *out_has_mark = found.data[MW_LOG_MARK_OFFSET] == mw_log_mark;
    return *out_has_mark || found.data[MW_LOG_MARK_OFFSET] == no_mark;
}

mw_status mw_log_head_read(mw_str bytes, const char *name, mw_log_head *out_head,
                           mw_error *err) {
    mw_reader reader = {.rest = bytes};
    mw_str found = mw_read_bytes(&reader, sizeof magic);
    uint32_t format = mw_read_u32(&reader);
    mw_log_head head = {.log_id = mw_read_u64(&reader)};
    head.first_place = (int64_t)mw_read_u64(&reader);
    uint32_t crc = mw_read_u32(&reader);
    bool has_mark = false;
    if (reader.failed || !is_magic(found, &has_mark) || (!has_mark && format == 1))
        return mw_fail(err, MW_CORRUPT, "log: %s is not a log segment", name);
    if (format > MW_LOG_FORMAT)
        return mw_fail(err, MW_NEWER_FORMAT,
                       "log: %s has format %u, this program reads up to %d", name, format,
                       MW_LOG_FORMAT);
    head.is_unfounded = !has_mark;
    if (crc != sum_head(bytes))
        return mw_fail(err, MW_CORRUPT, "log: the head of %s fails its checksum", name);
    *out_head = head;
    return MW_OK;
}

void mw_log_record_append(mw_buf *out, const mw_record *record) {
    MW_ASSERT(record->payload.size <= MW_LOG_PAYLOAD_MAX);
    size_t start = out->size;
    mw_buf_append_u32(out, (uint32_t)record->payload.size);
    mw_buf_append_u32(out, 0);
    mw_buf_append_u32(out, (uint32_t)record->type);
    mw_buf_append_u32(out, record->stream);
    mw_buf_append_u64(out, (uint64_t)record->time);
    mw_buf_append_u64(out, (uint64_t)record->known);
    mw_buf_append_u64(out, (uint64_t)record->place);
    mw_buf_append_str(out, record->payload);
    if (out->failed) return;
    char *bytes = out->data + start;
    uint32_t crc = mw_crc32c(0, bytes, 4); /* the size, then all behind the checksum */
    crc = mw_crc32c(crc, bytes + SUMMED_RECORD_OFFSET,
                    out->size - start - SUMMED_RECORD_OFFSET);
    for (int i = 0; i < 4; i++) bytes[4 + i] = (char)(crc >> (8 * i));
}

/* A whole record with its checksum right; `*out_size` is what it claims to take. */
static bool read_whole(mw_str rest, mw_record *out_record, size_t *out_size) {
    mw_reader reader = {.rest = rest};
    uint32_t payload_size = mw_read_u32(&reader);
    uint32_t crc = mw_read_u32(&reader);
    mw_record record = {.type = (mw_record_type)mw_read_u32(&reader)};
    record.stream = mw_read_u32(&reader);
    record.time = (int64_t)mw_read_u64(&reader);
    record.known = (int64_t)mw_read_u64(&reader);
    record.place = (int64_t)mw_read_u64(&reader);
    *out_size = MW_LOG_RECORD_HEAD_SIZE + (size_t)payload_size;
    if (payload_size > MW_LOG_PAYLOAD_MAX) return false;
    if (record.type < MW_RECORD_DEFINITION || record.type > MW_RECORD_CONTROL) return false;
    record.payload = mw_read_bytes(&reader, payload_size);
    if (reader.failed) return false;
    uint32_t sum = mw_crc32c(0, rest.data, 4);
    sum = mw_crc32c(sum, rest.data + SUMMED_RECORD_OFFSET, *out_size - SUMMED_RECORD_OFFSET);
    if (sum != crc) return false;
    *out_record = record;
    return true;
}

mw_log_found mw_log_record_read(mw_str bytes, size_t offset, mw_record *out_record,
                                size_t *out_size) {
    MW_ASSERT(offset <= bytes.size);
    mw_str rest = mw_str_slice(bytes, offset, bytes.size);
    if (rest.size == 0) return MW_LOG_RECORD_END;
    if (read_whole(rest, out_record, out_size)) return MW_LOG_RECORD_GOOD;
    return MW_LOG_RECORD_BAD;
}

/* Good records are looked for everywhere behind it, for its size may be what is bad. A head of
   zeros is none: power was lost before its page was written, and what stands behind it was not
   acknowledged as on the disk either. */
bool mw_log_record_is_torn(mw_str bytes, size_t offset) {
    static const char none[MW_LOG_RECORD_HEAD_SIZE];
    mw_str rest = mw_str_slice(bytes, offset, bytes.size);
    mw_record behind;
    size_t size;
    if (rest.size < sizeof none || memcmp(rest.data, none, sizeof none) == 0) return true;
    for (size_t at = sizeof none; at + sizeof none <= rest.size; at++)
        if (read_whole(mw_str_slice(rest, at, rest.size), &behind, &size)) return false;
    return true;
}
