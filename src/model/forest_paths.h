/*
 * forest_paths: a forest's leaves, each as the path to it: what explanations against rows are
 * computed from.
 *
 * The splits of a path that ask for the same feature make one step, which a row passes if it takes
 * the path's side at all of them. A path's leaf is worth its value to the rows that pass every
 * step. A feature that only a linear leaf asks for has a step without splits, which every row
 * passes.
 *
 * Costs memory for each split above each leaf. Immutable, in the arena that was given.
 */
#pragma once
#include "model/forest_tree.h"

enum { MW_PATH_STEPS_MAX = 256, MW_PATH_DEPTH_MAX = 1024 };

typedef struct {
    uint32_t split; /* of the forest */
    bool goes_left;
} mw_path_turn;

typedef struct {
    uint32_t first_turn, turn_count;
    uint32_t feature;
} mw_path_step;

typedef struct {
    uint32_t first_step, step_count;
} mw_path;

typedef struct {
    const mw_forest *forest;
    const mw_path *paths;    /* one a leaf, in the order of forest->leaves */
    const uint32_t *leaf_ends; /* of each tree: the leaf past its last */
    const uint32_t *split_ends;
    const mw_path_step *steps;
    const mw_path_turn *turns;
    uint32_t step_count_max; /* of a path */
    uint32_t split_count_max; /* of a tree */
} mw_forest_paths;

/* MW_TOO_LARGE for trees that are too deep. */
MW_MUST_USE mw_status mw_forest_paths_make(mw_arena *arena, const mw_forest *forest,
                                           const mw_forest_paths **out_paths, mw_error *err);
