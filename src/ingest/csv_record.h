/*
 * csv_record: one record of a CSV file, cut into its values.
 *
 * Values are parted by the delimiter, records by line ends (the newline and a return before it, or
 * the return in files that part by that alone). A value that begins with a quote, blanks before it
 * left out, ends with the next one that is not double; in between stands anything. Elsewhere
 * quotes mean themselves.
 *
 * Pure: it cuts what lies in memory, a window over the file that its caller moves, and the values
 * point into that.
 */
#pragma once
#include "base/str.h"

typedef struct {
    char delimiter;
    bool ends_by_return; /* lines end with \r alone, else with \n or \r\n */
} mw_csv_form;

typedef enum {
    MW_CSV_RECORD,
    MW_CSV_CUT_OFF, /* the record goes on behind the window */
    MW_CSV_UNCLOSED /* the window is the last, and a quote in it is not closed */
} mw_csv_found;

/* The values have `room`; of a record with more only so many are kept, and all are counted. */
typedef struct {
    mw_str *values;
    size_t room, count;
    mw_str text;       /* the record without its end */
    size_t size;       /* how much of the window it takes, its end included */
    bool is_misquoted; /* a quoted value goes on behind its quote */
    bool has_more;     /* there is a value behind the room that is not empty */
    bool has_doubles;
} mw_csv_record;

/* The first record of a window that is not empty; only `values` change if it is no MW_CSV_RECORD.
   `is_last`: the file ends with the window. */
mw_csv_found mw_csv_cut(mw_csv_form form, mw_str window, bool is_last, mw_csv_record *record);
/* Two quotes within a quoted value mean one: they become one, within the window. */
void mw_csv_join_doubles(mw_csv_record *record, char *window);
