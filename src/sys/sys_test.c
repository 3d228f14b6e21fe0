#include "base/prng.h"
#include "sys/simulated.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What every filling of mw_sys keeps. Each test runs on all, in a folder of its own. */
typedef struct {
    mw_sys *sys;
    const char *folder;
    mw_arena arena;
    mw_error err;
} place;

static const char *path_in(place *at, const char *name) {
    const char *path = mw_path_join(&at->arena, at->folder, name);
    MW_CHECK(path != NULL);
    return path;
}

static void run_on(mw_sys *sys, const char *folder, void (*body)(place *at)) {
    place at = {.sys = sys, .folder = folder};
    mw_arena_init(&at.arena, 1 << 20);
    MW_CHECK_OK(mw_sys_make_folder(sys, folder, &at.err), &at.err);
    body(&at);
    mw_arena_release(&at.arena);
}

static void on_every_sys(void (*body)(place *at)) {
    mw_sys *simulated;
    mw_error err;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = mw_test_seed()}, &simulated,
                                    &err), &err);
    run_on(mw_sys_real(), mw_test_directory(), body);
    run_on(simulated, "/simulated/folder", body);
    mw_simulated_destroy(simulated);
}

static mw_file *open_file(place *at, const char *name, mw_file_mode mode) {
    mw_file *file;
    MW_CHECK_OK(mw_sys_open(at->sys, path_in(at, name), mode, &file, &at->err), &at->err);
    return file;
}

static void check_contents(place *at, const char *name, const char *expected) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_sys_read_file(at->sys, path_in(at, name), &bytes, &at->err), &at->err);
    MW_CHECK_EQUAL_STR(mw_buf_str(&bytes), expected);
    mw_buf_release(&bytes);
}

static void check_list(place *at, const char *name, const char *expected) {
    mw_str *names;
    size_t count;
    MW_CHECK_OK(mw_sys_list(at->sys, path_in(at, name), &at->arena, &names, &count, &at->err),
                &at->err);
    mw_buf joined;
    mw_buf_init(&joined, 1 << 16);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) mw_buf_append_char(&joined, ' ');
        mw_buf_append_str(&joined, names[i]);
    }
    MW_CHECK_EQUAL_STR(mw_buf_str(&joined), expected);
    mw_buf_release(&joined);
}

static void keep_modes(place *at) {
    const char *path = path_in(at, "log");
    mw_file *file = NULL;
    MW_CHECK_STATUS(mw_sys_open(at->sys, path, MW_FILE_READ, &file, &at->err), MW_NOT_FOUND);
    MW_CHECK(mw_str_starts(mw_str_of(at->err.message), mw_str_of(path)));
    MW_CHECK_STATUS(mw_sys_open(at->sys, path, MW_FILE_UPDATE, &file, &at->err), MW_NOT_FOUND);
    MW_CHECK(file == NULL);

    file = open_file(at, "log", MW_FILE_CREATE);
    MW_CHECK_OK(mw_file_append(file, "one", 3, &at->err), &at->err);
    MW_CHECK_OK(mw_file_write(file, 1, "NE two", 6, &at->err), &at->err);
    mw_file_close(file);
    MW_CHECK_STATUS(mw_sys_open(at->sys, path, MW_FILE_CREATE, &file, &at->err), MW_CONFLICT);

    file = open_file(at, "log", MW_FILE_APPEND);
    MW_CHECK_OK(mw_file_append(file, " three", 6, &at->err), &at->err);
    MW_CHECK_OK(mw_file_truncate(file, 9, &at->err), &at->err);
    MW_CHECK_OK(mw_file_append(file, "!", 1, &at->err), &at->err);
    MW_CHECK_OK(mw_file_sync(file, &at->err), &at->err);
    mw_file_close(file);
    check_contents(at, "log", "oNE two t!");
    MW_CHECK_STATUS(mw_sys_open(at->sys, at->folder, MW_FILE_READ, &file, &at->err), MW_INVALID);
    mw_file_close(NULL);
}

MW_TEST(sys_keeps_file_modes) {
    on_every_sys(keep_modes);
}

/* Random writes, appends, cuts and reads give what a plain array gives. */
static void agree_with_an_array(place *at) {
    enum { STEPS = 2000, REACH = 5000 };
    static unsigned char model[2 * REACH + 100], bytes[REACH];
    memset(model, 0, sizeof model);
    size_t model_size = 0;
    uint64_t prng = mw_test_seed();
    mw_file *file = open_file(at, "random", MW_FILE_CREATE);
    for (int i = 0; i < STEPS; i++) {
        size_t offset = (size_t)mw_prng_below(&prng, REACH), size = offset % 97, got;
        for (size_t k = 0; k < size; k++) bytes[k] = (unsigned char)mw_prng_next(&prng);
        switch (mw_prng_below(&prng, 4)) {
        case 0: /* leaves a hole of zeros if it starts past the end */
            MW_CHECK_OK(mw_file_write(file, offset, bytes, size, &at->err), &at->err);
            memcpy(model + offset, bytes, size);
            if (size > 0 && offset + size > model_size) model_size = offset + size;
            break;
        case 1:
            if (model_size > REACH) break;
            MW_CHECK_OK(mw_file_append(file, bytes, size, &at->err), &at->err);
            memcpy(model + model_size, bytes, size);
            model_size += size;
            break;
        case 2:
            if (mw_prng_below(&prng, 8) != 0) break;
            MW_CHECK_OK(mw_file_truncate(file, offset, &at->err), &at->err);
            if (offset < model_size) memset(model + offset, 0, model_size - offset);
            model_size = offset;
            break;
        default:
            MW_CHECK_OK(mw_file_read(file, offset, bytes, size, &got, &at->err), &at->err);
            size_t left = offset < model_size ? model_size - offset : 0;
            MW_CHECK_EQUAL_INT(got, left < size ? left : size);
            MW_CHECK(memcmp(bytes, model + offset, got) == 0);
        }
        uint64_t file_size;
        MW_CHECK_OK(mw_file_size(file, &file_size, &at->err), &at->err);
        MW_CHECK_EQUAL_INT(file_size, model_size);
    }
    mw_file_close(file);
}

MW_TEST(sys_files_agree_with_an_array) {
    on_every_sys(agree_with_an_array);
}

static void lock_once(place *at) {
    mw_file *first = open_file(at, "lock", MW_FILE_CREATE);
    mw_file *second = open_file(at, "lock", MW_FILE_UPDATE);
    MW_CHECK_OK(mw_file_lock(first, &at->err), &at->err);
    MW_CHECK_OK(mw_file_lock(first, &at->err), &at->err);
    MW_CHECK_STATUS(mw_file_lock(second, &at->err), MW_BUSY);
    MW_CHECK(mw_str_ends(mw_str_of(at->err.message), MW_STR(": another process holds its lock")));
    mw_file_close(first);
    MW_CHECK_OK(mw_file_lock(second, &at->err), &at->err);
    mw_file_close(second);
}

MW_TEST(sys_locks_once) {
    on_every_sys(lock_once);
}

static void write_whole_files(place *at) {
    const char *path = path_in(at, "whole");
    MW_CHECK_OK(mw_sys_write_file(at->sys, path, MW_STR("first"), &at->err), &at->err);
    MW_CHECK_OK(mw_sys_write_file(at->sys, path, MW_STR("second"), &at->err), &at->err);
    check_contents(at, "whole", "second");
    check_list(at, ".", "whole");

    const char *absent = path_in(at, "no/such");
    MW_CHECK_STATUS(mw_sys_write_file(at->sys, absent, MW_STR("x"), &at->err), MW_NOT_FOUND);
    MW_CHECK(strncmp(at->err.message, absent, strlen(absent)) == 0 &&
             at->err.message[strlen(absent)] == ':'); /* no temporary name */
    MW_CHECK_OK(mw_sys_make_folder(at->sys, path_in(at, "full/of"), &at->err), &at->err);
    MW_CHECK(mw_sys_write_file(at->sys, path_in(at, "full"), MW_STR("x"), &at->err) != MW_OK);
    check_list(at, ".", "full whole"); /* nothing temporary is left */

    mw_buf small;
    mw_buf_init(&small, 8);
    mw_buf_append_text(&small, "say ");
    MW_CHECK_STATUS(mw_sys_read_file(at->sys, path, &small, &at->err), MW_TOO_LARGE);
    MW_CHECK_EQUAL_STR(mw_buf_str(&small), "say ");
    mw_buf_release(&small);
}

MW_TEST(sys_writes_files_whole) {
    on_every_sys(write_whole_files);
}

static void keep_folders(place *at) {
    mw_sys *sys = at->sys;
    mw_error *err = &at->err;
    MW_CHECK_OK(mw_sys_make_folder(sys, path_in(at, "a//b/c/"), err), err);
    MW_CHECK_OK(mw_sys_make_folder(sys, path_in(at, "a/b"), err), err);
    static const char *const names[] = {"z", "B", "a", "10", "9"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        MW_CHECK_OK(mw_sys_write_file(sys, path_in(at, mw_path_join(&at->arena, "a/b", names[i])),
                                      MW_STR("x"), err), err);
    check_list(at, "a/b", "10 9 B a c z");
    check_list(at, "a/b/c", "");
    MW_CHECK_STATUS(mw_sys_make_folder(sys, path_in(at, "a/b/z"), err), MW_CONFLICT);
    MW_CHECK(mw_sys_make_folder(sys, path_in(at, "a/b/z/y"), err) != MW_OK);

    mw_str *list;
    size_t count;
    MW_CHECK_STATUS(mw_sys_list(sys, path_in(at, "none"), &at->arena, &list, &count, err),
                    MW_NOT_FOUND);
    MW_CHECK_OK(mw_sys_list_if_any(sys, path_in(at, "none"), &at->arena, &list, &count, err), err);
    MW_CHECK_EQUAL_INT(count, 0);
    MW_CHECK_OK(mw_sys_list_if_any(sys, path_in(at, "a"), &at->arena, &list, &count, err), err);
    MW_CHECK(count == 1 && mw_str_is(list[0], "b"));
    MW_CHECK_STATUS(mw_sys_list_if_any(sys, path_in(at, "a/b/z"), &at->arena, &list, &count, err),
                    MW_INVALID);
    MW_CHECK_OK(mw_sys_sync_folder(sys, path_in(at, "a/b"), err), err);
    MW_CHECK_STATUS(mw_sys_sync_folder(sys, path_in(at, "none"), err), MW_NOT_FOUND);

    MW_CHECK_OK(mw_sys_rename(sys, path_in(at, "a/b/z"), path_in(at, "a/z"), err), err);
    MW_CHECK_OK(mw_sys_rename(sys, path_in(at, "a/b"), path_in(at, "d"), err), err);
    MW_CHECK_STATUS(mw_sys_rename(sys, path_in(at, "a/b"), path_in(at, "e"), err), MW_NOT_FOUND);
    check_list(at, "a", "z");
    check_list(at, "d", "10 9 B a c");
    MW_CHECK_OK(mw_sys_remove(sys, path_in(at, "d"), err), err);
    MW_CHECK_OK(mw_sys_remove(sys, path_in(at, "d"), err), err);
    MW_CHECK_OK(mw_sys_remove(sys, path_in(at, "a/z"), err), err);
    check_list(at, ".", "a");
}

MW_TEST(sys_keeps_folders) {
    on_every_sys(keep_folders);
}

static void look(place *at) {
    mw_file_info info;
    MW_CHECK_OK(mw_sys_info(at->sys, path_in(at, "none"), &info, &at->err), &at->err);
    MW_CHECK(!info.exists);
    MW_CHECK_OK(mw_sys_info(at->sys, at->folder, &info, &at->err), &at->err);
    MW_CHECK(info.exists && info.is_folder && info.size == 0);
    int64_t before_us = mw_sys_now_us(at->sys);
    MW_CHECK_OK(mw_sys_write_file(at->sys, path_in(at, "f"), MW_STR("12345"), &at->err), &at->err);
    MW_CHECK_OK(mw_sys_info(at->sys, path_in(at, "f"), &info, &at->err), &at->err);
    MW_CHECK(info.exists && !info.is_folder && info.size == 5);
    MW_CHECK(info.modified_us >= before_us - MW_SECOND_US);
    MW_CHECK(info.changed_us >= info.modified_us);
    MW_CHECK_OK(mw_sys_info(at->sys, path_in(at, "f/g"), &info, &at->err), &at->err);
    MW_CHECK(!info.exists);
}

MW_TEST(sys_looks_at_files) {
    on_every_sys(look);
}

static void tell_time_and_draw(place *at) {
    int64_t monotonic_us = mw_sys_monotonic_us(at->sys);
    MW_CHECK(mw_sys_now_us(at->sys) > MW_TIME_MIN && mw_sys_now_us(at->sys) < MW_TIME_MAX);
    MW_CHECK(mw_sys_monotonic_us(at->sys) >= monotonic_us);
    MW_CHECK(mw_sys_cpu_us(at->sys) >= 0);
    MW_CHECK(mw_sys_environment(at->sys, "MILLWRIGHT_NO_SUCH_VARIABLE") == NULL);
    unsigned char drawn[2][300] = {{0}};
    for (int i = 0; i < 2; i++) mw_sys_entropy(at->sys, drawn[i], sizeof drawn[i]);
    MW_CHECK(memcmp(drawn[0], drawn[1], sizeof drawn[0]) != 0);
    MW_CHECK(memcmp(drawn[0] + 8, drawn[0] + 290, 8) != 0);
}

MW_TEST(sys_tells_time_and_draws) {
    on_every_sys(tell_time_and_draw);
}

static mw_folder_measure measure(place *at, const char *name) {
    mw_folder_measure measured = {.size = 7};
    MW_CHECK_OK(mw_sys_measure(at->sys, path_in(at, name), &measured, &at->err), &at->err);
    return measured;
}

static void write_file(place *at, const char *name, size_t size) {
    static const char bytes[1000];
    MW_CHECK_OK(mw_sys_write_file(at->sys, path_in(at, name), (mw_str){bytes, size}, &at->err),
                &at->err);
}

/* Of a folder its own files count, and an absent one has none. */
static void measure_folders(place *at) {
    mw_folder_measure measured = measure(at, "absent");
    MW_CHECK(measured.size == 0 && measured.largest_size == 0 && measured.file_count == 0);
    MW_CHECK_OK(mw_sys_make_folder(at->sys, path_in(at, "top/within"), &at->err), &at->err);
    measured = measure(at, "top");
    MW_CHECK(measured.size == 0 && measured.largest_size == 0 && measured.file_count == 0);
    write_file(at, "top/a", 3);
    write_file(at, "top/b", 1000);
    write_file(at, "top/empty", 0);
    write_file(at, "top/within/c", 500);
    measured = measure(at, "top");
    MW_CHECK_EQUAL_INT(measured.size, 1003);
    MW_CHECK_EQUAL_INT(measured.largest_size, 1000);
    MW_CHECK_EQUAL_INT(measured.file_count, 3);
    MW_CHECK_OK(mw_sys_remove(at->sys, path_in(at, "top/b"), &at->err), &at->err);
    MW_CHECK_EQUAL_INT(measure(at, "top").size, 3);
    mw_status status = mw_sys_measure(at->sys, path_in(at, "top/a"), &measured, &at->err);
    MW_CHECK_STATUS(status, MW_INVALID);
    MW_CHECK_EQUAL_INT(measured.size, 1003); /* untouched */
}

MW_TEST(sys_measures_a_folder) {
    on_every_sys(measure_folders);
}

static mw_status use_files(place *at) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 20);
    mw_str *names;
    size_t count;
    mw_status status = MW_NO_MEMORY;
    const char *top = mw_path_join(&arena, at->folder, "x");
    const char *folder = top ? mw_path_join(&arena, top, "y") : NULL;
    const char *path = folder ? mw_path_join(&arena, folder, "file") : NULL;
    if (path) status = mw_sys_make_folder(at->sys, folder, NULL);
    if (status == MW_OK) status = mw_sys_try_write_file(at->sys, path, NULL);
    if (status == MW_OK) status = mw_sys_write_file(at->sys, path, MW_STR("x"), NULL);
    if (status == MW_OK) status = mw_sys_read_file(at->sys, path, &bytes, NULL);
    if (status == MW_OK) status = mw_sys_list(at->sys, folder, &arena, &names, &count, NULL);
    mw_folder_measure measured;
    if (status == MW_OK) status = mw_sys_measure(at->sys, folder, &measured, NULL);
    if (status == MW_OK) status = mw_sys_remove(at->sys, top, NULL);
    mw_buf_release(&bytes);
    mw_arena_release(&arena);
    return status;
}

static void try_to_write(place *at) {
    const char *stands = path_in(at, "stands");
    MW_CHECK_OK(mw_sys_write_file(at->sys, stands, MW_STR("old"), &at->err), &at->err);
    MW_CHECK_OK(mw_sys_try_write_file(at->sys, stands, &at->err), &at->err);
    MW_CHECK_OK(mw_sys_try_write_file(at->sys, path_in(at, "new"), &at->err), &at->err);
    check_list(at, ".", "stands");
    check_contents(at, "stands", "old");

    const char *absent = path_in(at, "absent/new");
    MW_CHECK_STATUS(mw_sys_try_write_file(at->sys, absent, &at->err), MW_NOT_FOUND);
    MW_CHECK(mw_str_starts(mw_str_of(at->err.message), mw_str_of(absent)));
    MW_CHECK(strstr(at->err.message, ".tmp") == NULL); /* of the target, not of what is beside it */
    MW_CHECK_STATUS(mw_sys_try_write_file(at->sys, path_in(at, "."), &at->err), MW_INVALID);
    MW_CHECK(strstr(at->err.message, ": must be a file, not a folder") != NULL);
}

MW_TEST(sys_tries_to_write_and_leaves_nothing) {
    on_every_sys(try_to_write);
    mw_error err;
    MW_CHECK_STATUS(mw_sys_try_write_file(mw_sys_real(), "/dev/null", &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "/dev/null: must be a file, not a pipe or device");
}

static mw_file_info info_of(place *at, const char *name) {
    mw_file_info info;
    MW_CHECK_OK(mw_sys_info(at->sys, path_in(at, name), &info, &at->err), &at->err);
    return info;
}

static void tell_apart(place *at) {
    const char *one = path_in(at, "one"), *other = path_in(at, "other");
    MW_CHECK_OK(mw_sys_make_folder(at->sys, path_in(at, "inner"), &at->err), &at->err);
    MW_CHECK_OK(mw_sys_write_file(at->sys, one, MW_STR("x"), &at->err), &at->err);
    MW_CHECK_OK(mw_sys_write_file(at->sys, other, MW_STR("x"), &at->err), &at->err);
    mw_file_info first = info_of(at, "one"), second = info_of(at, "other");
    mw_file_info roundabout = info_of(at, "inner/../one"), outer = info_of(at, "inner/..");
    mw_file_info folder = info_of(at, "."), inner = info_of(at, "inner");
    mw_file_info absent = info_of(at, "absent");
    MW_CHECK(mw_sys_is_same(&first, &roundabout) && mw_sys_is_same(&folder, &outer));
    MW_CHECK(!mw_sys_is_same(&first, &second) && !mw_sys_is_same(&folder, &inner));
    MW_CHECK(!mw_sys_is_same(&absent, &absent) && !mw_sys_is_same(&absent, &first));
    MW_CHECK_OK(mw_sys_rename(at->sys, one, other, &at->err), &at->err);
    mw_file_info renamed = info_of(at, "other");
    MW_CHECK(mw_sys_is_same(&first, &renamed) && !mw_sys_is_same(&second, &renamed));
}

MW_TEST(sys_tells_files_apart_by_what_they_are) {
    on_every_sys(tell_apart);
    char link[4096], beside[4096];
    mw_file_info file, linked;
    mw_error err;
    snprintf(beside, sizeof beside, "%s/file", mw_test_directory());
    snprintf(link, sizeof link, "%s/link", mw_test_directory());
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), beside, MW_STR("x"), &err), &err);
    MW_CHECK(symlink(beside, link) == 0);
    MW_CHECK_OK(mw_sys_info(mw_sys_real(), beside, &file, &err), &err);
    MW_CHECK_OK(mw_sys_info(mw_sys_real(), link, &linked, &err), &err);
    MW_CHECK(mw_sys_is_same(&file, &linked));
}

static mw_status use_real_files(void *context) {
    place at = {.sys = mw_sys_real(), .folder = context};
    return use_files(&at);
}

static mw_status use_simulated_files(void *context) {
    (void)context;
    place at = {.folder = "a/b"};
    MW_TRY(mw_simulated_create((mw_simulated_config){.seed = 1}, &at.sys, NULL));
    mw_status status = use_files(&at);
    mw_simulated_destroy(at.sys);
    return status;
}

MW_TEST(sys_survives_every_failing_allocation) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", mw_test_directory());
    MW_CHECK(mw_test_every_allocation_fails(use_real_files, folder) > 5);
    MW_CHECK(mw_test_every_allocation_fails(use_simulated_files, NULL) > 20);
}

MW_TEST(path_is_joined_and_cut) {
    static const struct { const char *folder, *name, *joined; } joins[] = {
        {"a", "b/c", "a/b/c"}, {"a/", "b", "a/b"}, {"a", "/b", "/b"}, {"", "b", "b"},
        {"/", "b", "/b"}};
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof joins / sizeof *joins; i++)
        MW_CHECK_EQUAL_STR(mw_path_join(&arena, joins[i].folder, joins[i].name), joins[i].joined);
    mw_arena_release(&arena);
    MW_CHECK_EQUAL_STR(mw_path_folder(MW_STR("a/b/c")), "a/b");
    MW_CHECK_EQUAL_STR(mw_path_folder(MW_STR("c")), ".");
    MW_CHECK_EQUAL_STR(mw_path_folder(MW_STR("/c")), "/");
    MW_CHECK_EQUAL_STR(mw_path_name(MW_STR("a/b/c")), "c");
    MW_CHECK_EQUAL_STR(mw_path_name(MW_STR("c")), "c");
}
