/*
 * sql_tables: what `sql` can ask about, as tables and views of its database.
 *
 * The streams are views over the lake's files and over what stands in the log alone, so that no
 * event is missing beside a running server; the rest are copies: the catalog's ingests, runs,
 * metrics, versions and promotions, the log's predictions, and where they are asked for
 * (cli/sql_examples.h) labels and examples. The streams stand in a schema of their own, which
 * is looked at first, so one may bear the name of any of these.
 */
#pragma once
#include "cli/workspace.h"

/* Makes the tables; afterwards nothing but the lake's files can be opened by a statement, and
   nothing of this be changed. The workspace's program may be NULL where there is no log and no
   examples are wanted. */
MW_MUST_USE mw_status mw_sql_tables_make(mw_workspace *workspace, bool with_examples,
                                         mw_error *err);
