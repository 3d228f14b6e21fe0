/*
 * loop_world: versions with one split each, for the tests of this layer.
 *
 * A stump says yes where the weight of a visit (train/examples_world_test.h) is above its cut.
 * Test code: only tests include it.
 */
#pragma once
#include "decide/scorer.h"
#include "train/examples_world_test.h"

enum { LOOP_WORLD_ROWS = 500 };

typedef struct {
    double cut;
    double slope; /* of the score, above the cut and below it; negative: the wrong way round */
    double threshold;
    int64_t to_us; /* trained on moments before this */
    mw_answer_kind answer; /* yes or no, a number or a score */
} loop_world_stump;

static inline const mw_forest *loop_world_forest(mw_arena *arena, loop_world_stump stump) {
    mw_forest_head head = {.feature_count = 2,
                           .tree_count = 1,
                           .class_count = 1,
                           .output = MW_OUTPUT_SIGMOID,
                           .sigmoid = 1};
    mw_forest_node nodes[] = {{.kind = MW_NODE_NUMERIC, .feature = 0, .value = stump.cut},
                              {.kind = MW_NODE_LEAF, .value = -stump.slope},
                              {.kind = MW_NODE_LEAF, .value = stump.slope}};
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 10);
    for (size_t i = 0; i < 3; i++) mw_forest_node_append(&bytes, &head, &nodes[i]);
    const mw_forest *forest;
    MW_CHECK_OK(mw_forest_make(arena, &head, mw_buf_str(&bytes), &forest, NULL), NULL);
    mw_buf_release(&bytes);
    return forest;
}

/* Weights that are even in [0, 1), two names, and predictions likewise. */
static inline void loop_world_profile(mw_arena *arena, mw_symbols *symbols, mw_buf *out_bytes) {
    static mw_cell rows[LOOP_WORLD_ROWS][3];
    for (size_t i = 0; i < LOOP_WORLD_ROWS; i++) {
        double share = (double)i / LOOP_WORLD_ROWS;
        rows[i][0] = rows[i][2] = mw_cell_number(share);
        rows[i][1].symbol = mw_symbols_intern(symbols, i % 2 ? MW_STR("ann") : MW_STR("bob"));
    }
    static const mw_field fields[] = {{{"weight", 6}, MW_TYPE_NUMBER},
                                      {{"who", 3}, MW_TYPE_TEXT},
                                      {{"prediction", 10}, MW_TYPE_NUMBER}};
    mw_profile *profile;
    MW_CHECK_OK(mw_profile_create(arena, symbols, 3, &profile, NULL), NULL);
    for (size_t c = 0; c < 3; c++) {
        mw_column column = {&rows[0][c], 3, LOOP_WORLD_ROWS};
        MW_CHECK_OK(mw_profile_add(profile, fields[c].name, fields[c].type, column, NULL), NULL);
    }
    mw_profile_encode(profile, out_bytes);
}

/* The bytes of a version, in `arena`. */
static inline mw_str loop_world_version(mw_arena *arena, mw_symbols *symbols,
                                        loop_world_stump stump) {
    static const mw_str names[] = {{"ann", 3}, {"bob", 3}};
    static const mw_model_feature features[] = {
        {.name = {"weight", 6}, .type = MW_TYPE_NUMBER},
        {.name = {"who", 3}, .type = MW_TYPE_TEXT, .values = {names, 2}}};
    mw_buf profile, bytes;
    mw_buf_init(&profile, 1 << 20);
    mw_buf_init(&bytes, 1 << 20);
    loop_world_profile(arena, symbols, &profile);
    mw_version version = {.model = MW_STR("comes"),
                          .project = MW_STR("project: visits\n"),
                          .zone = MW_STR("UTC"),
                          .features = {features, 2},
                          .answer = stump.answer,
                          .forest = loop_world_forest(arena, stump),
                          .threshold = stump.threshold,
                          .learner = MW_STR("lightgbm"),
                          .settings = MW_STR("seed=1"),
                          .data_version = MW_STR("d1"),
                          .to_us = stump.to_us,
                          .profile = mw_buf_str(&profile)};
    MW_CHECK_OK(mw_version_encode(&version, &bytes, NULL), NULL);
    mw_str kept = mw_str_copy(arena, mw_buf_str(&bytes));
    MW_CHECK(kept.data != NULL);
    mw_buf_release(&profile);
    mw_buf_release(&bytes);
    return kept;
}
