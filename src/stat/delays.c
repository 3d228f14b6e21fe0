#include "stat/delays.h"

#include <assert.h>
#include <math.h>

enum { FIRST_BIT = 20, STEP_BITS = 3, STEPS = 1 << STEP_BITS };
static_assert(MW_DELAYS_BUCKETS == 1 + STEPS * (63 - FIRST_BIT), "up to the last bit of an int64");

static size_t bucket_of(int64_t delay_us) {
    if (delay_us >> FIRST_BIT == 0) return 0;
    int top = 63 - __builtin_clzll((unsigned long long)delay_us);
    size_t step = (size_t)(delay_us >> (top - STEP_BITS)) & (STEPS - 1);
    return 1 + (size_t)(top - FIRST_BIT) * STEPS + step;
}

/* The last one that falls into it. */
static int64_t end_of(size_t bucket) {
    if (bucket == 0) return ((int64_t)1 << FIRST_BIT) - 1;
    int top = FIRST_BIT + (int)((bucket - 1) / STEPS);
    uint64_t above = STEPS + (bucket - 1) % STEPS + 1;
    return (int64_t)((above << (top - STEP_BITS)) - 1);
}

void mw_delays_add(mw_delays *delays, int64_t delay_us) {
    if (delay_us < 0) delay_us = 0;
    delays->count++;
    delays->buckets[bucket_of(delay_us)]++;
    if (delay_us > delays->longest_us) delays->longest_us = delay_us;
}

void mw_delays_add_all(mw_delays *delays, const mw_delays *others) {
    delays->count += others->count;
    for (size_t i = 0; i < MW_DELAYS_BUCKETS; i++) delays->buckets[i] += others->buckets[i];
    if (others->longest_us > delays->longest_us) delays->longest_us = others->longest_us;
}

int64_t mw_delays_quantile(const mw_delays *delays, double share) {
    MW_ASSERT(share > 0 && share <= 1);
    double rank = ceil(share * (double)delays->count);
    uint64_t seen = 0;
    for (size_t i = 0; i < MW_DELAYS_BUCKETS; i++) {
        seen += delays->buckets[i];
        if (seen == 0 || (double)seen < rank) continue;
        int64_t end = end_of(i);
        return end < delays->longest_us ? end : delays->longest_us;
    }
    return delays->longest_us;
}
