/*
 * table: rows of cells under a schema: what all layers hand to each other.
 *
 * Row-major, because an event is read whole: row r is `cells + r * field_count`. A table owns
 * its cells; the schema belongs to whoever made it and outlives the table.
 */
#pragma once
#include "base/hash.h"
#include "table/cell.h"

enum { MW_FIELDS_MAX = 4096, MW_NAME_SIZE_MAX = 128 };
#define MW_ROWS_MAX ((size_t)1 << 40)

typedef struct {
    mw_str name;
    mw_type type;
} mw_field;

typedef struct {
    mw_field *fields;
    size_t field_count;
} mw_schema;

typedef struct {
    const mw_schema *schema;
    mw_cell *cells;
    size_t row_count;
    size_t row_capacity;
} mw_table;

enum { MW_NO_FIELD = -1 };
int32_t mw_schema_find(const mw_schema *schema, mw_str name); /* index, or MW_NO_FIELD */
bool mw_schema_equal(const mw_schema *a, const mw_schema *b);
/* A deep copy in `arena`. */
MW_MUST_USE mw_status mw_schema_copy(mw_arena *arena, const mw_schema *schema,
                                     mw_schema *out_schema, mw_error *err);

/* The canonical bytes (cell.h) of a row's cells, one after another. */
void mw_row_append_canonical(mw_buf *buf, const mw_schema *schema, const mw_cell *row,
                             const mw_symbols *symbols);
/* Reads them back; false where mw_cell_read_canonical is. */
MW_MUST_USE bool mw_row_read_canonical(mw_reader *reader, const mw_schema *schema,
                                       mw_symbols *symbols, mw_cell *out_row);

void mw_table_init(mw_table *table, const mw_schema *schema);
MW_MUST_USE mw_status mw_table_reserve(mw_table *table, size_t row_count, mw_error *err);
/* Adds a row (copied, from elsewhere than this table; NULL: all cells missing) and gives its
   address, valid until the next add; `out_row` may be NULL. */
MW_MUST_USE mw_status mw_table_add(mw_table *table, const mw_cell *row, mw_cell **out_row,
                                   mw_error *err);
/* NULL for a row without cells: of an empty table, or under a schema without fields. */
static inline mw_cell *mw_table_row(const mw_table *table, size_t row) {
    return table->cells ? table->cells + row * table->schema->field_count : NULL;
}
void mw_table_clear(mw_table *table);
void mw_table_release(mw_table *table);

/* Adds names, types and all cells of rows [from, to) in canonical bytes. */
void mw_schema_hash(const mw_schema *schema, mw_sha256 *sha);
MW_MUST_USE mw_status mw_table_hash(const mw_table *table, size_t from, size_t to,
                                    const mw_symbols *symbols, mw_sha256 *sha, mw_error *err);
