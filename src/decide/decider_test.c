#include "decide/decider.h"

#include <string.h>

#include "testing/test.h"
#include "testing/world.h"

enum { WORLDS = 16, EVENTS = 300 };

static mw_decider *new_decider(const mw_world *world) {
    mw_decider_config config = {.program = world->program,
                                .model = world->model,
                                .symbols = world->symbols,
                                .from = INT64_MIN};
    mw_decider *decider = NULL;
    MW_CHECK_OK(mw_decider_create(config, &decider, NULL), NULL);
    return decider;
}

static mw_replay *new_replay(const mw_world *world) {
    mw_replay_config config = {.program = world->program,
                               .model = world->model,
                               .events = &world->events,
                               .symbols = world->symbols,
                               .from = INT64_MIN,
                               .to = INT64_MAX};
    mw_replay *replay = NULL;
    MW_CHECK_OK(mw_replay_create(config, &replay, NULL), NULL);
    return replay;
}

static void check_same(const mw_world *world, const mw_prediction *prediction,
                       const mw_step *step) {
    size_t size = world->model->feature_count * sizeof *step->features;
    MW_CHECK(prediction->t == step->moment.t && prediction->place == step->place);
    MW_CHECK(memcmp(prediction->features, step->features, size) == 0);
    MW_CHECK(prediction->version.size == 0); /* nobody answers, the features stand all the same */
    MW_CHECK_EQUAL_STR(prediction->model, world->model->name);
}

/* What falls due up to `place` is the replay's next steps, to the bit. */
static size_t meet(const mw_world *world, mw_decider *decider, mw_replay *replay,
                   int64_t place) {
    size_t count = 0;
    for (;;) {
        mw_prediction prediction;
        mw_step step;
        bool found = false, done = false;
        MW_CHECK_OK(mw_decider_next(decider, place, &prediction, &found, NULL), NULL);
        if (!found) return count;
        MW_CHECK_OK(mw_replay_next(replay, &step, &done, NULL), NULL);
        MW_CHECK(!done);
        check_same(world, &prediction, &step);
        count++;
    }
}

MW_TEST(decider_makes_the_moments_of_a_replay) {
    size_t moments = 0, asked = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        mw_world world;
        mw_world_config config = {.event_count = EVENTS};
        mw_world_create(&world, mw_test_seed() * WORLDS + number, config);
        mw_decider *decider = new_decider(&world);
        mw_replay *replay = new_replay(&world);
        bool is_asked = mw_decider_is_asked(decider);
        for (size_t i = 0; i < world.events.event_count; i++) {
            mw_event event = mw_events_at(&world.events, i);
            if (!is_asked) moments += meet(&world, decider, replay, event.place - 1);
            MW_CHECK_OK(mw_decider_event(decider, &event, NULL), NULL);
        }
        if (!is_asked) moments += meet(&world, decider, replay, INT64_MAX);
        asked += is_asked;
        MW_CHECK(mw_decider_next_due(decider) == INT64_MAX);
        mw_replay_destroy(replay);
        mw_decider_destroy(decider);
        mw_world_release(&world);
    }
    MW_CHECK(moments > 0 && asked < WORLDS);
}

MW_TEST(decider_refuses_a_version_that_is_none) {
    mw_world world;
    mw_error err;
    mw_world_create(&world, mw_test_seed(), (mw_world_config){.event_count = 1});
    mw_decider *decider = new_decider(&world);
    MW_CHECK_STATUS(mw_decider_promote(decider, MW_STR("no version"), &err), MW_CORRUPT);
    MW_CHECK(!mw_decider_scorer(decider));
    mw_decider_destroy(decider);
    mw_world_release(&world);
}

static mw_status make(void *context) {
    const mw_world *world = context;
    mw_decider_config config = {.program = world->program,
                                .model = world->model,
                                .symbols = world->symbols,
                                .from = INT64_MIN};
    mw_decider *decider = NULL;
    MW_TRY(mw_decider_create(config, &decider, NULL));
    mw_decider_destroy(decider);
    return MW_OK;
}

MW_TEST(decider_survives_each_failing_allocation) {
    mw_world world;
    mw_world_create(&world, mw_test_seed(), (mw_world_config){.event_count = 1});
    MW_CHECK(mw_test_every_allocation_fails(make, &world) > 2);
    mw_world_release(&world);
}
