/*
 * seal: what stands around bytes that are kept: magic, format version, size, checksum.
 *
 *     u32 magic | u32 format version | u64 size | the bytes | u32 CRC32C of all before
 *
 * Little endian. Whoever opens a seal knows that the bytes are the ones that were sealed, by
 * accident if not by intent: their contents are still to be checked as input.
 */
#pragma once
#include "base/str.h"

enum { MW_SEAL_SIZE = 20 }; /* bytes that a seal adds */

typedef struct {
    const char *what; /* for messages: "forest" */
    uint32_t magic;
    uint32_t format; /* the newest that this program reads, and the one that it writes */
} mw_seal;

void mw_seal_append(mw_buf *out, mw_seal seal, mw_str payload);
/* `*out_payload` lies within `bytes`. MW_NEWER_FORMAT names both versions; anything else that
   is wrong is MW_CORRUPT. */
MW_MUST_USE mw_status mw_seal_open(mw_seal seal, mw_str bytes, mw_str *out_payload,
                                   mw_error *err);
/* The format version that bytes are in, which mw_seal_open has taken. */
uint32_t mw_seal_format(mw_str bytes);
