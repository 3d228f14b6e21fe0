/*
 * library: opens a shared library that is needed only now and then (DuckDB, LightGBM).
 *
 * Looked for in $MILLWRIGHT_LIB, then in lib/ beside the executable, then in
 * ../lib/millwright from it. Shared files (examples, time zones) are found alike: in
 * $MILLWRIGHT_SHARE, share/ beside the executable, ../share/millwright.
 */
#pragma once
#include "sys/sys.h"

enum { MW_LIBRARIES_MAX = 16 };

typedef struct mw_library mw_library;
typedef void (*mw_symbol)(void);

/* Opens once; later calls, from any thread, give the same handle. Stays open until the process
   ends. MW_UNAVAILABLE says where it was looked for. */
MW_MUST_USE mw_status mw_library_open(mw_sys *sys, const char *file_name,
                                      mw_library **out_library, mw_error *err);
/* Fills `out_symbols[i]` for each of `names`; MW_UNAVAILABLE names the first that is absent. */
MW_MUST_USE mw_status mw_library_symbols(mw_library *library, const char *const *names,
                                         size_t count, mw_symbol *out_symbols, mw_error *err);
/* Gives back the pages that are as in its file: tens of MB of a large one. Those that are used
   come again, so any thread may be in the middle of them. */
void mw_library_rest(mw_library *library);
/* The path of a shared file such as "zoneinfo/Europe/Berlin", in `arena`. */
MW_MUST_USE mw_status mw_share_path(mw_sys *sys, mw_arena *arena, const char *name,
                                    const char **out_path, mw_error *err);
/* The path of this executable, in `arena`. */
MW_MUST_USE mw_status mw_executable_path(mw_sys *sys, mw_arena *arena, const char **out_path,
                                         mw_error *err);
/* Reads and parses a time zone: share/zoneinfo first, then the system's. Lives in `arena`.
   MW_INVALID if the name leaves the folder, MW_NOT_FOUND if there is no such zone. */
MW_MUST_USE mw_status mw_zone_load(mw_sys *sys, mw_arena *arena, mw_str name,
                                   const mw_zone **out_zone, mw_error *err);
/* The same zone's bytes, for mw_zone_parse; none for UTC. */
MW_MUST_USE mw_status mw_zone_read(mw_sys *sys, mw_arena *arena, mw_str name, mw_str *out_bytes,
                                   mw_error *err);
