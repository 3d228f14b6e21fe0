#include "feature/replay.h"

#include "testing/test.h"
#include "testing/world.h"

static mw_replay_config config_of(const mw_world *world) {
    return (mw_replay_config){.program = world->program, .model = world->model,
                              .events = &world->events, .symbols = world->symbols,
                              .from = INT64_MIN, .to = INT64_MAX, .now = INT64_MAX,
                              .with_label = true};
}

static mw_status walk(mw_replay_config config, size_t *out_moments, size_t *out_labels) {
    mw_replay *replay;
    MW_TRY(mw_replay_create(config, &replay, NULL));
    mw_status status;
    bool is_done = false;
    size_t moments = 0, labels = 0;
    mw_step step, before = {.place = INT64_MIN};
    while ((status = mw_replay_next(replay, &step, &is_done, NULL)) == MW_OK && !is_done) {
        /* The order is that of places, then moments before labels, then t: never of arrival. */
        MW_CHECK(step.place >= before.place);
        if (step.place == before.place && step.kind == before.kind && step.kind == MW_DUE_MOMENT)
            MW_CHECK(step.moment.t >= before.moment.t);
        MW_CHECK(step.moment.t >= config.from && step.moment.t < config.to);
        if (step.kind == MW_DUE_MOMENT) {
            MW_CHECK_EQUAL_INT(step.number, moments);
            MW_CHECK_EQUAL_INT(step.place, step.moment.place);
            moments++;
        } else {
            int64_t mature = step.moment.t + config.model->maturity_us;
            MW_CHECK(step.number < moments && step.place >= mature && mature <= config.now);
            labels++;
        }
        before = step;
    }
    if (status == MW_OK) {
        *out_moments = moments;
        *out_labels = labels;
    }
    mw_replay_destroy(replay);
    return status;
}

/* Each event of the moment's stream gives one moment and one label, or is too late for both. */
MW_TEST(replay_reports_each_moment_and_each_label_once) {
    size_t all_labels = 0, early_labels = 0;
    for (uint64_t number = 0; number < 20; number++) {
        mw_world world;
        mw_world_create(&world, mw_test_seed() * 100 + number,
                        (mw_world_config){.event_count = 300, .may_look_at_all_past = true});
        mw_replay_config config = config_of(&world);
        size_t expected = 0, moments, labels;
        const mw_model_program *model = world.model;
        for (size_t i = 0; i < world.events.event_count; i++) {
            mw_event event = mw_events_at(&world.events, i);
            int64_t t = event.time + model->moment_offset_us;
            expected += event.stream == model->moment_stream &&
                        event.place - t <= model->lateness_us;
        }
        MW_CHECK_OK(walk(config, &moments, &labels), NULL);
        MW_CHECK(moments == expected && labels == expected);

        config.from = 500;
        config.to = config.now = 1500;
        size_t some_moments, some_labels;
        MW_CHECK_OK(walk(config, &some_moments, &some_labels), NULL);
        MW_CHECK(some_moments < moments && some_labels <= some_moments);
        all_labels += some_moments;
        early_labels += some_labels;
        config.with_label = false;
        MW_CHECK_OK(walk(config, &moments, &labels), NULL);
        MW_CHECK(moments == some_moments && labels == 0);
        mw_world_release(&world);
    }
    MW_CHECK(early_labels > 0 && early_labels < all_labels);
}

static mw_status walk_all(void *context) {
    size_t moments, labels;
    return walk(config_of(context), &moments, &labels);
}

MW_TEST(replay_survives_every_failing_allocation) {
    mw_world world;
    mw_world_create(&world, mw_test_seed(),
                    (mw_world_config){.event_count = 150, .may_look_at_all_past = true});
    MW_CHECK(mw_test_every_allocation_fails(walk_all, &world) > 20);
    mw_world_release(&world);
}
