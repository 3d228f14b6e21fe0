/*
 * forest_format: the canonical bytes of a forest, item by item.
 *
 * A head, then each tree as its nodes in pre-order: a split, all of its left side, all of its
 * right side. The order is the structure: no child is named by number, so there is no cycle and
 * no stray index to check for, and equal forests have equal bytes whatever numbered their nodes.
 *
 *     head      u32 feature_count, tree_count, class_count, output, flags | f64 sigmoid
 *     leaf      u32 kind                                     | f64 value
 *     linear    u32 kind, term_count | f64 value, constant | { u32 feature | f64 factor }...
 *     numeric   u32 kind + missing << 2 + default_left << 4, feature | f64 threshold
 *     category  u32 the same, feature, word_count | u32 words[]  (bit c set: category c goes left)
 *
 * If the head says so, each node ends with its cover as f64. Little endian. Where two spellings
 * would mean the same, one of them is refused by the reader. Format 1 is still read: its head is
 * u32 feature_count, tree_count, output, is_average | f64 sigmoid, its nodes have no covers.
 */
#pragma once
#include "base/str.h"

enum {
    MW_FOREST_FEATURES_MAX = 4096,
    MW_FOREST_TREES_MAX = 100 * 1000,
    MW_FOREST_SPLITS_MAX = 1 << 27,
    MW_FOREST_WORDS_MAX = 1 << 26, /* of category sets, in all */
    MW_FOREST_TERMS_MAX = 1 << 26, /* of linear leaves, in all */
    MW_FOREST_CLASSES_MAX = 4096,
    MW_FOREST_FORMAT = 2,
    MW_TERM_SIZE = 12, /* bytes */
};

/* What becomes of the sums of the leaves, one of each class. */
typedef enum {
    MW_OUTPUT_IDENTITY,
    MW_OUTPUT_SIGMOID, /* 1 / (1 + exp(-sigmoid * sum)) */
    MW_OUTPUT_EXP,
    MW_OUTPUT_SOFTMAX,
    MW_OUTPUT_SQUARE,  /* with the sum's sign */
    MW_OUTPUT_LOG_EXP, /* log(1 + exp(sum)) */
    MW_OUTPUT_STEP,    /* 1 above 0, else 0 */
    MW_OUTPUT_EXP_WIDE, /* exp in doubles, also of a float's sum */
    MW_OUTPUT_COUNT
} mw_forest_output;

/* Which values take the default side of a split. */
typedef enum {
    MW_MISSING_NONE, /* none: NaN counts as 0 */
    MW_MISSING_ZERO, /* NaN and 0 */
    MW_MISSING_NAN,  /* NaN */
    MW_MISSING_COUNT
} mw_missing_kind;

typedef struct {
    uint32_t feature_count;
    uint32_t tree_count;  /* a multiple of class_count */
    uint32_t class_count; /* of sums: tree t adds to number t % class_count */
    mw_forest_output output;
    bool is_average; /* sums are divided by the number of trees of a class */
    bool is_float;   /* XGBoost's arithmetic, in floats; else LightGBM's, in doubles */
    bool has_covers;
    double sigmoid; /* 1 unless the output is the sigmoid */
} mw_forest_head;

typedef enum { MW_NODE_LEAF, MW_NODE_NUMERIC, MW_NODE_CATEGORY, MW_NODE_LINEAR } mw_node_kind;

typedef struct {
    mw_node_kind kind;
    uint32_t feature;        /* splits */
    double value;            /* leaf: what it adds; numeric: up to this, maybe inf, goes left */
    double constant;         /* linear: what it adds, beside its terms, unless one is missing */
    double cover;            /* how much of the training data came here: rows, or their weight */
    mw_missing_kind missing; /* splits; of a category: none, or NaN goes left */
    bool default_left;       /* splits; false if missing is none */
    mw_str words;            /* category: u32 words, as they lie in the bytes */
    mw_str terms;            /* linear: as they lie in the bytes */
} mw_forest_node;

typedef struct {
    uint32_t feature;
    double factor;
} mw_forest_term;

void mw_forest_head_append(mw_buf *out, const mw_forest_head *head);
/* Appends the canonical form of `node`: empty words at the end of a set are left out, and so is
   a default side that nothing takes. */
void mw_forest_node_append(mw_buf *out, const mw_forest_head *head, const mw_forest_node *node);
void mw_forest_term_append(mw_buf *out, mw_forest_term term);
mw_forest_term mw_forest_term_read(mw_reader *reader);
/* False if the bytes are no canonical head or node. Indexes and numbers are in range after. */
MW_MUST_USE bool mw_forest_head_read(mw_reader *reader, uint32_t format, mw_forest_head *out_head);
MW_MUST_USE bool mw_forest_node_read(mw_reader *reader, const mw_forest_head *head,
                                     mw_forest_node *out_node);
