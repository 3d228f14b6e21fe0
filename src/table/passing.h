/*
 * passing: texts that leave a table again when nobody holds them.
 *
 * A server reads texts without end, ids above all, and most are of no use once their request is
 * answered. Where a table allows it, what is interned while mw_passing_set is on is passing: its
 * code is good until the next tidying. Who keeps it longer holds it, as often as it likes, and lets
 * it go; a passing text that nobody holds leaves at a tidying. What was interned otherwise, at any
 * time, or is kept, stays: so the codes of constants, of dictionaries and of all that windows hold
 * (keys, values) need no holder.
 *
 * Codes of texts that have left are given again, the oldest first and only while there are many:
 * before that whoever uses one stops the process. To remember what came of a code takes
 * mw_symbols_age or mw_passing_stays. To intern a passing text costs what any does, and as much
 * again when it leaves.
 *
 * All of it belongs to the thread that interns.
 */
#pragma once
#include "table/table.h"

/* From now on texts may pass, in this table; if they may already, nothing changes. */
MW_MUST_USE mw_status mw_passing_allow(mw_symbols *symbols, mw_error *err);
/* Whether what is interned from here on is passing; gives what was said before. In a table that
   does not allow it nothing ever is. */
bool mw_passing_set(mw_symbols *symbols, bool is_on);
/* The texts of a row's cells. */
void mw_passing_hold(mw_symbols *symbols, const mw_schema *schema, const mw_cell *row);
void mw_passing_let_go(mw_symbols *symbols, const mw_schema *schema, const mw_cell *row);
void mw_passing_keep(mw_symbols *symbols, uint64_t code);
bool mw_passing_stays(const mw_symbols *symbols, uint64_t code);
/* Lets some of those leave that nobody holds: more than came, so that in the end all of them have.
   Nobody may use a code that it does not hold. */
void mw_passing_tidy(mw_symbols *symbols);
size_t mw_passing_count(const mw_symbols *symbols); /* of texts that came as passing and stand */
