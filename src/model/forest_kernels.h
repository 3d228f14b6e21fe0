/*
 * forest_kernels: the four inner loops of a forest in lanes, for each kind of processor.
 *
 * A tree is a list of its splits from left to right: the split at place j parts leaf j - 1 from
 * leaf j, and its left side begins with leaf `start`. So one rule, without a branch, finds a leaf:
 *
 *     leaf = 0; for j = 1, 2, ...: if the row goes right at j and leaf >= start, leaf = j
 *
 * since going right rules out the leaves from `start` to j - 1, and no others. What a split
 * compares are ranks in a byte: how many of its feature's thresholds lie below the value. Ranks,
 * bins and leaves are kept less 128, because processors compare signed bytes.
 *
 * All kinds give the same bytes as the plain one. Pure; any number of threads.
 */
#pragma once
#include "base/status.h"

enum {
    MW_LANE_ROWS = 256,            /* in a block */
    MW_LANE_TREES = 64,            /* in a group */
    MW_LANE_LEAVES_MAX = 256,      /* of a tree: a leaf is a byte */
    MW_LANE_ROW_COLUMNS_MAX = 128, /* of one row, so that they fit two vectors */
    MW_LANE_BIAS = 128,
    MW_LANE_LEFT = -128, /* a rank that goes left whatever the bin */
    MW_LANE_RIGHT = 127,
    MW_LANE_BINS = 254, /* from 0 on: a bin leaves room for both */
    MW_SET_SIZE = 128,  /* bytes of bits that one step looks up */
    MW_RANK_NODE = 16,  /* numbers that one step compares with */
    MW_RANK_PAGE = 256, /* thresholds: 16 nodes */
    MW_RANK_MAX = INT16_MAX,
};

/* Thresholds to rank by, ascending, padded with inf to whole pages, one inf at least. */
typedef struct {
    const double *thresholds;
    size_t page_count;
    double pivots[MW_RANK_NODE]; /* the last of each node of the first page */
} mw_rank_scale;

typedef struct {
    uint16_t column;
    int8_t bin;   /* a rank above goes right */
    int8_t start; /* the first leaf of its left side */
} mw_lane_split;

/* One place of 64 trees. A lane that has no such place keeps `bin` at MW_LANE_RIGHT. */
typedef struct {
    uint8_t columns[MW_LANE_TREES];
    int8_t bins[MW_LANE_TREES];
    int8_t starts[MW_LANE_TREES];
} mw_lane_step;

/* One row. In step i of a group, the lanes whose bit is set in rights[i] go right. */
typedef struct {
    int8_t columns[MW_LANE_ROW_COLUMNS_MAX];
    size_t column_count;
    const uint64_t *rights; /* all 0 without sets */
    bool has_sets;
} mw_lane_row;

typedef struct {
    /* How many of the thresholds lie below each value. No value is NaN. */
    void (*rank)(const mw_rank_scale *scale, const double *values, size_t count,
                 uint16_t *out_ranks);
    /* The leaf of each row of a block, in one tree of split_count splits. Column c is the
       MW_LANE_ROWS bytes from columns + c * MW_LANE_ROWS on. */
    void (*rows)(const mw_lane_split *splits, size_t split_count,
                 const int8_t *columns, uint8_t *out_leaves);
    /* The column of a split by a set: left where the bit of a row's category is set. `bits` are
       MW_SET_SIZE bytes, or `size` if that is more. */
    void (*set)(const uint8_t *bits, size_t size, const uint16_t *categories, int8_t *out_column);
    /* The leaf of one row in each tree of a group. NULL where walking is faster. */
    void (*row)(const mw_lane_step *steps, size_t step_count, const mw_lane_row *row,
                uint8_t *out_leaves);
} mw_forest_kernels;

/* Each can what the ones before it can. */
typedef enum {
    MW_LANES_PLAIN,
#if defined __x86_64__
    MW_LANES_AVX2,
    MW_LANES_AVX512,
#elif defined __aarch64__
    MW_LANES_NEON,
#endif
    MW_LANES_COUNT
} mw_lanes_kind;

const char *mw_lanes_name(mw_lanes_kind kind); /* "avx2" */

/* The best that this processor can. */
mw_lanes_kind mw_lanes_best(void);
/* For a kind up to the best. */
const mw_forest_kernels *mw_forest_kernels_of(mw_lanes_kind kind);
