#include "store/arrow_writer.h"

#include <nanoarrow/nanoarrow_ipc.h>

#include "table/list.h"

/* Failures of nanoarrow's here are of memory alone: what it is given is ours. */
static mw_status checked(int code, mw_error *err) {
    return code == NANOARROW_OK ? MW_OK : mw_fail(err, MW_NO_MEMORY, "Arrow stream: no memory");
}

/* --- the schema ------------------------------------------------------------------------------ */

static enum ArrowType arrow_type_of(mw_type type) {
    switch (type) {
    case MW_TYPE_NUMBER: return NANOARROW_TYPE_DOUBLE;
    case MW_TYPE_BOOL: return NANOARROW_TYPE_BOOL;
    case MW_TYPE_LIST:
    case MW_TYPE_NUMBER_LIST: return NANOARROW_TYPE_LIST;
    default: return NANOARROW_TYPE_STRING;
    }
}

static int set_type(struct ArrowSchema *column, mw_type type) {
    if (type == MW_TYPE_TIME)
        return ArrowSchemaSetTypeDateTime(column, NANOARROW_TYPE_TIMESTAMP,
                                          NANOARROW_TIME_UNIT_MICRO, "UTC");
    if (type == MW_TYPE_DURATION)
        return ArrowSchemaSetTypeDateTime(column, NANOARROW_TYPE_DURATION,
                                          NANOARROW_TIME_UNIT_MICRO, NULL);
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(column, arrow_type_of(type)));
    if (!mw_type_is_list(type)) return NANOARROW_OK;
    return ArrowSchemaSetType(column->children[0], arrow_type_of(mw_list_element_type(type)));
}

static int set_name(struct ArrowSchema *column, mw_str name) {
    char text[MW_NAME_SIZE_MAX + 1] = {0};
    for (size_t i = 0; i < name.size && i < MW_NAME_SIZE_MAX; i++) text[i] = name.data[i];
    return ArrowSchemaSetName(column, text);
}

/* On failure too the schema is to be released. */
static int fill_schema(struct ArrowSchema *out, const mw_schema *schema) {
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(out, (int64_t)schema->field_count));
    for (size_t i = 0; i < schema->field_count; i++) {
        NANOARROW_RETURN_NOT_OK(set_type(out->children[i], schema->fields[i].type));
        NANOARROW_RETURN_NOT_OK(set_name(out->children[i], schema->fields[i].name));
    }
    return NANOARROW_OK;
}

/* --- columns --------------------------------------------------------------------------------- */

static struct ArrowStringView text_view(mw_str text) {
    return (struct ArrowStringView){text.data, (int64_t)text.size};
}

static int add_list(struct ArrowArray *column, mw_type type, mw_cell cell,
                    const mw_symbols *symbols) {
    mw_list_reader reader;
    mw_str text;
    double number;
    int code = NANOARROW_OK;
    mw_list_open(&reader, cell, symbols);
    if (type == MW_TYPE_LIST) {
        while (code == NANOARROW_OK && mw_list_next_text(&reader, &text))
            code = ArrowArrayAppendString(column->children[0], text_view(text));
    } else {
        while (code == NANOARROW_OK && mw_list_next_number(&reader, &number))
            code = ArrowArrayAppendDouble(column->children[0], number);
    }
    if (reader.element.failed) code = ENOMEM;
    mw_list_close(&reader);
    return code == NANOARROW_OK ? ArrowArrayFinishElement(column) : code;
}

static int add_cell(struct ArrowArray *column, mw_type type, mw_cell cell,
                    const mw_symbols *symbols) {
    if (mw_cell_is_missing(type, cell)) return ArrowArrayAppendNull(column, 1);
    switch (type) {
    case MW_TYPE_NUMBER: return ArrowArrayAppendDouble(column, cell.number);
    case MW_TYPE_BOOL: return ArrowArrayAppendInt(column, cell.boolean == MW_TRUE);
    case MW_TYPE_TIME:
    case MW_TYPE_DURATION: return ArrowArrayAppendInt(column, cell.time);
    case MW_TYPE_LIST:
    case MW_TYPE_NUMBER_LIST: return add_list(column, type, cell, symbols);
    default:
        return ArrowArrayAppendString(column, text_view(mw_symbols_text(symbols, cell.symbol)));
    }
}

/* The rows as columns; on failure too the batch is to be released, if it can be. */
static int fill_batch(struct ArrowArray *out, const mw_table *rows, size_t from, size_t to,
                      const mw_symbols *symbols) {
    const mw_schema *schema = rows->schema;
    NANOARROW_RETURN_NOT_OK(ArrowArrayStartAppending(out));
    for (size_t r = from; r < to; r++) {
        const mw_cell *row = mw_table_row(rows, r);
        for (size_t i = 0; i < schema->field_count; i++)
            NANOARROW_RETURN_NOT_OK(
                add_cell(out->children[i], schema->fields[i].type, row[i], symbols));
        NANOARROW_RETURN_NOT_OK(ArrowArrayFinishElement(out));
    }
    return ArrowArrayFinishBuildingDefault(out, NULL);
}

/* --- bytes ----------------------------------------------------------------------------------- */

static int append_message(struct ArrowIpcEncoder *encoder, const struct ArrowBuffer *body,
                          mw_buf *out) {
    struct ArrowBuffer head;
    ArrowBufferInit(&head);
    int code = ArrowIpcEncoderFinalizeBuffer(encoder, 1, &head);
    if (code == NANOARROW_OK) {
        mw_buf_append(out, head.data, (size_t)head.size_bytes);
        if (body) mw_buf_append(out, body->data, (size_t)body->size_bytes);
    }
    ArrowBufferReset(&head);
    return code;
}

static int append_schema(const struct ArrowSchema *schema, mw_buf *out) {
    struct ArrowIpcEncoder encoder;
    NANOARROW_RETURN_NOT_OK(ArrowIpcEncoderInit(&encoder));
    int code = ArrowIpcEncoderEncodeSchema(&encoder, schema, NULL);
    if (code == NANOARROW_OK) code = append_message(&encoder, NULL, out);
    ArrowIpcEncoderReset(&encoder);
    return code;
}

static int append_batch(const struct ArrowArrayView *batch, mw_buf *out) {
    struct ArrowIpcEncoder encoder;
    struct ArrowBuffer body;
    NANOARROW_RETURN_NOT_OK(ArrowIpcEncoderInit(&encoder));
    ArrowBufferInit(&body);
    int code = ArrowIpcEncoderEncodeSimpleRecordBatch(&encoder, batch, &body, NULL);
    if (code == NANOARROW_OK) code = append_message(&encoder, &body, out);
    ArrowBufferReset(&body);
    ArrowIpcEncoderReset(&encoder);
    return code;
}

static int append_array(const struct ArrowSchema *schema, const struct ArrowArray *array,
                        mw_buf *out) {
    struct ArrowArrayView view;
    int code = ArrowArrayViewInitFromSchema(&view, schema, NULL);
    if (code == NANOARROW_OK) code = ArrowArrayViewSetArray(&view, array, NULL);
    if (code == NANOARROW_OK) code = append_batch(&view, out);
    ArrowArrayViewReset(&view);
    return code;
}

mw_status mw_arrow_write_schema(const mw_schema *schema, mw_buf *out, mw_error *err) {
    struct ArrowSchema columns;
    ArrowSchemaInit(&columns);
    int code = fill_schema(&columns, schema);
    if (code == NANOARROW_OK) code = append_schema(&columns, out);
    ArrowSchemaRelease(&columns);
    return checked(code, err);
}

mw_status mw_arrow_write_rows(const mw_table *rows, size_t from, size_t to,
                              const mw_symbols *symbols, mw_buf *out, mw_error *err) {
    MW_ASSERT(from <= to && to <= rows->row_count);
    struct ArrowSchema columns;
    struct ArrowArray batch = {.release = NULL};
    ArrowSchemaInit(&columns);
    int code = fill_schema(&columns, rows->schema);
    if (code == NANOARROW_OK) code = ArrowArrayInitFromSchema(&batch, &columns, NULL);
    if (code == NANOARROW_OK) code = fill_batch(&batch, rows, from, to, symbols);
    if (code == NANOARROW_OK) code = append_array(&columns, &batch, out);
    if (batch.release) ArrowArrayRelease(&batch);
    ArrowSchemaRelease(&columns);
    return checked(code, err);
}
