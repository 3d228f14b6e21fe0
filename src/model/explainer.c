#include "model/explainer.h"

#include <assert.h>
#include <string.h>

#include "model/forest_tree.h"
#include "model/quadrature.h"

enum { LANES = 8, BLOCKS_MAX = MW_QUADRATURE_POINTS_MAX / LANES, DEPTH_MAX = 1024 };
static_assert(2 * MW_QUADRATURE_POINTS_MAX >= MW_EXPLAINED_FEATURES_MAX, "paths of all lengths");

/* Of the training rows that nothing says anything of, half go each way. */
static const double share_unknown = 0.5;

/* A split as a row's way down and up again needs it. Edges of a tree are numbered: 0 leads to its
   root, and these two from its split i. */
#define LEFT_EDGE(i) (1 + 2 * (size_t)(i))
#define EDGE_COUNT(split_count) LEFT_EDGE(split_count)
typedef struct {
    double share;      /* of the training data that came here: what went left */
    double before;     /* the share that splits above on this feature let through: 1 without one */
    uint32_t from;     /* the edge that leads here */
    uint32_t previous; /* the last edge above of a split on this feature; 0: there is none */
    uint32_t inverse;  /* the first of the numbers 1 / (t + before (1 - t)); 0: `before` is 1 */
    uint32_t feature;
} split;

typedef struct {
    const split *splits;
    const double *leaves;       /* one more than splits */
    const uint32_t *leaf_edges; /* by leaf: the edge that leads to it */
    const mw_quadrature *quadrature;
    uint32_t split_count, block_count, first_split;
} tree;

struct mw_explainer {
    const mw_forest *forest;
    mw_lanes_kind kind;
    tree *trees;
    double *inverses; /* from 0 on as many ones as there are points at most, then those of splits */
    double *expected; /* one a class */
    uint32_t split_count_max; /* of a tree */
};

/* --- making ------------------------------------------------------------------------------ */

typedef struct {
    const mw_forest *forest;
    split *splits;
    uint32_t *leaf_edges;
    uint32_t feature_count_max; /* above a leaf of the tree at hand */
    size_t inverse_count;       /* so far */
} making;

static double cover_of(const mw_forest *forest, int32_t child) {
    return child >= 0 ? forest->split_covers[child] : forest->leaf_covers[~child];
}

static double share_of(const mw_forest *forest, const mw_tree_split *at) {
    double left = cover_of(forest, at->left), right = cover_of(forest, at->right);
    return left + right == 0 ? share_unknown : left / (left + right);
}

/* What the splits on an edge's feature, down to that edge, let through. */
static double share_through(const split *splits, uint32_t edge) {
    const split *above = &splits[(edge - 1) / 2];
    return above->before * (edge % 2 == 1 ? above->share : 1 - above->share);
}

static void note_edge(making *m, int32_t child, size_t edge) {
    if (child >= 0) m->splits[child].from = (uint32_t)edge;
    else m->leaf_edges[~child] = (uint32_t)edge;
}

/* Fills in a split, to which an edge from above leads. False: it lies too deep. */
static bool take_split(making *m, uint32_t first, uint32_t index) {
    const mw_tree_split *at = &m->forest->splits[first + index];
    split *splits = m->splits + first, made = {.share = share_of(m->forest, at),
                                               .before = 1,
                                               .from = splits[index].from,
                                               .feature = at->feature};
    uint32_t depth = 1, feature_count = 1;
    for (uint32_t edge = made.from; edge != 0; depth++) {
        const split *above = &splits[(edge - 1) / 2];
        if (above->feature == made.feature && made.previous == 0) made.previous = edge;
        feature_count += above->previous == 0;
        edge = above->from;
    }
    if (made.previous != 0) {
        made.before = share_through(splits, made.previous);
        feature_count--;
    }
    splits[index] = made;
    note_edge(m, at->left, LEFT_EDGE(index));
    note_edge(m, at->right, LEFT_EDGE(index) + 1);
    if (feature_count > m->feature_count_max) m->feature_count_max = feature_count;
    return depth <= DEPTH_MAX;
}

static mw_status take_tree(making *m, uint32_t number, tree *t, mw_error *err) {
    m->feature_count_max = 0;
    for (uint32_t i = 0; i < t->split_count; i++)
        if (!take_split(m, t->first_split, i))
            return mw_fail(err, MW_TOO_LARGE,
                           "explain: tree %u is too deep: at most %d splits above a leaf fit",
                           number, DEPTH_MAX);
    if (m->feature_count_max > MW_EXPLAINED_FEATURES_MAX)
        return mw_fail(err, MW_TOO_LARGE,
                       "explain: at most %d features above a leaf fit, got %u",
                       MW_EXPLAINED_FEATURES_MAX, m->feature_count_max);
    t->block_count = (m->feature_count_max + 2 * LANES - 1) / (2 * LANES);
    for (uint32_t i = 0; i < t->split_count; i++) {
        split *s = &m->splits[t->first_split + i];
        if (s->previous == 0) continue;
        s->inverse = (uint32_t)m->inverse_count;
        m->inverse_count += (size_t)t->block_count * LANES;
        if (m->inverse_count > UINT32_MAX)
            return mw_fail(err, MW_TOO_LARGE,
                           "explain: the trees ask too often for what they asked for above");
    }
    return MW_OK;
}

/* Splits and leaves lie tree by tree: where a tree begins tells where the one before it ends. */
static mw_status take_trees(making *m, mw_explainer *explainer, mw_error *err) {
    const mw_forest *forest = m->forest;
    size_t split_end = forest->split_count, leaf_end = forest->leaf_count;
    for (uint32_t i = forest->head.tree_count; i-- > 0;) {
        size_t first = forest->roots[i] >= 0 ? (size_t)forest->roots[i] : split_end;
        uint32_t count = (uint32_t)(split_end - first);
        leaf_end -= (size_t)count + 1;
        explainer->trees[i] = (tree){.splits = m->splits + first,
                                     .leaves = forest->leaves + leaf_end,
                                     .leaf_edges = m->leaf_edges + leaf_end,
                                     .first_split = (uint32_t)first,
                                     .split_count = count};
        MW_TRY(take_tree(m, i, &explainer->trees[i], err));
        if (count > explainer->split_count_max) explainer->split_count_max = count;
        split_end = first;
    }
    return MW_OK;
}

/* Each tree's quadrature, and the inverses at its points. */
static bool take_points(making *m, mw_arena *arena, mw_explainer *explainer) {
    mw_quadrature *quadratures[BLOCKS_MAX + 1] = {NULL};
    double *inverses = mw_arena_alloc_lines(arena, m->inverse_count, sizeof *inverses);
    if (!inverses) return false;
    for (size_t i = 0; i < MW_QUADRATURE_POINTS_MAX; i++) inverses[i] = 1;
    for (uint32_t i = 0; i < m->forest->head.tree_count; i++) {
        tree *t = &explainer->trees[i];
        mw_quadrature **quadrature = &quadratures[t->block_count];
        uint32_t count = t->block_count * LANES;
        if (count == 0) continue;
        if (!*quadrature && (*quadrature = mw_arena_alloc(arena, 1, sizeof **quadrature)))
            mw_quadrature_fill(*quadrature, count);
        if (!*quadrature) return false;
        t->quadrature = *quadrature;
        for (const split *s = t->splits; s < t->splits + t->split_count; s++)
            for (uint32_t k = 0; s->previous != 0 && k < count; k++)
                inverses[s->inverse + k] =
                    1 / (t->quadrature->at[k] + s->before * (1 - t->quadrature->at[k]));
    }
    explainer->inverses = inverses;
    return true;
}

/* What a row of unknown features is expected to sum to. `sums` has room for each edge of a tree. */
static void add_expected(const mw_explainer *explainer, double *sums, double *expected) {
    const mw_forest *forest = explainer->forest;
    for (uint32_t i = 0; i < forest->head.tree_count; i++) {
        const tree *t = &explainer->trees[i];
        for (uint32_t leaf = 0; leaf <= t->split_count; leaf++)
            sums[t->leaf_edges[leaf]] = t->leaves[leaf];
        for (uint32_t k = t->split_count; k-- > 0;) {
            const split *s = &t->splits[k];
            const double *left = sums + LEFT_EDGE(k);
            sums[s->from] = s->share * left[0] + (1 - s->share) * left[1];
        }
        expected[i % forest->head.class_count] += sums[0];
    }
}

static mw_status check(const mw_forest *forest, mw_error *err) {
    if (forest->linears) {
        mw_status status = mw_fail(err, MW_INVALID,
                                   "explain: a model with linear leaves is explained against rows "
                                   "of its training data, and this version keeps none");
        return mw_hint(err, status, "Import the model again: its version will keep them.");
    }
    if (forest->split_covers) return MW_OK;
    mw_status status = mw_fail(err, MW_NOT_BUILT,
                               "explain: this version does not say how much of its training data "
                               "came to each split");
    return mw_hint(err, status, "Versions that are trained or imported from now on do.");
}

mw_status mw_explainer_make(mw_arena *arena, const mw_forest *forest, mw_lanes_kind kind,
                            const mw_explainer **out_explainer, mw_error *err) {
    MW_TRY(check(forest, err));
    mw_explainer *explainer = mw_arena_alloc(arena, 1, sizeof *explainer);
    making m = {.forest = forest, .inverse_count = MW_QUADRATURE_POINTS_MAX};
    m.splits = mw_arena_alloc_lines(arena, forest->split_count, sizeof *m.splits);
    m.leaf_edges = mw_arena_alloc(arena, forest->leaf_count, sizeof *m.leaf_edges);
    tree *trees = mw_arena_alloc(arena, forest->head.tree_count, sizeof *trees);
    double *expected = mw_arena_alloc(arena, forest->head.class_count, sizeof *expected);
    if (!explainer || !m.splits || !m.leaf_edges || !trees || !expected)
        return mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
    *explainer = (mw_explainer){
        .forest = forest, .kind = kind, .trees = trees, .expected = expected};
    MW_TRY(take_trees(&m, explainer, err));
    double *sums = mw_arena_alloc(arena, EDGE_COUNT(explainer->split_count_max), sizeof *sums);
    if (!sums || !take_points(&m, arena, explainer))
        return mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
    add_expected(explainer, sums, expected);
    *out_explainer = explainer;
    return MW_OK;
}

/* --- a row ------------------------------------------------------------------------------- */

/* What a row makes of a side of a split: whether it passes, and what share does of data of which
   the split's feature is not known. Where the row has left the way to the split by an earlier split
   on its feature, both are that share of what came here. */
typedef struct {
    double passes, share;
} side;

typedef struct {
    side left, right;
    double before;    /* 1 less the share that came here, 0 where the row has left the way */
    uint32_t inverse; /* see `split`: 0 where the row has left the way */
} turn;

/* What a row needs beside the explainer: of a tree, but for the sums. */
typedef struct {
    const double *inverses;
    double *sums;  /* by feature and point */
    double *edges; /* by edge and point: the product above, and on the way up the sum below */
    turn *turns;   /* by split */
    bool *known;   /* by edge: the row takes all edges on its feature, down to this one */
} work;

/* One tree's part, in vectors as wide as a processor has them: the same operations lane by lane, so
   the same bits. With vectors of eight AVX2's compiler spills what it works on. */
#define LANES_AT_ONCE 2
#define ADD_TREE add_by_twos
#include "model/explainer_tree.h"
#define LANES_AT_ONCE 4
#define ADD_TREE add_by_fours
#include "model/explainer_tree.h"
#define LANES_AT_ONCE 8
#define ADD_TREE add_by_eights
#include "model/explainer_tree.h"

static void add_tree_plain(const tree *t, const work *w, uint32_t block) {
    add_by_twos(t, w, block);
}

#if defined __x86_64__
__attribute__((target("avx2"))) static void add_tree_avx2(const tree *t, const work *w,
                                                          uint32_t block) {
    add_by_fours(t, w, block);
}

__attribute__((target("avx512f"))) static void add_tree_avx512(const tree *t, const work *w,
                                                               uint32_t block) {
    add_by_eights(t, w, block);
}
#endif

typedef void add_tree(const tree *t, const work *w, uint32_t block);

static add_tree *add_tree_of(mw_lanes_kind kind) {
#if defined __x86_64__
    if (kind == MW_LANES_AVX512) return add_tree_avx512;
    if (kind == MW_LANES_AVX2) return add_tree_avx2;
#endif
    (void)kind; /* NEON's vectors are of two, as plain ones */
    return add_tree_plain;
}

static void take_turns(const mw_explainer *explainer, const tree *t, const double *row,
                       const work *w) {
    const mw_tree_split *rule = explainer->forest->splits + t->first_split;
    for (uint32_t i = 0; i < t->split_count; i++, rule++) {
        const split *s = &t->splits[i];
        bool goes_left = mw_tree_goes_left(explainer->forest, rule, row[s->feature]);
        bool is_known = w->known[s->previous];
        double left = s->share, right = 1 - s->share;
        w->known[LEFT_EDGE(i)] = is_known & goes_left;
        w->known[LEFT_EDGE(i) + 1] = is_known & !goes_left;
        w->turns[i] = is_known ? (turn){.left = {goes_left, s->before * left},
                                        .right = {!goes_left, s->before * right},
                                        .before = 1 - s->before,
                                        .inverse = s->inverse}
                               : (turn){.left = {left, left}, .right = {right, right}};
    }
}

static double sum_of(const double *lanes) {
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
           ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

static void explain_row(const mw_explainer *explainer, const double *row, const work *w,
                        double *out_values) {
    const mw_forest_head *head = &explainer->forest->head;
    add_tree *add = add_tree_of(explainer->kind);
    for (uint32_t class = 0; class < head->class_count; class++) {
        memset(w->sums, 0, (size_t)head->feature_count * LANES * sizeof *w->sums);
        for (uint32_t i = class; i < head->tree_count; i += head->class_count) {
            const tree *t = &explainer->trees[i];
            take_turns(explainer, t, row, w);
            for (uint32_t block = 0; block < t->block_count; block++) add(t, w, block);
        }
        for (uint32_t f = 0; f < head->feature_count; f++)
            *out_values++ = sum_of(w->sums + (size_t)f * LANES);
        *out_values++ = explainer->expected[class];
    }
}

mw_status mw_explainer_run(const mw_explainer *explainer, const double *rows, size_t row_count,
                           double *out_values, mw_error *err) {
    const mw_forest_head *head = &explainer->forest->head;
    size_t edge_count = EDGE_COUNT(explainer->split_count_max);
    mw_arena arena;
    mw_arena_init(&arena, SIZE_MAX);
    work w = {
        .inverses = explainer->inverses,
        .sums = mw_arena_alloc_lines(&arena, (size_t)head->feature_count * LANES, sizeof *w.sums),
        .edges = mw_arena_alloc_lines(&arena, edge_count * LANES, sizeof *w.edges),
        .turns = mw_arena_alloc_lines(&arena, explainer->split_count_max, sizeof *w.turns),
        .known = mw_arena_alloc(&arena, edge_count, sizeof *w.known)};
    bool has_memory = w.sums && w.edges && w.turns && w.known;
    if (has_memory) w.known[0] = true;
    for (size_t row = 0; has_memory && row < row_count; row++) {
        explain_row(explainer, rows, &w, out_values);
        rows += head->feature_count;
        out_values += (size_t)head->class_count * (head->feature_count + 1);
    }
    mw_arena_release(&arena);
    return has_memory ? MW_OK : mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
}
