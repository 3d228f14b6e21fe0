#include "loop/backtest.h"

#include <string.h>

#include "loop/backtest_report.h"
#include "loop/backtest_world_test.h"

static backtest_world world;
static mw_policy policies[MW_POLICY_COUNT];

static void begin(void) {
    backtest_world_begin(&world);
    mw_policies(&world.model.retrain, policies);
}

static mw_backtest_result run(const mw_policy *chosen, size_t count) {
    mw_backtest_config config = backtest_world_config(&world, chosen, count);
    mw_backtest_result result;
    mw_error err;
    MW_CHECK_OK(mw_backtest_run(&config, &world.arena, &result, &err), &err);
    return result;
}

static mw_str json_of(const mw_backtest_result *result) {
    mw_backtest_report report = {MW_STR("visits"), MW_STR("0"), &world.model,
                                 mw_zone_utc(),    1,           result};
    mw_buf json;
    mw_buf_init(&json, 1 << 24);
    mw_backtest_report_json(&report, &json);
    mw_str kept = mw_str_copy(&world.arena, mw_buf_str(&json));
    MW_CHECK(!json.failed && kept.data);
    mw_buf_release(&json);
    return kept;
}

MW_TEST(backtest_shows_that_retraining_pays_where_the_law_changes) {
    begin();
    mw_backtest_result result = run(policies, MW_POLICY_COUNT);
    const mw_backtest_lane *never = &result.lanes[0], *monthly = &result.lanes[1],
                           *drift = &result.lanes[2], *gated = &result.lanes[3];
    MW_CHECK(result.lane_count == MW_POLICY_COUNT && never->retrains == 0);
    MW_CHECK_EQUAL_INT(monthly->retrains, 5); /* on the firsts of February to June */
    MW_CHECK_EQUAL_INT(monthly->promotions, 5);
    MW_CHECK(drift->alarms >= 1 && drift->promotions >= 1);
    MW_CHECK(gated->retrains >= 4 && gated->promotions + gated->refusals == gated->retrains);
    MW_CHECK(never->cost > 1.5 * monthly->cost && never->cost > 1.5 * drift->cost);
    MW_CHECK(never->cost > 1.5 * gated->cost);
    MW_CHECK(never->months[0].roc_auc.value > 0.8);
    MW_CHECK(never->months[never->month_count - 1].roc_auc.value < 0.2);
    MW_CHECK(gated->months[gated->month_count - 1].roc_auc.value > 0.8);
    MW_CHECK(result.best != 0 && never->excess > 0.5 && never->excess_low > 0);
    backtest_world_end(&world);
}

MW_TEST(backtest_predicts_each_moment_once_and_counts_its_label) {
    begin();
    mw_backtest_result result = run(policies, 1);
    const mw_backtest_lane *lane = &result.lanes[0];
    size_t moments = 0;
    for (size_t i = 0; i < world.events.event_count; i++) {
        mw_event event = mw_events_at(&world.events, i);
        moments +=
            event.stream == 0 && event.time >= 30 * MW_DAY_US && event.time < 170 * MW_DAY_US;
    }
    MW_CHECK_EQUAL_INT(lane->predictions, moments);
    MW_CHECK_EQUAL_INT(result.open, 0);
    MW_CHECK_EQUAL_INT(lane->labelled, moments); /* the data go on past the last one's maturity */
    MW_CHECK_EQUAL_INT(lane->day_count, 140);
    MW_CHECK_EQUAL_STR(lane->days[0].day, "1970-01-31");
    backtest_world_end(&world);
}

MW_TEST(backtest_leaves_labels_open_that_the_data_do_not_reach) {
    begin();
    mw_backtest_config config = backtest_world_config(&world, policies, 1);
    config.to = WORLD_DAYS * MW_DAY_US;
    mw_backtest_result result;
    mw_error err;
    MW_CHECK_OK(mw_backtest_run(&config, &world.arena, &result, &err), &err);
    MW_CHECK(result.lanes[0].labelled < result.lanes[0].predictions);
    MW_CHECK(result.lanes[0].labelled + 20 > result.lanes[0].predictions);
    MW_CHECK_EQUAL_INT(result.lanes[0].labelled + result.open, result.lanes[0].predictions);
    backtest_world_end(&world);
}

MW_TEST(backtest_is_the_same_to_the_byte_each_time) {
    begin();
    mw_backtest_result first = run(policies, MW_POLICY_COUNT);
    mw_backtest_result second = run(policies, MW_POLICY_COUNT);
    MW_CHECK(mw_str_equal(json_of(&first), json_of(&second)));
    backtest_world_end(&world);
}

MW_TEST(backtest_of_a_policy_is_the_same_alone_as_among_others) {
    begin();
    mw_backtest_result all = run(policies, MW_POLICY_COUNT);
    for (size_t i = 0; i < MW_POLICY_COUNT; i++) {
        mw_backtest_result alone = run(&policies[i], 1);
        mw_backtest_lane beside = all.lanes[i];
        /* Only the comparison with the cheapest may differ. */
        beside.excess = alone.lanes[0].excess;
        beside.excess_low = alone.lanes[0].excess_low;
        beside.excess_high = alone.lanes[0].excess_high;
        mw_backtest_result one = alone;
        one.lanes = &beside;
        MW_CHECK(mw_str_equal(json_of(&one), json_of(&alone)));
    }
    backtest_world_end(&world);
}

MW_TEST(backtest_trains_once_what_is_trained_from_the_same_examples) {
    begin();
    mw_backtest_result result = run(policies, MW_POLICY_COUNT);
    MW_CHECK_EQUAL_INT(world.training_count, result.trainings);
    MW_CHECK_EQUAL_INT(result.learner_cpu_us, 7 * (int64_t)result.trainings);
    const mw_policy twins[2] = {policies[1], policies[1]};
    world.training_count = 0;
    result = run(twins, 2);
    MW_CHECK_EQUAL_INT(world.training_count, 1 + result.lanes[0].retrains);
    MW_CHECK(result.lanes[0].cost == result.lanes[1].cost);
    backtest_world_end(&world);
}

MW_TEST(backtest_needs_something_to_learn_from_before_its_first_day) {
    begin();
    mw_backtest_config config = backtest_world_config(&world, policies, 1);
    config.from = MW_DAY_US;
    mw_backtest_result result;
    mw_error err;
    MW_CHECK_STATUS(mw_backtest_run(&config, &world.arena, &result, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "backtest: the first version, before the first day: "
                                    "train: no example has matured");
    MW_CHECK_EQUAL_STR(err.hint, "Let the first day be later, or bring more history.");
    backtest_world_end(&world);
}

static mw_status tell_nothing_apart(void *context, const mw_examples *examples, size_t count,
                                    mw_arena *arena, mw_trained *out_trained, mw_error *err) {
    mw_split split;
    (void)context, (void)arena, (void)out_trained;
    MW_TRY(mw_split_by_time(examples, count, MW_TEST_LATEST, &split, err));
    return mw_hint(err, mw_fail(err, MW_INVALID, "train: all labels are true"), "Look at it.");
}

/* Of what is wrong with the labels training knows better; of too few, who chooses the first day. */
MW_TEST(backtest_passes_on_what_training_would_do) {
    begin();
    mw_backtest_config config = backtest_world_config(&world, policies, 1);
    config.train = tell_nothing_apart;
    config.from = MW_DAY_US;
    mw_backtest_result result;
    mw_error err;
    MW_CHECK_STATUS(mw_backtest_run(&config, &world.arena, &result, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "backtest: the first version, before the first day: "
                                    "train: all labels are true");
    MW_CHECK_EQUAL_STR(err.hint, "Look at it.");
    MW_CHECK_STATUS(mw_backtest_run(&config, &world.arena, &result, NULL), MW_INVALID);
    config.from = MW_HOUR_US / 2;
    MW_CHECK_STATUS(mw_backtest_run(&config, &world.arena, &result, &err), MW_INVALID);
    MW_CHECK(strstr(err.message, "no label has matured") != NULL);
    MW_CHECK_EQUAL_STR(err.hint, "Let the first day be later, or bring more history.");
    backtest_world_end(&world);
}

MW_TEST(backtest_needs_something_to_predict) {
    begin();
    mw_backtest_config config = backtest_world_config(&world, policies, 1);
    config.from = 2 * WORLD_DAYS * MW_DAY_US;
    config.to = config.from + MW_DAY_US;
    mw_backtest_result result;
    mw_error err;
    MW_CHECK_STATUS(mw_backtest_run(&config, &world.arena, &result, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "backtest: model comes has no moment in these days");
    MW_CHECK(mw_str_starts(mw_str_of(err.hint), MW_STR("The data go from 1970-01-0")));
    MW_CHECK_EQUAL_INT(world.training_count, 0); /* nothing was learned for it */
    backtest_world_end(&world);
}
