#include "feature/ring.h"

#include "feature/ring_reading.h"

#include <string.h>

/* A node of level k >= 1 stands for 16^k neighbouring slots; level 0 are the slots. */
enum { FAN_BITS = 4, FAN = 1 << FAN_BITS, PAGE_MASK = MW_PAGE_EVENTS - 1 };

static size_t page_count(uint32_t capacity) {
    return capacity >> MW_PAGE_BITS;
}

static size_t level_nodes(uint32_t capacity, int level) {
    return (size_t)capacity >> (FAN_BITS * level);
}

/* Whole half lines: so a small page, wherever it stands, takes no more lines than it must. */
size_t mw_ring_size(const mw_ring_shape *shape, uint32_t capacity) {
    size_t words = page_count(capacity) * shape->page_words;
    if (shape->rank_count > 0)
        for (int level = 1; level_nodes(capacity, level) > 0; level++)
            words += level_nodes(capacity, level) * shape->rank_count;
    enum { HALF_LINE_WORDS = 4 };
    return (words + HALF_LINE_WORDS - 1) / HALF_LINE_WORDS * HALF_LINE_WORDS * sizeof(mw_cell);
}

static int block_class(uint32_t capacity) {
    return __builtin_ctz(capacity);
}

/* The value of a rank at a node; a slot is a node of level 0. */
static mw_cell *node_at(const mw_ring_shape *shape, const mw_ring *ring, int level, size_t node,
                        uint32_t rank) {
    if (level == 0) return mw_ring_at(shape, ring, node, shape->ranks[rank].word);
    mw_cell *nodes = ring->words + page_count(ring->capacity) * shape->page_words;
    for (int below = 1; below < level; below++)
        nodes += level_nodes(ring->capacity, below) * shape->rank_count;
    return nodes + node * shape->rank_count + rank;
}

mw_cell mw_rank_better(const mw_rank *rank, const mw_symbols *symbols, mw_cell a, mw_cell b) {
    if (mw_cell_is_missing(rank->type, a)) return b;
    if (mw_cell_is_missing(rank->type, b)) return a;
    if (rank->type == MW_TYPE_NUMBER)
        return (rank->is_max ? a.number >= b.number : a.number <= b.number) ? a : b;
    int order = mw_cell_compare(rank->type, a, b, symbols);
    return (rank->is_max ? order >= 0 : order <= 0) ? a : b;
}

/* Works out the nodes that end with `slot`. A node is complete, and only then looked at, once
   its last slot is written. */
static void seal_nodes(const mw_ring_shape *shape, mw_ring *ring, size_t slot) {
    for (int level = 1; (slot & (FAN - 1)) == FAN - 1; level++) {
        slot >>= FAN_BITS;
        if (slot >= level_nodes(ring->capacity, level)) return;
        for (uint32_t rank = 0; rank < shape->rank_count; rank++) {
            mw_cell best = *node_at(shape, ring, level - 1, slot << FAN_BITS, rank);
            for (size_t child = 1; child < FAN; child++)
                best = mw_rank_better(&shape->ranks[rank], shape->symbols, best,
                                      *node_at(shape, ring, level - 1,
                                               (slot << FAN_BITS) + child, rank));
            *node_at(shape, ring, level, slot, rank) = best;
        }
    }
}

static void write_total(mw_cell *words, const mw_total *total) {
    for (size_t i = 0; i < 3; i++) words[i].bits = total->sum.limbs[i];
    words[3].bits = total->count;
}

static mw_cell *powers_at(const mw_ring_shape *shape, mw_cell *page, uint32_t powers) {
    mw_cell *at = mw_page_total(shape, page, shape->total_count);
    for (uint32_t i = 0; i < powers; i++) at += mw_power_sums_words(shape->powers[i].kind);
    return at;
}

static mw_power_sums powers_within(const mw_ring_shape *shape, mw_cell *page, uint32_t powers,
                               uint64_t count) {
    mw_ring_powers of = shape->powers[powers];
    mw_power_sums sums = mw_power_sums_load(of.kind, powers_at(shape, page, powers));
    const mw_cell *values = page + of.word * MW_PAGE_EVENTS;
    for (uint64_t i = 0; i < count; i++)
        mw_power_sums_add(&sums, of.kind, page[i].time, values[i].number);
    return sums;
}

/* What begin_page does for totals, for powers. */
static void begin_powers(const mw_ring_shape *shape, mw_ring *ring, uint64_t position) {
    mw_cell *page = mw_ring_page(shape, ring, position);
    for (uint32_t i = 0; i < shape->powers_count; i++) {
        mw_power_sums sums = {0};
        if (position > ring->first)
            sums = powers_within(shape, mw_ring_page(shape, ring, position - 1), i,
                                 MW_PAGE_EVENTS);
        mw_power_sums_store(shape->powers[i].kind, &sums, powers_at(shape, page, i));
    }
}

/* Begins the page of `position`. The page before it still has all its values, were they evicted. */
static void begin_page(const mw_ring_shape *shape, mw_ring *ring, uint64_t position) {
    mw_cell *page = mw_ring_page(shape, ring, position);
    for (uint32_t i = 0; i < shape->total_count; i++) {
        mw_total sum = {0};
        if (position > ring->first)
            sum = mw_page_total_within(shape, mw_ring_page(shape, ring, position - 1), i,
                                       MW_PAGE_EVENTS);
        write_total(mw_page_total(shape, page, i), &sum);
    }
    if (shape->powers_count > 0) begin_powers(shape, ring, position);
    uint64_t written = mw_ring_end(ring) - position;
    for (; written < MW_PAGE_EVENTS; written++) page[written].time = MW_RING_NEVER;
}

/* Does what follows from a slot's being written after all before it. */
static inline void seal(const mw_ring_shape *shape, mw_ring *ring, uint64_t position) {
    if ((position & PAGE_MASK) == 0) begin_page(shape, ring, position);
    if (shape->rank_count > 0 && (position & (FAN - 1)) == FAN - 1)
        seal_nodes(shape, ring, position & (ring->capacity - 1));
}

/* Makes totals and summaries true again, once all slots from `position` to the end may have been
   written. */
static void seal_from(const mw_ring_shape *shape, mw_ring *ring, uint64_t position) {
    for (; position < mw_ring_end(ring); position++) seal(shape, ring, position);
}

void mw_ring_read(const mw_ring_shape *shape, const mw_ring *ring, uint64_t position,
                  mw_cell *out_element) {
    const mw_cell *word = mw_ring_at(shape, ring, position, 0);
    for (uint32_t i = 0; i < shape->element_words; i++, word += MW_PAGE_EVENTS)
        out_element[i] = *word;
}

static inline void write(mw_cell *slot, const mw_ring_shape *shape, const mw_cell *element) {
    for (uint32_t i = 0; i < shape->element_words; i++, slot += MW_PAGE_EVENTS)
        *slot = element[i];
}

/* Writes the element at one position to another. */
static void move(const mw_ring_shape *shape, mw_ring *ring, uint64_t from, uint64_t to) {
    for (uint32_t i = 0; i < shape->element_words; i++)
        *mw_ring_at(shape, ring, to, i) = *mw_ring_at(shape, ring, from, i);
}

mw_cell *mw_ring_take(const mw_ring_shape *shape, uint32_t capacity, mw_pool *pool) {
    return mw_pool_take(pool, block_class(capacity), mw_ring_size(shape, capacity));
}

/* Moves the pages to a block of another capacity, positions counting from the first page again.
   What they keep of the past stays true; it is nodes that stand for other slots now. */
static bool resize(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t capacity) {
    uint64_t skipped = ring->first & PAGE_MASK, moved = ring->first - skipped;
    mw_ring resized = {.first = skipped, .count = ring->count, .capacity = capacity};
    MW_ASSERT(skipped + ring->count <= capacity);
    resized.words = mw_ring_take(shape, capacity, pool);
    if (!resized.words) return false;
    for (uint64_t page = 0; page < mw_ring_end(&resized); page += MW_PAGE_EVENTS)
        memcpy(mw_ring_page(shape, &resized, page), mw_ring_page(shape, ring, page + moved),
               shape->page_words * sizeof(mw_cell));
    mw_ring_release(ring, pool);
    *ring = resized;
    if (shape->rank_count > 0)
        for (uint64_t last = FAN - 1; last < mw_ring_end(ring); last += FAN)
            seal_nodes(shape, ring, last);
    return true;
}

bool mw_ring_reserve(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t extra) {
    if (mw_ring_fits(ring, extra)) return true;
    /* A ring that evicts loses up to a page but for one; it must not be moved for each event. */
    uint64_t lost = (ring->first & PAGE_MASK) != 0 ? PAGE_MASK : 0;
    uint64_t needed = (uint64_t)ring->count + extra + lost;
    if (needed > MW_RING_COUNT_MAX) return false;
    uint32_t capacity = ring->capacity > 0 ? ring->capacity : MW_PAGE_EVENTS;
    while (capacity < needed) capacity *= 2;
    return resize(shape, ring, pool, capacity);
}

void mw_ring_shrink(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t needed) {
    MW_ASSERT(needed >= ring->count);
    needed += ring->first & PAGE_MASK;
    uint32_t capacity = ring->capacity;
    while (capacity > MW_PAGE_EVENTS && needed <= capacity / 4) capacity /= 2;
    if (capacity == ring->capacity) return;
    /* Without memory for the smaller block the larger one does as well. */
    (void)resize(shape, ring, pool, capacity);
}

/* Puts an element that is late among those before it. */
static uint64_t insert_late(const mw_ring_shape *shape, mw_ring *ring, const mw_cell *element) {
    uint64_t position = mw_ring_end(ring);
    for (; position > ring->first; position--) {
        if (mw_ring_time(shape, ring, position - 1) <= element->time) break;
        move(shape, ring, position - 1, position);
    }
    write(mw_ring_at(shape, ring, position, 0), shape, element);
    ring->count++;
    seal_from(shape, ring, position);
    return position;
}

uint64_t mw_ring_insert(const mw_ring_shape *shape, mw_ring *ring, const mw_cell *element) {
    MW_ASSERT(mw_ring_fits(ring, 1));
    uint64_t end = mw_ring_end(ring);
    mw_cell *slot = mw_ring_at(shape, ring, end, 0);
    int64_t last = INT64_MIN;
    if (ring->count > 0)
        last = (end & PAGE_MASK) != 0 ? slot[-1].time : mw_ring_time(shape, ring, end - 1);
    if (last > element->time) return insert_late(shape, ring, element);
    write(slot, shape, element);
    ring->count++;
    seal(shape, ring, end);
    return end;
}

void mw_ring_remove(const mw_ring_shape *shape, mw_ring *ring, uint64_t position) {
    MW_ASSERT(position >= ring->first && position < mw_ring_end(ring));
    for (uint64_t next = position + 1; next < mw_ring_end(ring); next++)
        move(shape, ring, next, next - 1);
    ring->count--;
    mw_ring_at(shape, ring, mw_ring_end(ring), 0)->time = MW_RING_NEVER;
    seal_from(shape, ring, position);
}

void mw_ring_evict(mw_ring *ring, uint64_t position) {
    MW_ASSERT(position >= ring->first && position <= mw_ring_end(ring));
    ring->count -= (uint32_t)(position - ring->first);
    ring->first = position;
}

void mw_ring_release(mw_ring *ring, mw_pool *pool) {
    if (ring->capacity > 0) mw_pool_give(pool, block_class(ring->capacity), ring->words);
    *ring = (mw_ring){0};
}

/* The first position in [low, high] whose time is not before `time`; `high` has none or is one. */
static uint64_t bisect(const mw_ring_shape *shape, const mw_ring *ring, uint64_t low,
                       uint64_t high, int64_t time) {
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (mw_ring_time(shape, ring, middle) < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t mw_ring_seek(const mw_ring_shape *shape, const mw_ring *ring, uint64_t near,
                      int64_t time) {
    MW_ASSERT(near >= ring->first && near <= mw_ring_end(ring));
    uint64_t low = near, high = near, stride = 1;
    /* Forward all before `low` are before the time, backward all from `high` on are not. */
    for (; mw_ring_end(ring) - low >= stride; stride *= 2) {
        if (mw_ring_time(shape, ring, low + stride - 1) >= time) break;
        low += stride;
    }
    if (low > near) {
        uint64_t left = mw_ring_end(ring) - low;
        return bisect(shape, ring, low, low + (stride - 1 < left ? stride - 1 : left), time);
    }
    for (; high - ring->first >= stride; stride *= 2) {
        if (mw_ring_time(shape, ring, high - stride) < time) break;
        high -= stride;
    }
    uint64_t left = high - ring->first;
    return bisect(shape, ring, high - (stride - 1 < left ? stride - 1 : left), high, time);
}

mw_power_sums mw_ring_powers_before(const mw_ring_shape *shape, const mw_ring *ring,
                                    uint32_t powers, uint64_t position) {
    uint64_t within = mw_ring_within_page(ring, position);
    mw_cell *page = mw_ring_page(shape, ring, position - within);
    return powers_within(shape, page, powers, within);
}

/* The level of the largest node that begins at `from` and lies before `to`; 0: a slot. */
static int level_at(const mw_ring *ring, uint64_t from, uint64_t to) {
    size_t slot = from & (ring->capacity - 1);
    int level = 0;
    while ((slot & (((size_t)FAN << (FAN_BITS * level)) - 1)) == 0 &&
           to - from >= (uint64_t)FAN << (FAN_BITS * level))
        level++;
    return level;
}

/* Where single slots, which begin at `from`, end: at `to`, or where a node may begin. */
static uint64_t slots_end(uint64_t from, uint64_t to) {
    uint64_t next = (from | (FAN - 1)) + 1;
    return next < to ? next : to;
}

static double better_number(double best, double value) {
    return value > best ? value : best; /* never if it is missing */
}

/* Numbers, smallest ones by their opposites, with no call for each. */
static mw_cell best_number(const mw_ring_shape *shape, const mw_ring *ring, uint32_t rank,
                           uint64_t from, uint64_t to) {
    uint32_t word = shape->ranks[rank].word;
    double sign = shape->ranks[rank].is_max ? 1 : -1, best = -__builtin_inf();
    while (from < to) {
        int level = level_at(ring, from, to);
        if (level > 0) {
            size_t node = (from & (ring->capacity - 1)) >> (FAN_BITS * level);
            best = better_number(best, sign * node_at(shape, ring, level, node, rank)->number);
            from += UINT64_C(1) << (FAN_BITS * level);
            continue;
        }
        for (uint64_t end = slots_end(from, to); from < end; from++)
            best = better_number(best, sign * mw_ring_at(shape, ring, from, word)->number);
    }
    return mw_cell_number(sign * best);
}

mw_cell mw_ring_best(const mw_ring_shape *shape, const mw_ring *ring, uint32_t rank,
                     uint64_t from, uint64_t to) {
    MW_ASSERT(rank < shape->rank_count);
    MW_ASSERT(from >= ring->first && to <= mw_ring_end(ring));
    const mw_rank *ranked = &shape->ranks[rank];
    if (ranked->type == MW_TYPE_NUMBER) return best_number(shape, ring, rank, from, to);
    mw_cell best = mw_cell_missing(ranked->type);
    while (from < to) {
        int level = level_at(ring, from, to);
        size_t node = (from & (ring->capacity - 1)) >> (FAN_BITS * level);
        best = mw_rank_better(ranked, shape->symbols, best,
                              *node_at(shape, ring, level, node, rank));
        from += UINT64_C(1) << (FAN_BITS * level);
    }
    return best;
}
