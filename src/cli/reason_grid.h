/* reason_grid: the reasons of a prediction for people: what each feature adds, strongest first. */
#pragma once
#include "decide/reasons.h"

/* `cells` are the values of `features`. Reasons that add nothing are left out. */
void mw_reason_grid_print(const mw_reasons *reasons, const mw_schema *features,
                          const mw_cell *cells, const mw_symbols *symbols, mw_buf *out);
