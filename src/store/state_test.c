#include "store/state.h"

#include <stdio.h>

#include "testing/test.h"

static const char *state_folder(void) {
    static char folder[512];
    snprintf(folder, sizeof folder, "%s/.millwright", mw_test_directory());
    return folder;
}

static mw_state *open_state(const char *folder, mw_state_mode mode) {
    mw_state *state;
    mw_error err;
    MW_CHECK_OK(mw_state_open(mw_sys_real(), folder, mode, &state, &err), &err);
    return state;
}

MW_TEST(state_has_one_writer_and_any_readers) {
    const char *folder = state_folder();
    mw_state *other;
    mw_error err;
    MW_CHECK_STATUS(mw_state_open(mw_sys_real(), folder, MW_STATE_READ, &other, &err),
                    MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(err.hint, "Run millwright ingest first.");
    mw_state *writer = open_state(folder, MW_STATE_WRITE);
    MW_CHECK_STATUS(mw_state_open(mw_sys_real(), folder, MW_STATE_WRITE, &other, &err), MW_BUSY);
    mw_state *reader = open_state(folder, MW_STATE_READ);
    mw_state *trainer = open_state(folder, MW_STATE_CATALOG);
    MW_CHECK_OK(mw_catalog_set(mw_state_catalog(trainer), "a", MW_STR("1"), &err), &err);
    MW_CHECK_STATUS(mw_catalog_set(mw_state_catalog(reader), "a", MW_STR("2"), &err), MW_IO);
    mw_state_close(trainer);
    mw_state_close(reader);
    mw_state_close(writer);
    mw_state_close(open_state(folder, MW_STATE_WRITE));
}

MW_TEST(state_of_a_newer_format_is_refused_by_its_number) {
    const char *folder = state_folder();
    char path[600], expected[700];
    mw_error err;
    mw_state *state;
    mw_state_close(open_state(folder, MW_STATE_WRITE));
    snprintf(path, sizeof path, "%s/format", folder);
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), path, MW_STR("millwright state 7\n"), &err), &err);
    MW_CHECK_STATUS(mw_state_open(mw_sys_real(), folder, MW_STATE_READ, &state, &err),
                    MW_NEWER_FORMAT);
    snprintf(expected, sizeof expected, "state: %s has format 7, this program reads up to 1",
             folder);
    MW_CHECK_EQUAL_STR(err.message, expected);
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), path, MW_STR("something\n"), &err), &err);
    MW_CHECK_STATUS(mw_state_open(mw_sys_real(), folder, MW_STATE_READ, &state, &err),
                    MW_CORRUPT);
}

/* It is the first file that is made: without it the others may be of any format. */
MW_TEST(state_without_its_format_is_not_taken_for_none) {
    static const mw_state_mode modes[] = {MW_STATE_READ, MW_STATE_CATALOG, MW_STATE_WRITE};
    const char *folder = state_folder();
    char path[600], expected[1300];
    mw_state *state;
    mw_error err;
    mw_file_info info;
    mw_state_close(open_state(folder, MW_STATE_WRITE));
    snprintf(path, sizeof path, "%s/format", folder);
    snprintf(expected, sizeof expected, "state: %s is gone, but %s/catalog.db is there", path,
             folder);
    MW_CHECK_OK(mw_sys_remove(mw_sys_real(), path, &err), &err);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        MW_CHECK_STATUS(mw_state_open(mw_sys_real(), folder, modes[i], &state, &err), MW_CORRUPT);
        MW_CHECK_EQUAL_STR(err.message, expected);
    }
    MW_CHECK_OK(mw_sys_info(mw_sys_real(), path, &info, &err), &err);
    MW_CHECK(!info.exists);
}

/* As the first writer leaves it that is stopped between its steps. */
MW_TEST(state_half_made_is_none_yet_and_made_by_the_next_writer) {
    const char *folder = state_folder();
    char catalog[600], lake[600];
    mw_state *state;
    mw_error err;
    snprintf(catalog, sizeof catalog, "%s/catalog.db", folder);
    snprintf(lake, sizeof lake, "%s/lake", folder);
    mw_state_close(open_state(folder, MW_STATE_WRITE));
    MW_CHECK_OK(mw_sys_remove(mw_sys_real(), catalog, &err), &err);
    for (int is_empty_file = 0; is_empty_file < 2; is_empty_file++) {
        MW_CHECK_STATUS(mw_state_open(mw_sys_real(), folder, MW_STATE_READ, &state, &err),
                        MW_NOT_FOUND);
        MW_CHECK_EQUAL_STR(err.hint, "Run millwright ingest first.");
        MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), catalog, MW_STR(""), &err), &err);
    }
    mw_state_close(open_state(folder, MW_STATE_WRITE));
    mw_state_close(open_state(folder, MW_STATE_READ));
    MW_CHECK_OK(mw_sys_remove(mw_sys_real(), catalog, &err), &err);
    MW_CHECK_OK(mw_sys_make_folder(mw_sys_real(), lake, &err), &err);
    MW_CHECK_STATUS(mw_state_open(mw_sys_real(), folder, MW_STATE_WRITE, &state, &err),
                    MW_CORRUPT); /* a lake that has lost its catalog is none of that */
}

MW_TEST(state_in_memory_touches_no_disk) {
    mw_arena arena;
    mw_arena_init(&arena, 100);
    mw_state *state = open_state(NULL, MW_STATE_WRITE);
    MW_CHECK(mw_state_path(state, &arena, "quarantine") == NULL);
    MW_CHECK(mw_state_catalog(state) && mw_state_lake(state) && mw_state_artefacts(state));
    mw_state_close(state);
    mw_arena_release(&arena);
}

static mw_status open_and_close(void *context) {
    mw_state *state = NULL;
    MW_TRY(mw_state_open(mw_sys_real(), context, MW_STATE_WRITE, &state, NULL));
    mw_state_close(state);
    return MW_OK;
}

MW_TEST(state_survives_every_failing_allocation) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s", state_folder());
    MW_CHECK(mw_test_every_allocation_fails(open_and_close, NULL) > 4);
    MW_CHECK(mw_test_every_allocation_fails(open_and_close, folder) > 4);
}
