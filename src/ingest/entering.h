/*
 * entering: works out the fields with windows of the events that an ingest adds.
 *
 * The events of lake and log and the fresh ones are walked in the order of their places, as a
 * replay would. History enters at its known; an ingest that gets a place of its own enters there,
 * and sees all that stood before. History that would have changed such fields of events that stand
 * already is refused: they were worked out once, and would not be what the rules say of the log.
 */
#pragma once
#include "ingest/taking.h"

/* Fills the fields in the fresh events. MW_CONFLICT names the stream whose events stand. */
MW_MUST_USE mw_status mw_entering_run(mw_taking *taking, mw_error *err);
