#include "feature/census.h"

#include "base/prng.h"
#include "feature/ring_slot.h"
#include "testing/declare.h"
#include "testing/test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { WORDS = 2, SPANS = 3, STEPS = 6000 };

static const mw_window halves = {.aggregate = MW_AGGREGATE_QUANTILE,
                                 .type = MW_TYPE_NUMBER,
                                 .quantile_millionths = 500000};
static const mw_window distinct = {.aggregate = MW_AGGREGATE_DISTINCT, .type = MW_TYPE_NUMBER};

/* A ring with a census, as a group keeps them, and the spans that were read last. */
typedef struct {
    mw_ring_shape shape;
    mw_census_plan plan;
    mw_budget budget;
    mw_pool pool;
    mw_ring ring;
    mw_census *census;
    uint64_t prng;
    uint64_t most_events, reads, few_reads;
} world;

static void create(world *w, mw_type type, bool is_bucketed, const mw_symbols *symbols) {
    *w = (world){.shape = {.element_words = WORDS, .slot_words = WORDS, .symbols = symbols},
                 .plan = {1, type, is_bucketed, SPANS, &w->shape},
                 .budget = {.max = SIZE_MAX},
                 .prng = mw_test_seed()};
    mw_pool_init(&w->pool, &w->budget);
}

static void release(world *w) {
    mw_census_release(w->census);
    mw_pool_release(&w->pool);
    MW_CHECK_EQUAL_INT(w->budget.used, 0);
}

static bool insert(world *w, int64_t time, mw_cell value) {
    if (!mw_ring_reserve(&w->shape, &w->ring, &w->pool, 1)) return false;
    if (!mw_census_reserve(&w->census, &w->plan, &w->ring, 1, &w->budget)) return false;
    uint64_t position =
        mw_ring_insert(&w->shape, &w->ring, (mw_cell[WORDS]){mw_cell_time(time), value});
    if (w->census) mw_census_insert(w->census, position);
    return true;
}

static void evict(world *w, uint64_t position) {
    if (w->census) mw_census_evict(w->census, position);
    mw_ring_evict(&w->shape, &w->ring, position);
    mw_ring_shrink(&w->shape, &w->ring, &w->pool, w->ring.count);
    mw_census_shrink(&w->census, w->ring.count);
}

static void take_out(world *w, uint64_t position) {
    if (w->census) mw_census_remove(w->census, position);
    mw_ring_remove(&w->shape, &w->ring, position);
}

static mw_cell value_at(const world *w, uint64_t position) {
    return *mw_ring_at(&w->shape, &w->ring, position, 1);
}

static mw_cell read(world *w, uint32_t span, uint64_t from, uint64_t to, const mw_window *window) {
    w->reads++;
    if (w->census) {
        mw_census_move(w->census, span, from, to);
        return mw_census_read(w->census, span, window);
    }
    mw_cell values[MW_CENSUS_FEW];
    w->few_reads++;
    MW_CHECK(to - from <= MW_CENSUS_FEW);
    for (uint64_t at = from; at < to; at++) values[at - from] = value_at(w, at);
    return mw_census_read_few(&w->plan, values, (uint32_t)(to - from), window);
}

static size_t count_of(const world *w, uint64_t from, uint64_t to, mw_cell value) {
    size_t count = 0;
    for (uint64_t at = from; at < to; at++) count += value_at(w, at).bits == value.bits;
    return count;
}

/* distinct and top, counted one by one. */
static mw_cell expected(const world *w, uint64_t from, uint64_t to, const mw_window *window) {
    size_t different = 0, most = 0;
    mw_cell top = mw_cell_missing(w->plan.type);
    for (uint64_t at = from; at < to; at++) {
        mw_cell value = value_at(w, at);
        if (mw_cell_is_missing(w->plan.type, value)) continue;
        size_t count = count_of(w, from, to, value);
        different += count_of(w, from, at, value) == 0;
        if (count > most || (count == most && mw_cell_compare(w->plan.type, value, top,
                                                              w->shape.symbols) < 0)) {
            most = count;
            top = value;
        }
    }
    return window->aggregate == MW_AGGREGATE_TOP ? top : mw_cell_number((double)different);
}

static int by_value(const void *a, const void *b) {
    const double *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

/* The exact quantile, of which the census gives the bucket's middle. */
static double exact_quantile(const world *w, uint64_t from, uint64_t to, const mw_window *window) {
    static double values[STEPS];
    size_t count = 0;
    for (uint64_t at = from; at < to; at++)
        if (!isnan(value_at(w, at).number)) values[count++] = value_at(w, at).number;
    if (count == 0) return NAN;
    qsort(values, count, sizeof *values, by_value);
    size_t rank = 1;
    while (rank * 1000000 < (size_t)window->quantile_millionths * count) rank++;
    return values[rank - 1];
}

static void check_quantile(double found, double exact) {
    if (isnan(exact) || exact == 0) {
        MW_CHECK(isnan(exact) ? isnan(found) : found == 0);
        return;
    }
    MW_CHECK(fabs(found - exact) <= fabs(exact) * 0x1p-9);
}

static void check_read(world *w, mw_window window) {
    uint64_t from = w->ring.first + mw_prng_below(&w->prng, w->ring.count + 1);
    uint64_t to = from + mw_prng_below(&w->prng, mw_ring_end(&w->ring) - from + 1);
    uint32_t span = (uint32_t)mw_prng_below(&w->prng, SPANS);
    if (w->plan.is_bucketed) {
        window = halves;
        window.quantile_millionths = (int32_t)mw_prng_below(&w->prng, 1000001);
        check_quantile(read(w, span, from, to, &window).number,
                       exact_quantile(w, from, to, &window));
        return;
    }
    MW_CHECK(read(w, span, from, to, &window).bits == expected(w, from, to, &window).bits);
}

/* In order and late, growing, shrinking, numbered anew; each span read anywhere. */
static void play(world *w, mw_window window, mw_cell (*draw)(world *)) {
    for (int64_t step = 0; step < STEPS; step++) {
        int64_t late = mw_prng_below(&w->prng, 4) == 0 ? (int64_t)mw_prng_below(&w->prng, 60) : 0;
        MW_CHECK(insert(w, step - late, draw(w)));
        if (w->ring.count > w->most_events) w->most_events = w->ring.count;
        if (mw_prng_below(&w->prng, 9) == 0)
            take_out(w, w->ring.first + mw_prng_below(&w->prng, w->ring.count));
        if (mw_prng_below(&w->prng, 150) == 0) { /* now and then to a few */
            uint64_t left = mw_prng_below(&w->prng, w->ring.count + 1);
            if (mw_prng_below(&w->prng, 3) == 0 && left > 0) left = mw_prng_below(&w->prng, left);
            if (mw_prng_below(&w->prng, 3) == 0 && left > 10) left = 10;
            evict(w, mw_ring_end(&w->ring) - left);
        }
        if (mw_prng_below(&w->prng, 3) == 0) check_read(w, window);
    }
    MW_CHECK(w->most_events > 300 && w->few_reads > 20 && w->reads > 2 * w->few_reads);
    release(w);
}

static mw_cell draw_number(world *w) {
    if (mw_prng_below(&w->prng, 9) == 0) return mw_cell_missing(MW_TYPE_NUMBER);
    double few = (double)mw_prng_below(&w->prng, 1 + mw_prng_below(&w->prng, 90));
    return mw_cell_number(few - 20);
}

static mw_cell draw_spread(world *w) {
    if (mw_prng_below(&w->prng, 9) == 0) return mw_cell_missing(MW_TYPE_NUMBER);
    int exponent = (int)mw_prng_below(&w->prng, mw_prng_below(&w->prng, 9) ? 12 : 2000) - 1000;
    return mw_cell_number(ldexp(mw_prng_double(&w->prng) - 0.3, exponent));
}

MW_TEST(census_counts_the_different) {
    world w;
    create(&w, MW_TYPE_NUMBER, false, NULL);
    play(&w, distinct, draw_number);
}

MW_TEST(census_finds_the_most_frequent) {
    world w;
    create(&w, MW_TYPE_NUMBER, false, NULL);
    play(&w, (mw_window){.aggregate = MW_AGGREGATE_TOP, .type = MW_TYPE_NUMBER}, draw_number);
}

static mw_symbols *symbols;

static mw_cell draw_text(world *w) {
    static const char *const texts[] = {"b", "a", "", "ab", "aa", "B"};
    if (mw_prng_below(&w->prng, 9) == 0) return mw_cell_missing(MW_TYPE_TEXT);
    return (mw_cell){.symbol = mw_symbols_intern(
                         symbols, mw_str_of(texts[mw_prng_below(&w->prng, 6)]))};
}

MW_TEST(census_of_text_orders_by_bytes) {
    world w;
    MW_CHECK_OK(mw_symbols_create(1 << 16, &symbols, NULL), NULL);
    create(&w, MW_TYPE_TEXT, false, symbols);
    play(&w, (mw_window){.aggregate = MW_AGGREGATE_TOP, .type = MW_TYPE_TEXT}, draw_text);
    mw_symbols_destroy(symbols);
}

MW_TEST(census_finds_quantiles) {
    world w;
    create(&w, MW_TYPE_NUMBER, true, NULL);
    play(&w, halves, draw_spread);
}

/* Each value alone: the middle of its bucket. */
MW_TEST(census_buckets_hold_every_number) {
    static const struct { double value, middle; } cases[] = {
        {0, 0}, {1, 1 + 0x1p-9}, {-1, -1 - 0x1p-9}, {1.5, 1.5 + 0x1p-9}, {255, 255.25},
        {1 + 0x1p-8 - 0x1p-52, 1 + 0x1p-9}, {1 + 0x1p-8, 1 + 0x3p-9},
        {DBL_MAX, 0x1.ff8p1023}, {-DBL_MAX, -0x1.ff8p1023}, {DBL_MIN, DBL_MIN + 0x1p-1031},
        {0x1p-1074, 0}, {-0x1p-1074, 0}, {0x1p-1030, 0x3p-1031}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_census_plan plan = {1, MW_TYPE_NUMBER, true, 1, NULL};
        mw_cell value = mw_cell_number(cases[i].value);
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_census_read_few(&plan, &value, 1, &halves).number,
                                   cases[i].middle);
    }
}

MW_TEST(census_counts_up_to_a_limit) {
    world w;
    create(&w, MW_TYPE_NUMBER, false, NULL);
    mw_window top = {.aggregate = MW_AGGREGATE_TOP, .type = MW_TYPE_NUMBER};
    for (int64_t i = 0; i <= MW_DIFFERENT_VALUES_MAX; i++)
        MW_CHECK(insert(&w, i, mw_cell_number((double)-i)));
    uint64_t end = mw_ring_end(&w.ring);
    MW_CHECK_EQUAL_INT(read(&w, 0, 0, end - 1, &distinct).number, MW_DIFFERENT_VALUES_MAX);
    MW_CHECK(read(&w, 0, 0, end - 1, &top).number == 1 - MW_DIFFERENT_VALUES_MAX);
    MW_CHECK(isnan(read(&w, 0, 0, end, &distinct).number));
    MW_CHECK(isnan(read(&w, 0, 0, end, &top).number));
    MW_CHECK_EQUAL_INT(read(&w, 0, 1, end, &distinct).number, MW_DIFFERENT_VALUES_MAX);
    release(&w);
}

/* Numbers down from 0, the first of them twice. */
static mw_cell read_many(const mw_window *window, size_t different) {
    static mw_cell values[MW_DIFFERENT_VALUES_MAX + 3];
    for (size_t i = 0; i < different; i++) values[i] = mw_cell_number(-(double)i);
    values[different] = values[0];
    values[different + 1] = mw_cell_missing(MW_TYPE_NUMBER);
    return mw_census_read_many(window, NULL, values, different + 2);
}

MW_TEST(census_reads_many_values_as_it_reads_few) {
    enum { DISTINCT, TOP, MEDIAN, LIMIT = MW_DIFFERENT_VALUES_MAX };
    mw_arena arena;
    mw_symbols *own;
    mw_arena_init(&arena, 1 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &own, NULL), NULL);
    const mw_window *of =
        mw_test_program(&arena, own,
                        "stream views\n  columns: at time, x number\n  time: at\n  id: at\n"
                        "feature a: distinct(views.x where x < now.x by x over 1h)\n"
                        "feature b: top(views.x where x < now.x by x over 1h)\n"
                        "feature c: quantile(0.5)(views.x where x < now.x by x over 1h)\n"
                        "model m\n  moment: on views\n  label: any(views by x over next 1h)\n")
            ->models[0].windows;
    MW_CHECK_EQUAL_INT(read_many(&of[DISTINCT], LIMIT).number, LIMIT);
    MW_CHECK_EQUAL_INT(read_many(&of[TOP], LIMIT).number, 0);
    MW_CHECK(isnan(read_many(&of[DISTINCT], LIMIT + 1).number));
    MW_CHECK(isnan(read_many(&of[TOP], LIMIT + 1).number));
    MW_CHECK_EQUAL_INT(read_many(&of[MEDIAN], LIMIT + 1).number, -5000); /* of -5007 .. -4992 */
    mw_symbols_destroy(own);
    mw_arena_release(&arena);
}

MW_TEST(census_stands_when_memory_is_out) {
    world w;
    create(&w, MW_TYPE_NUMBER, false, NULL);
    w.budget.max = 100000;
    double count = 0;
    while (insert(&w, (int64_t)count, mw_cell_number(count))) count++;
    uint64_t end = mw_ring_end(&w.ring);
    MW_CHECK(count > MW_CENSUS_FEW && count == (double)end);
    MW_CHECK(read(&w, 0, 0, end, &distinct).number == count);
    MW_CHECK(w.budget.used <= w.budget.max);
    release(&w);
}
