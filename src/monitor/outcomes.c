#include "monitor/outcomes.h"

#include <string.h>

void mw_outcomes_init(mw_outcomes *outcomes, const mw_schema *segments) {
    *outcomes = (mw_outcomes){0};
    mw_table_init(&outcomes->segments, segments);
}

mw_status mw_outcomes_add(mw_outcomes *outcomes, mw_outcome outcome, const mw_cell *segments,
                          mw_error *err) {
    size_t count = outcomes->count;
    MW_ASSERT(count == 0 || outcomes->items[count - 1].matured <= outcome.matured);
    if (!mw_grow((void **)&outcomes->items, &outcomes->capacity, count + 1, sizeof *outcomes->items,
                 MW_OUTCOMES_MAX))
        return mw_fail(err, MW_NO_MEMORY, "outcomes: no memory for %zu", count + 1);
    MW_TRY(mw_table_add(&outcomes->segments, segments, NULL, err));
    outcomes->items[outcomes->count++] = outcome;
    return MW_OK;
}

size_t mw_outcomes_since(const mw_outcomes *outcomes, int64_t time) {
    size_t low = 0, high = outcomes->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (outcomes->items[middle].matured < time) low = middle + 1;
        else high = middle;
    }
    return low;
}

void mw_outcomes_forget(mw_outcomes *outcomes, int64_t time) {
    size_t first = mw_outcomes_since(outcomes, time);
    if (first == 0 || first < outcomes->count - first) return;
    size_t kept = outcomes->count - first;
    size_t width = outcomes->segments.schema->field_count;
    memmove(outcomes->items, outcomes->items + first, kept * sizeof *outcomes->items);
    if (width > 0)
        memmove(outcomes->segments.cells, mw_table_row(&outcomes->segments, first),
                kept * width * sizeof *outcomes->segments.cells);
    outcomes->count = kept;
    outcomes->segments.row_count = kept;
}

void mw_outcomes_release(mw_outcomes *outcomes) {
    mw_free(outcomes->items);
    mw_table_release(&outcomes->segments);
    *outcomes = (mw_outcomes){0};
}
