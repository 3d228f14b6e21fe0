#include "model/forest_tree.h"

enum { WORD_BITS = 32 };

static bool set_holds(const mw_forest *forest, const mw_tree_split *split, double value) {
    uint32_t count = split->by.set.word_count * WORD_BITS;
    uint32_t category = mw_tree_category(forest, value, count);
    if (category == count) return false;
    const uint32_t *words = forest->words + split->by.set.first_word;
    return words[category / WORD_BITS] >> category % WORD_BITS & 1;
}

bool mw_tree_goes_left(const mw_forest *forest, const mw_tree_split *split, double value) {
    bool is_missing = isnan(value);
    if (split->rule == MW_RULE_CATEGORY)
        return is_missing ? split->default_left : set_holds(forest, split, value);
    if (split->rule == MW_RULE_MISSING_NAN && is_missing) return split->default_left;
    if (forest->head.is_float) return (double)(float)value <= split->by.threshold;
    if (is_missing || fabs(value) <= MW_TREE_ZERO_MAX) value = 0;
    if (split->rule == MW_RULE_MISSING_ZERO && value == 0) return split->default_left;
    return value <= split->by.threshold;
}

size_t mw_tree_leaf(const mw_forest *forest, uint32_t tree, const double *features) {
    int32_t at = forest->roots[tree];
    while (at >= 0) {
        const mw_tree_split *split = &forest->splits[at];
        bool is_left = mw_tree_goes_left(forest, split, features[split->feature]);
        at = is_left ? split->left : split->right;
    }
    return (size_t)~at;
}

double mw_tree_value(const mw_forest *forest, size_t leaf, const double *features) {
    if (!forest->linears) return forest->leaves[leaf];
    const mw_tree_linear *linear = &forest->linears[leaf];
    const mw_forest_term *terms = forest->terms + linear->first_term;
    double value = linear->constant;
    for (uint32_t i = 0; i < linear->term_count; i++) {
        double x = features[terms[i].feature];
        if (isnan(x)) return forest->leaves[leaf];
        value += terms[i].factor * mw_tree_term_value(x);
    }
    return value;
}

void mw_tree_sums(const mw_forest *forest, const double *features, double *out_sums) {
    uint32_t class_count = forest->head.class_count;
    for (uint32_t i = 0; i < class_count; i++) out_sums[i] = mw_tree_start(forest);
    for (uint32_t tree = 0, class = 0; tree < forest->head.tree_count; tree++) {
        size_t leaf = mw_tree_leaf(forest, tree, features);
        double value = mw_tree_value(forest, leaf, features);
        out_sums[class] = mw_tree_add(forest, out_sums[class], value);
        if (++class == class_count) class = 0;
    }
}
