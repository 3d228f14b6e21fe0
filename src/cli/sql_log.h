/*
 * sql_log: what the log has recorded, as tables of the database that `sql` asks: predictions, and
 * the events that are not in the lake yet.
 */
#pragma once
#include "cli/workspace.h"

/* Makes the table "predictions", a row a recorded one in the order of their stamps. */
MW_MUST_USE mw_status mw_sql_load_predictions(const mw_workspace *workspace, mw_error *err);

/* The table of a stream's events that stand in the log alone; no data: out of memory. */
mw_str mw_sql_fresh_table(mw_arena *arena, mw_str stream);
/* What the log alone has of a stream. */
typedef struct {
    bool is_there;
    bool may_correct; /* some of it corrects, or is corrected in the lake: ids must be compared */
} mw_sql_fresh;
/* Makes those tables, of the streams that have such events; `out_fresh` is by the program's
   streams. An event that stands in the lake, as it was seen then, is not told twice. */
MW_MUST_USE mw_status mw_sql_load_fresh(const mw_workspace *workspace, mw_lake_snapshot *out_lake,
                                        mw_sql_fresh *out_fresh, mw_error *err);
