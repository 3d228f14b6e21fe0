/*
 * imported: a library's model made fit for a project's features, to stand in for a learner.
 *
 * Each feature of the model must be one of the project's, by its name; the project may have more.
 * A feature that is a category of the project must be one of the file's, with the names of its
 * values: these become the version's dictionary, and the sets of the trees are renumbered. What the
 * model answers must be what the label is (train/objective.h). No file names its classes: whoever
 * imports it says which they are, in the order of the file's numbers, and they stay in it, so that
 * the library's bits do too.
 */
#pragma once
#include "model/library_model.h"
#include "table/answer_kind.h"
#include "table/table.h"

/* What it is to be fit for. */
typedef struct {
    const mw_schema *features; /* the project's */
    mw_type label;
    mw_values classes; /* of a label of classes: the names of the file's classes 0, 1, 2 ...; none:
                          nobody has said */
} mw_imported_wish;

typedef struct {
    const mw_forest *forest; /* over the project's features, in their order */
    const mw_values *values; /* of each of the project's features; sorted; none where it has none */
    size_t unused_count;     /* features of the project that the model does not look at */
    mw_answer_kind answer;
    mw_values classes;       /* of a class: as the forest's sums stand */
    mw_str settings;         /* what made it: library, version, objective, the file's SHA-256 */
} mw_imported;

/* All lives in `arena`, but for what the wish points to. MW_INVALID names the feature that does not
   fit, or says what kind of answer the label wants. */
MW_MUST_USE mw_status mw_imported_make(mw_arena *arena, const mw_library_model *model,
                                       mw_str file_bytes, mw_imported_wish wish,
                                       mw_imported *out_imported, mw_error *err);
