#include "feature/fold.h"

#include "base/prng.h"
#include "feature/engine.h"
#include "feature/ring_slot.h"
#include "testing/declare.h"
#include "testing/test.h"

#include <math.h>

/* Ticks that are merged in any order, and parted in any way, come to what all events at once do.
   That the values are right is shown by engine_test.c, whose worlds have such windows. */
MW_TEST(fold_merges_in_any_order) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 16, &symbols, NULL), NULL);
    const mw_program *program = mw_test_program(
        &arena, symbols,
        "stream s\n  columns: at time, key number, x number\n  time: at\n  id: at\n"
        "feature a: sum(s.x by key over 1h)\n"
        "model m\n  moment: on s\n  label: count(s by key over next 1h)\n");
    const mw_code *value = program->models[0].windows[0].value;
    uint64_t prng = mw_test_seed();
    enum { EVENTS = 12 };
    for (mw_fold_kind kind = MW_FOLD_COUNT; kind <= MW_FOLD_LAST; kind++)
        for (size_t round = 0; round < 200; round++) {
            bool is_of_events = kind == MW_FOLD_COUNT || kind == MW_FOLD_LATEST;
            mw_fold fold = {kind, is_of_events ? NULL : value, MW_TYPE_NUMBER, 0};
            mw_cell words[EVENTS][MW_FOLD_WORDS_MAX] = {{{0}}};
            mw_cell forward[MW_FOLD_WORDS_MAX] = {{0}}, parts[2][MW_FOLD_WORDS_MAX] = {{{0}}};
            mw_fold_clear(&fold, forward);
            mw_fold_clear(&fold, parts[0]);
            mw_fold_clear(&fold, parts[1]);
            for (size_t i = 0; i < EVENTS; i++) {
                double x = (double)mw_prng_below(&prng, 5) / 2 - 1;
                mw_cell row[] = {mw_cell_time((int64_t)mw_prng_below(&prng, 4)),
                                 mw_cell_number(1),
                                 mw_cell_number(mw_prng_below(&prng, 4) == 0 ? NAN : x)};
                mw_frame frame = {.row = row, .time_us = row[0].time};
                MW_CHECK(mw_fold_event(&fold, &frame, words[i]));
                mw_fold_merge(&fold, symbols, words[i], forward);
            }
            if (mw_fold_is_reversible(kind)) { /* in and out again, as if it had never been */
                mw_fold_merge(&fold, symbols, words[round % EVENTS], forward);
                mw_fold_take_back(&fold, words[round % EVENTS], forward);
            }
            for (size_t i = EVENTS; i > 0; i--)
                mw_fold_merge(&fold, symbols, words[i - 1], parts[mw_prng_below(&prng, 2)]);
            mw_fold_merge(&fold, symbols, parts[1], parts[0]);
            for (uint32_t i = 0; i < mw_fold_word_count(kind); i++)
                MW_CHECK_EQUAL_INT(parts[0][i].bits, forward[i].bits);
        }
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
}

/* Any ticks of a ring at once come to what they do one by one. */
MW_TEST(fold_merges_ticks_as_it_would_one_by_one) {
    enum { TICKS = 70, WORD = 1 };
    static const mw_type types[] = {MW_TYPE_NUMBER, MW_TYPE_TIME};
    mw_ring_shape shape = {.element_words = WORD + MW_FOLD_WORDS_MAX,
                           .slot_words = WORD + MW_FOLD_WORDS_MAX};
    uint64_t prng = mw_test_seed();
    for (mw_fold_kind kind = MW_FOLD_COUNT; kind <= MW_FOLD_LAST; kind++)
        for (size_t round = 0; round < 40; round++) {
            mw_fold fold = {kind, NULL, types[round % 2], WORD};
            mw_budget budget = {.max = SIZE_MAX};
            mw_pool pool;
            mw_ring ring = {0};
            mw_pool_init(&pool, &budget);
            MW_CHECK(mw_ring_reserve(&shape, &ring, &pool, TICKS));
            for (int64_t i = 0; i < TICKS; i++) {
                mw_cell element[WORD + MW_FOLD_WORDS_MAX];
                element[0] = mw_cell_time(i);
                for (uint32_t k = 0; k < MW_FOLD_WORDS_MAX; k++) {
                    bool is_number = mw_fold_word_type(&fold, k) == MW_TYPE_NUMBER;
                    uint64_t draw = mw_prng_below(&prng, 6);
                    element[WORD + k] = draw == 0 ? mw_cell_missing(mw_fold_word_type(&fold, k))
                                        : is_number ? mw_cell_number((double)draw / 2 - 1)
                                                    : mw_cell_time((int64_t)mw_prng_next(&prng));
                }
                (void)mw_ring_insert(&shape, &ring, element);
            }
            uint64_t from = ring.first + mw_prng_below(&prng, TICKS);
            uint64_t to = from + mw_prng_below(&prng, ring.first + TICKS - from + 1);
            mw_cell at_once[MW_FOLD_WORDS_MAX], words[MW_FOLD_WORDS_MAX],
                one[MW_FOLD_WORDS_MAX];
            mw_fold_merge_ticks(&fold, (mw_fold_ticks){&shape, &ring, from, to}, at_once);
            mw_fold_clear(&fold, words);
            for (uint64_t i = from; i < to; i++) {
                mw_fold_load(&fold, &shape, &ring, i, one);
                mw_fold_merge(&fold, NULL, one, words);
            }
            for (uint32_t i = 0; i < mw_fold_word_count(kind); i++)
                MW_CHECK_EQUAL_INT(at_once[i].bits, words[i].bits);
            mw_pool_release(&pool);
        }
}

/* The bytes of state after an hour of `count` events of one key. */
static size_t bytes_after(const char *windows, int64_t count) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 16, &symbols, NULL), NULL);
    mw_buf text;
    mw_buf_init(&text, 4096);
    mw_buf_printf(&text,
                  "stream hits\n  columns: at time, key number, x number\n  time: at\n"
                  "stream asks\n  columns: at time, key number, no number\n  time: at\n  id: no\n"
                  "%smodel m\n  moment: on asks\n  label: count(asks by key over next 1h)\n%c",
                  windows, '\0');
    const mw_program *program = mw_test_program(&arena, symbols, text.data);
    mw_engine_config config = {
        .program = program, .model = &program->models[0], .symbols = symbols};
    mw_engine *engine;
    MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
    for (int64_t i = 0; i < count; i++) {
        int64_t time = i * (MW_HOUR_US / count);
        mw_cell row[] = {mw_cell_time(time), mw_cell_number(1), mw_cell_number((double)i)};
        mw_event event = {.time = time, .known = time, .place = time, .row = row};
        MW_CHECK_OK(mw_engine_apply(engine, &event, NULL), NULL);
    }
    mw_cell row[] = {mw_cell_time(MW_HOUR_US), mw_cell_number(1), mw_cell_number(0)};
    mw_cell feature;
    mw_moment moment = {MW_HOUR_US, MW_HOUR_US, row};
    MW_CHECK_OK(mw_engine_features(engine, &moment, &feature, NULL), NULL);
    MW_CHECK_EQUAL_DOUBLE_BITS(feature.number, (double)(count - 1) / 2);
    size_t bytes = mw_engine_read_stats(engine).bytes;
    mw_engine_destroy(engine);
    mw_buf_release(&text);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
    return bytes;
}

MW_TEST(fold_bounds_the_state_of_a_hot_key) {
    static const char by_the_minute[] = "feature f: mean(hits.x by key over 1h every 1m)\n";
    size_t bytes = bytes_after(by_the_minute, 60000);
    MW_CHECK(bytes <= 16384);
    MW_CHECK_EQUAL_INT(bytes_after(by_the_minute, 3600), bytes);
    MW_CHECK(bytes_after("feature f: mean(hits.x by key over 1h)\n", 60000) > 50 * bytes);
}
