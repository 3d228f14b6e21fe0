#include "serve/plain_event.h"

#include "base/prng.h"
#include "serve/event_json.h"
#include "serve/sent_rows.h"
#include "testing/declare.h"
#include "testing/test.h"

/* All that a body says, as yyjson and event_json have it: what plain_event is held to. */
typedef struct {
    mw_cell row[32];
    mw_plain_wish wish;
} reading;

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_plain_habit habit;
    mw_plain_target target;
} fixture;

static void set_up(fixture *f) {
    *f = (fixture){.habit.count = 0};
    mw_arena_init(&f->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 24, &f->symbols, NULL), NULL);
    const mw_program *program = mw_test_program(&f->arena, f->symbols,
                                                "\nstream sales:\n"
                                                "  columns: number number, at time, shop category,"
                                                " note text, paid bool, took duration, tags list,"
                                                " x1 number, x2 number\n"
                                                "  time: at\n");
    f->target = (mw_plain_target){program->sources, mw_zone_utc(), f->symbols, &f->habit};
    MW_CHECK(f->target.source->row.field_count <= 32);
}

static void tear_down(fixture *f) {
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

static bool read_wish(yyjson_val *root, const char *name, bool *out_value) {
    yyjson_val *value = yyjson_obj_get(root, name);
    if (value && !yyjson_is_bool(value)) return false;
    if (value) *out_value = yyjson_get_bool(value);
    return true;
}

static bool read_slowly(const fixture *f, mw_str body, reading *out) {
    yyjson_doc *doc = NULL;
    if (mw_sent_parse(body, mw_sent_json_memory(), &doc, NULL) != MW_OK) return false;
    yyjson_val *root = yyjson_doc_get_root(doc);
    bool is_right = read_wish(root, "record", &out->wish.record) &&
                    read_wish(root, "explain", &out->wish.explain) &&
                    mw_event_json_read(yyjson_obj_get(root, "event"), f->target.source,
                                       f->target.zone, f->symbols, out->row, NULL) == MW_OK;
    yyjson_doc_free(doc);
    return is_right;
}

/* Whether it was read; then as the other way reads it. What is known of the bodies before is the
   fixture's. */
static bool check(fixture *f, mw_str body) {
    reading plain = {.wish = {.record = true}}, slow = {.wish = {.record = true}};
    if (!mw_plain_event_read(body, &f->target, plain.row, &plain.wish)) return false;
    MW_CHECK(read_slowly(f, body, &slow));
    MW_CHECK_EQUAL_INT(plain.wish.record, slow.wish.record);
    MW_CHECK_EQUAL_INT(plain.wish.explain, slow.wish.explain);
    for (size_t i = 0; i < f->target.source->column_count; i++)
        MW_CHECK_EQUAL_INT(plain.row[i].bits, slow.row[i].bits);
    return true;
}

MW_TEST(plain_event_reads_what_programs_write) {
    static const char *const bodies[] = {
        "{\"event\": {\"number\": 20000, \"at\": \"2026-11-22T04:42:45Z\", \"shop\": \"c0\","
        " \"note\": \"~ a,b:{}[]\", \"paid\": true, \"x1\": -0.2559, \"x2\": 0},"
        " \"record\": false}",
        "{\"event\":{\"x2\":1},\"explain\":true,\"record\":true}",
        " {\t\"explain\" : false ,\r\n \"event\" : { \"x1\" : null , \"x2\" : 1.5 } } \n",
        "{\"event\": {\"shop\": 0, \"x1\": 9007199254740992, \"x2\": 0.30000000000000004}}",
        "{\"event\": {\"shop\": 123456789012345678, \"x1\": -0.0, \"x2\": 1e5}}",
        "{\"event\": {\"note\": \"\", \"shop\": \"\", \"x1\": -0, \"x2\": 5e-324}}",
        "{\"event\": {\"tags\": null, \"took\": null, \"at\": null, \"paid\": null}}",
        "{\"event\": {\"x1\": 0.0000000000000000001, \"x2\": 9.007199254740991e15}}",
    };
    fixture f;
    set_up(&f);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        MW_CHECK(check(&f, mw_str_of(bodies[i])));
    tear_down(&f);
}

/* Those that end within a word, and those that do not, up to the end of the body. */
MW_TEST(plain_event_reads_numbers_of_any_length) {
    static const char *const behind[] = {"}}", " }}", ",\"x2\":1}}", "}, \"record\": false}"};
    enum { LENGTH_MAX = 12 };
    fixture f;
    mw_buf body;
    set_up(&f);
    mw_buf_init(&body, 1 << 10);
    for (int form = 0; form < 2 * 2 * 4 * LENGTH_MAX * LENGTH_MAX; form++) {
        int whole = form / 16 % LENGTH_MAX + 1, decimals = form / 16 / LENGTH_MAX;
        mw_buf_clear(&body);
        mw_buf_append_text(&body, form / 4 % 2 ? "{\"event\":{\"x1\":-" : "{\"event\":{\"x1\":");
        for (int i = 0; i < whole; i++) mw_buf_append_char(&body, (char)('1' + (form + i) % 9));
        if (decimals > 0) mw_buf_append_char(&body, '.');
        for (int i = 0; i < decimals; i++)
            mw_buf_append_char(&body, (char)('0' + (form / 8 % 2 ? i * 7 % 10 : 0)));
        mw_buf_append_text(&body, behind[form % 4]);
        MW_CHECK(check(&f, mw_buf_str(&body)));
    }
    mw_buf_release(&body);
    tear_down(&f);
}

/* Clients of one source share what is known of it. */
MW_TEST(plain_event_reads_bodies_with_blanks_after_such_without_and_back) {
    static const char *const bodies[] = {
        "{\"event\":{\"number\":1,\"shop\":\"c0\",\"paid\":true,\"x1\":2}}",
        "{\"event\": {\"number\": 1, \"shop\": \"c0\", \"paid\": true, \"x1\": 2}}",
        "{\"event\":{\"number\":1,\"shop\":\"c0\",\"paid\":true,\"x1\":2}}",
        ("{\"event\": {\n  \"number\" : 1,\n  \"shop\" : \"c0\" ,\r\n\t"
         "\"paid\":  null ,\"x1\": 2\n}}"),
    };
    enum { COUNT = sizeof bodies / sizeof *bodies };
    fixture f;
    set_up(&f);
    for (size_t i = 0; i < (size_t)COUNT * COUNT; i++) {
        MW_CHECK(check(&f, mw_str_of(bodies[i / COUNT])));
        MW_CHECK(check(&f, mw_str_of(bodies[i % COUNT])));
    }
    tear_down(&f);
}

MW_TEST(plain_event_declines_what_is_odd_or_wrong) {
    static const char *const bodies[] = {
        "", "{}", "[]", "{\"event\": {}}", "{\"event\": {\"x1\": 1}", "{\"event\": {\"x1\": 1}}}",
        "{\"event\": {\"x1\": 1},}", "{\"event\": {\"x1\": 1,}}", "{\"event\": {\"x1\" 1}}",
        "{\"event\": {\"x1\": 1}, \"record\": 1}", "{\"event\": {\"x1\": 1}, \"record\": tru}",
        "{\"event\": {\"x1\": 1}, \"other\": true}", "{\"event\": {\"x3\": 1}}",
        "{\"record\": true}",
        "{\"event\": {\"x1\": 1}, \"event\": {\"x1\": 1}}", "{\"event\": {\"x1\": 1, \"x1\": 1}}",
        "{\"event\": {\"x1\": 1}, \"record\": true, \"record\": false}",
        "{\"event\": {\"x1\": 01}}", "{\"event\": {\"x1\": -}}", "{\"event\": {\"x1\": 1.}}",
        "{\"event\": {\"x1\": .5}}", "{\"event\": {\"x1\": +1}}", "{\"event\": {\"x1\": 1e}}",
        "{\"event\": {\"x1\": 1e400}}", "{\"event\": {\"x1\": 9007199254740993}}",
        "{\"event\": {\"x1\": 9007199254740993.0}}", "{\"event\": {\"x1\": -9007199254740992.0}}",
        "{\"event\": {\"x1\": 123456789012345678901}}", "{\"event\": {\"x1\": 1e16}}",
        "{\"event\": {\"x1\": \"1\"}}", "{\"event\": {\"x1\": nan}}", "{\"event\": {\"x1\": 1 2}}",
        "{\"event\": {\"shop\": -1}}", "{\"event\": {\"shop\": 1.0}}",
        "{\"event\": {\"shop\": 01}}",
        "{\"event\": {\"shop\": 1e2}}", "{\"event\": {\"note\": 1}}",
        "{\"event\": {\"shop\": true}}",
        "{\"event\": {\"at\": \"now\"}}", "{\"event\": {\"paid\": 1}}", "{\"event\": {\"at\": 1}}",
        "{\"event\": {\"note\": \"\\n\"}}", "{\"event\": {\"note\": \"\xc3\xa9\"}}",
        "{\"event\": {\"note\": \"a\nb\"}}", "{\"event\": {\"n\\u006fte\": \"a\"}}",
        "{\"event\": {\"took\": 1.5}}", "{\"event\": {\"tags\": []}}", "{\"event\": {\"x1\": 1}} 1",
        "{\"event\": {\"note\": \"a}}", "{\"event\"", "{\"event\": ", "{\"event\": {\"x1\": nul",
    };
    fixture f;
    set_up(&f);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        MW_CHECK(!check(&f, mw_str_of(bodies[i])));
    MW_CHECK(!check(&f, MW_STR("{\"event\": {\"x1\": 1}}\0")));
    tear_down(&f);
}

/* --- any body ------------------------------------------------------------------------------- */

static uint64_t draw(uint64_t *prng, uint64_t count) { return mw_prng_next(prng) % count; }

static void write_number(uint64_t *prng, mw_buf *out) {
    if (draw(prng, 3) == 0) mw_buf_append_char(out, '-');
    size_t whole = (size_t)(draw(prng, 8) ? draw(prng, 3) : draw(prng, 20));
    size_t decimals = (size_t)(draw(prng, 4) ? draw(prng, 6) : draw(prng, 20));
    mw_buf_append_char(out, (char)('0' + draw(prng, 10)));
    for (size_t i = 0; i < whole; i++) mw_buf_append_char(out, (char)('0' + draw(prng, 10)));
    if (decimals > 0) mw_buf_append_char(out, '.');
    for (size_t i = 0; i < decimals; i++) mw_buf_append_char(out, (char)('0' + draw(prng, 10)));
    if (draw(prng, 24) == 0) mw_buf_printf(out, "e%d", (int)draw(prng, 640) - 320);
}

static void write_value(uint64_t *prng, mw_type type, mw_buf *out) {
    if (draw(prng, 20) == 0) mw_buf_append_text(out, "null");
    else if (type == MW_TYPE_NUMBER) write_number(prng, out);
    else if (type == MW_TYPE_BOOL) mw_buf_append_text(out, draw(prng, 2) ? "true" : "false");
    else if (type == MW_TYPE_TIME)
        mw_buf_printf(out, "\"20%02d-11-22T04:42:%02dZ\"", (int)draw(prng, 99),
                      (int)draw(prng, 60));
    else if (type == MW_TYPE_CATEGORY && draw(prng, 2))
        mw_buf_printf(out, "%d", (int)draw(prng, 2000));
    else if (type == MW_TYPE_LIST || type == MW_TYPE_DURATION) mw_buf_append_text(out, "null");
    else mw_buf_printf(out, "\"c%d\"", (int)draw(prng, 2000));
}

/* Columns from some one on, in their order, now and then not. */
static void write_body(uint64_t *prng, const mw_stream_source *source, mw_buf *out) {
    static const char *const behind[] = {"", ", \"record\": false", ",\"explain\":true",
                                         ", \"record\" : true,\n\"explain\": false"};
    size_t count = source->column_count, from = (size_t)draw(prng, count);
    mw_buf_append_text(out, "{\"event\": {");
    for (size_t i = from; i < count; i++) {
        size_t which = draw(prng, 30) ? i : (size_t)draw(prng, count);
        mw_field field = source->row.fields[which];
        mw_buf_append_text(out, i == from ? "" : draw(prng, 2) ? ", " : ",");
        mw_buf_printf(out, "\"%.*s\":%s", MW_STR_ARGS(field.name), draw(prng, 2) ? " " : "");
        write_value(prng, field.type, out);
    }
    mw_buf_append_char(out, '}');
    mw_buf_append_text(out, behind[draw(prng, sizeof behind / sizeof *behind)]);
    mw_buf_append_char(out, '}');
}

/* One byte of it becomes another, or none. */
static void spoil(uint64_t *prng, mw_buf *text) {
    static const char bytes[] = "{}[],:\"\\0123-.eE tfnx\n\x01\x80";
    size_t at = (size_t)draw(prng, text->size);
    if (draw(prng, 3)) text->data[at] = bytes[draw(prng, sizeof bytes - 1)];
    else memmove(text->data + at, text->data + at + 1, text->size-- - at);
}

static bool knows_first_gap(const fixture *f, mw_str body) {
    mw_str gap = {f->habit.bytes, f->habit.ends[1]}, brace = MW_STR("{\"event\": ");
    return f->habit.count > 0 &&
           mw_str_starts(mw_str_slice(body, brace.size, body.size), gap);
}

/* Each is followed by a few of its kind, most of them spoilt in one byte: what is known of the one
   before must not hide that. */
MW_TEST(plain_event_reads_any_body_as_yyjson_or_not_at_all) {
    enum { BODIES = 30000, OF_A_KIND = 4 };
    uint64_t prng = mw_test_seed();
    size_t read = 0, spoilt_and_read = 0, known = 0;
    fixture f;
    mw_buf body;
    set_up(&f);
    mw_buf_init(&body, 1 << 16);
    for (int i = 0; i < BODIES; i++) {
        if (i % OF_A_KIND == 0) mw_buf_clear(&body);
        if (i % OF_A_KIND == 0) write_body(&prng, f.target.source, &body);
        bool is_spoilt = i % OF_A_KIND != 0;
        mw_str whole = mw_buf_str(&body);
        known += is_spoilt && knows_first_gap(&f, whole);
        mw_buf copy;
        mw_buf_init(&copy, 1 << 16);
        mw_buf_append_str(&copy, whole);
        if (is_spoilt) spoil(&prng, &copy);
        bool is_read = check(&f, mw_buf_str(&copy));
        mw_buf_release(&copy);
        read += is_read;
        spoilt_and_read += is_read && is_spoilt;
    }
    mw_buf_release(&body);
    tear_down(&f);
    MW_CHECK(read > BODIES / 4 && spoilt_and_read > BODIES / 50);
    MW_CHECK(known > BODIES / 2);
}

static void write_wide_body(int count, int digits, mw_buf *out) {
    mw_buf_clear(out);
    mw_buf_append_text(out, "{\"event\": {");
    for (int i = 0; i < count; i++)
        mw_buf_printf(out, "%s\"a%0*d\": %d", i > 0 ? ", " : "", digits, i, i * i);
    mw_buf_append_text(out, "}}");
}

/* Reads bodies of so many keys with so many digits, and of fewer each time; each twice. */
static void check_wide_bodies(int columns, int digits) {
    fixture f;
    mw_buf text, body;
    mw_cell row[MW_PLAIN_GAPS_MAX + 100];
    set_up(&f);
    mw_buf_init(&text, 1 << 20);
    mw_buf_init(&body, 1 << 20);
    mw_buf_append_text(&text, "\nstream wide:\n  columns: at time");
    for (int i = 0; i < columns; i++) mw_buf_printf(&text, ", a%0*d number", digits, i);
    mw_buf_append_text(&text, "\n  time: at\n");
    f.target.source = mw_test_program(&f.arena, f.symbols, text.data)->sources;
    for (int count = columns; count > 0; count -= 7) {
        write_wide_body(count, digits, &body);
        for (int round = 0; round < 2; round++) {
            mw_plain_wish wish = {.record = true};
            memset(row, 0, sizeof row);
            MW_CHECK(mw_plain_event_read(mw_buf_str(&body), &f.target, row, &wish));
            for (int i = 0; i < columns; i++)
                MW_CHECK_EQUAL_INT(row[i + 1].bits,
                                   i < count ? mw_cell_number(i * i).bits
                                             : mw_cell_missing(MW_TYPE_NUMBER).bits);
        }
    }
    mw_buf_release(&text);
    mw_buf_release(&body);
    tear_down(&f);
}

MW_TEST(plain_event_remembers_what_it_has_room_for) {
    check_wide_bodies(MW_PLAIN_GAPS_MAX + 60, 3); /* more keys than that */
    check_wide_bodies(60, 100);                   /* and longer ones */
}
