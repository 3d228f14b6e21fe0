#include "cli/feature_readers.h"

#include "lang/stand_in.h"

#include <string.h>

/* --- those of models: a feature has one index in all of them -------------------------------- */

static const mw_model_program *model_at(const mw_feature_readers *readers, size_t model) {
    return &readers->workspace->program->models[model];
}

static const mw_project_model *declared_at(const mw_feature_readers *readers, size_t model) {
    return mw_project_find_model(readers->workspace->project, model_at(readers, model)->name);
}

static bool is_read_by(const mw_model_program *model, size_t feature, int32_t reader) {
    for (size_t i = 0; i < model->reading_count; i++)
        if (model->readings[i].feature == (int32_t)feature && model->readings[i].reader == reader)
            return true;
    return false;
}

static bool label_reads(const mw_feature_readers *readers, size_t model, size_t feature) {
    return is_read_by(model_at(readers, model), feature, MW_READ_BY_LABEL);
}

static bool moment_reads(const mw_feature_readers *readers, size_t model, size_t feature) {
    return is_read_by(model_at(readers, model), feature, MW_READ_BY_MOMENT);
}

static bool segments_read(const mw_feature_readers *readers, size_t model, size_t feature) {
    const mw_project_model *declared = declared_at(readers, model);
    mw_str name = readers->model->features[feature].name;
    for (size_t i = 0; declared && i < declared->segment_count; i++)
        if (mw_str_equal(declared->segments[i], name)) return true;
    return false;
}

static bool fallback_reads(const mw_feature_readers *readers, size_t model, size_t feature) {
    const mw_code *code = readers->fallbacks[model];
    return code && mw_code_reads_feature(code, (int32_t)feature);
}

static const struct {
    const char *words; /* before the model's name */
    const char *key;
    bool (*reads)(const mw_feature_readers *readers, size_t model, size_t feature);
} parts[] = {
    {"the label of ", "labels", label_reads},
    {"the moment of ", "moments", moment_reads},
    {"the segments of ", "segments", segments_read},
    {"the fallback of ", "fallbacks", fallback_reads},
};
enum { PART_COUNT = sizeof parts / sizeof parts[0] };

/* --- features ------------------------------------------------------------------------------- */

static void mark_features(const mw_feature_readers *readers, size_t feature) {
    const mw_model_program *model = readers->model;
    memset(readers->marks, 0, model->feature_count * sizeof *readers->marks);
    for (size_t i = 0; i < model->reading_count; i++) {
        mw_feature_reading reading = model->readings[i];
        if (reading.feature == (int32_t)feature && reading.reader >= 0)
            readers->marks[reading.reader] = true;
    }
}

/* --- all of them ---------------------------------------------------------------------------- */

static mw_status compile_fallback(mw_feature_readers *readers, mw_workspace *workspace,
                                  size_t model, mw_error *err) {
    const mw_project_model *declared = declared_at(readers, model);
    if (!declared || declared->fallback.kind != MW_FALLBACK_EXPRESSION) return MW_OK;
    mw_stand_in_wish wish = {workspace->program, model_at(readers, model),
                             declared->fallback.expression, workspace->symbols};
    mw_diagnostics diagnostics;
    mw_stand_in stand_in;
    mw_diagnostics_init(&diagnostics, &workspace->arena);
    mw_status status = mw_stand_in_compile(wish, &workspace->arena, &diagnostics, &stand_in);
    if (status == MW_NO_MEMORY) return mw_fail(err, status, "features: no memory");
    if (status == MW_OK) readers->fallbacks[model] = stand_in.code;
    return mw_diagnostics_status(&diagnostics, err);
}

mw_status mw_feature_readers_init(mw_feature_readers *readers, mw_workspace *workspace,
                                  const mw_model_program *model, mw_error *err) {
    mw_arena *arena = &workspace->arena;
    size_t model_count = workspace->program->model_count;
    *readers = (mw_feature_readers){
        .workspace = workspace,
        .model = model,
        .fallbacks = mw_arena_alloc(arena, model_count, sizeof *readers->fallbacks),
        .marks = mw_arena_alloc(arena, model->feature_count + 1, sizeof *readers->marks)};
    if (!readers->fallbacks || !readers->marks)
        return mw_fail(err, MW_NO_MEMORY, "features: no memory");
    for (size_t i = 0; i < model_count; i++) MW_TRY(compile_fallback(readers, workspace, i, err));
    return MW_OK;
}

static void print_one(mw_buf *out, size_t before, const char *words, mw_str name) {
    mw_buf_printf(out, "%s%s%.*s", out->size > before ? ", " : "", words, MW_STR_ARGS(name));
}

void mw_feature_readers_print(const mw_feature_readers *readers, size_t feature, mw_buf *out) {
    size_t before = out->size;
    mark_features(readers, feature);
    for (size_t i = 0; i < readers->model->feature_count; i++)
        if (readers->marks[i]) print_one(out, before, "", readers->model->features[i].name);
    for (size_t part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; i < readers->workspace->program->model_count; i++)
            if (parts[part].reads(readers, i, feature))
                print_one(out, before, parts[part].words, model_at(readers, i)->name);
}

void mw_feature_readers_write_json(const mw_feature_readers *readers, size_t feature,
                                   mw_json *json) {
    mark_features(readers, feature);
    mw_json_object(json);
    mw_json_key(json, "features");
    mw_json_array(json);
    for (size_t i = 0; i < readers->model->feature_count; i++)
        if (readers->marks[i]) mw_json_str(json, readers->model->features[i].name);
    mw_json_array_end(json);
    for (size_t part = 0; part < PART_COUNT; part++) {
        mw_json_key(json, parts[part].key);
        mw_json_array(json);
        for (size_t i = 0; i < readers->workspace->program->model_count; i++)
            if (parts[part].reads(readers, i, feature))
                mw_json_str(json, model_at(readers, i)->name);
        mw_json_array_end(json);
    }
    mw_json_object_end(json);
}
