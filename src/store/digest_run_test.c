#include "store/digest_run.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/prng.h"
#include "sys/simulated.h"
#include "testing/test.h"

enum { DIGESTS = 3000, STARTS = 40, WORDS = 4, PAGE = 4096 };
static const char folder[] = "state/runs";
static const mw_run_shape shape = {.log_id = 7, .key = {{1, 2}}, .kind = 3, .word_count = WORDS,
                                   .is_filtered = true};

static mw_sys *new_machine(void) {
    mw_sys *sys;
    mw_error err;
    mw_simulated_config config = {.seed = mw_test_seed()};
    MW_CHECK_OK(mw_simulated_create(config, &sys, &err), &err);
    MW_CHECK_OK(mw_sys_make_folder(sys, folder, &err), &err);
    return sys;
}

static mw_run_place at(mw_sys *sys, uint64_t id) { return (mw_run_place){sys, folder, id}; }

/* Few first words, so that entries with the same one fill blocks. */
static mw_keyed_hash digest_of(uint64_t number) {
    return (mw_keyed_hash){{number % STARTS << 58, number << 32 | number}};
}

/* What a plain list knows: of each number what it says, 0: nothing. */
typedef struct {
    uint64_t says[DIGESTS];
    uint64_t words[DIGESTS * WORDS];
    size_t count;
} twin;

static void add(twin *list, uint64_t number, uint64_t says) {
    mw_keyed_hash digest = digest_of(number);
    uint64_t entry[WORDS] = {digest.words[0], digest.words[1], says, ~says};
    memcpy(&list->words[WORDS * list->count++], entry, sizeof entry);
    list->says[number] = says;
}

static void draw(twin *list, size_t count, uint64_t mark, uint64_t *prng) {
    *list = (twin){.count = 0};
    while (list->count < count) {
        uint64_t number = mw_prng_below(prng, DIGESTS);
        if (list->says[number] == 0) add(list, number, mark << 32 | (number + 1));
    }
    MW_CHECK_EQUAL_INT(mw_digest_run_sort(list->words, count, WORDS), count);
}

static mw_digest_run *open_run(mw_sys *sys, uint64_t id, const mw_run_shape *as) {
    mw_digest_run *run;
    mw_error err;
    MW_CHECK_OK(mw_digest_run_open(at(sys, id), as, 0, &run, &err), &err);
    return run;
}

static void check_finds(const mw_digest_run *run, const uint64_t *says) {
    mw_error err;
    for (uint64_t i = 0; i < DIGESTS; i++) {
        uint64_t words[2] = {0, 0};
        bool is_found;
        MW_CHECK_OK(mw_digest_run_find(run, digest_of(i), words, &is_found, &err), &err);
        MW_CHECK_EQUAL_INT(is_found, says[i] != 0);
        MW_CHECK(!is_found || (words[0] == says[i] && words[1] == ~says[i]));
    }
}

/* Of any number of entries; and what two runs and a list become, the first of which counts. */
MW_TEST(digest_run_finds_what_a_list_would_find) {
    static twin lists[3];
    uint64_t prng = mw_test_seed();
    mw_sys *sys = new_machine();
    mw_error err;
    for (uint64_t round = 0; round < 30; round++) {
        mw_digest_run *runs[3];
        uint64_t says[DIGESTS];
        bool is_filtered = mw_prng_below(&prng, 3) > 0;
        mw_run_shape as = shape;
        as.is_filtered = is_filtered;
        for (size_t i = 0; i < 3; i++)
            draw(&lists[i], 1 + (size_t)mw_prng_below(&prng, round % 2 ? 2000 : 300), i + 1,
                 &prng);
        for (size_t i = 0; i < 2; i++) {
            mw_run_source source = {.words = lists[i].words, .count = lists[i].count};
            MW_CHECK_OK(mw_digest_run_write(at(sys, 3 * round + i + 1), &as, &source, 1, &err),
                        &err);
            runs[i] = open_run(sys, 3 * round + i + 1, &as);
            MW_CHECK_EQUAL_INT(mw_digest_run_count(runs[i]), lists[i].count);
            check_finds(runs[i], lists[i].says);
        }
        mw_run_source sources[] = {{.run = runs[0]},
                                   {.words = lists[2].words, .count = lists[2].count},
                                   {.run = runs[1]}};
        MW_CHECK_OK(mw_digest_run_write(at(sys, 3 * round + 3), &as, sources, 3, &err), &err);
        runs[2] = open_run(sys, 3 * round + 3, &as);
        for (size_t i = 0; i < DIGESTS; i++)
            says[i] = lists[0].says[i]   ? lists[0].says[i]
                      : lists[2].says[i] ? lists[2].says[i]
                                         : lists[1].says[i];
        check_finds(runs[2], says);
        for (size_t i = 0; i < 3; i++) mw_digest_run_close(runs[i]);
    }
    mw_simulated_destroy(sys);
}

/* An entry costs 2.1 bytes of memory, and of a thousand others one or two cost a read. */
MW_TEST(digest_run_knows_without_reading_what_it_lacks) {
    enum { ENTRIES = 100000, IN_A_BLOCK = (PAGE - 8) / (8 * WORDS) };
    static uint64_t words[ENTRIES * WORDS];
    uint64_t prng = mw_test_seed(), before;
    mw_sys *sys = new_machine();
    mw_file_info info;
    mw_error err;
    bool is_found;
    for (size_t i = 0; i < ENTRIES * WORDS; i++) words[i] = mw_prng_next(&prng);
    mw_run_source source = {.words = words,
                            .count = mw_digest_run_sort(words, ENTRIES, WORDS)};
    MW_CHECK_OK(mw_digest_run_write(at(sys, 1), &shape, &source, 1, &err), &err);
    mw_digest_run *run = open_run(sys, 1, &shape);
    MW_CHECK_OK(mw_sys_info(sys, "state/runs/0000000000000001.run", &info, &err), &err);
    uint64_t behind = info.size - PAGE * (1 + (ENTRIES + IN_A_BLOCK - 1) / IN_A_BLOCK);
    MW_CHECK(behind < 22 * ENTRIES / 10); /* what follows the blocks is what memory holds */
    for (size_t i = 0; i < ENTRIES; i += 100) {
        mw_keyed_hash there = {{words[WORDS * i], words[WORDS * i + 1]}};
        uint64_t said[2];
        MW_CHECK_OK(mw_digest_run_find(run, there, said, &is_found, &err), &err);
        MW_CHECK(is_found && memcmp(said, &words[WORDS * i + 2], sizeof said) == 0);
    }
    before = mw_simulated_call_count(sys);
    for (size_t i = 0; i < ENTRIES; i++) {
        mw_keyed_hash absent = {{mw_prng_next(&prng), mw_prng_next(&prng)}};
        uint64_t said[2];
        MW_CHECK_OK(mw_digest_run_find(run, absent, said, &is_found, &err), &err);
        MW_CHECK(!is_found);
    }
    uint64_t reads = mw_simulated_call_count(sys) - before;
    MW_CHECK(reads > ENTRIES / 5000 && reads < ENTRIES / 500);
    mw_digest_run_close(run);
    mw_simulated_destroy(sys);
}

/* The same run with the filter that older programs gave it, of ten bits an entry. */
static void give_smaller_filter(mw_sys *sys, const char *path, const twin *list) {
    enum { LINES_AT = 56, TAIL_SUM_AT = 64, SUM_AT = 68, LINE_SIZE = 64, IN_A_BLOCK = 127 };
    static unsigned char filter[(DIGESTS * 10 / 512 + 1) * LINE_SIZE];
    mw_error err;
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_sys_read_file(sys, path, &bytes, &err), &err);
    uint64_t blocks = (list->count + IN_A_BLOCK - 1) / IN_A_BLOCK, tail = PAGE * (1 + blocks);
    uint64_t lines = list->count * 10 / 512 + 1, before = mw_u64_at(bytes.data + LINES_AT);
    MW_CHECK(lines < before);
    memset(filter, 0, sizeof filter);
    for (size_t i = 0; i < list->count; i++) {
        const uint64_t *digest = &list->words[WORDS * i];
        uint64_t line = (digest[1] >> 32) * lines >> 32;
        for (int probe = 0; probe < 6; probe++) {
            uint64_t bit = 512 * line + (digest[0] >> 9 * probe) % 512;
            filter[bit / 8] = (unsigned char)(filter[bit / 8] | 1 << bit % 8);
        }
    }
    bytes.size = tail + 8 * blocks;
    mw_buf_append(&bytes, filter, lines * LINE_SIZE);
    uint32_t sum = mw_crc32c(0, bytes.data + tail, bytes.size - tail);
    memcpy(bytes.data + LINES_AT, &lines, sizeof lines);
    memcpy(bytes.data + TAIL_SUM_AT, &sum, sizeof sum);
    sum = mw_crc32c(0, bytes.data, SUM_AT);
    memcpy(bytes.data + SUM_AT, &sum, sizeof sum);
    MW_CHECK_OK(mw_sys_write_file(sys, path, mw_buf_str(&bytes), &err), &err);
    mw_buf_release(&bytes);
}

MW_TEST(digest_run_of_an_older_program_is_read) {
    static twin list;
    uint64_t prng = mw_test_seed();
    mw_sys *sys = new_machine();
    mw_error err;
    draw(&list, DIGESTS / 2, 1, &prng);
    mw_run_source source = {.words = list.words, .count = list.count};
    MW_CHECK_OK(mw_digest_run_write(at(sys, 1), &shape, &source, 1, &err), &err);
    give_smaller_filter(sys, "state/runs/0000000000000001.run", &list);
    mw_digest_run *run = open_run(sys, 1, &shape);
    check_finds(run, list.says);
    mw_digest_run_close(run);
    mw_simulated_destroy(sys);
}

MW_TEST(digest_run_sorts_and_keeps_the_lesser_of_two) {
    static const uint64_t before = (uint64_t)INT64_MIN, minus = (uint64_t)-1;
    uint64_t words[] = {5, 1, 9, 5, 0, 3, 5, 1, 2, 4, 9, 9, 5, 1, 3, 6, 1, 0, 6, 1, minus,
                        6, 1, before, 6, 1, 7, minus, 1, 4};
    static const uint64_t sorted[] = {4, 9, 9, 5, 0, 3, 5, 1, 2, 6, 1, before, minus, 1, 4};
    MW_CHECK_EQUAL_INT(mw_digest_run_sort(words, 10, 3), 5);
    MW_CHECK(memcmp(words, sorted, sizeof sorted) == 0);
    MW_CHECK_EQUAL_INT(mw_digest_run_sort(words, 0, 3), 0);
}

/* --- what is not to be trusted ---------------------------------------------------------------- */

static void write_some(mw_sys *sys, uint64_t id, twin *list, size_t count) {
    uint64_t prng = mw_test_seed();
    mw_error err;
    draw(list, count, 1, &prng);
    mw_run_source source = {.words = list->words, .count = list->count};
    MW_CHECK_OK(mw_digest_run_write(at(sys, id), &shape, &source, 1, &err), &err);
}

static void flip(mw_sys *sys, const char *path, uint64_t offset) {
    mw_file *file;
    mw_error err;
    char byte;
    size_t got;
    MW_CHECK_OK(mw_sys_open(sys, path, MW_FILE_UPDATE, &file, &err), &err);
    MW_CHECK_OK(mw_file_read(file, offset, &byte, 1, &got, &err), &err);
    byte = (char)(byte ^ 16);
    MW_CHECK_OK(mw_file_write(file, offset, &byte, 1, &err), &err);
    mw_file_close(file);
}

/* Whatever byte of head, blocks and end is another: it is said, and never answered by. */
MW_TEST(digest_run_with_a_flipped_byte_is_told) {
    static const char path[] = "state/runs/0000000000000001.run";
    static twin list;
    mw_file_info info;
    mw_error err;
    size_t at_opening = 0, at_finding = 0;
    mw_sys *sys = new_machine();
    write_some(sys, 1, &list, 300);
    MW_CHECK_OK(mw_sys_info(sys, path, &info, &err), &err);
    for (uint64_t offset = 0; offset < info.size; offset += offset < 72 ? 1 : 41) {
        mw_digest_run *run;
        if (offset >= 72 && offset < PAGE) continue; /* nobody reads these zeros */
        flip(sys, path, offset);
        mw_status status = mw_digest_run_open(at(sys, 1), &shape, 0, &run, &err);
        bool is_told = status != MW_OK;
        at_opening += is_told;
        for (uint64_t i = 0; status == MW_OK && i < DIGESTS; i++) {
            uint64_t words[2];
            bool is_found = false;
            mw_status found = mw_digest_run_find(run, digest_of(i), words, &is_found, &err);
            MW_CHECK(found == MW_OK || found == MW_CORRUPT);
            MW_CHECK(found == MW_CORRUPT || is_found == (list.says[i] != 0));
            is_told |= found == MW_CORRUPT;
        }
        MW_CHECK(is_told);
        if (status == MW_OK) {
            MW_CHECK(strstr(err.message, "fails its checksum"));
            mw_digest_run_close(run);
            MW_CHECK_OK(mw_sys_rename(sys, "state/runs/0000000000000001.bad", path, &err), &err);
            at_finding++;
        }
        flip(sys, path, offset);
    }
    MW_CHECK(at_opening > 75 && at_finding > 150);
    mw_simulated_destroy(sys);
}

/* The disk may never give it back: the next process is not to stumble over it. */
MW_TEST(digest_run_with_a_block_that_cannot_be_read_is_put_aside) {
    static twin list;
    mw_sys *sys = new_machine();
    mw_digest_run *run;
    mw_file_info info;
    mw_error err;
    uint64_t words[2], known = 0;
    bool is_found;
    write_some(sys, 1, &list, 300);
    while (list.says[known] == 0) known++;
    MW_CHECK_OK(mw_digest_run_open(at(sys, 1), &shape, 0, &run, &err), &err);
    mw_simulated_fail(sys, 0, 1);
    MW_CHECK_STATUS(mw_digest_run_find(run, digest_of(known), words, &is_found, &err), MW_IO);
    MW_CHECK_EQUAL_STR(err.hint, "The next start reads everything from lake and log.");
    MW_CHECK_OK(mw_sys_info(sys, "state/runs/0000000000000001.bad", &info, &err), &err);
    MW_CHECK(info.exists);
    MW_CHECK_OK(mw_digest_run_find(run, digest_of(known), words, &is_found, &err), &err);
    MW_CHECK(is_found && words[0] == list.says[known]);
    mw_digest_run_close(run);
    MW_CHECK_STATUS(mw_digest_run_open(at(sys, 1), &shape, 0, &run, &err), MW_NOT_FOUND);
    mw_simulated_destroy(sys);
}

MW_TEST(digest_run_of_something_else_is_refused) {
    static twin list;
    mw_sys *sys = new_machine();
    mw_digest_run *run;
    mw_error err;
    write_some(sys, 1, &list, 10);
    mw_run_shape others[] = {shape, shape, shape, shape};
    others[0].log_id = 8;
    others[1].key.words[1] = 3;
    others[2].kind = 4;
    others[3].word_count = 3;
    for (size_t i = 0; i < 4; i++)
        MW_CHECK_STATUS(mw_digest_run_open(at(sys, 1), &others[i], 0, &run, &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "run: state/runs/0000000000000001.run is of another list or "
                                    "log");
    MW_CHECK_STATUS(mw_digest_run_open(at(sys, 1), &shape, 1, &run, &err), MW_CONFLICT);
    MW_CHECK_STATUS(mw_digest_run_open(at(sys, 2), &shape, 0, &run, &err), MW_NOT_FOUND);
    MW_CHECK_OK(mw_sys_rename(sys, "state/runs/0000000000000001.run",
                              "state/runs/0000000000000002.run", &err), &err);
    MW_CHECK_STATUS(mw_digest_run_open(at(sys, 2), &shape, 0, &run, &err), MW_CONFLICT);
    mw_simulated_destroy(sys);
}

/* Whichever call fails and however the machine ends: it is there as it was meant, or not. */
MW_TEST(digest_run_is_written_whole_or_not_at_all) {
    static twin list;
    uint64_t prng = mw_test_seed();
    size_t cuts = 0, whole = 0;
    mw_error err;
    draw(&list, 500, 1, &prng);
    mw_run_source source = {.words = list.words, .count = list.count};
    for (uint64_t after = 0;; after++) {
        mw_sys *sys = new_machine();
        mw_digest_run *run;
        MW_CHECK_OK(mw_sys_sync_folder(sys, "state", NULL), NULL);
        mw_simulated_fail(sys, after, UINT64_MAX);
        mw_status written = mw_digest_run_write(at(sys, 1), &shape, &source, 1, &err);
        mw_simulated_fail(sys, 0, 0);
        if (mw_prng_below(&prng, 2) == 0) mw_simulated_lose_power(sys);
        else mw_simulated_lose_power_partly(sys);
        mw_status opened = mw_digest_run_open(at(sys, 1), &shape, 0, &run, &err);
        MW_CHECK(opened == MW_OK || (opened == MW_NOT_FOUND && written != MW_OK));
        if (opened == MW_OK) check_finds(run, list.says);
        if (opened == MW_OK) mw_digest_run_close(run);
        whole += opened == MW_OK;
        cuts += written != MW_OK;
        mw_simulated_destroy(sys);
        if (written == MW_OK) break;
    }
    MW_CHECK(cuts > 5 && whole > 0);
}

static mw_status write_and_find(void *context) {
    twin *list = context;
    mw_run_place place = {mw_sys_real(), mw_test_directory(), 5};
    mw_digest_run *run;
    uint64_t words[2];
    bool is_found;
    mw_run_source source = {.words = list->words, .count = list->count};
    MW_TRY(mw_digest_run_write(place, &shape, &source, 1, NULL));
    MW_TRY(mw_digest_run_open(place, &shape, 0, &run, NULL));
    mw_status status = mw_digest_run_find(run, digest_of(1), words, &is_found, NULL);
    mw_digest_run_close(run);
    return status;
}

MW_TEST(digest_run_survives_every_failing_allocation) {
    static twin list;
    uint64_t prng = mw_test_seed();
    draw(&list, 500, 1, &prng);
    MW_CHECK(mw_test_every_allocation_fails(write_and_find, &list) > 6);
}
