#include "monitor/quality.h"

#include <math.h>

#include "base/prng.h"
#include "testing/test.h"

enum { COUNT = 3000, SHOPS = 7 };

static mw_field segment_fields[] = {{{"shop", 4}, MW_TYPE_CATEGORY}};
static const mw_schema segment_schema = {segment_fields, 1};
static const mw_costs costs = {.false_alarm = 1, .miss = 5};

typedef struct {
    mw_symbols *symbols;
    mw_outcomes outcomes;
    size_t shop_of[COUNT];
} fixture;

/* Shop 0 is rare, and one outcome has no shop. */
static void make(fixture *it) {
    static const char *const shops[SHOPS] = {"", "berlin", "aachen", "zwickau", "a", "aa", "rare"};
    uint64_t prng = mw_test_seed();
    mw_error err;
    MW_CHECK_OK(mw_symbols_create(1 << 16, &it->symbols, &err), &err);
    mw_outcomes_init(&it->outcomes, &segment_schema);
    for (size_t i = 0; i < COUNT; i++) {
        size_t shop = 1 + mw_prng_below(&prng, SHOPS - 2);
        if (i % 100 == 0) shop = SHOPS - 1;
        if (i == 17) shop = 0;
        it->shop_of[i] = shop;
        mw_cell cell = {.symbol =
                            shop == 0 ? 0 : mw_symbols_intern(it->symbols, mw_str_of(shops[shop]))};
        double score = floor(mw_prng_double(&prng) * 50) / 50;
        mw_outcome outcome = {.matured = (int64_t)i,
                              .prediction = score,
                              .decision = score >= 0.4,
                              .label = mw_prng_double(&prng) < score};
        MW_CHECK_OK(mw_outcomes_add(&it->outcomes, outcome, &cell, &err), &err);
    }
}

static void release(fixture *it) {
    mw_outcomes_release(&it->outcomes);
    mw_symbols_destroy(it->symbols);
}

/* The share of pairs of a yes and a no that are in order, by looking at each. */
static double auc_by_pairs(const fixture *it, size_t first, size_t count, size_t shop) {
    double in_order = 0, pairs = 0;
    for (size_t i = first; i < first + count; i++) {
        const mw_outcome *yes = &it->outcomes.items[i];
        if (!yes->label || (shop < SHOPS && it->shop_of[i] != shop)) continue;
        for (size_t k = first; k < first + count; k++) {
            const mw_outcome *no = &it->outcomes.items[k];
            if (no->label || (shop < SHOPS && it->shop_of[k] != shop)) continue;
            pairs++;
            if (yes->prediction > no->prediction) in_order++;
            if (yes->prediction == no->prediction) in_order += 0.5;
        }
    }
    return in_order / pairs;
}

static double cost_by_hand(const fixture *it, size_t first, size_t count) {
    double cost = 0;
    for (size_t i = first; i < first + count; i++) {
        const mw_outcome *outcome = &it->outcomes.items[i];
        if (outcome->decision && !outcome->label) cost += 1;
        if (!outcome->decision && outcome->label) cost += 5;
    }
    return cost;
}

MW_TEST(quality_is_that_of_the_outcomes_asked_for) {
    static fixture it;
    mw_error err;
    make(&it);
    const size_t ranges[][2] = {{0, COUNT}, {100, 500}, {COUNT - 200, 200}};
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
        mw_quality quality;
        mw_quality_question question = {&it.outcomes, ranges[r][0], ranges[r][1], costs};
        MW_CHECK_OK(mw_quality_measure(question, &quality, &err), &err);
        double roc_auc = mw_quality_read(&quality, MW_STR("roc_auc"));
        MW_CHECK(fabs(roc_auc - auc_by_pairs(&it, ranges[r][0], ranges[r][1], SHOPS)) < 1e-12);
        MW_CHECK(mw_quality_read(&quality, MW_STR("cost")) ==
                 cost_by_hand(&it, ranges[r][0], ranges[r][1]));
        MW_CHECK(isnan(mw_quality_read(&quality, MW_STR("drift.max"))));
    }
    release(&it);
}

MW_TEST(quality_of_few_outcomes_says_nothing) {
    static fixture it;
    mw_error err;
    make(&it);
    mw_quality quality;
    mw_quality_question question = {&it.outcomes, 0, MW_QUALITY_OUTCOMES_MIN - 1, costs};
    MW_CHECK_OK(mw_quality_measure(question, &quality, &err), &err);
    MW_CHECK(quality.is_small && quality.outcome_count == MW_QUALITY_OUTCOMES_MIN - 1);
    MW_CHECK(quality.cost == cost_by_hand(&it, 0, MW_QUALITY_OUTCOMES_MIN - 1));
    MW_CHECK(isnan(mw_quality_read(&quality, MW_STR("roc_auc"))));
    MW_CHECK(isnan(mw_quality_read(&quality, MW_STR("cost"))));
    question.count = 0;
    MW_CHECK_OK(mw_quality_measure(question, &quality, &err), &err);
    MW_CHECK(quality.is_small);
    for (size_t i = 0; i < COUNT; i++) it.outcomes.items[i].label = true;
    question.count = COUNT;
    MW_CHECK_OK(mw_quality_measure(question, &quality, &err), &err);
    MW_CHECK(quality.is_small); /* one class only */
    release(&it);
}

MW_TEST(quality_by_segment_is_that_of_each_segments_outcomes) {
    static fixture it;
    mw_error err;
    mw_arena arena;
    make(&it);
    mw_arena_init(&arena, 1 << 20);
    mw_segment_quality *segments;
    size_t count = 0;
    mw_quality_question question = {&it.outcomes, 0, COUNT, costs};
    MW_CHECK_OK(mw_quality_by_segment(question, it.symbols, &arena, &segments, &count, &err), &err);
    static const char *const values[] = {"", "a", "aa", "aachen", "berlin", "rare", "zwickau"};
    static const size_t shops[] = {0, 4, 5, 2, 1, 6, 3};
    MW_CHECK_EQUAL_INT(count, SHOPS);
    size_t outcome_count = 0;
    for (size_t i = 0; i < count; i++) {
        MW_CHECK_EQUAL_STR(segments[i].column, "shop");
        MW_CHECK_EQUAL_STR(segments[i].value, values[i]);
        outcome_count += segments[i].quality.outcome_count;
        bool is_small = shops[i] == 0 || shops[i] == 6;
        MW_CHECK(segments[i].quality.is_small == is_small);
        if (is_small) continue;
        double roc_auc = mw_quality_read(&segments[i].quality, MW_STR("roc_auc"));
        MW_CHECK(fabs(roc_auc - auc_by_pairs(&it, 0, COUNT, shops[i])) < 1e-12);
    }
    MW_CHECK_EQUAL_INT(outcome_count, COUNT);
    mw_arena_release(&arena);
    release(&it);
}

static mw_status measure_both(void *context) {
    fixture *it = context;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_quality quality;
    mw_segment_quality *segments;
    size_t count;
    mw_quality_question question = {&it->outcomes, 0, 400, costs};
    mw_status status = mw_quality_measure(question, &quality, NULL);
    if (status == MW_OK)
        status = mw_quality_by_segment(question, it->symbols, &arena, &segments, &count, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(quality_survives_the_failure_of_any_allocation) {
    static fixture it;
    make(&it);
    MW_CHECK(mw_test_every_allocation_fails(measure_both, &it) > 5);
    release(&it);
}
