/*
 * forest_layout: a forest made ready for SIMD lanes: splits that compare bytes, from left to right.
 *
 * All thresholds of a feature, in order, are its scale; a value's rank on it decides every split of
 * the feature, exactly. A rank becomes bytes in columns: one for each 254 thresholds, and one for
 * each way in which splits treat missing values. A split by a set of categories has a bit for
 * each category instead, which fill a column of its own just before its tree runs; for one row it
 * is kept ready what a category does to 64 trees.
 *
 * Making it takes a sort of the thresholds: milliseconds for 500 trees. It lives in the arena that
 * was given, beside its forest, and is immutable.
 */
#pragma once
#include "model/forest_kernels.h"
#include "model/forest_tree.h"

enum {
    MW_LANE_COLUMNS_MAX = 512, /* with those of one tree's sets */
    MW_LANE_SET_FEATURES_MAX = 64,
    MW_LANE_TABLES_SIZE_MAX = 1 << 26, /* bytes, of all sets */
    MW_LANE_RIGHTS_SIZE_MAX = 1 << 25, /* bytes, of what all categories do to one row */
};

/* How the splits of a column treat what is missing. */
typedef enum {
    MW_LANE_MISSING_AS_ZERO,
    MW_LANE_ZERO_LEFT,
    MW_LANE_ZERO_RIGHT,
    MW_LANE_NAN_LEFT,
    MW_LANE_NAN_RIGHT,
    MW_LANE_WAY_COUNT
} mw_lane_way;

typedef struct {
    mw_lane_way way;
    uint16_t first_rank; /* rank - first_rank is the column's byte */
} mw_lane_column;

/* A feature with numeric splits. */
typedef struct {
    uint16_t feature;
    uint16_t first_column, column_count;
    mw_rank_scale ranks;
} mw_lane_scale;

/* A feature with splits by sets. Category number category_count stands for all others, the next
   for NaN. */
typedef struct {
    uint16_t feature;
    uint32_t category_count;
    uint32_t first_category; /* those of the features before it come first */
} mw_lane_set_feature;

typedef struct {
    uint16_t set_feature, place; /* the latter: which split of its tree */
    uint32_t size;               /* of the bits, in bytes */
    const uint8_t *bits;         /* of each category: whether it goes left */
} mw_lane_set;

typedef struct {
    const mw_lane_split *splits;
    const double *leaves;
    const mw_lane_set *sets; /* their columns follow the numeric ones, in this order */
    uint32_t split_count, set_count;
} mw_lane_tree;

typedef struct mw_forest_layout {
    const mw_forest *forest;
    size_t width, scale_count, column_count, set_feature_count;
    size_t set_count_max; /* of a tree */
    const mw_lane_scale *scales;
    const mw_lane_column *columns;
    const mw_lane_set_feature *set_features;
    const mw_lane_tree *trees;
    const mw_lane_step *steps;    /* of all groups; NULL if no kernel wants them */
    const uint32_t *group_starts; /* the first step of each group, and the end */
    const uint64_t *rights;  /* of a group: [category of all features][step], a bit a tree */
    size_t category_count;   /* of all features with sets */
} mw_forest_layout;

/* `*out_layout` is NULL if the forest has no such form: linear leaves, a tree of more than 256
   leaves, more columns than fit, sets of very many categories. */
MW_MUST_USE mw_status mw_forest_layout_make(mw_arena *arena, const mw_forest *forest,
                                            const mw_forest_layout **out_layout, mw_error *err);
