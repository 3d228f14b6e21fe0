/*
 * digest_run: a file of entries that are found by their digest: sorted, and never changed.
 *
 *     file    head | blocks | of each block the first word of its first entry | filter
 *     head    4096 bytes: "MWRN" | u32 format | u64 id | u64 log id | u64, u64 key | u32 kind
 *             | u32 words | u64 entries | u64 filter lines | u32 CRC32C of what follows the blocks
 *             | u32 CRC32C of these | zeros
 *     block   4096 bytes: u32 CRC32C of id, number and rest | u32 number | entries | zeros
 *
 * Little endian. An entry is two words of its digest and what it says, u64 each. All blocks but the
 * last are full. In memory are the first words and the filter (lines of 64 bytes, of each entry six
 * bits in one of them, 16 bits an entry in all, 10 in runs of older programs): 2.1 bytes an entry.
 * What is not there is known by one line of the filter but for one time in 800 (in 100); else a
 * block is read and its sum checked: where the disk has to be asked, the caller waits for it.
 *
 * A run is written whole or not at all. One whose block is bad or cannot be read is put aside
 * (".bad"), so that the next process does not find it and learns everything anew. One thread at a
 * time uses a run.
 */
#pragma once
#include "base/keyed_hash.h"
#include "sys/sys.h"

enum { MW_RUN_FORMAT = 1, MW_RUN_WORDS_MAX = 4, MW_RUN_SOURCES_MAX = 64 };
#define MW_RUN_ENTRIES_MAX (UINT64_C(1) << 36)

/* What all entries of a run have in common; another one's are not taken for them. */
typedef struct {
    uint64_t log_id;
    mw_keyed_hash key;   /* tells the key of its digests from another, and does not tell it */
    uint32_t kind;       /* the caller's: which list */
    uint32_t word_count; /* of an entry, 2 to MW_RUN_WORDS_MAX */
    bool is_filtered;    /* else it is asked for what is mostly there */
} mw_run_shape;

/* Where a run lies: FOLDER/ID.run, the id in 16 hexadecimal digits. */
typedef struct {
    mw_sys *sys;
    const char *folder;
    uint64_t id;
} mw_run_place;

typedef struct mw_digest_run mw_digest_run;

/* Opens one, whose head must have that checksum (0: any). MW_NOT_FOUND, MW_CORRUPT,
   MW_NEWER_FORMAT; MW_CONFLICT: it is of another shape. */
MW_MUST_USE mw_status mw_digest_run_open(mw_run_place place, const mw_run_shape *shape,
                                         uint32_t checksum, mw_digest_run **out_run,
                                         mw_error *err);
void mw_digest_run_close(mw_digest_run *run); /* NULL is allowed */
uint64_t mw_digest_run_id(const mw_digest_run *run);
uint64_t mw_digest_run_count(const mw_digest_run *run);
uint32_t mw_digest_run_checksum(const mw_digest_run *run); /* of its head, which has all others */
/* `out_words` gets what the entry says, behind its digest. MW_IO, MW_CORRUPT. */
MW_MUST_USE mw_status mw_digest_run_find(const mw_digest_run *run, mw_keyed_hash digest,
                                         uint64_t *out_words, bool *out_is_found, mw_error *err);

/* Entries to be written: of a run, or else in memory, sorted by their digests, each there once. */
typedef struct {
    const mw_digest_run *run;
    const uint64_t *words;
    size_t count;
} mw_run_source;

/* Writes a run of all entries of the sources, synced; of those with one digest that of the first
   source counts. The file is there afterwards, or not. */
MW_MUST_USE mw_status mw_digest_run_write(mw_run_place place, const mw_run_shape *shape,
                                          const mw_run_source *sources, size_t source_count,
                                          mw_error *err);
/* Sorts entries for it; of those with one digest the one that says less (as numbers with signs)
   stays. Returns how many there are then. */
size_t mw_digest_run_sort(uint64_t *words, size_t count, size_t word_count);
