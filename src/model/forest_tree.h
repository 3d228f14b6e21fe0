/*
 * forest_tree: the inside of a forest, for the modules that walk, lay out or explain its trees.
 *
 * Splits of all trees lie in one array, in pre-order, and leaves in another; so the way down a
 * left side is a walk over neighbours, and a tree's leaves lie in one piece, from left to right. A
 * child >= 0 is a split, else ~child is a leaf.
 */
#pragma once
#include "model/forest.h"

#include <math.h>

/* LightGBM takes everything up to here for 0. It is a float there, and the difference counts. */
#define MW_TREE_ZERO_MAX ((double)1e-35f)

typedef enum {
    MW_RULE_PLAIN,
    MW_RULE_MISSING_ZERO,
    MW_RULE_MISSING_NAN,
    MW_RULE_CATEGORY
} mw_tree_rule;

typedef struct {
    union {
        double threshold;
        struct {
            uint32_t first_word, word_count;
        } set;
    } by;
    int32_t left, right;
    uint16_t feature;
    uint8_t rule; /* a mw_tree_rule */
    bool default_left; /* of a category: NaN goes left */
} mw_tree_split;
_Static_assert(sizeof(mw_tree_split) == 24, "a split takes 24 bytes");
_Static_assert(MW_FOREST_FEATURES_MAX <= UINT16_MAX, "a feature's index has 16 bits");
_Static_assert((int)MW_RULE_MISSING_ZERO == (int)MW_MISSING_ZERO &&
                   (int)MW_RULE_MISSING_NAN == (int)MW_MISSING_NAN,
               "a numeric split's rule is its kind of missing");

/* What a linear leaf adds: its constant and its terms, or the leaf's value if one is missing. */
typedef struct {
    double constant;
    uint32_t first_term, term_count;
} mw_tree_linear;

struct mw_forest_layout;

struct mw_forest {
    mw_forest_head head;
    const int32_t *roots; /* one a tree, with the sign of a child */
    const mw_tree_split *splits;
    const double *leaves;
    const uint32_t *words;
    const mw_tree_linear *linears; /* one a leaf; NULL if no leaf is linear */
    const mw_forest_term *terms;
    const double *split_covers, *leaf_covers; /* NULL without covers */
    size_t split_count, leaf_count;
    mw_str payload;                        /* the canonical bytes */
    const struct mw_forest_layout *layout; /* NULL: the trees do not fit, and are walked */
};

/* The category that `value` names: below `count`, or `count` if it is none of these. LightGBM cuts
   towards 0, so that -0.5 is category 0; XGBoost takes nothing below 0. */
static inline uint32_t mw_tree_category(const mw_forest *forest, double value, uint32_t count) {
    if (forest->head.is_float) value = (float)value < 0 ? -1 : (double)(float)value;
    return value > -1.0 && value < (double)count ? (uint32_t)value : count;
}

/* What a linear leaf reads: LightGBM's predictor hands its trees 0 for what is nearly 0. */
static inline double mw_tree_term_value(double value) {
    return fabs(value) <= MW_TREE_ZERO_MAX ? 0 : value;
}

/* What a sum begins with: LightGBM clears it, XGBoost fills in the first leaf, which may be -0. */
static inline double mw_tree_start(const mw_forest *forest) {
    return forest->head.is_float ? -0.0 : 0;
}

/* A sum, one leaf later. Rounding a double's sum of two floats gives the float's sum. */
static inline double mw_tree_add(const mw_forest *forest, double sum, double leaf) {
    return forest->head.is_float ? (double)(float)(sum + leaf) : sum + leaf;
}

/* Whether `value` of the split's feature goes left. */
bool mw_tree_goes_left(const mw_forest *forest, const mw_tree_split *split, double value);
/* The leaf of tree `tree` that the features fall into, as an index into `leaves`. */
size_t mw_tree_leaf(const mw_forest *forest, uint32_t tree, const double *features);
/* What a leaf adds to the sum of a row that fell into it. */
double mw_tree_value(const mw_forest *forest, size_t leaf, const double *features);
/* The sums of the leaves, one a class, tree by tree: what every faster way must equal, to the
   bit. */
void mw_tree_sums(const mw_forest *forest, const double *features, double *out_sums);
