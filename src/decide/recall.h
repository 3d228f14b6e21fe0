/*
 * recall: what a recorded prediction said of all classes.
 *
 * The log keeps the class that was answered, with its probability; those of the others follow
 * from the features and the version that it names. Where a fallback answered it may have been that
 * version's shares in training instead: what was recorded tells which.
 */
#pragma once
#include "decide/prediction.h"
#include "decide/scorer.h"

/* `prediction` was read back with its features, and `scorer` is of the version that it names. Fills
   its `classes`, valid until the scorer runs again; of what is no class there is nothing to fill,
   nor where neither comes to what was recorded. */
void mw_recall_classes(mw_scorer *scorer, mw_prediction *prediction);
/* Has the names of the classes in `arena`: they are the version's, and are told when its scorer may
   be no more. */
MW_MUST_USE mw_status mw_recall_keep_names(mw_arena *arena, mw_classes *classes, mw_error *err);
