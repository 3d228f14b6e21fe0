#include "feature/slate.h"

#include "base/prng.h"
#include "feature/course.h"
#include "feature/oracle.h"
#include "table/list.h"
#include "testing/declare.h"
#include "testing/test.h"
#include "testing/world.h"

enum { WORLDS = 60, EVENTS = 220, BYTES_MAX = 1 << 26 };

static void create_world(mw_world *world, uint64_t number, size_t event_count) {
    mw_world_create_each(world, mw_test_seed() * 1000 + number,
                         (mw_world_config){.event_count = event_count,
                                           .may_look_at_all_past = true,
                                           .has_one_key = number % 4 == 0,
                                           .has_corrections = number % 3 == 1});
}

static mw_replay_config replay_config(const mw_world *world, const mw_events *events) {
    return (mw_replay_config){.program = world->program, .model = world->model, .events = events,
                              .symbols = world->symbols, .from = INT64_MIN, .to = INT64_MAX,
                              .now = INT64_MAX, .with_label = true};
}

static mw_course_config course_config(const mw_world *world) {
    return (mw_course_config){.engine = {.program = world->program, .model = world->model,
                                         .symbols = world->symbols, .with_label = true},
                              .from = INT64_MIN, .to = INT64_MAX};
}

static bool same_cells(const mw_cell *a, const mw_cell *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (a[i].bits != b[i].bits) return false;
    return true;
}

typedef struct {
    size_t moments, labels, missing;
} tally;

/* Each step of a replay against the oracle, which rescans the log for it. */
static void check_world(const mw_world *world, tally *counts) {
    mw_oracle oracle = {world->program, world->model, &world->events, world->symbols};
    mw_oracle_family *kept = NULL;
    mw_replay *replay;
    mw_step step;
    mw_label label;
    mw_cell features[64], alone[64];
    bool is_done = false;
    MW_CHECK(world->model->feature_count <= 64);
    MW_CHECK_OK(mw_replay_create(replay_config(world, &world->events), &replay, NULL), NULL);
    for (;;) {
        MW_CHECK_OK(mw_replay_next(replay, &step, &is_done, NULL), NULL);
        if (is_done) break;
        if (step.kind == MW_DUE_MOMENT) {
            MW_CHECK_OK(mw_oracle_features_among(&oracle, &step.moment, &kept, features, NULL),
                        NULL);
            MW_CHECK(same_cells(step.features, features, world->model->feature_count));
            if (counts->moments++ % 4 > 0) continue;
            MW_CHECK_OK(mw_oracle_features(&oracle, &step.moment, alone, NULL), NULL);
            MW_CHECK(same_cells(alone, features, world->model->feature_count));
        } else {
            MW_CHECK_OK(mw_oracle_label(&oracle, &step.moment, &label, NULL), NULL);
            MW_CHECK_EQUAL_INT(step.label.value.bits, label.value.bits);
            MW_CHECK_EQUAL_INT(step.label.is_dropped, label.is_dropped);
            counts->missing += mw_cell_is_missing(mw_code_type(world->model->label), label.value);
            counts->labels++;
        }
    }
    mw_oracle_family_release(kept);
    mw_replay_destroy(replay);
}

MW_TEST(slate_agrees_with_the_oracle) {
    tally counts = {0};
    for (uint64_t number = 0; number < WORLDS; number++) {
        mw_world world;
        create_world(&world, number, EVENTS);
        check_world(&world, &counts);
        mw_world_release(&world);
    }
    MW_CHECK(counts.moments > 2000 && counts.labels == counts.moments);
}

/* What a replay tells, in canonical bytes. */
static void tell_step(const mw_world *world, const mw_step *step, mw_buf *out) {
    const mw_schema *row = &world->program->streams[world->model->moment_stream].schema;
    mw_buf_append_u32(out, (uint32_t)step->kind);
    mw_buf_append_u64(out, (uint64_t)step->place);
    for (size_t i = 0; i < row->field_count; i++)
        mw_cell_append_canonical(out, row->fields[i].type, step->moment.row[i], world->symbols);
    for (size_t i = 0; i < world->model->feature_count; i++)
        mw_cell_append_canonical(out, world->model->features[i].type, step->features[i],
                                 world->symbols);
    if (step->kind == MW_DUE_LABEL) mw_buf_append_u64(out, step->label.value.bits);
}

static void tell_replay(const mw_world *world, const mw_events *events, mw_buf *out) {
    mw_replay *replay;
    mw_step step;
    bool is_done = false;
    MW_CHECK_OK(mw_replay_create(replay_config(world, events), &replay, NULL), NULL);
    for (;;) {
        MW_CHECK_OK(mw_replay_next(replay, &step, &is_done, NULL), NULL);
        if (is_done) break;
        tell_step(world, &step, out);
    }
    mw_replay_destroy(replay);
}

static void drain(const mw_world *world, mw_course *course, int64_t place, mw_buf *out) {
    bool found = true;
    while (found) {
        mw_step step;
        MW_CHECK_OK(mw_course_next(course, place, &step, &found, NULL), NULL);
        if (found) tell_step(world, &step, out);
    }
}

/* A course tells the very steps of a replay, though it is saved and loaded on the way, which it
   refuses while the moments of an event are being told. */
MW_TEST(slate_is_told_alike_by_replay_and_course) {
    size_t refusals = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        mw_world world;
        mw_buf replayed, told, bytes;
        create_world(&world, number, EVENTS);
        mw_buf_init(&replayed, BYTES_MAX);
        mw_buf_init(&told, BYTES_MAX);
        mw_buf_init(&bytes, BYTES_MAX);
        tell_replay(&world, &world.events, &replayed);
        mw_course *course;
        MW_CHECK_OK(mw_course_create(course_config(&world), &course, NULL), NULL);
        for (size_t i = 0; i < world.events.event_count; i++) {
            mw_event event = mw_events_at(&world.events, i);
            mw_step step;
            bool found = false;
            MW_CHECK_OK(mw_course_next(course, event.place - 1, &step, &found, NULL), NULL);
            if (found) tell_step(&world, &step, &told);
            mw_buf_clear(&bytes);
            mw_status status = mw_course_save(course, &bytes, NULL);
            refusals += status == MW_BUSY;
            MW_CHECK(status == MW_OK || (status == MW_BUSY && found));
            if (status == MW_OK && i % 7 == 0) {
                mw_course_destroy(course);
                MW_CHECK_OK(mw_course_create(course_config(&world), &course, NULL), NULL);
                MW_CHECK_OK(mw_course_load(course, mw_buf_str(&bytes), NULL), NULL);
            }
            drain(&world, course, event.place - 1, &told);
            MW_CHECK_OK(mw_course_event(course, &event, NULL), NULL);
        }
        drain(&world, course, INT64_MAX - 1, &told);
        MW_CHECK(mw_str_equal(mw_buf_str(&told), mw_buf_str(&replayed)));
        mw_course_destroy(course);
        mw_buf_release(&replayed);
        mw_buf_release(&told);
        mw_buf_release(&bytes);
        mw_world_release(&world);
    }
    MW_CHECK(refusals > 10);
}

/* The list turned round; NULL cells stay. */
static mw_cell turned(mw_world *world, mw_cell list) {
    mw_cell items[16];
    size_t count = 0;
    mw_list_reader reader;
    mw_list_writer writer;
    mw_str text;
    if (list.symbol == 0) return list;
    mw_list_open(&reader, list, world->symbols);
    while (mw_list_next_text(&reader, &text))
        items[count++].symbol = mw_symbols_intern(world->symbols, text);
    mw_list_close(&reader);
    mw_list_begin(&writer, MW_TYPE_LIST);
    while (count > 0) {
        mw_str item = mw_symbols_text(world->symbols, items[--count].symbol);
        mw_list_add_text(&writer, item);
        if (count % 2 == 1) mw_list_add_text(&writer, item); /* twice is once */
    }
    MW_CHECK_OK(mw_list_end(&writer, world->symbols, &list, NULL), NULL);
    return list;
}

/* Whatever the order of a list, and however often an element stands in it, each element has the
   same features, bit by bit. */
MW_TEST(slate_forgets_the_order_of_the_list) {
    size_t compared = 0, reordered = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        mw_world world;
        create_world(&world, number, EVENTS);
        const mw_model_program *model = world.model;
        mw_engine_config config = course_config(&world).engine;
        mw_engine *engine;
        mw_slate *slates[2];
        MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
        for (size_t k = 0; k < 2; k++) MW_CHECK_OK(mw_slate_create(config, &slates[k], NULL), NULL);
        for (size_t i = 0; i < world.events.event_count; i++) {
            mw_event event = mw_events_at(&world.events, i);
            MW_CHECK_OK(mw_engine_apply(engine, &event, NULL), NULL);
            if (event.stream != model->each->stream) continue;
            mw_cell rows[2][16];
            for (size_t k = 0; k < 2; k++) {
                for (int32_t f = 0; f < model->each->element; f++) rows[k][f] = event.row[f];
                rows[1][model->each->list] = turned(&world, event.row[model->each->list]);
                mw_moment moment = {event.time, event.place + 1, rows[k]};
                MW_CHECK_OK(mw_slate_fill(slates[k], engine, &moment, NULL), NULL);
            }
            size_t count = mw_slate_count(slates[0]);
            MW_CHECK_EQUAL_INT(mw_slate_count(slates[1]), count);
            for (size_t a = 0; a < count; a++) {
                uint64_t item = mw_slate_moment(slates[0], a).row[model->each->element].bits;
                size_t b = 0;
                while (mw_slate_moment(slates[1], b).row[model->each->element].bits != item) b++;
                MW_CHECK(same_cells(mw_slate_features(slates[0], a),
                                    mw_slate_features(slates[1], b), model->feature_count));
                compared++;
                reordered += a != b;
            }
        }
        for (size_t k = 0; k < 2; k++) mw_slate_destroy(slates[k]);
        mw_engine_destroy(engine);
        mw_world_release(&world);
    }
    MW_CHECK(compared > 2000 && reordered > 500);
}

/* However many elements a list has, and features that ask for its length. */
MW_TEST(slate_counts_the_elements_of_a_list_once) {
    size_t moments = 0, events = 0;
    uint64_t counted = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        mw_world world;
        create_world(&world, number, EVENTS);
        const mw_model_program *model = world.model;
        mw_engine_config config = course_config(&world).engine;
        mw_engine *engine;
        mw_slate *slate;
        MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
        MW_CHECK_OK(mw_slate_create(config, &slate, NULL), NULL);
        for (size_t i = 0; i < world.events.event_count; i++) {
            mw_event event = mw_events_at(&world.events, i);
            MW_CHECK_OK(mw_engine_apply(engine, &event, NULL), NULL);
            if (event.stream != model->each->stream) continue;
            mw_moment moment = {event.time, event.place + 1, event.row};
            MW_CHECK_OK(mw_slate_fill(slate, engine, &moment, NULL), NULL);
            moments += mw_slate_count(slate);
            events += mw_slate_count(slate) > 0;
        }
        counted += mw_slate_lists_counted(slate);
        mw_slate_destroy(slate);
        mw_engine_destroy(engine);
        mw_world_release(&world);
    }
    MW_CHECK(moments > 2 * events && counted > 100 && counted <= events);
}

/* Keys and labels ask for it too, each by a frame of its own. */
MW_TEST(slate_counts_a_list_once_for_keys_and_for_the_label) {
    enum { ITEMS = 400 };
    mw_engine *engine;
    mw_slate *slate;
    mw_cell list;
    mw_test_project project = mw_test_compile(
        "stream visits:\n  columns: at time, items list of number\n"
        "  time: at\n  id: at\n"
        "stream clicks:\n  columns: at time, n number\n  time: at\n"
        "feature a: count(clicks by n = length(items) over 1h)\n"
        "model m:\n  moment: on visits each items as item\n"
        "  label: count(clicks by n = length(items) over next 1h) + "
        "length(items)\n");
    mw_engine_config config = {.program = project.program,
                               .model = project.model,
                               .symbols = project.symbols,
                               .with_label = true};
    MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
    MW_CHECK_OK(mw_slate_create(config, &slate, NULL), NULL);
    mw_list_writer writer;
    mw_list_begin(&writer, MW_TYPE_NUMBER_LIST);
    for (int i = 0; i < ITEMS; i++) mw_list_add_number(&writer, i);
    MW_CHECK_OK(mw_list_end(&writer, project.symbols, &list, NULL), NULL);
    mw_cell row[] = {mw_cell_time(1000), list};
    mw_moment moment = {1000, 1001, row};
    MW_CHECK_OK(mw_slate_fill(slate, engine, &moment, NULL), NULL);
    MW_CHECK_EQUAL_INT(mw_slate_count(slate), ITEMS);
    for (size_t i = 0; i < ITEMS; i++) {
        mw_moment one = mw_slate_moment(slate, i);
        mw_label label;
        MW_CHECK_OK(mw_engine_label(engine, &one, mw_slate_features(slate, i), &label, NULL), NULL);
        MW_CHECK_EQUAL_INT(label.value.number, ITEMS);
    }
    MW_CHECK_EQUAL_INT(mw_engine_lists_counted(engine), 1);
    mw_slate_destroy(slate);
    mw_engine_destroy(engine);
    mw_test_project_release(&project);
}

static mw_status walk(void *context) {
    const mw_world *world = context;
    mw_replay *replay;
    mw_step step;
    bool is_done = false;
    MW_TRY(mw_replay_create(replay_config(world, &world->events), &replay, NULL));
    mw_status status = MW_OK;
    while (status == MW_OK && !is_done) status = mw_replay_next(replay, &step, &is_done, NULL);
    mw_replay_destroy(replay);
    return status;
}

MW_TEST(slate_survives_every_failing_allocation) {
    mw_world world;
    create_world(&world, 3, 100);
    MW_CHECK(mw_test_every_allocation_fails(walk, &world) > 20);
    mw_world_release(&world);
}
