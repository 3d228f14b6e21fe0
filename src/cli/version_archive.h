/*
 * version_archive: the features of the versions that answered once, for reading what they recorded.
 *
 * A recorded prediction holds its features as bare cells: their names and types are those of its
 * version. An archive reads a version's artefact and compiles its program when it is first asked
 * for, which takes a millisecond or two, and keeps what was read of the last ones, 256 at most.
 *
 * Of classes a record names the one that was answered; the version is asked again for the others.
 *
 * One thread uses it; what it gives is valid until the next call.
 */
#pragma once
#include "cli/workspace.h"
#include "decide/scorer.h"

enum { MW_VERSION_ARCHIVE_MAX = 256 };

typedef struct mw_version_archive mw_version_archive;

typedef struct {
    mw_schema all;
    mw_schema asked; /* those that hang on what a process was asked for */
    bool is_told;    /* else nobody can: the program does not compile here and now */
} mw_version_features;

/* The workspace outlives it. */
MW_MUST_USE mw_status mw_version_archive_create(const mw_workspace *workspace,
                                                mw_version_archive **out_archive, mw_error *err);
void mw_version_archive_destroy(mw_version_archive *archive); /* NULL is allowed */
/* MW_NOT_FOUND: the model has no such version any more. */
MW_MUST_USE mw_status mw_version_archive_find(mw_version_archive *archive, mw_str model,
                                              mw_str version,
                                              const mw_version_features **out_features,
                                              mw_error *err);
/* The version, ready to be asked; the last one is kept. Fails likewise. */
MW_MUST_USE mw_status mw_version_archive_scorer(mw_version_archive *archive, mw_str model,
                                                mw_str version, mw_scorer **out_scorer,
                                                mw_error *err);
