#include "lang/origins.h"

#include <string.h>

mw_status mw_origins_init(mw_origins *origins, const mw_program *program,
                          const mw_model_program *model, mw_error *err) {
    size_t count = program->source_count + model->feature_count + model->window_count +
                   model->within_count;
    bool *flags = mw_allocate(count);
    if (!flags) return mw_fail(err, MW_NO_MEMORY, "features: no memory to say what they read");
    *origins = (mw_origins){.program = program, .model = model, .flag_count = count};
    origins->sources = flags;
    origins->features = origins->sources + program->source_count;
    origins->windows = origins->features + model->feature_count;
    origins->withins = origins->windows + model->window_count;
    return MW_OK;
}

void mw_origins_release(mw_origins *origins) { mw_free(origins->sources); }

static void look_at(mw_origins *it, const mw_code *code);

/* All that it reads comes before the window, so this comes to an end. */
static void look_at_window(mw_origins *it, size_t index) {
    const mw_window *window = &it->model->windows[index];
    if (it->windows[index]) return;
    it->windows[index] = true;
    it->sources[it->program->streams[window->stream].source] = true;
    for (int32_t k = 0; k < window->key_count; k++) look_at(it, window->moment_keys[k]);
    look_at(it, window->value); /* in which `now.` may be what another window found */
    look_at(it, window->now_condition);
    if (window->since >= 0) look_at_window(it, (size_t)window->since);
}

static void look_at_within(mw_origins *it, size_t index) {
    const mw_window *of = &it->model->withins[index].of;
    if (it->withins[index]) return;
    it->withins[index] = true;
    look_at(it, of->value);
    look_at(it, of->condition);
}

/* Code over the moment; NULL is allowed. */
static void look_at(mw_origins *it, const mw_code *code) {
    const mw_model_program *model = it->model;
    if (!code) return;
    for (size_t i = 0; i < model->window_count; i++)
        if (mw_code_reads_window(code, (int32_t)i)) look_at_window(it, i);
    for (size_t i = 0; i < model->within_count; i++)
        if (mw_code_reads_within(code, (int32_t)i)) look_at_within(it, i);
    for (size_t i = 0; i < model->feature_count; i++) {
        if (it->features[i] || !mw_code_reads_feature(code, (int32_t)i)) continue;
        it->features[i] = true;
        if (it->goes_through) look_at(it, model->features[i].code);
    }
}

static void forget(mw_origins *origins) {
    memset(origins->sources, 0, origins->flag_count * sizeof *origins->sources);
    origins->goes_through = false;
}

void mw_origins_find_label(mw_origins *origins) {
    forget(origins);
    look_at(origins, origins->model->label);
    look_at(origins, origins->model->unless);
}

void mw_origins_find(mw_origins *origins, const mw_feature *feature) {
    forget(origins);
    look_at(origins, feature->code);
}

void mw_origins_add(mw_origins *origins, const mw_code *code) {
    origins->goes_through = true;
    look_at(origins, code);
}
