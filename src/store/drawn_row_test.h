/*
 * drawn_row: rows of all types for tests of what DuckDB is given, one cell in ten missing.
 */
#pragma once
#include <stdio.h>

#include "base/prng.h"
#include "table/table.h"

enum { DRAWN_COLUMNS = MW_TYPE_COUNT };
static mw_field drawn_fields[DRAWN_COLUMNS] = {
    {{"n", 1}, MW_TYPE_NUMBER}, {{"b", 1}, MW_TYPE_BOOL}, {{"c", 1}, MW_TYPE_CATEGORY},
    {{"t", 1}, MW_TYPE_TEXT},   {{"w", 1}, MW_TYPE_TIME}, {{"d", 1}, MW_TYPE_DURATION},
    {{"l", 1}, MW_TYPE_LIST},   {{"m", 1}, MW_TYPE_NUMBER_LIST}};
static const mw_schema drawn_schema = {drawn_fields, DRAWN_COLUMNS};

static inline void draw_row(uint64_t *prng, mw_symbols *symbols, mw_cell row[DRAWN_COLUMNS]) {
    char text[40];
    uint64_t draw = mw_prng_next(prng);
    int size = snprintf(text, sizeof text, "%.*s%llu", (int)(draw % 16), "a rather long text",
                        (unsigned long long)(draw % 97));
    row[0] = mw_cell_number((double)(int64_t)draw / 1024);
    row[1] = mw_cell_bool(draw & 1);
    row[2] = (mw_cell){.symbol = mw_symbols_intern(symbols, (mw_str){text, (size_t)size / 2})};
    row[3] = (mw_cell){.symbol = mw_symbols_intern(symbols, (mw_str){text, (size_t)size})};
    row[4] = mw_cell_time((int64_t)(draw % (uint64_t)MW_TIME_MAX));
    row[5] = mw_cell_time((int64_t)draw >> 8);
    int list_size = snprintf(text, sizeof text, "[\"%llu\"]", (unsigned long long)(draw % 97));
    row[6] = (mw_cell){.symbol = mw_symbols_intern(symbols, (mw_str){text, (size_t)list_size})};
    row[7] = (mw_cell){.symbol = mw_symbols_intern(symbols, MW_STR("[1,2.5]"))};
    for (int i = 0; i < DRAWN_COLUMNS; i++)
        if (mw_prng_next(prng) % 10 == 0) row[i] = mw_cell_missing(drawn_fields[i].type);
}
