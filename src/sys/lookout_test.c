#include "sys/lookout.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>

/* What the machine and those who ask are made of, in ns. */
typedef struct {
    double work;  /* CPU of an event */
    double sleep; /* CPU of a sleep: to go, to be woken, and what it makes of the next turn */
    double wake;  /* from the event to when the sleeper sees it */
} machine;

typedef struct {
    double cpu, cpu_of_sleeper; /* with the lookout; if it always slept */
    int64_t wait_count, look_count, vain_count;
} tally;

static void one_wait(mw_lookout *lookout, machine m, double gap, tally *t) {
    if (mw_lookout_asks_cpu(lookout)) mw_lookout_tell_cpu(lookout, (int64_t)t->cpu);
    bool looks = mw_lookout_looks(lookout), is_met = looks && gap < MW_LOOKOUT_LOOK_NS_MAX;
    mw_lookout_wait wait = {.span_ns = (int64_t)(is_met ? gap : gap + m.wake),
                            .event_count = 1,
                            .was_vain = looks && !is_met};
    t->cpu += m.work + (is_met ? gap : m.sleep) + (wait.was_vain ? MW_LOOKOUT_LOOK_NS_MAX : 0);
    t->cpu_of_sleeper += m.work + m.sleep;
    t->wait_count++;
    t->look_count += looks;
    t->vain_count += wait.was_vain;
    mw_lookout_tell_wait(lookout, wait);
}

static tally waits(mw_lookout *lookout, machine m, double gap, int64_t count) {
    tally t = {0};
    lookout->cpu_ns = 0; /* the clock of this tally */
    for (int64_t i = 0; i < count; i++) one_wait(lookout, m, gap, &t);
    return t;
}

static mw_lookout begin(void) {
    mw_lookout lookout;
    mw_lookout_init(&lookout);
    return lookout;
}

static double share_more(tally t) { return t.cpu / t.cpu_of_sleeper - 1; }

static const machine virtual = {.work = 8000, .sleep = 40000, .wake = 40000};
static const machine awake = {.work = 8000, .sleep = 4000, .wake = 20000};
static const machine bare = {.work = 8000, .sleep = 4000, .wake = 4000};

/* One client that asks at once after each answer. A quarter of the waits is left to others. */
MW_TEST(lookout_looks_where_sleep_is_dear) {
    mw_lookout lookout = begin();
    tally t = waits(&lookout, virtual, 30000, 100000);
    MW_CHECK(t.look_count > t.wait_count * 7 / 10 && t.look_count <= t.wait_count * 3 / 4);
    MW_CHECK_EQUAL_INT(t.vain_count, 0);
    MW_CHECK(t.cpu < t.cpu_of_sleeper);
}

MW_TEST(lookout_sleeps_where_that_is_cheap) {
    mw_lookout lookout = begin();
    tally t = waits(&lookout, bare, 30000, 1000000);
    MW_CHECK(t.look_count > 0); /* it tried */
    MW_CHECK(share_more(t) < 0.015);
}

/* A client that never sleeps: to be woken costs its time, not much of ours, and little of either.
   What it teaches is not held against one that sleeps. */
MW_TEST(lookout_pays_nothing_for_what_is_soon_anyhow) {
    mw_lookout lookout = begin();
    tally t = waits(&lookout, awake, 4400, 1000000);
    MW_CHECK(t.look_count > 0);
    MW_CHECK(share_more(t) < 0.001);
    t = waits(&lookout, virtual, 30000, 1000);
    MW_CHECK(t.look_count > 600);
}

/* Where a look is cheaper it is taken, however soon one is woken. */
MW_TEST(lookout_saves_where_that_can_be_done) {
    mw_lookout lookout = begin();
    tally t = waits(&lookout, awake, 3000, 100000);
    MW_CHECK(t.look_count > t.wait_count * 7 / 10 && t.cpu < t.cpu_of_sleeper);
}

/* Of both, at random: what the more frequent have taught holds for all. */
MW_TEST(lookout_learns_from_mixed_waits) {
    uint64_t seed = mw_test_seed();
    for (int share = 0; share <= 10; share++) {
        mw_lookout lookout = begin();
        tally t = {0};
        for (int i = 0; i < 200000; i++)
            one_wait(&lookout, awake, mw_prng_below(&seed, 10) < (uint64_t)share ? 35000 : 15000,
                     &t);
        MW_CHECK(t.look_count > 0);
        MW_CHECK(share_more(t) < 0.02);
        if (share <= 2) MW_CHECK(waits(&lookout, virtual, 30000, 1000).look_count > 600);
    }
}

/* The others come back who keep the core awake, say. */
MW_TEST(lookout_notices_when_sleep_becomes_cheap) {
    mw_lookout lookout = begin();
    (void)waits(&lookout, virtual, 30000, 100000);
    MW_CHECK(waits(&lookout, bare, 30000, 10000).look_count < 1000);
}

/* 2,000 a second evenly, then 8,000: looks do not meet what comes, at most it tries. */
MW_TEST(lookout_sleeps_where_little_comes) {
    mw_lookout lookout = begin();
    MW_CHECK_EQUAL_INT(waits(&lookout, virtual, 490000, 100000).look_count, 0);
    tally t = waits(&lookout, virtual, 115000, 100000);
    MW_CHECK(t.vain_count > 0 && t.vain_count == t.look_count);
    MW_CHECK(share_more(t) < 0.005);
    t = waits(&lookout, virtual, 115000, 1000000);
    MW_CHECK(share_more(t) < 0.001);
}

/* And with waits as they fall when many ask who know nothing of each other. */
MW_TEST(lookout_is_not_taken_in_by_chance) {
    uint64_t seed = mw_test_seed();
    mw_lookout lookout = begin();
    tally t = {0};
    for (int i = 0; i < 200000; i++)
        one_wait(&lookout, virtual, -log(1 - mw_prng_double(&seed)) * 490000, &t);
    MW_CHECK(t.look_count < t.wait_count / 1000);
}

/* A server whose clients have gone: one look, and sleep from then on. */
MW_TEST(lookout_of_who_is_idle_sleeps) {
    for (int64_t busy = 0; busy < 300; busy++) {
        mw_lookout lookout = begin();
        (void)waits(&lookout, virtual, 30000, busy);
        tally t = waits(&lookout, virtual, 100e6, 1000);
        MW_CHECK(t.look_count <= 1);
    }
}

/* Clients that come for some requests and go: where that is all too soon, they are not looked for;
   those that stay long enough are. */
MW_TEST(lookout_learns_from_clients_that_go) {
    for (int64_t stay = 1; stay <= 4096; stay = stay * 5 / 4 + 1) {
        mw_lookout lookout = begin();
        tally all = {0};
        for (int visit = 0; visit < 1000; visit++) {
            for (int64_t i = 0; i < stay; i++) one_wait(&lookout, virtual, 30000, &all);
            one_wait(&lookout, virtual, 10e6, &all);
        }
        MW_CHECK(share_more(all) < 0.01);
        if (stay > 1000) MW_CHECK(all.look_count > all.wait_count / 2);
    }
}

/* Any machine, any traffic, changing now and then. */
MW_TEST(lookout_costs_little_whatever_comes) {
    uint64_t seed = mw_test_seed();
    int64_t look_count = 0;
    for (int round = 0; round < 50; round++) {
        mw_lookout lookout = begin();
        tally t = {0};
        for (int part = 0; part < 20; part++) {
            machine m = {.work = 1000 + mw_prng_double(&seed) * 40000,
                         .sleep = 1000 * exp(mw_prng_double(&seed) * 4),
                         .wake = mw_prng_double(&seed) * 60000};
            double mean = 1000 * exp(mw_prng_double(&seed) * 5), spread = mw_prng_double(&seed);
            double pauses = mw_prng_double(&seed) * 0.02;
            uint64_t count = mw_prng_below(&seed, 20000);
            for (uint64_t i = 0; i < count; i++) {
                double gap = mean * (1 + spread * (2 * mw_prng_double(&seed) - 1));
                if (mw_prng_double(&seed) < pauses) gap = 1e6;
                one_wait(&lookout, m, gap, &t);
            }
        }
        MW_CHECK(share_more(t) < 0.05);
        look_count += t.look_count;
    }
    MW_CHECK(look_count > 0);
}

/* However long looks did not pay: it notices when they do, and within as many waits. */
MW_TEST(lookout_never_gives_up) {
    mw_lookout lookout = begin();
    (void)waits(&lookout, bare, 30000, 1000000);
    MW_CHECK_EQUAL_INT(lookout.patience[false], MW_LOOKOUT_PATIENCE_MAX);
    (void)waits(&lookout, virtual, 30000, 2 * MW_LOOKOUT_PATIENCE_MAX);
    tally t = waits(&lookout, virtual, 30000, 10000);
    MW_CHECK(t.look_count > t.wait_count * 7 / 10);
}
