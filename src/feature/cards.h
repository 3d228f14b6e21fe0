/*
 * cards: the keys of one group, each with a card: its ring of events and its bounds.
 *
 * Open addressing over 32-bit card numbers beside 32 bits of the hash, at most three quarters
 * full; a hash only says where to look, the key's cells decide. Cards never move, so a pointer
 * to one stays good until it is swept away.
 */
#pragma once
#include "feature/bound.h"

typedef struct {
    mw_ring ring;
    mw_bound *bounds;  /* one each of the group's; NULL while the ring is short */
    uint32_t hash;
    uint32_t reserved; /* events that are promised room here, but not yet known */
    mw_cell keys[];
} mw_card;

typedef struct {
    uint32_t hash;
    uint32_t number; /* of the card, from 1; 0: free */
} mw_card_slot;

typedef struct {
    size_t key_count;
    mw_budget *budget;
    mw_card_slot *slots;
    size_t slot_count;    /* a power of two, or 0 */
    mw_card **chunks;     /* of cards */
    size_t chunk_count, chunk_capacity;
    uint32_t first_free;  /* number of a card to use again; 0: none */
    uint32_t number_end;  /* the first number never given out */
    size_t count;
} mw_cards;

void mw_cards_init(mw_cards *cards, size_t key_count, mw_budget *budget);
uint64_t mw_cards_hash(const mw_cards *cards, const mw_cell *keys);
mw_card *mw_cards_find(const mw_cards *cards, const mw_cell *keys, uint64_t hash); /* or NULL */
/* The card of `keys`, made empty if there is none; NULL if memory is out. */
mw_card *mw_cards_add(mw_cards *cards, const mw_cell *keys, uint64_t hash);
/* The card of a number from 1 to number_end - 1; NULL if it is free. */
mw_card *mw_cards_at(const mw_cards *cards, uint32_t number);
/* Forgets a card; the table must be rebuilt before the next look-up. Its ring and bounds are
   the caller's to release before. */
void mw_cards_remove(mw_cards *cards, uint32_t number);
void mw_cards_rebuild(mw_cards *cards);
void mw_cards_release(mw_cards *cards);
