/*
 * feature_rows: rows of features on their way out: each waits for its label, then leaves in the
 * order of the moments.
 *
 * A row is taken when its moment is reported and stays while its label may still come, so what is
 * held is what a label's maturity spans, whatever the length of history. Its id is put together
 * as it leaves: texts that stand for one row each never become symbols.
 */
#pragma once
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
/* All that wait leave: no other label comes. */
MW_MUST_USE mw_status mw_feature_rows_end(mw_feature_rows *rows, mw_error *err);
mw_feature_rows_count mw_feature_rows_counted(const mw_feature_rows *rows);
void mw_feature_rows_destroy(mw_feature_rows *rows); /* NULL is allowed */
