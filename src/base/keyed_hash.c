#include "base/keyed_hash.h"

typedef struct {
    uint64_t v0, v1, v2, v3;
} sip_state;

static uint64_t rotate(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }

static void mix(sip_state *s, int rounds) {
    for (int i = 0; i < rounds; i++) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 = rotate(s->v0, 32) + s->v3;
        s->v2 += s->v1;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

static void absorb(sip_state *s, uint64_t word) {
    s->v3 ^= word;
    mix(s, 2);
    s->v0 ^= word;
}

/* The bytes that are left, fewer than eight. */
static uint64_t read_word(const unsigned char *bytes, size_t size) {
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++) word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

mw_keyed_hash mw_hash_with_key(mw_hash_key key, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    size_t left = size;
    sip_state s = {UINT64_C(0x736f6d6570736575) ^ key.words[0],
                   UINT64_C(0x646f72616e646f6d) ^ key.words[1] ^ 0xee,
                   UINT64_C(0x6c7967656e657261) ^ key.words[0],
                   UINT64_C(0x7465646279746573) ^ key.words[1]};
    for (; left >= 8; at += 8, left -= 8) absorb(&s, mw_u64_at(at));
    absorb(&s, (uint64_t)size << 56 | read_word(at, left));
    mw_keyed_hash hash;
    s.v2 ^= 0xee;
    mix(&s, 4);
    hash.words[0] = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    s.v1 ^= 0xdd;
    mix(&s, 4);
    hash.words[1] = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    return hash;
}
