/*
 * sql_examples: what a training would learn from, as tables of the database that `sql` asks.
 *
 * "labels" has a row for each moment whose label has matured, of all models; "examples_MODEL" the
 * same moments with their features, and "examples" are those of the only model. They go by the
 * project file of today, as the next training will, and by lake and log up to now: the events are
 * replayed for it.
 */
#pragma once
#include "cli/workspace.h"

MW_MUST_USE mw_status mw_sql_load_examples(const mw_workspace *workspace, mw_error *err);
