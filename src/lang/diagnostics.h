/*
 * diagnostics: everything that is wrong with a project file, found in one pass.
 *
 * Each entry has its place in the file, the rule that is broken with the value that broke it,
 * and what to do. Readers keep going after an error, so that a user mends all at once.
 */
#pragma once
#include "base/nearest.h"

enum { MW_DIAGNOSTICS_MAX = 100 };

/* A place in the project file, both from 1; 0 when there is none. */
typedef struct {
    int32_t line, column;
} mw_position;

typedef struct {
    mw_position position;
    mw_status status; /* MW_INVALID, MW_NOT_BUILT or another that is the input's fault */
    mw_str message;   /* "features.wind: there is no field wind_sped in weather" */
    mw_str hint;      /* "Did you mean wind_speed?"; may be empty */
} mw_diagnostic;

typedef struct {
    mw_arena *arena; /* holds the texts */
    mw_diagnostic entries[MW_DIAGNOSTICS_MAX];
    size_t count; /* those past the maximum are counted in `dropped` */
    size_t dropped;
    bool takes_hint;    /* the entry made last is of the last mistake told: that was neither dropped
                           nor listed already */
    bool of_version;    /* who reads them reads what a version carries: what was accepted when that
                           was made is no mistake now (rule 14). False at first */
    bool out_of_memory; /* a text did not fit into the arena: what is listed is not all */
} mw_diagnostics;

void mw_diagnostics_init(mw_diagnostics *diagnostics, mw_arena *arena);
/* The same message at the same place is kept once. */
void mw_diagnose(mw_diagnostics *diagnostics, mw_position position, mw_status status,
                 const char *format, ...) MW_PRINTF(4, 5);
/* Adds a hint to the mistake told last, if it was listed by that. */
void mw_diagnose_hint(mw_diagnostics *diagnostics, const char *format, ...) MW_PRINTF(2, 3);
/* "Did you mean X?", as a hint; false if no word is near. */
bool mw_diagnose_nearest(mw_diagnostics *diagnostics, const mw_nearest *nearest);
/* MW_OK if there are none; else the status of the first, `err` naming it and the number. */
MW_MUST_USE mw_status mw_diagnostics_status(const mw_diagnostics *diagnostics, mw_error *err);
/* Indexes of the entries in order of place; `count` of them. */
void mw_diagnostics_order(const mw_diagnostics *diagnostics,
                          size_t out_order[MW_DIAGNOSTICS_MAX]);
/* "millwright.yaml:12:5: message" lines, each hint indented below, in order of place. */
void mw_diagnostics_print(const mw_diagnostics *diagnostics, const char *file_name, mw_buf *out);
