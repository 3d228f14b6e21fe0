#include "model/forest_layout.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMN_NONE = UINT16_MAX, BESIDE_CATEGORIES = 2 /* other values, NaN */ };

/* The columns of a feature while they are found: by way and by 254 thresholds. */
typedef struct {
    double *thresholds;
    size_t threshold_count;
    uint16_t *columns; /* [page * MW_LANE_WAY_COUNT + way] */
    uint32_t category_count;
    uint16_t set_feature;
} feature_plan;

typedef struct {
    mw_arena *arena;
    mw_arena scratch;
    mw_forest_layout *layout;
    feature_plan *features;
    mw_lane_split *splits; /* where the next tree's go */
    mw_lane_set *sets;
    mw_lane_tree *trees;
    size_t table_size; /* bytes of all tables */
} plan;

static mw_lane_way way_of(const mw_tree_split *split) {
    if (split->rule == MW_RULE_PLAIN) return MW_LANE_MISSING_AS_ZERO;
    if (split->rule == MW_RULE_MISSING_ZERO)
        return split->default_left ? MW_LANE_ZERO_LEFT : MW_LANE_ZERO_RIGHT;
    return split->default_left ? MW_LANE_NAN_LEFT : MW_LANE_NAN_RIGHT;
}

static int compare_doubles(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The highest category in a split's set, and one. An empty set has its feature's column, too. */
static uint32_t count_categories(const mw_forest *forest, const mw_tree_split *split) {
    const uint32_t *words = forest->words + split->by.set.first_word;
    for (uint32_t i = split->by.set.word_count; i-- > 0;)
        if (words[i]) return 32 * i + 32 - (uint32_t)__builtin_clz(words[i]);
    return 1;
}

/* Counts each feature's thresholds and categories, and gathers the former in order, each once. */
static bool gather(plan *p) {
    const mw_forest *forest = p->layout->forest;
    size_t *counts = mw_arena_alloc(&p->scratch, p->layout->width, sizeof *counts);
    if (!counts) return false;
    for (size_t i = 0; i < forest->split_count; i++)
        counts[forest->splits[i].feature] += forest->splits[i].rule != MW_RULE_CATEGORY;
    for (size_t f = 0; f < p->layout->width; f++) {
        p->features[f].thresholds = mw_arena_alloc(&p->scratch, counts[f], sizeof(double));
        if (!p->features[f].thresholds) return false;
    }
    for (size_t i = 0; i < forest->split_count; i++) {
        const mw_tree_split *split = &forest->splits[i];
        feature_plan *feature = &p->features[split->feature];
        if (split->rule != MW_RULE_CATEGORY) {
            feature->thresholds[feature->threshold_count++] = split->by.threshold;
            continue;
        }
        uint32_t categories = count_categories(forest, split);
        if (categories > feature->category_count) feature->category_count = categories;
    }
    for (size_t f = 0; f < p->layout->width; f++) {
        feature_plan *feature = &p->features[f];
        qsort(feature->thresholds, feature->threshold_count, sizeof(double), compare_doubles);
        size_t kept = 0;
        for (size_t i = 0; i < feature->threshold_count; i++)
            if (kept == 0 || feature->thresholds[i] != feature->thresholds[kept - 1])
                feature->thresholds[kept++] = feature->thresholds[i];
        feature->threshold_count = kept;
    }
    return true;
}

static size_t bin_of(const feature_plan *feature, double threshold) {
    size_t low = 0, high = feature->threshold_count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (feature->thresholds[middle] < threshold) low = middle + 1;
        else high = middle;
    }
    return low;
}

static size_t column_slots(const feature_plan *feature) {
    return (feature->threshold_count + MW_LANE_BINS - 1) / MW_LANE_BINS * MW_LANE_WAY_COUNT;
}

/* The place in feature_plan.columns of a numeric split's column. */
static size_t column_slot(const feature_plan *feature, const mw_tree_split *split) {
    return bin_of(feature, split->by.threshold) / MW_LANE_BINS * MW_LANE_WAY_COUNT + way_of(split);
}

/* Marks the columns that splits want, then numbers them in the order of features. */
static bool number_columns(plan *p) {
    const mw_forest *forest = p->layout->forest;
    for (size_t f = 0; f < p->layout->width; f++) {
        feature_plan *feature = &p->features[f];
        size_t count = column_slots(feature);
        feature->columns = mw_arena_alloc(&p->scratch, count, sizeof *feature->columns);
        if (!feature->columns) return false;
        for (size_t i = 0; i < count; i++) feature->columns[i] = COLUMN_NONE;
    }
    for (size_t i = 0; i < forest->split_count; i++) {
        const mw_tree_split *split = &forest->splits[i];
        feature_plan *feature = &p->features[split->feature];
        if (split->rule != MW_RULE_CATEGORY) feature->columns[column_slot(feature, split)] = 0;
    }
    size_t next = 0;
    for (size_t f = 0; f < p->layout->width; f++) {
        feature_plan *feature = &p->features[f];
        p->layout->scale_count += feature->threshold_count > 0;
        p->layout->set_feature_count += feature->category_count > 0;
        for (size_t i = 0; i < column_slots(feature); i++)
            if (feature->columns[i] != COLUMN_NONE) feature->columns[i] = (uint16_t)next++;
        if (next > MW_LANE_COLUMNS_MAX) break;
    }
    p->layout->column_count = next;
    return true;
}

static size_t bits_size(uint32_t category_count) {
    size_t size = ((size_t)category_count + BESIDE_CATEGORIES + 7) / 8;
    return size < MW_SET_SIZE ? MW_SET_SIZE : size;
}

/* Whether all trees and sets fit the limits of the layout; counts the sets. */
static bool fits(plan *p, size_t *out_set_count) {
    const mw_forest *forest = p->layout->forest;
    size_t set_count = 0;
    size_t end = forest->split_count; /* a tree's splits lie in one piece, from its root on */
    for (uint32_t tree = forest->head.tree_count; tree-- > 0;) {
        size_t root = forest->roots[tree] >= 0 ? (size_t)forest->roots[tree] : end;
        if (end - root >= MW_LANE_LEAVES_MAX) return false;
        size_t sets_here = 0;
        for (; end > root; end--) {
            const mw_tree_split *split = &forest->splits[end - 1];
            if (split->rule != MW_RULE_CATEGORY) continue;
            sets_here++;
            p->table_size += bits_size(p->features[split->feature].category_count);
        }
        if (p->layout->column_count + sets_here > MW_LANE_COLUMNS_MAX) return false;
        set_count += sets_here;
        if (sets_here > p->layout->set_count_max) p->layout->set_count_max = sets_here;
    }
    for (size_t f = 0; f < p->layout->width; f++)
        if (p->features[f].threshold_count > MW_RANK_MAX ||
            p->features[f].category_count + BESIDE_CATEGORIES > UINT16_MAX)
            return false;
    *out_set_count = set_count;
    return p->layout->set_feature_count <= MW_LANE_SET_FEATURES_MAX &&
           p->table_size <= MW_LANE_TABLES_SIZE_MAX;
}

static bool make_scale(plan *p, size_t f, mw_lane_scale *scale, mw_lane_column *columns) {
    feature_plan *feature = &p->features[f];
    size_t page_count = feature->threshold_count / MW_RANK_PAGE + 1;
    double *thresholds = mw_arena_alloc(p->arena, page_count * MW_RANK_PAGE, sizeof *thresholds);
    if (!thresholds) return false;
    for (size_t i = 0; i < page_count * MW_RANK_PAGE; i++)
        thresholds[i] = i < feature->threshold_count ? feature->thresholds[i] : INFINITY;
    *scale = (mw_lane_scale){.feature = (uint16_t)f,
                             .ranks = {.thresholds = thresholds, .page_count = page_count}};
    for (size_t i = 0; i < MW_RANK_NODE; i++)
        scale->ranks.pivots[i] = thresholds[i * MW_RANK_NODE + MW_RANK_NODE - 1];
    for (size_t i = 0; i < column_slots(feature); i++) {
        uint16_t column = feature->columns[i];
        if (column == COLUMN_NONE) continue;
        if (scale->column_count++ == 0) scale->first_column = column;
        columns[column] = (mw_lane_column){
            .way = (mw_lane_way)(i % MW_LANE_WAY_COUNT),
            .first_rank = (uint16_t)(i / MW_LANE_WAY_COUNT * MW_LANE_BINS)};
    }
    return true;
}

static bool make_columns(plan *p) {
    mw_forest_layout *layout = p->layout;
    mw_lane_scale *scales = mw_arena_alloc(p->arena, layout->scale_count, sizeof *scales);
    mw_lane_column *columns = mw_arena_alloc(p->arena, layout->column_count, sizeof *columns);
    mw_lane_set_feature *set_features =
        mw_arena_alloc(p->arena, layout->set_feature_count, sizeof *set_features);
    if (!scales || !columns || !set_features) return false;
    size_t scale_count = 0, set_feature_count = 0;
    for (size_t f = 0; f < layout->width; f++) {
        feature_plan *feature = &p->features[f];
        if (feature->threshold_count > 0 && !make_scale(p, f, &scales[scale_count++], columns))
            return false;
        if (feature->category_count == 0) continue;
        feature->set_feature = (uint16_t)set_feature_count++;
        set_features[feature->set_feature] =
            (mw_lane_set_feature){.feature = (uint16_t)f,
                                  .category_count = feature->category_count,
                                  .first_category = (uint32_t)layout->category_count};
        layout->category_count += feature->category_count + BESIDE_CATEGORIES;
    }
    layout->scales = scales;
    layout->columns = columns;
    layout->set_features = set_features;
    return true;
}

static bool make_bits(plan *p, const mw_tree_split *split, mw_lane_set *set) {
    const uint32_t *words = p->layout->forest->words + split->by.set.first_word;
    uint32_t category_count = p->features[split->feature].category_count;
    size_t size = bits_size(category_count);
    uint8_t *bits = mw_arena_alloc(p->arena, size, 1);
    if (!bits) return false;
    for (uint32_t i = 0; i < 4 * split->by.set.word_count && i < size; i++)
        bits[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
    uint32_t nan = category_count + 1;
    if (split->default_left) bits[nan / 8] = (uint8_t)(bits[nan / 8] | 1u << nan % 8);
    set->bits = bits;
    set->size = (uint32_t)size;
    set->set_feature = p->features[split->feature].set_feature;
    return true;
}

static bool make_split(plan *p, mw_lane_tree *tree, uint32_t place, const mw_tree_split *split) {
    mw_lane_split *out = &p->splits[place];
    const feature_plan *feature = &p->features[split->feature];
    if (split->rule != MW_RULE_CATEGORY) {
        size_t bin = bin_of(feature, split->by.threshold);
        out->column = feature->columns[column_slot(feature, split)];
        out->bin = (int8_t)((int)(bin % MW_LANE_BINS) - MW_LANE_BIAS);
        return true;
    }
    out->column = (uint16_t)(p->layout->column_count + tree->set_count);
    out->bin = 0;
    p->sets[tree->set_count].place = (uint16_t)place;
    return make_bits(p, split, &p->sets[tree->set_count++]);
}

/* Lays the splits below `child` out from left to right; leaves from *leaf on are theirs. */
static bool make_splits(plan *p, mw_lane_tree *tree, int32_t child, uint32_t *leaf) {
    if (child < 0) {
        ++*leaf;
        return true;
    }
    const mw_tree_split *split = &p->layout->forest->splits[child];
    uint32_t start = *leaf;
    if (!make_splits(p, tree, split->left, leaf)) return false;
    uint32_t place = *leaf - 1;
    p->splits[place].start = (int8_t)((int)start - MW_LANE_BIAS);
    return make_split(p, tree, place, split) && make_splits(p, tree, split->right, leaf);
}

static bool make_trees(plan *p, size_t set_count) {
    const mw_forest *forest = p->layout->forest;
    p->trees = mw_arena_alloc(p->arena, forest->head.tree_count, sizeof *p->trees);
    p->splits = mw_arena_alloc(p->arena, forest->split_count, sizeof *p->splits);
    p->sets = mw_arena_alloc(p->arena, set_count, sizeof *p->sets);
    if (!p->trees || !p->splits || !p->sets) return false;
    const double *leaves = forest->leaves;
    for (uint32_t i = 0; i < forest->head.tree_count; i++) {
        mw_lane_tree *tree = &p->trees[i];
        uint32_t leaf_count = 0;
        *tree = (mw_lane_tree){.splits = p->splits, .leaves = leaves, .sets = p->sets};
        if (!make_splits(p, tree, forest->roots[i], &leaf_count)) return false;
        tree->split_count = leaf_count - 1;
        p->splits += tree->split_count;
        p->sets += tree->set_count;
        leaves += leaf_count;
    }
    p->layout->trees = p->trees;
    return true;
}

static void make_group(const plan *p, uint32_t first_tree, uint32_t step_count,
                       mw_lane_step *steps) {
    for (uint32_t j = 0; j < step_count; j++) memset(steps[j].bins, MW_LANE_RIGHT, MW_LANE_TREES);
    uint32_t end = p->layout->forest->head.tree_count;
    for (uint32_t t = first_tree; t < end && t < first_tree + MW_LANE_TREES; t++) {
        for (uint32_t j = 0; j < p->trees[t].split_count; j++) {
            mw_lane_split split = p->trees[t].splits[j];
            steps[j].starts[t - first_tree] = split.start;
            if (split.column >= p->layout->column_count) continue; /* a set */
            steps[j].columns[t - first_tree] = (uint8_t)split.column;
            steps[j].bins[t - first_tree] = split.bin;
        }
    }
}

/* A category goes right wherever a set does not hold it. */
static void make_group_rights(const mw_lane_tree *trees, uint32_t tree_count,
                              const mw_lane_set_feature *features, uint32_t step_count,
                              uint64_t *rights) {
    for (uint32_t t = 0; t < tree_count; t++) {
        for (uint32_t i = 0; i < trees[t].set_count; i++) {
            const mw_lane_set *set = &trees[t].sets[i];
            const mw_lane_set_feature *feature = &features[set->set_feature];
            uint64_t *right = rights + (size_t)feature->first_category * step_count + set->place;
            for (uint32_t c = 0; c < feature->category_count + BESIDE_CATEGORIES; c++)
                right[(size_t)c * step_count] |= (uint64_t)!(set->bits[c / 8] >> c % 8 & 1) << t;
        }
    }
}

/* Where they would take too much room, one row walks. */
static bool make_rights(plan *p, const uint32_t *starts, size_t group_count, bool *out_fits) {
    mw_forest_layout *layout = p->layout;
    size_t count = layout->category_count * starts[group_count];
    *out_fits = count <= MW_LANE_RIGHTS_SIZE_MAX / sizeof(uint64_t);
    if (!*out_fits || count == 0) return true;
    uint64_t *rights = mw_arena_alloc(p->arena, count, sizeof *rights);
    if (!rights) return false;
    layout->rights = rights;
    for (size_t g = 0; g < group_count; g++) {
        uint32_t first = (uint32_t)g * MW_LANE_TREES, step_count = starts[g + 1] - starts[g];
        uint32_t left = layout->forest->head.tree_count - first;
        make_group_rights(p->trees + first, left < MW_LANE_TREES ? left : MW_LANE_TREES,
                          layout->set_features, step_count, rights);
        rights += layout->category_count * step_count;
    }
    return true;
}

/* The groups of 64 trees, for one row. */
static bool make_groups(plan *p) {
    const uint32_t tree_count = p->layout->forest->head.tree_count;
    size_t group_count = (tree_count + MW_LANE_TREES - 1) / MW_LANE_TREES;
    uint32_t *starts = mw_arena_alloc(p->arena, group_count + 1, sizeof *starts);
    if (!starts) return false;
    for (uint32_t t = 0; t < tree_count; t++) {
        uint32_t *longest = &starts[t / MW_LANE_TREES + 1];
        if (p->trees[t].split_count > *longest) *longest = p->trees[t].split_count;
    }
    for (size_t g = 0; g < group_count; g++) starts[g + 1] += starts[g];
    bool has_rights = false;
    if (!make_rights(p, starts, group_count, &has_rights)) return false;
    if (!has_rights) return true;
    mw_lane_step *steps = mw_arena_alloc(p->arena, starts[group_count], sizeof *steps);
    if (!steps) return false;
    for (size_t g = 0; g < group_count; g++)
        make_group(p, (uint32_t)g * MW_LANE_TREES, starts[g + 1] - starts[g], steps + starts[g]);
    p->layout->steps = steps;
    p->layout->group_starts = starts;
    return true;
}

/* False: out of memory. */
static bool make(plan *p, bool *out_fits) {
    size_t set_count;
    p->features = mw_arena_alloc(&p->scratch, p->layout->width, sizeof *p->features);
    if (!p->features || !gather(p) || !number_columns(p)) return false;
    *out_fits = fits(p, &set_count);
    if (!*out_fits) return true;
    if (!make_columns(p) || !make_trees(p, set_count)) return false;
    bool has_groups = mw_forest_kernels_of(mw_lanes_best())->row &&
                      p->layout->column_count <= MW_LANE_ROW_COLUMNS_MAX;
    return !has_groups || make_groups(p);
}

mw_status mw_forest_layout_make(mw_arena *arena, const mw_forest *forest,
                               const mw_forest_layout **out_layout, mw_error *err) {
    plan p = {.arena = arena, .layout = mw_arena_alloc(arena, 1, sizeof *p.layout)};
    if (!p.layout) return mw_fail(err, MW_NO_MEMORY, "forest: out of memory");
    if (forest->linears) {
        *out_layout = NULL;
        return MW_OK;
    }
    p.layout->forest = forest;
    p.layout->width = forest->head.feature_count;
    mw_arena_init(&p.scratch, SIZE_MAX);
    bool is_fit = false, is_made = make(&p, &is_fit);
    mw_arena_release(&p.scratch);
    if (!is_made) return mw_fail(err, MW_NO_MEMORY, "forest: out of memory for its layout");
    *out_layout = is_fit ? p.layout : NULL;
    return MW_OK;
}
