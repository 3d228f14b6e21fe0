#include "table/event_columns.h"

#include <stdio.h>

static const mw_field own[MW_EVENT_COLUMNS] = {[MW_EVENT_TIME] = {{"time", 4}, MW_TYPE_TIME},
                                               [MW_EVENT_KNOWN] = {{"known", 5}, MW_TYPE_TIME},
                                               [MW_EVENT_PLACE] = {{"place", 5}, MW_TYPE_TIME}};

/* Among our own and the fields as they are called, up to the one at `at`. */
static bool is_taken(const mw_schema *schema, size_t at) {
    mw_str name = schema->fields[at].name;
    for (size_t i = 0; i < MW_EVENT_COLUMNS; i++)
        if (mw_str_equal_but_for_case(name, own[i].name)) return true;
    for (size_t i = 0; i < at; i++)
        if (mw_str_equal_but_for_case(name, schema->fields[i].name)) return true;
    return false;
}

mw_str mw_column_with_position(mw_arena *arena, mw_str name, size_t at) {
    char unique[MW_NAME_SIZE_MAX + 32];
    int size = snprintf(unique, sizeof unique, "%.*s:%zu", MW_STR_ARGS(name), at + 1);
    return mw_str_copy(arena, (mw_str){unique, (size_t)size});
}

mw_status mw_event_columns(mw_arena *arena, const mw_schema *schema, mw_schema *out_columns) {
    size_t count = MW_EVENT_COLUMNS + schema->field_count;
    mw_field *fields = mw_arena_alloc(arena, count, sizeof *fields);
    if (!fields) return MW_NO_MEMORY;
    for (size_t i = 0; i < MW_EVENT_COLUMNS; i++) fields[i] = own[i];
    for (size_t i = 0; i < schema->field_count; i++) {
        mw_field *column = &fields[MW_EVENT_COLUMNS + i];
        *column = schema->fields[i];
        if (!is_taken(schema, i)) continue;
        column->name = mw_column_with_position(arena, column->name, i);
        if (!column->name.data) return MW_NO_MEMORY;
    }
    *out_columns = (mw_schema){fields, count};
    return MW_OK;
}
