#include "cli/feature_list.h"

#include "base/nearest.h"
#include "cli/grid.h"
#include "lang/asked.h"
#include "lang/origins.h"

/* Other features that it reads, which have lines of their own. */
static size_t append_features(const mw_origins *origins, mw_buf *out) {
    size_t count = 0;
    for (size_t i = 0; i < origins->model->feature_count; i++) {
        if (!origins->features[i]) continue;
        const char *joint = count++ > 0 ? ", " : out->size > 0 ? ", and what made " : "what made ";
        mw_buf_append_text(out, joint);
        mw_buf_append_str(out, origins->model->features[i].name);
    }
    return count;
}

/* When its value is known: by the moment, always; but from what. */
static void append_known(const mw_origins *origins, const mw_feature *feature, mw_buf *out) {
    size_t count = 0;
    for (size_t i = 0; i < origins->program->source_count; i++) {
        if (!origins->sources[i]) continue;
        mw_buf_printf(out, "%s%.*s", count++ > 0 ? ", " : "",
                      MW_STR_ARGS(origins->program->sources[i].name));
    }
    if (count > 0) mw_buf_append_text(out, " known before the moment");
    if (append_features(origins, out) + count == 0) mw_buf_append_text(out, "the moment's row");
    if (feature->process.size > 0)
        mw_buf_printf(out, ", the process %.*s: " MW_NOT_PROVED, MW_STR_ARGS(feature->process));
}

static void add_line(mw_grid *grid, const mw_origins *origins, const mw_feature *feature) {
    const mw_vector *vector = feature->vector;
    mw_buf known;
    mw_buf_init(&known, 1 << 16);
    append_known(origins, feature, &known);
    if (vector) /* one line for all of its numbers */
        mw_grid_add(grid, "%.*s .. %zu", MW_STR_ARGS(feature->name), vector->width - 1);
    else
        mw_grid_add_str(grid, feature->name);
    mw_grid_add(grid, "%s", mw_type_name(feature->type));
    mw_grid_add_str(grid, mw_buf_str(&known));
    mw_grid_add_str(grid, vector ? vector->text : mw_code_text(feature->code));
    mw_buf_release(&known);
}

mw_status mw_feature_list_print(const mw_program *program, const mw_model_program *model,
                                const char *indent, mw_buf *out, mw_error *err) {
    mw_grid grid = mw_grid_begin("feature|type|from|is");
    mw_origins origins;
    MW_TRY(mw_origins_init(&origins, program, model, err));
    for (size_t i = 0; i < model->feature_count; i++) {
        const mw_feature *feature = &model->features[i];
        if (feature->vector_index > 0) continue;
        mw_origins_find(&origins, feature);
        add_line(&grid, &origins, feature);
    }
    mw_origins_release(&origins);
    mw_grid_print(&grid, indent, out);
    return MW_OK;
}

static void write_one(const mw_origins *origins, const mw_feature *feature, mw_json *json) {
    mw_json_object(json);
    mw_json_put_str(json, "name", feature->name);
    mw_json_put_text(json, "type", mw_type_name(feature->type));
    mw_json_put_str(json, "expression", mw_code_text(feature->code));
    mw_json_key(json, "streams");
    mw_json_array(json);
    for (size_t i = 0; i < origins->program->source_count; i++)
        if (origins->sources[i]) mw_json_str(json, origins->program->sources[i].name);
    mw_json_array_end(json);
    mw_json_put_bool(json, "proved_exact", feature->process.size == 0);
    mw_json_object_end(json);
}

mw_status mw_feature_list_write_json(const mw_program *program, const mw_model_program *model,
                                     mw_json *json, mw_error *err) {
    mw_origins origins;
    MW_TRY(mw_origins_init(&origins, program, model, err));
    mw_json_array(json);
    for (size_t i = 0; i < model->feature_count; i++) {
        mw_origins_find(&origins, &model->features[i]);
        write_one(&origins, &model->features[i], json);
    }
    mw_json_array_end(json);
    mw_origins_release(&origins);
    return MW_OK;
}

void mw_feature_doubt_print(const mw_feature *feature, mw_buf *out) {
    if (feature->process.size == 0) return;
    mw_buf_printf(out, "%.*s hangs on what the process %.*s answered: " MW_NOT_PROVED "\n",
                  MW_STR_ARGS(feature->name), MW_STR_ARGS(feature->process));
}

mw_status mw_feature_not_found(const mw_model_program *model, const char *name, mw_error *err) {
    mw_status status = mw_fail(err, MW_NOT_FOUND, "model %.*s has no feature %s",
                               MW_STR_ARGS(model->name), name);
    mw_nearest nearest = mw_nearest_to(mw_str_of(name));
    for (size_t i = 0; i < model->feature_count; i++)
        mw_nearest_offer(&nearest, model->features[i].name);
    if (nearest.found.size > 0) return mw_hint_nearest(err, status, &nearest);
    bool is_model = mw_str_is(model->name, name);
    return mw_hint(err, status, "%smillwright features list shows %s.",
                   is_model ? "It is the model itself: " : "", is_model ? "its features" : "them");
}
