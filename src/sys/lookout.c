#include "sys/lookout.h"

enum {
    SLEEPS_OF_BLOCK = 16, /* so many short waits in a row are no chance where little comes */
    LOOKS_OF_BLOCK = 48,
    VAIN_MAX = LOOKS_OF_BLOCK / 8,
};

void mw_lookout_init(mw_lookout *lookout) {
    *lookout = (mw_lookout){.patience = {MW_LOOKOUT_PATIENCE_MIN, MW_LOOKOUT_PATIENCE_MIN}};
}

bool mw_lookout_looks(const mw_lookout *lookout) { return lookout->phase == MW_LOOKOUT_LOOKS; }

/* --- blocks ------------------------------------------------------------------------------- */

static bool is_over(const mw_lookout *lookout, int32_t wait_max) {
    return lookout->short_count + lookout->long_count >= wait_max;
}

bool mw_lookout_asks_cpu(const mw_lookout *lookout) {
    if (lookout->phase == MW_LOOKOUT_SLEEPS) return is_over(lookout, SLEEPS_OF_BLOCK);
    if (lookout->phase == MW_LOOKOUT_LOOKS) return is_over(lookout, LOOKS_OF_BLOCK);
    return lookout->short_count >= lookout->patience[false] ||
           lookout->long_count >= lookout->patience[true];
}

static void begin_block(mw_lookout *lookout, mw_lookout_phase phase) {
    lookout->phase = phase;
    lookout->short_count = lookout->long_count = lookout->vain_count = 0;
    lookout->event_count = 0;
}

static void lose_patience(int32_t *patience) {
    if (*patience < MW_LOOKOUT_PATIENCE_MAX) *patience *= 2;
}

/* However looking ends: a client that soon goes costs a look in vain, too. */
static void begin_watching(mw_lookout *lookout) {
    if (lookout->phase == MW_LOOKOUT_LOOKS) {
        lose_patience(&lookout->patience[lookout->is_long]);
        if (lookout->was_long != lookout->is_long)
            lose_patience(&lookout->patience[lookout->was_long]);
    }
    lookout->sleeping = lookout->looking = (mw_lookout_cost){0};
    begin_block(lookout, MW_LOOKOUT_WATCHES);
}

static void add_block(mw_lookout_cost *cost, int64_t cpu_ns, int64_t event_count) {
    cost->cpu_ns = cost->cpu_ns / 4 * 3 + cpu_ns;
    cost->event_count = cost->event_count * 3 / 4 + event_count;
}

/* Where waits are long an event may cost a quarter more: blocks differ by about as much for no
   reason, and where these ended looks each few ms, who asks had no good of them. On average they
   cost no more. Where waits are short, who asks is answered soon anyhow. */
static bool is_worth_it(const mw_lookout *lookout) {
    const mw_lookout_cost *sleeping = &lookout->sleeping, *looking = &lookout->looking;
    double share_max = lookout->is_long ? 1.25 : 1;
    return (double)looking->cpu_ns * (double)sleeping->event_count <=
           share_max * (double)sleeping->cpu_ns * (double)looking->event_count;
}

static void end_looks(mw_lookout *lookout, int64_t cpu_ns) {
    add_block(&lookout->looking, cpu_ns, lookout->event_count);
    if (!is_worth_it(lookout)) {
        begin_watching(lookout);
        return;
    }
    int32_t *patience = &lookout->patience[lookout->is_long];
    if (*patience > MW_LOOKOUT_PATIENCE_MIN) *patience /= 2;
    begin_block(lookout, MW_LOOKOUT_SLEEPS);
}

void mw_lookout_tell_cpu(mw_lookout *lookout, int64_t cpu_ns) {
    int64_t used_ns = cpu_ns - lookout->cpu_ns;
    lookout->cpu_ns = cpu_ns;
    if (lookout->phase == MW_LOOKOUT_LOOKS) {
        end_looks(lookout, used_ns);
    } else if (lookout->phase == MW_LOOKOUT_SLEEPS) {
        add_block(&lookout->sleeping, used_ns, lookout->event_count);
        lookout->is_long = lookout->long_count > SLEEPS_OF_BLOCK / 2;
        begin_block(lookout, MW_LOOKOUT_LOOKS);
    } else {
        lookout->was_long = lookout->long_count >= lookout->patience[true];
        begin_block(lookout, MW_LOOKOUT_SLEEPS);
    }
}

/* --- waits -------------------------------------------------------------------------------- */

static void count_wait(mw_lookout *lookout, bool is_long) {
    if (is_long) {
        lookout->long_count++;
        return;
    }
    lookout->short_count++;
    bool takes_back = lookout->phase == MW_LOOKOUT_WATCHES && lookout->long_count > 0;
    if (takes_back) lookout->long_count--;
}

void mw_lookout_tell_wait(mw_lookout *lookout, mw_lookout_wait wait) {
    count_wait(lookout, wait.span_ns >= MW_LOOKOUT_LONG_NS);
    lookout->vain_count += wait.was_vain;
    lookout->event_count += wait.event_count;
    if (lookout->phase == MW_LOOKOUT_WATCHES) return;
    if (wait.span_ns > MW_LOOKOUT_SPAN_NS_MAX || lookout->vain_count > VAIN_MAX)
        begin_watching(lookout);
}
