/*
 * duck_writer: writes rows into a table of the database, for SQL to look at.
 *
 * Order is kept. How cells become columns: duck_rows.h.
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
/* Leaves the rows in the database, as a table of this name; without it they go. */
MW_MUST_USE mw_status mw_duck_writer_keep(mw_duck_writer *writer, mw_str name, mw_error *err);
void mw_duck_writer_destroy(mw_duck_writer *writer); /* NULL is allowed */
