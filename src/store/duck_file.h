/*
 * duck_file: writes rows into a Parquet file as they come.
 *
 * DuckDB writes it in a thread of its own and a database of its own, which takes chunks of rows
 * from a short queue; so what is held of a file, however long, is that queue and one group of rows,
 * 80 MB together, and while the group is written four times as much. Order is kept. How cells
 * become columns: duck_rows.h. The file is not synced; that is the caller's business, as is a
 * temporary name, and to remove what a failure left. The first file costs 10 ms for the database,
 * which stays.
 *
 * The thread that uses the database uses it with its files, which end before it does; queries may
 * run between two rows.
 */
#pragma once
#include "store/duck.h"

typedef struct mw_duck_file mw_duck_file;

/* Names of fields must differ, also without regard to case. Schema and `symbols` outlive the file.
   MW_UNAVAILABLE where there is no thread to be had. */
MW_MUST_USE mw_status mw_duck_file_create(mw_duck *duck, const mw_schema *schema,
                                          const mw_symbols *symbols, const char *path,
                                          mw_duck_file **out_file, mw_error *err);
/* What could not be written fails here or at the end. Where `name` has data, it is the text of the
   first column, and need not be in the symbols. */
MW_MUST_USE mw_status mw_duck_file_add(mw_duck_file *file, mw_str name, const mw_cell *row,
                                       mw_error *err);
/* All rows are in the file. It is to be destroyed all the same. */
MW_MUST_USE mw_status mw_duck_file_end(mw_duck_file *file, mw_error *err);
void mw_duck_file_destroy(mw_duck_file *file); /* NULL is allowed */
