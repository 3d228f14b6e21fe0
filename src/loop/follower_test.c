#include "loop/follower.h"

#include "loop/follower_world_test.h"

/* What a follower has told. */
typedef struct {
    size_t arrived, predicted, matured;
    double predictions[FOLLOWER_WORLD_VISITS];
    mw_outcome outcomes[FOLLOWER_WORLD_VISITS];
} story;

static mw_status arrived(void *context, const mw_event *event, int64_t place, mw_error *err) {
    (void)place, (void)err;
    story *told = context;
    told->arrived += event->stream == 0;
    return MW_OK;
}

static mw_status predicted(void *context, int64_t stamp, const mw_prediction *prediction,
                           mw_error *err) {
    (void)stamp, (void)err;
    story *told = context;
    told->predictions[told->predicted++] = prediction->features[0].number;
    return MW_OK;
}

static mw_status matured(void *context, mw_outcome outcome, const mw_cell *segments,
                         mw_error *err) {
    (void)segments, (void)err;
    story *told = context;
    told->outcomes[told->matured++] = outcome;
    return MW_OK;
}

static mw_status create_behind(follower_world *world, story *told, int64_t log_through,
                               mw_follower **out_follower) {
    mw_follower_config config = {.sys = world->sys,
                                 .log_folder = "log",
                                 .program = world->examples.program,
                                 .model = &world->examples.program->models[0],
                                 .project_model = &world->model,
                                 .symbols = world->examples.symbols,
                                 .history = &world->history,
                                 .lake = {.log_through = log_through},
                                 .from = INT64_MIN,
                                 .hooks = {.context = told,
                                           .arrived = arrived,
                                           .predicted = predicted,
                                           .matured = matured}};
    return mw_follower_create(config, out_follower, NULL);
}

static mw_status create(follower_world *world, story *told, mw_follower **out_follower) {
    return create_behind(world, told, INT64_MIN, out_follower);
}

static mw_follower *begin(follower_world *world, story *told) {
    mw_follower *follower = NULL;
    MW_CHECK_OK(create(world, told, &follower), NULL);
    return follower;
}

static void check_same(const story *a, const story *b) {
    MW_CHECK(a->predicted == b->predicted && a->matured == b->matured);
    for (size_t i = 0; i < a->predicted; i++) MW_CHECK(a->predictions[i] == b->predictions[i]);
    for (size_t i = 0; i < a->matured; i++) {
        MW_CHECK(a->outcomes[i].t == b->outcomes[i].t);
        MW_CHECK_EQUAL_INT(a->outcomes[i].matured, b->outcomes[i].matured);
        MW_CHECK(a->outcomes[i].label == b->outcomes[i].label);
    }
}

static void check_examples(const mw_follower *a, const mw_follower *b) {
    const mw_examples *of_a = mw_follower_examples(a), *of_b = mw_follower_examples(b);
    MW_CHECK(of_a->count == of_b->count);
    for (size_t i = 0; i < of_a->count; i++) {
        MW_CHECK(of_a->items[i].label == of_b->items[i].label);
        MW_CHECK_EQUAL_INT(of_a->items[i].place, of_b->items[i].place);
    }
}

/* Each prediction is told once, and its outcome is what a look at all visits says. */
MW_TEST(follower_tells_each_prediction_and_what_came_of_it) {
    follower_world world;
    static story at_once, in_pieces;
    at_once = in_pieces = (story){0};
    follower_world_begin(&world, MW_CONTROL_BEGIN_VIRTUAL);
    mw_follower *pieces = begin(&world, &in_pieces);
    while (world.posted < FOLLOWER_WORLD_VISITS) {
        follower_world_post(&world);
        if (world.posted % 3 == 0)
            MW_CHECK_OK(mw_follower_advance(pieces, follower_world_all, NULL), NULL);
    }
    int64_t last = world.times[FOLLOWER_WORLD_VISITS - 1];
    follower_world_control(&world, MW_CONTROL_CLOCK, last + 3 * MW_HOUR_US);
    mw_follower *follower = begin(&world, &at_once);
    MW_CHECK_OK(mw_follower_advance(pieces, follower_world_all, NULL), NULL);
    MW_CHECK_OK(mw_follower_advance(follower, follower_world_all, NULL), NULL);
    size_t expected = (FOLLOWER_WORLD_VISITS - FOLLOWER_WORLD_LAKE) / 2, positives = 0;
    MW_CHECK_EQUAL_INT(at_once.predicted, expected);
    MW_CHECK_EQUAL_INT(at_once.matured, expected);
    for (size_t k = 0; k < expected; k++) {
        size_t i = FOLLOWER_WORLD_LAKE + 2 * k;
        const mw_outcome *outcome = &at_once.outcomes[k];
        MW_CHECK(at_once.predictions[k] == world.weights[i]);
        MW_CHECK(outcome->t == world.times[i] && outcome->prediction == world.weights[i]);
        MW_CHECK_EQUAL_INT(outcome->label, follower_world_label(&world, i));
        MW_CHECK(outcome->matured >= outcome->t + MW_HOUR_US);
        positives += outcome->label;
    }
    MW_CHECK(positives > 10 && positives + 10 < expected);
    MW_CHECK_EQUAL_INT(mw_follower_examples(follower)->count, FOLLOWER_WORLD_VISITS);
    MW_CHECK_EQUAL_INT(mw_follower_count_since(follower, INT64_MIN).labelled, expected);
    MW_CHECK_EQUAL_INT(mw_follower_count_since(follower, INT64_MIN).due, expected);
    MW_CHECK_EQUAL_INT(at_once.arrived, FOLLOWER_WORLD_VISITS);
    check_same(&in_pieces, &at_once);
    mw_follower_destroy(pieces);
    mw_follower_destroy(follower);
    follower_world_end(&world);
}

/* What was recorded is what its own course finds, until a server lies. */
MW_TEST(follower_tells_features_that_were_recorded_otherwise) {
    follower_world world;
    static story told;
    told = (story){0};
    follower_world_begin(&world, MW_CONTROL_BEGIN_VIRTUAL);
    mw_follower *follower = begin(&world, &told);
    for (size_t i = 0; i < 20; i++) follower_world_post(&world);
    MW_CHECK_OK(mw_follower_advance(follower, follower_world_all, NULL), NULL);
    mw_recheck_count honest = mw_follower_rechecked(follower);
    MW_CHECK(honest.compared >= told.predicted - 1 && honest.differing == 0);
    world.lies = true;
    for (size_t i = 0; i < 10; i++) follower_world_post(&world);
    world.lies = false;
    for (size_t i = 0; i < 10; i++) follower_world_post(&world);
    MW_CHECK_OK(mw_follower_advance(follower, follower_world_all, NULL), NULL);
    mw_recheck_count lied = mw_follower_rechecked(follower);
    MW_CHECK(lied.compared >= told.predicted - 1);
    MW_CHECK_EQUAL_INT(lied.differing, 5);
    mw_follower_destroy(follower);
    follower_world_end(&world);
}

/* Of a log that has grown since its end was taken, the rest waits for the next time. */
MW_TEST(follower_goes_no_further_than_the_log_reached) {
    follower_world world;
    static story told;
    told = (story){0};
    mw_log_reach reach = {0};
    follower_world_begin(&world, MW_CONTROL_BEGIN_VIRTUAL);
    mw_follower *follower = begin(&world, &told);
    for (size_t i = 0; i < 20; i++) follower_world_post(&world);
    MW_CHECK_OK(mw_log_end(world.sys, "log", &reach.end, NULL), NULL);
    for (size_t i = 0; i < 20; i++) follower_world_post(&world);
    MW_CHECK_OK(mw_follower_advance(follower, reach, NULL), NULL);
    MW_CHECK_EQUAL_INT(told.predicted, 10);
    MW_CHECK_OK(mw_follower_advance(follower, follower_world_all, NULL), NULL);
    MW_CHECK_EQUAL_INT(told.predicted, 20);
    mw_follower_destroy(follower);
    follower_world_end(&world);
}

/* Labels wait for the clock, not for the next record. */
MW_TEST(follower_goes_by_the_clock) {
    follower_world world;
    static story told;
    told = (story){0};
    follower_world_begin(&world, MW_CONTROL_BEGIN_VIRTUAL);
    mw_follower *follower = begin(&world, &told);
    follower_world_post(&world);
    int64_t t = world.times[FOLLOWER_WORLD_LAKE];
    int64_t maturity = t + world.examples.program->models[0].maturity_us;
    MW_CHECK_OK(mw_follower_advance(follower, follower_world_all, NULL), NULL);
    MW_CHECK(mw_follower_is_virtual(follower) && mw_follower_now(follower) == t);
    MW_CHECK(told.predicted == 1 && told.matured == 0);
    follower_world_control(&world, MW_CONTROL_CLOCK, maturity - 1);
    MW_CHECK_OK(mw_follower_advance(follower, follower_world_all, NULL), NULL);
    MW_CHECK_EQUAL_INT(told.matured, 0);
    follower_world_control(&world, MW_CONTROL_CLOCK, maturity);
    MW_CHECK_OK(mw_follower_advance(follower, follower_world_all, NULL), NULL);
    MW_CHECK_EQUAL_INT(told.matured, 1);
    mw_follower_destroy(follower);
    follower_world_end(&world);
}

/* A record has its place before it is committed: the clock may have passed it by then. */
MW_TEST(follower_takes_at_its_place_what_is_committed_late) {
    follower_world world;
    static story told, at_once;
    told = at_once = (story){0};
    follower_world_begin(&world, MW_CONTROL_BEGIN_WALL);
    mw_follower *follower = begin(&world, &told);
    mw_log_reach reach = follower_world_all;
    for (int i = 0; i < 50; i++) {
        mw_error err;
        reach.wall_now = world.times[world.posted] + MW_MINUTE_US / 2;
        MW_CHECK_OK(mw_follower_advance(follower, reach, &err), &err);
        follower_world_post(&world);
    }
    MW_CHECK_OK(mw_follower_advance(follower, reach, NULL), NULL);
    mw_follower *other = begin(&world, &at_once);
    MW_CHECK_OK(mw_follower_advance(other, reach, NULL), NULL);
    MW_CHECK(told.predicted == 25 && told.matured > 10);
    check_same(&told, &at_once);
    check_examples(follower, other);
    mw_follower_destroy(other);

    /* Until the label of the visit before is told, two hours after it, which is a minute later. */
    mw_error err;
    reach.wall_now = world.times[world.posted] + 5 * MW_MINUTE_US;
    MW_CHECK_OK(mw_follower_advance(follower, reach, NULL), NULL);
    follower_world_post(&world);
    MW_CHECK_STATUS(mw_follower_advance(follower, reach, &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "follower: a record was committed after what comes 60000000"
                                    " us behind it was told");
    mw_follower_destroy(follower);
    follower_world_end(&world);
}

/* What the lake has of the log is told by the lake. */
MW_TEST(follower_passes_over_what_was_moved_into_the_lake) {
    follower_world world;
    static story told;
    told = (story){0};
    mw_follower *follower = NULL;
    follower_world_begin(&world, MW_CONTROL_BEGIN_VIRTUAL);
    for (int i = 0; i < 20; i++) follower_world_post(&world);
    int64_t moved = world.place;
    for (int i = 0; i < 7; i++) follower_world_post(&world);
    MW_CHECK_OK(create_behind(&world, &told, moved, &follower), NULL);
    MW_CHECK_OK(mw_follower_advance(follower, follower_world_all, NULL), NULL);
    MW_CHECK_EQUAL_INT(told.arrived, FOLLOWER_WORLD_LAKE + 7);
    MW_CHECK_EQUAL_INT(told.predicted, 14); /* every other one of them all */
    mw_follower_destroy(follower);
    follower_world_end(&world);
}

MW_TEST(follower_surveys_a_log) {
    follower_world world;
    mw_log_survey survey;
    follower_world_begin(&world, MW_CONTROL_BEGIN_VIRTUAL);
    int64_t begin_place = world.place;
    MW_CHECK_OK(mw_log_survey_read(world.sys, "log", MW_STR("v1"), &survey, NULL), NULL);
    MW_CHECK(survey.begin == begin_place && survey.since == INT64_MAX);
    follower_world_post(&world);
    follower_world_post(&world);
    follower_world_post(&world);
    MW_CHECK_OK(mw_log_survey_read(world.sys, "log", MW_STR("v1"), &survey, NULL), NULL);
    MW_CHECK(survey.begin == begin_place && survey.since > begin_place);
    MW_CHECK(survey.since < world.times[FOLLOWER_WORLD_LAKE + 1]);
    MW_CHECK_OK(mw_log_survey_read(world.sys, "log", MW_STR("v2"), &survey, NULL), NULL);
    MW_CHECK(survey.since == INT64_MAX);
    MW_CHECK_OK(mw_log_survey_read(world.sys, "none", MW_STR("v1"), &survey, NULL), NULL);
    MW_CHECK(survey.begin == INT64_MAX);
    follower_world_end(&world);
}

static mw_status follow_all(void *context) {
    static story told;
    told = (story){0};
    mw_follower *follower = NULL;
    MW_TRY(create(context, &told, &follower));
    mw_status status = mw_follower_advance(follower, follower_world_all, NULL);
    mw_follower_destroy(follower);
    return status;
}

MW_TEST(follower_survives_every_failing_allocation) {
    follower_world world;
    follower_world_begin(&world, MW_CONTROL_BEGIN_VIRTUAL);
    for (int i = 0; i < 8; i++) follower_world_post(&world);
    MW_CHECK(mw_test_every_allocation_fails(follow_all, &world) > 0);
    follower_world_end(&world);
}
