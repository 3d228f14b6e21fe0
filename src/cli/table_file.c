#include "cli/table_file.h"

#include <string.h>

#include "store/duck_writer.h"

enum { PART_ROWS_USUAL = 1 << 20, TEXT_SIZE_USUAL = 1 << 20, PATH_SIZE_MAX = 1 << 16 };

struct mw_table_file {
    mw_table_file_config config;
    bool is_csv, is_sealed, is_ended;
    mw_buf beside;          /* the path of what becomes the file */
    mw_file *file;          /* the same, open: CSV always, Parquet once it is whole */
    mw_buf text;            /* CSV: what is not on disk yet */
    mw_arena arena;         /* Parquet: the two below */
    mw_schema schema;       /* with durations as numbers */
    mw_cell *row;
    mw_duck_writer *writer; /* of the part that is being made */
    size_t writer_rows;
    size_t part_count;      /* that are on disk */
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

static mw_status begin_part(mw_table_file *it, mw_error *err) {
    it->writer_rows = 0;
    return mw_duck_writer_create(it->config.duck, &it->schema, it->config.symbols, &it->writer,
                                 err);
}

/* Durations are seconds in every file, as they are in CSV: a number of the row's copy. */
static mw_status begin_parquet(mw_table_file *it, mw_error *err) {
    const mw_schema *schema = it->config.schema;
    it->row = mw_arena_alloc(&it->arena, schema->field_count, sizeof *it->row);
    if (!it->row) return mw_fail(err, MW_NO_MEMORY, "%s: no memory to write it", it->config.path);
    MW_TRY(mw_schema_copy(&it->arena, schema, &it->schema, err));
    for (size_t c = 0; c < schema->field_count; c++)
        if (schema->fields[c].type == MW_TYPE_DURATION) it->schema.fields[c].type = MW_TYPE_NUMBER;
    return begin_part(it, err);
}

static void append_part_path(const mw_table_file *it, size_t part, mw_buf *out) {
    mw_buf_printf(out, "%s.%zu.tmp", it->config.path, part);
}

static mw_status save_part(mw_table_file *it, mw_error *err) {
    mw_buf path;
    mw_buf_init(&path, PATH_SIZE_MAX);
    append_part_path(it, it->part_count, &path);
    mw_status status = mw_buf_check(&path, it->config.path, err);
    if (status == MW_OK) status = mw_duck_writer_save(it->writer, path.data, err);
    mw_buf_release(&path);
    mw_duck_writer_destroy(it->writer);
    it->writer = NULL;
    it->part_count++;
    return status;
}

static mw_status add_parquet(mw_table_file *it, mw_str name, const mw_cell *row, mw_error *err) {
    const mw_schema *schema = it->config.schema;
    if (it->writer_rows == it->config.part_rows) {
        MW_TRY(save_part(it, err));
        MW_TRY(begin_part(it, err));
    }
    memcpy(it->row, row, schema->field_count * sizeof *row);
    for (size_t c = 0; c < schema->field_count; c++)
        if (schema->fields[c].type == MW_TYPE_DURATION)
            it->row[c] = mw_cell_is_missing(MW_TYPE_DURATION, row[c])
                             ? mw_cell_missing(MW_TYPE_NUMBER)
                             : mw_cell_number((double)row[c].time / (double)MW_SECOND_US);
    it->writer_rows++;
    return name.data ? mw_duck_writer_add_named(it->writer, name, it->row, err)
                     : mw_duck_writer_add(it->writer, it->row, err);
}

static mw_status join_parts(mw_table_file *it, mw_error *err) {
    mw_buf sql, path;
    mw_buf_init(&sql, SIZE_MAX / 2);
    mw_buf_init(&path, PATH_SIZE_MAX);
    mw_buf_append_text(&sql, "COPY (FROM read_parquet([");
    for (size_t i = 0; i < it->part_count; i++) {
        mw_buf_clear(&path);
        append_part_path(it, i, &path);
        if (i > 0) mw_buf_append_text(&sql, ", ");
        mw_duck_append_path(&sql, mw_buf_str(&path));
    }
    mw_buf_append_text(&sql, "], hive_partitioning = false)) TO "); /* mw_duck_append_parquet */
    mw_duck_append_text(&sql, mw_buf_str(&it->beside));
    mw_buf_append_text(&sql, " (FORMAT parquet, COMPRESSION snappy)");
    mw_status status = mw_buf_check(&sql, it->config.path, err);
    if (status == MW_OK) status = mw_duck_run(it->config.duck, sql.data, err);
    mw_buf_release(&path);
    mw_buf_release(&sql);
    return status;
}

/* DuckDB closes what it writes, and leaves it to the system when that is on the disk. */
static mw_status end_parquet(mw_table_file *it, mw_error *err) {
    if (it->part_count == 0) {
        MW_TRY(mw_duck_writer_save(it->writer, it->beside.data, err));
    } else {
        MW_TRY(save_part(it, err));
        MW_TRY(join_parts(it, err));
    }
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
    if (config.part_rows == 0) it->config.part_rows = PART_ROWS_USUAL;
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
    mw_duck_writer_destroy(file->writer);
    file->writer = NULL;
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

static void remove_quietly(const mw_table_file *it, const mw_buf *path) {
    mw_status removed = path->data && !path->failed
                            ? mw_sys_remove(it->config.sys, path->data, NULL)
                            : MW_OK;
    (void)removed; /* what failed before is what matters */
}

void mw_table_file_destroy(mw_table_file *file) {
    if (!file) return;
    mw_duck_writer_destroy(file->writer);
    mw_file_close(file->file);
    if (!file->is_ended) remove_quietly(file, &file->beside);
    for (size_t i = 0; i < file->part_count; i++) {
        mw_buf path;
        mw_buf_init(&path, PATH_SIZE_MAX);
        append_part_path(file, i, &path);
        remove_quietly(file, &path);
        mw_buf_release(&path);
    }
    mw_buf_release(&file->beside);
    mw_buf_release(&file->text);
    mw_arena_release(&file->arena);
    mw_free(file);
}

mw_status mw_table_file_write(mw_sys *sys, mw_duck *duck, const mw_table *table,
                              const mw_symbols *symbols, const char *path, mw_error *err) {
    mw_table_file *file = NULL;
    mw_table_file_config config = {sys, duck, table->schema, symbols, path, 0};
    MW_TRY(mw_table_file_begin(config, &file, err));
    mw_status status = MW_OK;
    for (size_t r = 0; status == MW_OK && r < table->row_count; r++)
        status = mw_table_file_add(file, (mw_str){NULL, 0}, mw_table_row(table, r), err);
    if (status == MW_OK) status = mw_table_file_end(file, err);
    mw_table_file_destroy(file);
    return status;
}
