/*
 * fit_compiler: reads the fitted functions (lang/fitted.h) around a feature; private to lang.
 */
#pragma once
#include "lang/fitted.h"
#include "lang/syntax.h"

bool mw_fit_is_named(mw_str function);
/* Takes them off the node; what they stand around. NULL: a mistake, told. */
const mw_node *mw_read_fits(mw_compiler *compiler, const mw_node *node, mw_fits *out_fits);
/* Whether they take what stands within, `width` numbers of a vector or (0) one value; else it is
   told. */
bool mw_fits_take(mw_compiler *compiler, const mw_fits *fits, mw_type type,
                  size_t width, mw_position position);
/* The spelling of what stands within with them around it. */
mw_str mw_fits_text(mw_compiler *compiler, const mw_fits *fits, mw_str within);
