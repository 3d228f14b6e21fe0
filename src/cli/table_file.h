/*
 * table_file: rows as a file that other tools read: CSV (RFC 4180, UTF-8) or Parquet.
 *
 * Cells stand in CSV as mw_cell_append spells them, missing ones as nothing. Durations are
 * numbers of seconds in both. A file appears whole or not at all, however many rows it has: they
 * go to disk as they come.
 */
#pragma once
#include "store/duck.h"

typedef struct mw_table_file mw_table_file;

typedef struct {
    mw_sys *sys;
    mw_duck *duck;
    const mw_schema *schema; /* it, the symbols and the path outlive the file */
    const mw_symbols *symbols;
    const char *path;        /* its ending says what it is: .csv or .parquet */
} mw_table_file_config;

/* MW_USAGE names another ending. */
MW_MUST_USE mw_status mw_table_file_begin(mw_table_file_config config, mw_table_file **out_file,
                                          mw_error *err);
/* Where `name` has data, it is the text of the first column, and need not be in the symbols. */
MW_MUST_USE mw_status mw_table_file_add(mw_table_file *file, mw_str name, const mw_cell *row,
                                        mw_error *err);
/* All rows are there and on the disk: what is left to do is that the file appears, among others. */
MW_MUST_USE mw_status mw_table_file_seal(mw_table_file *file, mw_error *err);
/* Where they can be read until then. */
mw_str mw_table_file_sealed_path(const mw_table_file *file);
/* The file appears, sealed or not. It is to be destroyed all the same. */
MW_MUST_USE mw_status mw_table_file_end(mw_table_file *file, mw_error *err);
void mw_table_file_destroy(mw_table_file *file); /* NULL is allowed */

/* All of a table. */
MW_MUST_USE mw_status mw_table_file_write(mw_sys *sys, mw_duck *duck, const mw_table *table,
                                          const mw_symbols *symbols, const char *path,
                                          mw_error *err);
/* The rule of endings, asked before the work that a file would end. */
MW_MUST_USE mw_status mw_table_file_check(const char *path, mw_error *err);
void mw_table_csv_append(mw_buf *out, const mw_table *table, const mw_symbols *symbols);
/* The same in pieces. `name` as in mw_table_file_add. */
void mw_csv_append_heading(mw_buf *out, const mw_schema *schema);
void mw_csv_append_row(mw_buf *out, const mw_schema *schema, const mw_symbols *symbols,
                       mw_str name, const mw_cell *row);
