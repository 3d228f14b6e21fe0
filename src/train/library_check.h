/*
 * library_check: whether a model that was read gives the very bits that its library gives.
 *
 * Asks the library itself, where it is there, on random rows of edge values: zeros of both signs
 * and nearly zeros, missing, thresholds of the model with their neighbours, categories that are
 * known and that are not. The rows are the same on every machine.
 */
#pragma once
#include "model/library_model.h"
#include "sys/sys.h"

enum { MW_LIBRARY_CHECK_ROWS = 4000 };

/* MW_UNAVAILABLE: the library is not there. MW_CHECK_FAILED tells the first row that differs. */
MW_MUST_USE mw_status mw_library_check(mw_sys *sys, const mw_library_model *model,
                                       mw_str file_bytes, mw_error *err);
