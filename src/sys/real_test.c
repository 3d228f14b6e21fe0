#include "sys/backend.h"
#include "testing/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

MW_TEST(real_maps_errno_to_status) {
    static const struct { int error_number; mw_status status; } cases[] = {
        {ENOENT, MW_NOT_FOUND}, {EEXIST, MW_CONFLICT}, {ENOSPC, MW_NO_SPACE},
        {EDQUOT, MW_NO_SPACE},  {EAGAIN, MW_BUSY},     {ENOMEM, MW_NO_MEMORY},
        {EACCES, MW_IO},        {EIO, MW_IO},
    };
    mw_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        MW_CHECK_STATUS(mw_fail_errno(&err, cases[i].error_number, "x", "y"), cases[i].status);
    MW_CHECK_STATUS(mw_fail_errno(&err, ENOENT, "data.csv", "cannot be opened"), MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(err.message, "data.csv: cannot be opened: No such file or directory");
}

MW_TEST(real_says_that_the_disk_is_full) {
    mw_file *file;
    mw_error err;
    MW_CHECK_OK(mw_sys_open(mw_sys_real(), "/dev/full", MW_FILE_UPDATE, &file, &err), &err);
    MW_CHECK_STATUS(mw_file_append(file, "x", 1, &err), MW_NO_SPACE);
    MW_CHECK_EQUAL_STR(err.message, "/dev/full: cannot be written: No space left on device");
    mw_file_close(file);
}

/* Removing a folder removes a link in it, and leaves what the link points to. */
MW_TEST(real_removes_links_and_not_their_targets) {
    mw_sys *sys = mw_sys_real();
    mw_arena arena;
    mw_error err;
    mw_arena_init(&arena, 1 << 16);
    const char *folder = mw_test_directory();
    const char *kept = mw_path_join(&arena, folder, "kept");
    const char *file = mw_path_join(&arena, kept, "file");
    const char *gone = mw_path_join(&arena, folder, "gone");
    MW_CHECK_OK(mw_sys_make_folder(sys, kept, &err), &err);
    MW_CHECK_OK(mw_sys_make_folder(sys, gone, &err), &err);
    MW_CHECK_OK(mw_sys_write_file(sys, file, MW_STR("x"), &err), &err);
    MW_CHECK(symlink(kept, mw_path_join(&arena, gone, "link")) == 0);
    MW_CHECK_OK(mw_sys_remove(sys, gone, &err), &err);
    mw_file_info info;
    MW_CHECK_OK(mw_sys_info(sys, file, &info, &err), &err);
    MW_CHECK(info.exists);
    mw_arena_release(&arena);
}

MW_TEST(real_reads_the_environment) {
    MW_CHECK(setenv("MILLWRIGHT_TEST", "yes", 1) == 0);
    MW_CHECK_EQUAL_STR(mw_sys_environment(mw_sys_real(), "MILLWRIGHT_TEST"), "yes");
    MW_CHECK(unsetenv("MILLWRIGHT_TEST") == 0);
}

MW_TEST(real_clock_counts_work) {
    mw_sys *sys = mw_sys_real();
    int64_t cpu_us = mw_sys_cpu_us(sys);
    for (volatile int i = 0; mw_sys_cpu_us(sys) == cpu_us; i++) continue;
    MW_CHECK(mw_sys_cpu_us(sys) > cpu_us);
    MW_CHECK(mw_sys_is_real(sys));
}
