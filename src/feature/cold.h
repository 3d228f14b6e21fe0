/*
 * cold: which keys leave memory when it is full: those that were touched least lately, nearly.
 *
 * A hand goes round over the cards of some groups. A card that was touched since it passed last is
 * spared once; the ring of any other is spilled, until the state is within its budget, these groups
 * have no more than their share of it, or nothing is left that could go. Where few rings are left
 * among many cards the hand rests after MW_COLD_PASSED_MAX of them and goes on the next time, so
 * that no event waits for a whole round. Until it has been round twice each event may bring its
 * rings in above the budget: those of at most one event for each MW_COLD_PASSED_MAX / 2 cards. The
 * cards themselves stay, so an unknown key is known at once.
 *
 * It is asked before each event and each look-up, never between them: what one of them needs may
 * stand above the budget while it lasts.
 */
#pragma once
#include "feature/group.h"

enum { MW_COLD_PASSED_MAX = 1024 }; /* cards in a row that do not go */

typedef struct {
    mw_spill spill;
    mw_budget *budget;
    mw_group *groups; /* those of one strand */
    size_t group_count;
    size_t group;     /* where the hand is, */
    uint32_t number;  /* and at which of its cards */
} mw_cold;

/* The groups put their rings out here from now on. */
void mw_cold_init(mw_cold *cold, mw_group *groups, size_t group_count, mw_spill_disk *disk);
MW_MUST_USE mw_status mw_cold_spill(mw_cold *cold, mw_error *err);
/* Spills until the state is within its budget, as far as that is possible. */
static inline mw_status mw_cold_relieve(mw_cold *cold, mw_error *err) {
    return mw_budget_is_over(cold->budget) ? mw_cold_spill(cold, err) : MW_OK;
}
void mw_cold_release(mw_cold *cold);
