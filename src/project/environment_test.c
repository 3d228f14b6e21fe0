#include "project/environment.h"

#include "testing/test.h"

typedef struct {
    mw_arena arena;
    mw_diagnostics diagnostics;
    mw_yaml_tree tree;
    mw_status status;
} reading;

static bool find(void *context, mw_str name, mw_str *out_value) {
    (void)context;
    if (mw_str_is(name, "HOST")) return *out_value = MW_STR("db.example"), true;
    if (mw_str_is(name, "ODD")) return *out_value = MW_STR("${HOST}"), true;
    if (mw_str_is(name, "NOTHING")) return *out_value = MW_STR(""), true;
    return false;
}

static reading *read_and_fill(mw_str bytes) {
    static reading r;
    mw_arena_init(&r.arena, 4 << 20);
    mw_diagnostics_init(&r.diagnostics, &r.arena);
    r.status = mw_yaml_parse(bytes, &r.arena, &r.diagnostics, &r.tree);
    if (r.status == MW_OK)
        r.status =
            mw_environment_fill(&r.tree, (mw_environment){.find = find}, &r.arena, &r.diagnostics);
    return &r;
}

MW_TEST(environment_fills_in_variables_once) {
    reading *r = read_and_fill(MW_STR("a: postgresql://${HOST}:5432/${NOTHING}x\nb: '${ODD}'\n"
                                      "c: ${NOTHING}\nd: $HOST $$ $\n"));
    MW_CHECK_EQUAL_INT(r->status, MW_OK);
    MW_CHECK_EQUAL_INT(r->diagnostics.count, 0);
    MW_CHECK_EQUAL_STR(mw_yaml_get(r->tree.root, "a")->text, "postgresql://db.example:5432/x");
    MW_CHECK_EQUAL_STR(mw_yaml_get(r->tree.root, "a")->source, "postgresql://db.example:5432/x");
    MW_CHECK_EQUAL_STR(mw_yaml_get(r->tree.root, "b")->text, "${HOST}");
    MW_CHECK(mw_yaml_is_empty(mw_yaml_get(r->tree.root, "c")));
    MW_CHECK_EQUAL_STR(mw_yaml_get(r->tree.root, "d")->text, "$HOST $$ $");
    mw_arena_release(&r->arena);
}

MW_TEST(environment_tells_what_is_not_set) {
    reading *r = read_and_fill(MW_STR("a: ${HSOT}/${}\nb: ${HOST\n"));
    mw_buf out;
    mw_buf_init(&out, 4096);
    mw_diagnostics_print(&r->diagnostics, "f", &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out),
                       "f:1:4: a variable must be set in the environment, got ${HSOT}\n"
                       "f:1:4: a variable must be set in the environment, got ${}\n"
                       "f:2:4: a variable must be written ${NAME}, got ${HOST\n");
    mw_buf_release(&out);
    mw_arena_release(&r->arena);
}

static bool find_much(void *context, mw_str name, mw_str *out_value) {
    static char much[40000];
    (void)context, (void)name;
    for (size_t i = 0; i < sizeof much; i++) much[i] = 'x';
    *out_value = (mw_str){much, sizeof much};
    return true;
}

MW_TEST(environment_bounds_what_it_makes) {
    reading *r = read_and_fill(MW_STR("a: ${HOST}\n"));
    mw_yaml_tree tree;
    MW_CHECK_STATUS(mw_yaml_parse(MW_STR("a: ${A}${B}\n"), &r->arena, &r->diagnostics, &tree),
                    MW_OK);
    MW_CHECK_STATUS(
        mw_environment_fill(&tree, (mw_environment){.find = find_much}, &r->arena, &r->diagnostics),
        MW_OK);
    MW_CHECK_EQUAL_STR(r->diagnostics.entries[0].message,
                       "a value with its variables must hold at most 65536 bytes");
    mw_arena_release(&r->arena);
}

static mw_status fill_and_release(void *context) {
    reading *r = read_and_fill(*(mw_str *)context);
    mw_arena_release(&r->arena);
    return r->status;
}

MW_TEST(environment_survives_every_shortage_of_memory) {
    mw_str bytes = MW_STR("a: ${HOST}\nb: ${HOST} and more\n");
    MW_CHECK(mw_test_every_allocation_fails(fill_and_release, &bytes) > 0);
}
