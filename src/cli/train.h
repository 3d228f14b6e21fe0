/* train: makes a version of a model from what lake and log hold, and records it with its run. */
#pragma once
#include "cli/workspace.h"
#include "train/examples.h"
#include "train/imported.h"

mw_status mw_cli_train(mw_cli *cli, mw_error *err);

/* What the keeper asks for: a version from examples that it has gathered. */
typedef struct {
    const mw_workspace *workspace;
    mw_workspace_model model;
    const mw_examples *examples;
    mw_str data_version; /* of which these are */
    int64_t as_of; /* what had matured by then is learned from */
    mw_str why;    /* for the run */
} mw_retraining;

/* Trains, records run and version, and appends the version's bytes. */
MW_MUST_USE mw_status mw_train_again(const mw_retraining *order, mw_buf *out_version,
                                     mw_error *err);
/* Records the imported model as a version with the learner "imported", tested as a trained one, and
   prints what it is worth. */
MW_MUST_USE mw_status mw_train_import(const mw_workspace *workspace, mw_workspace_model model,
                                      const mw_imported *imported, mw_error *err);
/* The hidden command `lightgbm-child`. */
mw_status mw_cli_lightgbm_child(mw_cli *cli, mw_error *err);
