/*
 * random_forest_test: random forests and rows for the tests of this layer, edge values among them.
 *
 * Thresholds come from a small set that rows use too, so values often equal one.
 */
#pragma once
#include "base/prng.h"
#include "model/forest.h"
#include "testing/test.h"

#include <math.h>
#include <string.h>

enum { MW_RANDOM_FEATURES_MAX = 20 };

typedef struct {
    uint64_t prng;
    uint32_t feature_count, tree_count, leaf_count_max;
    uint32_t set_share;    /* of splits in a hundred */
    uint32_t linear_share; /* of leaves in a hundred */
    uint32_t number_count; /* different thresholds */
    uint32_t class_count;  /* 0: 1 */
    bool is_float, has_covers;
} mw_random_forest;

static inline double mw_random_number(mw_random_forest *r) {
    static const double edges[] = {0, -0.0, 1e-35, -1e-35, 1.1e-35, -1.1e-35, 5e-324, INFINITY,
                                   -INFINITY, 1e300, -1e300};
    if (mw_prng_below(&r->prng, 20) == 0)
        return mw_prng_below(&r->prng, 2) ? edges[mw_prng_below(&r->prng, 11)] : (double)1e-35f;
    return (double)mw_prng_below(&r->prng, r->number_count) / 8 - r->number_count / 16.0;
}

static inline double mw_random_value(mw_random_forest *r) {
    if (mw_prng_below(&r->prng, 10) == 0) return NAN;
    double value = mw_random_number(r);
    return mw_prng_below(&r->prng, 4) ? value : nextafter(value, 0);
}

static inline mw_forest_node mw_random_split(mw_random_forest *r, char *words, size_t words_size) {
    mw_forest_node node = {.kind = MW_NODE_NUMERIC,
                           .feature = (uint32_t)mw_prng_below(&r->prng, r->feature_count),
                           .value = mw_random_number(r),
                           .missing = (mw_missing_kind)mw_prng_below(&r->prng, 3),
                           .default_left = mw_prng_below(&r->prng, 2)};
    if (r->is_float) {
        node.value = (double)(float)node.value;
        node.missing = MW_MISSING_NAN;
    }
    if (mw_prng_below(&r->prng, 100) >= r->set_share) return node;
    for (size_t i = 0; i < words_size; i++) words[i] = (char)mw_prng_next(&r->prng);
    return (mw_forest_node){.kind = MW_NODE_CATEGORY,
                            .feature = node.feature,
                            .missing = node.default_left ? MW_MISSING_NAN : MW_MISSING_NONE,
                            .default_left = node.default_left,
                            .words = {words, mw_prng_below(&r->prng, words_size / 4 + 1) * 4}};
}

/* A linear leaf has up to three terms, of features that are split above it or not; one may come
   twice. */
static inline void mw_random_leaf(mw_random_forest *r, const mw_forest_head *head, mw_buf *nodes,
                                  mw_forest_node leaf) {
    char terms[3 * MW_TERM_SIZE];
    if (r->linear_share > 0 && mw_prng_below(&r->prng, 100) < r->linear_share) {
        leaf.kind = MW_NODE_LINEAR;
        leaf.constant = mw_prng_double(&r->prng);
        leaf.terms = (mw_str){terms, mw_prng_below(&r->prng, 4) * MW_TERM_SIZE};
    }
    for (size_t at = 0; at < leaf.terms.size; at += MW_TERM_SIZE) {
        uint32_t feature = (uint32_t)mw_prng_below(&r->prng, r->feature_count);
        double factor = mw_prng_double(&r->prng) - 0.5;
        memcpy(terms + at, &feature, sizeof feature);
        memcpy(terms + at + sizeof feature, &factor, sizeof factor);
    }
    mw_forest_node_append(nodes, head, &leaf);
}

/* A tree of leaf_count leaves, split anywhere; up to 3 rows of training came to each leaf. */
static inline double mw_random_tree(mw_random_forest *r, const mw_forest_head *head, mw_buf *nodes,
                                    uint32_t leaf_count) {
    mw_forest_node node = {.kind = MW_NODE_LEAF,
                           .value = (double)(float)(mw_prng_double(&r->prng) - 0.5),
                           .cover = (double)mw_prng_below(&r->prng, 4)};
    char words[12];
    if (leaf_count == 1) {
        mw_random_leaf(r, head, nodes, node);
        return node.cover;
    }
    node = mw_random_split(r, words, sizeof words);
    uint32_t left = 1 + (uint32_t)mw_prng_below(&r->prng, leaf_count - 1);
    mw_forest_node_append(nodes, head, &node);
    size_t end = nodes->size;
    node.cover = mw_random_tree(r, head, nodes, left) +
                 mw_random_tree(r, head, nodes, leaf_count - left);
    if (head->has_covers && !nodes->failed) /* the last item of the node */
        memcpy(nodes->data + end - sizeof node.cover, &node.cover, sizeof node.cover);
    return node.cover;
}

static inline mw_status mw_random_make(mw_random_forest *r, mw_arena *arena,
                                       const mw_forest **out_forest) {
    mw_buf nodes;
    mw_buf_init(&nodes, SIZE_MAX);
    mw_forest_head head = {.feature_count = r->feature_count,
                           .class_count = r->class_count ? r->class_count : 1,
                           .is_float = r->is_float,
                           .has_covers = r->has_covers,
                           .sigmoid = 1};
    head.tree_count = (r->tree_count + head.class_count - 1) / head.class_count * head.class_count;
    for (uint32_t t = 0; t < head.tree_count; t++)
        (void)mw_random_tree(r, &head, &nodes,
                             1 + (uint32_t)mw_prng_below(&r->prng, r->leaf_count_max));
    mw_status status = mw_buf_check(&nodes, "nodes", NULL);
    if (status == MW_OK)
        status = mw_forest_make(arena, &head, mw_buf_str(&nodes), out_forest, NULL);
    mw_buf_release(&nodes);
    return status;
}
