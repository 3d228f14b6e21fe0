/*
 * lightgbm_text: reads a model that LightGBM 4 wrote as text, into a forest's canonical bytes.
 *
 * Takes numeric and categorical splits, every kind of missing, linear and single leaves, averaged
 * forests, several classes, and each objective that LightGBM has. One that it does not have is
 * MW_NOT_BUILT; text that breaks a rule is MW_MALFORMED, with its tree or line.
 * Thresholds and leaves are read to the very bits that LightGBM holds.
 */
#pragma once
#include "model/forest.h"

enum { MW_LIGHTGBM_TEXT_SIZE_MAX = 1 << 30 };

MW_MUST_USE mw_status mw_lightgbm_text_read(mw_arena *arena, mw_str text,
                                            const mw_forest **out_forest, mw_error *err);
