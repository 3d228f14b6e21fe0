#include "lang/syntax_check.h"

#include "lang/parser.h"

bool mw_syntax_check(mw_source source, mw_str subject, mw_arena *arena,
                     mw_diagnostics *diagnostics) {
    mw_compiler compiler = {.arena = arena, .diagnostics = diagnostics, .subject = subject};
    (void)mw_parse_expression(&compiler, source);
    return !compiler.out_of_memory;
}
