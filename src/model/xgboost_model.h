/*
 * xgboost_model: reads a model that XGBoost 1.5 to 3 saved as JSON or UBJSON, into a forest.
 *
 * Takes gbtree and dart with numeric and categorical splits, several classes and targets, and the
 * objectives whose outputs we can compute to the bit. The intercept (base_score) becomes the first
 * tree of each class, one leaf; thresholds move down by one float, since XGBoost goes left below
 * them; a set's sides are exchanged, since XGBoost sends its categories right. What cannot be kept
 * (gblinear, leaves that are vectors, multi:softmax) is MW_NOT_BUILT, by name; bytes that break a
 * rule are MW_MALFORMED, with the tree.
 */
#pragma once
#include "model/forest.h"

enum { MW_XGBOOST_SIZE_MAX = 1 << 30, MW_XGBOOST_CATEGORIES_MAX = 1 << 24 };

/* The same file as JSON, appended to `out`, whichever of the two it was. */
MW_MUST_USE mw_status mw_xgboost_json(mw_str bytes, mw_buf *out, mw_error *err);
MW_MUST_USE mw_status mw_xgboost_read(mw_arena *arena, mw_str bytes, const mw_forest **out_forest,
                                      mw_error *err);
