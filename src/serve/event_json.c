#include "serve/event_json.h"

#include <math.h>
#include <string.h>

#include "base/nearest.h"
#include "serve/json_refusal.h"
#include "table/list.h"

enum { INTEGER_TEXT_SIZE = 24 };

/* Past 2^53 a double would change it. Only positive values are unsigned to yyjson; a raw one would
   be another double (mw_sent_parse). */
static bool is_exact(yyjson_val *value) {
    const int64_t exact_max = INT64_C(1) << 53;
    if (yyjson_is_raw(value)) return false;
    if (yyjson_is_uint(value)) return yyjson_get_uint(value) <= (uint64_t)exact_max;
    return !yyjson_is_sint(value) || yyjson_get_sint(value) >= -exact_max;
}

static mw_status read_other_number(yyjson_val *value, mw_cell *out_cell, mw_error *err) {
    if (!yyjson_is_num(value) && !yyjson_is_raw(value))
        return mw_json_refuse(value, "must be a number", err);
    double number = yyjson_get_num(value);
    if (!isfinite(number)) return mw_json_refuse(value, "must be a finite number", err);
    if (!is_exact(value)) {
        mw_status status = mw_json_refuse(value, "must be within 2^53, or a category", err);
        return mw_hint(err, status, "An identifier wants `types: {...: category}`.");
    }
    *out_cell = mw_cell_number(number);
    return MW_OK;
}

/* Most numbers have a point, and need no look at what a double holds. */
static inline mw_status read_number(yyjson_val *value, mw_cell *out_cell, mw_error *err) {
    if (!yyjson_is_real(value) || !isfinite(yyjson_get_real(value)))
        return read_other_number(value, out_cell, err);
    *out_cell = mw_cell_number(yyjson_get_real(value));
    return MW_OK;
}

static mw_str read_text(yyjson_val *value, char *digits) {
    if (yyjson_is_str(value))
        return (mw_str){yyjson_get_str(value), yyjson_get_len(value)};
    int size = yyjson_is_uint(value)
                   ? snprintf(digits, INTEGER_TEXT_SIZE, "%llu",
                              (unsigned long long)yyjson_get_uint(value))
                   : snprintf(digits, INTEGER_TEXT_SIZE, "%lld",
                              (long long)yyjson_get_sint(value));
    return (mw_str){digits, (size_t)size};
}

static mw_status read_symbol(yyjson_val *value, bool takes_integers, mw_symbols *symbols,
                             mw_cell *out_cell, mw_error *err) {
    char digits[INTEGER_TEXT_SIZE];
    if (!yyjson_is_str(value) && !(takes_integers && yyjson_is_int(value)))
        return mw_json_refuse(value, "must be a text", err);
    uint32_t code = mw_symbols_intern(symbols, read_text(value, digits));
    if (code == 0) {
        mw_status status = mw_fail(err, MW_NO_MEMORY, "no memory for another text");
        return mw_hint(err, status, "Start the server again: it forgets texts that no window has.");
    }
    out_cell->symbol = code;
    return MW_OK;
}

static mw_status read_time(yyjson_val *value, const mw_zone *zone, mw_symbols *symbols,
                           mw_cell *out_cell, mw_error *err) {
    char digits[INTEGER_TEXT_SIZE];
    if (!yyjson_is_str(value))
        return mw_json_refuse(value, "must be a time as text, such as 2013-01-01T05:00:00Z", err);
    return mw_cell_parse(MW_TYPE_TIME, read_text(value, digits), zone, symbols, out_cell, err);
}

/* By its text, so that what lies between two microseconds becomes the same one as in a file. */
static mw_status read_duration(yyjson_val *value, mw_cell *out_cell, mw_error *err) {
    mw_buf text;
    if (!yyjson_is_num(value)) return mw_json_refuse(value, "must be a number of seconds", err);
    mw_buf_init(&text, MW_NUMBER_TEXT_MAX);
    mw_buf_append_double(&text, yyjson_get_num(value));
    mw_status status = mw_buf_check(&text, "duration", err);
    if (status == MW_OK)
        status = mw_cell_parse(MW_TYPE_DURATION, mw_buf_str(&text), NULL, NULL, out_cell, NULL);
    mw_buf_release(&text);
    return status == MW_INVALID ? mw_json_refuse(value, "must be a number of seconds", err)
                                : status;
}

static mw_status read_element(yyjson_val *value, mw_list_writer *writer, mw_error *err) {
    char digits[INTEGER_TEXT_SIZE];
    mw_cell number;
    if (writer->type == MW_TYPE_NUMBER_LIST) {
        MW_TRY(read_number(value, &number, err));
        mw_list_add_number(writer, number.number);
        return MW_OK;
    }
    if (!yyjson_is_str(value) && !yyjson_is_int(value))
        return mw_json_refuse(value, "must be a text", err);
    mw_list_add_text(writer, read_text(value, digits));
    return MW_OK;
}

static mw_status read_list(yyjson_val *value, mw_type type, mw_symbols *symbols,
                           mw_cell *out_cell, mw_error *err) {
    if (!yyjson_is_arr(value)) return mw_json_refuse(value, "must be an array", err);
    mw_list_writer writer;
    mw_cell list;
    mw_list_begin(&writer, type);
    mw_status status = MW_OK;
    size_t i, count;
    yyjson_val *element;
    yyjson_arr_foreach(value, i, count, element) {
        status = read_element(element, &writer, err);
        if (status != MW_OK) status = mw_fail_within(err, status, "element %zu", i);
        if (status != MW_OK) break;
    }
    mw_status ended = mw_list_end(&writer, symbols, &list, status == MW_OK ? err : NULL);
    if (status == MW_OK) status = ended;
    if (status == MW_OK) *out_cell = list;
    return status;
}

static mw_status read_value(yyjson_val *value, mw_type type, const mw_zone *zone,
                            mw_symbols *symbols, mw_cell *out_cell, mw_error *err) {
    if (yyjson_is_null(value)) return MW_OK;
    switch (type) {
        case MW_TYPE_NUMBER: return read_number(value, out_cell, err);
        case MW_TYPE_TEXT:
        case MW_TYPE_CATEGORY:
            return read_symbol(value, type == MW_TYPE_CATEGORY, symbols, out_cell, err);
        case MW_TYPE_TIME: return read_time(value, zone, symbols, out_cell, err);
        case MW_TYPE_DURATION: return read_duration(value, out_cell, err);
        case MW_TYPE_LIST:
        case MW_TYPE_NUMBER_LIST: return read_list(value, type, symbols, out_cell, err);
        case MW_TYPE_BOOL:
        case MW_TYPE_COUNT: break;
    }
    if (!yyjson_is_bool(value)) return mw_json_refuse(value, "must be true or false", err);
    *out_cell = mw_cell_bool(yyjson_get_bool(value));
    return MW_OK;
}

mw_status mw_event_json_refuse_name(mw_str stream, const char *kind, mw_schema known, mw_str name,
                                    mw_error *err) {
    mw_nearest nearest = mw_nearest_to(name);
    for (size_t i = 0; i < known.field_count; i++) mw_nearest_offer(&nearest, known.fields[i].name);
    mw_status status = mw_fail(err, MW_INVALID, "%.*s: stream %.*s has no such %s",
                               MW_STR_ARGS(mw_str_slice(name, 0, MW_NAME_SIZE_MAX)),
                               MW_STR_ARGS(stream), kind);
    return mw_hint_nearest(err, status, &nearest);
}

mw_status mw_event_json_refuse_column(const mw_stream_source *source, mw_str name,
                                      mw_error *err) {
    mw_schema columns = {source->row.fields, source->column_count};
    return mw_event_json_refuse_name(source->name, "column", columns, name, err);
}

/* Clients send columns in the stream's order as a rule: the one after the last is tried first. */
static int32_t find_column(const mw_stream_source *source, int32_t expected, mw_str name) {
    bool is_expected = (size_t)expected < source->column_count &&
                       mw_str_equal(source->row.fields[expected].name, name);
    return is_expected ? expected : mw_schema_find(&source->row, name);
}

mw_status mw_event_json_read(yyjson_val *object, const mw_stream_source *source,
                             const mw_zone *zone, mw_symbols *symbols, mw_cell *row,
                             mw_error *err) {
    if (!yyjson_is_obj(object)) return mw_json_refuse(object, "event: must be an object", err);
    bool is_given[MW_FIELDS_MAX];
    memset(is_given, false, source->column_count * sizeof *is_given);
    int32_t field = -1;
    size_t i, count;
    yyjson_val *key, *value;
    yyjson_obj_foreach(object, i, count, key, value) {
        mw_str name = {yyjson_get_str(key), yyjson_get_len(key)};
        field = find_column(source, field + 1, name);
        if (field == MW_NO_FIELD || (size_t)field >= source->column_count)
            return mw_event_json_refuse_column(source, name, err);
        mw_type type = source->row.fields[field].type;
        row[field] = mw_cell_missing(type);
        mw_status status = is_given[field] ? mw_fail(err, MW_INVALID, "must be given once")
                                           : read_value(value, type, zone, symbols, &row[field],
                                                        err);
        is_given[field] = true;
        if (status != MW_OK) return mw_fail_within(err, status, "%.*s", MW_STR_ARGS(name));
    }
    for (size_t c = 0; c < source->column_count; c++)
        if (!is_given[c]) row[c] = mw_cell_missing(source->row.fields[c].type);
    return MW_OK;
}
