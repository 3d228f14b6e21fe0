/*
 * disorder: a crew in one thread that does pieces in any order, some while its caller is at
 * something else, as threads would.
 *
 * What a replay does by threads is so tested with every allocation failing, and with seeds.
 */
#pragma once
#include "base/crew.h"

/* `prng` draws the order; it outlives the crew. */
mw_crew mw_disorder_crew(uint64_t *prng, size_t size);
