#include "feature/ring_reading.h"

#include "base/hash.h"
#include "base/prng.h"
#include "testing/test.h"

#include <math.h>
#include <string.h>

enum { WORDS = 3, MODEL_MAX = 4000 };

static const mw_rank ranks[] = {{1, MW_TYPE_NUMBER, false}, {1, MW_TYPE_NUMBER, true}};
static const uint32_t totalled[] = {1, 2};
static const uint32_t peaked[] = {1, 0, 1}; /* of these ranks */
enum { PEAKS = sizeof peaked / sizeof *peaked };
static const mw_ring_powers powered[] = {{2, MW_POWERS_OF_TREND}, {1, MW_POWERS_OF_SPREAD}};
static const mw_ring_shape shape = {.element_words = WORDS,
                                    .slot_words = WORDS + 2 * MW_RING_SUM_WORDS,
                                    .total_count = 2,
                                    .totalled = totalled,
                                    .peak_count = PEAKS,
                                    .peaked = peaked,
                                    .powers_count = 2,
                                    .powers = powered,
                                    .rank_count = 2,
                                    .ranks = ranks};

/* The same thing as a plain sorted array. */
typedef struct {
    mw_cell elements[MODEL_MAX][WORDS];
    size_t first, count; /* the evicted stand before `first`, */
    int64_t horizon;     /* and all of them before this time */
} model;

static void model_insert(model *m, const mw_cell *element) {
    size_t i = m->count++;
    for (; i > m->first && m->elements[i - 1][0].time > element[0].time; i--)
        memcpy(m->elements[i], m->elements[i - 1], sizeof m->elements[i]);
    memcpy(m->elements[i], element, sizeof m->elements[i]);
}

static void model_remove(model *m, size_t i) {
    MW_CHECK(i >= m->first && i < m->count);
    memmove(m->elements[i], m->elements[i + 1], (--m->count - i) * sizeof *m->elements);
}

static double model_best(const model *m, size_t from, size_t to, bool is_max) {
    double best = NAN;
    for (size_t i = from; i < to; i++) {
        double value = m->elements[i][1].number;
        if (isnan(best) || (is_max ? value > best : value < best)) best = value;
    }
    return best;
}

static mw_total model_total(const model *m, uint32_t total, size_t from, size_t to) {
    mw_total sum = {0};
    for (size_t at = m->first + from; at < m->first + to; at++)
        mw_total_add(&sum, m->elements[at][totalled[total]].number);
    return sum;
}

static void check_total(const model *m, const mw_ring *ring, size_t from, size_t to) {
    for (uint32_t i = 0; i < 2 && ring->capacity > 0; i++) {
        mw_total expected = model_total(m, i, from, to);
        mw_total found = mw_ring_total(&shape, ring, i, ring->first + from, ring->first + to);
        MW_CHECK(memcmp(&found, &expected, sizeof found) == 0);
    }
}

/* What a test has met. */
typedef struct {
    uint32_t capacity_max, shrunk;
    uint64_t round; /* how often the slots went round */
    size_t followed, usual, unusual; /* usual: rings without unusual values, both long */
} reached;

/* A peak is followed wherever a range begins and ends: mostly a few events after it did before. */
static void check_peak(const model *m, const mw_ring *ring, uint64_t *prng, reached *met) {
    if (mw_ring_is_short(ring) || mw_ring_peak_words(&shape, ring->capacity) == 0) return;
    uint32_t i = (uint32_t)mw_prng_below(prng, PEAKS);
    const mw_ring_peak *peak = mw_ring_peaks(&shape, ring) + i;
    size_t from = peak->from - (uint32_t)ring->first, to = peak->to - (uint32_t)ring->first;
    MW_CHECK(from <= to && to <= ring->count);
    bool is_far = mw_prng_below(prng, 9) == 0;
    from = is_far ? (size_t)mw_prng_below(prng, ring->count + 1)
                  : from + (size_t)mw_prng_below(prng, 4);
    to = is_far ? (size_t)mw_prng_below(prng, ring->count + 1)
                : to + (size_t)mw_prng_below(prng, 6);
    if (to > ring->count) to = ring->count;
    if (from > to) from = to;
    met->followed += !is_far && to - from > 8;
    mw_cell best = mw_cell_number(
        model_best(m, m->first + from, m->first + to, ranks[peaked[i]].is_max));
    mw_cell found = mw_ring_follow(&shape, ring, i, ring->first + from, ring->first + to);
    MW_CHECK(found.bits == best.bits);
}

static void check_powers(const model *m, const mw_ring *ring, size_t from, size_t to) {
    for (uint32_t i = 0; i < 2 && !mw_ring_is_short(ring); i++) {
        mw_powers_kind kind = powered[i].kind;
        mw_power_sums expected = {0};
        for (size_t at = m->first + from; at < m->first + to; at++)
            mw_power_sums_add(&expected, kind, m->elements[at][0].time,
                          m->elements[at][powered[i].word].number);
        mw_power_sums start = mw_ring_powers_before(&shape, ring, i, ring->first + from);
        mw_power_sums end = mw_ring_powers_before(&shape, ring, i, ring->first + to);
        mw_power_sums found = mw_power_sums_between(kind, &start, &end);
        MW_CHECK(memcmp(&found, &expected, sizeof found) == 0);
    }
}

/* Positions are compared from the first on. */
static void check_same(const model *m, const mw_ring *ring, uint64_t *prng) {
    size_t count = m->count - m->first;
    MW_CHECK_EQUAL_INT(ring->count, count);
    size_t from = (size_t)mw_prng_below(prng, count + 1);
    size_t to = from + (size_t)mw_prng_below(prng, count - from + 1);
    for (size_t i = from; i < to; i++) {
        mw_cell element[WORDS];
        mw_ring_read(&shape, ring, ring->first + i, element);
        MW_CHECK(memcmp(element, m->elements[m->first + i], sizeof element) == 0);
    }
    check_total(m, ring, from, to);
    check_powers(m, ring, from, to);
    for (uint32_t rank = 0; rank < 2; rank++) {
        mw_cell best =
            mw_cell_number(model_best(m, m->first + from, m->first + to, ranks[rank].is_max));
        MW_CHECK(mw_ring_best(&shape, ring, rank, ring->first + from, ring->first + to).bits ==
                 best.bits);
    }
    int64_t time = (int64_t)mw_prng_below(prng, MODEL_MAX);
    size_t found = 0;
    while (found < count && m->elements[m->first + found][0].time < time) found++;
    MW_CHECK_EQUAL_INT(mw_ring_seek(&shape, ring, ring->first + from, time) - ring->first, found);
    if (time < m->horizon || count == 0) return;
    uint64_t drawn = mw_hash_u64((uint64_t)time * MODEL_MAX + from);
    bool is_stale = drawn % 4 == 0;
    uint64_t hint = is_stale ? drawn : ring->first + from;
    uint64_t near = mw_ring_hinted(ring, (uint32_t)hint);
    MW_CHECK(is_stale || near == hint);
    uint64_t position = near;
    if (!mw_ring_is_past(&shape, ring, near, time) ||
        !mw_ring_seek_near(&shape, ring, near, time, &position))
        position = mw_ring_seek(&shape, ring, position, time);
    MW_CHECK_EQUAL_INT(position - ring->first, found);
}

static void model_evict(model *m, size_t count) {
    for (; count > 0; count--, m->first++)
        if (m->elements[m->first][0].time >= m->horizon)
            m->horizon = m->elements[m->first][0].time + 1;
}

/* What sums find hard: values that cancel, at both ends of the grid, and those that none takes. */
static double draw_unusual(uint64_t *prng) {
    static const double values[] = {1e18, -1e18, 0x1p-80, 0x1p63, 0.1, -0.3, 7, NAN, 0};
    return values[mw_prng_below(prng, sizeof values / sizeof *values)];
}

/* Of those that slots take; some hundreds of the greatest come to more than a slot takes. */
static double draw_usual(uint64_t *prng) {
    static const double values[] = {0x1.8p35, 0x1.cp35, -1e10, 0x1p-28, 0.1, -0.3, 7, 0};
    return values[mw_prng_below(prng, sizeof values / sizeof *values)];
}

/* In order and late, growing, shrinking and wrapping, some taken out, with values that are
   missing: one in `unusual` is not usual, or none if that is 0. The first event has position
   `begin`. */
static reached agree(uint64_t begin, uint64_t unusual, uint64_t prng) {
    static model m;
    mw_budget budget = {.max = SIZE_MAX};
    mw_pool pool;
    mw_pool_init(&pool, &budget);
    mw_ring ring = {.first = begin};
    m.first = m.count = 0;
    m.horizon = INT64_MIN;
    reached met = {0};
    for (int64_t step = 0; m.count < MODEL_MAX; step++) {
        int64_t late = mw_prng_below(&prng, 4) == 0 ? (int64_t)mw_prng_below(&prng, 40) : 0;
        bool is_unusual = unusual > 0 && mw_prng_below(&prng, unusual) == 0;
        bool is_missing = is_unusual && mw_prng_below(&prng, 9) == 0;
        double value = is_missing ? NAN : (double)mw_prng_below(&prng, 50);
        double other = (is_unusual ? draw_unusual : draw_usual)(&prng);
        mw_cell element[WORDS] = {mw_cell_time(step - late), mw_cell_number(value),
                                  mw_cell_number(other)};
        MW_CHECK(mw_ring_reserve(&shape, &ring, &pool, 1));
        if (ring.capacity > met.capacity_max) met.capacity_max = ring.capacity;
        mw_ring_insert(&shape, &ring, element);
        if (mw_ring_end(&ring) - begin > ring.capacity) met.round++;
        model_insert(&m, element);
        if (mw_prng_below(&prng, 9) == 0) {
            size_t left = m.count - m.first, at = (size_t)mw_prng_below(&prng, left);
            if (mw_prng_below(&prng, 3) > 0 && left > 8) at = left - 1 - at % 8;
            mw_ring_remove(&shape, &ring, ring.first + at);
            model_remove(&m, m.first + at);
        }
        if (mw_prng_below(&prng, 20) == 0) {
            model_evict(&m, (size_t)mw_prng_below(&prng, m.count - m.first < 4 ? 1 : 4));
            mw_ring_evict(&shape, &ring, mw_ring_end(&ring) - (m.count - m.first));
        }
        if (mw_prng_below(&prng, 300) == 0) {
            model_evict(&m, (size_t)mw_prng_below(&prng, m.count - m.first + 1));
            mw_ring_evict(&shape, &ring, mw_ring_end(&ring) - (m.count - m.first));
            uint32_t before = ring.capacity;
            mw_ring_shrink(&shape, &ring, &pool, ring.count);
            met.shrunk += ring.capacity < before;
        }
        check_same(&m, &ring, &prng);
        if (!mw_ring_is_short(&ring)) *(ring.has_unusual ? &met.unusual : &met.usual) += 1;
        check_peak(&m, &ring, &prng, &met);
    }
    MW_CHECK(mw_ring_end(&ring) - begin > MODEL_MAX / 2);
    mw_ring_release(&ring, &pool);
    mw_pool_release(&pool);
    return met;
}

/* From the first position on, and past those that 32 bits can tell. */
MW_TEST(ring_agrees_with_a_sorted_array) {
    static const struct { uint64_t begin, unusual; } cases[] = {
        {0, 1}, {UINT32_MAX - UINT64_C(1000), 1}, {0, 0}, {UINT32_MAX - UINT64_C(1000), 200}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reached met = agree(cases[i].begin, cases[i].unusual, mw_test_seed() + i);
        MW_CHECK(met.capacity_max >= 512 && met.shrunk > 0 && met.round > 100);
        MW_CHECK(met.followed > 500);
        MW_CHECK(cases[i].unusual == 0 || met.unusual > 500);
        MW_CHECK(cases[i].unusual == 1 || met.usual > 500);
    }
}

/* Sums since long ago begin anew, which suffices; those of what stands there do not fit until most
   of it has gone. */
MW_TEST(ring_keeps_totals_once_sums_outgrow_slots) {
    enum { EVENTS = 3000, LEFT = 300 };
    mw_budget budget = {.max = SIZE_MAX};
    mw_pool pool;
    mw_pool_init(&pool, &budget);
    mw_ring ring = {0};
    bool was_unusual = false;
    for (uint32_t i = 0; i < EVENTS; i++) {
        mw_cell element[WORDS] = {mw_cell_time(i), mw_cell_number(0x1.8p35), mw_cell_number(1)};
        if (i < EVENTS / 2 && ring.count > LEFT) mw_ring_evict(&shape, &ring, i - LEFT);
        MW_CHECK(mw_ring_reserve(&shape, &ring, &pool, 1));
        mw_ring_insert(&shape, &ring, element);
        MW_CHECK(!ring.has_unusual || i >= EVENTS / 2);
        was_unusual |= ring.has_unusual;
        for (uint64_t from = ring.first; from < mw_ring_end(&ring); from += 1 + from % 97) {
            uint64_t to = from + (mw_ring_end(&ring) - from) * 2 / 3;
            mw_total found = mw_ring_total(&shape, &ring, 0, from, to);
            MW_CHECK(found.count == to - from &&
                     mw_exact_sum_read(&found.sum) == 0x1.8p35 * (double)(to - from));
        }
    }
    MW_CHECK(was_unusual && ring.has_unusual);
    mw_ring_evict(&shape, &ring, EVENTS - LEFT);
    mw_ring_shrink(&shape, &ring, &pool, LEFT);
    MW_CHECK(!ring.has_unusual);
    mw_ring_release(&ring, &pool);
    mw_pool_release(&pool);
}

MW_TEST(ring_of_text_orders_by_bytes) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 16, &symbols, NULL), NULL);
    mw_cell b = {.symbol = mw_symbols_intern(symbols, MW_STR("b"))};
    mw_cell a = {.symbol = mw_symbols_intern(symbols, MW_STR("a"))};
    mw_cell none = mw_cell_missing(MW_TYPE_TEXT);
    mw_rank least = {1, MW_TYPE_TEXT, false}, greatest = {1, MW_TYPE_TEXT, true};
    MW_CHECK(mw_rank_better(&least, symbols, b, a).bits == a.bits);
    MW_CHECK(mw_rank_better(&greatest, symbols, a, b).bits == b.bits);
    MW_CHECK(mw_rank_better(&greatest, symbols, none, a).bits == a.bits);
    mw_symbols_destroy(symbols);
}

MW_TEST(ring_stands_when_memory_is_out) {
    mw_budget budget = {.max = 200000};
    mw_pool pool;
    mw_pool_init(&pool, &budget);
    mw_ring ring = {0};
    while (mw_ring_reserve(&shape, &ring, &pool, 1))
        mw_ring_insert(&shape, &ring,
                       (mw_cell[WORDS]){mw_cell_time(ring.count), mw_cell_number(ring.count)});
    MW_CHECK(ring.count > 16 && ring.count == ring.capacity);
    MW_CHECK(mw_ring_best(&shape, &ring, 1, 0, ring.count).number == ring.count - 1);
    mw_pool_release(&pool);
}
