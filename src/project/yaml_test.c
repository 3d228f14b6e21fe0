#include "project/yaml.h"

#include "testing/test.h"

typedef struct {
    mw_arena arena;
    mw_diagnostics diagnostics;
    mw_yaml_tree tree;
    mw_status status;
} reading;

static reading *read_bytes(mw_str bytes) {
    static reading r;
    mw_arena_init(&r.arena, 32 << 20);
    mw_diagnostics_init(&r.diagnostics, &r.arena);
    r.tree = (mw_yaml_tree){0};
    r.status = mw_yaml_parse(bytes, &r.arena, &r.diagnostics, &r.tree);
    if (r.status == MW_OK) mw_yaml_drop_repeats(&r.tree, &r.diagnostics);
    return &r;
}

static void check_text(const mw_yaml *node, const char *text, int line, int column) {
    MW_CHECK(node && node->kind == MW_YAML_TEXT);
    MW_CHECK_EQUAL_STR(node->text, text);
    MW_CHECK_EQUAL_INT(node->position.line, line);
    MW_CHECK_EQUAL_INT(node->position.column, column);
}

MW_TEST(yaml_tells_the_place_and_style_of_every_text) {
    reading *r = read_bytes(MW_STR("\xef\xbb\xbf"
                                   "a: &x b, c\n"
                                   "k: {z: *x, y: \"q\\n\", s: 'it', n: , m}\n"
                                   "long: one\n  two # c\n"
                                   "lit: |\n    foo\n    bar\n"
                                   "seq:\n- 1\n-  x\n"));
    MW_CHECK_EQUAL_INT(r->status, MW_OK);
    const mw_yaml *root = r->tree.root, *k = mw_yaml_get(root, "k");
    MW_CHECK(root->kind == MW_YAML_MAPPING && root->style == MW_YAML_LINES);
    MW_CHECK_EQUAL_INT(root->item_count, 5);
    check_text(mw_yaml_get(root, "a"), "b, c", 1, 7);
    MW_CHECK(k->style == MW_YAML_FLOW && k->item_count == 5);
    MW_CHECK(mw_yaml_get(k, "z") == mw_yaml_get(root, "a")); /* shared, not copied */
    check_text(mw_yaml_get(k, "y"), "q\n", 2, 16);
    MW_CHECK(mw_yaml_get(k, "y")->style == MW_YAML_QUOTED);
    MW_CHECK_EQUAL_STR(mw_yaml_get(k, "y")->source, "q\n"); /* escapes: no offsets of the file */
    check_text(mw_yaml_get(k, "s"), "it", 2, 26);
    MW_CHECK(mw_yaml_is_empty(mw_yaml_get(k, "n")) && mw_yaml_is_empty(mw_yaml_get(k, "m")));
    check_text(mw_yaml_get(root, "long"), "one two", 3, 7);
    MW_CHECK_EQUAL_STR(mw_yaml_get(root, "long")->source, "one\n  two");
    check_text(mw_yaml_get(root, "lit"), "foo\nbar\n", 6, 1);
    const mw_yaml *seq = mw_yaml_get(root, "seq");
    MW_CHECK(seq->kind == MW_YAML_LIST && seq->style == MW_YAML_LINES && !seq->items->key);
    check_text(seq->items->next->value, "x", 10, 4);
    MW_CHECK(!mw_yaml_get(root, "none") && !mw_yaml_get(seq, "a") && !mw_yaml_get(NULL, "a"));
    mw_arena_release(&r->arena);
}

MW_TEST(yaml_says_what_cannot_be_read_and_where) {
    static const struct {
        const char *bytes, *printed;
    } cases[] = {
        {"", "f:1:1: the file is empty\n    Begin it with project: NAME.\n"},
        {"# nothing\n", "f:2:1: the file is empty\n    Begin it with project: NAME.\n"},
        {"a: b\nc: \"d\n", "f:2:5: this is not YAML: double-quoted scalar without "
                           "closing quote\n"
                           "    Close the quote, in a line of its mapping.\n"},
        {"a:\n\tb: c\n",
         "f:2:1: this is not YAML: tab character may not be used as "
         "indentation\n"
         "    Indent by blanks.\n"},
        {"a: b: c\n", "f:1:5: this is not YAML: invalid nested block mapping on the same line\n"
                      "    A text with a colon and a blank in it must be quoted.\n"},
        {"a: b\nc\nd: e\n", "f:2:1: this is not YAML: could not find expected ':'\n"
                           "    Each line is KEY: VALUE.\n"},
        {"a: b\n  c: d\n", "f:1:4: this is not YAML: invalid multiline plain key\n"
                          "    Each line is KEY: VALUE, and the keys of one mapping begin in the "
                          "same column.\n"},
        {"a:\n  b: c\n  - d\n",
         "f:3:3: this is not YAML: did not find expected key\n"
         "    Each line is KEY: VALUE, and the keys of one mapping begin in the same column.\n"},
        {"a:\n  - b: c\n  d: e\n",
         "f:3:3: this is not YAML: invalid scalar at the end of block sequence\n"
         "    The items of a list begin in the same column, each with a dash; a mapping has "
         "none.\n"},
        {"a: [b\n", "f:2:1: this is not YAML: flow sequence without a closing bracket\n"
                    "    An expression with a comma or a bracket inside [ ] or { } must be quoted "
                    "or put on a line of its own.\n"},
        {"a: {b: x in [c, d]}\n",
         "f:1:13: this is not YAML: missing comma in flow mapping\n"
         "    An expression with a comma or a bracket inside [ ] or { } must be quoted or put on "
         "a line of its own.\n"},
        {"a: b\n---\nc: d\n", "f:2:1: a project file must hold one document, got a second one\n"
                              "    Remove the line --- in the middle.\n"},
        {"a: *q\n", "f:1:5: an alias must name an anchor that is complete before it, got *q\n"
                    "    Write &q before the value that it stands for.\n"},
        {"a: &q {b: *q}\n",
         "f:1:12: an alias must name an anchor that is complete before it, got *q\n"
         "    Write &q before the value that it stands for.\n"},
        {"? [a, b]\n: c\n", "f:1:3: a key must be a word, got a list or a mapping\n"},
        {"a: b\n\xc3\xbc: \xff\n", "f:2:4: a project file must be UTF-8 text, got the byte 0xff\n"
                                   "    Save the file as UTF-8.\n"},
        {"a: 1\nb: {c: 2,\n  c: 3}\na: 4\n",
         "f:3:3: the key c must stand once, got it on line 2 already\n"
         "f:4:1: the key a must stand once, got it on line 1 already\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reading *r = read_bytes(mw_str_of(cases[i].bytes));
        mw_buf out;
        mw_buf_init(&out, 4096);
        mw_diagnostics_print(&r->diagnostics, "f", &out);
        MW_CHECK_EQUAL_STR(mw_buf_str(&out), cases[i].printed);
        mw_buf_release(&out);
        mw_arena_release(&r->arena);
    }
}

static void check_refused(const mw_buf *bytes, const char *message) {
    reading *r = read_bytes(mw_buf_str(bytes));
    MW_CHECK_EQUAL_INT(r->status, MW_MALFORMED);
    MW_CHECK_EQUAL_STR(r->diagnostics.entries[0].message, message);
    mw_arena_release(&r->arena);
}

MW_TEST(yaml_keeps_its_limits) {
    mw_buf bytes;
    mw_buf_init(&bytes, 4 << 20);
    for (int i = 0; i < 100; i++) mw_buf_append_text(&bytes, "[");
    check_refused(&bytes, "the depth of lists and mappings in each other must be at most 32");

    mw_buf_clear(&bytes);
    mw_buf_append_text(&bytes, "a0: &a0 [x, x]\n");
    for (int i = 1; i < 40; i++)
        mw_buf_printf(&bytes, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
    check_refused(&bytes,
                  "the number of values, with all aliases written out, must be at most 65536");

    mw_buf_clear(&bytes);
    for (int i = 0; i <= MW_YAML_ITEMS_MAX; i++) mw_buf_append_text(&bytes, "- x\n");
    check_refused(&bytes, "the number of items in a list or a mapping must be at most 4096");

    mw_buf_clear(&bytes);
    while (bytes.size <= MW_YAML_SIZE_MAX) mw_buf_append_text(&bytes, "# a comment\n");
    check_refused(&bytes, "the size of a project file in bytes must be at most 1048576");
    mw_buf_release(&bytes);
}

static mw_status read_and_release(void *context) {
    const mw_str *bytes = context;
    reading *r = read_bytes(*bytes);
    mw_arena_release(&r->arena);
    return r->status;
}

MW_TEST(yaml_survives_every_shortage_of_memory) {
    mw_str bytes = MW_STR("a: &x {b: [1, two, 'three'], c: \"d\"}\ne: *x\n");
    MW_CHECK(mw_test_every_allocation_fails(read_and_release, &bytes) > 0);
}
