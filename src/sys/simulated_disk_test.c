#include "base/prng.h"
#include "sys/simulated_disk.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

/* The plain model: a list of files by path, with their contents now and as of their last sync;
   all folders are synced at once, so a path is there or not as of the last such sync. */
enum { FILES = 12, STEPS = 4000, CONTENT_MAX = 64 };

typedef struct {
    bool exists, existed;
    int content, synced_content; /* index into `contents` */
} model_file;

typedef struct {
    char now[CONTENT_MAX + 1], synced[CONTENT_MAX + 1];
} content;

static int64_t no_time(void *context) {
    (void)context;
    return 0;
}

static mw_disk *create(void) {
    mw_disk *disk;
    mw_error err;
    mw_disk_config config = {.size_max = 1 << 20, .now_us = no_time};
    MW_CHECK_OK(mw_disk_create(config, &disk, &err), &err);
    return disk;
}

static void path_of(int file, char path[32]) {
    snprintf(path, 32, "/folder%d/./x/../file%d", file % 3, file);
}

static void check_file(mw_disk *disk, const char *path, bool exists, const char *expected) {
    mw_file_info info;
    mw_error err;
    MW_CHECK_OK(mw_disk_info(disk, path, &info, &err), &err);
    MW_CHECK_EQUAL_INT(info.exists, exists);
    if (!exists) return;
    mw_disk_node *node;
    char bytes[CONTENT_MAX + 1];
    MW_CHECK_OK(mw_disk_open(disk, path, MW_FILE_READ, &node, &err), &err);
    size_t size = mw_disk_read(node, 0, bytes, sizeof bytes);
    MW_CHECK_EQUAL_STR(((mw_str){bytes, size}), expected);
    mw_disk_close(disk, node);
}

/* Everything that the random steps work on. */
typedef struct {
    mw_disk *disk;
    model_file files[FILES];
    content contents[STEPS + 1];
    int content_count;
    uint64_t prng;
} disk_model;

static void make_folders(mw_disk *disk) {
    mw_error err;
    for (int i = 0; i < 3; i++) {
        bool made;
        char name[16];
        snprintf(name, sizeof name, "folder%d", i);
        MW_CHECK_OK(mw_disk_make_folder(disk, name, &made, &err), &err);
        MW_CHECK(made);
    }
}

static void create_file(disk_model *model, model_file *file, const char *path) {
    mw_disk_node *node;
    mw_error err;
    MW_CHECK_OK(mw_disk_open(model->disk, path, MW_FILE_CREATE, &node, &err), &err);
    mw_disk_close(model->disk, node);
    file->exists = true;
    file->content = ++model->content_count;
}

/* Writes somewhere or cuts, and syncs now and then. */
static void change_file(disk_model *model, content *inside, const char *path) {
    mw_disk_node *node;
    mw_error err;
    MW_CHECK_OK(mw_disk_open(model->disk, path, MW_FILE_UPDATE, &node, &err), &err);
    size_t offset = (size_t)mw_prng_below(&model->prng, strlen(inside->now) + 1);
    char text[8];
    snprintf(text, sizeof text, "%07llu", (unsigned long long)(model->prng % 10000000));
    if (offset + 7 < CONTENT_MAX) {
        MW_CHECK_OK(mw_disk_write(model->disk, node, offset, mw_str_of(text), &err), &err);
        memcpy(inside->now + offset, text, 7);
    } else {
        MW_CHECK_OK(mw_disk_truncate(model->disk, node, offset / 2, &err), &err);
        memset(inside->now + offset / 2, 0, CONTENT_MAX - offset / 2);
    }
    if (mw_prng_below(&model->prng, 3) == 0) {
        mw_disk_sync(node);
        memcpy(inside->synced, inside->now, sizeof inside->now);
    }
    mw_disk_close(model->disk, node);
}

static void sync_folders(disk_model *model) {
    static const char *const folders[] = {"/", "folder0", "folder1", "folder2"};
    mw_error err;
    for (size_t i = 0; i < 4; i++)
        MW_CHECK_OK(mw_disk_sync_folder(model->disk, folders[i], &err), &err);
    for (int i = 0; i < FILES; i++) {
        model->files[i].existed = model->files[i].exists;
        model->files[i].synced_content = model->files[i].content;
    }
}

static void lose_power(disk_model *model) {
    mw_disk_lose_power(model->disk, NULL);
    for (int i = 0; i < FILES; i++) {
        model->files[i].exists = model->files[i].existed;
        model->files[i].content = model->files[i].synced_content;
    }
    for (int i = 0; i <= model->content_count; i++)
        memcpy(model->contents[i].now, model->contents[i].synced, sizeof model->contents[i].now);
}

static void remove_file(disk_model *model, model_file *file, const char *path) {
    mw_error err;
    MW_CHECK_STATUS(mw_disk_remove(model->disk, path, &err), file->exists ? MW_OK : MW_NOT_FOUND);
    file->exists = false;
}

static void rename_file(disk_model *model, int from, int to) {
    char from_path[32], to_path[32];
    mw_error err;
    path_of(from, from_path);
    path_of(to, to_path);
    MW_CHECK_OK(mw_disk_rename(model->disk, from_path, to_path, &err), &err);
    model->files[to].exists = true;
    model->files[to].content = model->files[from].content;
    if (from != to) model->files[from].exists = false;
}

static void check_files(const disk_model *model) {
    for (int i = 0; i < FILES; i++) {
        char path[32];
        path_of(i, path);
        check_file(model->disk, path, model->files[i].exists,
                   model->contents[model->files[i].content].now);
    }
}

MW_TEST(disk_agrees_with_a_plain_model) {
    static disk_model model;
    int losses = 0, renames = 0;
    model.prng = mw_test_seed();
    model.disk = create();
    make_folders(model.disk);
    sync_folders(&model);
    for (int step = 0; step < STEPS; step++) {
        int index = (int)mw_prng_below(&model.prng, FILES);
        model_file *file = &model.files[index];
        char path[32];
        path_of(index, path);
        uint64_t action = mw_prng_below(&model.prng, 36);
        if (action < 12 && !file->exists) {
            create_file(&model, file, path);
        } else if (action < 18 && file->exists) {
            change_file(&model, &model.contents[file->content], path);
        } else if (action < 23) {
            remove_file(&model, file, path);
        } else if (action < 29 && file->exists) {
            rename_file(&model, index, (int)mw_prng_below(&model.prng, FILES));
            renames++;
        } else if (action < 35) {
            sync_folders(&model);
        } else {
            lose_power(&model);
            losses++;
        }
        check_files(&model);
    }
    MW_CHECK(losses > 10 && renames > 100);
    mw_disk_destroy(model.disk);
    mw_disk_destroy(NULL);
}

MW_TEST(disk_keeps_an_unlinked_file_while_it_is_open) {
    mw_disk *disk = create();
    mw_error err;
    mw_disk_node *node;
    MW_CHECK_OK(mw_disk_open(disk, "f", MW_FILE_CREATE, &node, &err), &err);
    MW_CHECK_OK(mw_disk_write(disk, node, 0, MW_STR("kept"), &err), &err);
    MW_CHECK_OK(mw_disk_remove(disk, "f", &err), &err);
    char bytes[8];
    MW_CHECK_EQUAL_INT(mw_disk_read(node, 1, bytes, sizeof bytes), 3);
    MW_CHECK_EQUAL_INT(mw_disk_size(disk), 4);
    mw_disk_close(disk, node);
    MW_CHECK_EQUAL_INT(mw_disk_size(disk), 0);
    mw_disk_destroy(disk);
}

MW_TEST(disk_keeps_the_rules_of_rename) {
    mw_disk *disk = create();
    mw_error err;
    mw_disk_node *node;
    bool made;
    MW_CHECK_OK(mw_disk_make_folder(disk, "a", &made, &err), &err);
    MW_CHECK_OK(mw_disk_make_folder(disk, "a/b", &made, &err), &err);
    MW_CHECK_OK(mw_disk_make_folder(disk, "c", &made, &err), &err);
    MW_CHECK_OK(mw_disk_open(disk, "f", MW_FILE_CREATE, &node, &err), &err);
    mw_disk_close(disk, node);
    MW_CHECK_STATUS(mw_disk_rename(disk, "a", "a/b/a", &err), MW_IO);
    MW_CHECK_STATUS(mw_disk_rename(disk, "f", "c", &err), MW_INVALID);
    MW_CHECK_STATUS(mw_disk_rename(disk, "c", "f", &err), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_disk_rename(disk, "c", "a", &err), MW_CONFLICT);
    MW_CHECK_STATUS(mw_disk_rename(disk, "x", "y", &err), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_disk_rename(disk, "/", "y", &err), MW_CONFLICT);
    MW_CHECK_OK(mw_disk_rename(disk, "f", "f", &err), &err);
    MW_CHECK_OK(mw_disk_rename(disk, "a/b", "c", &err), &err);
    MW_CHECK_STATUS(mw_disk_remove(disk, "..", &err), MW_CONFLICT);
    mw_disk_destroy(disk);
}
