/*
 * team: threads that stay together, a crew for layers that know none.
 *
 * They are started once for a shift (base/crew.h) and end with it. Each of them has a share of
 * every stage's pieces, side by side; it does these first, then what is left of the others', and
 * then what the next load has. Only where no load has a piece to be done it waits, for a moment
 * awake, then asleep. On a simulated system nobody is to be had.
 *
 * All of what is shared has one lock, which is held for no piece.
 */
#pragma once
#include "base/crew.h"
#include "sys/sys.h"

/* A crew of so many threads, the caller's among them; `sys` outlives it. */
mw_crew mw_team_crew(mw_sys *sys, size_t thread_count);
