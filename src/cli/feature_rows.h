/*
 * feature_rows: rows of features on their way out: each waits for its label, then leaves in the
 * order of the moments.
 *
 * The replay keeps a moment's features until its label comes, and brings them again: so a number
 * is held for a row whose label may still come, and cells for one that is whole before its turn,
 * as are all at the end whose labels nobody knows yet: on disk what memory has no room for.
 * The id is put together as it leaves: texts that stand for one row each never become symbols.
 */
#pragma once
#include "feature/backlog.h"
#include "feature/replay.h"

typedef struct mw_feature_rows mw_feature_rows;

/* Takes a row, whose first cell is not there: the id stands for it. */
typedef mw_status (*mw_feature_row_taker)(void *context, mw_str id, const mw_cell *row,
                                          mw_error *err);

typedef struct {
    const mw_program *program; /* it, the model and the symbols outlive the rows */
    const mw_model_program *model;
    const mw_symbols *symbols;
    int64_t now;               /* labels that mature later do not come */
    mw_backlog_memory memory;  /* for rows that are whole before their turn */
    mw_feature_row_taker take;
    void *context;
} mw_feature_rows_config;

typedef struct {
    size_t moments, labelled;
} mw_feature_rows_count;

/* The columns: id, time, the features, label. In `arena`. */
MW_MUST_USE mw_status mw_feature_rows_schema(const mw_model_program *model, mw_arena *arena,
                                             mw_schema *out_schema, mw_error *err);
MW_MUST_USE mw_status mw_feature_rows_create(mw_feature_rows_config config,
                                             mw_feature_rows **out_rows, mw_error *err);
/* The next step of a replay with labels. */
MW_MUST_USE mw_status mw_feature_rows_step(mw_feature_rows *rows, const mw_step *step,
                                           mw_error *err);
mw_feature_rows_count mw_feature_rows_counted(const mw_feature_rows *rows); /* after the last */
void mw_feature_rows_destroy(mw_feature_rows *rows); /* NULL is allowed */
