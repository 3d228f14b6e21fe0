#include "cli/feature_list.h"

#include "base/nearest.h"
#include "cli/grid.h"
#include "lang/asked.h"
#include "lang/needs.h"

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    const mw_feature *feature;
} listed_feature;

/* The window's events come from there, or those of one that it waits for. */
static bool window_reads_source(const listed_feature *it, size_t window, size_t source) {
    const mw_window *asked = &it->model->windows[window];
    if (it->program->streams[asked->stream].source == (int32_t)source) return true;
    for (size_t i = 0; i < window; i++)
        if (mw_window_reads_window(asked, i) && window_reads_source(it, i, source)) return true;
    return false;
}

static bool reads_source(const listed_feature *it, size_t source) {
    for (size_t i = 0; i < it->model->window_count; i++)
        if (mw_code_reads_window(it->feature->code, (int32_t)i) &&
            window_reads_source(it, i, source))
            return true;
    return false;
}

/* Other features that it reads, which have lines of their own. */
static size_t append_features(const listed_feature *it, mw_buf *out) {
    size_t count = 0;
    for (size_t i = 0; i < it->model->feature_count; i++) {
        if (!mw_code_reads_feature(it->feature->code, (int32_t)i)) continue;
        const char *joint = count++ > 0 ? ", " : out->size > 0 ? ", and what made " : "what made ";
        mw_buf_append_text(out, joint);
        mw_buf_append_str(out, it->model->features[i].name);
    }
    return count;
}

/* When its value is known: by the moment, always; but from what. */
static void append_known(const listed_feature *it, mw_buf *out) {
    size_t count = 0;
    for (size_t i = 0; i < it->program->source_count; i++) {
        if (!reads_source(it, i)) continue;
        mw_buf_printf(out, "%s%.*s", count++ > 0 ? ", " : "",
                      MW_STR_ARGS(it->program->sources[i].name));
    }
    if (count > 0) mw_buf_append_text(out, " known before the moment");
    if (append_features(it, out) + count == 0) mw_buf_append_text(out, "the moment's row");
    if (it->feature->process.size > 0)
        mw_buf_printf(out, ", the process %.*s: " MW_NOT_PROVED,
                      MW_STR_ARGS(it->feature->process));
}

void mw_feature_list_print(const mw_program *program, const mw_model_program *model,
                           const char *indent, mw_buf *out) {
    mw_grid grid = mw_grid_begin("feature|type|from|is");
    for (size_t i = 0; i < model->feature_count; i++) {
        listed_feature it = {program, model, &model->features[i]};
        const mw_vector *vector = it.feature->vector;
        mw_buf known;
        mw_buf_init(&known, 1 << 16);
        append_known(&it, &known);
        if (vector) { /* one line for all of its numbers */
            i += vector->width - 1;
            mw_grid_add(&grid, "%.*s .. %zu", MW_STR_ARGS(it.feature->name), vector->width - 1);
        } else {
            mw_grid_add_str(&grid, it.feature->name);
        }
        mw_grid_add(&grid, "%s", mw_type_name(it.feature->type));
        mw_grid_add_str(&grid, mw_buf_str(&known));
        mw_grid_add_str(&grid, vector ? vector->text : mw_code_text(it.feature->code));
        mw_buf_release(&known);
    }
    mw_grid_print(&grid, indent, out);
}

void mw_feature_list_write_json(const mw_program *program, const mw_model_program *model,
                                mw_json *json) {
    mw_json_array(json);
    for (size_t i = 0; i < model->feature_count; i++) {
        listed_feature it = {program, model, &model->features[i]};
        mw_json_object(json);
        mw_json_put_str(json, "name", it.feature->name);
        mw_json_put_text(json, "type", mw_type_name(it.feature->type));
        mw_json_put_str(json, "expression", mw_code_text(it.feature->code));
        mw_json_key(json, "streams");
        mw_json_array(json);
        for (size_t s = 0; s < program->source_count; s++)
            if (reads_source(&it, s)) mw_json_str(json, program->sources[s].name);
        mw_json_array_end(json);
        mw_json_put_bool(json, "proved_exact", it.feature->process.size == 0);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

mw_status mw_feature_not_found(const mw_model_program *model, const char *name, mw_error *err) {
    mw_status status = mw_fail(err, MW_NOT_FOUND, "model %.*s has no feature %s",
                               MW_STR_ARGS(model->name), name);
    mw_nearest nearest = mw_nearest_to(mw_str_of(name));
    for (size_t i = 0; i < model->feature_count; i++)
        mw_nearest_offer(&nearest, model->features[i].name);
    if (nearest.found.size > 0) return mw_hint_nearest(err, status, &nearest);
    return mw_hint(err, status, "millwright features list shows them.");
}
