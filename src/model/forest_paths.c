#include "model/forest_paths.h"

#include <string.h>

typedef struct {
    const mw_forest *forest;
    mw_path *paths;
    mw_path_step *steps;
    mw_path_turn *turns;
    mw_path_turn way[MW_PATH_DEPTH_MAX]; /* down to the node at hand */
    uint64_t step_count, turn_count; /* so far */
    uint32_t step_count_max;
    bool is_counting; /* only: nothing is written */
} walk;

static uint32_t feature_at(const walk *w, size_t depth) {
    return w->forest->splits[w->way[depth].split].feature;
}

/* Whether an earlier split of the way asks for the same feature. */
static bool is_repeat(const walk *w, size_t depth) {
    for (size_t i = 0; i < depth; i++)
        if (feature_at(w, i) == feature_at(w, depth)) return true;
    return false;
}

static void take_step(walk *w, size_t first, size_t depth) {
    mw_path_step step = {.first_turn = (uint32_t)w->turn_count, .feature = feature_at(w, first)};
    for (size_t i = first; i < depth; i++) {
        if (feature_at(w, i) != step.feature) continue;
        step.turn_count++;
        if (!w->is_counting) w->turns[w->turn_count] = w->way[i];
        w->turn_count++;
    }
    if (!w->is_counting) w->steps[w->step_count] = step;
    w->step_count++;
}

/* Steps for the features that a linear leaf alone asks for. */
static void take_terms(walk *w, size_t leaf, size_t depth) {
    if (!w->forest->linears) return;
    const mw_tree_linear *linear = &w->forest->linears[leaf];
    const mw_forest_term *terms = w->forest->terms + linear->first_term;
    if (linear->term_count > MW_PATH_STEPS_MAX) {
        w->step_count += linear->term_count; /* which is refused */
        return;
    }
    for (uint32_t i = 0; i < linear->term_count; i++) {
        bool is_known = false;
        for (size_t d = 0; d < depth; d++) is_known |= feature_at(w, d) == terms[i].feature;
        for (uint32_t k = 0; k < i; k++) is_known |= terms[k].feature == terms[i].feature;
        if (is_known) continue;
        if (!w->is_counting)
            w->steps[w->step_count] = (mw_path_step){.first_turn = (uint32_t)w->turn_count,
                                                     .feature = terms[i].feature};
        w->step_count++;
    }
}

static void take_leaf(walk *w, size_t leaf, size_t depth) {
    uint64_t first = w->step_count;
    for (size_t i = 0; i < depth; i++)
        if (!is_repeat(w, i)) take_step(w, i, depth);
    take_terms(w, leaf, depth);
    uint32_t count = (uint32_t)(w->step_count - first);
    if (count > w->step_count_max) w->step_count_max = count;
    if (!w->is_counting) w->paths[leaf] = (mw_path){(uint32_t)first, count};
}

static void turn(walk *w, size_t depth, uint32_t split, bool goes_left) {
    w->way[depth] = (mw_path_turn){split, goes_left};
}

/* Down each left side, and back up to the nearest split whose right side is still to come. False
   where the tree is too deep. */
static bool take_tree(walk *w, int32_t root) {
    size_t depth = 0;
    int32_t at = root;
    for (;;) {
        for (; at >= 0; at = w->forest->splits[at].left) {
            if (depth == MW_PATH_DEPTH_MAX) return false;
            turn(w, depth++, (uint32_t)at, true);
        }
        take_leaf(w, (size_t)~at, depth);
        while (depth > 0 && !w->way[depth - 1].goes_left) depth--;
        if (depth == 0) return true;
        uint32_t split = w->way[depth - 1].split;
        turn(w, depth - 1, split, false);
        at = w->forest->splits[split].right;
    }
}

static mw_status take_all(walk *w, mw_error *err) {
    w->step_count = w->turn_count = 0;
    for (uint32_t t = 0; t < w->forest->head.tree_count; t++)
        if (!take_tree(w, w->forest->roots[t]) || w->turn_count > UINT32_MAX)
            return mw_fail(err, MW_TOO_LARGE,
                           "explain: tree %u is too deep: at most %d splits above a leaf fit", t,
                           MW_PATH_DEPTH_MAX);
    if (w->step_count_max > MW_PATH_STEPS_MAX)
        return mw_fail(err, MW_TOO_LARGE,
                       "explain: at most %d features above a leaf fit, got %u", MW_PATH_STEPS_MAX,
                       w->step_count_max);
    return MW_OK;
}

/* Leaves and splits lie tree by tree; both ends follow from the roots and the leaves' count. */
static void find_ends(const mw_forest *forest, uint32_t *leaf_ends, uint32_t *split_ends,
                      uint32_t *out_split_count_max) {
    uint32_t tree_count = forest->head.tree_count, split_end = (uint32_t)forest->split_count;
    uint32_t leaf_end = (uint32_t)forest->leaf_count;
    for (uint32_t t = tree_count; t-- > 0;) {
        uint32_t first = forest->roots[t] >= 0 ? (uint32_t)forest->roots[t] : split_end;
        leaf_ends[t] = leaf_end;
        split_ends[t] = split_end;
        if (split_end - first > *out_split_count_max) *out_split_count_max = split_end - first;
        leaf_end -= split_end - first + 1;
        split_end = first;
    }
}

mw_status mw_forest_paths_make(mw_arena *arena, const mw_forest *forest,
                               const mw_forest_paths **out_paths, mw_error *err) {
    mw_forest_paths *paths = mw_arena_alloc(arena, 1, sizeof *paths);
    walk *w = mw_arena_alloc(arena, 1, sizeof *w);
    uint32_t *leaf_ends = mw_arena_alloc(arena, forest->head.tree_count, sizeof *leaf_ends);
    uint32_t *split_ends = mw_arena_alloc(arena, forest->head.tree_count, sizeof *split_ends);
    if (!paths || !w || !leaf_ends || !split_ends)
        return mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
    *w = (walk){.forest = forest, .is_counting = true};
    MW_TRY(take_all(w, err));
    w->paths = mw_arena_alloc(arena, forest->leaf_count, sizeof *w->paths);
    w->steps = mw_arena_alloc(arena, (size_t)w->step_count, sizeof *w->steps);
    w->turns = mw_arena_alloc(arena, (size_t)w->turn_count, sizeof *w->turns);
    if (!w->paths || !w->steps || !w->turns)
        return mw_fail(err, MW_NO_MEMORY, "explain: out of memory for %llu steps",
                       (unsigned long long)w->step_count);
    w->is_counting = false;
    MW_TRY(take_all(w, err));
    *paths = (mw_forest_paths){.forest = forest,
                               .paths = w->paths,
                               .leaf_ends = leaf_ends,
                               .split_ends = split_ends,
                               .steps = w->steps,
                               .turns = w->turns,
                               .step_count_max = w->step_count_max};
    find_ends(forest, leaf_ends, split_ends, &paths->split_count_max);
    *out_paths = paths;
    return MW_OK;
}
