/*
 * keyed_hash: SipHash-2-4 with 128 bits, a short name for bytes that nobody can forge.
 *
 * Without the key nobody can make two inputs meet, and by chance they do among n of them with
 * odds of n^2 / 2^129: for a billion, one in 10^20. So where the key is secret, equal digests may
 * stand for equal bytes; for lineage, which others must be able to check, there is SHA-256.
 * About a nanosecond a byte. (J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF".)
 */
#pragma once
#include "base/str.h"

typedef struct {
    uint64_t words[2];
} mw_hash_key;

typedef struct {
    uint64_t words[2];
} mw_keyed_hash;

mw_keyed_hash mw_hash_with_key(mw_hash_key key, const void *bytes, size_t size);
