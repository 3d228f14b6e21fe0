/*
 * needs: which fields of the moment's row features hang on, and which windows windows do.
 *
 * A feature hangs on them by itself, by the keys and conditions of its windows, or by another that
 * it reads. So one can tell what is known of a moment of whose row only some fields are given. A
 * field counts where it is named, whatever its value would be.
 *
 * It looks at the code once, some tens of us for fifty features.
 */
#pragma once
#include "lang/program.h"

/* For each feature in turn a bool for each of the `field_count` fields of the moment's row, in the
   arena; NULL if that is full. For models without `each`. */
const bool *mw_model_needs(const mw_model_program *model, size_t field_count, mw_arena *arena);

/* Whether a window waits for the value of another, which comes before it: for a key, or to know
   when it begins. */
bool mw_window_reads_window(const mw_window *window, size_t other);
