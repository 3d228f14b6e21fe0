/*
 * sql: compiled code written out as an expression of DuckDB's SQL that says the same.
 *
 * Missing is NULL. Times and spans are us as BIGINT, numbers DOUBLE. What SQL does otherwise than
 * the language (infinities, halves, empty texts, logarithms of nothing) goes through the macros of
 * mw_sql_append_macros, which stand before all that uses them. Everything is the same to the
 * bit but for exp, log, sin and their like, which are as exact as DuckDB has them.
 */
#pragma once
#include "lang/code.h"

/* What names in the code stand for, each a piece of SQL. */
typedef struct {
    const char *row;          /* what a field's name comes after: "e." */
    const mw_schema *schema;  /* of the row */
    const char *now;          /* inside a window: what the fields of the moment's row come after */
    const mw_schema *now_schema;
    const char *time;         /* `time` */
    const char *now_time;     /* inside a window: the moment's t */
    const char *columns;      /* what the names of these come after: "m." */
    const mw_schema *windows, *features, *withins; /* NULL: none may be read */
    bool has_outside;         /* what lies outside of the language stands in columns, too */
} mw_sql_names;

/* Those that the query calls, and that these call: what changes letters takes 17 kB a macro. */
void mw_sql_append_macros(const mw_zone *zone, mw_str query, mw_buf *out);
/* In quotes where SQL needs them. */
void mw_sql_append_name(mw_buf *out, mw_str name);
/* "-- TEXT", a line of its own whatever stands in the text. */
void mw_sql_append_comment(mw_buf *out, mw_str text);
/* A field as the code's SQL has it: times as us. */
void mw_sql_append_field(mw_buf *out, const char *row, mw_field field);
/* MW_NOT_BUILT: SQL has not what the code calls, which the message names. MW_TOO_LARGE,
   MW_NO_MEMORY. Texts of constants are read from `symbols`. */
MW_MUST_USE mw_status mw_code_append_sql(const mw_code *code, const mw_sql_names *names,
                                         const mw_symbols *symbols, mw_buf *out, mw_error *err);
