#include "cli/file_glance.h"

#include <string.h>

#include "sys/simulated.h"
#include "testing/test.h"

#define PATH "/project"

typedef struct {
    mw_sys *sys;
    mw_file_glance glance;
    mw_error err;
} fixture;

static fixture set_up(void) {
    fixture f = {.sys = NULL};
    mw_simulated_config config = {.seed = 1, .now_us = 1000 * MW_SECOND_US};
    MW_CHECK_OK(mw_simulated_create(config, &f.sys, &f.err), &f.err);
    return f;
}

static void write(fixture *f, const char *text) {
    MW_CHECK_OK(mw_sys_write_file(f->sys, PATH, mw_str_of(text), &f->err), &f->err);
}

/* In place, which leaves the file what it is. */
static void overwrite(fixture *f, const char *text) {
    mw_file *file;
    MW_CHECK_OK(mw_sys_open(f->sys, PATH, MW_FILE_UPDATE, &file, &f->err), &f->err);
    MW_CHECK_OK(mw_file_write(file, 0, text, strlen(text), &f->err), &f->err);
    mw_file_close(file);
}

static bool is_same(fixture *f) {
    bool same = false;
    MW_CHECK_OK(mw_file_glance_at(f->sys, PATH, MW_STR("as it was"), &f->glance, &same, &f->err),
                &f->err);
    return same;
}

/* The calls on the disk that a look takes. */
static uint64_t cost(fixture *f) {
    uint64_t before = mw_simulated_call_count(f->sys);
    (void)is_same(f);
    return mw_simulated_call_count(f->sys) - before;
}

MW_TEST(file_glance_sees_every_edit) {
    fixture f = set_up();
    MW_CHECK(!is_same(&f)); /* there is none */
    write(&f, "as it was");
    MW_CHECK(is_same(&f));
    overwrite(&f, "as it is!"); /* as long, within one tick of the clock */
    MW_CHECK(!is_same(&f));
    overwrite(&f, "as it was");
    MW_CHECK(is_same(&f));
    mw_simulated_advance(f.sys, MW_FILE_SETTLED_US);
    MW_CHECK(is_same(&f) && is_same(&f));
    overwrite(&f, "as it is!");
    MW_CHECK(!is_same(&f));
    mw_simulated_advance(f.sys, MW_FILE_SETTLED_US);
    MW_CHECK(!is_same(&f) && !is_same(&f));
    write(&f, "as it was"); /* another file under that name */
    MW_CHECK(is_same(&f));
    write(&f, "as it was and longer");
    MW_CHECK(!is_same(&f));
    write(&f, "as it was");
    mw_simulated_advance(f.sys, MW_FILE_SETTLED_US);
    MW_CHECK(is_same(&f));
    MW_CHECK_OK(mw_sys_remove(f.sys, PATH, &f.err), &f.err);
    MW_CHECK(!is_same(&f));
    MW_CHECK_OK(mw_sys_make_folder(f.sys, PATH, &f.err), &f.err);
    MW_CHECK(!is_same(&f));
    mw_simulated_destroy(f.sys);
}

MW_TEST(file_glance_reads_what_was_touched_alone) {
    fixture f = set_up();
    write(&f, "as it was");
    MW_CHECK(cost(&f) > 1); /* touched a moment ago */
    MW_CHECK(cost(&f) > 1);
    mw_simulated_advance(f.sys, MW_FILE_SETTLED_US);
    MW_CHECK(cost(&f) > 1);
    for (int i = 0; i < 3; i++) MW_CHECK_EQUAL_INT(cost(&f), 1);
    overwrite(&f, "as it is!");
    MW_CHECK(cost(&f) > 1);
    mw_simulated_set_now(f.sys, 0); /* a clock that was set back: the file is of the future */
    MW_CHECK(cost(&f) > 1 && cost(&f) > 1);
    mw_simulated_destroy(f.sys);
}

/* Who cannot read a file knows nothing, and what was known before stays so. */
MW_TEST(file_glance_takes_no_failure_for_an_edit) {
    fixture f = set_up();
    bool same = true;
    write(&f, "as it was");
    for (uint64_t after = 0; after < 2; after++) {
        mw_simulated_fail(f.sys, after, 1);
        MW_CHECK_EQUAL_INT(mw_file_glance_at(f.sys, PATH, MW_STR("as it was"), &f.glance, &same,
                                             &f.err), MW_IO);
        MW_CHECK(same);
        mw_simulated_fail(f.sys, 0, 0);
    }
    mw_simulated_advance(f.sys, MW_FILE_SETTLED_US);
    MW_CHECK(is_same(&f));
    MW_CHECK_OK(mw_simulated_spoil(f.sys, PATH, 0, &f.err), &f.err);
    MW_CHECK(is_same(&f)); /* it is not read */
    mw_simulated_destroy(f.sys);
}
