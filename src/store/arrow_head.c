#include "store/arrow_head.h"

#include <assert.h>
#include <limits.h>
#include <nanoarrow/ipc/flatcc_generated.h>

#define NAMED(name) org_apache_arrow_flatbuf_##name

enum { TEXT_BUFFERS = 3 }; /* of a column: which are null, where each ends, bytes */
#define BODY_ALIGNMENT INT64_C(8)

/* --- schemas --------------------------------------------------------------------------------- */

static const char *notes_fault(NAMED(KeyValue_vec_t) notes) {
    for (size_t i = 0; i < NAMED(KeyValue_vec_len)(notes); i++) {
        NAMED(KeyValue_table_t) note = NAMED(KeyValue_vec_at)(notes, i);
        if (!NAMED(KeyValue_key)(note) || !NAMED(KeyValue_value)(note))
            return "its metadata must have keys and values";
    }
    return NULL;
}

static const char *type_fault(NAMED(Field_table_t) field) {
    if (!NAMED(Field_type)(field)) return "a column must have a type";
    NAMED(DictionaryEncoding_table_t) dictionary = NAMED(Field_dictionary)(field);
    if (dictionary && !NAMED(DictionaryEncoding_indexType)(dictionary))
        return "a dictionary must have an index type";
    return notes_fault(NAMED(Field_custom_metadata)(field));
}

/* Nothing lies deeper than the elements of a list. */
static const char *column_fault(NAMED(Field_table_t) column) {
    NAMED(Field_vec_t) children = NAMED(Field_children)(column);
    const char *fault = type_fault(column);
    for (size_t i = 0; !fault && i < NAMED(Field_vec_len)(children); i++) {
        NAMED(Field_table_t) child = NAMED(Field_vec_at)(children, i);
        fault = type_fault(child);
        if (!fault && NAMED(Field_vec_len)(NAMED(Field_children)(child)) > 0)
            fault = "a column must hold values or lists of them";
    }
    return fault;
}

static const char *schema_fault(NAMED(Schema_table_t) schema) {
    NAMED(Field_vec_t) columns = NAMED(Schema_fields)(schema);
    const char *fault = notes_fault(NAMED(Schema_custom_metadata)(schema));
    for (size_t i = 0; !fault && i < NAMED(Field_vec_len)(columns); i++)
        fault = column_fault(NAMED(Field_vec_at)(columns, i));
    return fault;
}

/* --- batches --------------------------------------------------------------------------------- */

/* Of rows or of a dictionary. */
static NAMED(RecordBatch_table_t) batch_of(mw_arrow_head head) {
    NAMED(Message_table_t) message = NAMED(Message_as_root)(head.bytes);
    if (!head.is_dictionary) return NAMED(Message_header)(message);
    NAMED(DictionaryBatch_table_t) dictionary = NAMED(Message_header)(message);
    return dictionary ? NAMED(DictionaryBatch_data)(dictionary) : NULL;
}

const char *mw_arrow_head_fault(mw_arrow_head head) {
    if (!batch_of(head)) return "its head must hold something";
    return head.is_schema ? schema_fault(NAMED(Message_header)(NAMED(Message_as_root)(head.bytes)))
                          : NULL;
}

static const char *lengths_fault(NAMED(RecordBatch_table_t) batch, int64_t body_size) {
    NAMED(FieldNode_vec_t) nodes = NAMED(RecordBatch_nodes)(batch);
    int64_t row_count = NAMED(RecordBatch_length)(batch);
    static_assert(MW_ARROW_ROWS_MAX == 1048576, "the message says so");
    if (row_count < 0 || row_count > MW_ARROW_ROWS_MAX) return "must have at most 1048576 rows";
    for (size_t i = 0; i < NAMED(FieldNode_vec_len)(nodes); i++) {
        int64_t length = NAMED(FieldNode_length)(NAMED(FieldNode_vec_at)(nodes, i));
        if (length < 0 || length > body_size * CHAR_BIT + MW_ARROW_ROWS_MAX)
            return "claims more values than it has bytes";
    }
    return NULL;
}

static const char *buffers_fault(NAMED(RecordBatch_table_t) batch, int64_t body_size) {
    NAMED(Buffer_vec_t) buffers = NAMED(RecordBatch_buffers)(batch);
    for (size_t i = 0; i < NAMED(Buffer_vec_len)(buffers); i++) {
        NAMED(Buffer_struct_t) buffer = NAMED(Buffer_vec_at)(buffers, i);
        int64_t from = NAMED(Buffer_offset)(buffer), length = NAMED(Buffer_length)(buffer);
        if (from < 0 || length < 0 || from > body_size || length > body_size - from)
            return "a buffer must lie within its body";
        if (from % BODY_ALIGNMENT != 0) return "a buffer must begin at a multiple of 8";
    }
    return NULL;
}

/* It is one column of texts, the only kind that a schema may name: nanoarrow does not count its
   parts, as it does those of rows. */
static const char *dictionary_fault(NAMED(RecordBatch_table_t) batch) {
    bool is_one = NAMED(FieldNode_vec_len)(NAMED(RecordBatch_nodes)(batch)) == 1 &&
                  NAMED(Buffer_vec_len)(NAMED(RecordBatch_buffers)(batch)) == TEXT_BUFFERS;
    return is_one ? NULL : "a dictionary must be one column of texts";
}

const char *mw_arrow_body_fault(mw_arrow_head head, size_t body_size) {
    NAMED(RecordBatch_table_t) batch = batch_of(head);
    const char *fault = lengths_fault(batch, (int64_t)body_size);
    if (!fault) fault = buffers_fault(batch, (int64_t)body_size);
    if (!fault && head.is_dictionary) fault = dictionary_fault(batch);
    return fault;
}
