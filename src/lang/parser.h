/*
 * parser: text to syntax, by recursive descent.
 *
 * Binding, weakest first: or, and, not, comparison (= != < <= > >= between in), + -, * /,
 * the sign. A parser stops at its first mistake; the compiler's diagnostics hold it.
 */
#pragma once
#include "lang/lexer.h"
#include "lang/syntax.h"

/* Each is the whole of the text. NULL or false: there was a mistake, told already. */
mw_node *mw_parse_expression(mw_compiler *compiler, mw_source source);
/* EXPR ["unless" EXPR]; `*out_unless` is NULL without. */
mw_node *mw_parse_label(mw_compiler *compiler, mw_source source, mw_node **out_unless);
MW_MUST_USE bool mw_parse_moment(mw_compiler *compiler, mw_source source,
                                 mw_moment_node *out_moment);

/* For the files of the parser alone. */
typedef struct {
    mw_compiler *compiler;
    mw_lexer lexer;
    mw_token token; /* the one to be read next */
    mw_token after; /* and the one behind it */
    int32_t depth;
    bool failed;
} mw_parser;

void mw_parser_init(mw_parser *parser, mw_compiler *compiler, mw_source source);
mw_token mw_parser_advance(mw_parser *parser); /* the token that was next */
bool mw_parser_at(const mw_parser *parser, const char *word);
bool mw_parser_after_is(const mw_parser *parser, const char *word);
bool mw_parser_accept(mw_parser *parser, const char *word);
MW_MUST_USE bool mw_parser_expect(mw_parser *parser, const char *word);
MW_MUST_USE bool mw_parser_expect_name(mw_parser *parser, const char *what, mw_token *out_name);
MW_MUST_USE bool mw_parser_end(mw_parser *parser);
/* "expected WHAT, got TOKEN", once. */
void mw_parser_refuse(mw_parser *parser, const char *what);

mw_node *mw_parser_expression(mw_parser *parser);
/* In clauses.c: whether a window stands here, and the whole of it; a span. */
bool mw_parser_at_window(const mw_parser *parser);
mw_node *mw_parser_window(mw_parser *parser);
MW_MUST_USE bool mw_parser_expect_span(mw_parser *parser, mw_span_node *out_span);
/* Past "NAME(VALUE": true after complaining that NAME is no aggregate, if a window goes on. */
bool mw_parser_refuse_aggregate(mw_parser *parser, const mw_token *name);
mw_node *mw_parser_node(mw_parser *parser, mw_node_kind kind, const mw_token *token);
