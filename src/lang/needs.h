/*
 * needs: which fields of the moment's row each feature of a model hangs on.
 *
 * By itself, by the keys and conditions of its windows, or by another feature that it reads. So one
 * can tell what is known of a moment of whose row only some fields are given. A field counts where
 * it is named, whatever its value would be.
 *
 * For models without `each`. It looks at the code once, some tens of us for fifty features.
 */
#pragma once
#include "lang/program.h"

/* For each feature in turn a bool for each of the `field_count` fields of the moment's row, in the
   arena; NULL if that is full. */
const bool *mw_model_needs(const mw_model_program *model, size_t field_count, mw_arena *arena);
