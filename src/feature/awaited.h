/*
 * awaited: the features of moments whose labels are still to come.
 *
 * Each moment takes a ticket as its label is expected, and hands its features in later, maybe many
 * turns on; the label brings the ticket back. Labels come nearly in the order of their moments, and
 * what came out of turn is let go of with the oldest.
 */
#pragma once
#include "base/queue.h"
#include "table/cell.h"

typedef struct {
    size_t feature_count;
    mw_queue tickets; /* by their numbers */
} mw_awaited;

#define MW_AWAITED_NOBODY UINT64_MAX /* no moment has handed anything in */

void mw_awaited_init(mw_awaited *awaited, size_t feature_count);
void mw_awaited_release(mw_awaited *awaited);
/* Gives out the next ticket, for nobody yet; false if memory is out. */
MW_MUST_USE bool mw_awaited_add(mw_awaited *awaited, uint64_t *out_ticket);
/* Hands in the features of a ticket's moment, which are copied. */
void mw_awaited_put(mw_awaited *awaited, uint64_t ticket, uint64_t number,
                    const mw_cell *features);
/* The number of a ticket's moment, MW_AWAITED_NOBODY if there is none, and its features. */
uint64_t mw_awaited_number(const mw_awaited *awaited, uint64_t ticket);
const mw_cell *mw_awaited_features(const mw_awaited *awaited, uint64_t ticket);
/* The label of the ticket has come: its features stand until the next add. */
void mw_awaited_drop(mw_awaited *awaited, uint64_t ticket);
