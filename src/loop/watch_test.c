#include "loop/watch.h"

#include <math.h>

#include "loop/follower_world_test.h"

typedef struct {
    size_t alarms, calms, trainings;
} keeping_story;

static mw_status train(void *context, int64_t now, mw_str why, mw_loop_training *out_training,
                       mw_error *err) {
    (void)now, (void)why, (void)out_training;
    keeping_story *told = context;
    told->trainings++;
    return mw_fail(err, MW_CANCELLED, "no training was due");
}

static mw_status record(void *context, const mw_loop_event *event, mw_error *err) {
    (void)err;
    keeping_story *told = context;
    told->alarms += event->kind == MW_LOOP_ALARM;
    told->calms += event->kind == MW_LOOP_CALM;
    return MW_OK;
}

static mw_watch_config config_for(follower_world *world, const mw_keeping *keeping,
                                  mw_answer_kind answer) {
    const mw_program *program = world->examples.program;
    mw_str champion = loop_world_version(&world->examples.arena, world->examples.symbols,
                                         (loop_world_stump){0.5, 2, 0.5, 0, answer});
    return (mw_watch_config){.sys = world->sys,
                             .log_folder = "log",
                             .program = program,
                             .model = &program->models[0],
                             .project_model = &world->model,
                             .symbols = world->examples.symbols,
                             .history = &world->history,
                             .lake = {.log_through = INT64_MIN},
                             .champion = champion,
                             .keeping = keeping};
}

static mw_watch_config config_of(follower_world *world, const mw_keeping *keeping) {
    return config_for(world, keeping, MW_ANSWER_YES_NO);
}

static void post_all(follower_world *world) {
    follower_world_begin(world, MW_CONTROL_BEGIN_VIRTUAL);
    while (world->posted < FOLLOWER_WORLD_VISITS) follower_world_post(world);
    int64_t last = world->times[FOLLOWER_WORLD_VISITS - 1];
    follower_world_control(world, MW_CONTROL_CLOCK, last + 10 * MW_DAY_US);
}

MW_TEST(watch_measures_what_was_predicted) {
    follower_world world;
    mw_watch *watch = NULL;
    mw_error err = {0};
    post_all(&world);
    MW_CHECK_OK(mw_watch_create(config_of(&world, NULL), &watch, &err), &err);
    MW_CHECK_OK(mw_watch_advance(watch, follower_world_all, &err), &err);
    size_t expected = (FOLLOWER_WORLD_VISITS - FOLLOWER_WORLD_LAKE) / 2;
    mw_quality quality = mw_loop_quality(mw_watch_loop(watch));
    size_t mistakes = 0;
    for (size_t i = FOLLOWER_WORLD_LAKE; i < FOLLOWER_WORLD_VISITS; i += 2)
        mistakes += follower_world_label(&world, i) != (world.weights[i] >= 0.5);
    MW_CHECK_EQUAL_INT(quality.outcome_count, expected);
    MW_CHECK(quality.cost == (double)mistakes);
    MW_CHECK_EQUAL_INT(mw_drift_watch_read(mw_loop_drift(mw_watch_loop(watch))).row_count,
                       expected);
    MW_CHECK_EQUAL_INT(mw_watch_since(watch), INT64_MAX); /* v1 is not the champion's name */
    mw_watch_destroy(watch);
    follower_world_end(&world);
}

/* Drift is of any number; how good it was is measured of a yes or no alone so far. */
MW_TEST(watch_takes_no_number_for_a_yes) {
    follower_world world;
    mw_watch *watch = NULL;
    post_all(&world);
    MW_CHECK_OK(mw_watch_create(config_for(&world, NULL, MW_ANSWER_NUMBER), &watch, NULL), NULL);
    MW_CHECK_OK(mw_watch_advance(watch, follower_world_all, NULL), NULL);
    mw_quality quality = mw_loop_quality(mw_watch_loop(watch));
    MW_CHECK(quality.outcome_count == 0 && quality.cost == 0 && isnan(quality.of[0]));
    MW_CHECK(mw_drift_watch_read(mw_loop_drift(mw_watch_loop(watch))).row_count > 0);
    mw_watch_destroy(watch);
    follower_world_end(&world);
}

/* What the rules find otherwise counts beside what another course does, until it is heard anew. */
MW_TEST(watch_alarms_where_a_feature_is_not_by_the_rules) {
    follower_world world;
    mw_watch *watch = NULL;
    post_all(&world);
    MW_CHECK_OK(mw_watch_create(config_of(&world, NULL), &watch, NULL), NULL);
    MW_CHECK_OK(mw_watch_advance(watch, follower_world_all, NULL), NULL);
    const mw_alert *alert = NULL;
    for (size_t i = 0; i < mw_loop_alert_count(mw_watch_loop(watch)); i++) {
        const mw_alert *other = mw_loop_alert(mw_watch_loop(watch), i);
        if (mw_str_is(other->rule->text, "features.differing > 0")) alert = other;
    }
    MW_CHECK(alert && !alert->is_open);
    static const uint64_t differing[] = {0, 3, 0};
    for (size_t i = 0; i < sizeof differing / sizeof *differing; i++) {
        mw_watch_hear_proof(watch, 20, differing[i]);
        MW_CHECK_OK(mw_watch_hear_server(watch, NAN, NAN, NULL), NULL);
        MW_CHECK(alert->value == (double)differing[i]);
        MW_CHECK_EQUAL_INT(alert->is_open, differing[i] > 0);
    }
    mw_watch_destroy(watch);
    follower_world_end(&world);
}

static mw_status live(follower_world *world, int64_t checked, keeping_story *told) {
    mw_keeping keeping = {{told, train, record}, checked, INT64_MIN};
    mw_watch *watch = NULL;
    MW_CHECK_OK(mw_watch_create(config_of(world, &keeping), &watch, NULL), NULL);
    mw_status status = mw_watch_advance(watch, follower_world_all, NULL);
    const mw_alert *alert = mw_loop_alert(mw_watch_loop(watch), 0);
    MW_CHECK(alert->is_open && alert->opened_count == 1);
    mw_watch_destroy(watch);
    return status;
}

/* An open alert trains after a week. Told that this week has had its consequences, a watch comes to
   the same alert, and does not train for it again. */
MW_TEST(watch_comes_back_without_consequences) {
    follower_world world;
    mw_rule when;
    keeping_story first = {0}, second = {0};
    post_all(&world);
    MW_CHECK_OK(mw_rule_parse(MW_STR("drift.max < 9"), &when, NULL), NULL);
    world.model.retrain = (mw_retrain){.when = &when, .when_count = 1};
    MW_CHECK_EQUAL_INT(live(&world, INT64_MIN, &first), MW_CANCELLED);
    MW_CHECK(first.alarms == 1 && first.calms == 0 && first.trainings == 1);
    MW_CHECK_OK(live(&world, world.place, &second), NULL);
    MW_CHECK(second.alarms == 1 && second.calms == 0 && second.trainings == 0);
    follower_world_end(&world);
}

/* The label of each visit has matured. Those of the lake came before the log's beginning, and all
   but a few of them too long before to come late. */
MW_TEST(watch_keeps_old_examples_only_where_they_may_teach) {
    follower_world world;
    keeping_story told = {0};
    const size_t logged = FOLLOWER_WORLD_VISITS - FOLLOWER_WORLD_LAKE;
    post_all(&world);
    for (int is_trained = 0; is_trained < 2; is_trained++) {
        mw_keeping keeping = {{&told, train, record}, INT64_MIN, INT64_MIN};
        mw_watch *watch = NULL;
        world.model.retrain = (mw_retrain){.every_us = is_trained ? 1000 * MW_DAY_US : 0};
        MW_CHECK_OK(mw_watch_create(config_of(&world, &keeping), &watch, NULL), NULL);
        MW_CHECK_OK(mw_watch_advance(watch, follower_world_all, NULL), NULL);
        size_t count = mw_follower_examples(mw_watch_follower(watch))->count;
        MW_CHECK(count >= logged && count <= FOLLOWER_WORLD_VISITS);
        MW_CHECK((count == FOLLOWER_WORLD_VISITS) == is_trained);
        mw_watch_destroy(watch);
    }
    MW_CHECK_EQUAL_INT(told.trainings, 0);
    follower_world_end(&world);
}
