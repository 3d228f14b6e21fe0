#include "store/spill_files.h"

#include "sys/simulated.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

static mw_sys *simulation(void) {
    mw_sys *sys;
    mw_error err;
    mw_simulated_config config = {.seed = mw_test_seed()};
    MW_CHECK_OK(mw_simulated_create(config, &sys, &err), &err);
    MW_CHECK_OK(mw_sys_make_folder(sys, "/state", &err), &err);
    return sys;
}

static size_t name_count(mw_sys *sys, const char *folder) {
    mw_arena arena;
    mw_str *names;
    size_t count;
    mw_arena_init(&arena, 1 << 16);
    MW_CHECK_OK(mw_sys_list(sys, folder, &arena, &names, &count, NULL), NULL);
    mw_arena_release(&arena);
    return count;
}

/* What must hold of either disk: two files at once, without a name. */
static void behaves(mw_sys *sys, const char *folder) {
    mw_spill_files *files;
    mw_error err;
    size_t one, other, again;
    char read[8] = {0};
    MW_CHECK_OK(mw_spill_files_create(sys, folder, &files, &err), &err);
    mw_spill_disk *disk = mw_spill_files_disk(files);
    MW_CHECK_OK(disk->open(disk, &one, &err), &err);
    MW_CHECK_OK(disk->open(disk, &other, &err), &err);
    MW_CHECK(one != other);
    MW_CHECK_EQUAL_INT(name_count(sys, folder), 0);
    MW_CHECK_OK(disk->write(disk, one, 100, MW_STR("one"), &err), &err);
    MW_CHECK_OK(disk->write(disk, other, 0, MW_STR("other"), &err), &err);
    MW_CHECK_OK(disk->read(disk, one, 100, read, 3, &err), &err);
    MW_CHECK_EQUAL_STR(mw_str_of(read), "one");
    MW_CHECK_OK(disk->read(disk, other, 0, read, 5, &err), &err);
    MW_CHECK_EQUAL_STR(mw_str_of(read), "other");
    MW_CHECK_STATUS(disk->read(disk, other, 2, read, 5, &err), MW_IO);
    MW_CHECK(strstr(err.message, "a spill file ends at 5, 2 bytes early"));
    disk->close(disk, one);
    MW_CHECK_OK(disk->open(disk, &again, &err), &err);
    MW_CHECK_EQUAL_INT(again, one);
    MW_CHECK_STATUS(disk->read(disk, again, 100, read, 3, &err), MW_IO); /* it is empty */
    mw_spill_files_destroy(files);
}

MW_TEST(spill_files_have_no_name_and_are_apart) {
    mw_sys *sys = simulation();
    behaves(sys, "/state");
    mw_simulated_destroy(sys);
    char folder[512];
    snprintf(folder, sizeof folder, "%s/spill", mw_test_directory());
    MW_CHECK_OK(mw_sys_make_folder(mw_sys_real(), folder, NULL), NULL);
    behaves(mw_sys_real(), folder);
}

MW_TEST(spill_files_name_a_full_disk_and_go_on_when_it_has_room) {
    mw_sys *sys = simulation();
    mw_spill_files *files;
    mw_error err;
    size_t file;
    char bytes[2000] = {0};
    MW_CHECK_OK(mw_spill_files_create(sys, "/state", &files, &err), &err);
    mw_spill_disk *disk = mw_spill_files_disk(files);
    MW_CHECK_OK(disk->open(disk, &file, &err), &err);
    mw_simulated_set_disk_size_max(sys, 1000);
    MW_CHECK_STATUS(disk->write(disk, file, 0, (mw_str){bytes, sizeof bytes}, &err), MW_NO_SPACE);
    MW_CHECK(strstr(err.hint, "raise `memory`"));
    mw_simulated_set_disk_size_max(sys, 10000);
    MW_CHECK_OK(disk->write(disk, file, 0, (mw_str){bytes, sizeof bytes}, &err), &err);
    mw_spill_files_destroy(files);
    mw_simulated_destroy(sys);
}

MW_TEST(spill_files_survive_every_failing_call) {
    uint64_t failed = 0;
    for (uint64_t after = 0;; after++, failed++) {
        mw_sys *sys = simulation();
        mw_spill_files *files;
        size_t file;
        MW_CHECK_OK(mw_spill_files_create(sys, "/state", &files, NULL), NULL);
        mw_spill_disk *disk = mw_spill_files_disk(files);
        mw_simulated_fail(sys, after, 1);
        mw_status status = disk->open(disk, &file, NULL);
        if (status == MW_OK) status = disk->write(disk, file, 0, MW_STR("x"), NULL);
        mw_simulated_fail(sys, UINT64_MAX, 0);
        mw_spill_files_destroy(files);
        mw_simulated_destroy(sys);
        if (status == MW_OK) break;
    }
    MW_CHECK(failed >= 3);
}
