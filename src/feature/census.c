#include "feature/census.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum {
    CAPACITY_MIN = 64,
    EVENTS_PER_ENTRY_MAX = 8, /* so that making it anew costs little for each new value */
    BUCKET_SHIFT = 44,        /* leaves the sign, the exponent and 8 bits of the mantissa */
    BUCKET_MASK = 0xfffff,
    BUCKET_SIGN = 0x80000,
    COUNTS_AT_ONCE = 16,
    MILLION = 1000000,
};
#define NONE UINT32_MAX

typedef struct {
    uint64_t from, to; /* positions of the ring */
    uint32_t values, different;
    uint32_t leader; /* the entry of the most frequent value; NONE: not known */
} census_span;

struct mw_census {
    const mw_census_plan *plan;
    const mw_ring *ring;
    mw_budget *budget;
    size_t size;
    uint32_t capacity, count; /* of entries */
    uint64_t *keys;           /* by entry */
    uint32_t *counts;         /* of span s and entry e: [s * capacity + e] */
    uint32_t *slots;          /* 2 * capacity of them: entry + 1, or 0; none if bucketed */
    census_span spans[];
};

bool mw_is_counted(mw_aggregate aggregate) {
    return aggregate == MW_AGGREGATE_QUANTILE || aggregate == MW_AGGREGATE_DISTINCT ||
           aggregate == MW_AGGREGATE_TOP;
}

/* Buckets in order of their values: negative ones count down. */
static uint64_t key_of(const mw_census_plan *plan, mw_cell value) {
    if (!plan->is_bucketed) return value.bits;
    uint64_t bucket = value.bits >> BUCKET_SHIFT;
    return bucket & BUCKET_SIGN ? BUCKET_MASK - bucket : bucket | BUCKET_SIGN;
}

/* The bucket's middle; that of what is nearest to 0 is 0. */
static mw_cell value_of_bucket(uint64_t key) {
    uint64_t bucket = key & BUCKET_SIGN ? key & ~(uint64_t)BUCKET_SIGN : BUCKET_MASK - key;
    if ((bucket & ~(uint64_t)BUCKET_SIGN) == 0) return mw_cell_number(0);
    return (mw_cell){.bits = bucket << BUCKET_SHIFT | UINT64_C(1) << (BUCKET_SHIFT - 1)};
}

static uint32_t *counts_of(const mw_census *census, uint32_t span) {
    return census->counts + (size_t)span * census->capacity;
}

/* The first entry whose key is not before `key`. */
static uint32_t place_of(const mw_census *census, uint64_t key) {
    uint32_t low = 0, high = census->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (census->keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The slot that has the key or may take it. */
static uint32_t *slot_of(const mw_census *census, uint64_t key) {
    uint32_t mask = 2 * census->capacity - 1;
    uint32_t i = (uint32_t)(mw_hash_join(0, key) >> 32) & mask;
    while (census->slots[i] != 0 && census->keys[census->slots[i] - 1] != key) i = (i + 1) & mask;
    return &census->slots[i];
}

/* The entry of a key, which has one. */
static uint32_t entry_of(const mw_census *census, uint64_t key) {
    uint32_t entry = census->plan->is_bucketed ? place_of(census, key) : *slot_of(census, key) - 1;
    MW_ASSERT(entry < census->count && census->keys[entry] == key);
    return entry;
}

static void add_in_order(mw_census *census, uint64_t key) {
    uint32_t place = place_of(census, key), after = census->count - place;
    if (after > 0 && census->keys[place] == key) return;
    memmove(census->keys + place + 1, census->keys + place, after * sizeof *census->keys);
    for (uint32_t span = 0; span < census->plan->span_count; span++) {
        uint32_t *counts = counts_of(census, span) + place;
        memmove(counts + 1, counts, after * sizeof *counts);
        *counts = 0;
    }
    census->keys[place] = key;
    census->count++;
}

/* Makes an entry for a key that has none. There must be room. */
static void add_key(mw_census *census, uint64_t key) {
    MW_ASSERT(census->count < census->capacity);
    if (census->plan->is_bucketed) {
        add_in_order(census, key);
        return;
    }
    uint32_t *slot = slot_of(census, key);
    if (*slot != 0) return;
    census->keys[census->count] = key;
    *slot = ++census->count;
}

static mw_cell value_at(const mw_census *census, uint64_t position) {
    return *mw_ring_at(census->plan->shape, census->ring, position, census->plan->word);
}

static mw_census *create(const mw_census_plan *plan, const mw_ring *ring, uint32_t capacity,
                         mw_budget *budget) {
    size_t head = sizeof(mw_census) + plan->span_count * sizeof(census_span);
    size_t slots = plan->is_bucketed ? 0 : 2 * (size_t)capacity;
    size_t counts = (size_t)plan->span_count * capacity;
    size_t size = head + capacity * sizeof(uint64_t) + (counts + slots) * sizeof(uint32_t);
    if (!mw_budget_take_movable(budget, size)) return NULL;
    mw_census *census = mw_allocate(size);
    if (!census) {
        mw_budget_give_movable(budget, size);
        return NULL;
    }
    *census = (mw_census){plan, ring, budget, .size = size, .capacity = capacity};
    census->keys = (uint64_t *)(void *)((char *)census + head);
    census->counts = (uint32_t *)(void *)(census->keys + capacity);
    census->slots = census->counts + counts;
    for (uint32_t i = 0; i < plan->span_count; i++)
        census->spans[i] = (census_span){ring->first, ring->first, .leader = NONE};
    return census;
}

void mw_census_release(mw_census *census) {
    if (!census) return;
    mw_budget_give_movable(census->budget, census->size);
    mw_free(census);
}

/* Makes the entries of what the ring holds now; false if with `extra` more they take over half of
   the room. */
static bool fill(mw_census *census, uint32_t extra) {
    for (uint64_t at = census->ring->first; at < mw_ring_end(census->ring); at++) {
        mw_cell value = value_at(census, at);
        if (mw_cell_is_missing(census->plan->type, value)) continue;
        add_key(census, key_of(census->plan, value));
        if (census->count + extra > census->capacity / 2) return false;
    }
    return true;
}

/* Without what the ring has forgotten, and with room for `extra` more; NULL if memory is out. */
static mw_census *make(const mw_census_plan *plan, const mw_ring *ring, uint32_t extra,
                       mw_budget *budget) {
    uint32_t capacity = CAPACITY_MIN;
    while (capacity < ring->count / EVENTS_PER_ENTRY_MAX || capacity < 2 * extra) capacity *= 2;
    for (; capacity <= MW_RING_COUNT_MAX; capacity *= 2) {
        mw_census *census = create(plan, ring, capacity, budget);
        if (!census || fill(census, extra)) return census;
        mw_census_release(census);
    }
    return NULL;
}

bool mw_census_reserve(mw_census **census, const mw_census_plan *plan, const mw_ring *ring,
                       uint32_t extra, mw_budget *budget) {
    if (*census ? (*census)->count + extra <= (*census)->capacity
                : ring->count + extra <= MW_CENSUS_FEW)
        return true;
    mw_census *made = make(plan, ring, extra, budget);
    if (!made) return false;
    mw_census_release(*census);
    *census = made;
    return true;
}

void mw_census_shrink(mw_census **census, uint32_t needed) {
    mw_census *old = *census;
    if (!old || (needed > MW_CENSUS_FEW / 2 && needed >= old->capacity / 8)) return;
    mw_census *made = NULL;
    if (needed > MW_CENSUS_FEW / 2) {
        made = make(old->plan, old->ring, needed - old->ring->count + 1, old->budget);
        if (!made) return; /* the larger one does as well */
    }
    mw_census_release(old);
    *census = made;
}

/* Whether entry `a` comes before `b` as the most frequent value (rule 13). */
static bool leads(const mw_census *census, const uint32_t *counts, uint32_t a, uint32_t b) {
    if (counts[a] != counts[b]) return counts[a] > counts[b];
    const mw_census_plan *plan = census->plan;
    return mw_cell_compare(plan->type, (mw_cell){.bits = census->keys[a]},
                           (mw_cell){.bits = census->keys[b]}, plan->shape->symbols) < 0;
}

void mw_census_take_in(mw_census *census, uint32_t index, mw_cell value) {
    if (mw_cell_is_missing(census->plan->type, value)) return;
    census_span *span = &census->spans[index];
    uint32_t *counts = counts_of(census, index);
    uint32_t entry = entry_of(census, key_of(census->plan, value));
    span->values++;
    if (counts[entry]++ == 0) span->different++;
    if (span->leader != NONE && entry != span->leader &&
        leads(census, counts, entry, span->leader))
        span->leader = entry;
}

void mw_census_leave_out(mw_census *census, uint32_t index, mw_cell value) {
    if (mw_cell_is_missing(census->plan->type, value)) return;
    census_span *span = &census->spans[index];
    uint32_t *counts = counts_of(census, index);
    uint32_t entry = entry_of(census, key_of(census->plan, value));
    MW_ASSERT(counts[entry] > 0);
    span->values--;
    if (--counts[entry] == 0) span->different--;
    if (entry == span->leader) span->leader = NONE;
}

void mw_census_insert(mw_census *census, uint64_t position) {
    mw_cell value = value_at(census, position);
    if (!mw_cell_is_missing(census->plan->type, value))
        add_key(census, key_of(census->plan, value));
    for (uint32_t i = 0; i < census->plan->span_count; i++) {
        census_span *span = &census->spans[i];
        if (position >= span->to) continue;
        span->to++;
        if (position < span->from)
            span->from++;
        else
            mw_census_take_in(census, i, value);
    }
}

void mw_census_remove(mw_census *census, uint64_t position) {
    for (uint32_t i = 0; i < census->plan->span_count; i++) {
        census_span *span = &census->spans[i];
        if (position >= span->to) continue;
        if (position >= span->from) mw_census_leave_out(census, i, value_at(census, position));
        else span->from--;
        span->to--;
    }
}

void mw_census_evict(mw_census *census, uint64_t position) {
    for (uint32_t i = 0; i < census->plan->span_count; i++) {
        census_span *span = &census->spans[i];
        for (; span->from < position && span->from < span->to; span->from++)
            mw_census_leave_out(census, i, value_at(census, span->from));
        if (span->from < position) span->from = span->to = position;
    }
}

void mw_census_move(mw_census *census, uint32_t index, uint64_t from, uint64_t to) {
    census_span *span = &census->spans[index];
    bool is_apart = to <= span->from || from >= span->to; /* nothing is kept */
    uint64_t kept = is_apart ? span->to : from;
    for (; span->from < kept; span->from++)
        mw_census_leave_out(census, index, value_at(census, span->from));
    if (is_apart) span->from = span->to = from;
    while (span->from > from) mw_census_take_in(census, index, value_at(census, --span->from));
    for (; span->to < to; span->to++)
        mw_census_take_in(census, index, value_at(census, span->to));
    while (span->to > to) mw_census_leave_out(census, index, value_at(census, --span->to));
}

/* Nearest rank, from 1: that of the least value which has the fraction at or below it. */
static uint64_t rank_of(const mw_window *window, uint64_t count) {
    uint64_t millionths = (uint64_t)window->quantile_millionths * count;
    uint64_t rank = (millionths + MILLION - 1) / MILLION;
    return rank > 0 ? rank : 1;
}

static mw_cell read_quantile(const mw_census *census, uint32_t index, const mw_window *window) {
    const uint32_t *counts = counts_of(census, index);
    uint64_t rank = rank_of(window, census->spans[index].values), before = 0;
    uint32_t entry = 0;
    for (; entry + COUNTS_AT_ONCE <= census->count; entry += COUNTS_AT_ONCE) {
        uint32_t sum = 0;
        for (uint32_t i = 0; i < COUNTS_AT_ONCE; i++) sum += counts[entry + i];
        if (before + sum >= rank) break;
        before += sum;
    }
    while (before + counts[entry] < rank) before += counts[entry++];
    return value_of_bucket(census->keys[entry]);
}

/* Looks at the entries or at the events of the span, whichever are fewer. */
static void find_leader(mw_census *census, uint32_t index) {
    census_span *span = &census->spans[index];
    const uint32_t *counts = counts_of(census, index);
    bool by_entry = census->count <= span->to - span->from;
    uint64_t end = by_entry ? census->count : span->to;
    for (uint64_t at = by_entry ? 0 : span->from; at < end; at++) {
        uint32_t entry = (uint32_t)at;
        if (!by_entry) {
            mw_cell value = value_at(census, at);
            if (mw_cell_is_missing(census->plan->type, value)) continue;
            entry = entry_of(census, key_of(census->plan, value));
        }
        if (counts[entry] == 0) continue;
        if (span->leader == NONE || leads(census, counts, entry, span->leader))
            span->leader = entry;
    }
}

mw_cell mw_census_read(mw_census *census, uint32_t index, const mw_window *window) {
    const census_span *span = &census->spans[index];
    bool is_quantile = window->aggregate == MW_AGGREGATE_QUANTILE;
    bool is_missing = is_quantile ? span->values == 0
                                  : span->different > MW_DIFFERENT_VALUES_MAX;
    if (is_missing) return mw_cell_missing(window->type);
    if (is_quantile) return read_quantile(census, index, window);
    if (window->aggregate == MW_AGGREGATE_DISTINCT) return mw_cell_number(span->different);
    if (span->values == 0) return mw_cell_missing(window->type);
    if (span->leader == NONE) find_leader(census, index);
    return (mw_cell){.bits = census->keys[span->leader]};
}

/* The keys of the values that are there, in order. */
static uint32_t sort_keys(const mw_census_plan *plan, const mw_cell *values, uint32_t count,
                          uint64_t *out_keys) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (mw_cell_is_missing(plan->type, values[i])) continue;
        uint64_t key = key_of(plan, values[i]);
        uint32_t place = found++;
        for (; place > 0 && out_keys[place - 1] > key; place--)
            out_keys[place] = out_keys[place - 1];
        out_keys[place] = key;
    }
    return found;
}

static mw_cell read_sorted(const mw_census_plan *plan, const uint64_t *keys, size_t count,
                           const mw_window *window) {
    if (window->aggregate == MW_AGGREGATE_QUANTILE)
        return count > 0 ? value_of_bucket(keys[rank_of(window, count) - 1])
                         : mw_cell_missing(MW_TYPE_NUMBER);
    uint32_t different = 0;
    size_t most = 0;
    mw_cell leader = mw_cell_missing(plan->type);
    for (size_t from = 0, to; from < count; from = to, different++) {
        for (to = from + 1; to < count && keys[to] == keys[from]; to++) continue;
        mw_cell value = {.bits = keys[from]};
        if (to - from < most ||
            (to - from == most &&
             mw_cell_compare(plan->type, value, leader, plan->shape->symbols) > 0))
            continue;
        leader = value;
        most = to - from;
    }
    if (different > MW_DIFFERENT_VALUES_MAX) return mw_cell_missing(window->type);
    return window->aggregate == MW_AGGREGATE_DISTINCT ? mw_cell_number(different) : leader;
}

mw_cell mw_census_read_few(const mw_census_plan *plan, const mw_cell *values, uint32_t count,
                           const mw_window *window) {
    MW_ASSERT(count <= MW_CENSUS_FEW);
    uint64_t keys[MW_CENSUS_FEW];
    count = sort_keys(plan, values, count, keys);
    return read_sorted(plan, keys, count, window);
}

static int compare_keys(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

mw_cell mw_census_read_many(const mw_window *window, const mw_symbols *symbols, mw_cell *values,
                            size_t count) {
    mw_ring_shape shape = {.symbols = symbols};
    mw_census_plan plan = {.type = mw_code_type(window->value),
                           .is_bucketed = window->aggregate == MW_AGGREGATE_QUANTILE,
                           .shape = &shape};
    uint64_t *keys = &values->bits;
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (!mw_cell_is_missing(plan.type, values[i])) keys[found++] = key_of(&plan, values[i]);
    qsort(keys, found, sizeof *keys, compare_keys);
    return read_sorted(&plan, keys, found, window);
}
