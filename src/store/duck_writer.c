#include "store/duck_writer.h"

#include <stdio.h>

#include "store/duck_rows.h"

/* Rows gather in a chunk, chunks in a table of the database. */
struct mw_duck_writer {
    mw_duck *duck;
    const mw_schema *schema;
    char table[32];
    duck_appender appender;
    mw_duck_rows rows;
};

enum { SQL_SIZE_MAX = 1 << 24 };

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

static mw_status begin(mw_duck_writer *writer, const mw_symbols *symbols, mw_error *err) {
    const duck_api *api = &writer->duck->api;
    MW_TRY(create_table(writer, err));
    if (api->appender_create(writer->duck->connection, NULL, writer->table, &writer->appender) !=
        DUCK_OK)
        return mw_duck_fail(err, api->appender_error(writer->appender));
    return mw_duck_rows_init(&writer->rows, writer->duck, writer->schema, symbols, err);
}

mw_status mw_duck_writer_create(mw_duck *duck, const mw_schema *schema,
                                const mw_symbols *symbols, mw_duck_writer **out_writer,
                                mw_error *err) {
    MW_TRY(mw_duck_ready(duck, err));
    mw_duck_writer *writer = mw_allocate(sizeof *writer);
    if (!writer) return mw_fail(err, MW_NO_MEMORY, "duckdb: no memory to write a table");
    *writer = (mw_duck_writer){.duck = duck, .schema = schema};
    snprintf(writer->table, sizeof writer->table, "writing_%llu",
             (unsigned long long)duck->table_count++);
    mw_status status = begin(writer, symbols, err);
    if (status != MW_OK) {
        mw_duck_writer_destroy(writer);
        return status;
    }
    *out_writer = writer;
    return MW_OK;
}

static mw_status flush(mw_duck_writer *writer, mw_error *err) {
    const duck_api *api = &writer->duck->api;
    if (writer->rows.count == 0) return MW_OK;
    mw_duck_rows_close(&writer->rows);
    if (api->append_data_chunk(writer->appender, writer->rows.chunk) != DUCK_OK)
        return mw_duck_fail(err, api->appender_error(writer->appender));
    mw_duck_rows_clear(&writer->rows);
    return MW_OK;
}

mw_status mw_duck_writer_add(mw_duck_writer *writer, const mw_cell *row, mw_error *err) {
    if (mw_duck_rows_are_full(&writer->rows)) MW_TRY(flush(writer, err));
    mw_duck_rows_add(&writer->rows, (mw_str){NULL, 0}, row);
    return MW_OK;
}

mw_status mw_duck_writer_keep(mw_duck_writer *writer, mw_str name, mw_error *err) {
    const duck_api *api = &writer->duck->api;
    MW_TRY(flush(writer, err));
    if (api->appender_close(writer->appender) != DUCK_OK)
        return mw_duck_fail(err, api->appender_error(writer->appender));
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_printf(&sql, "ALTER TABLE %s RENAME TO ", writer->table);
    mw_duck_append_name(&sql, name);
    return run_built(writer->duck, &sql, err);
}

void mw_duck_writer_destroy(mw_duck_writer *writer) {
    if (!writer) return;
    const duck_api *api = &writer->duck->api;
    mw_duck_rows_release(&writer->rows);
    if (writer->appender) api->appender_destroy(&writer->appender);
    char sql[64];
    snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS %s", writer->table);
    mw_status status = mw_duck_run(writer->duck, sql, NULL);
    MW_ASSERT(status == MW_OK || status == MW_NO_MEMORY);
    mw_free(writer);
}
