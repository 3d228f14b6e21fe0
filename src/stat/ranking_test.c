#include "stat/ranking.h"

#include "testing/test.h"

MW_TEST(ranking_groups_equal_scores) {
    static const double scores[] = {0.5, -1, 0.0, 2, -0.0, 0.5};
    static const unsigned char labels[] = {1, 0, 1, 1, 0, 0};
    mw_ranking ranking;
    MW_CHECK_OK(mw_ranking_init(&ranking, (mw_scored){scores, labels, 6}, NULL), NULL);
    static const double sorted[] = {2, 0.5, 0.5, 0, 0, -1};
    static const unsigned char sorted_labels[] = {1, 0, 1, 0, 1, 0};
    static const uint32_t ends[] = {1, 3, 5, 6};
    MW_CHECK(ranking.count == 6 && ranking.group_count == 4 && ranking.positive_count == 3);
    for (size_t i = 0; i < 6; i++)
        MW_CHECK(ranking.scores[i] == sorted[i] && ranking.labels[i] == sorted_labels[i]);
    for (size_t i = 0; i < 4; i++) MW_CHECK_EQUAL_INT(ranking.group_ends[i], ends[i]);
    mw_ranking_release(&ranking);
}

MW_TEST(ranking_may_be_empty) {
    mw_ranking ranking;
    MW_CHECK_OK(mw_ranking_init(&ranking, (mw_scored){0}, NULL), NULL);
    MW_CHECK(ranking.count == 0 && ranking.group_count == 0);
    mw_ranking_release(&ranking);
}
