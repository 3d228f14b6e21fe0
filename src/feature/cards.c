#include "feature/cards.h"

#include <string.h>

/* What few events need is made small. */
#define RARE __attribute__((noinline, cold))

enum { CHUNK_CARDS_MIN_BITS = 4, CHUNKS_MAX = 28, SLOTS_MIN = 16, LINE_SIZE = 64 };
enum { COUNTED_CARDS = 1024 };

/* A free card says so in `reserved`, and its ring's `first` is the number of the next one. */
#define FREE (UINT32_MAX >> 2)

/* Chunk k holds 16 * 2^k cards, so that small groups stay small and numbers find their chunk by
   their highest bit. */
typedef struct {
    int chunk;
    size_t index;
} place;

static place place_of(uint32_t number) {
    uint64_t shifted = (uint64_t)number - 1 + (UINT64_C(1) << CHUNK_CARDS_MIN_BITS);
    int high_bit = 63 - __builtin_clzll(shifted);
    return (place){high_bit - CHUNK_CARDS_MIN_BITS,
                   (size_t)(shifted - (UINT64_C(1) << high_bit))};
}

static size_t chunk_cards(int chunk) {
    return (size_t)1 << (chunk + CHUNK_CARDS_MIN_BITS);
}

/* With room to begin at a line. */
static size_t chunk_size(const mw_cards *cards, int chunk) {
    return chunk_cards(chunk) * cards->card_size + LINE_SIZE;
}

static mw_card *card_at(const mw_cards *cards, uint32_t number) {
    place at = place_of(number);
    char *chunk = cards->chunks[at.chunk];
    chunk += LINE_SIZE - (uintptr_t)chunk % LINE_SIZE;
    return (mw_card *)(void *)(chunk + at.index * cards->card_size);
}

void mw_cards_init(mw_cards *cards, size_t key_count, size_t census_count, size_t hint_count,
                   mw_budget *budget) {
    size_t size = sizeof(mw_card) + key_count * sizeof(mw_cell) +
                  census_count * sizeof(mw_census *) + hint_count * sizeof(uint32_t);
    *cards = (mw_cards){.key_count = key_count,
                        .census_count = census_count,
                        .hint_count = hint_count,
                        .card_size = (size + LINE_SIZE - 1) / LINE_SIZE * LINE_SIZE,
                        .budget = budget,
                        .number_end = 1};
}

/* What a slot keeps of the hash; its low bits say where the search begins. */
static uint32_t tag_of(uint64_t hash) {
    return (uint32_t)(hash >> 32);
}

mw_card *mw_cards_find(const mw_cards *cards, const mw_cell *keys, uint64_t hash) {
    if (cards->slot_count == 0) return NULL;
    uint32_t tag = tag_of(hash);
    size_t mask = cards->slot_count - 1;
    for (size_t i = tag & mask; cards->slots[i].number != 0; i = (i + 1) & mask) {
        if (cards->slots[i].hash != tag) continue;
        mw_card *card = card_at(cards, cards->slots[i].number);
        if (mw_cards_is(cards, card, keys)) return card;
    }
    return NULL;
}

mw_card *mw_cards_guess(const mw_cards *cards, uint64_t hash) {
    if (cards->slot_count == 0) return NULL;
    uint32_t tag = tag_of(hash);
    size_t mask = cards->slot_count - 1;
    for (size_t i = tag & mask; cards->slots[i].number != 0; i = (i + 1) & mask)
        if (cards->slots[i].hash == tag) return card_at(cards, cards->slots[i].number);
    return NULL;
}

static void put(mw_card_slot *slots, size_t slot_count, mw_card_slot entry) {
    size_t i = entry.hash & (slot_count - 1);
    while (slots[i].number != 0) i = (i + 1) & (slot_count - 1);
    slots[i] = entry;
}

RARE static bool grow_slots(mw_cards *cards) {
    size_t slot_count = cards->slot_count > 0 ? 2 * cards->slot_count : SLOTS_MIN;
    if (!mw_budget_take(cards->budget, slot_count * sizeof(mw_card_slot))) return false;
    mw_card_slot *slots = mw_allocate(slot_count * sizeof *slots);
    if (!slots) {
        mw_budget_give(cards->budget, slot_count * sizeof *slots);
        return false;
    }
    for (size_t i = 0; i < cards->slot_count; i++)
        if (cards->slots[i].number != 0) put(slots, slot_count, cards->slots[i]);
    mw_budget_give(cards->budget, cards->slot_count * sizeof *slots);
    mw_free(cards->slots);
    cards->slots = slots;
    cards->slot_count = slot_count;
    return true;
}

RARE static bool add_chunk(mw_cards *cards) {
    if (cards->chunk_count == CHUNKS_MAX ||
        !mw_grow((void **)&cards->chunks, &cards->chunk_capacity, cards->chunk_count + 1,
                 sizeof *cards->chunks, CHUNKS_MAX))
        return false;
    /* Not zeroed: a card is filled when it is given out. */
    void *chunk = mw_resize(NULL, chunk_size(cards, (int)cards->chunk_count));
    if (!chunk) return false;
    cards->chunks[cards->chunk_count++] = chunk;
    return true;
}

/* The system gives the pages of a chunk as they are touched, so its cards count some at a time: the
   last chunk is as large as all others, and rings would go out for what is not there. */
static bool count_cards(mw_cards *cards, place at) {
    size_t count = chunk_cards(at.chunk);
    if (count > COUNTED_CARDS) count = COUNTED_CARDS;
    if (at.index % count != 0) return true;
    if (!mw_budget_take(cards->budget, count * cards->card_size)) return false;
    cards->counted_size += count * cards->card_size;
    return true;
}

static uint32_t take_number(mw_cards *cards) {
    uint32_t number = cards->first_free;
    if (number != 0) {
        cards->first_free = (uint32_t)card_at(cards, number)->ring.first;
        return number;
    }
    number = cards->number_end;
    place at = place_of(number);
    if ((size_t)at.chunk == cards->chunk_count && !add_chunk(cards)) return 0;
    if (!count_cards(cards, at)) return 0;
    cards->number_end++;
    return number;
}

mw_card *mw_cards_add(mw_cards *cards, const mw_cell *keys, uint64_t hash) {
    mw_card *card = mw_cards_find(cards, keys, hash);
    if (card) return card;
    if (2 * (cards->count + 1) > cards->slot_count && !grow_slots(cards)) return NULL;
    uint32_t number = take_number(cards);
    if (number == 0) return NULL;

    card = card_at(cards, number);
    *card = (mw_card){.hash = tag_of(hash), .ring.capacity = 0};
    for (size_t i = 0; i < cards->key_count; i++) card->keys[i] = keys[i];
    for (size_t i = 0; i < cards->census_count; i++) mw_cards_censuses(cards, card)[i] = NULL;
    memset(mw_cards_hints(cards, card), 0, cards->hint_count * sizeof(uint32_t));
    put(cards->slots, cards->slot_count, (mw_card_slot){card->hash, number});
    cards->count++;
    return card;
}

mw_card *mw_cards_at(const mw_cards *cards, uint32_t number) {
    MW_ASSERT(number > 0 && number < cards->number_end);
    mw_card *card = card_at(cards, number);
    return card->reserved == FREE ? NULL : card;
}

/* Frees a slot. Those behind it that were not found where their search begins move up, as long as
   none is free between: so no search ends too early. */
static void free_slot(mw_cards *cards, size_t hole) {
    size_t mask = cards->slot_count - 1;
    for (size_t i = (hole + 1) & mask; cards->slots[i].number != 0; i = (i + 1) & mask) {
        size_t begin = cards->slots[i].hash & mask;
        if (((i - begin) & mask) < ((i - hole) & mask)) continue;
        cards->slots[hole] = cards->slots[i];
        hole = i;
    }
    cards->slots[hole] = (mw_card_slot){0};
}

RARE void mw_cards_remove(mw_cards *cards, uint32_t number) {
    mw_card *card = mw_cards_at(cards, number);
    MW_ASSERT(card && card->reserved == 0 && !card->is_out && card->ring.capacity == 0);
    size_t mask = cards->slot_count - 1, slot = card->hash & mask;
    while (cards->slots[slot].number != number) slot = (slot + 1) & mask;
    free_slot(cards, slot);
    card->reserved = FREE;
    card->ring.first = cards->first_free;
    cards->first_free = number;
    cards->count--;
}

RARE void mw_cards_release(mw_cards *cards) {
    for (size_t i = 0; i < cards->chunk_count; i++) mw_free(cards->chunks[i]);
    mw_free(cards->chunks);
    mw_budget_give(cards->budget,
                   cards->counted_size + cards->slot_count * sizeof *cards->slots);
    mw_free(cards->slots);
    mw_cards_init(cards, cards->key_count, cards->census_count, cards->hint_count, cards->budget);
}
