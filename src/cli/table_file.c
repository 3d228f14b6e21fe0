#include "cli/table_file.h"

#include <string.h>

#include "store/duck_file.h"

enum { TEXT_SIZE_USUAL = 1 << 20, PATH_SIZE_MAX = 1 << 16 };

struct mw_table_file {
    mw_table_file_config config;
    bool is_csv, is_sealed, is_ended;
    mw_buf beside;          /* the path of what becomes the file */
    mw_file *file;          /* the same, open: CSV always, Parquet once it is whole */
    mw_buf text;            /* CSV: what is not on disk yet */
    mw_arena arena;         /* Parquet: the two below */
    mw_schema schema;       /* with durations as numbers */
    mw_cell *row;
    mw_duck_file *rows;     /* NULL: there is none yet, or all are written */
};

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

void mw_csv_append_heading(mw_buf *out, const mw_schema *schema) {
    for (size_t c = 0; c < schema->field_count; c++) {
        if (c > 0) mw_buf_append_char(out, ',');
        append_quoted(out, schema->fields[c].name);
    }
    mw_buf_append_char(out, '\n');
}

void mw_csv_append_row(mw_buf *out, const mw_schema *schema, const mw_symbols *symbols,
                       mw_str name, const mw_cell *row) {
    if (name.data) append_quoted(out, name);
    for (size_t c = name.data ? 1 : 0; c < schema->field_count; c++) {
        mw_type type = schema->fields[c].type;
        if (c > 0) mw_buf_append_char(out, ',');
        if (mw_cell_is_missing(type, row[c])) continue;
        if (mw_type_is_symbol(type))
            append_quoted(out, mw_symbols_text(symbols, row[c].symbol));
        else mw_cell_append(out, type, row[c], symbols);
    }
    mw_buf_append_char(out, '\n');
}

void mw_table_csv_append(mw_buf *out, const mw_table *table, const mw_symbols *symbols) {
    mw_csv_append_heading(out, table->schema);
    for (size_t r = 0; r < table->row_count; r++)
        mw_csv_append_row(out, table->schema, symbols, (mw_str){NULL, 0}, mw_table_row(table, r));
}

static mw_status begin_csv(mw_table_file *it, mw_error *err) {
    mw_buf_init(&it->text, SIZE_MAX / 2);
    mw_csv_append_heading(&it->text, it->config.schema);
    MW_TRY(mw_sys_remove(it->config.sys, it->beside.data, err));
    return mw_sys_open(it->config.sys, it->beside.data, MW_FILE_APPEND, &it->file, err);
}

static mw_status flush_csv(mw_table_file *it, mw_error *err) {
    MW_TRY(mw_buf_check(&it->text, it->config.path, err));
    MW_TRY(mw_file_append(it->file, it->text.data, it->text.size, err));
    mw_buf_clear(&it->text);
    return MW_OK;
}

static mw_status add_csv(mw_table_file *it, mw_str name, const mw_cell *row, mw_error *err) {
    mw_csv_append_row(&it->text, it->config.schema, it->config.symbols, name, row);
    return it->text.size < TEXT_SIZE_USUAL && !it->text.failed ? MW_OK : flush_csv(it, err);
}

/* --- Parquet ---------------------------------------------------------------------------- */

/* Durations are seconds in every file, as they are in CSV: a number of the row's copy. What a
   process that died has left under the name goes first. */
static mw_status begin_parquet(mw_table_file *it, mw_error *err) {
    const mw_table_file_config *config = &it->config;
    const mw_schema *schema = config->schema;
    it->row = mw_arena_alloc(&it->arena, schema->field_count, sizeof *it->row);
    if (!it->row) return mw_fail(err, MW_NO_MEMORY, "%s: no memory to write it", config->path);
    MW_TRY(mw_schema_copy(&it->arena, schema, &it->schema, err));
    for (size_t c = 0; c < schema->field_count; c++)
        if (schema->fields[c].type == MW_TYPE_DURATION) it->schema.fields[c].type = MW_TYPE_NUMBER;
    MW_TRY(mw_sys_remove(config->sys, it->beside.data, err));
    return mw_duck_file_create(config->duck, &it->schema, config->symbols, it->beside.data,
                               &it->rows, err);
}

static mw_status add_parquet(mw_table_file *it, mw_str name, const mw_cell *row, mw_error *err) {
    const mw_schema *schema = it->config.schema;
    memcpy(it->row, row, schema->field_count * sizeof *row);
    for (size_t c = 0; c < schema->field_count; c++)
        if (schema->fields[c].type == MW_TYPE_DURATION)
            it->row[c] = mw_cell_is_missing(MW_TYPE_DURATION, row[c])
                             ? mw_cell_missing(MW_TYPE_NUMBER)
                             : mw_cell_number((double)row[c].time / (double)MW_SECOND_US);
    return mw_duck_file_add(it->rows, name, it->row, err);
}

/* DuckDB closes what it writes, and leaves it to the system when that is on the disk. */
static mw_status end_parquet(mw_table_file *it, mw_error *err) {
    MW_TRY(mw_duck_file_end(it->rows, err));
    return mw_sys_open(it->config.sys, it->beside.data, MW_FILE_UPDATE, &it->file, err);
}

/* --- either ----------------------------------------------------------------------------- */

mw_status mw_table_file_check(const char *path, mw_error *err) {
    mw_str name = mw_str_of(path);
    if (mw_str_ends(name, MW_STR(".csv")) || mw_str_ends(name, MW_STR(".parquet"))) return MW_OK;
    return mw_fail(err, MW_USAGE, "--output: must end in .csv or .parquet, got %s", path);
}

static mw_status begin(mw_table_file *it, mw_error *err) {
    mw_buf_printf(&it->beside, "%s.tmp", it->config.path);
    MW_TRY(mw_buf_check(&it->beside, it->config.path, err));
    return it->is_csv ? begin_csv(it, err) : begin_parquet(it, err);
}

mw_status mw_table_file_begin(mw_table_file_config config, mw_table_file **out_file,
                              mw_error *err) {
    MW_TRY(mw_table_file_check(config.path, err));
    mw_table_file *it = mw_allocate(sizeof *it);
    if (!it) return mw_fail(err, MW_NO_MEMORY, "%s: no memory to write it", config.path);
    *it = (mw_table_file){.config = config};
    it->is_csv = mw_str_ends(mw_str_of(config.path), MW_STR(".csv"));
    mw_buf_init(&it->beside, PATH_SIZE_MAX);
    mw_arena_init(&it->arena, 1 << 24);
    mw_status status = begin(it, err);
    if (status != MW_OK) mw_table_file_destroy(it);
    else *out_file = it;
    return status;
}

mw_status mw_table_file_add(mw_table_file *file, mw_str name, const mw_cell *row, mw_error *err) {
    return file->is_csv ? add_csv(file, name, row, err) : add_parquet(file, name, row, err);
}

mw_status mw_table_file_seal(mw_table_file *file, mw_error *err) {
    MW_ASSERT(!file->is_sealed);
    MW_TRY(file->is_csv ? flush_csv(file, err) : end_parquet(file, err));
    MW_TRY(mw_file_sync(file->file, err));
    mw_duck_file_destroy(file->rows);
    file->rows = NULL;
    file->is_sealed = true;
    return MW_OK;
}

mw_str mw_table_file_sealed_path(const mw_table_file *file) {
    MW_ASSERT(file->is_sealed);
    return mw_buf_str(&file->beside);
}

mw_status mw_table_file_end(mw_table_file *file, mw_error *err) {
    mw_sys *sys = file->config.sys;
    if (!file->is_sealed) MW_TRY(mw_table_file_seal(file, err));
    MW_TRY(mw_sys_rename(sys, file->beside.data, file->config.path, err));
    file->is_ended = true;
    return MW_OK;
}

void mw_table_file_destroy(mw_table_file *file) {
    if (!file) return;
    mw_duck_file_destroy(file->rows);
    mw_file_close(file->file);
    if (!file->is_ended && file->beside.data && !file->beside.failed) {
        mw_status removed = mw_sys_remove(file->config.sys, file->beside.data, NULL);
        (void)removed; /* what failed before is what matters */
    }
    mw_buf_release(&file->beside);
    mw_buf_release(&file->text);
    mw_arena_release(&file->arena);
    mw_free(file);
}

mw_status mw_table_file_write(mw_sys *sys, mw_duck *duck, const mw_table *table,
                              const mw_symbols *symbols, const char *path, mw_error *err) {
    mw_table_file *file = NULL;
    mw_table_file_config config = {sys, duck, table->schema, symbols, path};
    MW_TRY(mw_table_file_begin(config, &file, err));
    mw_status status = MW_OK;
    for (size_t r = 0; status == MW_OK && r < table->row_count; r++)
        status = mw_table_file_add(file, (mw_str){NULL, 0}, mw_table_row(table, r), err);
    if (status == MW_OK) status = mw_table_file_end(file, err);
    mw_table_file_destroy(file);
    return status;
}
