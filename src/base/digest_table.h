/*
 * digest_table: which item of an array bears a digest (base/keyed_hash.h).
 *
 * The items are the caller's: an array that grows at its end and may move, each with its digest at
 * the same offset, which never changes. The table has a slot of 4 bytes for each, at most half of
 * them in use. What an item's number leaves of a slot holds more of its digest, so that as a rule
 * no item is looked at but the one that is sought. Where it has to double, a few slots move into
 * the new one with each item that is added, so no single one waits for all (at 3 million 160 ms).
 *
 * Of items that bear the same digest the first is found. One thread uses a table.
 */
#pragma once
#include "base/keyed_hash.h"

/* Where the digests of an array's items stand. */
typedef struct {
    const mw_keyed_hash *first; /* of item 0 */
    size_t stride; /* bytes from one to the next */
} mw_digests;

typedef struct {
    uint32_t *slots; /* an item's index plus 1, and above it bits of its digest; 0: free */
    size_t count;    /* a power of two, or 0 */
} mw_digest_slots;

/* All zero: empty. */
typedef struct {
    mw_digests items;
    size_t count; /* of them, that were added */
    mw_digest_slots slots;
    mw_digest_slots before; /* it has doubled: what stands here from slot `moved` on is only here */
    size_t moved;
} mw_digest_table;

#define MW_DIGESTS_MAX ((size_t)UINT32_MAX - 1)
#define MW_DIGEST_ABSENT SIZE_MAX

/* Makes sure that there is room for so many items in all, at most MW_DIGESTS_MAX, which stand there
   from now on: to be called whenever the array has moved, and before each add. */
MW_MUST_USE bool mw_digest_table_reserve(mw_digest_table *table, mw_digests items, size_t count);
/* Adds the next item. */
void mw_digest_table_add(mw_digest_table *table);
/* The index of the first item with the digest, or MW_DIGEST_ABSENT. */
size_t mw_digest_table_find(const mw_digest_table *table, mw_keyed_hash digest);
void mw_digest_table_release(mw_digest_table *table); /* it ends */
