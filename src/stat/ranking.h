/*
 * ranking: scored examples, sorted by falling score, equal scores in one group.
 *
 * What metrics and thresholds walk over. Within a group the order has no meaning, and the sort
 * makes it the same anyway: by score, then label.
 */
#pragma once
#include "stat/metrics.h"

typedef struct {
    double *scores; /* falling */
    unsigned char *labels;
    uint32_t *group_ends; /* index behind the last of each group of equal scores */
    size_t count, group_count, positive_count;
} mw_ranking;

/* MW_INVALID if a score is NaN. */
MW_MUST_USE mw_status mw_ranking_init(mw_ranking *ranking, mw_scored scored, mw_error *err);
void mw_ranking_release(mw_ranking *ranking);
