#include "base/memory.h"
#include "base/prng.h"
#include "testing/test.h"

#include <stdalign.h>
#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0) return false;
    return true;
}

MW_TEST(memory_is_zeroed_and_counted) {
    size_t live = mw_memory_live_count();
    unsigned char *memory = mw_allocate(1000);
    MW_CHECK(memory && is_zero(memory, 1000));
    MW_CHECK_EQUAL_INT(mw_memory_live_count(), live + 1);
    memory[0] = 7;
    memory = mw_resize(memory, 100000);
    MW_CHECK(memory && memory[0] == 7);
    MW_CHECK_EQUAL_INT(mw_memory_live_count(), live + 1);
    mw_free(memory);
    mw_free(NULL);
    MW_CHECK(!mw_allocate(0));
    MW_CHECK_EQUAL_INT(mw_memory_live_count(), live);
}

MW_TEST(memory_fails_when_it_is_told_to) {
    mw_memory_fail_after(1);
    void *first = mw_allocate(1), *second = mw_allocate(1), *resized = mw_resize(first, 2);
    mw_memory_fail_after(SIZE_MAX);
    void *later = mw_allocate(1);
    MW_CHECK(first && !second && !resized && later);
    mw_free(first);
    mw_free(later);
}

MW_TEST(memory_grows_arrays_up_to_their_maximum) {
    int *items = NULL;
    size_t capacity = 0, growths = 0;
    for (size_t i = 0; i < 1000; i++) {
        size_t before = capacity;
        MW_CHECK(mw_grow((void **)&items, &capacity, i + 1, sizeof *items, 1000));
        growths += capacity != before;
        items[i] = (int)i;
    }
    for (int i = 0; i < 1000; i++) MW_CHECK_EQUAL_INT(items[i], i);
    MW_CHECK_EQUAL_INT(capacity, 1000);
    MW_CHECK(growths < 20);

    const int *before = items;
    MW_CHECK(!mw_grow((void **)&items, &capacity, 1001, sizeof *items, 1000));
    MW_CHECK(!mw_grow((void **)&items, &capacity, SIZE_MAX, sizeof *items, SIZE_MAX));
    mw_memory_fail_after(0);
    bool grown = mw_grow((void **)&items, &capacity, 2000, sizeof *items, SIZE_MAX);
    mw_memory_fail_after(SIZE_MAX);
    MW_CHECK(!grown && items == before && capacity == 1000);
    mw_free(items);
}

/* Random pieces keep apart: each stays zero until it is written and keeps its own byte after. */
MW_TEST(arena_pieces_are_zeroed_aligned_and_apart) {
    enum { PIECES = 500, ROUNDS = 4 };
    size_t live = mw_memory_live_count();
    uint64_t prng = mw_test_seed();
    mw_arena arena;
    mw_arena_init(&arena, 64 << 20);
    for (int round = 0; round < ROUNDS; round++) {
        struct {
            unsigned char *bytes;
            size_t size;
        } pieces[PIECES];
        size_t total = 0;
        for (size_t i = 0; i < PIECES; i++) {
            size_t size = 1 + mw_prng_below(&prng, i % 100 == 0 ? 100000 : 300);
            pieces[i].bytes = mw_arena_alloc(&arena, 1, size);
            pieces[i].size = size;
            total += size;
            MW_CHECK(pieces[i].bytes && is_zero(pieces[i].bytes, size));
            MW_CHECK((uintptr_t)pieces[i].bytes % alignof(max_align_t) == 0);
            memset(pieces[i].bytes, (int)(i % 255) + 1, size);
        }
        MW_CHECK_EQUAL_INT(arena.size_used, total);
        for (size_t i = 0; i < PIECES; i++)
            for (size_t j = 0; j < pieces[i].size; j++)
                MW_CHECK(pieces[i].bytes[j] == i % 255 + 1);
        mw_arena_clear(&arena);
        MW_CHECK_EQUAL_INT(mw_memory_live_count(), live + 1);
    }
    mw_arena_release(&arena);
    MW_CHECK_EQUAL_INT(mw_memory_live_count(), live);
}

MW_TEST(arena_gives_whole_lines_that_are_apart) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    for (size_t size = 1; size < 3000; size += 37) {
        unsigned char *piece = mw_arena_alloc_lines(&arena, size, 1);
        MW_CHECK(piece && is_zero(piece, size));
        MW_CHECK_EQUAL_INT((uintptr_t)piece % MW_LINE_SIZE, 0);
        memset(piece, 1, (size + MW_LINE_SIZE - 1) / MW_LINE_SIZE * MW_LINE_SIZE);
        MW_CHECK(is_zero(mw_arena_alloc(&arena, 1, 5), 5));
    }
    MW_CHECK(!mw_arena_alloc_lines(&arena, SIZE_MAX / 2, 3));
    MW_CHECK(!mw_arena_alloc_lines(&arena, SIZE_MAX - 1, 1));
    mw_arena_release(&arena);
}

MW_TEST(arena_holds_to_its_maximum) {
    mw_arena arena;
    mw_arena_init(&arena, 100);
    MW_CHECK(mw_arena_alloc(&arena, 10, 9));
    MW_CHECK(!mw_arena_alloc(&arena, 1, 11));
    MW_CHECK(!mw_arena_alloc(&arena, SIZE_MAX / 2, 3));
    MW_CHECK(!mw_arena_copy(&arena, "0123456789", 10));
    MW_CHECK_EQUAL_STR(mw_arena_copy(&arena, "012345678", 9), "012345678");
    MW_CHECK(!mw_arena_alloc(&arena, 0, 1));
    mw_arena_clear(&arena);
    MW_CHECK(mw_arena_alloc(&arena, 0, 1));
    mw_arena_release(&arena);
    mw_arena_release(&arena);
}

static mw_status fill_an_arena(void *context) {
    (void)context;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_status status = MW_OK;
    for (int i = 0; i < 10 && status == MW_OK; i++)
        if (!mw_arena_alloc(&arena, 1, 5000)) status = MW_NO_MEMORY;
    mw_arena_release(&arena);
    return status;
}

MW_TEST(arena_gives_all_back_after_every_failed_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(fill_an_arena, NULL) > 1);
}
