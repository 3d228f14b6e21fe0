#include "stat/ranking.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    double score;
    unsigned char label;
} scored_one;

static int compare(const void *a, const void *b) {
    const scored_one *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return (x->label > y->label) - (x->label < y->label);
}

static void fill(mw_ranking *ranking, const scored_one *sorted, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ranking->scores[i] = sorted[i].score;
        ranking->labels[i] = sorted[i].label;
        ranking->positive_count += sorted[i].label;
        if (i + 1 == count || sorted[i].score != sorted[i + 1].score)
            ranking->group_ends[ranking->group_count++] = (uint32_t)(i + 1);
    }
    ranking->count = count;
}

mw_status mw_ranking_init(mw_ranking *ranking, mw_scored scored, mw_error *err) {
    if (scored.count > MW_EXAMPLES_MAX)
        return mw_fail(err, MW_TOO_LARGE, "metrics: at most %zu examples fit, got %zu",
                       MW_EXAMPLES_MAX, scored.count);
    size_t room = scored.count + 1; /* an empty ranking has arrays too */
    scored_one *sorted = mw_allocate(room * sizeof *sorted);
    mw_ranking made = {.scores = mw_allocate(room * sizeof *made.scores),
                       .labels = mw_allocate(room * sizeof *made.labels),
                       .group_ends = mw_allocate(room * sizeof *made.group_ends)};
    mw_status status = MW_OK;
    if (!sorted || !made.scores || !made.labels || !made.group_ends)
        status = mw_fail(err, MW_NO_MEMORY, "metrics: out of memory for %zu examples",
                         scored.count);
    for (size_t i = 0; status == MW_OK && i < scored.count; i++) {
        MW_ASSERT(scored.labels[i] <= 1);
        sorted[i] = (scored_one){scored.scores[i], scored.labels[i]};
        if (isnan(scored.scores[i]))
            status = mw_fail(err, MW_INVALID,
                             "metrics: a score must be a number, that of example %zu is none", i);
    }
    if (status == MW_OK) {
        qsort(sorted, scored.count, sizeof *sorted, compare);
        fill(&made, sorted, scored.count);
        *ranking = made;
    } else {
        mw_ranking_release(&made);
    }
    mw_free(sorted);
    return status;
}

void mw_ranking_release(mw_ranking *ranking) {
    mw_free(ranking->scores);
    mw_free(ranking->labels);
    mw_free(ranking->group_ends);
    *ranking = (mw_ranking){0};
}
