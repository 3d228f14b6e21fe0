/*
 * cutter: cuts a stretch of a replay up into what each group of windows has to do on each strand.
 *
 * It sees turns and the plan, and no key's state: so a stretch is cut up while the keys are at work
 * on another.
 */
#pragma once
#include "feature/engine_state.h"
#include "feature/entry_plan.h"
#include "feature/stretch.h"

typedef struct {
    const mw_engine *engine;
    const mw_entry_plan *entry_plans; /* by group, */
    const mw_group *blanks; /* likewise: they hold nothing, and say what a group asks of an event */
    bool are_own;           /* all look-ups of features are their groups' own */
    mw_list_lengths lengths; /* for keys of moments */
} mw_cutter;

/* What it needs is in the arena; the engine outlives it. */
MW_MUST_USE mw_status mw_cutter_init(mw_cutter *cutter, const mw_engine *engine, mw_arena *arena,
                                     mw_error *err);
/* Fills the lists of a stretch, one at a time. With `puts_aside` it notes where the windows of each
   moment will be found. */
MW_MUST_USE mw_status mw_cutter_cut(mw_cutter *cutter, mw_stretch *of, bool puts_aside,
                                    mw_error *err);
