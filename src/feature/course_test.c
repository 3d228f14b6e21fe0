#include "feature/course.h"

#include "base/prng.h"
#include "testing/test.h"
#include "testing/world.h"

#include <string.h>

enum { WORLDS = 24, EVENTS = 300 };

typedef struct {
    mw_course *course;
    mw_replay *replay;
    size_t moments, labels;
} race;

static mw_course *new_course(const mw_world *world) {
    mw_course_config config = {.engine = {.program = world->program,
                                          .model = world->model,
                                          .symbols = world->symbols,
                                          .with_label = true},
                               .from = INT64_MIN,
                               .to = INT64_MAX};
    mw_course *course = NULL;
    MW_CHECK_OK(mw_course_create(config, &course, NULL), NULL);
    return course;
}

/* The replay's next step must be this one, to the bit. */
static void check_step(const mw_world *world, race *both, const mw_step *step) {
    mw_step expected;
    bool done = false;
    MW_CHECK_OK(mw_replay_next(both->replay, &expected, &done, NULL), NULL);
    MW_CHECK(!done && step->kind == expected.kind && step->place == expected.place);
    MW_CHECK(step->number == expected.number && step->moment.t == expected.moment.t);
    size_t size = world->model->feature_count * sizeof *step->features;
    MW_CHECK(memcmp(step->features, expected.features, size) == 0);
    if (step->kind == MW_DUE_MOMENT) {
        both->moments++;
        return;
    }
    both->labels++;
    MW_CHECK(step->label.value.bits == expected.label.value.bits);
    MW_CHECK(step->label.is_dropped == expected.label.is_dropped);
}

static void drain(const mw_world *world, race *both, int64_t place) {
    for (;;) {
        mw_step step;
        bool found = false;
        MW_CHECK_OK(mw_course_next(both->course, place, &step, &found, NULL), NULL);
        if (!found) return;
        check_step(world, both, &step);
    }
}

/* Driven event by event, as a server is, it takes the very steps of a replay. */
MW_TEST(course_goes_as_a_replay_does) {
    size_t moments = 0, labels = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        mw_world world;
        mw_world_create(&world, mw_test_seed() * 1000 + number,
                        (mw_world_config){.event_count = EVENTS, .may_look_at_all_past = true,
                                          .has_corrections = number % 2 == 1});
        race both = {.course = new_course(&world)};
        mw_replay_config config = {.program = world.program,
                                   .model = world.model,
                                   .events = &world.events,
                                   .symbols = world.symbols,
                                   .from = INT64_MIN,
                                   .to = INT64_MAX,
                                   .now = INT64_MAX,
                                   .with_label = true};
        MW_CHECK_OK(mw_replay_create(config, &both.replay, NULL), NULL);
        for (size_t i = 0; i < world.events.event_count; i++) {
            mw_event event = mw_events_at(&world.events, i);
            drain(&world, &both, event.place - 1);
            MW_CHECK_OK(mw_course_event(both.course, &event, NULL), NULL);
        }
        drain(&world, &both, INT64_MAX - 1);
        mw_step none;
        bool done = false;
        MW_CHECK_OK(mw_replay_next(both.replay, &none, &done, NULL), NULL);
        MW_CHECK(done && mw_course_next_due(both.course) == INT64_MAX);
        MW_CHECK(mw_course_refused_moments(both.course) ==
                 mw_replay_refused_moments(both.replay));
        moments += both.moments;
        labels += both.labels;
        mw_replay_destroy(both.replay);
        mw_course_destroy(both.course);
        mw_world_release(&world);
    }
    MW_CHECK(moments > 1000 && labels > 1000);
}

static mw_status create_and_feed(void *context) {
    mw_world *world = context;
    mw_course_config config = {.engine = {.program = world->program,
                                          .model = world->model,
                                          .symbols = world->symbols,
                                          .with_label = true},
                               .from = INT64_MIN,
                               .to = INT64_MAX};
    mw_course *course = NULL;
    MW_TRY(mw_course_create(config, &course, NULL));
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < 40; i++) {
        mw_event event = mw_events_at(&world->events, i);
        mw_step step;
        bool found = true;
        while (status == MW_OK && found)
            status = mw_course_next(course, event.place - 1, &step, &found, NULL);
        if (status == MW_OK) status = mw_course_event(course, &event, NULL);
    }
    mw_course_destroy(course);
    return status;
}

MW_TEST(course_survives_every_failing_allocation) {
    mw_world world;
    mw_world_create(&world, mw_test_seed(),
                    (mw_world_config){.event_count = EVENTS, .may_look_at_all_past = true,
                                      .has_corrections = true});
    MW_CHECK(mw_test_every_allocation_fails(create_and_feed, &world) > 10);
    mw_world_release(&world);
}
