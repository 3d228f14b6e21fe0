/*
 * vector_compiler: from a call that gives a vector to what fills it; private to lang.
 *
 * Vectors are no values of the language: only a whole feature can be one, and it becomes a feature
 * for each of its numbers. So their width must show in their words alone.
 */
#pragma once
#include "lang/typing.h"
#include "lang/vector.h"

bool mw_vector_is_named(mw_str function);
/* How many numbers the node gives, a call of such a function, as a feature; 0: a mistake, told. */
size_t mw_vector_width(mw_compiler *compiler, const mw_node *node);
/* NULL: a mistake, told already. */
const mw_vector *mw_compile_vector(mw_scope *scope, const mw_node *node);
/* The code of one of its numbers. NULL: memory is out. */
const mw_code *mw_vector_code(mw_compiler *compiler, const mw_vector *vector, size_t index);
