/*
 * delays: how long things took, told one by one, and which share of them took longer.
 *
 * Eight buckets to a doubling, from a second on, in plain counts: the order of telling is no
 * matter, and two of them add up to what one would have seen. A quantile is by nearest rank and
 * rounded up, by an eighth at most. A plain value of 2.8 KB; all zero is empty.
 */
#pragma once
#include "base/memory.h"

/* Of a second and less one, and eight to each doubling of 2^20 us up to what an int64_t holds. */
enum { MW_DELAYS_BUCKETS = 1 + 8 * 43 };

typedef struct {
    uint64_t count;
    int64_t longest_us; /* exactly */
    uint64_t buckets[MW_DELAYS_BUCKETS];
} mw_delays;

void mw_delays_add(mw_delays *delays, int64_t delay_us); /* below 0 is none */
void mw_delays_add_all(mw_delays *delays, const mw_delays *others);
/* At most so long took `share` of them, above 0 and up to 1: 1 is the longest. 0 of none. */
int64_t mw_delays_quantile(const mw_delays *delays, double share);
