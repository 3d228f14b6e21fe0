/*
 * grid: rows of short texts, printed in columns as wide as they need to be.
 *
 * Titles are one text, "model|version|>roc_auc": a '>' aligns its column to the right. A title
 * row is printed if one of them is not empty. Widths count characters, not bytes.
 */
#pragma once
#include "base/calendar.h"

enum { MW_GRID_COLUMNS_MAX = 1024 };
#define MW_GRID_SIZE_MAX ((size_t)1 << 28)

typedef struct {
    const char *titles;
    size_t column_count;
    mw_buf cells; /* each ends in NUL; row by row */
} mw_grid;

mw_grid mw_grid_begin(const char *titles); /* `titles` outlive the grid */
/* Adds the next cell, row by row. */
void mw_grid_add(mw_grid *grid, const char *format, ...) MW_PRINTF(2, 3);
void mw_grid_add_str(mw_grid *grid, mw_str text);
void mw_grid_add_count(mw_grid *grid, uint64_t count); /* 12,345 */
void mw_grid_add_time(mw_grid *grid, int64_t us);      /* RFC 3339; empty if missing */
void mw_grid_add_seconds(mw_grid *grid, double seconds); /* "3.2 d"; empty if NaN */
/* Ends the grid, each line after `indent`. Memory that ran out shows as a failure of `out`. */
void mw_grid_print(mw_grid *grid, const char *indent, mw_buf *out);

/* A measure of any scale, for people: 0.5731, -283.9854, 0.000412. */
typedef struct {
    char text[32];
} mw_measure_text;
mw_measure_text mw_measure_text_of(double value);        /* "nan" if it is NaN */
mw_measure_text mw_measure_text_signed(double value); /* +0.5731 */

/* 12,345 */
void mw_count_append(mw_buf *out, uint64_t count);
