/*
 * forest_remap: the same trees over other feature numbers, and other numbers of categories.
 *
 * What a library trained has its features in the order of its training table, and its categories
 * in the order of a data frame; a version has both in the project's order.
 */
#pragma once
#include "model/forest.h"

/* What became of one feature of the forest. */
typedef struct {
    uint32_t feature;
    /* The new number of each category, MW_CATEGORY_GONE for one that is not needed; NULL: they
       stay. Sets hold no others than the first category_count. */
    const uint32_t *categories;
    size_t category_count;
} mw_feature_move;

#define MW_CATEGORY_GONE UINT32_MAX

/* `moves` has one for each feature of the forest; `width` is the new number of features.
   MW_INVALID: a set holds a category beyond those of its feature, or a feature whose categories
   are renumbered is split as a number. */
MW_MUST_USE mw_status mw_forest_remap(mw_arena *arena, const mw_forest *forest,
                                      const mw_feature_move *moves, uint32_t width,
                                      const mw_forest **out_forest, mw_error *err);
