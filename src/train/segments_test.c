#include "train/segments.h"

#include "base/prng.h"
#include "train/examples_world_test.h"

#include <string.h>

MW_TEST(segments_measure_each_value_apart_and_name_the_small) {
    enum { COUNT = 600 };
    static double scores[COUNT];
    static unsigned char labels[COUNT];
    examples_world w;
    examples_world_begin(&w);
    uint64_t prng = mw_test_seed();
    for (int64_t i = 0; i < COUNT; i++) {
        bool label = mw_prng_below(&prng, 2) == 0;
        const char *who = i < 5 ? "eve" : i % 2 ? "bob" : "ann";
        examples_world_add(&w, i, who, 1, label);
        /* bob's scores tell his labels, ann's say the contrary */
        scores[i] = strcmp(who, "bob") == 0 ? label : !label;
        labels[i] = label;
    }
    mw_labels kind = {.kind = MW_ANSWER_YES_NO};
    mw_judged judged = {.count = COUNT, .width = 1, .outputs = scores, .yes = labels};
    mw_segments_question question = {.examples = &w.examples,
                                     .count = COUNT,
                                     .labels = &kind,
                                     .judged = &judged,
                                     .symbols = w.symbols};
    mw_segment_metrics *segments;
    size_t count;
    MW_CHECK_OK(mw_segments_measure(question, &w.arena, &segments, &count, NULL), NULL);
    MW_CHECK_EQUAL_INT(count, 3);
    MW_CHECK_EQUAL_STR(segments[0].value, "ann");
    MW_CHECK(segments[0].measures.of[MW_METRIC_roc_auc].value == 0);
    MW_CHECK_EQUAL_STR(segments[1].value, "bob");
    MW_CHECK(segments[1].measures.of[MW_METRIC_roc_auc].value == 1);
    MW_CHECK(!segments[0].is_small && !segments[1].is_small);
    MW_CHECK(segments[2].is_small && segments[2].count == 5);
    MW_CHECK_EQUAL_STR(segments[2].column, "who");
    examples_world_end(&w);
}
