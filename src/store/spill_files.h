/*
 * spill_files: files for state that memory has no room for (feature/spill.h), in a folder.
 *
 * A file is made when it is first needed and its name removed at once, so nothing is left behind
 * however the process ends; a death between the two leaves an empty file whose name ends in ".tmp".
 * Files are opened and closed by any thread; one file belongs to one thread at a time.
 */
#pragma once
#include "feature/spill.h"
#include "sys/sys.h"

enum { MW_SPILL_FILES_MAX = 1024 };

typedef struct mw_spill_files mw_spill_files;

/* `folder` is copied and must exist when the first file is needed. */
MW_MUST_USE mw_status mw_spill_files_create(mw_sys *sys, const char *folder,
                                            mw_spill_files **out_files, mw_error *err);
void mw_spill_files_destroy(mw_spill_files *files); /* NULL is allowed; all files are closed */
mw_spill_disk *mw_spill_files_disk(mw_spill_files *files);
