#include "store/arrow_reader.h"

#include <math.h>
#include <nanoarrow/nanoarrow_ipc.h>

#include "base/letters.h"
#include "store/arrow_head.h"
#include "table/list.h"

/* Every message begins with four bytes of ones and the size of its head. */
enum { FRAME_SIZE = 8, TYPE_SHOWN_MAX = 60, NAME_SHOWN_MAX = 40,
       DATE_SIZE = 10 /* of 2013-01-31 */ };
#define WHOLE_MAX (INT64_C(1) << 53)

typedef struct {
    mw_arrow_kind kind;
    enum ArrowTimeUnit unit; /* of a time or duration that is no date */
    enum ArrowType type;
} column;

struct mw_arrow_reader {
    size_t message_size_max;
    mw_buf head;             /* frame and head of a message, as far as they have come */
    mw_buf body;             /* apart: the decoder points into the head until the body is read */
    mw_buf *part;            /* the one that is being filled */
    size_t needed;           /* bytes of it before more can be said */
    size_t message_count;    /* of those that were whole */
    bool has_schema, has_batch, has_ended;
    struct ArrowIpcDecoder decoder;
    struct ArrowIpcDictionaries dictionaries; /* once there is a schema */
    struct ArrowSchema schema;
    struct ArrowArray batch;
    struct ArrowArrayView view;
    column *columns;
};

mw_status mw_arrow_reader_create(size_t message_size_max, mw_arrow_reader **out_reader,
                                 mw_error *err) {
    mw_arrow_reader *reader = mw_allocate(sizeof *reader);
    if (!reader) return mw_fail(err, MW_NO_MEMORY, "Arrow stream: no memory");
    if (ArrowIpcDecoderInit(&reader->decoder) != NANOARROW_OK) {
        mw_free(reader);
        return mw_fail(err, MW_NO_MEMORY, "Arrow stream: no memory");
    }
    reader->message_size_max = message_size_max;
    mw_buf_init(&reader->head, message_size_max);
    mw_buf_init(&reader->body, message_size_max);
    reader->part = &reader->head;
    ArrowArrayViewInitFromType(&reader->view, NANOARROW_TYPE_UNINITIALIZED);
    reader->needed = FRAME_SIZE;
    *out_reader = reader;
    return MW_OK;
}

static void drop_batch(mw_arrow_reader *reader) {
    if (reader->batch.release) ArrowArrayRelease(&reader->batch);
    reader->has_batch = false;
}

void mw_arrow_reader_destroy(mw_arrow_reader *reader) {
    if (!reader) return;
    drop_batch(reader);
    ArrowArrayViewReset(&reader->view);
    if (reader->dictionaries.private_data) ArrowIpcDictionariesReset(&reader->dictionaries);
    if (reader->schema.release) ArrowSchemaRelease(&reader->schema);
    ArrowIpcDecoderReset(&reader->decoder);
    mw_buf_release(&reader->head);
    mw_buf_release(&reader->body);
    mw_free(reader->columns);
    mw_free(reader);
}

static mw_status bad_message(const mw_arrow_reader *reader, const char *rule, mw_error *err) {
    return mw_fail(err, MW_MALFORMED, "Arrow stream: message %zu: %s", reader->message_count + 1,
                   rule);
}

/* What nanoarrow says of the message, on one line. */
static mw_status checked(const mw_arrow_reader *reader, int code, struct ArrowError *error,
                         mw_error *err) {
    if (code == NANOARROW_OK) return MW_OK;
    if (code == ENOMEM) return mw_fail(err, MW_NO_MEMORY, "Arrow stream: no memory");
    for (char *c = error->message; *c; c++)
        if ((unsigned char)*c < ' ') *c = ' ';
    return mw_fail(err, MW_MALFORMED, "Arrow stream: message %zu cannot be read: %s",
                   reader->message_count + 1, error->message);
}

/* --- the schema ------------------------------------------------------------------------------ */

static bool is_text(enum ArrowType type) {
    return type == NANOARROW_TYPE_STRING || type == NANOARROW_TYPE_LARGE_STRING;
}

static bool is_integer(enum ArrowType type) {
    return type >= NANOARROW_TYPE_UINT8 && type <= NANOARROW_TYPE_INT64;
}

static bool is_float(enum ArrowType type) {
    return type == NANOARROW_TYPE_HALF_FLOAT || type == NANOARROW_TYPE_FLOAT ||
           type == NANOARROW_TYPE_DOUBLE;
}

static mw_arrow_kind list_kind(const struct ArrowSchema *schema,
                               const struct ArrowSchemaView *view) {
    struct ArrowSchemaView element;
    bool is_long = view->type == NANOARROW_TYPE_FIXED_SIZE_LIST &&
                   (view->fixed_size < 0 || view->fixed_size > MW_LIST_ELEMENTS_MAX);
    if (is_long || ArrowSchemaViewInit(&element, schema->children[0], NULL) != NANOARROW_OK)
        return MW_ARROW_OTHER;
    if (is_text(element.type)) return MW_ARROW_LIST;
    if (is_integer(element.type) || is_float(element.type)) return MW_ARROW_NUMBER_LIST;
    return MW_ARROW_OTHER;
}

static mw_arrow_kind dictionary_kind(const struct ArrowSchema *schema) {
    struct ArrowSchemaView value;
    if (ArrowSchemaViewInit(&value, schema->dictionary, NULL) != NANOARROW_OK)
        return MW_ARROW_OTHER;
    return is_text(value.type) ? MW_ARROW_TEXT : MW_ARROW_OTHER;
}

static mw_arrow_kind kind_of(const struct ArrowSchema *schema, const struct ArrowSchemaView *view) {
    if (is_text(view->type)) return MW_ARROW_TEXT;
    if (is_integer(view->type)) return MW_ARROW_INTEGER;
    if (is_float(view->type)) return MW_ARROW_NUMBER;
    switch (view->type) {
    case NANOARROW_TYPE_NA: return MW_ARROW_NOTHING;
    case NANOARROW_TYPE_BOOL: return MW_ARROW_BOOL;
    case NANOARROW_TYPE_TIMESTAMP: return *view->timezone ? MW_ARROW_TIME : MW_ARROW_LOCAL_TIME;
    case NANOARROW_TYPE_DATE32:
    case NANOARROW_TYPE_DATE64: return MW_ARROW_LOCAL_TIME;
    case NANOARROW_TYPE_DURATION: return MW_ARROW_DURATION;
    case NANOARROW_TYPE_DICTIONARY: return dictionary_kind(schema);
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_LARGE_LIST:
    case NANOARROW_TYPE_FIXED_SIZE_LIST: return list_kind(schema, view);
    default: return MW_ARROW_OTHER;
    }
}

static int describe_columns(mw_arrow_reader *reader, struct ArrowError *error) {
    for (size_t i = 0; i < mw_arrow_column_count(reader); i++) {
        struct ArrowSchemaView view;
        NANOARROW_RETURN_NOT_OK(ArrowSchemaViewInit(&view, reader->schema.children[i], error));
        reader->columns[i] =
            (column){kind_of(reader->schema.children[i], &view), view.time_unit, view.type};
    }
    return NANOARROW_OK;
}

static mw_status check_columns(const mw_arrow_reader *reader, mw_error *err) {
    for (size_t i = 0; i < mw_arrow_column_count(reader); i++) {
        char type[TYPE_SHOWN_MAX];
        mw_str name = mw_str_slice(mw_arrow_column_name(reader, i), 0, NAME_SHOWN_MAX);
        if (reader->columns[i].kind != MW_ARROW_OTHER) continue;
        mw_arrow_column_describe(reader, i, type, sizeof type);
        return mw_fail(err, MW_MALFORMED,
                       "Arrow stream: column %.*s: its type %s cannot be read",
                       MW_STR_ARGS(name), type);
    }
    return MW_OK;
}

/* The dictionaries, and how batches are decoded, by what the schema names. */
static int prepare(mw_arrow_reader *reader, const struct ArrowIpcDictionaryEncodings *encodings,
                   struct ArrowError *error) {
    NANOARROW_RETURN_NOT_OK(ArrowIpcDictionariesInit(&reader->dictionaries, encodings, error));
    NANOARROW_RETURN_NOT_OK(ArrowIpcDecoderSetSchemaWithDictionaries(
        &reader->decoder, &reader->schema, encodings, error));
    return ArrowArrayViewInitFromSchema(&reader->view, &reader->schema, error);
}

static int decode_schema(mw_arrow_reader *reader, struct ArrowError *error) {
    struct ArrowIpcDecoder *decoder = &reader->decoder;
    struct ArrowIpcDictionaryEncodings encodings;
    NANOARROW_RETURN_NOT_OK(ArrowIpcDecoderSetEndianness(decoder, decoder->endianness));
    NANOARROW_RETURN_NOT_OK(ArrowIpcDecoderDecodeSchemaWithDictionaries(
        decoder, &reader->schema, &encodings, error));
    int code = prepare(reader, &encodings, error);
    ArrowIpcDictionaryEncodingsReset(&encodings);
    return code;
}

static mw_status read_schema(mw_arrow_reader *reader, mw_error *err) {
    struct ArrowError error = {{0}};
    if (reader->has_schema)
        return mw_fail(err, MW_MALFORMED, "Arrow stream: must have one schema, got another");
    MW_TRY(checked(reader, decode_schema(reader, &error), &error, err));
    size_t count = mw_arrow_column_count(reader);
    if (count > MW_FIELDS_MAX)
        return mw_fail(err, MW_MALFORMED, "Arrow stream: must have at most %d columns, got %zu",
                       MW_FIELDS_MAX, count);
    reader->columns = mw_allocate((count + 1) * sizeof *reader->columns);
    if (!reader->columns) return mw_fail(err, MW_NO_MEMORY, "Arrow stream: no memory");
    MW_TRY(checked(reader, describe_columns(reader, &error), &error, err));
    MW_TRY(check_columns(reader, err));
    reader->has_schema = true;
    return MW_OK;
}

/* --- batches --------------------------------------------------------------------------------- */

static struct ArrowBufferView body_of(const mw_arrow_reader *reader) {
    mw_str body = mw_buf_str(&reader->body);
    return (struct ArrowBufferView){{body.data}, (int64_t)body.size};
}

static mw_arrow_head head_of(const mw_arrow_reader *reader) {
    enum ArrowIpcMessageType type = reader->decoder.message_type;
    return (mw_arrow_head){.bytes = mw_buf_str(&reader->head).data + FRAME_SIZE,
                           .is_schema = type == NANOARROW_IPC_MESSAGE_TYPE_SCHEMA,
                           .is_dictionary = type == NANOARROW_IPC_MESSAGE_TYPE_DICTIONARY_BATCH};
}

static mw_status check_body(const mw_arrow_reader *reader, mw_error *err) {
    const char *fault = mw_arrow_body_fault(head_of(reader), reader->body.size);
    return fault ? bad_message(reader, fault, err) : MW_OK;
}

static mw_status read_batch(mw_arrow_reader *reader, mw_error *err) {
    struct ArrowError error = {{0}};
    MW_TRY(check_body(reader, err));
    int code = ArrowIpcDecoderDecodeArrayWithDictionaries(
        &reader->decoder, body_of(reader), -1, &reader->dictionaries, &reader->batch,
        NANOARROW_VALIDATION_LEVEL_FULL, &error);
    if (code == NANOARROW_OK)
        code = ArrowArrayViewSetArray(&reader->view, &reader->batch, &error);
    MW_TRY(checked(reader, code, &error, err));
    reader->has_batch = true;
    return MW_OK;
}

static mw_status read_dictionary(mw_arrow_reader *reader, mw_error *err) {
    struct ArrowError error = {{0}};
    MW_TRY(check_body(reader, err));
    int code = ArrowIpcDecoderDecodeDictionary(&reader->decoder, body_of(reader),
                                               NANOARROW_VALIDATION_LEVEL_FULL,
                                               &reader->dictionaries, &error);
    return checked(reader, code, &error, err);
}

/* --- messages -------------------------------------------------------------------------------- */

static mw_status message_too_large(const mw_arrow_reader *reader, mw_error *err) {
    return mw_fail(err, MW_TOO_LARGE, "Arrow stream: message %zu: must be of at most %zu bytes",
                   reader->message_count + 1, reader->message_size_max);
}

static mw_status read_frame(mw_arrow_reader *reader, mw_error *err) {
    mw_reader frame = {mw_buf_str(&reader->head), false};
    if (mw_read_u32(&frame) != UINT32_MAX)
        return bad_message(reader, "must begin with ff ff ff ff and its size", err);
    uint32_t size = mw_read_u32(&frame);
    if (size > reader->message_size_max - FRAME_SIZE) return message_too_large(reader, err);
    reader->has_ended = size == 0;
    reader->needed = FRAME_SIZE + size;
    return MW_OK;
}

/* Batches may be decoded only by a schema, which nanoarrow takes for granted. */
static mw_status check_head(const mw_arrow_reader *reader, mw_error *err) {
    mw_arrow_head head = head_of(reader);
    if (!head.is_schema && !reader->has_schema)
        return mw_fail(err, MW_MALFORMED, "Arrow stream: must begin with a schema");
    const char *fault = mw_arrow_head_fault(head);
    return fault ? bad_message(reader, fault, err) : MW_OK;
}

static mw_status read_head(mw_arrow_reader *reader, mw_error *err) {
    struct ArrowError error = {{0}};
    mw_str head = mw_buf_str(&reader->head);
    struct ArrowBufferView view = {{head.data}, (int64_t)head.size};
    int code = ArrowIpcDecoderVerifyHeader(&reader->decoder, view, &error);
    MW_TRY(checked(reader, code, &error, err));
    MW_TRY(check_head(reader, err));
    code = ArrowIpcDecoderDecodeHeader(&reader->decoder, view, &error);
    MW_TRY(checked(reader, code, &error, err));
    int64_t body_size = reader->decoder.body_size_bytes;
    if (body_size < 0 || (uint64_t)body_size > reader->message_size_max - head.size)
        return message_too_large(reader, err);
    reader->part = &reader->body;
    reader->needed = (size_t)body_size;
    return MW_OK;
}

static mw_status read_message(mw_arrow_reader *reader, mw_arrow_step *out_step, mw_error *err) {
    switch (reader->decoder.message_type) {
    case NANOARROW_IPC_MESSAGE_TYPE_SCHEMA:
        MW_TRY(read_schema(reader, err));
        *out_step = MW_ARROW_SCHEMA;
        break;
    case NANOARROW_IPC_MESSAGE_TYPE_RECORD_BATCH:
        MW_TRY(read_batch(reader, err));
        *out_step = MW_ARROW_BATCH;
        break;
    case NANOARROW_IPC_MESSAGE_TYPE_DICTIONARY_BATCH:
        MW_TRY(read_dictionary(reader, err));
        break;
    default: return bad_message(reader, "must be a schema, rows or a dictionary", err);
    }
    reader->message_count++;
    return MW_OK;
}

static void await_message(mw_arrow_reader *reader) {
    mw_buf_clear(&reader->head);
    mw_buf_clear(&reader->body);
    reader->part = &reader->head;
    reader->needed = FRAME_SIZE;
}

/* All that can be said by the part that stands, which has the bytes that were needed. */
static mw_status go_on(mw_arrow_reader *reader, mw_arrow_step *out_step, mw_error *err) {
    if (reader->part == &reader->head && reader->head.size == FRAME_SIZE) {
        MW_TRY(read_frame(reader, err));
        if (reader->has_ended) *out_step = MW_ARROW_END;
        return MW_OK;
    }
    if (reader->part == &reader->head) MW_TRY(read_head(reader, err));
    if (reader->body.size < reader->needed) return MW_OK;
    MW_TRY(read_message(reader, out_step, err));
    await_message(reader);
    return MW_OK;
}

mw_status mw_arrow_reader_take(mw_arrow_reader *reader, mw_str *bytes, mw_arrow_step *out_step,
                               mw_error *err) {
    mw_arrow_step step = reader->has_ended ? MW_ARROW_END : MW_ARROW_MORE;
    while (step == MW_ARROW_MORE && bytes->size > 0) {
        drop_batch(reader);
        mw_buf *part = reader->part;
        mw_str piece = mw_str_slice(*bytes, 0, reader->needed - part->size);
        mw_buf_append_str(part, piece);
        MW_TRY(mw_buf_check(part, "Arrow stream", err));
        *bytes = mw_str_slice(*bytes, piece.size, bytes->size);
        if (part->size == reader->needed) MW_TRY(go_on(reader, &step, err));
    }
    *out_step = step;
    return MW_OK;
}

bool mw_arrow_reader_is_within(const mw_arrow_reader *reader) {
    return !reader->has_ended && reader->head.size > 0;
}

/* --- columns --------------------------------------------------------------------------------- */

size_t mw_arrow_column_count(const mw_arrow_reader *reader) {
    return (size_t)reader->schema.n_children;
}

mw_str mw_arrow_column_name(const mw_arrow_reader *reader, size_t at) {
    return mw_str_of(reader->schema.children[at]->name);
}

mw_arrow_kind mw_arrow_column_kind(const mw_arrow_reader *reader, size_t at) {
    return reader->columns[at].kind;
}

void mw_arrow_column_describe(const mw_arrow_reader *reader, size_t at, char *out, size_t size) {
    ArrowSchemaToString(reader->schema.children[at], out, (int64_t)size, 1);
}

size_t mw_arrow_row_count(const mw_arrow_reader *reader) {
    MW_ASSERT(reader->has_batch);
    return (size_t)reader->batch.length;
}

/* --- values ---------------------------------------------------------------------------------- */

/* One value that is not null. */
typedef struct {
    const struct ArrowArrayView *view;
    int64_t row;
    column column;
} value;

static bool is_well_formed(mw_str text) {
    while (text.size > 0) {
        size_t size = text.size;
        if (mw_letter_take(&text) == MW_LETTER_NONE && size - text.size == 1) return false;
    }
    return true;
}

static mw_status text_at(const struct ArrowArrayView *view, int64_t row, mw_str *out_text,
                         mw_error *err) {
    struct ArrowStringView text = ArrowArrayViewGetStringUnsafe(view, row);
    mw_str bytes = {text.size_bytes > 0 ? text.data : "", (size_t)text.size_bytes};
    if (!is_well_formed(bytes)) return mw_fail(err, MW_INVALID, "text: must be UTF-8");
    *out_text = bytes;
    return MW_OK;
}

/* A null of a dictionary has no data. */
static mw_status read_text(const value *v, mw_str *out_text, mw_error *err) {
    const struct ArrowArrayView *dictionary = v->view->dictionary;
    if (!dictionary) return text_at(v->view, v->row, out_text, err);
    int64_t index = ArrowArrayViewGetIntUnsafe(v->view, v->row);
    if (index < 0 || index >= dictionary->length)
        return mw_fail(err, MW_INVALID, "text: must be one of the dictionary's %lld, got %lld",
                       (long long)dictionary->length, (long long)index);
    if (!ArrowArrayViewIsNull(dictionary, index))
        return text_at(dictionary, index, out_text, err);
    *out_text = (mw_str){0};
    return MW_OK;
}

static mw_status whole_at(const struct ArrowArrayView *view, int64_t row, int64_t *out_whole,
                          mw_error *err) {
    bool is_beyond = view->storage_type == NANOARROW_TYPE_UINT64 &&
                     ArrowArrayViewGetUIntUnsafe(view, row) > INT64_MAX;
    int64_t whole = ArrowArrayViewGetIntUnsafe(view, row);
    if (is_beyond || whole > WHOLE_MAX || whole < -WHOLE_MAX)
        return mw_fail(err, MW_INVALID, "value: must be a whole number of at most 2^53");
    *out_whole = whole;
    return MW_OK;
}

static mw_status number_at(const struct ArrowArrayView *view, int64_t row, double *out_number,
                           mw_error *err) {
    if (is_float(view->storage_type)) {
        double number = ArrowArrayViewGetDoubleUnsafe(view, row);
        if (isinf(number))
            return mw_fail(err, MW_INVALID, "value: must be a finite number, got %g", number);
        *out_number = number;
        return MW_OK;
    }
    int64_t whole = 0;
    MW_TRY(whole_at(view, row, &whole, err));
    *out_number = (double)whole;
    return MW_OK;
}

static bool is_date(const value *v) {
    return v->column.type == NANOARROW_TYPE_DATE32 || v->column.type == NANOARROW_TYPE_DATE64;
}

/* A time in us, cut off toward 1970, or a duration in the nearest: as their texts are read. */
static mw_status us_at(const value *v, int64_t *out_us, mw_error *err) {
    static const int64_t units[] = {[NANOARROW_TIME_UNIT_SECOND] = 1000000,
                                    [NANOARROW_TIME_UNIT_MILLI] = 1000,
                                    [NANOARROW_TIME_UNIT_MICRO] = 1,
                                    [NANOARROW_TIME_UNIT_NANO] = 1};
    bool is_day = v->column.type == NANOARROW_TYPE_DATE32;
    int64_t unit = is_day                                    ? MW_DAY_US
                   : v->column.type == NANOARROW_TYPE_DATE64 ? 1000
                                                             : units[v->column.unit];
    int64_t count = ArrowArrayViewGetIntUnsafe(v->view, v->row), us;
    bool is_nano = !is_day && v->column.unit == NANOARROW_TIME_UNIT_NANO &&
                   v->column.type != NANOARROW_TYPE_DATE64;
    if (is_nano)
        count = v->column.kind == MW_ARROW_DURATION ? mw_span_of_ns(count) : count / 1000;
    bool is_beyond = __builtin_mul_overflow(count, unit, &us) || us == MW_TIME_MISSING;
    if (is_beyond && v->column.kind == MW_ARROW_DURATION)
        return mw_fail(err, MW_INVALID, "duration: must be of at most 2^63 us");
    if (v->column.kind != MW_ARROW_DURATION && (is_beyond || !mw_time_is_in_range(us)))
        return mw_fail(err, MW_INVALID, "time: must be in the years 1 to 9999");
    *out_us = us;
    return MW_OK;
}

/* --- cells ----------------------------------------------------------------------------------- */

static int64_t list_end(const struct ArrowArrayView *list, int64_t row) {
    return list->storage_type == NANOARROW_TYPE_FIXED_SIZE_LIST
               ? (row + 1) * list->layout.child_size_elements
               : ArrowArrayViewListChildOffset(list, row + 1);
}

static mw_status add_elements(const value *v, mw_list_writer *writer, mw_error *err) {
    const struct ArrowArrayView *list = v->view, *elements = list->children[0];
    int64_t row = v->row + list->offset;
    int64_t from = list_end(list, row - 1), to = list_end(list, row);
    if (to - from > MW_LIST_ELEMENTS_MAX)
        return mw_fail(err, MW_INVALID, "list: must have at most %d elements, got %lld",
                       MW_LIST_ELEMENTS_MAX, (long long)(to - from));
    for (int64_t i = from; i < to; i++) {
        mw_str text;
        double number;
        if (ArrowArrayViewIsNull(elements, i))
            return mw_fail(err, MW_INVALID, "list: an element must not be null");
        if (v->column.kind == MW_ARROW_LIST) {
            MW_TRY(text_at(elements, i, &text, err));
            mw_list_add_text(writer, text);
        } else {
            MW_TRY(number_at(elements, i, &number, err));
            if (isnan(number))
                return mw_fail(err, MW_INVALID, "list: an element must be a number, got NaN");
            mw_list_add_number(writer, number);
        }
    }
    return MW_OK;
}

static mw_status read_list(const value *v, mw_symbols *symbols, mw_cell *out_cell,
                           mw_error *err) {
    mw_list_writer writer;
    mw_list_begin(&writer, v->column.kind == MW_ARROW_LIST ? MW_TYPE_LIST : MW_TYPE_NUMBER_LIST);
    mw_status status = add_elements(v, &writer, err);
    if (status != MW_OK) {
        mw_buf_release(&writer.text);
        return status;
    }
    return mw_list_end(&writer, symbols, out_cell, err);
}

/* As a name it may be of any size. */
static void append_whole(mw_buf *text, const value *v) {
    if (v->view->storage_type == NANOARROW_TYPE_UINT64)
        mw_buf_printf(text, "%llu",
                      (unsigned long long)ArrowArrayViewGetUIntUnsafe(v->view, v->row));
    else
        mw_buf_append_int(text, ArrowArrayViewGetIntUnsafe(v->view, v->row));
}

/* The value as it would stand in a CSV file; a list is none. */
static mw_status append_value(const value *v, mw_buf *text, mw_error *err) {
    mw_str bytes;
    double number;
    int64_t whole;
    switch (v->column.kind) {
    case MW_ARROW_BOOL:
        mw_buf_append_text(text, ArrowArrayViewGetIntUnsafe(v->view, v->row) ? "true" : "false");
        return MW_OK;
    case MW_ARROW_INTEGER: append_whole(text, v); return MW_OK;
    case MW_ARROW_NUMBER:
        MW_TRY(number_at(v->view, v->row, &number, err));
        mw_buf_append_double(text, number);
        return MW_OK;
    case MW_ARROW_TEXT:
        MW_TRY(read_text(v, &bytes, err));
        mw_buf_append_str(text, bytes);
        return MW_OK;
    case MW_ARROW_TIME:
    case MW_ARROW_LOCAL_TIME:
        MW_TRY(us_at(v, &whole, err));
        mw_time_append(text, whole);
        if (is_date(v) && whole % MW_DAY_US == 0 && text->size > 0) text->size = DATE_SIZE;
        else if (v->column.kind == MW_ARROW_LOCAL_TIME) text->size--; /* the Z of UTC */
        return MW_OK;
    case MW_ARROW_DURATION:
        MW_TRY(us_at(v, &whole, err));
        mw_cell_append(text, MW_TYPE_DURATION, mw_cell_time(whole), NULL);
        return MW_OK;
    default: return mw_fail(err, MW_INVALID, "value: must be no list");
    }
}

static mw_status read_by_text(const value *v, mw_arrow_target target, mw_cell *out_cell,
                              mw_error *err) {
    mw_buf text;
    mw_buf_init(&text, MW_LIST_SIZE_MAX);
    mw_status status = append_value(v, &text, err);
    if (status == MW_OK) status = mw_buf_check(&text, "value", err);
    if (status == MW_OK)
        status = mw_cell_parse(target.type, mw_buf_str(&text), target.zone, target.symbols,
                               out_cell, err);
    mw_buf_release(&text);
    return status;
}

static bool is_list_of(mw_arrow_kind kind, mw_type type) {
    return (kind == MW_ARROW_LIST && type == MW_TYPE_LIST) ||
           (kind == MW_ARROW_NUMBER_LIST && type == MW_TYPE_NUMBER_LIST);
}

/* The empty text is a text, for there is a null beside it. */
static mw_status intern_text(const value *v, mw_symbols *symbols, mw_cell *out_cell,
                             mw_error *err) {
    mw_str text;
    MW_TRY(read_text(v, &text, err));
    uint32_t code = text.data ? mw_symbols_intern(symbols, text) : 0;
    if (text.data && code == 0)
        return mw_fail(err, MW_NO_MEMORY, "text: no memory for another text");
    *out_cell = (mw_cell){.symbol = code};
    return MW_OK;
}

static mw_status read_value(const value *v, mw_arrow_target target, mw_cell *out_cell,
                            mw_error *err) {
    mw_arrow_kind kind = v->column.kind;
    int64_t us;
    double number;
    if (target.type == MW_TYPE_NUMBER && (kind == MW_ARROW_NUMBER || kind == MW_ARROW_INTEGER)) {
        MW_TRY(number_at(v->view, v->row, &number, err));
        *out_cell = mw_cell_number(number);
        return MW_OK;
    }
    if ((target.type == MW_TYPE_TIME && kind == MW_ARROW_TIME) ||
        (target.type == MW_TYPE_DURATION && kind == MW_ARROW_DURATION)) {
        MW_TRY(us_at(v, &us, err));
        *out_cell = mw_cell_time(us);
        return MW_OK;
    }
    if (kind == MW_ARROW_TEXT && mw_type_is_text(target.type))
        return intern_text(v, target.symbols, out_cell, err);
    if (is_list_of(kind, target.type)) return read_list(v, target.symbols, out_cell, err);
    return read_by_text(v, target, out_cell, err);
}

mw_status mw_arrow_cell(const mw_arrow_reader *reader, size_t at, size_t row,
                        mw_arrow_target target, mw_cell *out_cell, mw_error *err) {
    MW_ASSERT(row < mw_arrow_row_count(reader) && at < mw_arrow_column_count(reader));
    value v = {reader->view.children[at], (int64_t)row, reader->columns[at]};
    if (v.column.kind == MW_ARROW_NOTHING || ArrowArrayViewIsNull(v.view, v.row)) {
        *out_cell = mw_cell_missing(target.type);
        return MW_OK;
    }
    return read_value(&v, target, out_cell, err);
}
