/*
 * moment_sql: the moments of a model, and the events that its windows read, as DuckDB's SQL.
 *
 * They are the first of the common tables of a model's query (model_sql.h): "events of STREAM" for
 * each stream that a window reads, with the columns event (the row as one value), "event t", "event
 * known" and, of a stream that was corrected, "event until"; and moments, with "moment n", what
 * MW_SQL_T, MW_SQL_PLACE and MW_SQL_ROW name and, with `each`, MW_SQL_EVENT. Times are us.
 *
 * Private to what writes a model's query, whose state this header declares.
 */
#pragma once
#include "lang/model_sql.h"
#include "lang/sql_gaps.h"

/* Names of our own have a blank in them, which a feature's has not. */
#define MW_SQL_T "\"moment t\""
#define MW_SQL_PLACE "\"moment place\""
#define MW_SQL_ROW "\"moment row\""
#define MW_SQL_EVENT "\"moment event\"" /* a number, the same for all moments of one event */

/* A model's query while it is written. */
typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    const mw_symbols *symbols;
    const bool *is_corrected; /* by stream; NULL: none is */
    bool has_outside;         /* what lies outside of the language is looked up */
    mw_arena arena;
    mw_schema windows, features, withins; /* the columns that hold them */
    mw_sql_gaps gaps;   /* what is left out */
    const bool *in_order; /* by window: an input is made of it, which must be the same again */
    bool label_waits;   /* a key of the label's windows is a feature: they stand behind all these */
    bool at_label;      /* they are being written */
    mw_schema *streams; /* the columns that hold the fields of each stream's rows */
    mw_buf *out;
} mw_sql_query;

const mw_schema *mw_sql_moment_schema(const mw_sql_query *q);
bool mw_sql_is_corrected(const mw_sql_query *q, int32_t stream);
/* "WITH .. moments AS (..)": whatever follows begins with a comma. */
void mw_moment_sql_append(const mw_sql_query *q);
