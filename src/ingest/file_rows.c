#include "ingest/file_rows.h"

#include <string.h>

void mw_file_rows_init(mw_file_rows *rows) {
    *rows = (mw_file_rows){.path = NULL};
    mw_refusals_init(&rows->refusals);
}

void mw_file_rows_release(mw_file_rows *rows) {
    mw_table_release(&rows->rows);
    mw_refusals_release(&rows->refusals);
    mw_file_rows_init(rows);
}

/* Whether both streams, NULL for none, take the same texts for missing. */
static bool mean_the_same(const mw_project_stream *a, const mw_project_stream *b) {
    if (a == b) return true;
    if (!a || !b || a->missing_count != b->missing_count) return false;
    for (size_t i = 0; i < a->missing_count; i++)
        if (!mw_str_equal(a->missing[i], b->missing[i])) return false;
    return true;
}

static bool are_these(const mw_file_rows *rows, const mw_data_reader *reader, mw_file_wish wish) {
    return rows->path && strcmp(rows->path, wish.path) == 0 && rows->zone == reader->zone &&
           rows->column_count == wish.column_count && mean_the_same(rows->stream, reader->stream) &&
           mw_schema_equal(rows->rows.schema, wish.row);
}

/* Whoever had the rows before has worked its fields out in them. */
static void clear_derived(mw_file_rows *rows) {
    const mw_schema *schema = rows->rows.schema;
    for (size_t r = 0; r < rows->rows.row_count; r++)
        for (size_t i = rows->column_count; i < schema->field_count; i++)
            mw_table_row(&rows->rows, r)[i] = mw_cell_missing(schema->fields[i].type);
}

mw_status mw_file_rows_hash(const mw_file_rows *rows, size_t count, const mw_symbols *symbols,
                            char out_hash[MW_SHA256_HEX_SIZE + 1], mw_error *err) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    MW_TRY(mw_table_hash(&rows->rows, 0, count, symbols, &sha, err));
    mw_sha256_hex(&sha, out_hash);
    return MW_OK;
}

static mw_status read_anew(mw_file_rows *rows, const mw_data_reader *reader, mw_file_wish wish,
                           mw_error *err) {
    size_t read_count = rows->read_count;
    mw_file_rows_release(rows);
    rows->read_count = read_count + 1;
    mw_table_init(&rows->rows, wish.row);
    MW_TRY(mw_data_file_read(reader, wish.path, wish.column_count, &rows->rows, &rows->refusals,
                             err));
    MW_TRY(mw_file_rows_hash(rows, rows->rows.row_count, reader->symbols, rows->hash, err));
    rows->path = wish.path;
    rows->zone = reader->zone;
    rows->stream = reader->stream;
    rows->column_count = wish.column_count;
    return MW_OK;
}

mw_status mw_file_rows_read(mw_file_rows *rows, const mw_data_reader *reader, mw_file_wish wish,
                            mw_error *err) {
    if (are_these(rows, reader, wish)) {
        clear_derived(rows);
        return MW_OK;
    }
    mw_status status = read_anew(rows, reader, wish, err);
    if (status != MW_OK) rows->path = NULL;
    return status;
}
