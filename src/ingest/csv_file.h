/*
 * csv_file: the rows of a CSV file, one after another.
 *
 * It reads through a window that moves over the file and grows to hold its largest row. Blank
 * lines are no rows, unless the file has one column. A row that is not written as its heading
 * demands is handed out with the rule that it breaks; where nothing tells any more where rows end,
 * reading fails.
 *
 * One thread uses it.
 */
#pragma once
#include "ingest/heading.h"
#include "sys/sys.h"

enum { MW_CSV_ROW_SIZE_MAX = 1 << 28 }; /* bytes */

typedef struct mw_csv_file mw_csv_file;

/* MW_INVALID: its heading is none. The path outlives it. */
MW_MUST_USE mw_status mw_csv_open(mw_sys *sys, const char *path, mw_csv_file **out_file,
                                  mw_error *err);
const mw_heading *mw_csv_heading(const mw_csv_file *file);
typedef struct {
    const mw_str *values; /* one for each name of the heading, until the next row is asked for */
    mw_str text;          /* the row as it stands, until then */
    mw_str broken;        /* the rule that it breaks, and it has no values then; or empty */
} mw_csv_row;
/* MW_INVALID: a quote is not closed, or a row is larger than MW_CSV_ROW_SIZE_MAX. */
MW_MUST_USE mw_status mw_csv_next(mw_csv_file *file, mw_csv_row *out_row, bool *out_has_row,
                                  mw_error *err);
void mw_csv_close(mw_csv_file *file); /* NULL is allowed */
