/*
 * typing: from syntax to expressions with types.
 *
 * A scope says what names mean where the expression stands: in a stream's keys, inside an
 * aggregate, or at a moment. Private to lang.
 */
#pragma once
#include "lang/expr.h"
#include "lang/syntax.h"

typedef struct mw_scope mw_scope;
struct mw_scope {
    mw_compiler *compiler;
    /* A NAME, a MEMBER or a WINDOW; NULL after complaining. */
    const mw_expr *(*resolve)(mw_scope *scope, const mw_node *node);
};

/* NULL: a mistake, told already. */
const mw_expr *mw_type_node(mw_scope *scope, const mw_node *node);
/* The same for a condition: complains unless it is a bool. `what` it is, "a where condition". */
const mw_expr *mw_type_condition(mw_scope *scope, const mw_node *node, const char *what);
/* The same meaning of equality and grouping: both text or category, or the same type. */
bool mw_types_match(mw_type a, mw_type b);
