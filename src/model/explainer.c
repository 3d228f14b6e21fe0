#include "model/explainer.h"

#include <assert.h>
#include <string.h>

#include "model/leaf_packs.h"

enum { LANES = 8, ROWS_BY_PACKS_MAX = 4 /* more take less time side by side */ };
static_assert(MW_QUADRATURE_POINTS_MAX >= MW_PATH_STEPS_MAX / 2, "paths of all lengths");

struct mw_explainer {
    mw_lanes_kind kind;
    const mw_forest_paths *paths;
    const mw_leaf_packs *packs;       /* of the same paths, for a row or two */
    const mw_quadrature *quadratures; /* by their number of points, from 0 on */
    const double *expected;        /* one a class */
};

/* --- making ------------------------------------------------------------------------------ */

/* What a row of unknown features is expected to sum to. */
static void add_expected(const mw_forest_paths *paths, double *out_sums) {
    const mw_forest *forest = paths->forest;
    size_t leaf = 0;
    for (uint32_t t = 0; t < forest->head.tree_count; t++)
        for (; leaf < paths->leaf_ends[t]; leaf++) {
            const mw_path *path = &paths->paths[leaf];
            double share = 1;
            for (uint32_t i = 0; i < path->step_count; i++)
                share *= paths->steps[path->first_step + i].share;
            out_sums[t % forest->head.class_count] += share * forest->leaves[leaf];
        }
}

mw_status mw_explainer_make(mw_arena *arena, const mw_forest *forest, mw_lanes_kind kind,
                            const mw_explainer **out_explainer, mw_error *err) {
    mw_explainer *explainer = mw_arena_alloc(arena, 1, sizeof *explainer);
    double *expected = mw_arena_alloc(arena, forest->head.class_count, sizeof *expected);
    if (!explainer || !expected) return mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
    MW_TRY(mw_forest_paths_make(arena, forest, true, &explainer->paths, err));
    uint32_t points_max = (explainer->paths->step_count_max + 1) / 2;
    mw_quadrature *quadratures = mw_arena_alloc(arena, points_max + 1, sizeof *quadratures);
    if (!quadratures) return mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
    for (uint32_t i = 1; i <= points_max; i++) mw_quadrature_fill(&quadratures[i], i);
    MW_TRY(mw_leaf_packs_make(arena, explainer->paths, quadratures, &explainer->packs, err));
    add_expected(explainer->paths, expected);
    explainer->kind = kind;
    explainer->quadratures = quadratures;
    explainer->expected = expected;
    *out_explainer = explainer;
    return MW_OK;
}

/* --- eight rows -------------------------------------------------------------------------- */

/* What eight rows need beside the explainer. */
typedef struct {
    double *values; /* by class, feature and row */
    uint8_t *lefts; /* by split of a tree: the rows that go left, a bit each */
    double *passes, *factors, *before, *integrals; /* by step of a path and row */
} work;

typedef struct {
    const mw_forest_paths *paths;
    const mw_path_step *steps;
    uint32_t step_count, first_split;
    const mw_quadrature *quadrature;
    double leaf;
} leaf_path;

/* One leaf's part for eight rows, in vectors as wide as a processor has them: the same operations
   lane by lane, so the same bits. With vectors of eight AVX2's compiler spills what it works on. */
#define LANES_AT_ONCE 2
#define ADD_LANES add_two
#include "model/explainer_leaf.h"
#define LANES_AT_ONCE 4
#define ADD_LANES add_four
#include "model/explainer_leaf.h"
#define LANES_AT_ONCE 8
#define ADD_LANES add_eight
#include "model/explainer_leaf.h"

static void add_leaf_plain(const leaf_path *path, work *w, double *values) {
    for (unsigned first = 0; first < LANES; first += 2) add_two(path, w, first, values);
}

#if defined __x86_64__
__attribute__((target("avx2"))) static void add_leaf_avx2(const leaf_path *path, work *w,
                                                          double *values) {
    for (unsigned first = 0; first < LANES; first += 4) add_four(path, w, first, values);
}

__attribute__((target("avx512f"))) static void add_leaf_avx512(const leaf_path *path, work *w,
                                                               double *values) {
    add_eight(path, w, 0, values);
}

#endif

typedef void add_leaf(const leaf_path *path, work *w, double *values);

static add_leaf *add_leaf_of(mw_lanes_kind kind) {
#if defined __x86_64__
    if (kind == MW_LANES_AVX512) return add_leaf_avx512;
    if (kind == MW_LANES_AVX2) return add_leaf_avx2;
#endif
    (void)kind; /* NEON's vectors are of two, as plain ones */
    return add_leaf_plain;
}

/* Which of up to eight rows go left at a split, a bit each. */
static uint8_t lefts_of(const mw_forest *forest, const mw_tree_split *split, const double *rows,
                        size_t row_count) {
    unsigned lefts = 0;
    for (size_t row = 0; row < row_count; row++) {
        double value = rows[row * forest->head.feature_count + split->feature];
        lefts |= (unsigned)mw_tree_goes_left(forest, split, value) << row;
    }
    return (uint8_t)lefts;
}

/* Up to eight rows, of which those past the last run along. */
static void explain_lanes(const mw_explainer *explainer, const double *rows, size_t row_count,
                          work *w) {
    const mw_forest_paths *paths = explainer->paths;
    const mw_forest *forest = paths->forest;
    uint32_t first_split = 0, width = forest->head.feature_count;
    size_t leaf = 0;
    add_leaf *add = add_leaf_of(explainer->kind);
    memset(w->values, 0, forest->head.class_count * width * LANES * sizeof *w->values);
    for (uint32_t t = 0; t < forest->head.tree_count; t++) {
        for (uint32_t s = first_split; s < paths->split_ends[t]; s++)
            w->lefts[s - first_split] = lefts_of(forest, &forest->splits[s], rows, row_count);
        double *values = w->values + t % forest->head.class_count * width * LANES;
        for (; leaf < paths->leaf_ends[t]; leaf++) {
            const mw_path *path = &paths->paths[leaf];
            leaf_path part = {.paths = paths,
                              .steps = paths->steps + path->first_step,
                              .step_count = path->step_count,
                              .first_split = first_split,
                              .quadrature =
                                  &explainer->quadratures[(path->step_count + 1) / 2],
                              .leaf = forest->leaves[leaf]};
            add(&part, w, values);
        }
        first_split = paths->split_ends[t];
    }
}

static void take_values(const mw_explainer *explainer, const work *w, size_t lane,
                        double *out_values) {
    const mw_forest_head *head = &explainer->paths->forest->head;
    for (uint32_t class = 0; class < head->class_count; class++) {
        for (uint32_t f = 0; f < head->feature_count; f++)
            *out_values++ = w->values[(class * head->feature_count + f) * LANES + lane];
        *out_values++ = explainer->expected[class];
    }
}

static bool take_memory(const mw_explainer *explainer, mw_arena *arena, work *out_work) {
    const mw_forest_head *head = &explainer->paths->forest->head;
    size_t value_count = (size_t)head->class_count * head->feature_count;
    size_t lane_count = (size_t)explainer->paths->step_count_max * LANES;
    double *lanes = mw_arena_alloc(arena, 4 * lane_count, sizeof *lanes);
    if (!lanes) return false;
    *out_work = (work){
        .values = mw_arena_alloc(arena, value_count * LANES, sizeof *out_work->values),
        .lefts = mw_arena_alloc(arena, explainer->paths->split_count_max, 1),
        .passes = lanes,
        .factors = lanes + lane_count,
        .before = lanes + 2 * lane_count,
        .integrals = lanes + 3 * lane_count};
    return out_work->values && out_work->lefts;
}

static mw_status run_by_eights(const mw_explainer *explainer, const double *rows,
                               size_t row_count, double *out_values, mw_error *err) {
    const mw_forest_head *head = &explainer->paths->forest->head;
    size_t size = (size_t)head->class_count * (head->feature_count + 1);
    work w;
    mw_arena arena;
    mw_arena_init(&arena, SIZE_MAX);
    bool has_memory = take_memory(explainer, &arena, &w);
    for (size_t row = 0; has_memory && row < row_count; row += LANES) {
        size_t count = row_count - row < LANES ? row_count - row : LANES;
        explain_lanes(explainer, rows + row * head->feature_count, count, &w);
        for (size_t lane = 0; lane < count; lane++)
            take_values(explainer, &w, lane, out_values + (row + lane) * size);
    }
    mw_arena_release(&arena);
    return has_memory ? MW_OK : mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
}

static mw_status run_by_packs(const mw_explainer *explainer, const double *row,
                              double *out_values, mw_error *err) {
    const mw_forest_head *head = &explainer->paths->forest->head;
    size_t class_size = head->feature_count + (size_t)1;
    memset(out_values, 0, head->class_count * class_size * sizeof *out_values);
    for (uint32_t class = 0; class < head->class_count; class++)
        out_values[class * class_size + head->feature_count] = explainer->expected[class];
    return mw_leaf_packs_add(explainer->packs, explainer->kind, row, out_values, err);
}

mw_status mw_explainer_run(const mw_explainer *explainer, const double *rows, size_t row_count,
                          double *out_values, mw_error *err) {
    const mw_forest_head *head = &explainer->paths->forest->head;
    size_t size = (size_t)head->class_count * (head->feature_count + 1);
    size_t rest = row_count % LANES <= ROWS_BY_PACKS_MAX ? row_count % LANES : 0;
    size_t by_eights = row_count - rest;
    if (by_eights > 0) MW_TRY(run_by_eights(explainer, rows, by_eights, out_values, err));
    for (size_t row = by_eights; row < row_count; row++)
        MW_TRY(run_by_packs(explainer, rows + row * head->feature_count, out_values + row * size,
                            err));
    return MW_OK;
}
