#include "feature/kept_texts.h"

#include <string.h>

#include "base/calendar.h"
#include "feature/course.h"
#include "table/passing.h"
#include "testing/declare.h"
#include "testing/test.h"
#include "testing/world.h"

enum { WORLDS = 60, EVENTS = 300, ROW_MAX = 16 };

/* --- what is kept ----------------------------------------------------------------------------- */

static const char shop_text[] =
    "stream s:\n"
    "  columns: at time, no category, card category, shop category, tag category, note text\n"
    "  time: at\n"
    "  id: no\n"
    "  field short: lower(tag)\n"
    "stream visits:\n"
    "  columns: at time, who category, page category\n"
    "  time: at\n"
    "feature busy: count(s where note != \"\" by card over 1d)\n"
    "feature size: length(note)\n"
    "feature same: count(s.no by no over 1d)\n"
    "feature usual: top(s.short by card over 1d)\n"
    "feature here: count(s where shop = now.shop by card over 1d)\n"
    "model m:\n"
    "  moment: on s\n"
    "  label: count(s by tag over next 1d)\n";

typedef struct {
    mw_test_project project;
    mw_kept_texts *kept;
} shop;

static shop set_up(const char *text) {
    shop s = {.project = mw_test_compile(text)};
    MW_CHECK_OK(mw_passing_allow(s.project.symbols, NULL), NULL);
    s.kept = mw_kept_texts_create(s.project.program, &s.project.arena);
    MW_CHECK(s.kept);
    return s;
}

/* Which fields of an event of the stream, each with a text of its own, stay. */
static mw_str kept_fields(shop *s, int32_t stream, mw_buf *out) {
    mw_symbols *symbols = s->project.symbols;
    const mw_schema *schema = &s->project.program->streams[stream].schema;
    mw_cell row[ROW_MAX];
    mw_event event = {.stream = stream, .row = row};
    (void)mw_passing_set(symbols, true);
    for (size_t i = 0; i < schema->field_count; i++) {
        mw_buf text;
        mw_buf_init(&text, 100);
        mw_buf_printf(&text, "text %d %zu", (int)stream, i);
        row[i].symbol = mw_symbols_intern(symbols, mw_buf_str(&text));
        mw_buf_release(&text);
    }
    (void)mw_passing_set(symbols, false);
    mw_kept_texts_keep(s->kept, &event, symbols);
    mw_buf_clear(out);
    for (size_t i = 0; i < schema->field_count; i++)
        if (mw_passing_stays(symbols, row[i].symbol))
            mw_buf_printf(out, " %.*s", MW_STR_ARGS(schema->fields[i].name));
    return mw_buf_str(out);
}

MW_TEST(kept_texts_are_those_of_keys_and_values) {
    shop s = set_up(shop_text);
    mw_buf fields;
    mw_buf_init(&fields, 1000);
    MW_CHECK_EQUAL_STR(kept_fields(&s, 0, &fields), "");
    mw_kept_texts_add_model(s.kept, s.project.model);
    mw_str kept = kept_fields(&s, 0, &fields);
    MW_CHECK_EQUAL_STR(kept, " no card shop short"); /* neither tag nor note */
    MW_CHECK_EQUAL_STR(kept_fields(&s, 1, &fields), "");
    mw_buf_release(&fields);
    mw_test_project_release(&s.project);
}

MW_TEST(kept_texts_are_those_of_a_schedules_keys) {
    shop s = set_up("stream visits:\n"
                    "  columns: at time, who category, page category\n"
                    "  time: at\n"
                    "feature busy: count(visits by page over 1d)\n"
                    "model m:\n"
                    "  moment: every 1d for who, page of visits\n"
                    "  label: count(visits by who over next 1d)\n");
    mw_buf fields;
    mw_buf_init(&fields, 1000);
    mw_kept_texts_add_model(s.kept, s.project.model);
    MW_CHECK_EQUAL_STR(kept_fields(&s, 0, &fields), " who page");
    mw_buf_release(&fields);
    mw_test_project_release(&s.project);
}

/* --- that it is enough ------------------------------------------------------------------------ */

/* A course over a world's events, whose texts other than "a" are made others than the world's, so
   that nothing but the course keeps them. */
typedef struct {
    mw_world world;
    mw_course *course;
    mw_kept_texts *kept;
    bool passes;
} run;

static void create_world(mw_world *world, uint64_t number) {
    mw_world_config config = {.event_count = EVENTS, .may_look_at_all_past = number % 4 == 0,
                              .has_corrections = number % 2 == 1};
    uint64_t seed = mw_test_seed() * 1000 + number;
    if (number % 3 == 0) mw_world_create(world, seed, config);
    else if (number % 3 == 1) mw_world_create_each(world, seed, config);
    else mw_world_create_scheduled(world, seed, config);
}

static void begin(run *r, uint64_t number, bool passes) {
    *r = (run){.passes = passes};
    create_world(&r->world, number);
    mw_course_config config = {.engine = {.program = r->world.program,
                                          .model = r->world.model,
                                          .symbols = r->world.symbols},
                               .from = INT64_MIN,
                               .to = INT64_MAX};
    if (passes) MW_CHECK_OK(mw_passing_allow(r->world.symbols, NULL), NULL);
    MW_CHECK_OK(mw_course_create(config, &r->course, NULL), NULL);
    r->kept = mw_kept_texts_create(r->world.program, &r->world.arena);
    MW_CHECK(r->kept);
    mw_kept_texts_add_model(r->kept, r->world.model);
}

static void end(run *r) {
    mw_course_destroy(r->course);
    for (int i = 0; i < EVENTS; i++) mw_passing_tidy(r->world.symbols);
    MW_CHECK_EQUAL_INT(mw_passing_count(r->world.symbols), 0);
    mw_world_release(&r->world);
}

/* The text with a number behind it, which events have that have the same id. */
static mw_str renamed(mw_str text, int number, mw_buf *out) {
    mw_buf_clear(out);
    mw_buf_printf(out, "%.*s~%d", MW_STR_ARGS(text), number);
    return mw_buf_str(out);
}

static mw_cell rename_list(run *r, mw_cell list, int number, mw_buf *room) {
    mw_list_reader reader;
    mw_list_writer writer;
    mw_str text;
    mw_cell made;
    mw_list_open(&reader, list, r->world.symbols);
    mw_list_begin(&writer, MW_TYPE_LIST);
    while (mw_list_next_text(&reader, &text))
        mw_list_add_text(&writer, renamed(text, number, room));
    MW_CHECK_OK(mw_list_end(&writer, r->world.symbols, &made, NULL), NULL);
    mw_list_close(&reader);
    return made;
}

static void rename_texts(run *r, const mw_schema *schema, const mw_cell *row, mw_cell *out_row) {
    mw_symbols *symbols = r->world.symbols;
    mw_buf room;
    mw_buf_init(&room, 100);
    int number = (int)row[mw_schema_find(schema, MW_STR("no"))].number % 40;
    for (size_t i = 0; i < schema->field_count; i++) {
        mw_type type = schema->fields[i].type;
        out_row[i] = row[i];
        if (!mw_type_is_symbol(type) || row[i].symbol == 0) continue;
        mw_str text = mw_symbols_text(symbols, row[i].symbol);
        if (type == MW_TYPE_LIST) out_row[i] = rename_list(r, row[i], number, &room);
        else if (!mw_str_is(text, "a"))
            out_row[i].symbol = mw_symbols_intern(symbols, renamed(text, number, &room));
    }
    mw_buf_release(&room);
}

static void feed(run *r, size_t index) {
    mw_event event = mw_events_at(&r->world.events, index);
    const mw_schema *schema = &r->world.program->streams[event.stream].schema;
    mw_cell row[ROW_MAX], replaced[ROW_MAX];
    bool was_passing = mw_passing_set(r->world.symbols, true);
    rename_texts(r, schema, event.row, row);
    if (event.replaced) rename_texts(r, schema, event.replaced, replaced);
    (void)mw_passing_set(r->world.symbols, was_passing);
    event.row = row;
    if (event.replaced) event.replaced = replaced;
    mw_kept_texts_keep(r->kept, &event, r->world.symbols);
    MW_CHECK_OK(mw_course_event(r->course, &event, NULL), NULL);
    mw_engine_advance(mw_course_engine(r->course), event.place);
    mw_passing_tidy(r->world.symbols);
}

static bool same_cell(mw_type type, const run *a, mw_cell of_a, const run *b, mw_cell of_b) {
    if (!mw_type_is_symbol(type)) return of_a.bits == of_b.bits;
    return mw_str_equal(mw_symbols_text(a->world.symbols, of_a.symbol),
                        mw_symbols_text(b->world.symbols, of_b.symbol));
}

/* Both make the same moments with the same features, up to a place. */
static size_t compare_steps(run *a, run *b, int64_t place) {
    const mw_model_program *model = a->world.model;
    const mw_schema *schema = &a->world.program->streams[model->moment_stream].schema;
    for (size_t count = 0;; count++) {
        mw_step of_a, of_b;
        bool found = false, other_found = false;
        MW_CHECK_OK(mw_course_next(a->course, place, &of_a, &found, NULL), NULL);
        MW_CHECK_OK(mw_course_next(b->course, place, &of_b, &other_found, NULL), NULL);
        MW_CHECK(found == other_found);
        if (!found) return count;
        MW_CHECK(of_a.moment.t == of_b.moment.t && of_a.place == of_b.place);
        for (size_t i = 0; i < model->feature_count; i++)
            MW_CHECK(same_cell(model->features[i].type, a, of_a.features[i], b,
                               of_b.features[i]));
        for (size_t i = 0; i < schema->field_count; i++)
            MW_CHECK(same_cell(schema->fields[i].type, a, of_a.moment.row[i], b,
                               of_b.moment.row[i]));
        mw_passing_tidy(b->world.symbols);
    }
}

static void check_digests(run *a, run *b) {
    mw_sha256 sha[2];
    char digests[2][MW_SHA256_HEX_SIZE + 1];
    for (int i = 0; i < 2; i++) {
        mw_sha256_init(&sha[i]);
        mw_engine *engine = mw_course_engine(i == 0 ? a->course : b->course);
        MW_CHECK_OK(mw_engine_digest(engine, &sha[i], NULL), NULL);
        mw_sha256_hex(&sha[i], digests[i]);
    }
    MW_CHECK_EQUAL_STR(digests[0], digests[1]);
}

/* Where all other texts leave, the moments are those of a table where all stay. Some schedules beat
   for ever. */
MW_TEST(kept_texts_are_all_that_windows_need) {
    enum { REST_US = 100000 }; /* the times of these worlds are some thousand */
    size_t moments = 0, left = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        run staying, passing;
        begin(&staying, number, false);
        begin(&passing, number, true);
        int64_t place = 0;
        for (size_t i = 0; i < staying.world.events.event_count; i++) {
            place = mw_events_place_at(&staying.world.events, i);
            moments += compare_steps(&staying, &passing, place - 1);
            feed(&staying, i);
            feed(&passing, i);
        }
        check_digests(&staying, &passing);
        moments += compare_steps(&staying, &passing, place + REST_US);
        left += mw_symbols_age(passing.world.symbols);
        end(&staying);
        end(&passing);
    }
    MW_CHECK(moments > 1000 && left > 1000);
}

/* --- after a start ---------------------------------------------------------------------------- */

static mw_course *course_of(const shop *s) {
    mw_course *course = NULL;
    mw_course_config config = {.engine = {.program = s->project.program,
                                          .model = s->project.model,
                                          .symbols = s->project.symbols},
                               .from = INT64_MIN,
                               .to = INT64_MAX};
    MW_CHECK_OK(mw_course_create(config, &course, NULL), NULL);
    return course;
}

/* Two days ahead of its time. */
static void announce(shop *s, mw_course *course, int64_t number) {
    mw_buf text;
    mw_cell row[ROW_MAX] = {{.bits = 0}};
    int64_t place = number * MW_MINUTE_US;
    mw_event event = {.place = place, .known = place, .time = place + 2 * MW_DAY_US, .row = row};
    mw_buf_init(&text, 100);
    mw_buf_printf(&text, "order %d", (int)number);
    bool was_passing = mw_passing_set(s->project.symbols, true);
    row[0].time = event.time;
    row[2].number = 1;
    row[1].symbol = mw_symbols_intern(s->project.symbols, mw_buf_str(&text));
    (void)mw_passing_set(s->project.symbols, was_passing);
    MW_CHECK_OK(mw_course_event(course, &event, NULL), NULL);
    mw_buf_release(&text);
}

static size_t count_moments(shop *s, mw_course *course) {
    mw_step step;
    for (size_t count = 0;; count++) {
        bool found = false;
        MW_CHECK_OK(mw_course_next(course, 30 * MW_DAY_US, &step, &found, NULL), NULL);
        mw_passing_tidy(s->project.symbols);
        if (!found) return count;
    }
}

/* Those of moments that were not due when the course was saved leave with them, too. */
MW_TEST(kept_texts_are_no_more_after_a_start) {
    enum { ORDERS = 100 };
    shop s = set_up("stream s:\n"
                    "  columns: at time, no category, shop number\n"
                    "  time: at\n"
                    "  known: time - 3d\n"
                    "  id: no\n"
                    "feature busy: count(s by shop over 1d)\n"
                    "model m:\n"
                    "  moment: on s at time - 1h\n"
                    "  label: count(s by shop over next 1d)\n");
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 20);
    mw_course *before = course_of(&s);
    for (int64_t i = 1; i <= ORDERS; i++) announce(&s, before, i);
    MW_CHECK_OK(mw_course_save(before, &bytes, NULL), NULL);
    mw_course_destroy(before);
    for (int i = 0; i < ORDERS; i++) mw_passing_tidy(s.project.symbols);
    MW_CHECK_EQUAL_INT(mw_passing_count(s.project.symbols), 0);

    size_t others = mw_symbols_count(s.project.symbols);
    mw_course *after = course_of(&s);
    MW_CHECK_OK(mw_course_load(after, mw_buf_str(&bytes), NULL), NULL);
    MW_CHECK(mw_symbols_count(s.project.symbols) >= others + ORDERS);
    MW_CHECK_EQUAL_INT(count_moments(&s, after), ORDERS);
    mw_course_destroy(after);
    for (int i = 0; i < ORDERS; i++) mw_passing_tidy(s.project.symbols);
    MW_CHECK(mw_symbols_count(s.project.symbols) <= others + 1); /* the last event waited */
    mw_buf_release(&bytes);
    mw_test_project_release(&s.project);
}
