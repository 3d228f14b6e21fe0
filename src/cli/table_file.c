#include "cli/table_file.h"

#include <string.h>

#include "store/duck_writer.h"

/* --- CSV -------------------------------------------------------------------------------- */

/* A text that would not read back as itself stands in quotes, with its own quotes doubled. */
static void append_quoted(mw_buf *out, mw_str text) {
    bool is_plain = text.size > 0;
    for (size_t i = 0; is_plain && i < text.size; i++)
        is_plain = !strchr(",\"\r\n", text.data[i]) || text.data[i] == 0;
    if (is_plain) {
        mw_buf_append_str(out, text);
        return;
    }
    mw_buf_append_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"') mw_buf_append_char(out, '"');
        mw_buf_append_char(out, text.data[i]);
    }
    mw_buf_append_char(out, '"');
}

void mw_table_csv_append(mw_buf *out, const mw_table *table, const mw_symbols *symbols) {
    const mw_schema *schema = table->schema;
    for (size_t c = 0; c < schema->field_count; c++) {
        if (c > 0) mw_buf_append_char(out, ',');
        append_quoted(out, schema->fields[c].name);
    }
    mw_buf_append_char(out, '\n');
    for (size_t r = 0; r < table->row_count; r++) {
        const mw_cell *row = mw_table_row(table, r);
        for (size_t c = 0; c < schema->field_count; c++) {
            mw_type type = schema->fields[c].type;
            if (c > 0) mw_buf_append_char(out, ',');
            if (mw_cell_is_missing(type, row[c])) continue;
            if (mw_type_is_symbol(type))
                append_quoted(out, mw_symbols_text(symbols, row[c].symbol));
            else mw_cell_append(out, type, row[c], symbols);
        }
        mw_buf_append_char(out, '\n');
    }
}

static mw_status write_csv(mw_sys *sys, const mw_table *table, const mw_symbols *symbols,
                           const char *path, mw_error *err) {
    mw_buf text;
    mw_buf_init(&text, MW_TABLE_FILE_SIZE_MAX);
    mw_table_csv_append(&text, table, symbols);
    mw_status status = mw_buf_check(&text, path, err);
    if (status == MW_OK) status = mw_sys_write_file(sys, path, mw_buf_str(&text), err);
    mw_buf_release(&text);
    return status;
}

/* --- Parquet ---------------------------------------------------------------------------- */

/* Durations are seconds in every file, as they are in CSV: a number of the row's copy. */
static mw_status fill_parquet(mw_duck_writer *writer, const mw_table *table, mw_cell *row,
                              mw_error *err) {
    const mw_schema *schema = table->schema;
    for (size_t r = 0; r < table->row_count; r++) {
        memcpy(row, mw_table_row(table, r), schema->field_count * sizeof *row);
        for (size_t c = 0; c < schema->field_count; c++)
            if (schema->fields[c].type == MW_TYPE_DURATION)
                row[c] = mw_cell_is_missing(MW_TYPE_DURATION, row[c])
                             ? mw_cell_missing(MW_TYPE_NUMBER)
                             : mw_cell_number((double)row[c].time / (double)MW_SECOND_US);
        MW_TRY(mw_duck_writer_add(writer, row, err));
    }
    return MW_OK;
}

static mw_status save_parquet(mw_duck *duck, const mw_table *table, const mw_symbols *symbols,
                              const char *path, mw_error *err) {
    mw_duck_writer *writer = NULL;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 24);
    mw_schema schema;
    mw_cell *row = mw_arena_alloc(&arena, table->schema->field_count, sizeof *row);
    mw_status status = row ? mw_schema_copy(&arena, table->schema, &schema, err)
                           : mw_fail(err, MW_NO_MEMORY, "%s: no memory to write it", path);
    for (size_t c = 0; status == MW_OK && c < schema.field_count; c++)
        if (schema.fields[c].type == MW_TYPE_DURATION) schema.fields[c].type = MW_TYPE_NUMBER;
    if (status == MW_OK) status = mw_duck_writer_create(duck, &schema, symbols, &writer, err);
    if (status == MW_OK) status = fill_parquet(writer, table, row, err);
    if (status == MW_OK) status = mw_duck_writer_save(writer, path, err);
    mw_duck_writer_destroy(writer);
    mw_arena_release(&arena);
    return status;
}

static mw_status write_parquet(mw_sys *sys, mw_duck *duck, const mw_table *table,
                               const mw_symbols *symbols, const char *path, mw_error *err) {
    mw_buf beside;
    mw_buf_init(&beside, 1 << 16);
    mw_buf_printf(&beside, "%s.tmp", path);
    mw_status status = mw_buf_check(&beside, path, err);
    if (status == MW_OK) status = save_parquet(duck, table, symbols, beside.data, err);
    if (status == MW_OK) status = mw_sys_rename(sys, beside.data, path, err);
    if (status != MW_OK && beside.data) {
        mw_status removed = mw_sys_remove(sys, beside.data, NULL);
        (void)removed; /* what failed before is what matters */
    }
    mw_buf_release(&beside);
    return status;
}

/* --- either ----------------------------------------------------------------------------- */

mw_status mw_table_file_check(const char *path, mw_error *err) {
    mw_str name = mw_str_of(path);
    if (mw_str_ends(name, MW_STR(".csv")) || mw_str_ends(name, MW_STR(".parquet"))) return MW_OK;
    return mw_fail(err, MW_USAGE, "--output: must end in .csv or .parquet, got %s", path);
}

mw_status mw_table_file_write(mw_sys *sys, mw_duck *duck, const mw_table *table,
                              const mw_symbols *symbols, const char *path, mw_error *err) {
    MW_TRY(mw_table_file_check(path, err));
    if (mw_str_ends(mw_str_of(path), MW_STR(".csv")))
        return write_csv(sys, table, symbols, path, err);
    return write_parquet(sys, duck, table, symbols, path, err);
}
