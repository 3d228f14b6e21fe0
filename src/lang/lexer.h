/*
 * lexer: the words of an expression, each with its place in the project file.
 *
 * Keywords are no tokens of their own: what a name means depends on where it stands, so that
 * a column may be called `next` or `over`. A name in backquotes is never a keyword.
 */
#pragma once
#include "lang/compiler.h"

typedef enum {
    MW_TOKEN_END,
    MW_TOKEN_NAME,
    MW_TOKEN_QUOTED_NAME, /* `two words` */
    MW_TOKEN_NUMBER,
    MW_TOKEN_SPAN, /* 90m */
    MW_TOKEN_TEXT, /* "late" or 'late' */
    MW_TOKEN_SIGN, /* + <= ( .. */
    MW_TOKEN_BAD,  /* complained about already */
} mw_token_kind;

typedef struct {
    mw_token_kind kind;
    mw_position position;
    mw_str text; /* as it stands; of a text or quoted name: what it says */
    double number;
    int64_t span_us;
} mw_token;

typedef struct {
    mw_compiler *compiler;
    mw_str rest;
    mw_position position; /* of the first byte of `rest` */
} mw_lexer;

void mw_lexer_init(mw_lexer *lexer, mw_compiler *compiler, mw_source source);
mw_token mw_lexer_next(mw_lexer *lexer);
/* A name or sign that reads so. */
bool mw_token_is(const mw_token *token, const char *word);

/* Letters, digits and _, no digit first, at most MW_NAME_SIZE_MAX: needs no backquotes. */
bool mw_name_is_plain(mw_str name);
/* Plain, and yet something else than a field's name where a value may stand. */
bool mw_name_is_keyword(mw_str name);
/* As an expression reads it: in backquotes unless it is plain and no keyword. */
void mw_name_append(mw_buf *out, mw_str name);
/* As a part of a feature's name: each character but ASCII's letters and digits as _. */
void mw_name_append_part(mw_buf *out, mw_str name);

/* "90m", "24h" in us: the whole of `text`, an integer and its unit. */
MW_MUST_USE bool mw_span_parse(mw_str text, int64_t *out_us);
/* The span with the greatest unit up to a day that divides it: "36h", "7d", "-30m". */
void mw_span_write(mw_buf *out, int64_t span_us);
