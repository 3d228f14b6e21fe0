/*
 * cards: the keys of one group, each with a card: its ring of events and where windows ended last.
 *
 * Open addressing over 32-bit card numbers beside 32 bits of the hash, at most half full, so that
 * a search mostly ends where it begins, which the processor foresees; a hash only says where to
 * look, the key's cells decide. Cards never move, so a pointer to one stays good until it is swept
 * away. A card begins at a cache line, and the usual one, of
 * one key and some windows, is one.
 *
 * A hint is the position at which a search for a bound of the group's ended last, its low 32 bits:
 * the next one starts there. It never stands behind where it would for the latest moment that has
 * read (mw_group_goes_on); where positions outgrow it, it may be stale.
 *
 * A card's ring may be out on disk (feature/spill.h): then its card says where.
 */
#pragma once
#include "base/hash.h"
#include "feature/census.h"

/* What stands for a ring that is out. */
typedef struct {
    uint64_t place; /* in the spill */
    int64_t newest; /* the time of its last event */
    uint32_t count;
    uint32_t capacity : 31;
    uint32_t has_unusual : 1;
} mw_ring_out;

typedef struct {
    union {
        mw_ring ring;
        mw_ring_out out;
    };
    uint32_t hash;
    uint32_t reserved : 30; /* events that are promised room here, but not yet known */
    uint32_t is_out : 1;
    uint32_t is_touched : 1; /* since the hand that seeks cold cards passed last */
    mw_cell keys[];    /* then the censuses, then the hints */
} mw_card;

/* Mostly it is so already, and a byte just written keeps whoever reads its word next waiting. */
static inline void mw_card_touch(mw_card *card) {
    if (!card->is_touched) card->is_touched = 1;
}

typedef struct {
    uint32_t hash;
    uint32_t number; /* of the card, from 1; 0: free */
} mw_card_slot;

typedef struct {
    size_t key_count, census_count, hint_count;
    size_t card_size; /* bytes: whole cache lines */
    mw_budget *budget;
    mw_card_slot *slots;
    size_t slot_count;    /* a power of two, or 0 */
    void **chunks;        /* of cards */
    size_t chunk_count, chunk_capacity;
    size_t counted_size;  /* of the cards, in the budget */
    uint32_t first_free;  /* number of a card to use again; 0: none */
    uint32_t number_end;  /* the first number never given out */
    size_t count;
} mw_cards;

void mw_cards_init(mw_cards *cards, size_t key_count, size_t census_count, size_t hint_count,
                   mw_budget *budget);
/* The hash of a card's only key, and of any. */
static inline uint64_t mw_cards_hash_one(mw_cell key) {
    return mw_hash_join(0, key.bits);
}
static inline uint64_t mw_cards_hash(const mw_cards *cards, const mw_cell *keys) {
    uint64_t hash = 0;
    for (size_t i = 0; i < cards->key_count; i++) hash = mw_hash_join(hash, keys[i].bits);
    return hash;
}
mw_card *mw_cards_find(const mw_cards *cards, const mw_cell *keys, uint64_t hash); /* or NULL */
/* The card of `keys`, made empty if there is none; NULL if memory is out. */
mw_card *mw_cards_add(mw_cards *cards, const mw_cell *keys, uint64_t hash);
/* The card of a number from 1 to number_end - 1; NULL if it is free. */
mw_card *mw_cards_at(const mw_cards *cards, uint32_t number);
/* Whether it is the card of `keys`: a hash never decides. */
static inline bool mw_cards_is(const mw_cards *cards, const mw_card *card, const mw_cell *keys) {
    for (size_t i = 0; i < cards->key_count; i++)
        if (card->keys[i].bits != keys[i].bits) return false;
    return true;
}
static inline mw_census **mw_cards_censuses(const mw_cards *cards, mw_card *card) {
    return (mw_census **)(void *)(card->keys + cards->key_count);
}
static inline uint32_t *mw_cards_hints(const mw_cards *cards, mw_card *card) {
    return (uint32_t *)(void *)(mw_cards_censuses(cards, card) + cards->census_count);
}
/* For those who know what comes: asks the cache for the slot where the search begins, and gives
   the card that it will likely find, or NULL, without looking at any card. */
static inline void mw_cards_prefetch(const mw_cards *cards, uint64_t hash) {
    if (cards->slot_count > 0)
        __builtin_prefetch(&cards->slots[hash >> 32 & (cards->slot_count - 1)]);
}
mw_card *mw_cards_guess(const mw_cards *cards, uint64_t hash);
/* Forgets a card. Its ring and its censuses are the caller's to release before. */
void mw_cards_remove(mw_cards *cards, uint32_t number);
void mw_cards_release(mw_cards *cards);
