#include "store/log_format.h"

#include <string.h>

static const char magic[4] = {'M', 'W', 'L', 'G'};
static const char no_mark = 'g';
const char mw_log_mark = 'G';
enum {
    SUMMED_HEAD_SIZE = 24,
    DISK_PAGE_SIZE = 4096, /* what a loss of power leaves unwritten is some of these */
    DISK_SECTOR_SIZE = 512,
    SUMMED_MAX = 1 << 30,
};
enum { /* in a record */
    SUM_OFFSET = 4,
    TYPE_OFFSET = 8, /* from there on it is summed, behind the size */
    STREAM_OFFSET = 12,
    TIME_OFFSET = 16,
    KNOWN_OFFSET = 24,
    PLACE_OFFSET = 32,
};
static const uint32_t goes_on_bit = UINT32_C(1) << 30, is_followed_bit = UINT32_C(1) << 31;

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
    head.format = format;
    if (crc != sum_head(bytes))
        return mw_fail(err, MW_CORRUPT, "log: the head of %s fails its checksum", name);
    *out_head = head;
    return MW_OK;
}

static void put_u32(char *bytes, uint32_t value) {
    bytes[0] = (char)value;
    bytes[1] = (char)(value >> 8);
    bytes[2] = (char)(value >> 16);
    bytes[3] = (char)(value >> 24);
}

static void put_u64(char *bytes, uint64_t value) {
    put_u32(bytes, (uint32_t)value);
    put_u32(bytes + 4, (uint32_t)(value >> 32));
}

/* The size, then all behind the checksum. */
static uint32_t sum_record(const char *bytes, size_t size) {
    uint32_t sum = mw_crc32c(0, bytes, SUM_OFFSET);
    return mw_crc32c(sum, bytes + TYPE_OFFSET, size - TYPE_OFFSET);
}

void mw_log_batch_init(mw_log_batch *batch, size_t size_max) {
    *batch = (mw_log_batch){.has_record = false};
    mw_buf_init(&batch->bytes, size_max);
}

void mw_log_batch_clear(mw_log_batch *batch) {
    mw_buf_clear(&batch->bytes);
    batch->has_record = false;
}

void mw_log_batch_release(mw_log_batch *batch) {
    mw_buf_release(&batch->bytes);
    batch->has_record = false;
}

static void end_record(mw_log_batch *batch, bool is_followed) {
    if (!batch->has_record || batch->bytes.failed) return;
    char *bytes = batch->bytes.data + batch->last;
    uint32_t type = mw_u32_at(bytes + TYPE_OFFSET) & ~is_followed_bit;
    put_u32(bytes + TYPE_OFFSET, is_followed ? type | is_followed_bit : type);
    put_u32(bytes + SUM_OFFSET, sum_record(bytes, batch->bytes.size - batch->last));
}

void mw_log_batch_add(mw_log_batch *batch, const mw_record *record) {
    MW_ASSERT(record->payload.size <= MW_LOG_PAYLOAD_MAX);
    uint32_t bits = batch->has_record ? goes_on_bit : 0;
    char head[MW_LOG_RECORD_HEAD_SIZE];
    end_record(batch, true);
    batch->has_record = true;
    batch->last = batch->bytes.size;
    put_u32(head, (uint32_t)record->payload.size);
    put_u32(head + SUM_OFFSET, 0);
    put_u32(head + TYPE_OFFSET, (uint32_t)record->type | bits);
    put_u32(head + STREAM_OFFSET, record->stream);
    put_u64(head + TIME_OFFSET, (uint64_t)record->time);
    put_u64(head + KNOWN_OFFSET, (uint64_t)record->known);
    put_u64(head + PLACE_OFFSET, (uint64_t)record->place);
    mw_buf_append(&batch->bytes, head, sizeof head);
    mw_buf_append_str(&batch->bytes, record->payload);
}

void mw_log_batch_end(mw_log_batch *batch) { end_record(batch, false); }

/* What a record's head tells of it. */
typedef struct {
    mw_log_frame frame; /* with the size that it claims to take */
    uint32_t sum;
} claim;

/* False where it cannot be, or not all of its payload is there. */
static bool read_claim(mw_str rest, mw_record *out_record, claim *out_claim) {
    const char *head = rest.data;
    if (rest.size < MW_LOG_RECORD_HEAD_SIZE) return false;
    size_t payload_size = mw_u32_at(head);
    uint32_t type = mw_u32_at(head + TYPE_OFFSET);
    uint32_t kind = type & ~(goes_on_bit | is_followed_bit);
    if (kind < MW_RECORD_DEFINITION || kind > MW_RECORD_CONTROL) return false;
    if (payload_size > MW_LOG_PAYLOAD_MAX) return false;
    if (payload_size > rest.size - MW_LOG_RECORD_HEAD_SIZE) return false;
    out_claim->sum = mw_u32_at(head + SUM_OFFSET);
    out_claim->frame = (mw_log_frame){.size = MW_LOG_RECORD_HEAD_SIZE + payload_size,
                                      .goes_on = (type & goes_on_bit) != 0,
                                      .is_followed = (type & is_followed_bit) != 0};
    *out_record = (mw_record){.type = (mw_record_type)kind,
                              .stream = mw_u32_at(head + STREAM_OFFSET),
                              .time = (int64_t)mw_u64_at(head + TIME_OFFSET),
                              .known = (int64_t)mw_u64_at(head + KNOWN_OFFSET),
                              .place = (int64_t)mw_u64_at(head + PLACE_OFFSET),
                              .payload = {head + MW_LOG_RECORD_HEAD_SIZE, payload_size}};
    return true;
}

static bool is_good(mw_str rest, mw_record *out_record, claim *out_claim) {
    return read_claim(rest, out_record, out_claim) &&
           sum_record(rest.data, out_claim->frame.size) == out_claim->sum;
}

mw_log_found mw_log_record_read(mw_str bytes, size_t offset, mw_record *out_record,
                                mw_log_frame *out_frame) {
    MW_ASSERT(offset <= bytes.size);
    claim claimed;
    mw_str rest = mw_str_slice(bytes, offset, bytes.size);
    if (rest.size == 0) return MW_LOG_END;
    if (!is_good(rest, out_record, &claimed)) return MW_LOG_BAD;
    *out_frame = claimed.frame;
    return MW_LOG_GOOD;
}

size_t mw_log_record_view(mw_str bytes, size_t offset, mw_record *out_record) {
    claim claimed;
    bool is_there = read_claim(mw_str_slice(bytes, offset, bytes.size), out_record, &claimed);
    MW_ASSERT(is_there);
    return claimed.frame.size;
}

mw_log_found mw_log_batch_read(mw_str bytes, bool is_amid, size_t *offset) {
    mw_record record;
    mw_log_frame frame;
    for (;; is_amid = true) {
        mw_log_found found = mw_log_record_read(bytes, *offset, &record, &frame);
        if (found != MW_LOG_GOOD) return found;
        if (frame.goes_on != is_amid) return MW_LOG_STRAY;
        *offset += frame.size;
        if (!frame.is_followed) return MW_LOG_GOOD;
    }
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
    return page.size >= TYPE_OFFSET && is_zero(page);
}

bool mw_log_head_is_torn(mw_str bytes) {
    return is_missing(bytes, 0) || is_zero(mw_str_slice(bytes, MW_LOG_HEAD_SIZE, bytes.size));
}

/* Disks write whole sectors: one that was lost while the file kept its size is zeros. */
static bool lacks_a_sector(mw_str rest, uint64_t place) {
    for (size_t at = 0; at < rest.size;) {
        size_t end = at + DISK_SECTOR_SIZE - (size_t)((place + at) % DISK_SECTOR_SIZE);
        if (is_zero(mw_str_slice(rest, at, end))) return true;
        at = end;
    }
    return false;
}

/* Whether a bad record with no good one behind it had been written whole: what is cut short ends
   before the record does, or lacks a sector. Its size may be what has changed. */
static bool is_changed(mw_str rest, uint64_t place) {
    if (rest.size < MW_LOG_RECORD_HEAD_SIZE || lacks_a_sector(rest, place)) return false;
    size_t payload_size = mw_u32_at(rest.data), left = rest.size - MW_LOG_RECORD_HEAD_SIZE;
    if (payload_size <= left || payload_size > MW_LOG_PAYLOAD_MAX) return true;
    char size[SUM_OFFSET];
    put_u32(size, (uint32_t)left);
    uint32_t sum = mw_crc32c(0, size, sizeof size);
    sum = mw_crc32c(sum, rest.data + TYPE_OFFSET, rest.size - TYPE_OFFSET);
    return sum == mw_u32_at(rest.data + SUM_OFFSET);
}

/* Good records are looked for everywhere behind a bad one, for its size may be what is bad. A page
   of zeros before one of them was lost with the power: so nothing from there on had been synced.
   Hostile bytes may claim records that overlap: to sum so many is left off, and nothing is cut. */
bool mw_log_record_is_torn(mw_str bytes, size_t offset, uint64_t begin) {
    mw_str rest = mw_str_slice(bytes, offset, bytes.size);
    uint64_t place = begin + offset;
    size_t summed = 0;
    mw_record record;
    claim claimed;
    if (is_missing(rest, place)) return true;
    if (is_good(rest, &record, &claimed)) return false;
    for (size_t at = 1; at < rest.size; at++) {
        mw_str behind = mw_str_slice(rest, at, rest.size);
        if ((place + at) % DISK_PAGE_SIZE == 0 && is_missing(behind, place + at)) return true;
        if (at < MW_LOG_RECORD_HEAD_SIZE || !read_claim(behind, &record, &claimed)) continue;
        summed += claimed.frame.size;
        if (summed > SUMMED_MAX || sum_record(behind.data, claimed.frame.size) == claimed.sum)
            return false;
    }
    return !is_changed(rest, place);
}
