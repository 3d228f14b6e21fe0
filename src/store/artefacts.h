/*
 * artefacts: bytes that are stored under their own hash: model versions and what belongs to them.
 *
 * In a folder, ab/cdef... holds the bytes whose SHA-256 is abcdef..., written whole or not at
 * all; in memory, a list. What is read is checked against its name, so damage shows as
 * MW_CORRUPT and never as other bytes. Nothing is ever changed; the same bytes are stored once.
 *
 * One thread uses a handle, but for what is read from a folder: that any may. Several processes may
 * share a folder.
 */
#pragma once
#include "base/hash.h"
#include "sys/sys.h"

#define MW_ARTEFACT_SIZE_MAX ((size_t)1 << 30)

typedef struct mw_artefacts mw_artefacts;

/* `folder` NULL: in memory. A folder is made when the first artefact is put. */
MW_MUST_USE mw_status mw_artefacts_open(mw_sys *sys, const char *folder,
                                        mw_artefacts **out_artefacts, mw_error *err);
void mw_artefacts_close(mw_artefacts *artefacts);

MW_MUST_USE mw_status mw_artefacts_put(mw_artefacts *artefacts, mw_str bytes,
                                       char out_hash[MW_SHA256_HEX_SIZE + 1], mw_error *err);
/* Appends to `out_bytes`; MW_NOT_FOUND, or MW_CORRUPT. */
MW_MUST_USE mw_status mw_artefacts_get(mw_artefacts *artefacts, mw_str hash, mw_buf *out_bytes,
                                       mw_error *err);
MW_MUST_USE mw_status mw_artefacts_exists(mw_artefacts *artefacts, mw_str hash,
                                          bool *out_exists, mw_error *err);
