#include "train/segments.h"

#include "table/dictionary.h"

/* Room for the scores and labels of one segment. */
typedef struct {
    double *scores;
    unsigned char *labels;
} scratch;

static mw_column segment_column(const mw_segments_question *question, size_t segment) {
    const mw_table *table = &question->examples->segment_cells;
    return (mw_column){mw_table_row(table, question->first) + segment,
                       table->schema->field_count, question->count};
}

static mw_status measure_value(const mw_segments_question *question, mw_column column,
                               uint64_t code, scratch room, mw_segment_metrics *out_segment,
                               mw_error *err) {
    size_t count = 0, positives = 0;
    for (size_t i = 0; i < column.count; i++) {
        if (column.cells[i * column.stride].symbol != code) continue;
        room.scores[count] = question->scores[i];
        room.labels[count] = question->examples->items[question->first + i].label != 0;
        positives += room.labels[count++];
    }
    out_segment->count = count;
    out_segment->is_small = count < MW_SEGMENT_EXAMPLES_MIN ||
                            positives < MW_SEGMENT_CLASS_MIN ||
                            count - positives < MW_SEGMENT_CLASS_MIN;
    if (out_segment->is_small) return MW_OK;
    mw_scored scored = {room.scores, room.labels, count};
    return mw_metrics_measure(scored, question->bootstrap, &out_segment->metrics, err);
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
    scratch room = {mw_arena_alloc(arena, question.count, sizeof *room.scores),
                    mw_arena_alloc(arena, question.count, sizeof *room.labels)};
    mw_segment_metrics *segments = mw_arena_alloc(arena, total + 1, sizeof *segments);
    if (!room.scores || !room.labels || !segments)
        return mw_fail(err, MW_NO_MEMORY, "segments: no memory for %zu values", total);
    size_t made = 0;
    for (size_t i = 0; i < column_count; i++)
        for (size_t v = 0; v < values[i].count; v++, made++) {
            segments[made].column = question.examples->segments[i].name;
            segments[made].value = values[i].items[v];
            uint32_t code = mw_symbols_find(question.symbols, values[i].items[v]);
            MW_TRY(measure_value(&question, segment_column(&question, i), code, room,
                                 &segments[made], err));
        }
    *out_segments = segments;
    *out_count = made;
    return MW_OK;
}
