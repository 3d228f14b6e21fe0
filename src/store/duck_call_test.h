/*
 * duck_call: a DuckDB of its own for a test, asked by one call each.
 */
#pragma once
#include "store/duck.h"
#include "testing/test.h"

static inline mw_duck *open_duck_within(int64_t memory_max) {
    mw_duck *duck;
    mw_error err;
    mw_duck_config config = {.thread_count = 1, .memory_max = memory_max};
    MW_CHECK_OK(mw_duck_open(mw_sys_real(), config, &duck, &err), &err);
    return duck;
}

static inline mw_duck *open_duck(void) {
    return open_duck_within(1 << 28);
}

static inline mw_duck_cursor *query(mw_duck *duck, const char *sql) {
    mw_duck_cursor *cursor;
    mw_error err;
    MW_CHECK_OK(mw_duck_query(duck, sql, &cursor, &err), &err);
    return cursor;
}

static inline size_t fetch(mw_duck_cursor *cursor) {
    size_t count;
    mw_error err;
    MW_CHECK_OK(mw_duck_fetch(cursor, &count, &err), &err);
    return count;
}
