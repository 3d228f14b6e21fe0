#include "ingest/row_events.h"

enum { RULE_SIZE_MAX = 1 << 12, SHOWN_MAX = 100 }; /* bytes of an expression */

struct mw_row_events {
    const mw_program *program;
    const mw_stream_source *source;
    mw_symbols *symbols;
    mw_event *items;  /* one a stream */
    mw_cell **cells;  /* the rows that they point to */
    mw_str time_rule, known_rule;
    mw_str *id_rules; /* one a column of the id */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "rows: no memory");
}

static const mw_stream *stream_at(const mw_row_events *events, int32_t index) {
    return &events->program->streams[events->source->first_stream + index];
}

static mw_status make_cells(mw_row_events *events, mw_arena *arena, mw_error *err) {
    size_t count = (size_t)events->source->stream_count;
    events->items = mw_arena_alloc(arena, count, sizeof *events->items);
    events->cells = mw_arena_alloc(arena, count, sizeof *events->cells);
    if (!events->items || !events->cells) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        size_t width = stream_at(events, (int32_t)i)->schema.field_count;
        events->cells[i] = mw_arena_alloc(arena, width + 1, sizeof(mw_cell));
        if (!events->cells[i]) return no_memory(err);
    }
    return MW_OK;
}

static mw_str spell_rule(mw_arena *arena, const char *key, mw_str of) {
    mw_buf rule;
    mw_buf_init(&rule, RULE_SIZE_MAX);
    mw_buf_printf(&rule, "%s: %.*s must be there", key,
                  MW_STR_ARGS(mw_str_slice(of, 0, SHOWN_MAX)));
    mw_str spelled = rule.failed ? (mw_str){NULL, 0} : mw_str_copy(arena, mw_buf_str(&rule));
    mw_buf_release(&rule);
    return spelled;
}

static mw_status spell_rules(mw_row_events *events, mw_arena *arena, mw_error *err) {
    const mw_stream *own = stream_at(events, 0);
    size_t count = (size_t)own->id_count;
    events->time_rule = spell_rule(arena, "time", mw_code_text(own->time));
    events->known_rule = spell_rule(arena, "known", mw_code_text(own->known));
    events->id_rules = mw_arena_alloc(arena, count + 1, sizeof *events->id_rules);
    if (!events->time_rule.data || !events->known_rule.data || !events->id_rules)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        mw_str name = own->schema.fields[own->id_fields[i]].name;
        events->id_rules[i] = spell_rule(arena, "id", name);
        if (!events->id_rules[i].data) return no_memory(err);
    }
    return MW_OK;
}

mw_status mw_row_events_create(mw_arena *arena, const mw_program *program, int32_t source,
                               mw_symbols *symbols, mw_row_events **out_events, mw_error *err) {
    mw_row_events *events = mw_arena_alloc(arena, 1, sizeof *events);
    if (!events) return no_memory(err);
    *events = (mw_row_events){
        .program = program, .source = &program->sources[source], .symbols = symbols};
    MW_TRY(make_cells(events, arena, err));
    MW_TRY(spell_rules(events, arena, err));
    *out_events = events;
    return MW_OK;
}

static mw_frame frame_of(const mw_row_events *events, const mw_cell *row) {
    return (mw_frame){.row = row,
                      .time_us = MW_TIME_MISSING,
                      .symbols = events->symbols,
                      .zone = events->program->zone};
}

mw_row_fate mw_row_events_ready(const mw_row_events *events, mw_cell *row, uint64_t *cleaned) {
    const mw_stream_source *source = events->source;
    for (size_t i = source->column_count; i < source->row.field_count; i++)
        row[i] = mw_cell_missing(source->row.fields[i].type);
    mw_frame frame = frame_of(events, row);
    return mw_source_ready(source, row, &frame, cleaned);
}

static mw_str broken_id(const mw_row_events *events) {
    const mw_stream *own = stream_at(events, 0);
    for (int32_t i = 0; i < own->id_count; i++) {
        mw_type type = own->schema.fields[own->id_fields[i]].type;
        if (mw_cell_is_missing(type, events->cells[0][own->id_fields[i]]))
            return events->id_rules[i];
    }
    return MW_STR("");
}

static mw_str broken_time(const mw_row_events *events, const mw_frame *frame) {
    bool has_time = mw_code_run(stream_at(events, 0)->time, frame).time != MW_TIME_MISSING;
    return has_time ? events->known_rule : events->time_rule;
}

mw_str mw_row_events_make(mw_row_events *events, const mw_cell *row) {
    mw_frame frame = frame_of(events, row);
    for (int32_t i = 0; i < events->source->stream_count; i++) {
        mw_event *item = &events->items[i];
        bool is_event = mw_stream_event(events->program, events->source->first_stream + i, &frame,
                                        events->cells[i], item);
        item->row = is_event ? events->cells[i] : NULL;
        item->stream = events->source->first_stream + i;
    }
    return events->items[0].row ? broken_id(events) : broken_time(events, &frame);
}

mw_event *mw_row_events_items(mw_row_events *events) {
    return events->items;
}

mw_cell *mw_row_events_cells(mw_row_events *events) {
    return events->cells[0];
}
