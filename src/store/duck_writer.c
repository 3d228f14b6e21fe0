#include "store/duck_writer.h"

#include <stdio.h>

#include "store/duck_api.h"

/* Rows gather in a chunk, chunks in a table of the database, the table becomes the file. */
struct mw_duck_writer {
    mw_duck *duck;
    const mw_schema *schema;
    const mw_symbols *symbols;
    char table[32];
    duck_appender appender;
    duck_chunk chunk;
    size_t chunk_rows, chunk_rows_max;
};

enum { SQL_SIZE_MAX = 1 << 24 };

static int duck_type_of(mw_type type) {
    switch (type) {
    case MW_TYPE_NUMBER: return DUCK_DOUBLE;
    case MW_TYPE_BOOL: return DUCK_BOOLEAN;
    case MW_TYPE_TIME: return DUCK_TIMESTAMP;
    case MW_TYPE_DURATION: return DUCK_BIGINT;
    default: return DUCK_VARCHAR;
    }
}

const char *mw_duck_type_name(mw_type type) {
    switch (type) {
    case MW_TYPE_NUMBER: return "DOUBLE";
    case MW_TYPE_BOOL: return "BOOLEAN";
    case MW_TYPE_TIME: return "TIMESTAMP";
    case MW_TYPE_DURATION: return "BIGINT";
    default: return "VARCHAR";
    }
}

static mw_status run_built(mw_duck *duck, mw_buf *sql, mw_error *err) {
    mw_status status = mw_buf_check(sql, "duckdb: the statement", err);
    if (status == MW_OK) status = mw_duck_run(duck, mw_buf_str(sql).data, err);
    mw_buf_release(sql);
    return status;
}

static mw_status create_table(mw_duck_writer *writer, mw_error *err) {
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_printf(&sql, "CREATE TABLE %s (", writer->table);
    for (size_t i = 0; i < writer->schema->field_count; i++) {
        if (i > 0) mw_buf_append_text(&sql, ", ");
        mw_duck_append_name(&sql, writer->schema->fields[i].name);
        mw_buf_printf(&sql, " %s", mw_duck_type_name(writer->schema->fields[i].type));
    }
    mw_buf_append_char(&sql, ')');
    return run_built(writer->duck, &sql, err);
}

static mw_status create_chunk(mw_duck_writer *writer, mw_error *err) {
    const duck_api *api = &writer->duck->api;
    size_t count = writer->schema->field_count;
    duck_type *types = mw_allocate(count * sizeof *types);
    if (!types) return mw_fail(err, MW_NO_MEMORY, "duckdb: no memory for %zu columns", count);
    for (size_t i = 0; i < count; i++)
        types[i] = api->create_logical_type(duck_type_of(writer->schema->fields[i].type));
    writer->chunk = api->create_data_chunk(types, count);
    for (size_t i = 0; i < count; i++) api->destroy_logical_type(&types[i]);
    mw_free(types);
    writer->chunk_rows_max = api->vector_size();
    return writer->chunk ? MW_OK : mw_fail(err, MW_NO_MEMORY, "duckdb: no memory for rows");
}

static mw_status begin(mw_duck_writer *writer, mw_error *err) {
    const duck_api *api = &writer->duck->api;
    MW_TRY(create_table(writer, err));
    if (api->appender_create(writer->duck->connection, NULL, writer->table, &writer->appender) !=
        DUCK_OK)
        return mw_duck_fail(err, api->appender_error(writer->appender));
    return create_chunk(writer, err);
}

mw_status mw_duck_writer_create(mw_duck *duck, const mw_schema *schema,
                                const mw_symbols *symbols, mw_duck_writer **out_writer,
                                mw_error *err) {
    MW_ASSERT(schema->field_count > 0);
    MW_TRY(mw_duck_ready(duck, err));
    mw_duck_writer *writer = mw_allocate(sizeof *writer);
    if (!writer) return mw_fail(err, MW_NO_MEMORY, "duckdb: no memory to write a file");
    *writer = (mw_duck_writer){.duck = duck, .schema = schema, .symbols = symbols};
    snprintf(writer->table, sizeof writer->table, "writing_%llu",
             (unsigned long long)duck->table_count++);
    mw_status status = begin(writer, err);
    if (status != MW_OK) {
        mw_duck_writer_destroy(writer);
        return status;
    }
    *out_writer = writer;
    return MW_OK;
}

static mw_status flush(mw_duck_writer *writer, mw_error *err) {
    const duck_api *api = &writer->duck->api;
    if (writer->chunk_rows == 0) return MW_OK;
    api->data_chunk_set_size(writer->chunk, writer->chunk_rows);
    if (api->append_data_chunk(writer->appender, writer->chunk) != DUCK_OK)
        return mw_duck_fail(err, api->appender_error(writer->appender));
    api->data_chunk_reset(writer->chunk);
    writer->chunk_rows = 0;
    return MW_OK;
}

static void put_missing(const duck_api *api, duck_vector vector, size_t row) {
    api->vector_ensure_validity_writable(vector);
    api->vector_get_validity(vector)[row / 64] &= ~((uint64_t)1 << (row % 64));
}

static void put(const mw_duck_writer *writer, duck_vector vector, mw_type type, mw_cell cell) {
    const duck_api *api = &writer->duck->api;
    size_t row = writer->chunk_rows;
    if (mw_cell_is_missing(type, cell)) {
        put_missing(api, vector, row);
    } else if (mw_type_is_symbol(type)) {
        mw_str text = mw_symbols_text(writer->symbols, cell.symbol);
        api->vector_assign_string_element_len(vector, row, text.data, text.size);
    } else if (type == MW_TYPE_BOOL) {
        ((uint8_t *)api->vector_get_data(vector))[row] = cell.boolean == MW_TRUE;
    } else {
        ((uint64_t *)api->vector_get_data(vector))[row] = cell.bits;
    }
}

static void put_from(const mw_duck_writer *writer, size_t column, const mw_cell *row) {
    for (size_t i = column; i < writer->schema->field_count; i++)
        put(writer, writer->duck->api.data_chunk_get_vector(writer->chunk, i),
            writer->schema->fields[i].type, row[i]);
}

mw_status mw_duck_writer_add(mw_duck_writer *writer, const mw_cell *row, mw_error *err) {
    if (writer->chunk_rows == writer->chunk_rows_max) MW_TRY(flush(writer, err));
    put_from(writer, 0, row);
    writer->chunk_rows++;
    return MW_OK;
}

mw_status mw_duck_writer_add_named(mw_duck_writer *writer, mw_str name, const mw_cell *row,
                                   mw_error *err) {
    MW_ASSERT(mw_type_is_symbol(writer->schema->fields[0].type));
    if (writer->chunk_rows == writer->chunk_rows_max) MW_TRY(flush(writer, err));
    const duck_api *api = &writer->duck->api;
    api->vector_assign_string_element_len(api->data_chunk_get_vector(writer->chunk, 0),
                                          writer->chunk_rows, name.data, name.size);
    put_from(writer, 1, row);
    writer->chunk_rows++;
    return MW_OK;
}

static mw_status finish(mw_duck_writer *writer, mw_error *err) {
    const duck_api *api = &writer->duck->api;
    MW_TRY(flush(writer, err));
    if (api->appender_close(writer->appender) == DUCK_OK) return MW_OK;
    return mw_duck_fail(err, api->appender_error(writer->appender));
}

mw_status mw_duck_writer_keep(mw_duck_writer *writer, mw_str name, mw_error *err) {
    MW_TRY(finish(writer, err));
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_printf(&sql, "ALTER TABLE %s RENAME TO ", writer->table);
    mw_duck_append_name(&sql, name);
    return run_built(writer->duck, &sql, err);
}

mw_status mw_duck_writer_save(mw_duck_writer *writer, const char *path, mw_error *err) {
    MW_TRY(finish(writer, err));
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_printf(&sql, "COPY %s TO ", writer->table);
    mw_duck_append_text(&sql, mw_str_of(path));
    mw_buf_append_text(&sql, " (FORMAT parquet, COMPRESSION snappy)");
    return run_built(writer->duck, &sql, err);
}

void mw_duck_writer_destroy(mw_duck_writer *writer) {
    if (!writer) return;
    const duck_api *api = &writer->duck->api;
    if (writer->chunk) api->destroy_data_chunk(&writer->chunk);
    if (writer->appender) api->appender_destroy(&writer->appender);
    char sql[64];
    snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS %s", writer->table);
    mw_status status = mw_duck_run(writer->duck, sql, NULL);
    MW_ASSERT(status == MW_OK || status == MW_NO_MEMORY);
    mw_free(writer);
}
