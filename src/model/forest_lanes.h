/*
 * forest_lanes: the sums of a forest in SIMD: 256 rows through a tree, or one row through 64 trees.
 *
 * Each value is ranked once; then a leaf is found without a branch, by comparing bytes
 * (model/forest_kernels.h). The leaves are added tree by tree in doubles, so the sums are those of
 * mw_tree_sums, to the bit. Any number of threads. A block of rows takes 256 bytes of the heap for
 * each column of the layout; where there are none, rows go one by one.
 */
#pragma once
#include "model/forest_layout.h"

/* The sums of one row's leaves, one a class. */
void mw_forest_lanes_row(const mw_forest_layout *layout, mw_lanes_kind kind, const double *row,
                         double *out_sums);
/* The same of rows that lie one behind the other. */
void mw_forest_lanes_rows(const mw_forest_layout *layout, mw_lanes_kind kind, const double *rows,
                          size_t row_count, double *out_sums);
