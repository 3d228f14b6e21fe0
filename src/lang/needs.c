#include "lang/needs.h"

typedef struct {
    const mw_model_program *model;
    size_t field_count;
    bool *windows;  /* a row of `field_count` for each */
    bool *features; /* likewise */
} needs;

static void add(const needs *all, const bool *from, bool *to) {
    for (size_t i = 0; i < all->field_count; i++) to[i] |= from[i];
}

/* Of code over the moment's row. What it reads has been looked at before. */
static void look_at(const needs *all, const mw_code *code, bool *out) {
    const mw_model_program *model = all->model;
    for (size_t i = 0; i < all->field_count; i++) out[i] |= mw_code_reads_field(code, (int32_t)i);
    for (size_t i = 0; i < model->feature_window_count; i++)
        if (mw_code_reads_window(code, (int32_t)i))
            add(all, &all->windows[i * all->field_count], out);
    for (size_t i = 0; i < model->feature_count; i++)
        if (mw_code_reads_feature(code, (int32_t)i))
            add(all, &all->features[i * all->field_count], out);
}

/* Of code over a window's event, which calls the moment's fields `now`; NULL is allowed. */
static void look_within(const needs *all, const mw_code *code, bool *out) {
    for (size_t i = 0; code && i < all->field_count; i++)
        out[i] |= mw_code_reads_now_field(code, (int32_t)i);
    for (size_t i = 0; code && i < all->model->feature_window_count; i++)
        if (mw_code_reads_window(code, (int32_t)i))
            add(all, &all->windows[i * all->field_count], out);
}

static void look_at_window(const needs *all, const mw_window *window, bool *out) {
    for (int32_t k = 0; k < window->key_count; k++) look_at(all, window->moment_keys[k], out);
    look_within(all, window->value, out);
    look_within(all, window->now_condition, out);
    if (window->since >= 0)
        add(all, &all->windows[(size_t)window->since * all->field_count], out);
}

bool mw_window_reads_window(const mw_window *window, size_t other) {
    bool reads = window->since == (int32_t)other;
    if (window->value) reads = reads || mw_code_reads_window(window->value, (int32_t)other);
    if (window->now_condition)
        reads = reads || mw_code_reads_window(window->now_condition, (int32_t)other);
    for (int32_t k = 0; k < window->key_count; k++)
        reads = reads || mw_code_reads_window(window->moment_keys[k], (int32_t)other);
    return reads;
}

const bool *mw_model_needs(const mw_model_program *model, size_t field_count, mw_arena *arena) {
    needs all = {.model = model, .field_count = field_count};
    MW_ASSERT(!model->each);
    size_t window_count = model->feature_window_count;
    all.windows = mw_arena_alloc(arena, window_count * field_count + 1, sizeof(bool));
    all.features = mw_arena_alloc(arena, model->feature_count * field_count + 1, sizeof(bool));
    if (!all.windows || !all.features) return NULL;
    for (size_t i = 0; i < window_count; i++)
        look_at_window(&all, &model->windows[i], &all.windows[i * field_count]);
    for (size_t i = 0; i < model->feature_count; i++) {
        int32_t next = model->feature_order[i];
        look_at(&all, model->features[next].code, &all.features[(size_t)next * field_count]);
    }
    return all.features;
}
