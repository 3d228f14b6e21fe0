/*
 * reasons: why a prediction is what it is, the strongest reason first, for programs and people.
 *
 * Each feature adds something to the sum that the prediction is made of (for a yes-or-no model in
 * log odds: above 0 towards yes): its exact SHAP value (model/explainer.h, model/background.h).
 * `expected`, all that is added and the sum are one: expected + the reasons shown + what the others
 * add.
 */
#pragma once
#include "base/json.h"
#include "table/table.h"

enum { MW_REASONS_SHOWN_MAX = 10 };

typedef struct {
    uint32_t feature;
    double adds;
    uint32_t width; /* of a vector of which the forest sees components: so many features from this
                       one on; 0: of the feature alone */
} mw_reason;

typedef struct {
    const mw_reason *items; /* one a feature, or a vector */
    size_t count;
    double expected; /* the sum of a row of which nothing is known, or the mean of others' */
    const mw_str *descriptions; /* of each feature, in the user's words; empty: there is none. NULL:
                                   of no feature */
} mw_reasons;

/* Puts the strongest first. Equal ones keep the order of their features. */
void mw_reasons_sort(mw_reason *items, size_t count);
/* The feature's name, or the vector's. */
mw_str mw_reason_name(const mw_reason *reason, const mw_schema *features);
/* What the feature, or the vector, is there for; empty: nobody has said. */
mw_str mw_reason_description(const mw_reasons *reasons, const mw_reason *reason);
/* The object {"expected", "reasons": [{"feature", "value", "adds", "description"}], "others"}.
   `features` are of the version, `cells` their values; a vector has none (null). Reasons that add
   nothing are left out, and so is a description that there is not. */
void mw_reasons_write_json(mw_json *json, const mw_reasons *reasons, const mw_schema *features,
                           const mw_cell *cells, const mw_symbols *symbols);
