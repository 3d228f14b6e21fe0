/*
 * origins: from what a feature is made: the sources at whose events its windows look, and the
 * features that it reads.
 *
 * A window brings with it those that it waits for (for a key, or to know when it begins), an
 * aggregate within moment all that its value and condition read. Each of them is looked at once a
 * feature, however many wait for it.
 */
#pragma once
#include "lang/program.h"

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    bool *sources, *features; /* of the feature that was asked for last */
    bool *windows, *withins;  /* its own: those that were looked at */
    size_t flag_count;        /* of these four, which lie one after the other */
    bool goes_through;        /* the features: to what they read */
} mw_origins;

MW_MUST_USE mw_status mw_origins_init(mw_origins *origins, const mw_program *program,
                                      const mw_model_program *model, mw_error *err);
/* Finds those of one of the model's features. */
void mw_origins_find(mw_origins *origins, const mw_feature *feature);
/* Finds those of the model's label and its `unless`. */
void mw_origins_find_label(mw_origins *origins);
/* Adds, to what has been found, those of any code over the moment (NULL is allowed) and of the
   features that it reads, and so on to the end. */
void mw_origins_add(mw_origins *origins, const mw_code *code);
void mw_origins_release(mw_origins *origins);
