#include "decide/recall.h"

#include <string.h>

/* Whether these probabilities come to the class that was recorded, in its bits. */
static bool come_to(mw_classes classes, const mw_prediction *prediction) {
    size_t likeliest = mw_classes_likeliest(classes);
    if (likeliest == SIZE_MAX) return prediction->class_name.size == 0;
    double probability = classes.probabilities[likeliest];
    return mw_str_equal(classes.names.items[likeliest], prediction->class_name) &&
           memcmp(&probability, &prediction->prediction, sizeof probability) == 0;
}

void mw_recall_classes(mw_scorer *scorer, mw_prediction *prediction) {
    const mw_version *version = mw_scorer_version(scorer);
    if (prediction->kind != MW_ANSWER_CLASS || version->answer != MW_ANSWER_CLASS) return;
    mw_classes classes = version->classes;
    bool is_share = prediction->fallback != MW_BECAUSE_NONE && come_to(classes, prediction);
    if (!is_share) classes = mw_scorer_run(scorer, prediction->features).classes;
    if (come_to(classes, prediction)) prediction->classes = classes;
}

mw_status mw_recall_keep_names(mw_arena *arena, mw_classes *classes, mw_error *err) {
    size_t count = classes->names.count;
    if (count == 0) return MW_OK;
    mw_str *names = mw_arena_alloc(arena, count, sizeof *names);
    if (!names) return mw_fail(err, MW_NO_MEMORY, "recall: no memory");
    for (size_t i = 0; i < count; i++) {
        names[i] = mw_str_copy(arena, classes->names.items[i]);
        if (!names[i].data) return mw_fail(err, MW_NO_MEMORY, "recall: no memory");
    }
    classes->names.items = names;
    return MW_OK;
}
