#include "model/forest_tree.h"

#include <math.h>

enum { WORD_BITS = 32 };

/* Truncates towards 0 as LightGBM's cast to int does: what does not fit an int is unknown. */
static bool set_holds(const uint32_t *words, const mw_tree_split *split, double value) {
    if (!(value > -1.0 && value < 2147483648.0)) return false;
    uint32_t category = (uint32_t)value;
    if (category / WORD_BITS >= split->by.set.word_count) return false;
    return words[split->by.set.first_word + category / WORD_BITS] >> category % WORD_BITS & 1;
}

bool mw_tree_goes_left(const mw_forest *forest, const mw_tree_split *split, double value) {
    bool is_missing = isnan(value);
    if (split->rule == MW_RULE_CATEGORY) return set_holds(forest->words, split, value);
    if (split->rule == MW_RULE_MISSING_NAN && is_missing) return split->default_left;
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

double mw_tree_sum(const mw_forest *forest, const double *features) {
    double sum = 0;
    for (uint32_t tree = 0; tree < forest->head.tree_count; tree++)
        sum += forest->leaves[mw_tree_leaf(forest, tree, features)];
    return sum;
}
