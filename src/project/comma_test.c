#include "project/comma.h"

#include "testing/test.h"

typedef struct {
    mw_arena arena;
    mw_diagnostics diagnostics;
    mw_yaml_tree tree;
} reading;

static reading *read_and_mend(const char *bytes) {
    static reading r;
    mw_arena_init(&r.arena, 4 << 20);
    mw_diagnostics_init(&r.diagnostics, &r.arena);
    mw_status status = mw_yaml_parse(mw_str_of(bytes), &r.arena, &r.diagnostics, &r.tree);
    MW_CHECK_EQUAL_INT(status, MW_OK);
    mw_comma_mend(&r.tree, &r.diagnostics);
    return &r;
}

MW_TEST(comma_in_a_mapping_is_told_and_mended) {
    reading *r = read_and_mend("f: {a: mean(s.x by k, l over 1h), b: 2,\n"
                               "    c: case(clip(d, 0,\n  9)), "
                               "e: any(t where n = \"x, y\" by k)}\n");
    MW_CHECK_EQUAL_INT(r->diagnostics.count, 3);
    const mw_yaml *f = mw_yaml_get(r->tree.root, "f");
    MW_CHECK_EQUAL_INT(f->item_count, 4);
    MW_CHECK_EQUAL_STR(mw_yaml_get(f, "a")->text, "mean(s.x by k, l over 1h)");
    MW_CHECK_EQUAL_STR(mw_yaml_get(f, "b")->text, "2");
    MW_CHECK_EQUAL_STR(mw_yaml_get(f, "c")->source, "case(clip(d, 0,\n  9))");
    MW_CHECK_EQUAL_STR(mw_yaml_get(f, "e")->text, "any(t where n = \"x, y\" by k)");
    mw_buf out;
    mw_buf_init(&out, 4096);
    mw_diagnostics_print(&r->diagnostics, "f", &out);
    MW_CHECK_EQUAL_STR(
        mw_buf_str(&out),
        "f:1:8: an expression with a comma inside [ ] or { } must be quoted or put on a line of "
        "its own, got mean(s.x by k\n"
        "    Write \"mean(s.x by k, l over 1h)\".\n"
        "f:2:8: an expression with a comma inside [ ] or { } must be quoted or put on a line of "
        "its own, got case(clip(d\n"
        "f:3:11: an expression with a comma inside [ ] or { } must be quoted or put on a line of "
        "its own, got any(t where n = \"x\n"
        "    Write 'any(t where n = \"x, y\" by k)'.\n");
    mw_buf_release(&out);
    mw_arena_release(&r->arena);
}

MW_TEST(comma_in_a_list_is_told_and_mended) {
    reading *r = read_and_mend("- [one, max(a, b), two]\n");
    const mw_yaml *list = r->tree.root->items->value;
    MW_CHECK_EQUAL_INT(r->diagnostics.count, 1);
    MW_CHECK_EQUAL_INT(list->item_count, 3);
    MW_CHECK_EQUAL_STR(list->items->next->value->text, "max(a, b)");
    MW_CHECK_EQUAL_STR(list->items->next->next->value->text, "two");
    mw_arena_release(&r->arena);
}

MW_TEST(comma_leaves_alone_what_it_did_not_break) {
    static const char *const whole[] = {
        "{a: max(x), b: [y, z], c: (d}\n",              /* open to the end: nothing closes it */
        "{a: \"max(x, y)\", b: 'max(x, y)'}\n",         /* quoted as it should be */
        "a: max(x, y)\nb:\n- max(x, y)\n- f(x\n- y)\n", /* lines of their own */
        "{a: f(x, b: y)}\n",                            /* a value, so no piece */
        "[{p: &p f(x}, *p, y)]\n",                      /* the piece before stands elsewhere */
    };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        reading *r = read_and_mend(whole[i]);
        MW_CHECK_EQUAL_INT(r->diagnostics.count, 0);
        mw_arena_release(&r->arena);
    }
}
