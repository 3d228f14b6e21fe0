/*
 * awaited: the features of moments whose labels are still to come.
 *
 * Each moment takes a ticket as its label is expected, and hands its features in later, maybe many
 * turns on; the label brings the ticket back. Labels come nearly in the order of their moments, and
 * what came out of turn is let go of with the oldest. What memory has no room for lies on disk.
 */
#pragma once
#include "feature/backlog.h"
#include "table/cell.h"

typedef struct {
    size_t feature_count;
    mw_backlog tickets; /* by their numbers */
} mw_awaited;

#define MW_AWAITED_NOBODY UINT64_MAX /* no moment has handed anything in */

void mw_awaited_init(mw_awaited *awaited, size_t feature_count, mw_backlog_memory memory);
void mw_awaited_release(mw_awaited *awaited);
/* All that follow: MW_NO_MEMORY, and what the disk says. */
/* Gives out the next ticket, for nobody yet. */
MW_MUST_USE mw_status mw_awaited_add(mw_awaited *awaited, uint64_t *out_ticket, mw_error *err);
/* Hands in the features of a ticket's moment, which are copied. */
MW_MUST_USE mw_status mw_awaited_put(mw_awaited *awaited, uint64_t ticket, uint64_t number,
                                     const mw_cell *features, mw_error *err);
/* The label of the ticket has come: the number of its moment, MW_AWAITED_NOBODY if there is none,
   and its features, which stand until the next call. */
MW_MUST_USE mw_status mw_awaited_take(mw_awaited *awaited, uint64_t ticket, uint64_t *out_number,
                                      const mw_cell **out_features, mw_error *err);
