#include "store/log_format.h"

#include <string.h>

static const char magic[4] = {'M', 'W', 'L', 'G'};
static const char no_mark = 'g';
const char mw_log_mark = 'G';
enum {
    SUMMED_HEAD_SIZE = 24,
    SUMMED_RECORD_OFFSET = 8,
    DISK_PAGE_SIZE = 4096, /* what a loss of power leaves unwritten is some of these */
    SUMMED_MAX = 1 << 30,
};

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

/* The size, then all behind the checksum. */
static uint32_t sum_record(const char *bytes, size_t size) {
    uint32_t sum = mw_crc32c(0, bytes, 4);
    return mw_crc32c(sum, bytes + SUMMED_RECORD_OFFSET, size - SUMMED_RECORD_OFFSET);
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
    uint32_t crc = sum_record(bytes, out->size - start);
    for (int i = 0; i < 4; i++) bytes[4 + i] = (char)(crc >> (8 * i));
}

/* A record as its head tells it, with all of its payload there; `*out_size` is what it claims to
   take. */
static bool read_claim(mw_str rest, mw_record *out_record, uint32_t *out_crc, size_t *out_size) {
    mw_reader reader = {.rest = rest};
    uint32_t payload_size = mw_read_u32(&reader);
    *out_crc = mw_read_u32(&reader);
    mw_record record = {.type = (mw_record_type)mw_read_u32(&reader)};
    record.stream = mw_read_u32(&reader);
    record.time = (int64_t)mw_read_u64(&reader);
    record.known = (int64_t)mw_read_u64(&reader);
    record.place = (int64_t)mw_read_u64(&reader);
    *out_size = MW_LOG_RECORD_HEAD_SIZE + (size_t)payload_size;
    if (payload_size > MW_LOG_PAYLOAD_MAX) return false;
    if (record.type < MW_RECORD_DEFINITION || record.type > MW_RECORD_CONTROL) return false;
    record.payload = mw_read_bytes(&reader, payload_size);
    *out_record = record;
    return !reader.failed;
}

mw_log_found mw_log_record_read(mw_str bytes, size_t offset, mw_record *out_record,
                                size_t *out_size) {
    MW_ASSERT(offset <= bytes.size);
    mw_str rest = mw_str_slice(bytes, offset, bytes.size);
    if (rest.size == 0) return MW_LOG_RECORD_END;
    uint32_t crc;
    bool is_good = read_claim(rest, out_record, &crc, out_size) &&
                   sum_record(rest.data, *out_size) == crc;
    return is_good ? MW_LOG_RECORD_GOOD : MW_LOG_RECORD_BAD;
}

static bool is_zero(mw_str bytes) {
    return bytes.size == 0 ||
           (bytes.data[0] == 0 && memcmp(bytes.data, bytes.data + 1, bytes.size - 1) == 0);
}

/* Whether a page that was never written begins here, or in the middle of one that was written when
   the file ended there: what was to stand here is zeros up to the page's end. Eight of them are no
   record's size and checksum. */
static bool is_missing(mw_str rest, uint64_t place) {
    mw_str page = mw_str_slice(rest, 0, DISK_PAGE_SIZE - (size_t)(place % DISK_PAGE_SIZE));
    return page.size >= SUMMED_RECORD_OFFSET && is_zero(page);
}

bool mw_log_head_is_torn(mw_str bytes) {
    return is_missing(bytes, 0) || is_zero(mw_str_slice(bytes, MW_LOG_HEAD_SIZE, bytes.size));
}

/* Good records are looked for everywhere behind it, for its size may be what is bad. A page of
   zeros before one of them was lost with the power: so nothing from there on had been synced.
   Hostile bytes may claim records that overlap: to sum so many is left off, and nothing is cut. */
bool mw_log_record_is_torn(mw_str bytes, size_t offset, uint64_t begin) {
    mw_str rest = mw_str_slice(bytes, offset, bytes.size);
    uint64_t place = begin + offset;
    size_t size, summed = 0;
    if (is_missing(rest, place)) return true;
    for (size_t at = 1; at < rest.size; at++) {
        mw_str behind = mw_str_slice(rest, at, rest.size);
        mw_record record;
        uint32_t crc;
        if ((place + at) % DISK_PAGE_SIZE == 0 && is_missing(behind, place + at)) return true;
        if (at < MW_LOG_RECORD_HEAD_SIZE || !read_claim(behind, &record, &crc, &size)) continue;
        summed += size;
        if (summed > SUMMED_MAX || sum_record(behind.data, size) == crc) return false;
    }
    return true;
}
