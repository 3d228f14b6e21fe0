#include "project/shape.h"

#include "testing/test.h"

static const mw_shape number = {.kind = MW_SHAPE_NUMBER};
static const mw_shape any = {.kind = MW_SHAPE_ANY};
static const mw_shape names = {.kind = MW_SHAPE_NAMES};
static const mw_shape numbers = {.kind = MW_SHAPE_LIST, .item = &number};
static const mw_shape number_or_numbers = {
    .kind = MW_SHAPE_EITHER, .item = &numbers, .other = &number, .state = MW_KEY_OPTIONAL};
static const char *const size_words[] = {"small", "large", "huge", NULL};
static const mw_shape size = {
    .kind = MW_SHAPE_CHOICE, .words = size_words, .words_in_force = 2, .state = MW_KEY_LATER};
static const mw_shape_key keys[] = {
    {"count", &number, MW_KEY_REQUIRED, "how many there are"},
    {"ratio", &number_or_numbers, MW_KEY_OPTIONAL, "a ratio"},
    {"size", &size, MW_KEY_OPTIONAL, "how big it is"},
    {"names", &names, MW_KEY_OPTIONAL, "what they are called"},
    {"extra", &any, MW_KEY_LATER, "whatever"},
    {"danger", &any, MW_KEY_NOT_BUILT, "what must not be passed over"},
};
static const mw_shape record = {
    .kind = MW_SHAPE_RECORD, .keys = keys, .key_count = sizeof keys / sizeof *keys};
static const mw_shape records = {.kind = MW_SHAPE_MAP, .item = &record};

typedef struct {
    mw_arena arena;
    mw_diagnostics diagnostics;
    mw_note *notes;
    mw_status status;
} checking;

static void check(checking *c, mw_str bytes) {
    *c = (checking){0};
    mw_arena_init(&c->arena, 16 << 20);
    mw_diagnostics_init(&c->diagnostics, &c->arena);
    mw_yaml_tree tree;
    c->status = mw_yaml_parse(bytes, &c->arena, &c->diagnostics, &tree);
    if (c->status == MW_OK)
        c->status = mw_shape_check(&records, tree.root, &c->arena, &c->diagnostics, &c->notes);
}

MW_TEST(shape_takes_what_fits) {
    checking c;
    check(&c, MW_STR("a: {count: 1, ratio: 0.5, size: small, names: x}\n"
                     "b: {count: 2, ratio: [1, 2e3], size: large, names: 'x , y'}\n"
                     "c: {count: -0, names: [x, y]}\n"));
    MW_CHECK_EQUAL_INT(c.status, MW_OK);
    MW_CHECK_EQUAL_INT(c.diagnostics.count, 0);
    MW_CHECK(c.notes == NULL);
    mw_arena_release(&c.arena);
}

MW_TEST(shape_tells_each_breach_at_its_place) {
    checking c;
    check(&c, MW_STR("a: {cuont: 1}\n"
                     "b:\n"
                     "  count: 1\n"
                     "  ratio: {x: 1}\n"
                     "  size: smal\n"
                     "  names: x,,y\n"
                     "c: [1]\n"
                     "d: {count: \"two\n\n   lines\", danger: }\n"));
    mw_buf out;
    mw_buf_init(&out, 4096);
    mw_diagnostics_print(&c.diagnostics, "f", &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out),
                       "f:1:1: a: the key count is missing\n"
                       "    It says how many there are.\n"
                       "f:1:5: a: there is no key cuont here\n"
                       "    Did you mean count?\n"
                       "f:4:10: b.ratio: must be a number, got a mapping\n"
                       "f:5:9: b.size: must be one of small, large, got \"smal\"\n"
                       "    Did you mean small?\n"
                       "f:6:10: b.names: must be names, as a list or separated by commas, got "
                       "\"x,,y\"\n"
                       "f:7:4: c: must be a mapping of keys to values, got a list\n"
                       "f:8:13: d.count: must be a number, got \"two\"\n"
                       "f:10:12: d.danger: this key is not built yet\n");
    MW_CHECK(c.diagnostics.entries[c.diagnostics.count - 1].status == MW_NOT_BUILT);
    mw_buf_release(&out);
    mw_arena_release(&c.arena);
}

MW_TEST(shape_notes_what_is_not_in_force) {
    checking c;
    check(&c, MW_STR("a: {count: 1, size: huge, extra: [anything, {goes: here}]}\n"));
    MW_CHECK_EQUAL_INT(c.diagnostics.count, 0);
    MW_CHECK_EQUAL_STR(c.notes->text, "a.size: huge is not in force yet");
    MW_CHECK_EQUAL_STR(c.notes->next->text, "a.extra: not in force yet");
    MW_CHECK_EQUAL_INT(c.notes->next->position.column, 27);
    MW_CHECK(c.notes->next->next == NULL);
    mw_arena_release(&c.arena);
}

MW_TEST(shape_bounds_paths_and_notes) {
    checking c;
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 20);
    for (int i = 0; i < 300; i++) mw_buf_printf(&bytes, "k%d: {count: 1, extra: 1}\n", i);
    mw_buf_append_text(&bytes, "\"");
    for (int i = 0; i < 5000; i++) mw_buf_append_text(&bytes, "\xc3\xbc");
    mw_buf_append_text(&bytes, "\": 1\n");
    check(&c, mw_buf_str(&bytes));
    MW_CHECK_EQUAL_INT(c.status, MW_OK);
    size_t notes = 0;
    for (const mw_note *note = c.notes; note; note = note->next) notes++;
    MW_CHECK_EQUAL_INT(notes, MW_NOTES_MAX);
    MW_CHECK_EQUAL_INT(c.diagnostics.count, 1);
    MW_CHECK(c.diagnostics.entries[0].message.size < 200);
    mw_buf_release(&bytes);
    mw_arena_release(&c.arena);
}
