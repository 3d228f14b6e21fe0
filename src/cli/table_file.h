/*
 * table_file: a table as a file that other tools read: CSV (RFC 4180, UTF-8) or Parquet.
 *
 * Cells stand in CSV as mw_cell_append spells them, missing ones as nothing. Durations are
 * numbers of seconds in both. A file appears whole or not at all.
 */
#pragma once
#include "store/duck.h"

#define MW_TABLE_FILE_SIZE_MAX ((size_t)1 << 34)

void mw_table_csv_append(mw_buf *out, const mw_table *table, const mw_symbols *symbols);
/* By the ending of `path`: .csv or .parquet; MW_USAGE names another. */
MW_MUST_USE mw_status mw_table_file_write(mw_sys *sys, mw_duck *duck, const mw_table *table,
                                          const mw_symbols *symbols, const char *path,
                                          mw_error *err);
/* The same rule, asked before the work that a file would end. */
MW_MUST_USE mw_status mw_table_file_check(const char *path, mw_error *err);
