#include "loop/lane.h"

#include <math.h>

#include "loop/backtest_world_test.h"

/* A month of the world, and one lane through it that is trained on the 1st of February. */
typedef struct {
    backtest_world world;
    mw_policy monthly;
    mw_backtest_config backtest;
    mw_tape tape;
    mw_lane lane;
    size_t training_count;
    int64_t trained_at;
} fixture;

static mw_status train(void *context, int64_t now, mw_loop_training *out_training, mw_error *err) {
    fixture *f = context;
    (void)err;
    f->training_count++;
    f->trained_at = now;
    loop_world_stump stump = {.cut = 0.5, .slope = 1, .threshold = 0.5};
    *out_training = (mw_loop_training){
        .version_bytes = loop_world_version(&f->world.arena, f->world.symbols, stump)};
    return MW_OK;
}

static void set_up(fixture *f) {
    mw_error err;
    *f = (fixture){0};
    backtest_world_begin(&f->world);
    MW_CHECK_OK(mw_policy_find(MW_STR("monthly"), &f->world.model.retrain, &f->monthly, &err),
                &err);
    f->backtest = backtest_world_config(&f->world, &f->monthly, 1);
    f->backtest.to = 50 * MW_DAY_US;
    MW_CHECK_OK(mw_tape_record(&f->tape, &f->backtest, &err), &err);
    loop_world_stump stump = {.cut = 0.5, .slope = 2, .threshold = 0.5};
    mw_lane_config config = {.backtest = &f->backtest,
                             .tape = &f->tape,
                             .policy = f->monthly,
                             .champion =
                                 loop_world_version(&f->world.arena, f->world.symbols, stump),
                             .arena = &f->world.arena,
                             .hooks = {.context = f, .train = train}};
    MW_CHECK_OK(mw_lane_init(&f->lane, config, &err), &err);
}

static void tear_down(fixture *f) {
    mw_lane_release(&f->lane);
    mw_tape_release(&f->tape);
    backtest_world_end(&f->world);
}

/* What a stump of this slope says to a moment of the tape. */
static double said(const fixture *f, size_t moment, double slope) {
    double weight = mw_table_row(&f->tape.features, moment)[0].number;
    return weight > 0.5 ? 1 / (1 + exp(-slope)) : 1 / (1 + exp(slope));
}

MW_TEST(lane_answers_each_moment_by_its_champion_of_that_time) {
    static fixture f;
    mw_error err;
    set_up(&f);
    MW_CHECK_OK(mw_lane_play(&f.lane, &err), &err);
    MW_CHECK(f.training_count == 1 && f.trained_at == 31 * MW_DAY_US);
    size_t before = 0, after = 0;
    for (size_t i = 0; i < f.tape.moment_count; i++) {
        bool is_before = f.tape.moments[i].t < 31 * MW_DAY_US;
        MW_CHECK_EQUAL_DOUBLE_BITS(f.lane.answers[i].prediction, said(&f, i, is_before ? 2 : 1));
        MW_CHECK(f.lane.answers[i].decision == (f.lane.answers[i].prediction >= 0.5));
        *(is_before ? &before : &after) += 1;
    }
    MW_CHECK(before == WORLD_VISITS_A_DAY && after == 19 * WORLD_VISITS_A_DAY);
    tear_down(&f);
}

MW_TEST(lane_keeps_the_log_of_its_loop_and_tells_it_what_came_of_the_answers) {
    static fixture f;
    mw_error err;
    set_up(&f);
    MW_CHECK_OK(mw_lane_play(&f.lane, &err), &err);
    MW_CHECK(f.lane.event_counts[MW_LOOP_TRAINED] == 1 &&
             f.lane.event_counts[MW_LOOP_PROMOTED] == 1);
    MW_CHECK_EQUAL_INT(f.lane.log_count, 2);
    MW_CHECK_EQUAL_STR(f.lane.log[1].text, "blindly");
    MW_CHECK_EQUAL_STR(f.lane.log[1].version, mw_scorer_name(mw_loop_champion(f.lane.loop)));
    MW_CHECK_EQUAL_INT(mw_loop_outcomes(f.lane.loop)->count, f.tape.moment_count);
    MW_CHECK_EQUAL_INT(f.lane.arrived_count, f.tape.event_count);
    tear_down(&f);
}
