#include "stat/ranking.h"

#include <math.h>

#include "stat/number_sort.h"

/* Falls as the score rises; -0 is 0, so equal scores have one key. */
static uint64_t falling_key(double score) {
    return ~mw_number_key(score == 0 ? 0 : score);
}

static double score_of(uint64_t falling) {
    return mw_number_of_key(~falling);
}

/* Labels of 0 first, then those of 1: the sort by score that follows keeps that order. */
static size_t put_by_label(mw_scored scored, unsigned char label, mw_tagged_number *out) {
    size_t count = 0;
    for (size_t i = 0; i < scored.count; i++)
        if (scored.labels[i] == label)
            out[count++] = (mw_tagged_number){falling_key(scored.scores[i]), label};
    return count;
}

static void fill(mw_ranking *ranking, const mw_tagged_number *sorted, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ranking->scores[i] = score_of(sorted[i].key);
        ranking->labels[i] = (unsigned char)sorted[i].tag;
        ranking->positive_count += sorted[i].tag;
        if (i + 1 == count || sorted[i].key != sorted[i + 1].key)
            ranking->group_ends[ranking->group_count++] = (uint32_t)(i + 1);
    }
    ranking->count = count;
}

mw_status mw_ranking_init(mw_ranking *ranking, mw_scored scored, mw_error *err) {
    if (scored.count > MW_EXAMPLES_MAX)
        return mw_fail(err, MW_TOO_LARGE, "metrics: at most %zu examples fit, got %zu",
                       MW_EXAMPLES_MAX, scored.count);
    size_t room = scored.count + 1; /* an empty ranking has arrays too */
    mw_tagged_number *sorted = mw_allocate(2 * room * sizeof *sorted); /* and room to sort them */
    mw_ranking made = {.scores = mw_allocate(room * sizeof *made.scores),
                       .labels = mw_allocate(room * sizeof *made.labels),
                       .group_ends = mw_allocate(room * sizeof *made.group_ends)};
    mw_status status = MW_OK;
    if (!sorted || !made.scores || !made.labels || !made.group_ends)
        status = mw_fail(err, MW_NO_MEMORY, "metrics: out of memory for %zu examples",
                         scored.count);
    for (size_t i = 0; status == MW_OK && i < scored.count; i++) {
        MW_ASSERT(scored.labels[i] <= 1);
        if (isnan(scored.scores[i]))
            status = mw_fail(err, MW_INVALID,
                             "metrics: a score must be a number, that of example %zu is none", i);
    }
    if (status == MW_OK) {
        size_t negatives = put_by_label(scored, 0, sorted);
        (void)put_by_label(scored, 1, sorted + negatives);
        mw_number_sort(sorted, sorted + room, scored.count);
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
