#include "cli/checkpointer.h"

#include "base/prng.h"
#include "store/log.h"
#include "testing/test.h"

#define MEGABYTE ((uint64_t)1 << 20)
#define SEGMENT ((uint64_t)MW_LOG_SEGMENT_SIZE)

MW_TEST(checkpoints_are_due_as_the_log_grows) {
    MW_CHECK(!mw_checkpoint_is_wanted((mw_checkpoint_outlook){.growth = MEGABYTE - 1}));
    MW_CHECK(mw_checkpoint_is_wanted((mw_checkpoint_outlook){.growth = MEGABYTE}));
    mw_checkpoint_outlook large = {.size = 80 * MEGABYTE, .growth = 20 * MEGABYTE};
    MW_CHECK(mw_checkpoint_is_wanted(large));
    large.growth--;
    MW_CHECK(!mw_checkpoint_is_wanted(large));
}

MW_TEST(checkpoints_rest_until_the_log_has_grown_by_much) {
    mw_checkpoint_outlook seen = {.size = MEGABYTE, .growth = SEGMENT - 1, .rests = true};
    MW_CHECK(!mw_checkpoint_is_wanted(seen));
    seen.growth = SEGMENT;
    MW_CHECK(mw_checkpoint_is_wanted(seen));
    seen.size = 2 * SEGMENT; /* as much as it takes */
    MW_CHECK(!mw_checkpoint_is_wanted(seen));
    seen.growth = 2 * SEGMENT;
    MW_CHECK(mw_checkpoint_is_wanted(seen));
}

MW_TEST(checkpoints_that_get_no_further_are_begun_anew_once) {
    mw_checkpoint_outlook seen = {.growth = SEGMENT - 1, .runs = true, .in_background = true};
    MW_CHECK(!mw_checkpoint_is_wanted(seen));
    seen.growth = SEGMENT;
    MW_CHECK(mw_checkpoint_is_wanted(seen));
    seen.in_background = false;
    MW_CHECK(!mw_checkpoint_is_wanted(seen));
}

/* A server for an hour, looked at every 0.3 s, whose checkpoints take as much time as CPU. */
typedef struct {
    uint64_t log_rate; /* bytes a second */
    uint64_t size;     /* of a checkpoint */
    int64_t cpu_us;    /* of one */
    uint64_t count;    /* of those that were written */
    uint64_t growth_max;
} hour;

enum { HOUR_S = 3600 };
#define LOOK_US (3 * MW_SECOND_US / 10)

static uint64_t grown_in(const hour *it, int64_t span_us) {
    return it->log_rate * (uint64_t)span_us / (uint64_t)MW_SECOND_US;
}

static void pass(hour *it) {
    int64_t begun_us = 0, ends_us = 0, rest_until_us = 0;
    bool runs = false;
    for (int64_t now_us = 0; now_us < HOUR_S * MW_SECOND_US; now_us += LOOK_US) {
        if (runs && now_us >= ends_us) {
            runs = false;
            rest_until_us = now_us + mw_checkpoint_rest_us(it->cpu_us);
        }
        mw_checkpoint_outlook seen = {.growth = grown_in(it, now_us - begun_us),
                                      .size = it->size,
                                      .runs = runs,
                                      .rests = now_us < rest_until_us};
        if (seen.growth > it->growth_max) it->growth_max = seen.growth;
        if (!mw_checkpoint_is_wanted(seen)) continue;
        MW_CHECK(!runs);
        runs = true;
        begun_us = now_us;
        ends_us = now_us + it->cpu_us;
        it->count++;
    }
}

/* However fast the log grows and whatever one costs: they take a hundredth of a core beyond what
   bounds the replay of a start, and that is bounded. */
MW_TEST(checkpoints_take_little_and_leave_little_to_replay) {
    uint64_t prng = mw_test_seed();
    uint64_t small_count = 0, fast_count = 0;
    for (int round = 0; round < 200; round++) {
        hour it = {.log_rate = (uint64_t)1 << mw_prng_below(&prng, 26),
                   .size = (uint64_t)1 << mw_prng_below(&prng, 30),
                   .cpu_us = 10000 + (int64_t)mw_prng_below(&prng, 4000000)};
        pass(&it);
        uint64_t bound = it.size > SEGMENT ? it.size : SEGMENT;
        uint64_t forced = grown_in(&it, HOUR_S * MW_SECOND_US) / bound;
        uint64_t rested = HOUR_S * (uint64_t)MW_SECOND_US / 100 / (uint64_t)it.cpu_us;
        MW_CHECK(it.count <= forced + rested + 1);
        MW_CHECK(it.growth_max <= bound + grown_in(&it, it.cpu_us + 2 * LOOK_US));
        small_count += it.count > 0 && it.count < rested / 2;
        fast_count += it.count > rested + 1;
    }
    MW_CHECK(small_count > 5);
    MW_CHECK(fast_count > 5);
}
