/*
 * first_project: the project file that `init --from` writes: one stream, its columns as features,
 * one label. It is to be read and changed, so it says where a guess was made.
 */
#pragma once
#include "cli/command.h"

typedef struct {
    const char *folder; /* of the project */
    const char *file;   /* of the data, as seen from here */
    const char *time, *label, *ids; /* columns; ids are listed with commas */
} mw_first_data;

/* Looks into the data file. Errors: MW_USAGE when a column is not given, MW_NOT_FOUND when the file
   has none of that name, those of reading it. */
MW_MUST_USE mw_status mw_first_project_write(mw_cli *cli, const mw_first_data *data,
                                             mw_buf *out_yaml, mw_error *err);
