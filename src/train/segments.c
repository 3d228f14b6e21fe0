#include "train/segments.h"

#include "table/dictionary.h"

static mw_column segment_column(const mw_segments_question *question, size_t segment) {
    const mw_table *table = &question->examples->segment_cells;
    return (mw_column){mw_table_row(table, question->first) + segment,
                       table->schema->field_count, question->count};
}

static bool is_small(const mw_judged *judged) {
    size_t positives = 0;
    if (judged->count < MW_SEGMENT_EXAMPLES_MIN) return true;
    if (!judged->yes) return false;
    for (size_t i = 0; i < judged->count; i++) positives += judged->yes[i];
    return positives < MW_SEGMENT_CLASS_MIN || judged->count - positives < MW_SEGMENT_CLASS_MIN;
}

/* `room` is for all of the slice. */
static mw_status measure_value(const mw_segments_question *question, mw_column column,
                               uint64_t code, mw_judged *room, mw_segment_metrics *out_segment,
                               mw_error *err) {
    room->count = 0;
    for (size_t i = 0; i < column.count; i++)
        if (column.cells[i * column.stride].symbol == code)
            mw_judged_copy(room, room->count++, question->judged, i);
    out_segment->count = room->count;
    out_segment->is_small = is_small(room);
    if (out_segment->is_small) return MW_OK;
    return mw_judged_measure(room, question->bootstrap, &out_segment->measures, err);
}

mw_status mw_segments_measure(mw_segments_question question, mw_arena *arena,
                              mw_segment_metrics **out_segments, size_t *out_count,
                              mw_error *err) {
    size_t column_count = question.count > 0 ? question.examples->segment_count : 0;
    mw_values values[MW_SEGMENTS_MAX];
    size_t total = 0;
    for (size_t i = 0; i < column_count; i++) {
        MW_TRY(mw_dictionary_collect(arena, question.symbols, segment_column(&question, i),
                                     &values[i], err));
        total += values[i].count;
    }
    mw_judged room;
    MW_TRY(mw_judged_make(arena, question.labels, question.judged->kind, question.count, &room,
                          err));
    mw_segment_metrics *segments = mw_arena_alloc(arena, total + 1, sizeof *segments);
    if (!segments)
        return mw_fail(err, MW_NO_MEMORY, "segments: no memory for %zu values", total);
    size_t made = 0;
    for (size_t i = 0; i < column_count; i++)
        for (size_t v = 0; v < values[i].count; v++, made++) {
            segments[made].column = question.examples->segments[i].name;
            segments[made].value = values[i].items[v];
            uint32_t code = mw_symbols_find(question.symbols, values[i].items[v]);
            MW_TRY(measure_value(&question, segment_column(&question, i), code, &room,
                                 &segments[made], err));
        }
    *out_segments = segments;
    *out_count = made;
    return MW_OK;
}
