/*
 * heading: the first record of a CSV file: which character parts its columns, and their names.
 *
 * The delimiter is the one of comma, semicolon, tab and | that stands most often in the heading,
 * quoted texts left out. Names are kept as they stand, also with quotes, newlines or blanks in
 * them; a column without one is named by its place, as column3. Lines end as the heading does.
 */
#pragma once
#include "ingest/csv_record.h"

enum { MW_HEADING_SIZE_MAX = 1 << 20 }; /* bytes */

typedef struct {
    mw_csv_form form;
    mw_str *names; /* in the arena */
    size_t count;
    size_t size;   /* how much of the file it takes, its end included */
} mw_heading;

/* Reads the heading at the start of `text`, which is a whole file or its first
   MW_HEADING_SIZE_MAX bytes. MW_INVALID: it is no text, blank, not closed, or names a
   column twice. */
MW_MUST_USE mw_status mw_heading_read(mw_str text, mw_arena *arena, mw_heading *out_heading,
                                      mw_error *err);
/* MW_INVALID: two are the same. */
MW_MUST_USE mw_status mw_heading_check_names(const mw_str *names, size_t count, mw_error *err);
