#include "ingest/json_lines.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "ingest/guess.h"

enum { ROWS_TO_GUESS_BY = 20000, COLUMNS_MAX = MW_FIELDS_MAX };

/* The next line that is not blank; false at the end. */
static bool next_line(mw_str *rest, mw_str *out_line) {
    while (mw_str_split(rest, '\n', out_line))
        if (mw_str_trim(*out_line).size > 0) return true;
    return false;
}

static mw_str text_of(yyjson_val *value) {
    return (mw_str){yyjson_get_str(value), yyjson_get_len(value)};
}

/* Keys are names of columns. */
static bool has_names(yyjson_val *object) {
    size_t i, count;
    yyjson_val *key, *value;
    yyjson_obj_foreach(object, i, count, key, value) {
        mw_str name = text_of(key);
        if (name.size == 0 || memchr(name.data, 0, name.size)) return false;
    }
    return true;
}

/* The object on a line, or NULL and the rule that the line breaks. Numbers stay the texts that they
   are, so that one place (mw_cell_parse) says what they mean. */
static yyjson_doc *read_object(mw_str line, mw_str *out_broken) {
    yyjson_doc *doc = yyjson_read(line.data, line.size, YYJSON_READ_NUMBER_AS_RAW);
    yyjson_val *root = yyjson_doc_get_root(doc);
    bool is_object = yyjson_is_obj(root);
    if (is_object && has_names(root)) return doc;
    *out_broken = is_object ? MW_STR("row: a key must be a text without zero bytes, and not empty")
                            : MW_STR("row: must be a JSON object on one line");
    yyjson_doc_free(doc);
    return NULL;
}

static mw_str without_mark(mw_str bytes) {
    return mw_str_slice(bytes, mw_str_starts(bytes, MW_STR("\xef\xbb\xbf")) ? 3 : 0, bytes.size);
}

/* --- columns -------------------------------------------------------------------------------- */

typedef struct {
    mw_arena *arena;
    mw_field *fields;
    mw_guess *guesses;
    size_t count;
} columns;

static void add_vote(mw_guess *guess, yyjson_val *value) {
    if (yyjson_is_raw(value)) mw_guess_add_type(guess, MW_TYPE_NUMBER);
    else if (yyjson_is_bool(value)) mw_guess_add_type(guess, MW_TYPE_BOOL);
    else if (yyjson_is_str(value))
        mw_guess_add_type(guess, mw_guess_is_time(text_of(value)) ? MW_TYPE_TIME : MW_TYPE_TEXT);
    else if (yyjson_is_arr(value) && yyjson_arr_size(value) > 0)
        mw_guess_add_type(guess, yyjson_is_raw(yyjson_arr_get_first(value)) ? MW_TYPE_NUMBER_LIST
                                                                            : MW_TYPE_LIST);
}

static mw_status find_column(columns *found, mw_str name, size_t *out_index, mw_error *err) {
    mw_schema schema = {found->fields, found->count};
    int32_t index = mw_schema_find(&schema, name);
    if (index != MW_NO_FIELD) {
        *out_index = (size_t)index;
        return MW_OK;
    }
    if (found->count == COLUMNS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "rows: must have at most %d keys", COLUMNS_MAX);
    mw_str copy = mw_str_copy(found->arena, name);
    if (!copy.data) return mw_fail(err, MW_NO_MEMORY, "rows: no memory for their keys");
    found->fields[found->count].name = copy;
    *out_index = found->count++;
    return MW_OK;
}

static mw_status add_keys(columns *found, yyjson_val *object, mw_error *err) {
    size_t i, count, index = 0;
    yyjson_val *key, *value;
    yyjson_obj_foreach(object, i, count, key, value) {
        MW_TRY(find_column(found, text_of(key), &index, err));
        add_vote(&found->guesses[index], value);
    }
    return MW_OK;
}

/* The names of `types` that are no keys so far, into `out_names`; how many. */
static size_t list_missing(const columns *found, const mw_project_stream *stream,
                           mw_str *out_names) {
    mw_schema schema = {found->fields, found->count};
    size_t count = 0;
    for (size_t i = 0; stream && i < stream->type_count && count < COLUMNS_MAX; i++)
        if (mw_schema_find(&schema, stream->types[i].name) == MW_NO_FIELD)
            out_names[count++] = stream->types[i].name;
    return count;
}

/* Those of the names that the object has as keys are columns, and no longer among the names. */
static mw_status take_names(columns *found, yyjson_val *object, mw_str *names, size_t *count,
                            mw_error *err) {
    for (size_t i = *count; i-- > 0;) {
        size_t index;
        yyjson_val *value = yyjson_obj_getn(object, names[i].data, names[i].size);
        if (!value) continue;
        MW_TRY(find_column(found, names[i], &index, err));
        add_vote(&found->guesses[index], value);
        names[i] = names[--*count];
    }
    return MW_OK;
}

/* What the stream declares is read wherever it first stands. Nobody waits for this where all of it
   stands in the first rows. */
static mw_status find_declared(columns *found, const mw_project_stream *stream, mw_str bytes,
                               mw_error *err) {
    mw_str names[COLUMNS_MAX], line, broken;
    size_t count = list_missing(found, stream, names);
    while (count > 0 && next_line(&bytes, &line)) {
        yyjson_doc *doc = read_object(line, &broken);
        mw_status status =
            doc ? take_names(found, yyjson_doc_get_root(doc), names, &count, err) : MW_OK;
        yyjson_doc_free(doc);
        MW_TRY(status);
    }
    return MW_OK;
}

mw_status mw_json_lines_columns(const mw_data_reader *reader, mw_str bytes, mw_arena *arena,
                                mw_schema *out_columns, mw_error *err) {
    columns found = {.arena = arena,
                     .fields = mw_arena_alloc(arena, COLUMNS_MAX, sizeof(mw_field)),
                     .guesses = mw_arena_alloc(arena, COLUMNS_MAX, sizeof(mw_guess))};
    if (!found.fields || !found.guesses)
        return mw_fail(err, MW_NO_MEMORY, "rows: no memory for their keys");
    mw_str line, broken;
    bytes = without_mark(bytes);
    for (size_t row = 0; row < ROWS_TO_GUESS_BY && next_line(&bytes, &line); row++) {
        yyjson_doc *doc = read_object(line, &broken);
        mw_status status = doc ? add_keys(&found, yyjson_doc_get_root(doc), err) : MW_OK;
        yyjson_doc_free(doc);
        MW_TRY(status);
    }
    MW_TRY(find_declared(&found, reader->stream, bytes, err));
    if (found.count == 0)
        return mw_fail(err, MW_INVALID, "must hold a JSON object with a key on each line");
    for (size_t i = 0; i < found.count; i++)
        found.fields[i].type = mw_guess_type(&found.guesses[i]);
    *out_columns = (mw_schema){found.fields, found.count};
    return MW_OK;
}

/* --- values --------------------------------------------------------------------------------- */

/* The array as JSON without blanks, which is what a list is written as. */
static mw_status read_array(const mw_data_reader *reader, yyjson_val *value, mw_type type,
                            mw_cell *out_cell, mw_error *reason) {
    size_t size = 0;
    char *text = yyjson_val_write(value, YYJSON_WRITE_NOFLAG, &size);
    if (!text) return mw_fail(reason, MW_NO_MEMORY, "value: no memory");
    mw_status status = mw_cell_parse(type, (mw_str){text, size}, reader->zone, reader->symbols,
                                     out_cell, reason);
    free(text); /* tidy: yyjson's own */
    return status;
}

static mw_status read_value(const mw_data_reader *reader, yyjson_val *value, mw_type type,
                            mw_cell *out_cell, mw_error *reason) {
    if (yyjson_is_null(value)) return MW_OK;
    if (yyjson_is_arr(value) && mw_type_is_list(type))
        return read_array(reader, value, type, out_cell, reason);
    if (yyjson_is_ctn(value))
        return mw_fail(reason, MW_INVALID, "value: must be no array or object");
    mw_str text = yyjson_is_raw(value)  ? (mw_str){yyjson_get_raw(value), yyjson_get_len(value)}
                  : yyjson_is_str(value) ? text_of(value)
                  : yyjson_is_true(value) ? MW_STR("true")
                                          : MW_STR("false");
    return mw_cell_parse(type, text, reader->zone, reader->symbols, out_cell, reason);
}

/* --- rows ----------------------------------------------------------------------------------- */

/* Lines have their keys in one order as a rule: the column after the last one is tried first. */
static size_t column_of(const mw_schema *schema, size_t column_count, size_t expected,
                        mw_str name) {
    if (expected < column_count && mw_str_equal(schema->fields[expected].name, name))
        return expected;
    int32_t found = mw_schema_find(schema, name);
    return found == MW_NO_FIELD ? column_count : (size_t)found;
}

/* Fills a row; the first bad value refuses it, and what is bad stays missing. */
static mw_status read_row(const mw_data_reader *reader, yyjson_val *object, size_t column_count,
                          mw_table *rows, mw_refusals *refusals, mw_error *err) {
    size_t row = rows->row_count, column = 0, index, count;
    mw_cell *cells = NULL;
    mw_error reason;
    bool is_refused = false, is_given[MW_FIELDS_MAX];
    yyjson_val *key, *value;
    memset(is_given, false, column_count * sizeof *is_given);
    MW_TRY(mw_table_add(rows, NULL, &cells, err));
    yyjson_obj_foreach(object, index, count, key, value) {
        size_t i = column_of(rows->schema, column_count, column, text_of(key));
        if (i >= column_count) {
            MW_TRY(mw_refuse_column(refusals, text_of(key), err));
            continue;
        }
        column = i + 1;
        const mw_field *field = &rows->schema->fields[i];
        mw_status status =
            is_given[i] ? mw_fail(&reason, MW_INVALID, "value: must be given once")
                        : read_value(reader, value, field->type, &cells[i], &reason);
        is_given[i] = true;
        if (status == MW_OK) continue;
        if (status != MW_INVALID) return mw_fail(err, status, "%s", reason.message);
        if (!is_refused) MW_TRY(mw_refuse_for(refusals, row, field->name, &reason, err));
        is_refused = true;
    }
    return MW_OK;
}

mw_status mw_json_lines_read(const mw_data_reader *reader, mw_str bytes, size_t column_count,
                             mw_table *rows, mw_refusals *refusals, mw_error *err) {
    mw_str line, broken;
    bytes = without_mark(bytes);
    while (next_line(&bytes, &line)) {
        yyjson_doc *doc = read_object(line, &broken);
        mw_status status;
        if (doc) {
            status = read_row(reader, yyjson_doc_get_root(doc), column_count, rows, refusals, err);
        } else {
            status = mw_refuse(refusals, rows->row_count, broken, line, err);
            if (status == MW_OK) status = mw_table_add(rows, NULL, NULL, err);
        }
        yyjson_doc_free(doc);
        MW_TRY(status);
    }
    return MW_OK;
}
