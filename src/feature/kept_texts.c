#include "feature/kept_texts.h"

#include "table/passing.h"

typedef struct {
    int32_t *fields;
    size_t count;
} field_list;

struct mw_kept_texts {
    const mw_program *program;
    field_list *of_streams;
};

mw_kept_texts *mw_kept_texts_create(const mw_program *program, mw_arena *arena) {
    mw_kept_texts *kept = mw_arena_alloc(arena, 1, sizeof *kept);
    field_list *lists = mw_arena_alloc(arena, program->stream_count + 1, sizeof *lists);
    bool has_room = kept && lists;
    for (size_t i = 0; has_room && i < program->stream_count; i++) {
        size_t field_count = program->streams[i].schema.field_count;
        lists[i].fields = mw_arena_alloc(arena, field_count + 1, sizeof *lists[i].fields);
        has_room = lists[i].fields != NULL;
    }
    if (!has_room) return NULL;
    *kept = (mw_kept_texts){program, lists};
    return kept;
}

static void add_field(mw_kept_texts *kept, int32_t stream, int32_t field) {
    field_list *list = &kept->of_streams[stream];
    if (!mw_type_is_symbol(kept->program->streams[stream].schema.fields[field].type)) return;
    for (size_t i = 0; i < list->count; i++)
        if (list->fields[i] == field) return;
    list->fields[list->count++] = field;
}

/* A value is a text of its own, or one that it reads. */
static void add_value(mw_kept_texts *kept, int32_t stream, const mw_code *value) {
    if (!value || !mw_type_is_symbol(mw_code_type(value))) return;
    size_t field_count = kept->program->streams[stream].schema.field_count;
    for (size_t i = 0; i < field_count; i++)
        if (mw_code_reads_field(value, (int32_t)i)) add_field(kept, stream, (int32_t)i);
}

void mw_kept_texts_add_model(mw_kept_texts *kept, const mw_model_program *model) {
    for (size_t i = 0; i < model->feature_window_count; i++) {
        const mw_window *window = &model->windows[i];
        for (int32_t k = 0; k < window->key_count; k++)
            add_field(kept, window->stream, window->event_keys[k]);
        add_value(kept, window->stream, window->value);
        for (size_t k = 0; k < window->now_field_count; k++)
            add_value(kept, window->stream, window->now_fields[k]);
    }
    const mw_schedule *schedule = model->schedule;
    for (int32_t k = 0; schedule && k < schedule->key_count; k++)
        add_field(kept, mw_model_announcer(model), schedule->keys[k]);
}

void mw_kept_texts_add_entrance(mw_kept_texts *kept) {
    const mw_program *program = kept->program;
    for (size_t i = 0; i < program->source_count; i++) {
        const mw_model_program *entry = program->sources[i].entry;
        if (entry) mw_kept_texts_add_model(kept, entry);
    }
}

static void keep(const field_list *list, const mw_cell *row, mw_symbols *symbols) {
    for (size_t i = 0; i < list->count; i++)
        mw_passing_keep(symbols, row[list->fields[i]].symbol);
}

void mw_kept_texts_keep(const mw_kept_texts *kept, const mw_event *event, mw_symbols *symbols) {
    const field_list *list = &kept->of_streams[event->stream];
    keep(list, event->row, symbols);
    if (event->replaced) keep(list, event->replaced, symbols);
}
