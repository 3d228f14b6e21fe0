#include "feature/backlog.h"

#include "base/prng.h"
#include "feature/memory_disk_test.h"

typedef struct {
    mw_backlog backlog;
    size_t item_size;
    uint64_t came, left;
    size_t held_most;
} world;

static void write_item(const world *w, void *item, uint64_t number) {
    memset(item, (int)(number % 251), w->item_size);
}

static bool is_item(const world *w, const void *item, uint64_t number) {
    const unsigned char *bytes = item;
    return bytes[0] == number % 251 && bytes[w->item_size - 1] == number % 251;
}

static mw_status add(world *w) {
    void *item;
    MW_TRY(mw_backlog_add(&w->backlog, &item, NULL));
    write_item(w, item, w->came++);
    if (w->backlog.held_count > w->held_most) w->held_most = w->backlog.held_count;
    return MW_OK;
}

static mw_status drop(world *w) {
    MW_CHECK(is_item(w, mw_backlog_front(&w->backlog, w->left), w->left));
    if (w->came - w->left > 1)
        MW_CHECK(is_item(w, mw_backlog_front(&w->backlog, w->left + 1), w->left + 1));
    MW_TRY(mw_backlog_drop(&w->backlog, NULL));
    w->left++;
    return MW_OK;
}

/* Looks at one anywhere, and writes it anew: what is out must come to be what it was made. */
static mw_status look(world *w, uint64_t *prng) {
    if (w->came == w->left) return MW_OK;
    void *item;
    uint64_t number = w->left + mw_prng_below(prng, w->came - w->left);
    MW_TRY(mw_backlog_find(&w->backlog, number, &item, NULL));
    MW_CHECK(is_item(w, item, number));
    memset(item, 255, w->item_size);
    MW_TRY(mw_backlog_find(&w->backlog, number, &item, NULL));
    write_item(w, item, number);
    return MW_OK;
}

/* It grows, stays, and shrinks to nothing, twice over. */
static mw_status go_through(world *w, uint64_t prng, uint64_t most) {
    mw_status status = MW_OK;
    for (int half = 0; half < 4; half++) {
        uint64_t aim = half % 2 == 0 ? most : 0;
        for (int turn = 0; status == MW_OK && turn < 400; turn++) {
            uint64_t waiting = w->came - w->left, adds = waiting < aim ? 30 : 10;
            uint64_t drops = waiting > aim ? 30 : 8;
            for (uint64_t i = mw_prng_below(&prng, adds); status == MW_OK && i > 0; i--)
                status = add(w);
            if (status == MW_OK && turn % 3 == 0) status = look(w, &prng);
            for (uint64_t i = mw_prng_below(&prng, drops);
                 status == MW_OK && i > 0 && w->came > w->left; i--)
                status = drop(w);
        }
        while (status == MW_OK && aim == 0 && w->came > w->left) status = drop(w);
    }
    return status;
}

MW_TEST(backlog_keeps_what_waits_here_and_on_disk) {
    static const size_t sizes[] = {1, 24, 184, 70000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        memory_disk disk;
        world w = {.item_size = sizes[s]};
        memory_disk_init(&disk);
        mw_backlog_init(&w.backlog, w.item_size,
                        (mw_backlog_memory){&disk.disk, 200 * w.item_size});
        MW_CHECK_OK(go_through(&w, mw_test_seed() + s, 1500), NULL);
        MW_CHECK(disk.writes > 20 && disk.reads > 20);
        MW_CHECK(w.held_most <= w.backlog.held_max + 3); /* a visitor, and what the front took */
        mw_backlog_release(&w.backlog);
        memory_disk_release(&disk);
    }
}

/* In turn each block goes out once and comes back once. */
MW_TEST(backlog_writes_each_block_once) {
    enum { ITEMS = 100000, WAITING = 5000, HELD = 640 };
    memory_disk disk;
    world w = {.item_size = 8};
    memory_disk_init(&disk);
    mw_backlog_init(&w.backlog, w.item_size, (mw_backlog_memory){&disk.disk, HELD * 8});
    size_t block = (size_t)1 << w.backlog.block_shift;
    for (int i = 0; i < ITEMS; i++) {
        MW_CHECK_OK(add(&w), NULL);
        if (w.came - w.left > WAITING) MW_CHECK_OK(drop(&w), NULL);
    }
    MW_CHECK(disk.reads <= ITEMS / block && disk.writes <= ITEMS / block + 1);
    MW_CHECK(disk.reads > ITEMS / block / 2);
    MW_CHECK(w.held_most <= w.backlog.held_max + 1);
    MW_CHECK(disk.files[0].size < 2 * WAITING * 8 + 64 * 1024);
    mw_backlog_release(&w.backlog);
    memory_disk_release(&disk);
}

MW_TEST(backlog_without_a_disk_holds_all) {
    world w = {.item_size = 40};
    mw_backlog_init(&w.backlog, w.item_size, (mw_backlog_memory){NULL, 100});
    MW_CHECK_OK(go_through(&w, mw_test_seed(), 5000), NULL);
    mw_backlog_release(&w.backlog);
}

/* What fails has changed nothing: it goes on as if it had not been asked. */
MW_TEST(backlog_goes_on_after_a_disk_that_failed) {
    size_t failures = 0;
    for (size_t call = 1;; call += 41) {
        memory_disk disk;
        world w = {.item_size = 24};
        memory_disk_init(&disk);
        disk.failing_call = call;
        mw_backlog_init(&w.backlog, w.item_size, (mw_backlog_memory){&disk.disk, 2000});
        mw_status status = go_through(&w, mw_test_seed(), 600);
        if (status == MW_OK) {
            mw_backlog_release(&w.backlog);
            memory_disk_release(&disk);
            break;
        }
        MW_CHECK_STATUS(status, MW_IO);
        while (w.came > w.left) MW_CHECK_OK(drop(&w), NULL);
        mw_backlog_release(&w.backlog);
        memory_disk_release(&disk);
        failures++;
    }
    MW_CHECK(failures > 5);
}

static mw_status go_on_disk(void *context) {
    memory_disk *disk = context;
    world w = {.item_size = 24};
    mw_backlog_init(&w.backlog, w.item_size, (mw_backlog_memory){&disk->disk, 300});
    mw_status status = go_through(&w, 1, 60);
    mw_backlog_release(&w.backlog);
    return status;
}

MW_TEST(backlog_survives_every_failing_allocation) {
    memory_disk disk;
    memory_disk_init(&disk);
    MW_CHECK_OK(go_on_disk(&disk), NULL); /* the disk has its memory from here on */
    MW_CHECK(mw_test_every_allocation_fails(go_on_disk, &disk) > 20);
    memory_disk_release(&disk);
}
