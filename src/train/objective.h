/*
 * objective: what a library's model gives by the objective that it was trained for, in what label's
 * place it may stand.
 */
#pragma once
#include "model/library_model.h"
#include "table/answer_kind.h"

/* What of a library's model answers for a label of this type. MW_INVALID names the objective that
   does not, and says which do. */
MW_MUST_USE mw_status mw_objective_answer(const mw_library_model *model, mw_type label,
                                          mw_answer_kind *out_kind, mw_error *err);
