/*
 * library_model: a model that another library trained, as its file tells it.
 *
 * Beside the forest: what saved it, for which objective, the names of its features, and for
 * features that are categories the names behind the numbers that its sets hold, where the file has
 * them (LightGBM writes those of a pandas frame, XGBoost does since 3.1). All lives in the arena.
 */
#pragma once
#include "model/forest.h"
#include "table/dictionary.h"

typedef enum { MW_LIBRARY_LIGHTGBM, MW_LIBRARY_XGBOOST } mw_library_kind;

typedef struct {
    mw_library_kind kind;
    mw_str library; /* "lightgbm", "xgboost" */
    mw_str version; /* of the library, or of its format: "3.2.0", "v4" */
    mw_str objective;
    const mw_forest *forest;
    const mw_str *feature_names; /* one a feature; NULL where the file has none */
    /* The names of categories, by number; lists stand in the order of the features that are
       categories. LightGBM does not say which these are, so the lists are all that there is. */
    const mw_values *categories;
    size_t category_list_count;
} mw_library_model;

/* LightGBM's text, XGBoost's JSON or UBJSON. Fails as their readers do. */
MW_MUST_USE mw_status mw_library_model_read(mw_arena *arena, mw_str bytes,
                                            mw_library_model *out_model, mw_error *err);
