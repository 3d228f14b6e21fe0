/*
 * mend_compiler: `units` and `clean`: what becomes of a field of a row that is an event.
 *
 * A value is bad if it is missing or breaks the bounds or the set that `checks` say of its field.
 * Private to lang.
 */
#pragma once
#include "lang/expr.h"
#include "lang/program.h"

/* What takes the field's place; of a drop, the condition that the row must meet. `field` loads it,
   `value` is that of a default. NULL after complaining. */
const mw_expr *mw_compile_mend(mw_compiler *compiler, const mw_mend_declaration *mend,
                               const mw_expr *field, const mw_expr *value);
