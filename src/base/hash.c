#include "base/hash.h"

#include <stdatomic.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate_right(uint32_t x, int bits) {
    return x >> bits | x << (32 - bits);
}

static uint32_t read_big_endian(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* FIPS 180-4, section 6.2.2, with its names. */
static void compress_plainly(uint32_t state[8], const unsigned char block[64]) {
    uint32_t w[64];
    for (int t = 0; t < 16; t++) w[t] = read_big_endian(block + 4 * t);
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotate_right(w[t - 15], 7) ^ rotate_right(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotate_right(w[t - 2], 17) ^ rotate_right(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; t++) {
        uint32_t s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[t] + w[t];
        uint32_t s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

#if defined(__x86_64__)
/* The same by the processor's SHA instructions, about five times as fast. They want the state as
   the halves (a, b, e, f) and (c, d, g, h), and take two rounds at a time; the message schedule
   runs in a ring of four vectors. */
__attribute__((target("sha,sse4.1")))
static void compress_by_instruction(uint32_t state[8], const unsigned char block[64]) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(abcd, efgh, 8), abef_before = abef;
    __m128i cdgh = _mm_blend_epi16(efgh, abcd, 0xf0), cdgh_before = cdgh;
    __m128i w[4];
    for (int i = 0; i < 4; i++)
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * i)), big_endian);
    for (int i = 0; i < 16; i++) {
        __m128i *now = &w[i % 4], behind = w[(i + 3) % 4];
        __m128i k = _mm_loadu_si128((const __m128i *)(round_constants + 4 * i));
        __m128i wk = _mm_add_epi32(*now, k);
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));
        __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(*now, w[(i + 1) % 4]),
                                    _mm_alignr_epi8(behind, w[(i + 2) % 4], 4));
        *now = _mm_sha256msg2_epu32(sum, behind);
    }
    abef = _mm_shuffle_epi32(_mm_add_epi32(abef, abef_before), 0x1b);
    cdgh = _mm_shuffle_epi32(_mm_add_epi32(cdgh, cdgh_before), 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(abef, cdgh, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(cdgh, abef, 8));
}

/* Asked once: the instruction that asks is slow under a hypervisor. */
static bool has_sha_instructions(void) {
    enum { UNKNOWN, YES, NO, EXTENDED_LEAF = 7, SHA_BIT = 29 };
    static _Atomic int answer = UNKNOWN;
    int known = atomic_load_explicit(&answer, memory_order_relaxed);
    if (known == UNKNOWN) {
        unsigned a, b = 0, c, d;
        bool has = __get_cpuid_count(EXTENDED_LEAF, 0, &a, &b, &c, &d) && b >> SHA_BIT & 1;
        known = has && __builtin_cpu_supports("sse4.1") ? YES : NO;
        atomic_store_explicit(&answer, known, memory_order_relaxed);
    }
    return known == YES;
}
#endif

static void compress(uint32_t state[8], const unsigned char block[64]) {
#if defined(__x86_64__)
    if (has_sha_instructions()) {
        compress_by_instruction(state, block);
        return;
    }
#endif
    compress_plainly(state, block);
}

bool mw_sha256_compress_agree(const uint32_t state[8], const unsigned char block[64]) {
    uint32_t quick[8], plain[8];
    memcpy(quick, state, sizeof quick);
    memcpy(plain, state, sizeof plain);
    compress(quick, block);
    compress_plainly(plain, block);
    return memcmp(quick, plain, sizeof plain) == 0;
}

void mw_sha256_init(mw_sha256 *sha) {
    *sha = (mw_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void mw_sha256_add(mw_sha256 *sha, const void *bytes, size_t size) {
    const unsigned char *next = bytes;
    while (size > 0) {
        size_t held = sha->byte_count % sizeof sha->block;
        size_t taken = sizeof sha->block - held < size ? sizeof sha->block - held : size;
        memcpy(sha->block + held, next, taken);
        sha->byte_count += taken;
        next += taken;
        size -= taken;
        if (held + taken == sizeof sha->block) compress(sha->state, sha->block);
    }
}

void mw_sha256_add_u64(mw_sha256 *sha, uint64_t value) {
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(value >> 8 * i);
    mw_sha256_add(sha, bytes, sizeof bytes);
}

void mw_sha256_add_str(mw_sha256 *sha, mw_str s) {
    mw_sha256_add_u64(sha, s.size);
    mw_sha256_add(sha, s.data, s.size);
}

void mw_sha256_bytes(mw_sha256 *sha, unsigned char out_digest[MW_SHA256_SIZE]) {
    enum { LENGTH_AT = 56 }; /* the last 8 bytes of the last block hold the length in bits */
    uint64_t bit_count = sha->byte_count * 8;
    static const unsigned char padding[64] = {0x80};
    size_t held = sha->byte_count % sizeof sha->block;
    mw_sha256_add(sha, padding, (held < LENGTH_AT ? LENGTH_AT : 64 + LENGTH_AT) - held);
    unsigned char length[8];
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)(bit_count >> (56 - 8 * i));
    mw_sha256_add(sha, length, sizeof length);
    MW_ASSERT(sha->byte_count % sizeof sha->block == 0);
    for (int i = 0; i < MW_SHA256_SIZE; i++)
        out_digest[i] = (unsigned char)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}

void mw_sha256_hex(mw_sha256 *sha, char out_hex[MW_SHA256_HEX_SIZE + 1]) {
    unsigned char digest[MW_SHA256_SIZE];
    mw_sha256_bytes(sha, digest);
    for (int i = 0; i < MW_SHA256_SIZE; i++) {
        out_hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        out_hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    out_hex[MW_SHA256_HEX_SIZE] = '\0';
}

static uint32_t crc_by_nibbles(uint32_t crc, const unsigned char *bytes, size_t size) {
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
        0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2")))
static uint32_t crc_by_words(uint32_t crc, const unsigned char *bytes, size_t word_count) {
    uint64_t state = crc;
    for (size_t i = 0; i < word_count; i++) {
        uint64_t word;
        memcpy(&word, bytes + 8 * i, sizeof word);
        state = __builtin_ia32_crc32di(state, word);
    }
    return (uint32_t)state;
}
#endif

uint32_t mw_crc32c(uint32_t crc, const void *bytes, size_t size) {
    const unsigned char *next = bytes;
    crc = ~crc;
#if defined(__x86_64__)
    if (size >= 8 && __builtin_cpu_supports("sse4.2")) {
        crc = crc_by_words(crc, next, size / 8);
        next += size / 8 * 8;
        size %= 8;
    }
#endif
    return ~crc_by_nibbles(crc, next, size);
}

uint64_t mw_hash_bytes(const void *bytes, size_t size) {
    const unsigned char *next = bytes;
    uint64_t hash = mw_hash_u64(size + 1);
    for (; size >= 8; next += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, next, sizeof word);
        hash = mw_hash_join(hash, word);
    }
    uint64_t tail = 0;
    for (size_t i = 0; i < size; i++) tail |= (uint64_t)next[i] << 8 * i;
    return mw_hash_join(hash, tail);
}

static uint32_t rotated(uint32_t value, int bits) {
    return value << bits | value >> (32 - bits);
}

uint32_t mw_murmur3(const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    uint32_t hash = 0;
    for (size_t i = 0; i < size; i += 4) { /* the last word may be short: zeros follow */
        uint32_t word = 0;
        for (size_t b = 0; b < 4 && i + b < size; b++) word |= (uint32_t)at[i + b] << 8 * b;
        hash ^= rotated(word * 0xcc9e2d51u, 15) * 0x1b873593u;
        if (size - i >= 4) hash = rotated(hash, 13) * 5 + 0xe6546b64u;
    }
    hash ^= (uint32_t)size;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}
