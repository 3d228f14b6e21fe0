#include "base/prng.h"
#include "sys/library.h"
#include "sys/process.h"
#include "sys/simulated.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

static mw_sys *create(uint64_t seed) {
    mw_sys *sys;
    mw_error err;
    mw_simulated_config config = {.seed = seed, .now_us = 1000 * MW_DAY_US};
    MW_CHECK_OK(mw_simulated_create(config, &sys, &err), &err);
    return sys;
}

static mw_file *open_file(mw_sys *sys, const char *path, mw_file_mode mode) {
    mw_file *file;
    mw_error err;
    MW_CHECK_OK(mw_sys_open(sys, path, mode, &file, &err), &err);
    return file;
}

static void append(mw_file *file, const char *text) {
    mw_error err;
    MW_CHECK_OK(mw_file_append(file, text, strlen(text), &err), &err);
}

static bool exists(mw_sys *sys, const char *path) {
    mw_file_info info;
    MW_CHECK_OK(mw_sys_info(sys, path, &info, NULL), NULL);
    return info.exists;
}

static void check_contents(mw_sys *sys, const char *path, const char *expected) {
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_sys_read_file(sys, path, &bytes, &err), &err);
    MW_CHECK_EQUAL_STR(mw_buf_str(&bytes), expected);
    mw_buf_release(&bytes);
}

MW_TEST(simulated_clock_moves_only_when_told) {
    mw_sys *sys = create(1);
    MW_CHECK_EQUAL_INT(mw_sys_now_us(sys), 1000 * MW_DAY_US);
    MW_CHECK_EQUAL_INT(mw_sys_monotonic_us(sys), 0);
    mw_simulated_advance(sys, 5);
    mw_simulated_set_now(sys, MW_DAY_US);
    MW_CHECK_EQUAL_INT(mw_sys_now_us(sys), MW_DAY_US);
    MW_CHECK_EQUAL_INT(mw_sys_monotonic_us(sys), 5);
    MW_CHECK_EQUAL_INT(mw_sys_cpu_us(sys), 0);
    mw_simulated_destroy(sys);
    mw_simulated_destroy(NULL);
}

MW_TEST(simulated_entropy_follows_the_seed) {
    uint64_t drawn[3];
    static const uint64_t seeds[] = {7, 7, 8};
    for (int i = 0; i < 3; i++) {
        mw_sys *sys = create(seeds[i]);
        mw_sys_entropy(sys, &drawn[i], sizeof drawn[i]);
        mw_simulated_destroy(sys);
    }
    MW_CHECK(drawn[0] == drawn[1] && drawn[0] != drawn[2]);
}

MW_TEST(simulated_loses_what_was_not_synced) {
    mw_sys *sys = create(1);
    mw_error err;
    mw_file *file = open_file(sys, "log", MW_FILE_CREATE);
    append(file, "synced");
    MW_CHECK_OK(mw_file_sync(file, &err), &err);
    mw_simulated_lose_power(sys);
    MW_CHECK(!exists(sys, "log")); /* its bytes were, its name was not */
    MW_CHECK_STATUS(mw_file_append(file, "x", 1, &err), MW_IO);
    MW_CHECK_EQUAL_STR(err.message, "file: the process that opened it is dead");
    mw_file_close(file);

    file = open_file(sys, "log", MW_FILE_CREATE);
    append(file, "synced");
    MW_CHECK_OK(mw_file_sync(file, &err), &err);
    MW_CHECK_OK(mw_sys_sync_folder(sys, "/", &err), &err);
    append(file, " and not");
    mw_simulated_lose_power(sys);
    mw_file_close(file);
    check_contents(sys, "log", "synced");

    file = open_file(sys, "log", MW_FILE_UPDATE); /* overwriting is not final either */
    MW_CHECK_OK(mw_file_write(file, 1, "XX", 2, &err), &err);
    MW_CHECK_OK(mw_file_truncate(file, 4, &err), &err);
    append(file, "ZZZZZZZZZZ");
    check_contents(sys, "log", "sXXcZZZZZZZZZZ");
    mw_simulated_lose_power(sys);
    mw_file_close(file);
    check_contents(sys, "log", "synced");
    mw_simulated_destroy(sys);
}

MW_TEST(simulated_kill_keeps_bytes_and_frees_locks) {
    mw_sys *sys = create(1);
    mw_error err;
    mw_file *file = open_file(sys, "log", MW_FILE_CREATE);
    MW_CHECK_OK(mw_file_lock(file, &err), &err);
    append(file, "written");
    mw_simulated_kill(sys);
    check_contents(sys, "log", "written");
    mw_file *next = open_file(sys, "log", MW_FILE_APPEND);
    MW_CHECK_OK(mw_file_lock(next, &err), &err);
    mw_file_close(file); /* the dead one's lock is not the next one's */
    file = open_file(sys, "log", MW_FILE_READ);
    MW_CHECK_STATUS(mw_file_lock(file, &err), MW_BUSY);
    mw_file_close(file);
    mw_file_close(next);
    mw_simulated_destroy(sys);
}

MW_TEST(simulated_renames_survive_only_synced) {
    mw_sys *sys = create(1);
    mw_error err;
    MW_CHECK_OK(mw_sys_make_folder(sys, "a/b", &err), &err);
    MW_CHECK_OK(mw_sys_write_file(sys, "a/b/f", MW_STR("old"), &err), &err);
    mw_simulated_lose_power(sys);
    check_contents(sys, "a/b/f", "old");

    MW_CHECK_OK(mw_sys_rename(sys, "a/b/f", "a/g", &err), &err);
    mw_simulated_lose_power(sys);
    MW_CHECK(exists(sys, "a/b/f") && !exists(sys, "a/g"));

    MW_CHECK_OK(mw_sys_rename(sys, "a/b/f", "a/g", &err), &err);
    MW_CHECK_OK(mw_sys_sync_folder(sys, "a", &err), &err);
    MW_CHECK_OK(mw_sys_sync_folder(sys, "a/b", &err), &err);
    mw_simulated_lose_power(sys);
    MW_CHECK(!exists(sys, "a/b/f") && exists(sys, "a/g"));

    MW_CHECK_OK(mw_sys_remove(sys, "a", &err), &err);
    mw_simulated_lose_power(sys);
    check_contents(sys, "a/g", "old");
    MW_CHECK_OK(mw_sys_remove(sys, "a", &err), &err);
    MW_CHECK_OK(mw_sys_sync_folder(sys, "/", &err), &err);
    mw_simulated_lose_power(sys);
    MW_CHECK(!exists(sys, "a"));
    MW_CHECK_EQUAL_INT(mw_simulated_disk_size(sys), 0);
    mw_simulated_destroy(sys);
}

/* Folders moved into one another between syncs refer to each other in a circle. */
MW_TEST(simulated_folders_in_a_circle_are_freed) {
    size_t live = mw_memory_live_count();
    for (uint64_t seed = 0; seed < 20; seed++) {
        mw_sys *sys = create(seed);
        mw_error err;
        MW_CHECK_OK(mw_sys_make_folder(sys, "a/b", &err), &err);
        MW_CHECK_OK(mw_sys_rename(sys, "a/b", "b", &err), &err);
        MW_CHECK_OK(mw_sys_rename(sys, "a", "b/a", &err), &err);
        if (seed % 2) mw_simulated_lose_power_partly(sys);
        mw_simulated_destroy(sys);
    }
    MW_CHECK_EQUAL_INT(mw_memory_live_count(), live);
}

/* Partly lost power leaves the synced bytes, then some of the others, then perhaps zeros; a
   whole file is the old or the new one. The test must meet each case. */
MW_TEST(simulated_partial_loss_never_touches_what_is_synced) {
    enum { ROUNDS = 400 };
    int shorter = 0, torn = 0, zeros = 0, old_files = 0, new_files = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        mw_sys *sys = create(mw_test_seed() * ROUNDS + round);
        mw_error err;
        MW_CHECK_OK(mw_sys_write_file(sys, "whole", MW_STR("old"), &err), &err);
        MW_CHECK_OK(mw_sys_write_file(sys, "log", MW_STR("synced"), &err), &err);
        mw_file *file = open_file(sys, "log", MW_FILE_APPEND);
        append(file, "tail");
        MW_CHECK_OK(mw_sys_rename(sys, "whole", "renamed", &err), &err);
        mw_simulated_lose_power_partly(sys);
        mw_file_close(file);

        mw_buf bytes;
        mw_buf_init(&bytes, 100);
        MW_CHECK_OK(mw_sys_read_file(sys, "log", &bytes, &err), &err);
        MW_CHECK(mw_str_starts(mw_buf_str(&bytes), MW_STR("synced")));
        MW_CHECK(bytes.size <= 10);
        size_t kept = strlen(bytes.data);
        MW_CHECK(memcmp(bytes.data, "syncedtail", kept) == 0);
        shorter += bytes.size == 6;
        torn += bytes.size > 6 && bytes.size < 10;
        zeros += kept < bytes.size;
        mw_buf_release(&bytes);
        old_files += exists(sys, "whole");
        new_files += exists(sys, "renamed");
        MW_CHECK(exists(sys, "whole") != exists(sys, "renamed"));
        mw_simulated_destroy(sys);
    }
    MW_CHECK(shorter > 0 && torn > 0 && zeros > 0 && old_files > 0 && new_files > 0);
}

/* mw_sys_write_file: at whatever call it fails, and whatever the disk keeps after that, the file
   is the whole old one or the whole new one. */
MW_TEST(simulated_whole_files_stay_whole) {
    for (uint64_t round = 0; round < 300; round++) {
        mw_sys *sys = create(mw_test_seed() * 1000 + round);
        mw_error err;
        MW_CHECK_OK(mw_sys_make_folder(sys, "folder", &err), &err);
        MW_CHECK_OK(mw_sys_write_file(sys, "folder/file", MW_STR("the old one"), &err), &err);
        mw_simulated_fail(sys, round % 6, UINT64_MAX);
        mw_status status = mw_sys_write_file(sys, "folder/file", MW_STR("the new one"), &err);
        MW_CHECK_EQUAL_INT(status, round % 6 == 5 ? MW_OK : MW_IO);
        mw_simulated_fail(sys, 0, 0);
        mw_simulated_lose_power_partly(sys);

        mw_buf bytes;
        mw_buf_init(&bytes, 100);
        MW_CHECK_OK(mw_sys_read_file(sys, "folder/file", &bytes, &err), &err);
        MW_CHECK(mw_str_is(mw_buf_str(&bytes), "the new one") ||
                 (status != MW_OK && mw_str_is(mw_buf_str(&bytes), "the old one")));
        mw_buf_release(&bytes);
        mw_simulated_destroy(sys);
    }
}

MW_TEST(simulated_disk_fills_up) {
    mw_sys *sys = create(1);
    mw_error err;
    mw_simulated_set_disk_size_max(sys, 10);
    mw_file *file = open_file(sys, "f", MW_FILE_CREATE);
    append(file, "12345678");
    MW_CHECK_STATUS(mw_file_append(file, "90abc", 5, &err), MW_NO_SPACE);
    check_contents(sys, "f", "1234567890");
    MW_CHECK_STATUS(mw_file_truncate(file, 11, &err), MW_NO_SPACE);
    MW_CHECK_STATUS(mw_sys_write_file(sys, "g", MW_STR("x"), &err), MW_NO_SPACE);
    MW_CHECK(!exists(sys, "g"));
    MW_CHECK_OK(mw_file_write(file, 0, "abc", 3, &err), &err);
    MW_CHECK_OK(mw_file_truncate(file, 3, &err), &err);
    MW_CHECK_OK(mw_sys_write_file(sys, "g", MW_STR("x"), &err), &err);
    MW_CHECK_EQUAL_INT(mw_simulated_disk_size(sys), 4);
    mw_simulated_set_disk_size_max(sys, 1);
    MW_CHECK_STATUS(mw_file_append(file, "x", 1, &err), MW_NO_SPACE);
    mw_file_close(file);
    mw_simulated_destroy(sys);
}

MW_TEST(simulated_calls_fail_when_told) {
    mw_sys *sys = create(1);
    mw_error err;
    mw_file *file = open_file(sys, "f", MW_FILE_CREATE);
    MW_CHECK_EQUAL_INT(mw_simulated_call_count(sys), 1);
    mw_simulated_fail(sys, 1, 2);
    append(file, "one");
    MW_CHECK_STATUS(mw_file_sync(file, &err), MW_IO);
    MW_CHECK_STATUS(mw_file_append(file, "two", 3, &err), MW_IO); /* some of it may be there */
    uint64_t size;
    MW_CHECK_OK(mw_file_size(file, &size, &err), &err);
    MW_CHECK(size >= 3 && size < 6);
    MW_CHECK_EQUAL_INT(mw_simulated_call_count(sys), 5);
    mw_file_close(file);
    mw_simulated_destroy(sys);
}

MW_TEST(simulated_files_are_spoilt_until_another_stands_there) {
    mw_sys *sys = create(1);
    mw_error err;
    char bytes[8];
    size_t size = 0;
    mw_file *file = open_file(sys, "f", MW_FILE_CREATE);
    append(file, "12345678");
    MW_CHECK_OK(mw_simulated_spoil(sys, "f", 4, &err), &err);
    MW_CHECK_STATUS(mw_simulated_spoil(sys, "none", 0, &err), MW_NOT_FOUND);
    MW_CHECK_OK(mw_file_read(file, 0, bytes, 4, &size, &err), &err);
    MW_CHECK_EQUAL_INT(size, 4);
    MW_CHECK_STATUS(mw_file_read(file, 0, bytes, 5, &size, &err), MW_IO);
    MW_CHECK_STATUS(mw_file_read(file, 7, bytes, 8, &size, &err), MW_IO);
    MW_CHECK_OK(mw_file_read(file, 8, bytes, 8, &size, &err), &err); /* there is nothing */
    MW_CHECK_OK(mw_sys_rename(sys, "f", "g", &err), &err);
    MW_CHECK_STATUS(mw_file_read(file, 4, bytes, 1, &size, &err), MW_IO);
    MW_CHECK_OK(mw_sys_write_file(sys, "g", MW_STR("anew"), &err), &err);
    check_contents(sys, "g", "anew");
    mw_file_close(file);
    mw_simulated_destroy(sys);
}

MW_TEST(simulated_has_no_machine) {
    mw_sys *sys = create(1);
    mw_error err;
    mw_process *process;
    mw_library *library;
    const char *const arguments[] = {"/bin/true", NULL};
    MW_CHECK_STATUS(mw_process_start(sys, (mw_process_config){.arguments = arguments}, &process,
                                     &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.message, "processes: a simulated system has none");
    MW_CHECK_STATUS(mw_library_open(sys, "x.so", &library, &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_INT(mw_sys_core_count(sys), 1);
    mw_simulated_destroy(sys);
}

MW_TEST(simulated_environment_and_shared_files) {
    mw_sys *sys = create(1);
    mw_error err;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    MW_CHECK(mw_sys_environment(sys, "MILLWRIGHT_SHARE") == NULL);
    MW_CHECK_OK(mw_simulated_set_environment(sys, "MILLWRIGHT_SHARE", "/elsewhere", &err), &err);
    MW_CHECK_OK(mw_sys_make_folder(sys, "/elsewhere", &err), &err);
    MW_CHECK_OK(mw_sys_write_file(sys, "/elsewhere/x", MW_STR("x"), &err), &err);
    const char *path;
    MW_CHECK_OK(mw_share_path(sys, &arena, "x", &path, &err), &err);
    MW_CHECK_EQUAL_STR(path, "/elsewhere/x");
    MW_CHECK_OK(mw_simulated_set_environment(sys, "MILLWRIGHT_SHARE", NULL, &err), &err);
    MW_CHECK_STATUS(mw_share_path(sys, &arena, "x", &path, &err), MW_NOT_FOUND);
    mw_arena_release(&arena);
    mw_simulated_destroy(sys);
}
