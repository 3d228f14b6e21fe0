/*
 * sources: the files that a stream's `from` names.
 *
 * An entry is a path or a pattern (`*` and `?` in its last part), relative to the project's
 * folder. Databases, topics and object stores have names of their own (SCHEME://...), which
 * are told apart and not built yet.
 */
#pragma once
#include "sys/sys.h"

enum { MW_SOURCE_FILES_MAX = 100000 };

typedef struct {
    mw_str name;      /* as messages and the catalog say it: relative to the project's folder */
    const char *path; /* as the system takes it */
} mw_source_file;

typedef struct {
    mw_source_file *files;
    size_t count;
} mw_source_list;

/* Adds the files of one entry, those of a pattern by name. A path that names no file is listed
   all the same (reading it says so); a pattern that fits none is MW_NOT_FOUND. */
MW_MUST_USE mw_status mw_sources_add(mw_sys *sys, const char *folder, mw_str entry,
                                     mw_arena *arena, mw_source_list *list, mw_error *err);
/* True if `name` fits the pattern. */
bool mw_pattern_fits(mw_str pattern, mw_str name);
