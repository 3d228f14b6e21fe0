/*
 * loaded: an exported model, read and ready: what stands behind mw_model (millwright.h).
 *
 * Its features' texts are looked up in symbols of its own, to which nothing is added once it is
 * read, so any number of threads may predict by it.
 */
#pragma once
#include "edge/bundle.h"
#include "edge/row_values.h"

struct mw_model {
    mw_arena arena;
    mw_symbols *symbols; /* the values of its dictionaries */
    const mw_encoder *encoder;
    mw_field *features;
    mw_values class_names; /* none: it answers no classes */
    mw_str name;           /* ends in a NUL, as the features' and the classes' names do */
    mw_bundle bundle;
};

/* What a row of its features comes to. `values` is room for a double each, and behind these for one
   a class, one at least, where their probabilities are left. */
void mw_loaded_judge(const mw_model *model, const mw_encoder *encoder, const mw_cell *features,
                     double *values, mw_reply *out_reply);
/* The result of a call that ended with `status`, told to the caller. */
mw_result mw_loaded_result(mw_status status, const mw_error *err, mw_problem *problem);
