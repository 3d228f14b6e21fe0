#include "train/examples.h"

#include "sys/team.h"
#include "testing/world.h"
#include "train/examples_world_test.h"

#include <string.h>

MW_TEST(examples_count_what_makes_none) {
    examples_world w;
    examples_world_begin(&w);
    mw_cell row[3] = {mw_cell_time(0), mw_cell_missing(MW_TYPE_TEXT), mw_cell_number(1)};
    mw_cell features[2] = {mw_cell_number(1), mw_cell_missing(MW_TYPE_TEXT)};
    mw_step step = {.kind = MW_DUE_LABEL, .moment = {0, 0, row}, .features = features};
    step.label.value = mw_cell_missing(MW_TYPE_BOOL);
    MW_CHECK_OK(mw_examples_add(&w.examples, &step, NULL), NULL);
    step.label = (mw_label){mw_cell_bool(true), true};
    MW_CHECK_OK(mw_examples_add(&w.examples, &step, NULL), NULL);
    MW_CHECK(w.examples.count == 0 && w.examples.unlabelled_count == 1 &&
             w.examples.dropped_count == 1);
    examples_world_end(&w);
}

MW_TEST(examples_slice_by_features_and_fields_of_text_only) {
    examples_world w;
    examples_world_begin(&w);
    mw_examples examples;
    mw_error err;
    mw_str unknown = MW_STR("whom"), number = MW_STR("weight");
    const mw_model_program *model = &w.program->models[0];
    MW_CHECK_STATUS(mw_examples_init(&examples, w.program, model, &unknown, 1, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message,
                       "models.comes.segments: whom is no feature and no field of visits");
    MW_CHECK_STATUS(mw_examples_init(&examples, w.program, model, &number, 1, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message,
                       "models.comes.segments: weight must be text or a category, got a number");
    examples_world_end(&w);
}

/* What a replay gathers is what its label steps say, and what was known at a time is a prefix. */
MW_TEST(examples_come_from_a_replay_in_the_order_of_maturity) {
    examples_world w;
    examples_world_begin(&w);
    const mw_schema *schemas[] = {&w.program->streams[0].schema};
    mw_events events;
    MW_CHECK_OK(mw_events_init(&events, schemas, 1, NULL), NULL);
    mw_cell ann = {.symbol = mw_symbols_intern(w.symbols, MW_STR("ann"))};
    for (int64_t i = 0; i < 50; i++) { /* the gap after every tenth visit makes a false label */
        int64_t at = (i / 10) * MW_DAY_US + (i % 10) * 10 * MW_MINUTE_US;
        mw_cell row[3] = {mw_cell_time(at), ann, mw_cell_number((double)i)};
        mw_event event = {.time = at, .known = at, .place = at, .row = row};
        MW_CHECK_OK(mw_events_add(&events, &event, NULL), NULL);
    }
    MW_CHECK_OK(mw_events_sort(&events, NULL), NULL);
    mw_replay_config config = {.program = w.program,
                               .model = &w.program->models[0],
                               .events = &events,
                               .symbols = w.symbols,
                               .from = INT64_MIN,
                               .to = INT64_MAX,
                               .now = 2 * MW_DAY_US,
                               .with_label = true};
    MW_CHECK_OK(mw_examples_build(&w.examples, config, NULL, NULL, NULL), NULL);
    MW_CHECK_EQUAL_INT(w.examples.count, 20); /* two days had matured */
    for (size_t i = 0; i < w.examples.count; i++) {
        MW_CHECK(w.examples.items[i].label == (i % 10 == 9 ? 0 : 1));
        MW_CHECK(mw_table_row(&w.examples.features, i)[0].number == (double)i);
        MW_CHECK(mw_examples_known_by(&w.examples, w.examples.items[i].matured) == i + 1);
    }
    mw_events_release(&events);
    examples_world_end(&w);
}

static void gather(const mw_world *world, size_t thread_count, mw_examples *out_examples) {
    MW_CHECK_OK(mw_examples_init(out_examples, world->program, world->model, NULL, 0, NULL), NULL);
    mw_replay_config config = {.program = world->program,
                               .model = world->model,
                               .events = &world->events,
                               .symbols = world->symbols,
                               .from = INT64_MIN,
                               .to = INT64_MAX,
                               .now = INT64_MAX,
                               .with_label = true,
                               .stretch_max = thread_count == 0 ? 1 : 500,
                               .crew = mw_team_crew(mw_sys_real(), thread_count)};
    MW_CHECK_OK(mw_examples_build(out_examples, config, NULL, NULL, NULL), NULL);
}

/* Turn by turn (0), and by threads that share the keys: the same bits. */
MW_TEST(examples_are_the_same_for_any_number_of_threads) {
    static const size_t thread_counts[] = {1, 2, 3, 7};
    size_t compared = 0;
    for (uint64_t number = 0; number < 8; number++) {
        mw_world world;
        mw_world_create_plain(&world, mw_test_seed() * 10 + number,
                              (mw_world_config){3000, true, false, false});
        if (mw_type_is_symbol(mw_code_type(world.model->label))) { /* none learns classes */
            mw_world_release(&world);
            continue;
        }
        mw_examples expected, found;
        gather(&world, 0, &expected);
        size_t size = expected.count * world.model->feature_count * sizeof(mw_cell);
        for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts; t++) {
            gather(&world, thread_counts[t], &found);
            MW_CHECK_EQUAL_INT(found.count, expected.count);
            MW_CHECK(expected.count == 0 ||
                     (memcmp(found.items, expected.items,
                             found.count * sizeof *found.items) == 0 &&
                      memcmp(mw_table_row(&found.features, 0),
                             mw_table_row(&expected.features, 0), size) == 0));
            mw_examples_release(&found);
        }
        compared += expected.count;
        mw_examples_release(&expected);
        mw_world_release(&world);
    }
    MW_CHECK(compared > 1000);
}
