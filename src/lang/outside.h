/*
 * outside: vectors that lie outside of the language: pictures, and what networks make of vectors.
 *
 * Each is a function of an input, which is one text or some numbers: the arguments of the innermost
 * vector. So what it gives can be kept by input, for those who have no network (outside_sql.h).
 */
#pragma once
#include "lang/vector.h"

bool mw_vector_is_outside(const mw_vector *vector);
/* Whether the input is one text; else it is `arg_count` numbers. */
bool mw_vector_takes_text(const mw_vector *vector);
/* The same vector, but its arguments are the first fields of the frame's row. In the arena; NULL if
   that is full. */
const mw_vector *mw_vector_over_row(const mw_vector *vector, mw_arena *arena);
