/*
 * entry_plan: what a group of windows asks of each event, side by side, and straight code for the
 * usual group.
 *
 * A plain group takes every event, by one key, and keeps of it fields as they came. The code here
 * does the same for it as mw_group_takes and mw_group_fill, to the bit. A replay asks each group at
 * each event, so what decides stands apart from the rest of the plan, from which it is copied.
 */
#pragma once
#include "feature/group.h"

typedef struct {
    int64_t retention_us;
    int32_t own_lookup, next_of_stream;
    bool keeps_longest; /* of its stream's groups, the first of such: what is late for it is late
                           for all */
    bool is_plain;   /* else the rest says nothing */
    int32_t key;     /* the field, */
    mw_cell missing; /* as it */
    const mw_column *columns;
    size_t column_count;
} mw_entry_plan;

static inline mw_entry_plan mw_entry_plan_of(const mw_group_plan *group) {
    mw_entry_plan plan = {.retention_us = group->retention_us,
                          .own_lookup = group->own_lookup,
                          .next_of_stream = group->next_of_stream,
                          .columns = group->columns,
                          .column_count = group->column_count};
    plan.is_plain = !group->condition && group->key_count == 1 &&
                    group->tick.kind == MW_TICK_NONE && group->instance_word == 0 &&
                    group->known_word == 0 && group->withdrawn_word == 0;
    for (size_t i = 0; i < group->column_count; i++)
        if (group->columns[i].field == MW_NO_FIELD) plan.is_plain = false;
    if (!plan.is_plain) return plan;
    plan.key = group->keys[0];
    plan.missing = mw_cell_missing(group->key_types[0]);
    return plan;
}

/* Whether the event of that time comes to `place` after the last window that might hold it. */
static inline bool mw_entry_plan_is_late(const mw_entry_plan *plan, int64_t time_us,
                                         int64_t place) {
    return plan->retention_us != MW_RETAIN_FOREVER &&
           time_us < mw_time_add(place, -plan->retention_us);
}

/* Whether the plain group takes an event: its key is not missing. */
static inline bool mw_entry_plan_takes(const mw_entry_plan *plan, const mw_cell *row) {
    return row[plan->key].bits != plan->missing.bits;
}

/* Fills an element of the plain group. Gives back how many values are outside of a sum's range. */
static inline uint32_t mw_entry_plan_fill(const mw_entry_plan *plan, const mw_cell *row,
                                          int64_t time_us, mw_cell *out_element) {
    const mw_column *column = plan->columns, *end = column + plan->column_count;
    uint32_t refused = 0;
    out_element->time = time_us;
    for (; column < end; column++) {
        mw_cell value = *++out_element = row[column->field];
        if (column->is_summed && __builtin_fabs(value.number) >= 0x1p63) refused++;
    }
    return refused;
}
