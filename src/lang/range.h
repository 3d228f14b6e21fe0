/*
 * range: over which time a window looks, from `over 28d ago 7d aligned day` to its ends.
 *
 * With `aligned` or `every` a window holds whole ticks, a fixed number of them, the last of which
 * has ended: so a span that is no whole number of ticks is refused. Private to lang.
 */
#pragma once
#include "lang/program.h"
#include "lang/syntax.h"

/* The ticks of `aligned WORD`; false if it is no unit. */
MW_MUST_USE bool mw_unit_find(mw_str word, mw_tick *out_tick);
/* Fills the ends of a window that takes a span: the `span_index`-th of those written. */
MW_MUST_USE bool mw_range_take(mw_compiler *compiler, const mw_window_node *node,
                               size_t span_index, mw_window *window);
/* Those of a window over all of the past, but for what its tick says. */
void mw_range_take_all_past(mw_compiler *compiler, const mw_window_node *node, mw_window *window);
/* " over 28d ago 7d aligned day", the canonical spelling; nothing for all of the past. `since`
   names the stream whose last event it may begin with; no data: none. */
void mw_range_write(const mw_window *window, mw_str since, mw_buf *out);
/* ", in the 28d before 7d before the start of the moment's day". */
void mw_range_explain(const mw_window *window, mw_str since, mw_buf *out);
