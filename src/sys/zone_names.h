/*
 * zone_names: the names of the time zones at hand, and which of them mean the same.
 *
 * The database has many a zone under several names (Asia/Kolkata, once Asia/Calcutta), each with a
 * file of its own: two names mean the same if their files are the same, bit for bit. Some 600 files
 * are looked at, which takes a millisecond or two; those of one size are read.
 */
#pragma once
#include "sys/sys.h"

enum { MW_ZONE_ALIASES_MAX = 32 };

typedef struct {
    mw_str names[MW_ZONE_ALIASES_MAX];
    size_t count;
} mw_zone_aliases;

/* A zone "Europe/Berlin", the last part of its name, its file. */
typedef void (*mw_zone_visit)(void *context, const char *zone, const char *last, const char *path,
                              size_t file_size);

/* Calls for each zone; names and paths live in `arena`. What cannot be looked at is passed over. */
void mw_zone_names_visit(mw_sys *sys, mw_arena *arena, mw_zone_visit visit, void *context);
/* All names of the zone, first the one that was given, in `arena`: at least that one, whatever
   cannot be read. */
mw_zone_aliases mw_zone_aliases_of(mw_sys *sys, mw_arena *arena, mw_str name);
