#include "loop/tally.h"

#include <math.h>
#include <string.h>

#include "base/prng.h"
#include "testing/test.h"

enum { MOMENTS = 3000, DAYS = 59 };

/* Two months of 1970, January and February. */
typedef struct {
    mw_tape_moment moments[MOMENTS];
    mw_lane_answer answers[MOMENTS];
    mw_lane lane;
    mw_tally_config config;
    mw_arena arena;
} fixture;

static void make(fixture *it) {
    uint64_t prng = mw_test_seed();
    memset(it, 0, sizeof *it);
    mw_arena_init(&it->arena, 1 << 24);
    it->config = (mw_tally_config){.zone = mw_zone_utc(),
                                   .to = DAYS * MW_DAY_US,
                                   .costs = {.false_alarm = 1, .miss = 5},
                                   .seed = 3,
                                   .moments = it->moments,
                                   .moment_count = MOMENTS};
    for (size_t i = 0; i < MOMENTS; i++) {
        int64_t t = (int64_t)mw_prng_below(&prng, DAYS * MW_DAY_US);
        mw_tally_place(&it->config, t, &it->moments[i]);
        it->moments[i].is_labelled = mw_prng_below(&prng, 10) > 0;
        it->moments[i].label = mw_prng_below(&prng, 4) == 0;
        it->answers[i].prediction = mw_prng_double(&prng) + it->moments[i].label * 0.5;
        it->answers[i].decision = it->answers[i].prediction > 0.7;
    }
    it->lane.answers = it->answers;
    it->lane.event_counts[MW_LOOP_TRAINED] = 4;
    it->lane.event_counts[MW_LOOP_ALARM] = 2;
}

MW_TEST(tally_adds_up_by_month_by_day_and_in_all) {
    static fixture it;
    make(&it);
    mw_backtest_lane lane;
    mw_error err;
    MW_CHECK_OK(mw_tally_lane(&it.config, &it.lane, &it.arena, &lane, &err), &err);
    MW_CHECK(lane.retrains == 4 && lane.alarms == 2 && lane.predictions == MOMENTS);
    MW_CHECK(lane.month_count == 2 && lane.day_count == DAYS);
    MW_CHECK_EQUAL_STR(lane.months[0].month, "1970-01");
    MW_CHECK_EQUAL_STR(lane.months[1].month, "1970-02");
    MW_CHECK_EQUAL_STR(lane.days[0].day, "1970-01-01");
    MW_CHECK_EQUAL_STR(lane.days[DAYS - 1].day, "1970-02-28");
    double month_cost[2] = {0}, day_cost[DAYS] = {0};
    size_t labelled = 0;
    for (size_t i = 0; i < MOMENTS; i++) {
        if (!it.moments[i].is_labelled) continue;
        labelled++;
        bool decision = it.answers[i].decision, label = it.moments[i].label;
        double cost = decision == label ? 0 : label ? 5 : 1;
        int64_t day = it.moments[i].t / MW_DAY_US;
        month_cost[day >= 31] += cost;
        day_cost[day] += cost;
    }
    MW_CHECK(lane.labelled == labelled && lane.cost == month_cost[0] + month_cost[1]);
    for (size_t m = 0; m < 2; m++) {
        MW_CHECK(lane.months[m].cost == month_cost[m]);
        mw_estimate roc_auc = lane.months[m].roc_auc;
        MW_CHECK(roc_auc.low < roc_auc.value && roc_auc.value < roc_auc.high);
    }
    for (size_t d = 0; d < DAYS; d++) MW_CHECK(lane.days[d].cost == day_cost[d]);
    MW_CHECK(lane.roc_auc > 0.8 && lane.roc_auc < 1);
    mw_arena_release(&it.arena);
}

MW_TEST(tally_of_a_month_without_labels_has_no_roc_auc) {
    static fixture it;
    make(&it);
    for (size_t i = 0; i < MOMENTS; i++)
        if (it.moments[i].month == 1) it.moments[i].is_labelled = false;
    mw_backtest_lane lane;
    mw_error err;
    MW_CHECK_OK(mw_tally_lane(&it.config, &it.lane, &it.arena, &lane, &err), &err);
    MW_CHECK(isnan(lane.months[1].roc_auc.value) && lane.months[1].cost == 0);
    MW_CHECK(lane.months[1].predictions > 0 && lane.months[1].labelled == 0);
    mw_arena_release(&it.arena);
}

/* A lane whose every day costs `base` and on odd days `odd` more. */
static mw_backtest_lane lane_of(mw_backtest_day *days, double base, double odd) {
    mw_backtest_lane lane = {.days = days, .day_count = DAYS};
    for (size_t i = 0; i < DAYS; i++) {
        days[i].cost = base + (i % 2 ? odd : 0);
        lane.cost += days[i].cost;
    }
    return lane;
}

MW_TEST(tally_compares_on_the_same_days) {
    static mw_backtest_day days[4][DAYS];
    mw_backtest_lane lanes[4] = {lane_of(days[0], 11, 11), lane_of(days[1], 10, 10),
                                 lane_of(days[2], 20, 0), lane_of(days[3], 10, 10)};
    MW_CHECK_EQUAL_INT(mw_tally_compare(5, lanes, 4), 1);
    /* A tenth more each day is a tenth more, whichever days are drawn. */
    MW_CHECK(fabs(lanes[0].excess - 0.1) < 1e-12);
    MW_CHECK(fabs(lanes[0].excess_low - 0.1) < 1e-12 && fabs(lanes[0].excess_high - 0.1) < 1e-12);
    MW_CHECK(lanes[1].excess == 0 && lanes[1].excess_low == 0 && lanes[3].excess_high == 0);
    MW_CHECK(lanes[2].excess_low < lanes[2].excess && lanes[2].excess < lanes[2].excess_high);
    mw_backtest_lane again[2] = {lane_of(days[1], 10, 10), lane_of(days[2], 20, 0)};
    MW_CHECK_EQUAL_INT(mw_tally_compare(5, again, 2), 0);
    MW_CHECK_EQUAL_DOUBLE_BITS(again[1].excess_low, lanes[2].excess_low);
}

MW_TEST(tally_without_any_cost_has_nothing_to_compare) {
    static mw_backtest_day days[2][DAYS];
    mw_backtest_lane lanes[2] = {lane_of(days[0], 0, 0), lane_of(days[1], 1, 0)};
    MW_CHECK_EQUAL_INT(mw_tally_compare(5, lanes, 2), 0);
    MW_CHECK(isnan(lanes[1].excess) && isnan(lanes[1].excess_low));
}
