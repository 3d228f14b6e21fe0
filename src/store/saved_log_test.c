#include "store/saved_log.h"

#include <stdio.h>
#include <string.h>

#include "store/log_world_test.h"

enum { RECORDS = 60, SAVED = 40, SEGMENT_SIZE = 20 << 10 }; /* several segments */
static const char log_folder[] = "state/log", checkpoints[] = "state/checkpoints";

static mw_checkpoints in(mw_sys *sys) { return (mw_checkpoints){sys, checkpoints}; }

static void save(mw_sys *sys, uint64_t log_id, int64_t place) {
    mw_error err;
    char bytes[3000] = "";
    mw_checkpoint_section section = {MW_STR("all"), {bytes, sizeof bytes}};
    mw_checkpoint checkpoint = {log_id, place, &section, 1};
    mw_file *lock;
    MW_CHECK_OK(mw_checkpoint_lock(in(sys), &lock, &err), &err);
    MW_CHECK_OK(mw_checkpoint_write(in(sys), &checkpoint, &err), &err);
    mw_file_close(lock);
}

/* Records at 1 to RECORDS with a checkpoint on the way; the log's id. */
static uint64_t live(mw_sys *sys) {
    mw_log *log;
    mw_error err;
    char payload[2000];
    memset(payload, 'x', sizeof payload - 1);
    payload[sizeof payload - 1] = 0;
    MW_CHECK_OK(open_log(sys, SEGMENT_SIZE, &log, &err), &err);
    for (int64_t place = 1; place <= RECORDS; place++) {
        append(log, place, payload);
        MW_CHECK_OK(mw_log_commit(log, &err), &err);
        MW_CHECK_OK(mw_log_sync(log, &err), &err);
        if (place == SAVED) save(sys, mw_log_id(log), place);
    }
    uint64_t id = mw_log_id(log);
    mw_log_close(log);
    return id;
}

static mw_status check(mw_sys *sys, mw_error *err) {
    return mw_saved_log_check(in(sys), log_folder, err);
}

/* Of the files in the folder, by their order. */
static const char *path_of(mw_sys *sys, mw_arena *arena, const char *folder, size_t index) {
    mw_str *names;
    size_t count;
    mw_error err;
    MW_CHECK_OK(mw_sys_list(sys, folder, arena, &names, &count, &err), &err);
    MW_CHECK(index < count);
    return mw_path_join(arena, folder, names[index].data);
}

static size_t count_files(mw_sys *sys, mw_arena *arena, const char *folder) {
    mw_str *names;
    size_t count;
    MW_CHECK_OK(mw_sys_list(sys, folder, arena, &names, &count, NULL), NULL);
    return count;
}

static void cut(mw_sys *sys, const char *path, uint64_t size) {
    mw_file *file;
    mw_error err;
    MW_CHECK_OK(mw_sys_open(sys, path, MW_FILE_UPDATE, &file, &err), &err);
    MW_CHECK_OK(mw_file_truncate(file, size, &err), &err);
    mw_file_close(file);
}

/* The last `lost` segments go; the one before ends after `kept` of its bytes. */
static void lose(mw_sys *sys, size_t lost, uint64_t kept) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    size_t count = count_files(sys, &arena, log_folder);
    MW_CHECK(count > 4 && lost < count);
    for (size_t i = 0; i < lost; i++)
        MW_CHECK_OK(mw_sys_remove(sys, path_of(sys, &arena, log_folder, count - 1 - i), NULL),
                    NULL);
    cut(sys, path_of(sys, &arena, log_folder, count - 1 - lost), kept);
    mw_arena_release(&arena);
}

MW_TEST(saved_log_asks_for_no_more_than_a_checkpoint_has) {
    mw_sys *sys = new_machine();
    mw_error err;
    MW_CHECK_OK(check(sys, &err), &err); /* there is neither */
    uint64_t id = live(sys);
    MW_CHECK_OK(check(sys, &err), &err);
    lose(sys, 1, 5000); /* what came after it */
    MW_CHECK_OK(check(sys, &err), &err);
    save(sys, id + 1, RECORDS); /* of another log */
    MW_CHECK_OK(check(sys, &err), &err);
    lose(sys, 2, 5000); /* what the one before has */
    MW_CHECK_STATUS(check(sys, &err), MW_CORRUPT);
    MW_CHECK(strstr(err.message, "what checkpoint 1 has") != NULL);
    mw_simulated_destroy(sys);
}

MW_TEST(saved_log_misses_what_a_checkpoint_has) {
    for (int removed = 0; removed <= 1; removed++) {
        mw_sys *sys = new_machine();
        mw_error err;
        live(sys);
        if (removed) MW_CHECK_OK(mw_sys_remove(sys, log_folder, &err), &err);
        else lose(sys, 3, 5000);
        MW_CHECK_STATUS(check(sys, &err), MW_CORRUPT);
        MW_CHECK_EQUAL_STR(err.message, "log: it lacks what checkpoint 1 has of it, up to "
                                        "1970-01-01T00:00:00.00004Z");
        MW_CHECK(strstr(err.hint, "remove .millwright/checkpoints") != NULL);
        MW_CHECK_OK(mw_sys_remove(sys, checkpoints, &err), &err);
        MW_CHECK_OK(check(sys, &err), &err);
        mw_simulated_destroy(sys);
    }
}

/* A damaged checkpoint is no witness: the one before is asked. */
MW_TEST(saved_log_believes_no_damaged_checkpoint) {
    mw_sys *sys = new_machine();
    mw_arena arena;
    mw_error err;
    mw_arena_init(&arena, 1 << 16);
    uint64_t id = live(sys);
    save(sys, id, RECORDS + 1); /* which the log never had */
    MW_CHECK_STATUS(check(sys, &err), MW_CORRUPT);
    const char *path = path_of(sys, &arena, checkpoints, 1);
    mw_checkpoint head;
    cut(sys, path, 3000);
    MW_CHECK_OK(check(sys, &err), &err);
    cut(sys, path, 20); /* within the head */
    MW_CHECK_STATUS(mw_checkpoint_read_head(in(sys), 2, &head, &err), MW_CORRUPT);
    MW_CHECK_OK(check(sys, &err), &err);
    lose(sys, 3, 5000);
    MW_CHECK_STATUS(check(sys, &err), MW_CORRUPT);
    MW_CHECK(strstr(err.message, "what checkpoint 1 has") != NULL);
    mw_arena_release(&arena);
    mw_simulated_destroy(sys);
}

/* Nor is one that cannot be read, from its beginning or from somewhere on. */
MW_TEST(saved_log_asks_another_checkpoint_where_one_cannot_be_read) {
    for (uint64_t offset = 0; offset <= 2000; offset += 2000) {
        mw_sys *sys = new_machine();
        mw_arena arena;
        mw_error err;
        mw_arena_init(&arena, 1 << 16);
        uint64_t id = live(sys);
        save(sys, id, RECORDS + 1); /* which the log never had */
        const char *path = path_of(sys, &arena, checkpoints, 1);
        MW_CHECK_OK(mw_simulated_spoil(sys, path, offset, &err), &err);
        MW_CHECK_OK(check(sys, &err), &err);
        lose(sys, 3, 5000);
        MW_CHECK_STATUS(check(sys, &err), MW_CORRUPT);
        MW_CHECK(strstr(err.message, "what checkpoint 1 has") != NULL);
        mw_arena_release(&arena);
        mw_simulated_destroy(sys);
    }
}

static mw_status look(void *context) { return check(context, NULL); }

MW_TEST(saved_log_survives_every_failing_allocation) {
    mw_sys *sys = new_machine();
    live(sys);
    MW_CHECK(mw_test_every_allocation_fails(look, sys) > 2);
    mw_simulated_destroy(sys);
}
