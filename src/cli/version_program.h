/*
 * version_program: the program that a version carries, compiled again (DESIGN.md rule 14).
 *
 * A version answers by the project file, the columns and the zone that it was trained with,
 * whatever has become of them since. Its ${VAR} are all empty: they stand in plain texts alone,
 * which have no part in a prediction (docs/decisions/0004).
 */
#pragma once
#include "model/version.h"
#include "project/columns.h"

typedef struct {
    const mw_version *version; /* without its forest */
    const mw_project *project;
    const mw_program *program;
    const mw_model_program *model;
} mw_version_program;

/* What a version carries, read; nothing is compiled yet. */
typedef struct {
    const mw_version *version;
    const mw_project *project;
    mw_project_data data;
    mw_diagnostics *diagnostics;
} mw_version_carried;

/* In two steps, the first of which may be another thread's; the arena stays where it is between
   them. */
MW_MUST_USE mw_status mw_version_program_read(mw_str version_bytes, mw_arena *arena,
                                              mw_version_carried *out_carried, mw_error *err);
MW_MUST_USE mw_status mw_version_program_make(mw_version_carried *carried, mw_symbols *symbols,
                                              const mw_senses *senses,
                                              mw_version_program *out_program, mw_error *err);
/* Both. All of it lives in `arena`, and in the bytes, which are to stay as long. MW_CORRUPT if the
   parts do not fit each other. */
MW_MUST_USE mw_status mw_version_program_compile(mw_str version_bytes, mw_symbols *symbols,
                                                 const mw_senses *senses, mw_arena *arena,
                                                 mw_version_program *out_program, mw_error *err);
/* What the project that a version carries declares, and the index of the version's model in it. */
MW_MUST_USE mw_status mw_version_program_declare(mw_str version_bytes, mw_arena *arena,
                                                 mw_declarations *out_declarations,
                                                 size_t *out_model, mw_error *err);
