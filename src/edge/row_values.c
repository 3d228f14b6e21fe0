#include "edge/row_values.h"

#include <math.h>
#include "base/shortest.h"

static mw_status read_symbol(const mw_row_target *target, mw_str text, mw_cell *out_cell,
                             mw_error *err) {
    if (target->only_finds) {
        out_cell->symbol = mw_symbols_find(target->symbols, text);
        return MW_OK;
    }
    out_cell->symbol = mw_symbols_intern(target->symbols, text);
    return out_cell->symbol > 0 ? MW_OK : mw_fail(err, MW_NO_MEMORY, "no memory for another text");
}

/* A category may be given as a whole number, as in a file. */
static mw_status read_digits(const mw_row_target *target, double number, mw_cell *out_cell,
                             mw_error *err) {
    const double exact_max = 9007199254740992; /* 2^53 */
    if (number != floor(number) || fabs(number) > exact_max)
        return mw_fail(err, MW_INVALID, "must be a text, or a whole number within 2^53");
    char digits[MW_DOUBLE_TEXT_SIZE];
    mw_str text = {digits, mw_int_write((int64_t)number, digits)};
    return read_symbol(target, text, out_cell, err);
}

static mw_status read_number(const mw_row_target *target, mw_type type, double number,
                             mw_cell *out_cell, mw_error *err) {
    const double seconds_max = 1e12;
    if (isnan(number)) return MW_OK; /* missing */
    if (isinf(number)) return mw_fail(err, MW_INVALID, "must be a finite number");
    if (type == MW_TYPE_CATEGORY) return read_digits(target, number, out_cell, err);
    if (type == MW_TYPE_NUMBER) {
        *out_cell = mw_cell_number(number);
        return MW_OK;
    }
    if (type != MW_TYPE_DURATION || fabs(number) > seconds_max)
        return mw_fail(err, MW_INVALID, "must be a %s, got a number",
                       type == MW_TYPE_DURATION ? "number of at most 1e12 seconds"
                                                : mw_type_name(type));
    *out_cell = mw_cell_time((int64_t)llround(number * (double)MW_SECOND_US));
    return MW_OK;
}

static mw_status read_text(const mw_row_target *target, mw_type type, const char *text,
                           mw_cell *out_cell, mw_error *err) {
    if (!text) return MW_OK; /* missing */
    if (mw_type_is_text(type)) return read_symbol(target, mw_str_of(text), out_cell, err);
    if (type == MW_TYPE_TIME || mw_type_is_list(type)) /* a list as the text of a JSON array */
        return mw_cell_parse(type, mw_str_of(text), NULL, target->symbols, out_cell, err);
    return mw_fail(err, MW_INVALID, "must be a %s, got a text", mw_type_name(type));
}

static mw_status read_value(const mw_row_target *target, mw_type type, const mw_value *value,
                            mw_cell *out_cell, mw_error *err) {
    switch (value->kind) {
    case MW_VALUE_NUMBER: return read_number(target, type, value->as.number, out_cell, err);
    case MW_VALUE_TEXT: return read_text(target, type, value->as.text, out_cell, err);
    case MW_VALUE_BOOL:
        if (type != MW_TYPE_BOOL)
            return mw_fail(err, MW_INVALID, "must be a %s, got a bool", mw_type_name(type));
        *out_cell = mw_cell_bool(value->as.truth);
        return MW_OK;
    case MW_VALUE_TIME:
        if (type != MW_TYPE_TIME)
            return mw_fail(err, MW_INVALID, "must be a %s, got a time", mw_type_name(type));
        if (!mw_time_is_in_range(value->as.time_us))
            return mw_fail(err, MW_INVALID, "must be a time within the years 1 to 9999");
        *out_cell = mw_cell_time(value->as.time_us);
        return MW_OK;
    }
    return mw_fail(err, MW_INVALID, "must be of a mw_value_kind");
}

/* Callers give values in the order of the fields as a rule: the one after the last comes first. */
static size_t find_field(const mw_row_target *target, size_t expected, mw_str name) {
    for (size_t i = 0; i < target->field_count; i++) {
        size_t field = (expected + i) % target->field_count;
        if (mw_str_equal(target->fields[field].name, name)) return field;
    }
    return target->field_count;
}

mw_status mw_row_values_read(const mw_row_target *target, mw_row row, mw_cell *out_cells,
                             mw_error *err) {
    size_t field = 0;
    for (size_t i = 0; i < target->field_count; i++)
        out_cells[i] = mw_cell_missing(target->fields[i].type);
    for (size_t i = 0; i < row.count; i++, field++) {
        const mw_value *value = &row.values[i];
        mw_str name = mw_str_of(value->name);
        field = find_field(target, field, name);
        if (field == target->field_count)
            return mw_fail(err, MW_INVALID, "%.*s: %s has no such %s", MW_STR_ARGS(name),
                           target->what, target->part);
        mw_type type = target->fields[field].type;
        mw_status status = mw_cell_is_missing(type, out_cells[field])
                               ? read_value(target, type, value, &out_cells[field], err)
                               : mw_fail(err, MW_INVALID, "must be given once");
        if (status != MW_OK) return mw_fail_within(err, status, "%.*s", MW_STR_ARGS(name));
    }
    return MW_OK;
}
