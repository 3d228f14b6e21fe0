/*
 * syntax_check: whether a text is an expression, of whose names nothing is known yet.
 *
 * For what a project may say and nobody compiles yet: a mistake of spelling is told where it
 * stands, by the language's own parser; what the names mean is a matter of later.
 */
#pragma once
#include "lang/declaration.h"

/* `subject` is put before messages. False: memory ran out, and what is told is not all. */
MW_MUST_USE bool mw_syntax_check(mw_source source, mw_str subject, mw_arena *arena,
                                 mw_diagnostics *diagnostics);
