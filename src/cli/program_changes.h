/*
 * program_changes: what a project file says otherwise than the version that answers.
 *
 * A version goes on with the program that it was trained with, so what the file says now takes
 * effect at the next training; this names what that will be. Expressions are compared as they
 * were compiled, in their canonical spelling: spaces and comments change nothing.
 */
#pragma once
#include "base/json.h"
#include "lang/program.h"
#include "sys/sys.h"

typedef struct {
    const char *what; /* "feature", "label", "moment", "zone", "stream" */
    mw_str name;      /* of the feature or stream; else empty */
    mw_str live, file; /* what each of them says; no data: it says nothing of it */
} mw_program_change;

typedef struct {
    const mw_program_change *items;
    size_t count;
} mw_program_changes;

/* One model in one program. */
typedef struct {
    const mw_program *program;
    const mw_model_program *model;
} mw_model_in_program;

/* The changes, and what does not stand in the programs of their texts, live in `arena`. */
MW_MUST_USE mw_status mw_program_changes_find(mw_sys *sys, mw_model_in_program live,
                                              mw_model_in_program file, mw_arena *arena,
                                              mw_program_changes *out_changes, mw_error *err);
/* A line a change. */
void mw_program_changes_print(mw_program_changes changes, const char *indent, mw_buf *out);
/* As an array. */
void mw_program_changes_write_json(mw_program_changes changes, mw_json *json);
