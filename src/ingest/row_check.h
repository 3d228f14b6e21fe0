/*
 * row_check: the `checks` of a stream, applied to its rows.
 *
 * Sets and bounds hold for each row. A share of missing values holds for a whole file: when
 * there are more than allowed, the rows that lack the value are refused. Missing values pass
 * the other checks.
 */
#pragma once
#include "ingest/refusals.h"
#include "project/project.h"

typedef struct mw_row_checks mw_row_checks;

/* In `arena`. The allowed values are read as the column's type; MW_INVALID names one that is
   none, MW_NOT_FOUND a column that is absent. */
MW_MUST_USE mw_status mw_row_checks_create(mw_arena *arena, const mw_project_stream *stream,
                                           const mw_schema *row, mw_symbols *symbols,
                                           mw_row_checks **out_checks, mw_error *err);
/* Counts the missing values of a row that is an event. */
void mw_row_checks_count(mw_row_checks *checks, const mw_cell *row);
/* Refuses the row if it breaks a rule; every row was counted before. */
MW_MUST_USE mw_status mw_row_checks_apply(const mw_row_checks *checks, size_t number,
                                          const mw_cell *row, mw_refusals *refusals,
                                          bool *out_is_refused, mw_error *err);
