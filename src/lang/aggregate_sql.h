/*
 * aggregate_sql: the value of a window over the rows that it holds, an aggregate of DuckDB's SQL.
 *
 * It is NULL over no row with a value, but for count and any; what is there over no row at all is
 * whoever joins it to say (rule 10).
 */
#pragma once
#include "lang/program.h"
#include "lang/sql.h"

/* `names` are those of the window's value: of the event, its time, and the moment's beside it.
   `in_order`: doubles are added in the order of their values, so each query gives the same bits. */
MW_MUST_USE mw_status mw_aggregate_append_sql(const mw_window *window, const mw_sql_names *names,
                                              const mw_symbols *symbols, bool in_order,
                                              mw_buf *out, mw_error *err);

/* Of all moments of one event, which are told by m."moment event"; the names are the moment's. */
MW_MUST_USE mw_status mw_within_append_sql(const mw_window *of, const mw_sql_names *names,
                                           const mw_symbols *symbols, mw_buf *out, mw_error *err);

/* Before a value and "))])[1].v": the one that is most frequent, and among these the smallest. */
#define MW_SQL_MOST_FREQUENT \
    "list_sort([{'n': -one.value, 'v': one.key} FOR one IN map_entries(histogram("
