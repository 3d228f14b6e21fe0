/*
 * explain: in plain English, what a feature sees and when.
 *
 * Made from the compiled program alone, so it says what runs, not what was meant.
 */
#pragma once
#include "lang/origins.h"

/* Several sentences, a line each, for the feature whose origins were found last. */
void mw_feature_explain(const mw_origins *origins, const mw_feature *feature, mw_buf *out);
/* What the model's label sees and when it matures (rule 6); its origins were found last. */
void mw_label_explain(const mw_origins *origins, mw_buf *out);
/* When the moments are, as it would be declared: "on orders at time - 1h". A schedule's `where`
   says all that it asks of a key. */
void mw_moment_write(const mw_program *program, const mw_model_program *model, mw_buf *out);
/* One window: "the mean of dep_delay over the events of departures with the same origin, ...". */
void mw_window_explain(const mw_program *program, const mw_model_program *model, size_t window,
                       mw_buf *out);
