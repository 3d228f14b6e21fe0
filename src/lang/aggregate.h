/*
 * aggregate: what windows and `within moment` have in common: an aggregate over values.
 *
 * Which values it takes, as what, and of which type its result is; its canonical spelling; `all`,
 * which is made of two of `any`. Private to lang; a mistake is told by mw_complain.
 */
#pragma once
#include "lang/expr.h"
#include "lang/program.h"
#include "lang/syntax.h"

/* Which quantile, if it is one; false: it was refused. */
bool mw_aggregate_take_fraction(mw_compiler *compiler, const mw_window_node *node,
                                mw_window *window);
/* The value as the aggregate, written as `word`, takes it, and into the window the type of the
   result. NULL: it was refused. */
const mw_expr *mw_aggregate_take_value(mw_compiler *compiler, mw_position position, mw_str word,
                                       const mw_expr *value, mw_window *window);
/* Whether its result, a number, is one of seconds, for the values were durations. */
bool mw_aggregate_is_of_seconds(const mw_window *window, mw_type value_type);
/* "sum", "quantile(0.9)" */
void mw_aggregate_write(const mw_window *window, mw_buf *out);
/* `all`, by whether any value is false and any is true: false once a value is false, true if there
   are others, missing over none (rule 10). */
const mw_expr *mw_aggregate_all(mw_compiler *compiler, const mw_expr *has_false,
                                const mw_expr *has_true);
