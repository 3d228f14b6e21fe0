#include "model/forest_lanes.h"

#include <string.h>

enum {
    SLICE = 64,      /* rows that are ranked at a time, so that their values stay near */
    BLOCK_PAYS = 16, /* rows from which a block is quicker than row after row */
};

typedef struct {
    const double *first;
    size_t count;
} slice_rows;

/* What a block needs beside its rows, MW_LANE_ROWS of each: in one piece of memory. */
typedef struct {
    uint16_t *categories; /* of each feature with sets */
    int8_t *columns;      /* of the layout, then of a tree's sets */
} lane_block;

/* Up to 64 values of one feature, made fit to be ranked: floats, or without what is nearly 0. */
typedef struct {
    double values[SLICE];
    uint64_t is_nan, is_zero; /* a bit a row; what is NaN is 0 too */
} lane_slice;

static void take_slice(lane_slice *slice, const mw_forest_layout *layout, const double *first,
                       size_t count) {
    uint64_t is_nan = 0, is_zero = 0;
    bool is_float = layout->forest->head.is_float;
    double zero_max = is_float ? 0 : MW_TREE_ZERO_MAX;
    for (size_t i = 0; i < count; i++) {
        double value = first[i * layout->width];
        if (is_float) value = (double)(float)value;
        bool nan_here = isnan(value), zero_here = !(fabs(value) > zero_max);
        is_nan |= (uint64_t)nan_here << i;
        is_zero |= (uint64_t)zero_here << i;
        slice->values[i] = zero_here ? 0 : value;
    }
    slice->is_nan = is_nan;
    slice->is_zero = is_zero;
}

static int8_t column_byte(mw_lane_column column, uint16_t rank) {
    int16_t byte = (int16_t)(rank - column.first_rank);
    byte = byte < 0 ? 0 : byte;
    byte = byte > MW_LANE_BINS ? MW_LANE_BINS : byte;
    return (int8_t)(byte - MW_LANE_BIAS);
}

/* Sends what is missing to its side. */
static void put_missing(mw_lane_column column, const lane_slice *slice, int8_t *out) {
    if (column.way == MW_LANE_MISSING_AS_ZERO) return;
    bool is_zero_too = column.way == MW_LANE_ZERO_LEFT || column.way == MW_LANE_ZERO_RIGHT;
    bool is_left = column.way == MW_LANE_ZERO_LEFT || column.way == MW_LANE_NAN_LEFT;
    uint64_t missing = is_zero_too ? slice->is_zero : slice->is_nan;
    for (; missing; missing &= missing - 1)
        out[__builtin_ctzll(missing)] = is_left ? MW_LANE_LEFT : MW_LANE_RIGHT;
}

/* The columns of up to 64 rows in a block; `out` is where column 0 has the first of them. A column
   is filled to the slice's end, past the last row, since a loop of a fixed length runs in SIMD. */
static void put_slice(const mw_forest_layout *layout, const mw_forest_kernels *kernels,
                      slice_rows rows, int8_t *out) {
    for (size_t s = 0; s < layout->scale_count; s++) {
        const mw_lane_scale *scale = &layout->scales[s];
        lane_slice slice;
        uint16_t ranks[SLICE] = {0};
        take_slice(&slice, layout, rows.first + scale->feature, rows.count);
        kernels->rank(&scale->ranks, slice.values, rows.count, ranks);
        for (size_t c = 0; c < scale->column_count; c++) {
            mw_lane_column column = layout->columns[scale->first_column + c];
            int8_t *to = out + (scale->first_column + c) * MW_LANE_ROWS;
            for (size_t i = 0; i < SLICE; i++) to[i] = column_byte(column, ranks[i]);
            put_missing(column, &slice, to);
        }
    }
}

/* The columns of one row, a byte each. */
static void put_row(const mw_forest_layout *layout, const mw_forest_kernels *kernels,
                    const double *row, int8_t *out) {
    for (size_t s = 0; s < layout->scale_count; s++) {
        const mw_lane_scale *scale = &layout->scales[s];
        lane_slice slice;
        uint16_t rank;
        take_slice(&slice, layout, row + scale->feature, 1);
        kernels->rank(&scale->ranks, slice.values, 1, &rank);
        for (size_t c = scale->first_column; c < scale->first_column + scale->column_count; c++) {
            out[c] = column_byte(layout->columns[c], rank);
            put_missing(layout->columns[c], &slice, &out[c]);
        }
    }
}

/* A place in the tables of the feature's sets. */
static uint16_t category_of(const mw_forest_layout *layout, size_t set_feature,
                            const double *row) {
    const mw_lane_set_feature *feature = &layout->set_features[set_feature];
    double value = row[feature->feature];
    uint32_t count = feature->category_count;
    return (uint16_t)(isnan(value) ? count + 1 : mw_tree_category(layout->forest, value, count));
}

static void put_block(const mw_forest_layout *layout, const mw_forest_kernels *kernels,
                      slice_rows rows, lane_block *block) {
    for (size_t from = 0; from < rows.count; from += SLICE) {
        slice_rows slice = {rows.first + from * layout->width, rows.count - from};
        if (slice.count > SLICE) slice.count = SLICE;
        put_slice(layout, kernels, slice, block->columns + from);
    }
    for (size_t f = 0; f < layout->set_feature_count; f++)
        for (size_t row = 0; row < rows.count; row++)
            block->categories[f * MW_LANE_ROWS + row] =
                category_of(layout, f, rows.first + row * layout->width);
}

static void add_leaves(const mw_forest *forest, const mw_lane_tree *tree, const uint8_t *leaves,
                       double *sums) {
    if (forest->head.is_float)
        for (size_t row = 0; row < MW_LANE_ROWS; row++)
            sums[row] = mw_tree_add(forest, sums[row], tree->leaves[leaves[row]]);
    else
        for (size_t row = 0; row < MW_LANE_ROWS; row++) sums[row] += tree->leaves[leaves[row]];
}

/* Rows past the last one run along on what the block held before; nobody reads their sums. */
static void run_block(const mw_forest_layout *layout, const mw_forest_kernels *kernels,
                      slice_rows rows, lane_block *block, double *out_sums) {
    const mw_forest_head *head = &layout->forest->head;
    put_block(layout, kernels, rows, block);
    for (uint32_t class = 0; class < head->class_count; class++) {
        double sums[MW_LANE_ROWS];
        for (size_t row = 0; row < MW_LANE_ROWS; row++) sums[row] = mw_tree_start(layout->forest);
        for (uint32_t t = class; t < head->tree_count; t += head->class_count) {
            const mw_lane_tree *tree = &layout->trees[t];
            for (uint32_t i = 0; i < tree->set_count; i++) {
                const mw_lane_set *set = &tree->sets[i];
                kernels->set(set->bits, set->size,
                             block->categories + set->set_feature * MW_LANE_ROWS,
                             block->columns + (layout->column_count + i) * MW_LANE_ROWS);
            }
            uint8_t leaves[MW_LANE_ROWS];
            kernels->rows(tree->splits, tree->split_count, block->columns, leaves);
            add_leaves(layout->forest, tree, leaves, sums);
        }
        for (size_t row = 0; row < rows.count; row++)
            out_sums[row * head->class_count + class] = sums[row];
    }
}

/* What one row's categories do in a group: rights[step] has the trees that go right there. */
static void put_rights(const mw_forest_layout *layout, const uint16_t *categories, uint32_t first,
                       uint32_t step_count, uint64_t *rights) {
    const uint64_t *group = layout->rights + layout->category_count * first;
    memset(rights, 0, step_count * sizeof *rights);
    for (size_t f = 0; f < layout->set_feature_count; f++) {
        size_t category = layout->set_features[f].first_category + categories[f];
        for (uint32_t j = 0; j < step_count; j++) rights[j] |= group[category * step_count + j];
    }
}

/* Adds the leaves of one row in a group of trees. With one class the sum stays in a register, which
   is a third of a single row's time. */
static void add_group(const mw_forest_layout *layout, uint32_t first_tree, const uint8_t *leaves,
                      double *sums) {
    const mw_forest_head *head = &layout->forest->head;
    uint32_t left = head->tree_count - first_tree;
    uint32_t count = left < MW_LANE_TREES ? left : MW_LANE_TREES;
    const mw_lane_tree *trees = layout->trees + first_tree;
    if (head->class_count == 1 && !head->is_float) {
        double sum = sums[0];
        for (uint32_t i = 0; i < count; i++) sum += trees[i].leaves[leaves[i]];
        sums[0] = sum;
        return;
    }
    for (uint32_t i = 0, class = first_tree % head->class_count; i < count; i++) {
        sums[class] = mw_tree_add(layout->forest, sums[class], trees[i].leaves[leaves[i]]);
        if (++class == head->class_count) class = 0;
    }
}

static void run_row(const mw_forest_layout *layout, const mw_forest_kernels *kernels,
                    const double *row, double *out_sums) {
    static const uint64_t no_rights[MW_LANE_LEAVES_MAX];
    uint64_t rights[MW_LANE_LEAVES_MAX];
    uint16_t categories[MW_LANE_SET_FEATURES_MAX];
    bool has_sets = layout->set_feature_count > 0;
    mw_lane_row lane = {.column_count = layout->column_count,
                        .rights = has_sets ? rights : no_rights,
                        .has_sets = has_sets};
    put_row(layout, kernels, row, lane.columns);
    for (size_t f = 0; f < layout->set_feature_count; f++)
        categories[f] = category_of(layout, f, row);

    uint32_t tree_count = layout->forest->head.tree_count;
    for (uint32_t class = 0; class < layout->forest->head.class_count; class++)
        out_sums[class] = mw_tree_start(layout->forest);
    for (uint32_t first = 0; first < tree_count; first += MW_LANE_TREES) {
        const uint32_t *starts = &layout->group_starts[first / MW_LANE_TREES];
        uint32_t step_count = starts[1] - starts[0];
        if (has_sets) put_rights(layout, categories, starts[0], step_count, rights);
        uint8_t leaves[MW_LANE_TREES];
        kernels->row(layout->steps + starts[0], step_count, &lane, leaves);
        add_group(layout, first, leaves, out_sums);
    }
}

void mw_forest_lanes_row(const mw_forest_layout *layout, mw_lanes_kind kind, const double *row,
                         double *out_sums) {
    const mw_forest_kernels *kernels = mw_forest_kernels_of(kind);
    if (layout->steps && kernels->row) run_row(layout, kernels, row, out_sums);
    else mw_tree_sums(layout->forest, row, out_sums);
}

/* Zeroed, for what runs along with the last rows. NULL in `columns`: no memory. */
static lane_block create_block(const mw_forest_layout *layout) {
    size_t category_count = layout->set_feature_count * MW_LANE_ROWS;
    size_t column_count = (layout->column_count + layout->set_count_max) * MW_LANE_ROWS;
    uint16_t *categories = mw_allocate(category_count * sizeof *categories + column_count + 1);
    return (lane_block){categories, categories ? (int8_t *)(categories + category_count) : NULL};
}

static void run_rows(const mw_forest_layout *layout, mw_lanes_kind kind, slice_rows rows,
                     double *out_sums) {
    for (size_t i = 0; i < rows.count; i++)
        mw_forest_lanes_row(layout, kind, rows.first + i * layout->width,
                            out_sums + i * layout->forest->head.class_count);
}

void mw_forest_lanes_rows(const mw_forest_layout *layout, mw_lanes_kind kind, const double *rows,
                          size_t row_count, double *out_sums) {
    const mw_forest_kernels *kernels = mw_forest_kernels_of(kind);
    size_t class_count = layout->forest->head.class_count;
    lane_block block = {NULL, NULL};
    if (row_count >= BLOCK_PAYS) block = create_block(layout);
    for (size_t from = 0; from < row_count; from += MW_LANE_ROWS) {
        slice_rows part = {rows + from * layout->width, row_count - from};
        if (part.count > MW_LANE_ROWS) part.count = MW_LANE_ROWS;
        double *sums = out_sums + from * class_count;
        if (part.count < BLOCK_PAYS || !block.columns) run_rows(layout, kind, part, sums);
        else run_block(layout, kernels, part, &block, sums);
    }
    mw_free(block.categories);
}
