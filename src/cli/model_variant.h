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
/* Adds a compiled feature as it would be declared; of a vector's numbers, which come one after the
   other, the first one adds it. */
void mw_model_variant_add(const mw_feature *feature, mw_named_source *features, size_t *count);
/* Marks the features, one flag each, that the code reads, and those that they read. */
void mw_model_variant_mark(const mw_model_program *model, const mw_code *code, bool *needed);
