#include "stat/threshold.h"

#include "stat/ranking.h"

#include <math.h>

static mw_threshold priced(mw_costs costs, mw_threshold t) {
    t.cost = costs.false_alarm * (double)t.false_alarms + costs.miss * (double)t.misses;
    return t;
}

static mw_threshold best_of(const mw_ranking *ranking, mw_costs costs) {
    mw_threshold t = {.threshold = nextafter(ranking->scores[0], INFINITY),
                      .misses = ranking->positive_count};
    mw_threshold best = priced(costs, t);
    size_t next = 0;
    for (size_t g = 0; g < ranking->group_count; g++) {
        t.threshold = ranking->scores[next];
        for (; next < ranking->group_ends[g]; next++) {
            if (ranking->labels[next]) t.misses--;
            else t.false_alarms++;
        }
        t = priced(costs, t);
        if (t.cost < best.cost) best = t;
    }
    return best;
}

mw_status mw_threshold_best(mw_scored scored, mw_costs costs, mw_threshold *out_threshold,
                            mw_error *err) {
    MW_ASSERT(costs.false_alarm >= 0);
    MW_ASSERT(costs.miss >= 0);
    if (scored.count == 0)
        return mw_fail(err, MW_INVALID, "threshold: there must be an example, got none");
    mw_ranking ranking;
    MW_TRY(mw_ranking_init(&ranking, scored, err));
    *out_threshold = best_of(&ranking, costs);
    mw_ranking_release(&ranking);
    return MW_OK;
}

mw_threshold mw_threshold_cost(mw_scored scored, mw_costs costs, double threshold) {
    mw_threshold t = {.threshold = threshold};
    for (size_t i = 0; i < scored.count; i++) {
        bool is_yes = scored.scores[i] >= threshold;
        t.false_alarms += is_yes && !scored.labels[i];
        t.misses += !is_yes && scored.labels[i];
    }
    return priced(costs, t);
}
