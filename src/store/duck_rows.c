#include "store/duck_rows.h"

static int duck_type_of(mw_type type) {
    switch (type) {
    case MW_TYPE_NUMBER: return DUCK_DOUBLE;
    case MW_TYPE_BOOL: return DUCK_BOOLEAN;
    case MW_TYPE_TIME: return DUCK_TIMESTAMP;
    case MW_TYPE_DURATION: return DUCK_BIGINT;
    default: return DUCK_VARCHAR;
    }
}

static void begin(mw_duck_rows *rows) {
    const duck_api *api = rows->api;
    rows->count = rows->text_size = 0;
    for (size_t i = 0; i < rows->schema->field_count; i++) {
        mw_duck_column *column = &rows->columns[i];
        column->vector = api->data_chunk_get_vector(rows->chunk, i);
        column->values = api->vector_get_data(column->vector);
        column->validity = NULL;
    }
}

static duck_chunk create_chunk(const mw_duck_rows *rows) {
    return rows->api->create_data_chunk(rows->types, rows->schema->field_count);
}

mw_status mw_duck_rows_init(mw_duck_rows *rows, const mw_duck *duck, const mw_schema *schema,
                            const mw_symbols *symbols, mw_error *err) {
    size_t count = schema->field_count;
    MW_ASSERT(count > 0);
    *rows = (mw_duck_rows){.api = &duck->api,
                           .symbols = symbols,
                           .schema = schema,
                           .columns = mw_allocate(count * sizeof *rows->columns),
                           .types = mw_allocate(count * sizeof *rows->types),
                           .count_max = duck->api.vector_size()};
    if (!rows->columns || !rows->types)
        return mw_fail(err, MW_NO_MEMORY, "duckdb: no memory for %zu columns", count);
    for (size_t i = 0; i < count; i++) {
        rows->columns[i].type = schema->fields[i].type;
        rows->types[i] = rows->api->create_logical_type(duck_type_of(schema->fields[i].type));
    }
    rows->chunk = create_chunk(rows);
    if (!rows->chunk) return mw_fail(err, MW_NO_MEMORY, "duckdb: no memory for rows");
    begin(rows);
    return MW_OK;
}

void mw_duck_rows_release(mw_duck_rows *rows) {
    for (size_t i = 0; rows->types && i < rows->schema->field_count; i++)
        if (rows->types[i]) rows->api->destroy_logical_type(&rows->types[i]);
    mw_free(rows->types);
    mw_free(rows->columns);
    if (rows->chunk) rows->api->destroy_data_chunk(&rows->chunk);
    *rows = (mw_duck_rows){.columns = NULL};
}

static void put_missing(const duck_api *api, mw_duck_column *column, size_t row) {
    if (!column->validity) {
        api->vector_ensure_validity_writable(column->vector);
        column->validity = api->vector_get_validity(column->vector);
    }
    column->validity[row / 64] &= ~((uint64_t)1 << (row % 64));
}

static void put_text(mw_duck_rows *rows, duck_vector vector, mw_str text) {
    rows->text_size += text.size;
    rows->api->vector_assign_string_element_len(vector, rows->count, text.data, text.size);
}

static inline void put(mw_duck_rows *rows, mw_duck_column *column, mw_cell cell) {
    size_t row = rows->count;
    if (mw_cell_is_missing(column->type, cell)) put_missing(rows->api, column, row);
    else if (mw_type_is_symbol(column->type))
        put_text(rows, column->vector, mw_symbols_text(rows->symbols, cell.symbol));
    else if (column->type == MW_TYPE_BOOL)
        ((uint8_t *)column->values)[row] = cell.boolean == MW_TRUE;
    else column->values[row] = cell.bits;
}

size_t mw_duck_rows_size(const mw_duck_rows *rows) {
    size_t width = 0;
    for (size_t i = 0; i < rows->schema->field_count; i++)
        width += mw_type_is_symbol(rows->columns[i].type) ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    return rows->count * width + rows->text_size;
}

void mw_duck_rows_add(mw_duck_rows *rows, mw_str name, const mw_cell *row) {
    MW_ASSERT(!mw_duck_rows_are_full(rows));
    size_t count = rows->schema->field_count;
    if (name.data) {
        MW_ASSERT(mw_type_is_symbol(rows->columns[0].type));
        put_text(rows, rows->columns[0].vector, name);
    }
    for (size_t i = name.data ? 1 : 0; i < count; i++) put(rows, &rows->columns[i], row[i]);
    rows->count++;
}

void mw_duck_rows_close(mw_duck_rows *rows) {
    rows->api->data_chunk_set_size(rows->chunk, rows->count);
}

void mw_duck_rows_clear(mw_duck_rows *rows) {
    rows->api->data_chunk_reset(rows->chunk);
    begin(rows);
}

duck_chunk mw_duck_rows_take(mw_duck_rows *rows) {
    duck_chunk filled = rows->chunk, next = create_chunk(rows);
    if (!next) return NULL;
    mw_duck_rows_close(rows);
    rows->chunk = next;
    begin(rows);
    return filled;
}
