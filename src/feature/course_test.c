#include "feature/course.h"

#include "base/prng.h"
#include "feature/oracle.h"
#include "testing/declare.h"
#include "testing/test.h"
#include "testing/world.h"

#include <stdio.h>
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

/* A window whose keys are texts that are worked out, and no room for these. */
typedef struct {
    mw_test_project project;
    mw_events events;
    mw_oracle oracle;
} crowd;

static void set_up(crowd *c, const char *window) {
    char text[32], project[256];
    snprintf(project, sizeof project,
             "feature seen: %s\n"
             "stream s:\n  columns: t time, k category, name category\n  time: t\n  id: t\n"
             "model m:\n  moment: on s\n  label: count(s by k over next 1d)\n", window);
    c->project = mw_test_compile(project);
    mw_symbols *symbols = c->project.symbols;
    const mw_schema *schema = &c->project.program->streams[0].schema;
    MW_CHECK_OK(mw_events_init(&c->events, &schema, 1, NULL), NULL);
    uint32_t name = mw_symbols_intern(symbols, MW_STR("somebody"));
    for (int i = 0; i < 1 << 20; i++) {
        int size = snprintf(text, sizeof text, "%d", i);
        if (mw_symbols_intern(symbols, (mw_str){text, (size_t)size}) == 0) break;
    }
    mw_cell row[] = {mw_cell_time(5), {.symbol = name}, {.symbol = name}};
    mw_event event = {.stream = 0, .time = 5, .known = 5, .place = 5, .row = row};
    MW_CHECK_OK(mw_events_add(&c->events, &event, NULL), NULL);
    MW_CHECK_OK(mw_events_sort(&c->events, NULL), NULL);
    c->oracle = (mw_oracle){c->project.program, c->project.model, &c->events, symbols};
}

/* A key that is lost would be a window of nothing: no path gives it. */
MW_TEST(course_replay_and_oracle_end_where_a_text_is_lost) {
    crowd c;
    mw_step step;
    mw_error err;
    bool found = false;
    set_up(&c, "count(s by name = concat(k, \" of \", k))");
    mw_event event = mw_events_at(&c.events, 0);
    mw_moment moment = {.t = 6, .place = 6, .row = event.row};
    mw_course_config config = {.engine = {.program = c.project.program,
                                          .model = c.project.model,
                                          .symbols = c.project.symbols},
                               .from = INT64_MIN, .to = INT64_MAX};
    mw_course *course = NULL;
    mw_cell value;
    MW_CHECK_OK(mw_course_create(config, &course, NULL), NULL);
    MW_CHECK_OK(mw_course_event(course, &event, NULL), NULL);
    MW_CHECK_STATUS(mw_course_next(course, 6, &step, &found, &err), MW_NO_MEMORY);
    MW_CHECK(!found);
    MW_CHECK_STATUS(mw_course_features(course, &moment, &value, &err), MW_NO_MEMORY);
    MW_CHECK(strstr(err.message, "\"somebody of somebody\""));
    mw_course_destroy(course);

    mw_replay_config replay_config = {.program = c.project.program, .model = c.project.model,
                                      .events = &c.events, .symbols = c.project.symbols,
                                      .from = INT64_MIN, .to = INT64_MAX, .now = INT64_MAX};
    for (size_t stretch_max = 0; stretch_max < 2; stretch_max++) {
        mw_replay *replay = NULL;
        replay_config.stretch_max = stretch_max;
        MW_CHECK_OK(mw_replay_create(replay_config, &replay, NULL), NULL);
        MW_CHECK_STATUS(mw_replay_next(replay, &step, &found, &err), MW_NO_MEMORY);
        mw_replay_destroy(replay);
    }
    MW_CHECK_STATUS(mw_oracle_features(&c.oracle, &moment, &value, &err), MW_NO_MEMORY);
    mw_events_release(&c.events);
    mw_test_project_release(&c.project);
}

/* An event whose text is lost must not be left out of windows in silence: nothing is told until it
   stands. */
MW_TEST(course_tells_nothing_without_an_event_whose_text_is_lost) {
    crowd c;
    mw_error err;
    set_up(&c, "count(s where concat(k, \" of \", k) != \"nobody\" by k)");
    mw_event event = mw_events_at(&c.events, 0);
    mw_cell later[] = {mw_cell_time(7), event.row[1], event.row[2]};
    mw_moment moment = {.t = 7, .place = 7, .row = later};
    mw_course_config config = {.engine = {.program = c.project.program,
                                          .model = c.project.model,
                                          .symbols = c.project.symbols},
                               .from = INT64_MIN, .to = INT64_MAX, .announces_none = true};
    mw_course *course = NULL;
    mw_cell value;
    MW_CHECK_OK(mw_course_create(config, &course, NULL), NULL);
    MW_CHECK_OK(mw_course_event(course, &event, NULL), NULL);
    for (int i = 0; i < 3; i++) {
        MW_CHECK_STATUS(mw_course_features(course, &moment, &value, &err), MW_NO_MEMORY);
        MW_CHECK(strstr(err.message, "\"somebody of somebody\""));
    }
    mw_course_destroy(course);
    mw_events_release(&c.events);
    mw_test_project_release(&c.project);
}

/* A text that was lost in what failed for another reason is no matter of what is asked next. */
MW_TEST(course_forgets_the_lost_text_of_what_has_failed) {
    crowd c;
    mw_error err;
    set_up(&c, "count(s by name = concat(k, \" of \", k)) + "
               "distinct(s.name where name != now.name by k over 1d)");
    mw_event event = mw_events_at(&c.events, 0);
    mw_cell makes_none[] = {mw_cell_time(7), {.symbol = 0}, event.row[2]};
    mw_moment moment = {.t = 7, .place = 7, .row = event.row};
    mw_moment next = {.t = 7, .place = 7, .row = makes_none};
    mw_course_config config = {.engine = {.program = c.project.program,
                                          .model = c.project.model,
                                          .symbols = c.project.symbols},
                               .from = INT64_MIN, .to = INT64_MAX, .announces_none = true};
    bool is_lost = false;
    size_t failures = 0;
    for (; !is_lost; failures++) {
        mw_course *course = NULL;
        mw_cell value;
        MW_CHECK_OK(mw_course_create(config, &course, NULL), NULL);
        MW_CHECK_OK(mw_course_event(course, &event, NULL), NULL);
        MW_CHECK_OK(mw_course_features(course, &next, &value, NULL), NULL);
        mw_memory_fail_after(failures);
        err.message[0] = '\0';
        MW_CHECK_STATUS(mw_course_features(course, &moment, &value, &err), MW_NO_MEMORY);
        mw_memory_fail_after(SIZE_MAX);
        is_lost = strstr(err.message, "\"somebody of somebody\"");
        MW_CHECK_OK(mw_course_features(course, &next, &value, &err), &err);
        mw_course_destroy(course);
    }
    MW_CHECK(failures > 1);
    mw_events_release(&c.events);
    mw_test_project_release(&c.project);
}
