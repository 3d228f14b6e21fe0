/*
 * tally: what a lane's answers add up to: by month, by day, in all, and beside the others.
 *
 * Only labelled predictions cost anything. The excess over the cheapest lane has an interval by
 * the bootstrap over days: both lanes' costs of the same drawn days, so that what a day did to
 * both cancels out.
 */
#pragma once
#include "loop/lane.h"

typedef struct {
    const mw_zone *zone;
    int64_t from, to; /* local midnights */
    mw_costs costs;
    uint64_t seed;
    const mw_tape_moment *moments;
    size_t moment_count;
} mw_tally_config;

/* The day and month of t, counted from those of `from`. */
void mw_tally_place(const mw_tally_config *config, int64_t t, mw_tape_moment *moment);
/* Fills everything but the excess, in `arena`. */
MW_MUST_USE mw_status mw_tally_lane(const mw_tally_config *config, const mw_lane *lane,
                                    mw_arena *arena, mw_backtest_lane *out_lane, mw_error *err);
/* The cheapest of lanes that were tallied; fills the excess of each over it. */
size_t mw_tally_compare(uint64_t seed, mw_backtest_lane *lanes, size_t lane_count);
