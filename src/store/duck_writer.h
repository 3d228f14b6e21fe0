/*
 * duck_writer: writes rows into a Parquet file, or a table of the database.
 *
 * Rows gather in a table of the database (in columns, compressed) until they are saved. Times
 * become UTC timestamps without a zone, durations whole us; order is kept. The file is not
 * synced; that is the caller's business, as is a temporary name.
 */
#pragma once
#include "store/duck.h"

typedef struct mw_duck_writer mw_duck_writer;

/* What SQL calls the type of a column of such cells: "DOUBLE". */
const char *mw_duck_type_name(mw_type type);

/* Names of fields must differ, also without regard to case. `symbols` outlive the writer. */
MW_MUST_USE mw_status mw_duck_writer_create(mw_duck *duck, const mw_schema *schema,
                                            const mw_symbols *symbols,
                                            mw_duck_writer **out_writer, mw_error *err);
MW_MUST_USE mw_status mw_duck_writer_add(mw_duck_writer *writer, const mw_cell *row,
                                         mw_error *err);
/* The same, but the first column, of texts, has this one, which need not be in the symbols. */
MW_MUST_USE mw_status mw_duck_writer_add_named(mw_duck_writer *writer, mw_str name,
                                               const mw_cell *row, mw_error *err);
MW_MUST_USE mw_status mw_duck_writer_save(mw_duck_writer *writer, const char *path,
                                          mw_error *err);
/* Leaves the rows in the database, as a table of this name. */
MW_MUST_USE mw_status mw_duck_writer_keep(mw_duck_writer *writer, mw_str name, mw_error *err);
void mw_duck_writer_destroy(mw_duck_writer *writer); /* NULL is allowed */
