/*
 * nearest: "Did you mean X?" for a word that the project file got wrong.
 */
#pragma once
#include "lang/diagnostics.h"

/* Adds the hint to the entry made last, if one of `names` is near. */
void mw_diagnose_nearest(mw_diagnostics *diagnostics, mw_str word, const mw_str *names,
                         size_t count);
