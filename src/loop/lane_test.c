#include "loop/lane.h"

#include "loop/backtest_world_test.h"

static size_t training_count;

static mw_status train(void *context, int64_t now, mw_loop_training *out_training, mw_error *err) {
    backtest_world *world = context;
    training_count++;
    MW_CHECK(now == 31 * MW_DAY_US);
    (void)err;
    loop_world_stump stump = {.cut = 0.5, .slope = 1, .threshold = 0.5};
    *out_training = (mw_loop_training){
        .version_bytes = loop_world_version(&world->arena, world->symbols, stump)};
    return MW_OK;
}

MW_TEST(lane_keeps_answers_and_the_log_of_its_loop) {
    static backtest_world world;
    static mw_field segment_fields[1];
    const mw_schema segments = {segment_fields, 0};
    mw_freshness *freshness;
    mw_error err;
    backtest_world_begin(&world);
    mw_policy monthly;
    MW_CHECK_OK(mw_freshness_create(world.program->stream_count, &freshness, &err), &err);
    MW_CHECK_OK(mw_policy_find(MW_STR("monthly"), &world.model.retrain, &monthly, &err), &err);
    mw_backtest_config backtest = backtest_world_config(&world, &monthly, 1);
    loop_world_stump stump = {.cut = 0.5, .slope = 2, .threshold = 0.5};
    mw_lane_config config = {.backtest = &backtest,
                             .segments = &segments,
                             .champion = loop_world_version(&world.arena, world.symbols, stump),
                             .freshness = freshness,
                             .arena = &world.arena,
                             .train = train,
                             .context = &world};
    mw_lane lane;
    MW_CHECK_OK(mw_lane_init(&lane, &config, monthly, &err), &err);
    mw_cell features[2] = {mw_cell_number(0.7), {.symbol = 0}};
    mw_step step = {.place = 30 * MW_DAY_US, .features = features};
    mw_score score = mw_scorer_run(mw_loop_champion(lane.loop), features);
    MW_CHECK(score.decision);
    MW_CHECK_OK(mw_lane_answer_moment(&lane, &step, score, &err), &err);
    MW_CHECK(lane.answer_count == 1 && lane.answers[0].prediction == score.prediction);
    MW_CHECK_OK(mw_loop_advance(lane.loop, 31 * MW_DAY_US, &err), &err);
    MW_CHECK(training_count == 1 && lane.log_count == 2);
    MW_CHECK(lane.event_counts[MW_LOOP_TRAINED] == 1 && lane.event_counts[MW_LOOP_PROMOTED] == 1);
    MW_CHECK_EQUAL_STR(lane.log[1].text, "blindly");
    MW_CHECK_EQUAL_STR(lane.log[1].version, mw_scorer_name(mw_loop_champion(lane.loop)));
    mw_lane_release(&lane);
    mw_freshness_destroy(freshness);
    backtest_world_end(&world);
}
