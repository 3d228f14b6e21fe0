/*
 * lake_views: the lake's streams as views of DuckDB's SQL, for people and for exports.
 *
 * A view has the columns time, known and place, then the stream's fields. `place` is where the
 * event counts from, also where its ingest was accepted at a place of its own (DESIGN.md, rule 1).
 * It shows a stream as it stands: of an event that was corrected the last correction alone; or, to
 * an export, as it was known at any time (lang/model_sql.h).
 */
#pragma once
#include "cli/workspace.h"

/* What of a query "FROM (...)" over all events of a stream keeps those that stand: of each id the
   last one in that order. MW_INVALID: the project file is not there to say what the ids are. */
MW_MUST_USE mw_status mw_lake_views_append_standing(mw_workspace *workspace, mw_str stream,
                                                    const char *order, mw_buf *sql,
                                                    mw_error *err);
/* Appends "CREATE VIEW ..; .." for each stream, with the files of the snapshot as seen from where
   `lake_folder` is; and, unless `out_files` is NULL, their paths as a list of SQL's texts. */
MW_MUST_USE mw_status mw_lake_views_append(mw_workspace *workspace,
                                           const mw_lake_snapshot *snapshot,
                                           const char *lake_folder, mw_buf *out_sql,
                                           mw_buf *out_files, mw_error *err);
/* The same with all that was ever known of the streams; `out_is_corrected`, in the workspace's
   arena, says by stream of the program which views have the columns for that. */
MW_MUST_USE mw_status mw_lake_views_append_known(mw_workspace *workspace,
                                                 const mw_lake_snapshot *snapshot,
                                                 const char *lake_folder, mw_buf *out_sql,
                                                 const bool **out_is_corrected, mw_error *err);
