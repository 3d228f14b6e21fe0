/*
 * forest_format: the canonical bytes of a forest, item by item.
 *
 * A head, then each tree as its nodes in pre-order: a split, all of its left side, all of its
 * right side. The order is the structure: no child is named by number, so there is no cycle and
 * no stray index to check for, and equal forests have equal bytes whatever numbered their nodes.
 *
 *     head      u32 feature_count, tree_count, output, is_average | f64 sigmoid
 *     leaf      u32 kind                                     | f64 value
 *     numeric   u32 kind + missing << 2 + default_left << 4, feature | f64 threshold
 *     category  u32 kind, feature, word_count | u32 words[]  (bit c set: category c goes left)
 *
 * Little endian. Where two spellings would mean the same, one of them is refused by the reader.
 */
#pragma once
#include "base/str.h"

enum {
    MW_FOREST_FEATURES_MAX = 4096,
    MW_FOREST_TREES_MAX = 100 * 1000,
    MW_FOREST_SPLITS_MAX = 1 << 27,
    MW_FOREST_WORDS_MAX = 1 << 26, /* of category sets, in all */
};

/* What becomes of the sum of the leaves. */
typedef enum {
    MW_OUTPUT_IDENTITY,
    MW_OUTPUT_SIGMOID, /* 1 / (1 + exp(-sigmoid * sum)) */
    MW_OUTPUT_EXP,
    MW_OUTPUT_COUNT
} mw_forest_output;

/* Which values take the default side of a numeric split. */
typedef enum {
    MW_MISSING_NONE, /* none: NaN counts as 0 */
    MW_MISSING_ZERO, /* NaN and 0 */
    MW_MISSING_NAN,  /* NaN */
    MW_MISSING_COUNT
} mw_missing_kind;

typedef struct {
    uint32_t feature_count;
    uint32_t tree_count;
    mw_forest_output output;
    bool is_average; /* the sum is divided by tree_count */
    double sigmoid;  /* 1 unless the output is the sigmoid */
} mw_forest_head;

typedef enum { MW_NODE_LEAF, MW_NODE_NUMERIC, MW_NODE_CATEGORY } mw_node_kind;

typedef struct {
    mw_node_kind kind;
    uint32_t feature;        /* splits */
    double value;            /* leaf: what it adds; numeric: up to this, maybe inf, goes left */
    mw_missing_kind missing; /* numeric */
    bool default_left;       /* numeric; false if missing is none */
    mw_str words;            /* category: u32 words, as they lie in the bytes */
} mw_forest_node;

void mw_forest_head_append(mw_buf *out, const mw_forest_head *head);
/* Appends the canonical form of `node`: empty words at the end of a set are left out, and so is
   a default side that nothing takes. */
void mw_forest_node_append(mw_buf *out, const mw_forest_node *node);
/* False if the bytes are no canonical head or node. Indexes and numbers are in range after. */
MW_MUST_USE bool mw_forest_head_read(mw_reader *reader, mw_forest_head *out_head);
MW_MUST_USE bool mw_forest_node_read(mw_reader *reader, const mw_forest_head *head,
                                     mw_forest_node *out_node);
