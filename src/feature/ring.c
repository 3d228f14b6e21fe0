#include "feature/ring.h"

#include "feature/ring_reading.h"

#include <string.h>

/* What few events and few windows need is made small: those that come in order, to a ring that has
   room, and ask for counts, sums, means and extremes, need none of it. */
#define APART __attribute__((noinline))
#define RARE __attribute__((noinline, cold))
/* A node of level k >= 1 stands for 16^k neighbouring slots; level 0 are the slots. */
enum { FAN_BITS = 4, FAN = 1 << FAN_BITS };
/* Powers are kept of every fourth position: to add one takes long. */
enum { POWERS_BITS = 2, POWERS_EVERY = 1 << POWERS_BITS, CAPACITY_MIN = 4 };
_Static_assert((int)MW_RING_KEPT == (int)FAN, "one look at a position tells both");

static size_t level_nodes(uint32_t capacity, int level) {
    return (size_t)capacity >> (FAN_BITS * level);
}

static inline size_t powers_words(const mw_ring_shape *shape) {
    size_t words = 0;
    for (uint32_t i = 0; i < shape->powers_count; i++)
        words += mw_power_sums_words(shape->powers[i].kind);
    return words;
}

/* The words before the summaries. */
static inline size_t base_words(const mw_ring_shape *shape, uint32_t capacity) {
    size_t words = (size_t)capacity * shape->slot_words;
    if (capacity <= MW_RING_SHORT_MAX) return words;
    words += mw_ring_peak_words(shape, capacity);
    if (shape->powers_count > 0) words += ((capacity >> POWERS_BITS) + 1) * powers_words(shape);
    return words;
}

/* Whole half lines: so a small block, wherever it stands, takes no more lines than it must. */
RARE size_t mw_ring_size(const mw_ring_shape *shape, uint32_t capacity) {
    size_t words = base_words(shape, capacity);
    if (shape->rank_count > 0 && capacity > MW_RING_SHORT_MAX)
        for (int level = 1; level_nodes(capacity, level) > 0; level++)
            words += level_nodes(capacity, level) * shape->rank_count;
    enum { HALF_LINE_WORDS = 4 };
    return (words + HALF_LINE_WORDS - 1) / HALF_LINE_WORDS * HALF_LINE_WORDS * sizeof(mw_cell);
}

static int block_class(uint32_t capacity) {
    return __builtin_ctz(capacity);
}

/* The value of a rank at a node; a slot is a node of level 0. */
static inline mw_cell *node_at(const mw_ring_shape *shape, const mw_ring *ring, int level,
                               size_t node, uint32_t rank) {
    if (level == 0) return mw_ring_at(shape, ring, node, shape->ranks[rank].word);
    mw_cell *nodes = ring->words + base_words(shape, ring->capacity);
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

static inline double better_number(double best, double value) {
    return value > best ? value : best; /* never if it is missing */
}

/* The best of as many values, so many words apart, as a node stands for. */
RARE static mw_cell best_child(const mw_rank *rank, const mw_symbols *symbols,
                               const mw_cell *child, uint32_t stride) {
    if (rank->type == MW_TYPE_NUMBER) {
        double sign = rank->is_max ? 1 : -1, best = -__builtin_inf();
        for (size_t i = 0; i < FAN; i++)
            best = better_number(best, sign * child[i * stride].number);
        return mw_cell_number(sign * best);
    }
    mw_cell best = *child;
    for (size_t i = 1; i < FAN; i++)
        best = mw_rank_better(rank, symbols, best, child[i * stride]);
    return best;
}

/* Works out the nodes that end with the slot of a position. A node is complete, and only then
   looked at, once its last slot is written; one that begins before the ring does never is. */
RARE static void seal_nodes(const mw_ring_shape *shape, mw_ring *ring, uint64_t last) {
    size_t slot = last & (ring->capacity - 1);
    for (int level = 1; (slot & (FAN - 1)) == FAN - 1; level++) {
        slot >>= FAN_BITS;
        if (slot >= level_nodes(ring->capacity, level) ||
            last + 1 - ring->first < UINT64_C(1) << (FAN_BITS * level))
            return;
        for (uint32_t rank = 0; rank < shape->rank_count; rank++) {
            const mw_cell *child = node_at(shape, ring, level - 1, slot << FAN_BITS, rank);
            uint32_t stride = level > 1 ? shape->rank_count : shape->slot_words;
            *node_at(shape, ring, level, slot, rank) =
                best_child(&shape->ranks[rank], shape->symbols, child, stride);
        }
    }
}

/* Makes summaries true again, once all slots from `position` to the end may have been written. */
static void seal_from(const mw_ring_shape *shape, mw_ring *ring, uint64_t position) {
    if (shape->rank_count == 0) return;
    for (position |= FAN - 1; position < mw_ring_end(ring); position += FAN)
        seal_nodes(shape, ring, position);
}

/* --- totals ----------------------------------------------------------------------------------- */

static double value_at(const mw_ring_shape *shape, const mw_ring *ring, uint64_t position,
                       uint32_t word) {
    return mw_ring_at(shape, ring, position, word)->number;
}

/* Of a longer ring with unusual values: the total of what came before a position that is a multiple
   of MW_RING_KEPT, half of it in the room of each of two sums. */
enum { HALF_SIZE = sizeof(mw_total) / 2 };
_Static_assert(HALF_SIZE == sizeof(mw_units), "two sums have room for a total");

static mw_cell *half_of_kept(const mw_ring_shape *shape, const mw_ring *ring, uint32_t total,
                             uint64_t position, uint32_t half) {
    return mw_ring_at(shape, ring, position + half,
                      shape->element_words + MW_RING_SUM_WORDS * total);
}

static mw_total load_kept(const mw_ring_shape *shape, const mw_ring *ring, uint32_t total,
                          uint64_t position) {
    mw_total kept;
    for (uint32_t half = 0; half < 2; half++)
        memcpy((char *)&kept + half * HALF_SIZE,
               half_of_kept(shape, ring, total, position, half), HALF_SIZE);
    return kept;
}

static void store_kept(const mw_ring_shape *shape, const mw_ring *ring, uint32_t total,
                       uint64_t position, const mw_total *kept) {
    for (uint32_t half = 0; half < 2; half++)
        memcpy(half_of_kept(shape, ring, total, position, half),
               (const char *)kept + half * HALF_SIZE, HALF_SIZE);
}

/* What came before a position of a ring with unusual values, by at most MW_RING_KEPT steps: from
   the next total that is kept or, where none is, from the one before, or from the first element. */
RARE static mw_total total_before(const mw_ring_shape *shape, const mw_ring *ring, uint32_t total,
                                  uint64_t position) {
    uint32_t word = shape->totalled[total];
    uint64_t before = (position - 1) & ~(uint64_t)(MW_RING_KEPT - 1);
    uint64_t next = before + MW_RING_KEPT;
    mw_total found = {0};
    if (!mw_ring_is_short(ring) && next < mw_ring_end(ring)) {
        found = load_kept(shape, ring, total, next);
        while (next > position) mw_total_remove(&found, value_at(shape, ring, --next, word));
        return found;
    }
    bool is_kept = !mw_ring_is_short(ring) && position > ring->first && before >= ring->first;
    if (is_kept) found = load_kept(shape, ring, total, before);
    for (uint64_t at = is_kept ? before : ring->first; at < position; at++)
        mw_total_add(&found, value_at(shape, ring, at, word));
    return found;
}

mw_total mw_ring_total(const mw_ring_shape *shape, const mw_ring *ring, uint32_t total,
                       uint64_t from, uint64_t to) {
    if (from >= to) return (mw_total){0};
    if (ring->has_unusual) {
        mw_total start = total_before(shape, ring, total, from);
        mw_total end = total_before(shape, ring, total, to);
        return mw_total_between(&start, &end);
    }
    mw_units sum = mw_ring_sum_behind(shape, ring, to - 1, total) -
                   mw_ring_sum_at(shape, ring, from, total);
    return (mw_total){mw_exact_sum_of(sum), to - from};
}

/* An element has come last in a longer ring with unusual values. */
RARE static void pass_total(const mw_ring_shape *shape, const mw_ring *ring, uint64_t position) {
    if ((position & (MW_RING_KEPT - 1)) != 0) return;
    for (uint32_t i = 0; i < shape->total_count; i++) {
        mw_total before = total_before(shape, ring, i, position);
        store_kept(shape, ring, i, position, &before);
    }
}

/* From now on totals are kept. */
RARE static void keep_totals(const mw_ring_shape *shape, mw_ring *ring) {
    mw_ring passed = *ring;
    ring->has_unusual = true;
    if (mw_ring_is_short(ring)) return;
    for (passed.count = 0; passed.count < ring->count; passed.count++)
        pass_total(shape, &passed, mw_ring_end(&passed));
}

/* Works out the sums before all elements from a position on; false if slots cannot tell them. */
RARE static bool add_up_from(const mw_ring_shape *shape, mw_ring *ring, uint64_t position) {
    for (; position < mw_ring_end(ring); position++)
        if (!mw_ring_add_up(shape, ring, position)) return false;
    return true;
}

/* Sums that have grown for long may be usual ones again when they begin anew. */
RARE void mw_ring_tell_otherwise(const mw_ring_shape *shape, mw_ring *ring) {
    if (!add_up_from(shape, ring, ring->first) ||
        !mw_ring_add_up(shape, ring, mw_ring_end(ring)))
        keep_totals(shape, ring);
}

static mw_ring_peak peak_of_nothing(uint64_t position) {
    return (mw_ring_peak){-__builtin_inf(), (uint32_t)position, (uint32_t)position};
}

/* Forgets the peaks of what lies on both sides of `position`, where an element came in between or
   went. */
RARE static void forget_peaks(const mw_ring_shape *shape, const mw_ring *ring, uint64_t position) {
    if (mw_ring_peak_words(shape, ring->capacity) == 0) return;
    mw_ring_peak *peak = mw_ring_peaks(shape, ring);
    for (uint32_t i = 0; i < shape->peak_count; i++, peak++)
        if (peak->to - (uint32_t)ring->first > position - ring->first)
            *peak = peak_of_nothing(ring->first);
}

/* An element that had come last was put to `position`, and those behind it moved up; or it was
   taken out, and they moved down. */
RARE static void mend_totals(const mw_ring_shape *shape, mw_ring *ring, uint64_t position,
                             const mw_cell *element, bool came) {
    if (!ring->has_unusual) {
        if (!add_up_from(shape, ring, position + 1)) keep_totals(shape, ring);
        return;
    }
    uint64_t at = (position | (MW_RING_KEPT - 1)) + 1;
    for (; at < mw_ring_end(ring) && !mw_ring_is_short(ring); at += MW_RING_KEPT)
        for (uint32_t i = 0; i < shape->total_count; i++) {
            uint32_t word = shape->totalled[i];
            double entered = came ? element[word].number : value_at(shape, ring, at - 1, word);
            double left = came ? value_at(shape, ring, at, word) : element[word].number;
            mw_total kept = load_kept(shape, ring, i, at);
            mw_total_add(&kept, entered);
            mw_total_remove(&kept, left);
            store_kept(shape, ring, i, at, &kept);
        }
}

/* --- powers ----------------------------------------------------------------------------------- */

/* Where they stand that are kept at an element, and at the end. */
static mw_cell *powers_at_end(const mw_ring_shape *shape, const mw_ring *ring, uint32_t powers) {
    mw_cell *at = (mw_cell *)(void *)mw_ring_peaks(shape, ring) +
                  mw_ring_peak_words(shape, ring->capacity);
    for (uint32_t i = 0; i < powers; i++) at += mw_power_sums_words(shape->powers[i].kind);
    return at;
}

static mw_cell *powers_at(const mw_ring_shape *shape, const mw_ring *ring, uint32_t powers,
                          uint64_t position) {
    size_t index = (position & (ring->capacity - 1)) >> POWERS_BITS;
    return powers_at_end(shape, ring, powers) + (index + 1) * powers_words(shape);
}

typedef void change_powers(mw_power_sums *powers, mw_powers_kind kind, int64_t time, double value);

/* Lets the value of an element enter powers, or leave them. */
RARE static void change(const mw_ring_shape *shape, uint32_t powers, change_powers *how,
                        const mw_cell *element, mw_cell *kept) {
    mw_ring_powers of = shape->powers[powers];
    mw_power_sums sums = mw_power_sums_load(of.kind, kept);
    how(&sums, of.kind, element[0].time, element[of.word].number);
    mw_power_sums_store(of.kind, &sums, kept);
}

RARE mw_power_sums mw_ring_powers_before(const mw_ring_shape *shape, const mw_ring *ring,
                                         uint32_t powers, uint64_t position) {
    mw_ring_powers of = shape->powers[powers];
    uint64_t end = mw_ring_end(ring);
    uint64_t next = (position + POWERS_EVERY - 1) & ~(uint64_t)(POWERS_EVERY - 1);
    mw_power_sums sums =
        mw_power_sums_load(of.kind, next < end ? powers_at(shape, ring, powers, next)
                                               : powers_at_end(shape, ring, powers));
    for (; position < next && position < end; position++) {
        const mw_cell *element = mw_ring_at(shape, ring, position, 0);
        mw_power_sums_remove(&sums, of.kind, element[0].time, element[of.word].number);
    }
    return sums;
}

RARE static void pass_powers(const mw_ring_shape *shape, const mw_ring *ring, uint64_t position) {
    if ((position & (POWERS_EVERY - 1)) == 0)
        memcpy(powers_at(shape, ring, 0, position), powers_at_end(shape, ring, 0),
               powers_words(shape) * sizeof(mw_cell));
    for (uint32_t i = 0; i < shape->powers_count; i++)
        change(shape, i, mw_power_sums_add, mw_ring_at(shape, ring, position, 0),
               powers_at_end(shape, ring, i));
}

RARE static void mend_powers_up(const mw_ring_shape *shape, const mw_ring *ring, uint64_t position,
                                const mw_cell *element) {
    uint64_t at = (position | (POWERS_EVERY - 1)) + 1;
    for (; at < mw_ring_end(ring); at += POWERS_EVERY)
        for (uint32_t i = 0; i < shape->powers_count; i++) {
            mw_cell *kept = powers_at(shape, ring, i, at);
            change(shape, i, mw_power_sums_add, element, kept);
            change(shape, i, mw_power_sums_remove, mw_ring_at(shape, ring, at, 0), kept);
        }
}

RARE static void mend_powers_down(const mw_ring_shape *shape, const mw_ring *ring,
                                  uint64_t position, const mw_cell *element) {
    uint64_t at = (position | (POWERS_EVERY - 1)) + 1;
    for (; at < mw_ring_end(ring); at += POWERS_EVERY)
        for (uint32_t i = 0; i < shape->powers_count; i++) {
            mw_cell *kept = powers_at(shape, ring, i, at);
            change(shape, i, mw_power_sums_remove, element, kept);
            change(shape, i, mw_power_sums_add, mw_ring_at(shape, ring, at - 1, 0), kept);
        }
    for (uint32_t i = 0; i < shape->powers_count; i++)
        change(shape, i, mw_power_sums_remove, element, powers_at_end(shape, ring, i));
}

/* --- elements --------------------------------------------------------------------------------- */

void mw_ring_pass(const mw_ring_shape *shape, mw_ring *ring, uint64_t position) {
    if (ring->has_unusual) pass_total(shape, ring, position);
    if (shape->powers_count > 0) pass_powers(shape, ring, position);
    bool may_end_node = (position & (FAN - 1)) == FAN - 1;
    if (may_end_node && shape->rank_count > 0) seal_nodes(shape, ring, position);
}

void mw_ring_read(const mw_ring_shape *shape, const mw_ring *ring, uint64_t position,
                  mw_cell *out_element) {
    memcpy(out_element, mw_ring_at(shape, ring, position, 0),
           shape->element_words * sizeof *out_element);
}

static inline void write(mw_cell *slot, const mw_ring_shape *shape, const mw_cell *element) {
    for (uint32_t i = 0; i < shape->element_words; i++) slot[i] = element[i];
}

/* Writes the element at one position to another. */
static void move(const mw_ring_shape *shape, mw_ring *ring, uint64_t from, uint64_t to) {
    write(mw_ring_at(shape, ring, to, 0), shape, mw_ring_at(shape, ring, from, 0));
}

mw_cell *mw_ring_take(const mw_ring_shape *shape, uint32_t capacity, mw_pool *pool) {
    return mw_pool_take(pool, block_class(capacity), mw_ring_size(shape, capacity));
}

/* Copies all slots, by runs that lie side by side in both blocks. */
static void copy_slots(const mw_ring_shape *shape, const mw_ring *from, mw_ring *to) {
    uint32_t less = from->capacity < to->capacity ? from->capacity : to->capacity;
    for (uint64_t at = from->first, end = mw_ring_end(from); at < end;) {
        uint64_t run_end = (at | (less - 1)) + 1;
        if (run_end > end) run_end = end;
        memcpy(mw_ring_at(shape, to, at, 0), mw_ring_at(shape, from, at, 0),
               (run_end - at) * shape->slot_words * sizeof(mw_cell));
        at = run_end;
    }
}

/* What follows from the elements, in a new block. */
static void settle(const mw_ring_shape *shape, mw_ring *ring) {
    bool had_unusual = ring->has_unusual;
    ring->has_unusual = false;
    if (had_unusual && !add_up_from(shape, ring, ring->first)) keep_totals(shape, ring);
    if (mw_ring_is_short(ring)) return;
    uint32_t peaks = mw_ring_peak_words(shape, ring->capacity) > 0 ? shape->peak_count : 0;
    for (uint32_t i = 0; i < peaks; i++)
        mw_ring_peaks(shape, ring)[i] = peak_of_nothing(ring->first);
    memset(powers_at_end(shape, ring, 0), 0, powers_words(shape) * sizeof(mw_cell));
    for (uint64_t at = ring->first; shape->powers_count > 0 && at < mw_ring_end(ring); at++)
        pass_powers(shape, ring, at);
    seal_from(shape, ring, ring->first);
}

/* Moves the elements to a block of another capacity. */
static bool resize(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t capacity) {
    mw_ring resized = *ring;
    MW_ASSERT(ring->count <= capacity);
    resized.capacity = capacity & (UINT32_MAX >> 1);
    resized.words = mw_ring_take(shape, capacity, pool);
    if (!resized.words) return false;
    copy_slots(shape, ring, &resized);
    mw_ring_release(ring, pool);
    *ring = resized;
    settle(shape, ring);
    return true;
}

bool mw_ring_reserve(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t extra) {
    if (mw_ring_fits(ring, extra)) return true;
    uint64_t needed = (uint64_t)ring->count + extra;
    if (needed > MW_RING_COUNT_MAX) return false;
    uint32_t capacity = ring->capacity > 0 ? ring->capacity : CAPACITY_MIN;
    while (capacity < needed) capacity *= 2;
    return resize(shape, ring, pool, capacity);
}

void mw_ring_shrink(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t needed) {
    MW_ASSERT(needed >= ring->count);
    uint32_t capacity = ring->capacity;
    while (capacity > CAPACITY_MIN && needed <= capacity / 4) capacity /= 2;
    if (capacity == ring->capacity) return;
    /* Without memory for the smaller block the larger one does as well. */
    (void)resize(shape, ring, pool, capacity);
}

RARE uint64_t mw_ring_sink(const mw_ring_shape *shape, mw_ring *ring, const mw_cell *element) {
    uint64_t position = mw_ring_end(ring) - 1;
    for (; position > ring->first; position--) {
        if (mw_ring_time(shape, ring, position - 1) <= element->time) break;
        move(shape, ring, position - 1, position);
    }
    write(mw_ring_at(shape, ring, position, 0), shape, element);
    mend_totals(shape, ring, position, element, true);
    if (!mw_ring_is_short(ring)) {
        forget_peaks(shape, ring, position);
        mend_powers_up(shape, ring, position, element);
        seal_from(shape, ring, position);
    }
    return position;
}

/* Puts an element behind all others, which move down. */
RARE static void rise(const mw_ring_shape *shape, mw_ring *ring, uint64_t position, uint64_t last) {
    for (uint32_t word = 0; word < shape->element_words; word++) {
        mw_cell risen = *mw_ring_at(shape, ring, position, word);
        for (uint64_t at = position; at < last; at++)
            *mw_ring_at(shape, ring, at, word) = *mw_ring_at(shape, ring, at + 1, word);
        *mw_ring_at(shape, ring, last, word) = risen;
    }
}

RARE void mw_ring_remove(const mw_ring_shape *shape, mw_ring *ring, uint64_t position) {
    MW_ASSERT(position >= ring->first && position < mw_ring_end(ring));
    uint64_t last = mw_ring_end(ring) - 1;
    rise(shape, ring, position, last);
    ring->count--;
    const mw_cell *gone = mw_ring_at(shape, ring, last, 0);
    mend_totals(shape, ring, position, gone, false);
    if (!mw_ring_is_short(ring)) {
        forget_peaks(shape, ring, position);
        mend_powers_down(shape, ring, position, gone);
        seal_from(shape, ring, position);
    }
}

/* Peaks stay within the ring. */
RARE static void push_peaks(const mw_ring_shape *shape, const mw_ring *ring, uint64_t position) {
    mw_ring_peak *peak = mw_ring_peaks(shape, ring);
    for (uint32_t i = 0; i < shape->peak_count; i++, peak++)
        if (peak->from - (uint32_t)ring->first < position - ring->first)
            *peak = peak_of_nothing(position);
}

void mw_ring_evict(const mw_ring_shape *shape, mw_ring *ring, uint64_t position) {
    MW_ASSERT(position >= ring->first && position <= mw_ring_end(ring));
    if (!mw_ring_is_short(ring) && mw_ring_peak_words(shape, ring->capacity) > 0)
        push_peaks(shape, ring, position);
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

RARE uint64_t mw_ring_seek(const mw_ring_shape *shape, const mw_ring *ring, uint64_t near,
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

/* The level of the largest node that begins at `from` and lies before `to`; 0: a slot. */
static int level_at(const mw_ring *ring, uint64_t from, uint64_t to) {
    size_t slot = from & (ring->capacity - 1);
    int level = 0;
    if (mw_ring_is_short(ring)) return 0;
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

/* The numbers of a rank, the smallest ones by their opposites: so the greatest is the best. */
typedef struct {
    const mw_ring_shape *shape;
    const mw_ring *ring;
    uint32_t rank, word;
    double sign;
} ranked;

static inline ranked numbers_of(const mw_ring_shape *shape, const mw_ring *ring, uint32_t rank) {
    const mw_rank *of = &shape->ranks[rank];
    return (ranked){shape, ring, rank, of->word, of->is_max ? 1 : -1};
}

static inline double number_at(const ranked *of, uint64_t position) {
    return of->sign * mw_ring_at(of->shape, of->ring, position, of->word)->number;
}

/* The better of `best` and numbers that are all looked at. */
static inline double best_of_few(const ranked *of, uint64_t from, uint64_t to, double best) {
    for (; from < to; from++) best = better_number(best, number_at(of, from));
    return best;
}

/* With no call for each; -infinity: there is none. */
APART static double best_number(const ranked *of, uint64_t from, uint64_t to) {
    double best = -__builtin_inf();
    while (from < to) {
        int level = level_at(of->ring, from, to);
        if (level > 0) {
            size_t node = (from & (of->ring->capacity - 1)) >> (FAN_BITS * level);
            const mw_cell *at = node_at(of->shape, of->ring, level, node, of->rank);
            best = better_number(best, of->sign * at->number);
            from += UINT64_C(1) << (FAN_BITS * level);
            continue;
        }
        uint64_t end = slots_end(from, to);
        best = best_of_few(of, from, end, best);
        from = end;
    }
    return best;
}

RARE mw_cell mw_ring_best(const mw_ring_shape *shape, const mw_ring *ring, uint32_t rank,
                          uint64_t from, uint64_t to) {
    MW_ASSERT(rank < shape->rank_count);
    MW_ASSERT(from >= ring->first && to <= mw_ring_end(ring));
    const mw_rank *by = &shape->ranks[rank];
    if (by->type == MW_TYPE_NUMBER) {
        ranked of = numbers_of(shape, ring, rank);
        return mw_cell_number(of.sign * best_number(&of, from, to));
    }
    mw_cell best = mw_cell_missing(by->type);
    while (from < to) {
        int level = level_at(ring, from, to);
        size_t node = (from & (ring->capacity - 1)) >> (FAN_BITS * level);
        best = mw_rank_better(by, shape->symbols, best,
                              *node_at(shape, ring, level, node, rank));
        from += UINT64_C(1) << (FAN_BITS * level);
    }
    return best;
}

/* The best of a range, which is not much later than that of its peak. */
static inline double follow(const ranked *of, mw_ring_peak *peak, uint64_t from, uint64_t to) {
    uint32_t left = (uint32_t)from - peak->from, came = (uint32_t)to - peak->to;
    bool stands = left < MW_RING_KEPT && came < MW_RING_KEPT && came <= to - from;
    for (uint64_t at = from - left; stands && at < from; at++)
        stands = number_at(of, at) != peak->best;
    double best = stands ? best_of_few(of, to - came, to, peak->best) : best_number(of, from, to);
    *peak = (mw_ring_peak){best, (uint32_t)from, (uint32_t)to};
    return best;
}

mw_cell mw_ring_follow(const mw_ring_shape *shape, const mw_ring *ring, uint32_t peak,
                       uint64_t from, uint64_t to) {
    ranked of = numbers_of(shape, ring, shape->peaked[peak]);
    double best;
    if (mw_ring_is_short(ring))
        best = best_of_few(&of, from, to, -__builtin_inf());
    else if (mw_ring_peak_words(shape, ring->capacity) == 0)
        best = best_number(&of, from, to);
    else
        best = follow(&of, mw_ring_peaks(shape, ring) + peak, from, to);
    return mw_cell_number(of.sign * best);
}

/* --- foresight -------------------------------------------------------------------------------- */

/* Inline always: gcc takes a function that does no more for one without an effect, and leaves its
   calls out. */
#define FORESEES __attribute__((always_inline)) static inline

FORESEES void foresee_lines(const void *from, const void *last) {
    for (const char *at = from; at < (const char *)last; at += MW_LINE_SIZE) __builtin_prefetch(at);
    __builtin_prefetch(last);
}

FORESEES void foresee_slot(const mw_ring_shape *shape, const mw_ring *ring, uint64_t position) {
    __builtin_prefetch(mw_ring_at(shape, ring, position, 0));
}

/* Most windows end where they ended last, or a few events further. */
void mw_ring_foresee(const mw_ring_shape *shape, const mw_ring *ring, const uint32_t *hints,
                     size_t hint_count) {
    enum { FURTHER = 2 };
    if (mw_ring_is_short(ring)) {
        foresee_lines(ring->words, ring->words + ring->capacity * shape->slot_words - 1);
        return;
    }
    foresee_slot(shape, ring, mw_ring_end(ring));
    for (const uint32_t *end = hints + hint_count; hints < end; hints++) {
        foresee_slot(shape, ring, *hints);
        foresee_slot(shape, ring, (uint64_t)*hints + FURTHER);
    }
    if (shape->peak_count > 0) __builtin_prefetch(mw_ring_peaks(shape, ring));
}
