/*
 * hash: SHA-256 (FIPS 180-4) for names and lineage, CRC32C (RFC 3720, appendix B.4) for
 * stored bytes, and a quick 64-bit mix for hash tables.
 *
 * A table hash alone never decides that two keys are equal: compare the bytes.
 */
#pragma once
#include "base/str.h"

enum { MW_SHA256_SIZE = 32, MW_SHA256_HEX_SIZE = 64 };

typedef struct {
    uint32_t state[8];
    uint64_t byte_count;
    unsigned char block[64];
} mw_sha256;

void mw_sha256_init(mw_sha256 *sha);
void mw_sha256_add(mw_sha256 *sha, const void *bytes, size_t size);
void mw_sha256_add_str(mw_sha256 *sha, mw_str s); /* its size as u64, then its bytes */
void mw_sha256_add_u64(mw_sha256 *sha, uint64_t value);
/* Ends it; `out_hex` gets 64 lower-case digits and a NUL. */
void mw_sha256_hex(mw_sha256 *sha, char out_hex[MW_SHA256_HEX_SIZE + 1]);
void mw_sha256_bytes(mw_sha256 *sha, unsigned char out_digest[MW_SHA256_SIZE]);

/* Test hook: whether this machine's compression and the plain twin give the same state. */
bool mw_sha256_compress_agree(const uint32_t state[8], const unsigned char block[64]);

/* Continues `crc` (0 at the start) over the bytes; uses the SSE4.2 instruction if there. */
uint32_t mw_crc32c(uint32_t crc, const void *bytes, size_t size);

/* MurmurHash3_x86_32 with seed 0 (A. Appleby): known to other tools, for what must be found again
   outside of this program. */
uint32_t mw_murmur3(const void *bytes, size_t size);

uint64_t mw_hash_bytes(const void *bytes, size_t size);
/* A bijective mix (murmur3's finalizer). */
static inline uint64_t mw_hash_u64(uint64_t value) {
    value = (value ^ value >> 33) * UINT64_C(0xff51afd7ed558ccd);
    value = (value ^ value >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return value ^ value >> 33;
}
static inline uint64_t mw_hash_join(uint64_t a, uint64_t b) {
    return mw_hash_u64(a ^ (b + UINT64_C(0x9e3779b97f4a7c15) + (a << 6) + (a >> 2)));
}
