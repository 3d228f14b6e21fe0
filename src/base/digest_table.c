#include "base/digest_table.h"

enum { SLOTS_MIN = 64, MOVES = 8 };

static const mw_keyed_hash *digest_of(const mw_digest_table *table, size_t index) {
    const char *first = (const char *)table->items.first;
    return (const void *)(first + index * table->items.stride);
}

/* The bits of a slot that hold its number. */
static uint32_t number_bits(const mw_digest_slots *in) { return (uint32_t)(in->count - 1); }

/* The slot of the digest, or the free one where it belongs. Whose other bits differ is not looked
   at: each look is at another line of a large array. */
static uint32_t *find_slot(const mw_digest_table *table, const mw_digest_slots *in,
                           const mw_keyed_hash *digest) {
    size_t mask = in->count - 1;
    uint32_t bits = number_bits(in), others = (uint32_t)digest->words[0] & ~bits;
    for (size_t at = digest->words[0] & mask;; at = (at + 1) & mask) {
        uint32_t *slot = &in->slots[at];
        if (*slot == 0) return slot;
        if ((*slot & ~bits) != others) continue;
        const mw_keyed_hash *other = digest_of(table, (*slot & bits) - 1);
        if (other->words[0] == digest->words[0] && other->words[1] == digest->words[1])
            return slot;
    }
}

/* Its number wherever the digest stands; 0: nowhere. */
static uint32_t find_number(const mw_digest_table *table, const mw_keyed_hash *digest) {
    uint32_t number = *find_slot(table, &table->slots, digest) & number_bits(&table->slots);
    if (number > 0 || !table->before.slots) return number;
    return *find_slot(table, &table->before, digest) & number_bits(&table->before);
}

static void put(mw_digest_table *table, uint32_t number) {
    const mw_keyed_hash *digest = digest_of(table, number - 1);
    uint32_t *slot = find_slot(table, &table->slots, digest);
    if (*slot == 0) *slot = ((uint32_t)digest->words[0] & ~number_bits(&table->slots)) | number;
}

/* Slot by slot, so that it goes through both tables from page to page: a page that is new to the
   process costs its first touch, and many at once a stall. */
static void move_some(mw_digest_table *table, size_t move_max) {
    if (!table->before.slots) return;
    for (; table->moved < table->before.count && move_max > 0; move_max--, table->moved++) {
        uint32_t slot = table->before.slots[table->moved];
        if (slot > 0) put(table, slot & number_bits(&table->before));
    }
    if (table->moved < table->before.count) return;
    mw_free(table->before.slots);
    table->before = (mw_digest_slots){NULL, 0};
}

bool mw_digest_table_reserve(mw_digest_table *table, mw_digests items, size_t count) {
    mw_digest_slots grown = {NULL, table->slots.count ? table->slots.count : SLOTS_MIN};
    table->items = items;
    if (count > MW_DIGESTS_MAX) return false;
    while (grown.count < 2 * count) grown.count *= 2;
    if (grown.count == table->slots.count) return true;
    grown.slots = mw_allocate(grown.count * sizeof *grown.slots);
    if (!grown.slots) return false;
    move_some(table, SIZE_MAX);
    table->before = table->slots;
    table->slots = grown;
    table->moved = 0;
    return true;
}

void mw_digest_table_add(mw_digest_table *table) {
    MW_ASSERT(2 * (table->count + 1) <= table->slots.count);
    move_some(table, MOVES);
    uint32_t number = (uint32_t)++table->count;
    if (!table->before.slots || find_number(table, digest_of(table, number - 1)) == 0)
        put(table, number);
}

size_t mw_digest_table_find(const mw_digest_table *table, mw_keyed_hash digest) {
    uint32_t number = table->slots.slots ? find_number(table, &digest) : 0;
    return number == 0 ? MW_DIGEST_ABSENT : number - 1;
}

void mw_digest_table_release(mw_digest_table *table) {
    mw_free(table->slots.slots);
    mw_free(table->before.slots);
}
