#include "model/seal.h"

#include "base/hash.h"

enum { HEAD_SIZE = 16, CHECKSUM_SIZE = 4, FORMAT_FIRST = 1 };
_Static_assert(HEAD_SIZE + CHECKSUM_SIZE == MW_SEAL_SIZE, "a head and a checksum");

void mw_seal_append(mw_buf *out, mw_seal seal, mw_str payload) {
    size_t start = out->size;
    mw_buf_append_u32(out, seal.magic);
    mw_buf_append_u32(out, seal.format);
    mw_buf_append_u64(out, payload.size);
    mw_buf_append_str(out, payload);
    if (out->failed) return;
    mw_buf_append_u32(out, mw_crc32c(0, out->data + start, out->size - start));
}

mw_status mw_seal_open(mw_seal seal, mw_str bytes, mw_str *out_payload, mw_error *err) {
    mw_reader reader = {.rest = bytes};
    uint32_t magic = mw_read_u32(&reader);
    uint32_t format = mw_read_u32(&reader);
    uint64_t size = mw_read_u64(&reader);
    if (reader.failed || magic != seal.magic)
        return mw_fail(err, MW_CORRUPT, "%s: the bytes do not begin as those of one", seal.what);
    if (format > seal.format)
        return mw_fail(err, MW_NEWER_FORMAT,
                       "%s: format version must be at most %u, which this program reads, got %u",
                       seal.what, seal.format, format);
    if (format < FORMAT_FIRST)
        return mw_fail(err, MW_CORRUPT, "%s: format version must be at least 1, got %u",
                       seal.what, format);
    if (bytes.size < MW_SEAL_SIZE || size != bytes.size - MW_SEAL_SIZE)
        return mw_fail(err, MW_CORRUPT, "%s: %zu bytes are there, its head promises %llu",
                       seal.what, bytes.size, (unsigned long long)size);

    mw_str payload = mw_read_bytes(&reader, (size_t)size);
    uint32_t sealed = mw_read_u32(&reader);
    if (sealed != mw_crc32c(0, bytes.data, bytes.size - CHECKSUM_SIZE))
        return mw_fail(err, MW_CORRUPT, "%s: the checksum does not match its bytes", seal.what);
    *out_payload = payload;
    return MW_OK;
}

uint32_t mw_seal_format(mw_str bytes) {
    mw_reader reader = {.rest = bytes};
    (void)mw_read_u32(&reader);
    return mw_read_u32(&reader);
}
