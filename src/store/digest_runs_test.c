#include "store/digest_runs.h"

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "sys/simulated.h"
#include "testing/test.h"

enum { DIGESTS = 400, ROUNDS = 60, BATCH_MAX = 25 };
static const char folder[] = "state/runs";
static const mw_runs_identity identity = {.log_id = 7, .key = {{1, 2}}, .circumstances = 9};

static mw_sys *new_machine(uint64_t seed) {
    mw_sys *sys;
    mw_error err;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = seed}, &sys, &err), &err);
    return sys;
}

static mw_digest_runs *new_runs(mw_sys *sys) {
    mw_digest_runs *runs;
    mw_error err;
    MW_CHECK_OK(mw_digest_runs_create(sys, folder, &runs, &err), &err);
    return runs;
}

static mw_keyed_hash digest_of(uint64_t number) {
    return (mw_keyed_hash){{number * UINT64_C(0x9e3779b97f4a7c15), number << 32}};
}

/* What plain lists know: of each number its last word, 0: nothing. */
typedef struct {
    uint64_t says[MW_RUNS_KINDS][DIGESTS];
    uint64_t counter;
} twin;

/* What comes in a while, and what the lists know then: of ids the newest, of others the first. */
typedef struct {
    uint64_t words[MW_RUNS_KINDS][BATCH_MAX * MW_RUN_WORDS_MAX];
    mw_runs_news news[MW_RUNS_KINDS];
} batch;

static void draw(batch *it, twin *lists, int64_t through, uint64_t *prng) {
    for (size_t kind = 0; kind < MW_RUNS_KINDS; kind++) {
        size_t words = mw_digest_runs_words((mw_runs_kind)kind);
        bool taken[DIGESTS] = {false};
        size_t drawn = (size_t)mw_prng_below(prng, BATCH_MAX), count = 0;
        for (size_t i = 0; i < drawn; i++) {
            uint64_t number = mw_prng_below(prng, DIGESTS);
            uint64_t *says = &lists->says[kind][number];
            if (taken[number] || (kind == MW_RUNS_STAMPS && *says != 0)) continue;
            taken[number] = true;
            mw_keyed_hash digest = digest_of(number);
            uint64_t entry[MW_RUN_WORDS_MAX] = {digest.words[0], digest.words[1], ++lists->counter,
                                                lists->counter};
            memcpy(&it->words[kind][words * count++], entry, words * sizeof *entry);
            if (*says == 0 || kind == MW_RUNS_IDS) *says = lists->counter;
        }
        count = mw_digest_run_sort(it->words[kind], count, words);
        it->news[kind] = (mw_runs_news){it->words[kind], count, through};
    }
}

static void check_all(const mw_digest_runs *runs, const twin *lists) {
    mw_error err;
    for (size_t kind = 0; kind < MW_RUNS_KINDS; kind++)
        for (uint64_t i = 0; i < DIGESTS; i++) {
            uint64_t words[2] = {0};
            bool is_found;
            MW_CHECK_OK(mw_digest_runs_find(runs, (mw_runs_kind)kind, digest_of(i), words,
                                            &is_found, &err), &err);
            MW_CHECK_EQUAL_INT(is_found, lists->says[kind][i] != 0);
            MW_CHECK_EQUAL_INT(words[0], lists->says[kind][i]);
        }
}

static size_t count_files(mw_sys *sys, const char *suffix) {
    mw_arena arena;
    mw_str *names;
    size_t count, found = 0;
    mw_arena_init(&arena, 1 << 20);
    MW_CHECK_OK(mw_sys_list(sys, folder, &arena, &names, &count, NULL), NULL);
    for (size_t i = 0; i < count; i++) found += mw_str_ends(names[i], mw_str_of(suffix));
    mw_arena_release(&arena);
    return found;
}

static mw_status tidy(const mw_digest_runs *runs, mw_error *err) {
    mw_buf noted;
    mw_buf_init(&noted, 1 << 16);
    mw_status status = mw_digest_runs_tidy(runs, &noted, err);
    mw_buf_release(&noted);
    return status;
}

static mw_status write_and_publish(mw_digest_runs *runs, const batch *it, mw_buf *names,
                                   mw_error *err) {
    mw_buf_clear(names);
    MW_TRY(mw_digest_runs_write(runs, &identity, it->news, names, err));
    MW_TRY(mw_digest_runs_publish(runs, mw_buf_str(names), err));
    return tidy(runs, err);
}

/* One process writes, another takes up what it has written, now and then begun anew. */
MW_TEST(digest_runs_find_what_lists_would_find) {
    static twin lists;
    static batch it;
    uint64_t prng = mw_test_seed(), number = 0;
    mw_sys *sys = new_machine(prng);
    mw_digest_runs *writer = new_runs(sys), *reader = new_runs(sys);
    mw_buf names, seen;
    mw_error err;
    mw_buf_init(&names, 1 << 16);
    mw_buf_init(&seen, 1 << 16);
    lists = (twin){.counter = 0};
    check_all(NULL, &lists);
    check_all(reader, &lists);
    for (int64_t round = 0; round < ROUNDS; round++) {
        draw(&it, &lists, round, &prng);
        MW_CHECK_OK(write_and_publish(writer, &it, &names, &err), &err);
        MW_CHECK_OK(mw_digest_runs_take(writer, &identity, mw_buf_str(&names), &err), &err);
        for (mw_runs_kind kind = 0; kind < MW_RUNS_KINDS; kind++) {
            int64_t through;
            MW_CHECK_OK(mw_digest_runs_names_through(mw_buf_str(&names), kind, &through, &err),
                        &err);
            MW_CHECK_EQUAL_INT(through, mw_digest_runs_through(writer, kind));
        }
        if (mw_prng_below(&prng, 4) == 0) {
            mw_digest_runs_destroy(reader);
            reader = new_runs(sys);
            number = 0;
        }
        if (mw_prng_below(&prng, 3) == 0) continue;
        MW_CHECK_OK(mw_digest_runs_news_of(reader, &number, &seen, &err), &err);
        MW_CHECK_OK(mw_digest_runs_take(reader, &identity, mw_buf_str(&seen), &err), &err);
        check_all(reader, &lists);
        MW_CHECK(mw_digest_runs_through(reader, MW_RUNS_IDS) <= round);
        MW_CHECK_OK(mw_digest_runs_news_of(reader, &number, &seen, &err), &err);
        MW_CHECK_EQUAL_INT(seen.size, 0);
    }
    check_all(writer, &lists);
    MW_CHECK_EQUAL_INT(count_files(sys, ".list"), MW_RUNS_LISTS_KEPT);
    MW_CHECK(count_files(sys, ".run") < (size_t)MW_RUNS_KINDS * (MW_RUNS_LISTS_KEPT + 6));
    mw_digest_runs_destroy(writer);
    mw_digest_runs_destroy(reader);
    mw_buf_release(&names);
    mw_buf_release(&seen);
    mw_simulated_destroy(sys);
}

/* Whichever call fails: what the writer had stays, and what was laid down before can be taken. */
MW_TEST(digest_runs_that_cannot_be_written_leave_what_was_there) {
    static twin lists, before;
    static batch it;
    size_t failed = 0;
    for (uint64_t after = 0; failed == after; after++) {
        uint64_t prng = mw_test_seed(), number = 0;
        mw_sys *sys = new_machine(prng);
        mw_digest_runs *writer = new_runs(sys), *reader = new_runs(sys);
        mw_buf names;
        mw_error err;
        mw_buf_init(&names, 1 << 16);
        lists = (twin){.counter = 0};
        for (int64_t round = 0; round < 6; round++) {
            draw(&it, &lists, round, &prng);
            MW_CHECK_OK(write_and_publish(writer, &it, &names, &err), &err);
            MW_CHECK_OK(mw_digest_runs_take(writer, &identity, mw_buf_str(&names), &err), &err);
        }
        before = lists;
        draw(&it, &lists, 7, &prng);
        mw_simulated_fail(sys, after, UINT64_MAX);
        failed += write_and_publish(writer, &it, &names, &err) != MW_OK;
        mw_simulated_fail(sys, 0, 0);
        check_all(writer, &before);
        mw_simulated_lose_power_partly(sys);
        mw_digest_runs_destroy(writer);
        writer = new_runs(sys);
        MW_CHECK_OK(mw_digest_runs_news_of(reader, &number, &names, &err), &err);
        MW_CHECK_OK(mw_digest_runs_take(reader, &identity, mw_buf_str(&names), &err), &err);
        check_all(reader, mw_digest_runs_through(reader, MW_RUNS_IDS) == 7 ? &lists : &before);
        mw_digest_runs_destroy(writer);
        mw_digest_runs_destroy(reader);
        mw_buf_release(&names);
        mw_simulated_destroy(sys);
    }
    MW_CHECK(failed > 30);
}

/* Whoever dies while names are laid down leaves a file that nobody will ever read. */
MW_TEST(digest_runs_tidy_up_after_who_died_publishing) {
    static twin lists;
    static batch it;
    uint64_t prng = mw_test_seed();
    size_t left_over = 0;
    bool is_over = false;
    mw_sys *sys = new_machine(prng);
    mw_digest_runs *runs = new_runs(sys);
    mw_buf names;
    mw_error err;
    mw_buf_init(&names, 1 << 16);
    lists = (twin){.counter = 0};
    draw(&it, &lists, 1, &prng);
    MW_CHECK_OK(write_and_publish(runs, &it, &names, &err), &err);
    for (uint64_t calls = 0; !is_over; calls++) {
        uint64_t end = mw_simulated_call_count(sys) + calls;
        mw_simulated_fail(sys, calls, UINT64_MAX);
        mw_status status = mw_digest_runs_publish(runs, mw_buf_str(&names), &err);
        is_over = mw_simulated_call_count(sys) <= end;
        MW_CHECK(!is_over || status == MW_OK);
        mw_simulated_fail(sys, 0, 0);
        mw_simulated_kill(sys);
        left_over += count_files(sys, ".tmp");
        MW_CHECK_OK(tidy(runs, &err), &err);
        MW_CHECK_EQUAL_INT(count_files(sys, ".tmp"), 0);
    }
    MW_CHECK(left_over > 2);
    mw_digest_runs_destroy(runs);
    mw_buf_release(&names);
    mw_simulated_destroy(sys);
}

/* Nothing is taken then, and what was there stays. */
MW_TEST(digest_runs_refuse_names_of_something_else) {
    static twin lists;
    static batch it;
    uint64_t prng = mw_test_seed();
    mw_sys *sys = new_machine(prng);
    mw_digest_runs *runs = new_runs(sys);
    mw_buf names, later;
    mw_error err;
    mw_buf_init(&names, 1 << 16);
    mw_buf_init(&later, 1 << 16);
    lists = (twin){.counter = 0};
    draw(&it, &lists, 1, &prng);
    MW_CHECK_OK(write_and_publish(runs, &it, &names, &err), &err);
    mw_runs_identity others[] = {identity, identity, identity};
    others[0].log_id = 8;
    others[1].key.words[0] = 2;
    others[2].circumstances = 8;
    for (size_t i = 0; i < 3; i++)
        MW_CHECK_STATUS(mw_digest_runs_take(runs, &others[i], mw_buf_str(&names), &err),
                        MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "runs: they were made of other streams or other data");
    for (size_t i = 0; i < names.size; i++) {
        names.data[i] = (char)(names.data[i] ^ 4);
        mw_status status = mw_digest_runs_take(runs, &identity, mw_buf_str(&names), &err);
        MW_CHECK(status == MW_CORRUPT || status == MW_NEWER_FORMAT);
        names.data[i] = (char)(names.data[i] ^ 4);
    }
    for (size_t cut = 0; cut < names.size; cut++)
        MW_CHECK_STATUS(mw_digest_runs_take(runs, &identity, (mw_str){names.data, cut}, &err),
                        MW_CORRUPT);
    MW_CHECK_EQUAL_INT(mw_digest_runs_count(runs, MW_RUNS_IDS), 0);
    MW_CHECK_OK(mw_digest_runs_take(runs, &identity, mw_buf_str(&names), &err), &err);
    check_all(runs, &lists);
    draw(&it, &lists, 2, &prng);
    MW_CHECK_OK(write_and_publish(runs, &it, &later, &err), &err);
    MW_CHECK_OK(mw_digest_runs_take(runs, &identity, mw_buf_str(&later), &err), &err);
    MW_CHECK_STATUS(mw_digest_runs_take(runs, &identity, mw_buf_str(&names), &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "runs: they know less than what is there");
    check_all(runs, &lists);
    MW_CHECK_OK(mw_sys_remove(sys, folder, &err), &err);
    mw_digest_runs *without = new_runs(sys);
    MW_CHECK_STATUS(mw_digest_runs_take(without, &identity, mw_buf_str(&names), &err),
                    MW_NOT_FOUND);
    mw_digest_runs_destroy(without);
    mw_digest_runs_destroy(runs);
    mw_buf_release(&names);
    mw_buf_release(&later);
    mw_simulated_destroy(sys);
}

/* Whose folder is removed sees no names, until there are some again. */
MW_TEST(digest_runs_without_a_folder_have_no_news) {
    static twin lists;
    static batch it;
    uint64_t prng = mw_test_seed(), number = 0;
    mw_sys *sys = new_machine(prng);
    mw_digest_runs *runs = new_runs(sys);
    mw_buf names;
    mw_error err;
    mw_buf_init(&names, 1 << 16);
    lists = (twin){.counter = 0};
    draw(&it, &lists, 1, &prng);
    for (int round = 0; round < 2; round++) {
        MW_CHECK_OK(write_and_publish(runs, &it, &names, &err), &err);
        MW_CHECK_OK(mw_digest_runs_news_of(runs, &number, &names, &err), &err);
        MW_CHECK(names.size > 0 && number > 0);
        MW_CHECK_OK(mw_sys_remove(sys, folder, &err), &err);
        MW_CHECK_OK(mw_digest_runs_news_of(runs, &number, &names, &err), &err);
        MW_CHECK(names.size == 0 && number == 0);
    }
    mw_digest_runs_destroy(runs);
    mw_buf_release(&names);
    mw_simulated_destroy(sys);
}

static mw_status write_and_take(void *context) {
    const batch *it = context;
    mw_digest_runs *runs;
    mw_buf names;
    mw_buf_init(&names, 1 << 16);
    MW_TRY(mw_digest_runs_create(mw_sys_real(), mw_test_directory(), &runs, NULL));
    mw_status status = write_and_publish(runs, it, &names, NULL);
    if (status == MW_OK)
        status = mw_digest_runs_take(runs, &identity, mw_buf_str(&names), NULL);
    mw_digest_runs_destroy(runs);
    mw_buf_release(&names);
    return status;
}

MW_TEST(digest_runs_survive_every_failing_allocation) {
    static twin lists;
    static batch it;
    uint64_t prng = mw_test_seed();
    lists = (twin){.counter = 0};
    draw(&it, &lists, 1, &prng);
    MW_CHECK(mw_test_every_allocation_fails(write_and_take, &it) > 20);
}
