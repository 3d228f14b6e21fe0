/*
 * imported: a library's model made fit for a project's features, to stand in for a learner.
 *
 * Each feature of the model must be one of the project's, by its name; the project may have more.
 * A feature that is a category of the project must be one of the file's, with the names of its
 * values: these become the version's dictionary, and the sets of the trees are renumbered.
 */
#pragma once
#include "model/library_model.h"
#include "table/table.h"

typedef struct {
    const mw_forest *forest; /* over the project's features, in their order */
    const mw_values *values; /* of each of the project's features; sorted; none where it has none */
    size_t unused_count;     /* features of the project that the model does not look at */
    mw_str settings;         /* what made it: library, version, objective, the file's SHA-256 */
} mw_imported;

/* `schema` is the project's features. All lives in `arena`. MW_INVALID names the feature that does
   not fit, or says what kind of answer a yes-or-no model must give. */
MW_MUST_USE mw_status mw_imported_make(mw_arena *arena, const mw_library_model *model,
                                       mw_str file_bytes, const mw_schema *schema,
                                       mw_imported *out_imported, mw_error *err);
