#include "model/background.h"

#include <string.h>

#include "model/forest_paths.h"

enum { STEPS_MAX = 64 /* a bit each */ };

/* Background rows that pass the same steps of a path. */
typedef struct {
    uint64_t passes;
    double share; /* of all background rows */
} pattern;

struct mw_background {
    const mw_forest_paths *paths;
    const pattern *patterns;
    const uint32_t *pattern_ends; /* of each leaf */
    const double *expected;       /* one a class */
    const double *rows; /* with linear leaves, whose patterns are these, one by one; else NULL */
    /* What the leaf adds to each of `own` steps that only the row passes, where only the background
       row passes `other` ones: (own - 1)! other! / (own + other)!. */
    double weights[STEPS_MAX + 1][STEPS_MAX + 1];
};

static void fill_weights(double weights[STEPS_MAX + 1][STEPS_MAX + 1]) {
    for (int other = 0; other <= STEPS_MAX; other++) {
        weights[0][other] = 0;
        weights[1][other] = 1.0 / (other + 1);
        for (int own = 2; own <= STEPS_MAX; own++)
            weights[own][other] = weights[own - 1][other] * (own - 1) / (own + other);
    }
}

static void fill_lefts(const mw_forest *forest, uint32_t first, uint32_t end, const double *row,
                       bool *out_lefts) {
    for (uint32_t s = first; s < end; s++) {
        const mw_tree_split *split = &forest->splits[s];
        out_lefts[s - first] = mw_tree_goes_left(forest, split, row[split->feature]);
    }
}

static uint64_t all_steps(const mw_path *path) {
    return path->step_count == STEPS_MAX ? UINT64_MAX : (UINT64_C(1) << path->step_count) - 1;
}

/* The steps that a row passes, whose sides at the tree's splits are known. */
static uint64_t passes_of(const mw_forest_paths *paths, size_t leaf, const bool *lefts,
                          uint32_t first_split) {
    const mw_path *path = &paths->paths[leaf];
    uint64_t passes = 0;
    for (uint32_t i = 0; i < path->step_count; i++) {
        const mw_path_step *step = &paths->steps[path->first_step + i];
        const mw_path_turn *turns = paths->turns + step->first_turn;
        bool is_passed = true;
        for (uint32_t k = 0; k < step->turn_count; k++)
            is_passed &= lefts[turns[k].split - first_split] == turns[k].goes_left;
        passes |= (uint64_t)is_passed << i;
    }
    return passes;
}

/* --- making ------------------------------------------------------------------------------ */

typedef struct {
    const mw_forest_paths *paths;
    const double *rows;
    size_t row_count;
    mw_buf patterns; /* of all leaves so far */
    uint32_t *ends;
    double *expected;
    bool *lefts; /* by row and split of a tree */
} making;

static void add_pattern(making *m, size_t first, uint64_t passes) {
    pattern *patterns = (pattern *)(void *)m->patterns.data;
    size_t count = m->patterns.size / sizeof *patterns;
    double share = 1.0 / (double)m->row_count;
    for (size_t i = first; i < count && !m->paths->forest->linears; i++) {
        if (patterns[i].passes != passes) continue;
        patterns[i].share += share;
        return;
    }
    pattern next = {passes, share};
    mw_buf_append(&m->patterns, &next, sizeof next);
}

static void take_tree(making *m, uint32_t tree, size_t *leaf, uint32_t first_split) {
    const mw_forest *forest = m->paths->forest;
    uint32_t end = m->paths->split_ends[tree], width = m->paths->split_count_max;
    for (size_t row = 0; row < m->row_count; row++)
        fill_lefts(forest, first_split, end, m->rows + row * forest->head.feature_count,
                   m->lefts + row * width);
    for (; *leaf < m->paths->leaf_ends[tree]; ++*leaf) {
        size_t first = m->patterns.size / sizeof(pattern);
        uint64_t all = all_steps(&m->paths->paths[*leaf]);
        for (size_t row = 0; row < m->row_count && !m->patterns.failed; row++) {
            uint64_t passes = passes_of(m->paths, *leaf, m->lefts + row * width, first_split);
            const double *features = m->rows + row * forest->head.feature_count;
            add_pattern(m, first, passes);
            if (passes == all)
                m->expected[tree % forest->head.class_count] +=
                    mw_tree_value(forest, *leaf, features) / (double)m->row_count;
        }
        m->ends[*leaf] = (uint32_t)(m->patterns.size / sizeof(pattern));
    }
}

static mw_status take_all(making *m, mw_arena *arena, mw_background *background, mw_error *err) {
    size_t leaf = 0;
    uint32_t first_split = 0;
    for (uint32_t t = 0; t < m->paths->forest->head.tree_count; t++) {
        take_tree(m, t, &leaf, first_split);
        first_split = m->paths->split_ends[t];
    }
    MW_TRY(mw_buf_check(&m->patterns, "explain", err));
    pattern *patterns = mw_arena_alloc(arena, m->patterns.size, 1);
    if (!patterns) return mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
    memcpy(patterns, mw_buf_str(&m->patterns).data, m->patterns.size);
    background->patterns = patterns;
    return MW_OK;
}

/* What a linear leaf is worth to a background row is its own. */
static mw_status keep_rows(const making *m, mw_arena *arena, mw_background *background,
                           mw_error *err) {
    size_t row_size = m->paths->forest->head.feature_count * sizeof *m->rows;
    double *rows = mw_arena_alloc(arena, m->row_count, row_size);
    if (!rows) return mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
    memcpy(rows, m->rows, m->row_count * row_size);
    background->rows = rows;
    return MW_OK;
}

mw_status mw_background_make(mw_arena *arena, const mw_forest *forest, const double *rows,
                             size_t row_count, const mw_background **out_background,
                             mw_error *err) {
    if (row_count < 1 || row_count > MW_BACKGROUND_ROWS_MAX)
        return mw_fail(err, MW_INVALID, "explain: background rows must be 1 to %d, got %zu",
                       MW_BACKGROUND_ROWS_MAX, row_count);
    making m = {.rows = rows, .row_count = row_count};
    MW_TRY(mw_forest_paths_make(arena, forest, &m.paths, err));
    if (m.paths->step_count_max > STEPS_MAX)
        return mw_fail(err, MW_TOO_LARGE,
                       "explain: at most %d features above a leaf fit, got %u", STEPS_MAX,
                       m.paths->step_count_max);
    mw_background *background = mw_arena_alloc(arena, 1, sizeof *background);
    m.ends = mw_arena_alloc(arena, forest->leaf_count, sizeof *m.ends);
    m.expected = mw_arena_alloc(arena, forest->head.class_count, sizeof *m.expected);
    mw_arena scratch;
    mw_arena_init(&scratch, SIZE_MAX);
    m.lefts = mw_arena_alloc(&scratch, row_count * m.paths->split_count_max, 1);
    mw_buf_init(&m.patterns, SIZE_MAX);
    mw_status status = mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
    if (background && m.ends && m.expected && m.lefts)
        status = take_all(&m, arena, background, err);
    mw_buf_release(&m.patterns);
    mw_arena_release(&scratch);
    if (status != MW_OK) return status;
    if (forest->linears) MW_TRY(keep_rows(&m, arena, background, err));
    background->paths = m.paths;
    background->pattern_ends = m.ends;
    background->expected = m.expected;
    fill_weights(background->weights);
    *out_background = background;
    return MW_OK;
}

/* --- explaining -------------------------------------------------------------------------- */

/* Worth something to whoever has all of `own` and none of `other`. */
typedef struct {
    uint64_t own, other;
    double worth;
} game;

static void add_game(const mw_background *background, const mw_path_step *steps, game g,
                     double *values) {
    uint64_t own = g.own, other = g.other;
    int own_count = __builtin_popcountll(own), other_count = __builtin_popcountll(other);
    double adds = g.worth * background->weights[own_count][other_count];
    double takes = g.worth * background->weights[other_count][own_count];
    for (; own; own &= own - 1) values[steps[__builtin_ctzll(own)].feature] += adds;
    for (; other; other &= other - 1) values[steps[__builtin_ctzll(other)].feature] -= takes;
}

static void add_leaf(const mw_background *background, size_t leaf, uint64_t passes,
                     double *values) {
    const mw_path *path = &background->paths->paths[leaf];
    const mw_path_step *steps = background->paths->steps + path->first_step;
    double value = background->paths->forest->leaves[leaf];
    uint64_t all = all_steps(path);
    uint32_t end = background->pattern_ends[leaf];
    for (uint32_t i = leaf ? background->pattern_ends[leaf - 1] : 0; i < end; i++) {
        uint64_t others = background->patterns[i].passes;
        if ((passes | others) != all) continue;
        game g = {passes & ~others, others & ~passes, value * background->patterns[i].share};
        add_game(background, steps, g, values);
    }
}

/* Two rows at a linear leaf that some mixture of them falls into. */
typedef struct {
    const mw_path_step *steps;
    const double *row, *background_row;
    uint64_t own, other; /* the steps that only the one passes, only the other */
    double share;
} meeting;

static uint64_t step_of(const mw_path_step *steps, uint32_t feature) {
    uint32_t i = 0;
    while (steps[i].feature != feature) i++;
    return UINT64_C(1) << i;
}

/* What the leaf is worth beyond its plain value, where a mixture lacks none of its terms: that of
   the background row, and for each term whose step both rows pass what the row's own changes. */
static void add_terms(const mw_background *background, const meeting *m, size_t leaf,
                      double *values) {
    const mw_forest *forest = background->paths->forest;
    const mw_tree_linear *linear = &forest->linears[leaf];
    const mw_forest_term *terms = forest->terms + linear->first_term;
    uint64_t own = m->own, other = m->other;
    double worth = linear->constant - forest->leaves[leaf];
    for (uint32_t i = 0; i < linear->term_count; i++) {
        uint64_t step = step_of(m->steps, terms[i].feature);
        double mine = mw_tree_term_value(m->row[terms[i].feature]);
        double theirs = mw_tree_term_value(m->background_row[terms[i].feature]);
        if (isnan(mine)) other |= step;
        if (isnan(theirs)) own |= step;
        worth += terms[i].factor * (own & step ? mine : theirs);
    }
    if (own & other) return;
    add_game(background, m->steps, (game){own, other, m->share * worth}, values);
    for (uint32_t i = 0; i < linear->term_count; i++) {
        uint64_t step = step_of(m->steps, terms[i].feature);
        if ((own | other) & step) continue;
        double mine = mw_tree_term_value(m->row[terms[i].feature]);
        double theirs = mw_tree_term_value(m->background_row[terms[i].feature]);
        game g = {own | step, other, m->share * terms[i].factor * (mine - theirs)};
        add_game(background, m->steps, g, values);
    }
}

static void add_linear_leaf(const mw_background *background, size_t leaf, uint64_t passes,
                            const double *row, double *values) {
    const mw_path *path = &background->paths->paths[leaf];
    const mw_forest *forest = background->paths->forest;
    uint64_t all = all_steps(path);
    uint32_t first = leaf ? background->pattern_ends[leaf - 1] : 0;
    meeting m = {.steps = background->paths->steps + path->first_step, .row = row};
    for (uint32_t i = first; i < background->pattern_ends[leaf]; i++) {
        uint64_t others = background->patterns[i].passes;
        if ((passes | others) != all) continue;
        m.background_row = background->rows + (i - first) * forest->head.feature_count;
        m.own = passes & ~others;
        m.other = others & ~passes;
        m.share = background->patterns[i].share;
        game plain = {m.own, m.other, m.share * forest->leaves[leaf]};
        add_game(background, m.steps, plain, values);
        add_terms(background, &m, leaf, values);
    }
}

static void explain_row(const mw_background *background, const double *row, bool *lefts,
                        double *values) {
    const mw_forest_paths *paths = background->paths;
    const mw_forest_head *head = &paths->forest->head;
    uint32_t first_split = 0;
    size_t leaf = 0;
    memset(values, 0, (size_t)head->class_count * (head->feature_count + 1) * sizeof *values);
    for (uint32_t t = 0; t < head->tree_count; t++) {
        double *class_values = values + t % head->class_count * (head->feature_count + 1);
        fill_lefts(paths->forest, first_split, paths->split_ends[t], row, lefts);
        for (; leaf < paths->leaf_ends[t]; leaf++) {
            uint64_t passes = passes_of(paths, leaf, lefts, first_split);
            if (background->rows) add_linear_leaf(background, leaf, passes, row, class_values);
            else add_leaf(background, leaf, passes, class_values);
        }
        first_split = paths->split_ends[t];
    }
    for (uint32_t class = 0; class < head->class_count; class++)
        values[class * (head->feature_count + 1) + head->feature_count] =
            background->expected[class];
}

mw_status mw_background_run(const mw_background *background, const double *rows,
                             size_t row_count, double *out_values, mw_error *err) {
    const mw_forest_head *head = &background->paths->forest->head;
    mw_arena arena;
    mw_arena_init(&arena, SIZE_MAX);
    bool *lefts = mw_arena_alloc(&arena, background->paths->split_count_max, sizeof *lefts);
    for (size_t row = 0; lefts && row < row_count; row++)
        explain_row(background, rows + row * head->feature_count, lefts,
                    out_values + row * head->class_count * (head->feature_count + 1));
    mw_arena_release(&arena);
    return lefts ? MW_OK : mw_fail(err, MW_NO_MEMORY, "explain: out of memory");
}
