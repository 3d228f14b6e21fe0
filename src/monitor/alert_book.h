/*
 * alert_book: the alerts of a project in its catalog, which show what is open and what was.
 *
 * An alert is written by what it is, not by what happened to it: to write it again changes
 * nothing, so whoever dies and comes back repeats nothing.
 */
#pragma once
#include "monitor/alert.h"
#include "store/catalog.h"

/* Opens the rule's alert in the book, or closes it. One whose quantity was never measured stays
   as it stands there. */
MW_MUST_USE mw_status mw_alert_book_write(mw_catalog *catalog, mw_str model,
                                          const mw_alert *alert, int64_t now, mw_error *err);
