/* feature_list: the features of a model with their types and what they look at. */
#pragma once
#include "base/json.h"
#include "lang/program.h"

MW_MUST_USE mw_status mw_feature_list_print(const mw_program *program,
                                            const mw_model_program *model, const char *indent,
                                            mw_buf *out, mw_error *err);
/* As an array. */
MW_MUST_USE mw_status mw_feature_list_write_json(const mw_program *program,
                                                 const mw_model_program *model, mw_json *json,
                                                 mw_error *err);
/* "NAME hangs on what the process sentiment answered: not proved exact", a line; nothing of a
   feature that hangs on none. */
void mw_feature_doubt_print(const mw_feature *feature, mw_buf *out);
/* The error for a name that no feature of the model has, with the nearest one; names go to
   `arena`. */
MW_MUST_USE mw_status mw_feature_not_found(const mw_model_program *model, const char *name,
                                           mw_error *err);
