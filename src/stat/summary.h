/*
 * summary: what the values of one column are like, told one by one.
 *
 * A plain value; it keeps no value but the first. Two columns of one table have the same digest
 * when they hold the same values row by row, and by chance once in 2^64 otherwise.
 */
#pragma once
#include "table/cell.h"

typedef struct {
    mw_type type;
    uint64_t count, missing_count;
    mw_cell least, greatest; /* by value; of texts none is kept: both are missing */
    mw_cell first;           /* may be missing */
    bool is_constant;        /* none is other than the first */
    uint64_t digest;
} mw_summary;

mw_summary mw_summary_begin(mw_type type);
void mw_summary_add(mw_summary *summary, mw_cell value);
