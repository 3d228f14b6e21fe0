/*
 * model_variant: one of the project's models compiled again with other features.
 */
#pragma once
#include "cli/workspace.h"

typedef struct {
    const mw_workspace *workspace;
    mw_workspace_model model;
    mw_named_source *features; /* in the project's stead; those that the label reads among them */
    size_t feature_count;
} mw_model_variant;

/* Mistakes go to `diagnostics` (begun by the caller, who may want to know which), MW_INVALID then.
   All of it lives in their arena. */
MW_MUST_USE mw_status mw_model_variant_compile(const mw_model_variant *variant,
                                               mw_diagnostics *diagnostics,
                                               const mw_program **out_program);
/* A compiled feature as it would be declared. */
mw_named_source mw_model_variant_feature(const mw_feature *feature);
/* Marks the features, one flag each, that the code reads, and those that they read. */
void mw_model_variant_mark(const mw_model_program *model, const mw_code *code, bool *needed);
