#include "train/examples.h"

#include "base/prng.h"
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

typedef struct {
    const mw_events *events;
    int64_t as_of;
    size_t thread_count;
} gathering;

static void gather(const mw_world *world, gathering of, mw_examples *out_examples) {
    size_t thread_count = of.thread_count;
    MW_CHECK_OK(mw_examples_init(out_examples, world->program, world->model, NULL, 0, NULL), NULL);
    mw_replay_config config = {.program = world->program,
                               .model = world->model,
                               .events = of.events,
                               .symbols = world->symbols,
                               .from = INT64_MIN,
                               .to = INT64_MAX,
                               .now = of.as_of,
                               .with_label = true,
                               .stretch_max = thread_count == 0 ? 1 : 500,
                               .crew = mw_team_crew(mw_sys_real(), thread_count)};
    MW_CHECK_OK(mw_examples_build(out_examples, config, NULL, NULL, NULL), NULL);
}

/* None learns classes yet. */
static bool can_be_learned(const mw_world *world) {
    return !mw_type_is_symbol(mw_code_type(world->model->label));
}

/* The first `count` of both. */
static void check_same(const mw_world *world, const mw_examples *found,
                       const mw_examples *expected, size_t count) {
    size_t row_size = world->model->feature_count * sizeof(mw_cell);
    MW_CHECK(count <= found->count && count <= expected->count);
    for (size_t i = 0; i < count; i++) {
        MW_CHECK(memcmp(&found->items[i], &expected->items[i], sizeof *found->items) == 0);
        MW_CHECK(memcmp(mw_table_row(&found->features, i), mw_table_row(&expected->features, i),
                        row_size) == 0);
    }
}

/* Turn by turn (0), and by threads that share the keys: the same bits. */
MW_TEST(examples_are_the_same_for_any_number_of_threads) {
    static const size_t thread_counts[] = {1, 2, 3, 7};
    size_t compared = 0;
    for (uint64_t number = 0; number < 8; number++) {
        mw_world world;
        mw_world_create_plain(&world, mw_test_seed() * 10 + number,
                              (mw_world_config){3000, true, false, false});
        if (!can_be_learned(&world)) {
            mw_world_release(&world);
            continue;
        }
        mw_examples expected, found;
        gather(&world, (gathering){&world.events, INT64_MAX, 0}, &expected);
        for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts; t++) {
            gather(&world, (gathering){&world.events, INT64_MAX, thread_counts[t]}, &found);
            MW_CHECK_EQUAL_INT(found.count, expected.count);
            check_same(&world, &found, &expected, expected.count);
            mw_examples_release(&found);
        }
        compared += expected.count;
        mw_examples_release(&expected);
        mw_world_release(&world);
    }
    MW_CHECK(compared > 1000);
}

/* The log as it stood: what was stamped by then. */
static void cut_at(const mw_world *world, int64_t place, mw_events *out_events) {
    mw_world_init_events(world, out_events);
    for (size_t i = 0; i < world->events.event_count; i++) {
        mw_event event = mw_events_at(&world->events, i);
        if (event.place <= place) MW_CHECK_OK(mw_events_add(out_events, &event, NULL), NULL);
    }
    MW_CHECK_OK(mw_events_sort(out_events, NULL), NULL);
}

static void create_world(mw_world *world, uint64_t number) {
    mw_world_config config = {400, true, false, number % 3 > 0};
    uint64_t seed = mw_test_seed() * 100 + number;
    if (number % 4 == 0) mw_world_create_plain(world, seed, config);
    else if (number % 4 == 1) mw_world_create(world, seed, config);
    else if (number % 4 == 2) mw_world_create_each(world, seed, config);
    else mw_world_create_scheduled(world, seed, config);
}

/* What becomes known afterwards, by a late event, a late later field or a correction, of an event
   or of the moment's own, changes no example that there was: neither its features nor its label
   (rules 6 and 8). What is learned as of a time is what would have been learned then. */
MW_TEST(examples_as_of_a_time_are_those_of_the_log_as_it_stood) {
    size_t compared = 0, corrected_later = 0;
    for (uint64_t number = 0; number < 80; number++) {
        mw_world world;
        create_world(&world, number);
        if (!can_be_learned(&world)) {
            mw_world_release(&world);
            continue;
        }
        uint64_t prng = number;
        int64_t as_of = (int64_t)mw_prng_below(&prng, MW_WORLD_TIME_MAX) * world.unit_us;
        mw_events before;
        mw_examples then, now, whole;
        cut_at(&world, as_of, &before);
        gather(&world, (gathering){&before, as_of, number % 3}, &then);
        gather(&world, (gathering){&world.events, as_of, number % 2}, &now);
        gather(&world, (gathering){&world.events, INT64_MAX, 0}, &whole);
        size_t count = mw_examples_known_by(&then, as_of);
        size_t of_now = mw_examples_known_by(&now, as_of);
        MW_CHECK_EQUAL_INT(mw_examples_known_by(&whole, as_of), of_now);
        if (world.has_schedule) MW_CHECK(count <= of_now); /* beats end with the last event */
        else MW_CHECK_EQUAL_INT(count, of_now);
        check_same(&world, &then, &now, count);
        check_same(&world, &whole, &now, of_now);
        compared += count;
        for (size_t i = before.event_count; i < world.events.event_count; i++)
            corrected_later += mw_events_at(&world.events, i).replaced != NULL;
        mw_examples_release(&then);
        mw_examples_release(&now);
        mw_examples_release(&whole);
        mw_events_release(&before);
        mw_world_release(&world);
    }
    MW_CHECK(compared > 1000 && corrected_later > 300);
}
