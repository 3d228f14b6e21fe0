#include "base/prng.h"
#include "feature/course.h"
#include "testing/declare.h"
#include "testing/test.h"
#include "testing/world.h"
#include "testing/zones.h"

#include <string.h>

enum { WORLDS = 40, EVENTS = 260, FRAME_SIZE = 16, PROGRAM_SIZE = 32, BYTES_MAX = 1 << 26 };
enum { ROW_MAX = 64 };

static mw_course_config config_of(const mw_world *world) {
    return (mw_course_config){.engine = {.program = world->program,
                                         .model = world->model,
                                         .symbols = world->symbols,
                                         .with_label = true},
                              .from = INT64_MIN,
                              .to = INT64_MAX};
}

static mw_course *new_course(const mw_world *world) {
    mw_course *course = NULL;
    MW_CHECK_OK(mw_course_create(config_of(world), &course, NULL), NULL);
    return course;
}

/* The same program under other symbols: each text that the world knows has another code here. */
static void create_twin(mw_world *twin, const mw_world *world, uint64_t seed) {
    mw_world_create(twin, seed, (mw_world_config){.may_look_at_all_past = true});
    for (size_t code = mw_symbols_count(world->symbols); code > 0; code--)
        MW_CHECK(mw_symbols_intern(twin->symbols, mw_symbols_text(world->symbols, code)) != 0);
}

/* One course and the world that it lives in. */
typedef struct {
    const mw_world *world;
    mw_course *course;
    mw_buf told; /* every step so far, in canonical bytes */
    size_t steps;
} runner;

static void tell_cells(runner *r, const mw_cell *features) {
    for (size_t i = 0; i < r->world->model->feature_count; i++)
        mw_cell_append_canonical(&r->told, r->world->model->features[i].type, features[i],
                                 r->world->symbols);
}

static void tell_step(runner *r, const mw_step *step) {
    r->steps++;
    mw_buf_append_u32(&r->told, (uint32_t)step->kind);
    mw_buf_append_u64(&r->told, (uint64_t)step->place);
    mw_buf_append_u64(&r->told, (uint64_t)step->moment.t);
    mw_buf_append_u64(&r->told, step->number);
    tell_cells(r, step->features);
    if (step->kind != MW_DUE_LABEL) return;
    mw_cell_append_canonical(&r->told, mw_code_type(r->world->model->label), step->label.value,
                             r->world->symbols);
    mw_buf_append_u32(&r->told, step->label.is_dropped);
}

static void drain(runner *r, int64_t place) {
    for (;;) {
        mw_step step;
        bool found = false;
        MW_CHECK_OK(mw_course_next(r->course, place, &step, &found, NULL), NULL);
        if (!found) return;
        tell_step(r, &step);
    }
}

static void translate(const mw_world *from, const mw_world *to, const mw_schema *schema,
                      const mw_cell *row, mw_cell *out_row) {
    MW_CHECK(schema->field_count <= ROW_MAX);
    for (size_t i = 0; i < schema->field_count; i++) {
        out_row[i] = row[i];
        if (!mw_type_is_symbol(schema->fields[i].type) || row[i].symbol == 0) continue;
        out_row[i].symbol =
            mw_symbols_find(to->symbols, mw_symbols_text(from->symbols, row[i].symbol));
        MW_CHECK(out_row[i].symbol != 0);
    }
}

/* The moment of an event, as a client would ask for it. */
static void ask(runner *r, const mw_event *event) {
    const mw_model_program *model = r->world->model;
    mw_moment moment = {event->time + model->moment_offset_us, event->place, event->row};
    mw_cell features[64];
    MW_CHECK(model->feature_count <= sizeof features / sizeof *features);
    if (event->stream != model->moment_stream || moment.t > moment.place ||
        moment.place - moment.t > model->lateness_us)
        return;
    MW_CHECK_OK(mw_course_features(r->course, &moment, features, NULL), NULL);
    tell_cells(r, features);
}

/* Gives a course the i-th event of `source`. Some become known only after their place, but none
   that a correction says to be known before. */
static void advance(runner *r, const mw_world *source, size_t i) {
    mw_event event = mw_events_at(&source->events, i);
    mw_cell row[ROW_MAX], replaced[ROW_MAX];
    const mw_schema *schema = &source->program->streams[event.stream].schema;
    bool is_corrected = source->events.streams[event.stream].correction_count > 0;
    translate(source, r->world, schema, event.row, row);
    event.row = row;
    if (event.replaced) {
        translate(source, r->world, schema, event.replaced, replaced);
        event.replaced = replaced;
    }
    if (i % 5 == 0 && !is_corrected) event.known += (int64_t)(i % 60);
    drain(r, event.place - 1);
    if (i % 3 == 0) ask(r, &event);
    MW_CHECK_OK(mw_course_event(r->course, &event, NULL), NULL);
}

static void digest(const runner *r, char out_hex[MW_SHA256_HEX_SIZE + 1]) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    MW_CHECK_OK(mw_engine_digest(mw_course_engine(r->course), &sha, NULL), NULL);
    mw_sha256_hex(&sha, out_hex);
}

static mw_buf saved(const mw_course *course) {
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, BYTES_MAX);
    MW_CHECK_OK(mw_course_save(course, &bytes, &err), &err);
    return bytes;
}

/* Both go on to the end, and every step and every bit of state must agree. */
static void check_same_end(runner *both, const mw_world *source, size_t from) {
    for (size_t side = 0; side < 2; side++) {
        mw_buf_init(&both[side].told, BYTES_MAX);
        for (size_t i = from; i < source->events.event_count; i++) advance(&both[side], source, i);
        drain(&both[side], INT64_MAX - 1);
    }
    MW_CHECK(mw_str_equal(mw_buf_str(&both[0].told), mw_buf_str(&both[1].told)));
    MW_CHECK(mw_course_refused_moments(both[0].course) ==
             mw_course_refused_moments(both[1].course));
    char digests[2][MW_SHA256_HEX_SIZE + 1];
    for (size_t side = 0; side < 2; side++) digest(&both[side], digests[side]);
    MW_CHECK_EQUAL_STR(digests[0], digests[1]);
    for (size_t side = 0; side < 2; side++) mw_buf_release(&both[side].told);
}

/* Wherever it is stopped, the course that was loaded elsewhere takes the very steps of the one
   that went on. */
MW_TEST(course_goes_on_from_its_bytes_in_another_process) {
    size_t steps = 0, with_waiting = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        uint64_t seed = mw_test_seed() * 1000 + number, prng = seed;
        mw_world world, twin;
        mw_world_create(&world, seed,
                        (mw_world_config){.event_count = EVENTS, .may_look_at_all_past = true,
                                          .has_corrections = number % 2 == 1});
        create_twin(&twin, &world, seed);
        runner both[2] = {{.world = &world, .course = new_course(&world)},
                          {.world = &twin, .course = new_course(&twin)}};
        size_t stop = mw_prng_below(&prng, world.events.event_count);
        mw_buf_init(&both[0].told, BYTES_MAX);
        for (size_t i = 0; i < stop; i++) advance(&both[0], &world, i);
        mw_buf_release(&both[0].told);
        with_waiting += stop > 0 && mw_agenda_count(mw_course_agenda(both[0].course)) > 0;

        mw_buf bytes = saved(both[0].course);
        mw_error err;
        MW_CHECK_OK(mw_course_load(both[1].course, mw_buf_str(&bytes), &err), &err);
        MW_CHECK(mw_course_last_place(both[1].course) == mw_course_last_place(both[0].course));
        mw_buf_release(&bytes);
        both[0].steps = 0;
        check_same_end(both, &world, stop);
        MW_CHECK_EQUAL_INT(both[1].steps, both[0].steps);
        steps += both[1].steps;
        for (size_t side = 0; side < 2; side++) mw_course_destroy(both[side].course);
        mw_world_release(&twin);
        mw_world_release(&world);
    }
    MW_CHECK(steps > 1000 && with_waiting > WORLDS / 2);
}

/* --- bytes that are wrong --------------------------------------------------------------- */

typedef struct {
    mw_world world;
    mw_buf bytes;
} fixture;

static void begin(fixture *f) {
    mw_world_create(&f->world, mw_test_seed(),
                    (mw_world_config){.event_count = 120, .may_look_at_all_past = true,
                                      .has_corrections = true});
    runner r = {.world = &f->world, .course = new_course(&f->world)};
    mw_buf_init(&r.told, BYTES_MAX);
    for (size_t i = 0; i < f->world.events.event_count; i++) advance(&r, &f->world, i);
    mw_buf_release(&r.told);
    f->bytes = saved(r.course);
    mw_course_destroy(r.course);
}

static void end(fixture *f) {
    mw_buf_release(&f->bytes);
    mw_world_release(&f->world);
}

static void reseal(mw_buf *bytes) {
    size_t size = bytes->size - sizeof(uint32_t);
    uint32_t crc = mw_crc32c(0, bytes->data, size);
    memcpy(bytes->data + size, &crc, sizeof crc);
}

/* Loads into a course of its own; one that failed is empty, and takes good bytes after all. */
static mw_status load(const fixture *f, mw_str bytes, mw_error *err) {
    mw_course *course = new_course(&f->world);
    mw_status status = mw_course_load(course, bytes, err);
    if (status != MW_OK) {
        MW_CHECK(mw_course_last_place(course) == INT64_MIN);
        MW_CHECK(mw_agenda_count(mw_course_agenda(course)) == 0);
    }
    mw_course_destroy(course);
    return status;
}

MW_TEST(course_bytes_that_are_wrong_end_in_an_error) {
    fixture f;
    mw_error err;
    begin(&f);
    size_t refused = 0;
    for (size_t i = FRAME_SIZE + PROGRAM_SIZE; i + 4 < f.bytes.size; i += 3) {
        char kept = f.bytes.data[i];
        f.bytes.data[i] = (char)(kept ^ (char)(1 << i % 8));
        MW_CHECK_STATUS(load(&f, mw_buf_str(&f.bytes), NULL), MW_CORRUPT);
        reseal(&f.bytes);
        mw_status status = load(&f, mw_buf_str(&f.bytes), NULL);
        MW_CHECK(status == MW_OK || status == MW_CORRUPT || status == MW_CONFLICT ||
                 status == MW_NEWER_FORMAT);
        refused += status != MW_OK;
        f.bytes.data[i] = kept;
        reseal(&f.bytes);
    }
    MW_CHECK(refused > 100);
    for (size_t cut = 0; cut < f.bytes.size; cut += 5)
        MW_CHECK_STATUS(load(&f, (mw_str){f.bytes.data, cut}, NULL), MW_CORRUPT);

    f.bytes.data[4] = 3;
    MW_CHECK_STATUS(load(&f, mw_buf_str(&f.bytes), &err), MW_NEWER_FORMAT);
    f.bytes.data[4] = 1;
    reseal(&f.bytes);
    MW_CHECK_STATUS(load(&f, mw_buf_str(&f.bytes), &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "course: format version must be 2, got 1");
    f.bytes.data[4] = 2;
    f.bytes.data[FRAME_SIZE] ^= 1;
    reseal(&f.bytes);
    MW_CHECK_STATUS(load(&f, mw_buf_str(&f.bytes), &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "course: its bytes were made by another program");
    end(&f);
}

MW_TEST(course_of_another_program_is_refused) {
    fixture f;
    mw_world other;
    begin(&f);
    mw_world_create(&other, mw_test_seed() + 1, (mw_world_config){.may_look_at_all_past = true});
    mw_course *course = new_course(&other);
    MW_CHECK_STATUS(mw_course_load(course, mw_buf_str(&f.bytes), NULL), MW_CONFLICT);
    mw_course_destroy(course);
    mw_world_release(&other);
    end(&f);
}

static mw_course *course_in_zone(mw_arena *arena, mw_symbols *symbols, const mw_zone *zone) {
    mw_declarations declarations = mw_test_declare(arena, (MW_TEST_SHOPS_MODEL
        "feature whole: count(orders by shop over 2d aligned day)\n"));
    declarations.zone = zone;
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, arena);
    const mw_program *program;
    mw_course *course;
    MW_CHECK_OK(mw_program_compile(&declarations, arena, symbols, &diagnostics, &program), NULL);
    mw_course_config config = {
        .engine = {.program = program, .model = &program->models[0], .symbols = symbols}};
    MW_CHECK_OK(mw_course_create(config, &course, NULL), NULL);
    return course;
}

/* A tick of the state is one of the clocks as they were known: a law may have moved it since. */
MW_TEST(course_of_other_data_about_its_zone_is_refused) {
    static const char *const rules[] = {"EET-2", "EET-2EEST,M4.5.5/0,M10.5.4/24"};
    mw_arena arena, of_zone[2];
    mw_symbols *symbols;
    mw_arena_init(&arena, 1 << 22);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &symbols, NULL), NULL);
    const mw_zone *zones[2];
    for (size_t i = 0; i < 2; i++) zones[i] = mw_test_zone(&of_zone[i], rules[i]);
    mw_course *before = course_in_zone(&arena, symbols, zones[0]);
    mw_buf bytes = saved(before);
    for (size_t i = 0; i < 2; i++) {
        mw_course *after = course_in_zone(&arena, symbols, zones[i]);
        mw_error err;
        MW_CHECK_STATUS(mw_course_load(after, mw_buf_str(&bytes), &err),
                        i == 0 ? MW_OK : MW_CONFLICT);
        mw_course_destroy(after);
    }
    mw_course_destroy(before);
    mw_buf_release(&bytes);
    mw_symbols_destroy(symbols);
    for (size_t i = 0; i < 2; i++) mw_arena_release(&of_zone[i]);
    mw_arena_release(&arena);
}

static mw_status load_and_save(void *context) {
    fixture *f = context;
    mw_course *course = NULL;
    mw_buf again;
    mw_buf_init(&again, BYTES_MAX);
    MW_TRY(mw_course_create(config_of(&f->world), &course, NULL));
    mw_status status = mw_course_load(course, mw_buf_str(&f->bytes), NULL);
    if (status == MW_OK) status = mw_course_save(course, &again, NULL);
    mw_course_destroy(course);
    mw_buf_release(&again);
    return status;
}

MW_TEST(course_bytes_survive_every_failing_allocation) {
    fixture f;
    begin(&f);
    MW_CHECK(mw_test_every_allocation_fails(load_and_save, &f) > 20);
    end(&f);
}
