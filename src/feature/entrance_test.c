#include "feature/entrance.h"

#include "base/prng.h"
#include "feature/oracle.h"
#include "testing/declare.h"
#include "testing/test.h"
#include "testing/world.h"

#include <stdio.h>
#include <string.h>

#include "model/seal.h"
#include "table/passing.h"

/* Orders look at rates, at pays and at earlier orders; pays at the orders' own such fields. */
static const char shop[] =
    "stream rates\n"
    "  columns: who category, rate number, at time, seen time\n"
    "  time: at\n"
    "  known: seen\n"
    "stream orders\n"
    "  columns: no number, who category, x number, at time\n"
    "  time: at\n"
    "  known: time + 5us\n"
    "  id: no\n"
    "  late: 30us\n"
    "  field twice: x * 2\n"
    "  field worth: twice * rate\n"
    "  field rate: last(rates.rate by who)\n"
    "  field before: sum(orders.worth by who over 300us)\n"
    "  field paid: count(pays where sure by no) + 0 * before\n"
    "  field dearer: count(orders where x > now.before / 9 and time < now.time - 20us by who)\n"
    "  field alike: first(orders.x by no = paid)\n"
    "stream pays\n"
    "  columns: no number, who category, at time, seen time\n"
    "  time: at\n"
    "  known: seen\n"
    "  id: no\n"
    "  field order: last(orders.who by no)\n"
    "  field sure: last(orders.worth by no) > 1\n"
    "  field near: max(orders.before by who over 90us)\n"
    "feature a: x\n"
    "model m\n"
    "  moment: on orders\n"
    "  label: any(pays by who over next 1h)\n";

enum { RATES, ORDERS, PAYS, STREAMS, EVENTS = 600, CELLS_MAX = 16, TIME_MAX = 2000 };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_events events; /* sorted, the fields with windows still missing */
    uint64_t prng;
    const mw_world *world; /* NULL: it is the shop */
} fixture;

static mw_cell draw(fixture *f, mw_type type, mw_str name, int64_t at) {
    static const char *const people[] = {"a", "b", "c"};
    if (type == MW_TYPE_TIME && mw_str_is(name, "at")) return mw_cell_time(at);
    if (type == MW_TYPE_TIME)
        return mw_cell_time(at + (int64_t)mw_prng_below(&f->prng, 20) * 10 - 30);
    if (mw_prng_below(&f->prng, 12) == 0) return mw_cell_missing(type);
    if (type == MW_TYPE_CATEGORY)
        return (mw_cell){.symbol = mw_symbols_intern(
                             f->symbols, mw_str_of(people[mw_prng_below(&f->prng, 3)]))};
    return mw_cell_number((double)mw_prng_below(&f->prng, 40) / 4);
}

static void add_event(fixture *f, int32_t stream) {
    const mw_stream_source *source = &f->program->sources[stream];
    mw_cell row[CELLS_MAX], cells[CELLS_MAX];
    mw_event event;
    int64_t at = (int64_t)mw_prng_below(&f->prng, TIME_MAX / 10) * 10;
    MW_CHECK(source->row.field_count <= CELLS_MAX);
    for (size_t i = 0; i < source->row.field_count; i++) {
        mw_field field = source->row.fields[i];
        row[i] = i < source->column_count ? draw(f, field.type, field.name, at)
                                          : mw_cell_missing(field.type);
    }
    mw_frame frame = {.row = row, .symbols = f->symbols, .zone = f->program->zone};
    (void)mw_source_ready(source, row, &frame, NULL);
    if (!mw_stream_event(f->program, stream, &frame, cells, &event)) return;
    event.place += mw_prng_below(&f->prng, 3) == 0 ? 40 : 0; /* accepted after its known */
    MW_CHECK_OK(mw_events_add(&f->events, &event, NULL), NULL);
}

static void set_up(fixture *f, uint64_t seed) {
    const mw_schema *schemas[STREAMS];
    *f = (fixture){.prng = seed};
    mw_arena_init(&f->arena, 16 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &f->symbols, NULL), NULL);
    f->program = mw_test_program(&f->arena, f->symbols, shop);
    for (size_t i = 0; i < STREAMS; i++) schemas[i] = &f->program->streams[i].schema;
    MW_CHECK_OK(mw_events_init(&f->events, schemas, STREAMS, NULL), NULL);
    for (size_t i = 0; i < EVENTS; i++) add_event(f, (int32_t)mw_prng_below(&f->prng, STREAMS));
    MW_CHECK_OK(mw_events_sort(&f->events, NULL), NULL);
}

static void tear_down(fixture *f) {
    mw_events_release(&f->events);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

/* The same entrance in another life. */
static mw_entrance *start_again(const fixture *f, mw_entrance *entrance) {
    mw_entrance *again = NULL;
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 24);
    MW_CHECK_OK(mw_entrance_save(entrance, &bytes, NULL), NULL);
    mw_entrance_destroy(entrance);
    MW_CHECK_OK(mw_entrance_create(f->program, f->symbols, MW_ENTRANCE_NONE, &again, NULL), NULL);
    MW_CHECK_OK(mw_entrance_load(again, mw_buf_str(&bytes), NULL), NULL);
    mw_buf_release(&bytes);
    return again;
}

static size_t plain_count(const mw_stream *stream) {
    return stream->schema.field_count - stream->entry_count;
}

/* A correction carries what it replaces as that has entered: the last such row before it. */
static void carry_entered(fixture *f, size_t index, const mw_event *correction) {
    const mw_stream *stream = &f->program->streams[correction->stream];
    size_t plain_size = plain_count(stream) * sizeof(mw_cell);
    for (size_t i = index; i-- > 0;) {
        mw_event event = mw_events_at(&f->events, i);
        if (event.stream != correction->stream) continue;
        if (memcmp(event.row, correction->replaced, plain_size) != 0) continue;
        memcpy((mw_cell *)(uintptr_t)correction->replaced, event.row,
               stream->schema.field_count * sizeof(mw_cell));
        return;
    }
    mw_test_fail(MW_TEST_PLACE("what it replaces has entered"), "event %zu", index);
}

static mw_status enter(fixture *f, bool restarts, mw_error *err) {
    mw_entrance *entrance = NULL;
    MW_TRY(mw_entrance_create(f->program, f->symbols, MW_ENTRANCE_NONE, &entrance, err));
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < f->events.event_count; i++) {
        if (restarts && i % 37 == 5) entrance = start_again(f, entrance);
        mw_event event = mw_events_at(&f->events, i);
        if (event.replaced) carry_entered(f, i, &event);
        status = mw_entrance_fill(entrance, &event, event.place, (mw_cell *)(uintptr_t)event.row,
                                  err);
        if (status == MW_OK) status = mw_entrance_event(entrance, &event, err);
    }
    mw_entrance_destroy(entrance);
    return status;
}

/* Whether a field needs state that an event which enters too late does not find (rule 5). */
static bool looks_over_span(const fixture *f, const mw_stream *stream, size_t entry) {
    static const char *const of_shop[] = {"before", "paid", "near", "dearer", "alike"};
    mw_str name = stream->schema.fields[plain_count(stream) + entry].name;
    if (f->world) return f->world->looks_over_span[stream->source][entry];
    for (size_t k = 0; k < sizeof of_shop / sizeof *of_shop; k++)
        if (mw_str_is(name, of_shop[k])) return true;
    return false;
}

/* How many values of the event were compared; they must be those that the oracle finds now that all
   events stand. */
static size_t check_event(fixture *f, const mw_event *event, size_t *missing) {
    const mw_stream *stream = &f->program->streams[event->stream];
    const mw_model_program *fields = f->program->sources[stream->source].entry;
    mw_cell expected[CELLS_MAX];
    if (!fields || stream->entry_count == 0) return 0;
    mw_oracle oracle = {f->program, fields, &f->events, f->symbols};
    mw_moment moment = {event->time, event->place, event->row};
    MW_CHECK_OK(mw_oracle_features(&oracle, &moment, expected, NULL), NULL);
    bool is_too_late = event->place - event->time > stream->lag_us + stream->late_us;
    for (size_t i = 0; i < stream->entry_count; i++) {
        size_t field = plain_count(stream) + i;
        mw_str name = stream->schema.fields[field].name;
        mw_type type = stream->schema.fields[field].type;
        if (is_too_late && looks_over_span(f, stream, i)) expected[i] = mw_cell_missing(type);
        if (event->row[field].bits != expected[i].bits)
            mw_test_fail(MW_TEST_PLACE("fields are equal"), "%.*s: %.*s at t %lld, place %lld",
                         MW_STR_ARGS(name), MW_STR_ARGS(mw_code_text(fields->features[i].code)),
                         (long long)event->time, (long long)event->place);
        *missing += mw_cell_is_missing(type, expected[i]);
    }
    return stream->entry_count;
}

MW_TEST(fields_with_windows_are_what_the_oracle_finds) {
    size_t values = 0, missing = 0;
    for (uint64_t number = 0; number < 20; number++) {
        fixture f;
        set_up(&f, mw_test_seed() * 1000 + number);
        MW_CHECK_OK(enter(&f, number % 2 == 1, NULL), NULL);
        for (size_t i = 0; i < f.events.event_count; i++) {
            mw_event event = mw_events_at(&f.events, i);
            values += check_event(&f, &event, &missing);
        }
        tear_down(&f);
    }
    MW_CHECK(values > 20000 && missing > values / 10 && missing < values * 9 / 10);
}

/* Some are stamped before they count, some after they were known. */
static void restamp(fixture *f) {
    mw_events stamped;
    mw_world_init_events(f->world, &stamped);
    for (size_t i = 0; i < f->events.event_count; i++) {
        mw_event event = mw_events_at(&f->events, i);
        int64_t by = (int64_t)mw_prng_below(&f->prng, 60) * f->world->unit_us;
        uint64_t way = mw_prng_below(&f->prng, 4);
        if (way == 0) event.place -= by;
        if (way == 1) event.place += by;
        MW_CHECK_OK(mw_events_add(&stamped, &event, NULL), NULL);
    }
    MW_CHECK_OK(mw_events_sort(&stamped, NULL), NULL);
    mw_events_release(&f->events);
    f->events = stamped;
}

MW_TEST(fields_with_windows_of_random_worlds_are_what_the_oracle_finds) {
    size_t values = 0, missing = 0, corrections = 0, of_hours = 0;
    for (uint64_t number = 0; number < 60; number++) {
        mw_world world;
        mw_world_config config = {number % 8 == 7 ? 500 : 250, true, number % 16 == 1,
                                  number % 3 == 1};
        uint64_t seed = mw_test_seed() * 1000 + number;
        if (number % 5 == 4) mw_world_create_scheduled(&world, seed, config);
        else if (number % 5 == 3) mw_world_create_each(&world, seed, config);
        else mw_world_create(&world, seed, config);
        fixture f = {.symbols = world.symbols, .program = world.program, .events = world.events,
                     .prng = seed, .world = &world};
        if (number % 3 == 2) restamp(&f);
        MW_CHECK_OK(enter(&f, number % 2 == 1, NULL), NULL);
        for (size_t i = 0; i < f.events.event_count; i++) {
            mw_event event = mw_events_at(&f.events, i);
            values += check_event(&f, &event, &missing);
            corrections += event.replaced != NULL;
            of_hours += world.unit_us == MW_HOUR_US;
        }
        world.events = f.events;
        mw_world_release(&world);
    }
    MW_CHECK(values > 20000 && missing > values / 10 && missing < values * 9 / 10);
    MW_CHECK(corrections > 300 && of_hours > 2000);
}

MW_TEST(entrance_tells_what_it_reads) {
    fixture f;
    mw_entrance *none = (mw_entrance *)&f;
    set_up(&f, 1);
    MW_CHECK(mw_entrance_reads(f.program, RATES) && mw_entrance_reads(f.program, ORDERS));
    tear_down(&f);
    mw_arena_init(&f.arena, 1 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &f.symbols, NULL), NULL);
    f.program = mw_test_program(&f.arena, f.symbols, MW_TEST_SHOPS_MODEL);
    MW_CHECK_OK(mw_entrance_create(f.program, f.symbols, MW_ENTRANCE_ALL, &none, NULL), NULL);
    MW_CHECK(none == NULL && !mw_entrance_reads(f.program, 0));
    mw_symbols_destroy(f.symbols);
    mw_arena_release(&f.arena);
}

/* What entered stays what it was. */
MW_TEST(entrance_recalls_what_entered) {
    fixture f;
    set_up(&f, mw_test_seed());
    mw_entrance *entrance = NULL;
    MW_CHECK_OK(mw_entrance_create(f.program, f.symbols, MW_ENTRANCE_ALL, &entrance, NULL), NULL);
    mw_event first = {0};
    for (size_t i = 0; i < f.events.event_count; i++) {
        mw_event event = mw_events_at(&f.events, i);
        mw_cell *row = (mw_cell *)(uintptr_t)event.row;
        bool has_id = event.stream == ORDERS && !mw_cell_is_missing(MW_TYPE_NUMBER, row[0]);
        MW_CHECK_OK(mw_entrance_fill(entrance, &event, event.place, row, NULL), NULL);
        MW_CHECK_OK(mw_entrance_event(entrance, &event, NULL), NULL);
        if (has_id && !first.row) first = event;
    }
    const mw_schema *schema = &f.program->streams[ORDERS].schema;
    mw_cell row[CELLS_MAX];
    memcpy(row, first.row, schema->field_count * sizeof *row);
    for (size_t i = schema->field_count - 3; i < schema->field_count; i++) row[i].bits = 1;
    MW_CHECK_OK(mw_entrance_fill(entrance, &first, INT64_C(1) << 40, row, NULL), NULL);
    MW_CHECK(memcmp(row, first.row, schema->field_count * sizeof *row) == 0);
    mw_entrance_destroy(entrance);
    tear_down(&f);
}

static void check_load(const fixture *f, mw_str bytes, mw_status expected) {
    mw_entrance *entrance = NULL;
    MW_CHECK_OK(mw_entrance_create(f->program, f->symbols, MW_ENTRANCE_ALL, &entrance, NULL), NULL);
    MW_CHECK_EQUAL_INT(mw_entrance_load(entrance, bytes, NULL), expected);
    mw_entrance_destroy(entrance);
}

/* Bytes that are cut are refused, and those that have what an older program remembered. */
MW_TEST(entrance_refuses_other_bytes) {
    fixture f;
    mw_entrance *entrance = NULL;
    mw_buf bytes, older;
    set_up(&f, mw_test_seed());
    mw_buf_init(&bytes, 1 << 24);
    mw_buf_init(&older, 1 << 24);
    MW_CHECK_OK(mw_entrance_create(f.program, f.symbols, MW_ENTRANCE_NONE, &entrance, NULL), NULL);
    MW_CHECK_OK(mw_entrance_save(entrance, &bytes, NULL), NULL);
    mw_str saved = mw_buf_str(&bytes);
    check_load(&f, saved, MW_OK);
    check_load(&f, mw_str_slice(saved, 0, saved.size - 9), MW_CORRUPT);
    mw_seal before = {.what = "entrance", .magic = 0x4e45574d, .format = 1};
    mw_seal_append(&older, before, mw_str_slice(saved, MW_SEAL_SIZE - 4, saved.size - 4));
    check_load(&f, mw_buf_str(&older), MW_CONFLICT);
    mw_entrance_destroy(entrance);
    mw_buf_release(&bytes);
    mw_buf_release(&older);
    tear_down(&f);
}

/* --- how many it remembers ------------------------------------------------------------------- */

static const char notes[] =
    "stream notes\n"
    "  columns: no text, who category, at time\n"
    "  time: at\n"
    "  id: no\n"
    "  field before: last(notes.no by who over 300us)\n"
    "feature a: who\n"
    "model m\n"
    "  moment: on notes\n"
    "  label: any(notes by who over next 1h)\n";

enum { NO, WHO, AT, BEFORE, NOTE_FIELDS, NOTES = 2000, REMEMBERED = 12 };

/* Each text passes; those of the ids tell the numbers of their events. */
typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_entrance *entrance;
    int count;
    struct { int version, fed; } notes[NOTES]; /* their last values, and when they came */
} diary;

static void set_up_diary(diary *d, size_t remembers) {
    *d = (diary){.count = 0};
    mw_arena_init(&d->arena, 16 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 24, &d->symbols, NULL), NULL);
    const mw_program *program = mw_test_program(&d->arena, d->symbols, notes);
    MW_CHECK_OK(mw_passing_allow(d->symbols, NULL), NULL);
    MW_CHECK_OK(mw_entrance_create(program, d->symbols, remembers, &d->entrance, NULL), NULL);
}

/* All leave in the end. */
static void tear_down_diary(diary *d) {
    mw_entrance_destroy(d->entrance);
    for (int i = 0; i < NOTES; i++) mw_passing_tidy(d->symbols);
    MW_CHECK_EQUAL_INT(mw_passing_count(d->symbols), 0);
    mw_symbols_destroy(d->symbols);
    mw_arena_release(&d->arena);
}

static mw_cell name(diary *d, const char *what, int number) {
    char text[40];
    snprintf(text, sizeof text, "%s %d", what, number);
    mw_cell cell = {.symbol = mw_symbols_intern(d->symbols, mw_str_of(text))};
    MW_CHECK(cell.symbol != 0);
    return cell;
}

/* As it stands in the log; nobody looks at what its window finds. */
static mw_event note(diary *d, int number, int version, mw_cell row[NOTE_FIELDS]) {
    mw_passing_tidy(d->symbols);
    (void)mw_passing_set(d->symbols, true);
    row[NO] = name(d, "no", number);
    row[WHO] = mw_cell_missing(MW_TYPE_CATEGORY);
    row[AT] = mw_cell_time(d->count);
    row[BEFORE] = name(d, "before", version);
    (void)mw_passing_set(d->symbols, false);
    return (mw_event){.time = d->count, .known = d->count, .place = d->count, .row = row};
}

static void feed_note(diary *d, int number) {
    mw_cell row[NOTE_FIELDS], replaced[NOTE_FIELDS];
    mw_event event = note(d, number, d->count, row);
    if (d->notes[number].fed > 0) {
        memcpy(replaced, row, sizeof replaced);
        event.replaced = replaced;
        event.replaced_time = d->notes[number].fed;
        event.replaced_from = d->notes[number].fed;
    }
    MW_CHECK_OK(mw_entrance_event(d->entrance, &event, NULL), NULL);
    d->notes[number].version = d->count;
    d->notes[number].fed = d->count++;
}

/* Whether the note is remembered, as it is. */
static bool check_note(diary *d, int number) {
    mw_cell row[NOTE_FIELDS];
    mw_event event = note(d, number, NOTES, row);
    if (!mw_entrance_remembers(d->entrance, &event)) return false;
    MW_CHECK_OK(mw_entrance_fill(d->entrance, &event, d->count, row, NULL), NULL);
    char expected[40];
    snprintf(expected, sizeof expected, "before %d", d->notes[number].version);
    MW_CHECK_EQUAL_STR(mw_symbols_text(d->symbols, row[BEFORE].symbol), expected);
    return true;
}

/* Of the last ones each, and never many; with their last values, and no text longer than these. */
MW_TEST(entrance_remembers_the_last_events) {
    diary d;
    uint64_t prng = mw_test_seed();
    int corrections = 0;
    set_up_diary(&d, REMEMBERED);
    d.count = 1;
    for (int next = 0; next < NOTES;) {
        int back = (int)mw_prng_below(&prng, 4 * REMEMBERED);
        bool corrects = mw_prng_below(&prng, 3) == 0 && back < next;
        feed_note(&d, corrects ? next - 1 - back : next);
        next += !corrects;
        corrections += corrects;
        int remembered = 0;
        for (int i = next > 100 ? next - 100 : 0; i < next; i++) {
            bool is_there = check_note(&d, i);
            MW_CHECK(is_there || d.notes[i].fed < d.count - REMEMBERED);
            remembered += is_there;
        }
        MW_CHECK(remembered <= 2 * REMEMBERED);
        MW_CHECK(mw_passing_count(d.symbols) < 1000);
    }
    MW_CHECK(corrections > NOTES / 8);
    tear_down_diary(&d);
}

/* How many texts are held, once all have left that are not. */
static size_t count_held(diary *d) {
    size_t count = SIZE_MAX;
    for (int same = 0; same < 3;) {
        size_t before = count;
        mw_passing_tidy(d->symbols);
        count = mw_passing_count(d->symbols);
        same = count == before ? same + 1 : 0;
    }
    return count;
}

/* A server takes small steps: no event lets many go at once, and still not more stay. */
MW_TEST(entrance_forgets_a_few_with_each_event) {
    enum { A_NOTE = 2, AT_MOST = 3 * A_NOTE };
    diary d;
    size_t held = 0, most = 0;
    set_up_diary(&d, REMEMBERED);
    d.count = 1;
    for (int i = 0; i < 12 * REMEMBERED; i++) {
        feed_note(&d, i);
        size_t now = count_held(&d);
        MW_CHECK(now + AT_MOST >= held);
        held = now;
        if (held > most) most = held;
    }
    MW_CHECK(most <= 5 * REMEMBERED / 2 * A_NOTE + 2);
    tear_down_diary(&d);
}

MW_TEST(entrance_remembers_none_where_nobody_asks) {
    diary d;
    set_up_diary(&d, MW_ENTRANCE_NONE);
    d.count = 1;
    for (int i = 0; i < 100; i++) feed_note(&d, i);
    for (int i = 0; i < 100; i++) MW_CHECK(!check_note(&d, i));
    tear_down_diary(&d);
}

static mw_status enter_all(void *context) { return enter(context, false, NULL); }

MW_TEST(entrance_survives_every_failing_allocation) {
    fixture f;
    set_up(&f, 3);
    MW_CHECK(mw_test_every_allocation_fails(enter_all, &f) > 10);
    tear_down(&f);
}
