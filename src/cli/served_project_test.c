#include "cli/served_project.h"

#include "sys/simulated.h"
#include "testing/test.h"

#define PATH "/state/served.yaml"
#define WORD "1f"

static mw_sys *simulation(void) {
    mw_sys *sys;
    mw_error err;
    mw_simulated_config config = {.seed = mw_test_seed()};
    MW_CHECK_OK(mw_simulated_create(config, &sys, &err), &err);
    MW_CHECK_OK(mw_sys_make_folder(sys, "/state", &err), &err);
    return sys;
}

static void keep(mw_sys *sys, mw_str bytes, int64_t accepted_us) {
    mw_served_project project = {bytes, MW_STR(WORD), accepted_us};
    mw_error err;
    MW_CHECK_OK(mw_served_project_write(sys, PATH, &project, &err), &err);
}

static mw_status look(mw_sys *sys, mw_arena *arena, mw_served_project *out_project) {
    mw_error err;
    return mw_served_project_read(sys, PATH, arena, out_project, &err);
}

static void check_kept(mw_sys *sys, mw_str bytes, int64_t accepted_us) {
    mw_arena arena;
    mw_served_project project = {.accepted_us = 0};
    mw_arena_init(&arena, 1 << 22);
    MW_CHECK_STATUS(look(sys, &arena, &project), MW_OK);
    MW_CHECK(mw_str_equal(project.bytes, bytes));
    MW_CHECK(mw_str_is(project.serve, WORD));
    MW_CHECK_EQUAL_INT(project.accepted_us, accepted_us);
    mw_arena_release(&arena);
}

MW_TEST(served_project_comes_back_as_it_was) {
    static const char tricky[] = "project: a\n# As millwright serve 1f took it up at 2026-01-01";
    static char largest[MW_YAML_SIZE_MAX];
    mw_sys *sys = simulation();
    mw_str texts[] = {MW_STR("project: a\n"), MW_STR("project: a"), MW_STR(""), MW_STR("\n\n"),
                      MW_STR("\xEF\xBB\xBFproject: a\r\n"), {"a\0b", 3}, MW_STR(tricky),
                      {largest, sizeof largest}};
    memset(largest, '#', sizeof largest);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t accepted_us = (int64_t)i * 1000001;
        keep(sys, texts[i], accepted_us);
        check_kept(sys, texts[i], accepted_us);
    }
    mw_simulated_destroy(sys);
}

/* Else a bit that turned would be another project. */
MW_TEST(served_project_is_refused_once_a_bit_turned_or_it_was_cut) {
    mw_sys *sys = simulation();
    mw_buf file;
    mw_error err;
    mw_arena arena;
    mw_served_project project = {.accepted_us = 0};
    keep(sys, MW_STR("project: a\n"), 1);
    mw_buf_init(&file, 1 << 12);
    mw_arena_init(&arena, 1 << 16);
    MW_CHECK_OK(mw_sys_read_file(sys, PATH, &file, &err), &err);
    for (size_t bit = 0; bit < 8 * file.size; bit++) {
        file.data[bit / 8] ^= (char)(1 << bit % 8);
        MW_CHECK_OK(mw_sys_write_file(sys, PATH, mw_buf_str(&file), &err), &err);
        file.data[bit / 8] ^= (char)(1 << bit % 8);
        MW_CHECK_STATUS(look(sys, &arena, &project), MW_CORRUPT);
    }
    for (size_t size = 0; size < file.size; size++) {
        mw_str cut = {file.data, size};
        MW_CHECK_OK(mw_sys_write_file(sys, PATH, cut, &err), &err);
        MW_CHECK_STATUS(look(sys, &arena, &project), MW_CORRUPT);
    }
    MW_CHECK(project.bytes.data == NULL);
    MW_CHECK_OK(mw_sys_remove(sys, PATH, &err), &err);
    MW_CHECK_STATUS(look(sys, &arena, &project), MW_NOT_FOUND);
    mw_buf_release(&file);
    mw_arena_release(&arena);
    mw_simulated_destroy(sys);
}

/* What a passing failure hides is there all the same: who took it for none would remove it. */
MW_TEST(served_project_that_cannot_be_read_is_not_none) {
    mw_sys *sys = simulation();
    mw_status status = MW_IO;
    mw_error err;
    mw_arena arena;
    uint64_t failed_count = 0;
    mw_arena_init(&arena, 1 << 16);
    keep(sys, MW_STR("project: a\n"), 1);
    for (uint64_t after = 0; status != MW_OK; after++) {
        mw_served_project project = {.accepted_us = 0};
        mw_simulated_fail(sys, after, 1);
        status = look(sys, &arena, &project);
        mw_simulated_fail(sys, 0, 0);
        MW_CHECK(status == MW_OK || status == MW_IO);
        failed_count += status != MW_OK;
    }
    MW_CHECK(failed_count > 2);
    MW_CHECK_OK(mw_sys_remove(sys, PATH, &err), &err);
    MW_CHECK_OK(mw_sys_make_folder(sys, PATH, &err), &err);
    mw_served_project project = {.accepted_us = 0};
    MW_CHECK_STATUS(look(sys, &arena, &project), MW_CORRUPT);
    mw_arena_release(&arena);
    mw_simulated_destroy(sys);
}

MW_TEST(served_project_is_of_a_serve_with_a_word) {
    static const char *const wrong[] = {"", " ", "a b", "a\n", "none;", "\xC3\xA9"};
    char drawn[2][MW_SERVE_WORD_SIZE_MAX + 1], longest[MW_SERVE_WORD_SIZE_MAX + 1];
    for (int i = 0; i < 2; i++) mw_serve_word_draw(mw_sys_real(), drawn[i]);
    MW_CHECK(strcmp(drawn[0], drawn[1]) != 0);
    MW_CHECK(mw_serve_word_is_good(mw_str_of(drawn[0])));
    memset(longest, 'Z', sizeof longest);
    MW_CHECK(mw_serve_word_is_good((mw_str){longest, MW_SERVE_WORD_SIZE_MAX}));
    MW_CHECK(!mw_serve_word_is_good((mw_str){longest, MW_SERVE_WORD_SIZE_MAX + 1}));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        MW_CHECK(!mw_serve_word_is_good(mw_str_of(wrong[i])));
}

/* Whatever a write fails of, the one before or this one is there, whole. */
MW_TEST(served_project_is_written_whole_or_not_at_all) {
    const mw_served_project next = {MW_STR("project: next\n"), MW_STR("2f"), 2};
    mw_status status = MW_IO;
    uint64_t failed_count = 0;
    for (uint64_t after = 0; status != MW_OK; after++) {
        mw_sys *sys = simulation();
        mw_arena arena;
        mw_served_project project;
        mw_error err;
        keep(sys, MW_STR("project: before\n"), 1);
        mw_simulated_fail(sys, after, UINT64_MAX);
        status = mw_served_project_write(sys, PATH, &next, &err);
        mw_simulated_fail(sys, 0, 0);
        mw_simulated_lose_power(sys);
        mw_arena_init(&arena, 1 << 16);
        MW_CHECK_STATUS(look(sys, &arena, &project), MW_OK);
        bool is_next = mw_str_equal(project.bytes, next.bytes);
        MW_CHECK(is_next || mw_str_is(project.bytes, "project: before\n"));
        MW_CHECK_EQUAL_INT(project.accepted_us, is_next ? 2 : 1);
        MW_CHECK(mw_str_is(project.serve, is_next ? "2f" : WORD));
        MW_CHECK(is_next || status != MW_OK);
        failed_count += status != MW_OK;
        mw_arena_release(&arena);
        mw_simulated_destroy(sys);
    }
    MW_CHECK(failed_count > 2);
}

MW_TEST(served_project_fails_clean_without_memory) {
    mw_sys *sys = simulation();
    const mw_served_project wanted = {MW_STR("project: a\n"), MW_STR(WORD), 1};
    mw_status status = MW_NO_MEMORY;
    size_t failed_count = 0;
    keep(sys, wanted.bytes, wanted.accepted_us);
    for (size_t after = 0; status != MW_OK; after++) {
        mw_arena arena;
        mw_error err;
        mw_served_project project = {.accepted_us = 0};
        mw_arena_init(&arena, 1 << 16);
        mw_memory_fail_after(after);
        status = mw_served_project_write(sys, PATH, &wanted, &err);
        if (status == MW_OK) status = look(sys, &arena, &project);
        mw_memory_fail_after(SIZE_MAX);
        MW_CHECK(status == MW_OK || status == MW_NO_MEMORY);
        MW_CHECK((status == MW_OK) == (project.bytes.data != NULL));
        failed_count += status != MW_OK;
        mw_arena_release(&arena);
        check_kept(sys, wanted.bytes, wanted.accepted_us);
    }
    MW_CHECK(failed_count > 2);
    mw_simulated_destroy(sys);
}
