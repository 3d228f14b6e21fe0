#include "store/checkpoint.h"

#include "base/prng.h"
#include "sys/simulated.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

enum { BYTES_MAX = 1 << 20 };
static const char folder[] = "state/online";

static mw_checkpoints in(mw_sys *sys) { return (mw_checkpoints){sys, folder}; }

static mw_sys *new_machine(uint64_t seed) {
    mw_sys *sys = NULL;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = seed}, &sys, NULL), NULL);
    return sys;
}

/* A checkpoint whose contents follow from its place. */
static mw_status write_at(mw_sys *sys, int64_t place, mw_error *err) {
    char text[3000];
    memset(text, (int)('a' + place % 26), sizeof text);
    mw_checkpoint_section sections[] = {{MW_STR("clock"), MW_STR("now")},
                                        {MW_STR("course late"), {text, sizeof text}},
                                        {MW_STR("empty"), MW_STR("")}};
    mw_checkpoint checkpoint = {.log_id = 77, .place = place, .sections = sections,
                                .section_count = 3};
    mw_file *lock;
    MW_TRY(mw_checkpoint_lock(in(sys), &lock, err));
    mw_status status = mw_checkpoint_write(in(sys), &checkpoint, err);
    mw_file_close(lock);
    return status;
}

/* The place of the newest checkpoint that can be read, all of it checked; 0: there is none. */
static int64_t newest_place(mw_sys *sys, size_t *out_bad) {
    mw_arena arena;
    mw_buf bytes;
    int64_t place = 0;
    mw_arena_init(&arena, BYTES_MAX);
    mw_buf_init(&bytes, BYTES_MAX);
    uint64_t number = UINT64_MAX;
    *out_bad = 0;
    for (;;) {
        mw_checkpoint read;
        MW_CHECK_OK(mw_checkpoint_newest(in(sys), number, &number, NULL), NULL);
        if (number == 0) break;
        if (mw_checkpoint_read(in(sys), number, &arena, &bytes, &read, NULL) != MW_OK) {
            ++*out_bad;
            continue;
        }
        MW_CHECK(read.log_id == 77 && read.section_count == 3);
        MW_CHECK_EQUAL_STR(mw_checkpoint_find(&read, MW_STR("clock"))->bytes, "now");
        MW_CHECK(mw_checkpoint_find(&read, MW_STR("none")) == NULL);
        mw_str text = mw_checkpoint_find(&read, MW_STR("course late"))->bytes;
        MW_CHECK(text.size == 3000 && text.data[2999] == 'a' + read.place % 26);
        place = read.place;
        break;
    }
    mw_buf_release(&bytes);
    mw_arena_release(&arena);
    return place;
}

/* But for the lock. */
static size_t count_files(mw_sys *sys) {
    mw_arena arena;
    mw_str *names;
    size_t count, locks = 0;
    mw_arena_init(&arena, BYTES_MAX);
    MW_CHECK_OK(mw_sys_list(sys, folder, &arena, &names, &count, NULL), NULL);
    for (size_t i = 0; i < count; i++) locks += mw_str_is(names[i], "lock");
    mw_arena_release(&arena);
    return count - locks;
}

MW_TEST(checkpoint_reads_back_and_keeps_the_newest_two) {
    mw_sys *sys = new_machine(1);
    size_t bad;
    MW_CHECK_EQUAL_INT(newest_place(sys, &bad), 0);
    for (int64_t place = 1; place <= 12; place++) {
        MW_CHECK_OK(write_at(sys, place, NULL), NULL);
        MW_CHECK_EQUAL_INT(newest_place(sys, &bad), place);
        MW_CHECK_EQUAL_INT(count_files(sys), place > 1 ? MW_CHECKPOINTS_KEPT : 1);
    }
    mw_simulated_destroy(sys);
}

/* Whatever call fails and whatever the machine loses then, the newest good one is the last that
   was said to be written, or the one that was being written. */
MW_TEST(checkpoint_stays_when_the_writing_of_the_next_is_cut_anywhere) {
    size_t cuts = 0, came_through = 0;
    for (uint64_t round = 0; round < 150; round++) {
        mw_sys *sys = new_machine(mw_test_seed() * 1000 + round);
        uint64_t prng = mw_test_seed() * 1000 + round;
        size_t bad;
        int64_t written = 1 + (int64_t)mw_prng_below(&prng, 4);
        for (int64_t place = 1; place <= written; place++)
            MW_CHECK_OK(write_at(sys, place, NULL), NULL);
        mw_simulated_fail(sys, mw_prng_below(&prng, 16), UINT64_MAX);
        if (write_at(sys, written + 1, NULL) == MW_OK) written++;
        else cuts++;
        mw_simulated_fail(sys, 0, 0);
        uint64_t end = mw_prng_below(&prng, 3);
        if (end == 0) mw_simulated_kill(sys);
        else if (end == 1) mw_simulated_lose_power(sys);
        else mw_simulated_lose_power_partly(sys);
        int64_t found = newest_place(sys, &bad);
        MW_CHECK(found == written || found == written + 1);
        came_through += found == written + 1;
        MW_CHECK_OK(write_at(sys, 99, NULL), NULL);
        MW_CHECK_EQUAL_INT(newest_place(sys, &bad), 99);
        MW_CHECK(count_files(sys) <= MW_CHECKPOINTS_KEPT);
        mw_simulated_destroy(sys);
    }
    MW_CHECK(cuts > 50 && came_through > 0);
}

MW_TEST(checkpoint_that_is_damaged_gives_way_to_the_one_before) {
    mw_sys *sys = new_machine(1);
    size_t bad;
    MW_CHECK_OK(write_at(sys, 5, NULL), NULL);
    MW_CHECK_OK(write_at(sys, 6, NULL), NULL);
    mw_file *file;
    MW_CHECK_OK(mw_sys_open(sys, "state/online/00000002.checkpoint", MW_FILE_UPDATE, &file, NULL),
                NULL);
    MW_CHECK_OK(mw_file_write(file, 100, "#", 1, NULL), NULL);
    mw_file_close(file);
    MW_CHECK_EQUAL_INT(newest_place(sys, &bad), 5);
    MW_CHECK_EQUAL_INT(bad, 1);
    MW_CHECK_OK(mw_sys_remove(sys, "state/online/00000001.checkpoint", NULL), NULL);
    MW_CHECK_EQUAL_INT(newest_place(sys, &bad), 0);
    mw_simulated_destroy(sys);
}

MW_TEST(checkpoint_that_finds_no_room_leaves_the_old_one) {
    mw_sys *sys = new_machine(1);
    size_t bad;
    MW_CHECK_OK(write_at(sys, 5, NULL), NULL);
    mw_simulated_set_disk_size_max(sys, mw_simulated_disk_size(sys) + 100);
    MW_CHECK_STATUS(write_at(sys, 6, NULL), MW_NO_SPACE);
    MW_CHECK_EQUAL_INT(newest_place(sys, &bad), 5);
    mw_simulated_destroy(sys);
}

/* --- the bytes -------------------------------------------------------------------------- */

static const mw_checkpoint_section golden_sections[] = {{{"a", 1}, {"xyz", 3}}, {{"", 0}, {"", 0}}};
static const mw_checkpoint golden = {.log_id = UINT64_C(0x1122334455667788),
                                     .place = -2,
                                     .sections = golden_sections,
                                     .section_count = 2};
/* Format 1, byte for byte: one that was written stays readable. */
static const unsigned char golden_bytes[] = {
    'M',  'W',  'C',  'K',  1,    0,    0,    0,    0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
    0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,    0,    0,    0,    1,    0,    0,    0,
    'a',  3,    0,    0,    0,    0,    0,    0,    0,    'x',  'y',  'z',  0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0x2e, 0x2e, 0x23, 0x44};

/* Wherever the file ends: a section is read whole or not at all, and none is invented. */
MW_TEST(checkpoint_gives_one_section_alone) {
    mw_sys *sys = new_machine(1);
    mw_buf bytes;
    mw_error err;
    size_t whole = 0;
    mw_buf_init(&bytes, 100);
    MW_CHECK_OK(mw_sys_make_folder(sys, folder, &err), &err);
    for (size_t cut = 0; cut <= sizeof golden_bytes; cut++) {
        mw_str cut_bytes = {(const char *)golden_bytes, cut};
        MW_CHECK_OK(mw_sys_write_file(sys, "state/online/00000007.checkpoint", cut_bytes, &err),
                    &err);
        mw_buf_clear(&bytes);
        mw_status status = mw_checkpoint_read_section(in(sys), 7, MW_STR("a"), &bytes, &err);
        MW_CHECK(status == MW_OK || status == MW_CORRUPT);
        if (status == MW_OK) MW_CHECK_EQUAL_STR(mw_buf_str(&bytes), "xyz");
        whole += status == MW_OK;
        status = mw_checkpoint_read_section(in(sys), 7, MW_STR("b"), &bytes, &err);
        MW_CHECK(status == MW_NOT_FOUND || status == MW_CORRUPT);
        MW_CHECK(cut < sizeof golden_bytes || status == MW_NOT_FOUND);
    }
    MW_CHECK(whole > 12 && whole < 30);
    mw_buf_release(&bytes);
    mw_simulated_destroy(sys);
}

static mw_status decode(mw_str bytes, mw_checkpoint *out_checkpoint, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, BYTES_MAX);
    mw_status status = mw_checkpoint_decode(bytes, "1.checkpoint", &arena, out_checkpoint, err);
    if (status == MW_OK) MW_CHECK(out_checkpoint->section_count == golden.section_count);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(checkpoint_format_is_what_it_was) {
    mw_buf bytes;
    mw_checkpoint read;
    mw_error err;
    mw_buf_init(&bytes, BYTES_MAX);
    mw_checkpoint_append(&bytes, &golden);
    MW_CHECK_EQUAL_INT(bytes.size, sizeof golden_bytes);
    MW_CHECK(memcmp(bytes.data, golden_bytes, sizeof golden_bytes) == 0);
    MW_CHECK_OK(decode((mw_str){(const char *)golden_bytes, sizeof golden_bytes}, &read, &err),
                &err);
    MW_CHECK(read.log_id == golden.log_id && read.place == golden.place);

    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
        mw_status status = decode(mw_buf_str(&bytes), &read, &err);
        MW_CHECK(status == MW_CORRUPT || (status == MW_NEWER_FORMAT && bit / 32 == 1));
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t cut = 0; cut < bytes.size; cut++)
        MW_CHECK_STATUS(decode((mw_str){bytes.data, cut}, &read, NULL), MW_CORRUPT);
    bytes.data[4] = 9;
    MW_CHECK_STATUS(decode(mw_buf_str(&bytes), &read, &err), MW_NEWER_FORMAT);
    MW_CHECK_EQUAL_STR(err.message,
                       "checkpoint: 1.checkpoint has format 9, this program reads up to 1");
    mw_buf_release(&bytes);
}

static mw_status write_and_read(void *context) {
    mw_arena arena;
    mw_buf bytes;
    mw_checkpoint read;
    uint64_t number = 0;
    mw_arena_init(&arena, BYTES_MAX);
    mw_buf_init(&bytes, BYTES_MAX);
    mw_checkpoints there = {mw_sys_real(), context};
    mw_file *lock = NULL;
    mw_status status = mw_checkpoint_lock(there, &lock, NULL);
    if (status == MW_OK) status = mw_checkpoint_write(there, &golden, NULL);
    mw_file_close(lock);
    if (status == MW_OK) status = mw_checkpoint_newest(there, UINT64_MAX, &number, NULL);
    if (status == MW_OK)
        status = mw_checkpoint_read(there, number, &arena, &bytes, &read, NULL);
    mw_buf_clear(&bytes);
    if (status == MW_OK)
        status = mw_checkpoint_read_section(there, number, MW_STR("a"), &bytes, NULL);
    if (status == MW_OK) MW_CHECK_EQUAL_STR(mw_buf_str(&bytes), "xyz");
    mw_buf_release(&bytes);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(checkpoint_survives_every_failing_allocation) {
    char place[512];
    snprintf(place, sizeof place, "%s/online", mw_test_directory());
    MW_CHECK(mw_test_every_allocation_fails(write_and_read, place) > 4);
}

MW_TEST(checkpoint_is_written_by_one_process_at_a_time) {
    mw_sys *sys = new_machine(mw_test_seed());
    mw_file *lock;
    mw_error err;
    size_t bad;
    MW_CHECK_OK(write_at(sys, 1, &err), &err);
    MW_CHECK_OK(mw_sys_open(sys, "state/online/lock", MW_FILE_APPEND, &lock, &err), &err);
    MW_CHECK_OK(mw_file_lock(lock, &err), &err);
    MW_CHECK_STATUS(write_at(sys, 2, &err), MW_BUSY);
    mw_file_close(lock);
    MW_CHECK_EQUAL_INT(newest_place(sys, &bad), 1);
    MW_CHECK_OK(write_at(sys, 3, &err), &err);
    MW_CHECK_EQUAL_INT(newest_place(sys, &bad), 3);
    mw_simulated_destroy(sys);
}
