#include "edge/loaded.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FEATURES_ON_STACK_MAX = 256, PIECE_SIZE = 1 << 12, TEXT_SIZE_MAX = 1 << 30 };
#define ARENA_SIZE_MAX ((size_t)4 * MW_VERSION_SIZE_MAX)

const char *mw_library_version(void) { return MW_LIBRARY_VERSION; }

mw_result mw_loaded_result(mw_status status, const mw_error *err, mw_problem *problem) {
    if (status == MW_OK) return MW_DONE;
    static_assert(sizeof *problem == sizeof *err, "a problem is an error's texts");
    if (problem) memcpy(problem, err, sizeof *problem);
    switch (status) {
    case MW_NO_MEMORY: return MW_OUT_OF_MEMORY;
    case MW_NEWER_FORMAT: return MW_NEWER_FILE;
    case MW_CORRUPT:
    case MW_IO: return MW_BAD_FILE;
    default: return MW_BAD_INPUT;
    }
}

/* --- opening -------------------------------------------------------------------------------- */

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "model: no memory");
}

static mw_status name_classes(mw_model *model, mw_values names, mw_error *err) {
    mw_str *copies = mw_arena_alloc(&model->arena, names.count, sizeof *copies);
    if (!copies) return no_memory(err);
    for (size_t i = 0; i < names.count; i++) {
        copies[i] = mw_str_copy(&model->arena, names.items[i]);
        if (!copies[i].data) return no_memory(err);
    }
    model->class_names = (mw_values){copies, names.count};
    return MW_OK;
}

static mw_status prepare(mw_model *model, mw_str bytes, mw_error *err) {
    MW_TRY(mw_bundle_decode(&model->arena, bytes, &model->bundle, err));
    MW_TRY(name_classes(model, model->bundle.version->classes.names, err));
    mw_model_features features = model->bundle.version->features;
    model->features = mw_arena_alloc(&model->arena, features.count, sizeof *model->features);
    model->name = mw_str_copy(&model->arena, model->bundle.version->model);
    if (!model->features || !model->name.data) return no_memory(err);
    for (size_t i = 0; i < features.count; i++) {
        mw_str name = mw_str_copy(&model->arena, features.items[i].name);
        if (!name.data) return no_memory(err);
        model->features[i] = (mw_field){name, features.items[i].type};
    }
    MW_TRY(mw_symbols_create(TEXT_SIZE_MAX, &model->symbols, err));
    return mw_encoder_create(&model->arena, model->symbols, features, &model->encoder, err);
}

static mw_status load(mw_str bytes, mw_model **out_model, mw_error *err) {
    mw_model *model = mw_allocate(sizeof *model);
    if (!model) return no_memory(err);
    mw_arena_init(&model->arena, ARENA_SIZE_MAX);
    mw_status status = prepare(model, bytes, err);
    if (status != MW_OK) mw_model_close(model);
    else *out_model = model;
    return status;
}

mw_result mw_model_read(const void *bytes, size_t size, mw_model **out_model,
                        mw_problem *problem) {
    mw_error err;
    mw_status status = load((mw_str){bytes, size}, out_model, &err);
    return mw_loaded_result(status, &err, problem);
}

static mw_status read_file(const char *path, mw_buf *bytes, mw_error *err) {
    FILE *file = fopen(path, "rb");
    if (!file) return mw_fail(err, MW_IO, "%s: cannot be opened", path);
    char piece[PIECE_SIZE];
    for (size_t size = 1; size > 0;) {
        size = fread(piece, 1, sizeof piece, file);
        mw_buf_append(bytes, piece, size);
    }
    bool is_read = !ferror(file);
    fclose(file);
    if (!is_read) return mw_fail(err, MW_IO, "%s: cannot be read", path);
    return mw_buf_check(bytes, path, err);
}

mw_result mw_model_open(const char *path, mw_model **out_model, mw_problem *problem) {
    mw_error err;
    mw_buf bytes;
    mw_buf_init(&bytes, 2 * (size_t)MW_VERSION_SIZE_MAX);
    mw_status status = read_file(path, &bytes, &err);
    if (status == MW_OK) {
        status = load(mw_buf_str(&bytes), out_model, &err);
        if (status != MW_OK) status = mw_fail_within(&err, status, "%s", path);
    }
    mw_buf_release(&bytes);
    return mw_loaded_result(status, &err, problem);
}

void mw_model_close(mw_model *model) {
    if (!model) return;
    mw_symbols_destroy(model->symbols);
    mw_arena_release(&model->arena);
    mw_free(model);
}

/* --- what it is ----------------------------------------------------------------------------- */

const char *mw_model_name(const mw_model *model) { return model->name.data; }
const char *mw_model_version(const mw_model *model) { return model->bundle.name; }

size_t mw_model_feature_count(const mw_model *model) {
    return model->bundle.version->features.count;
}

const char *mw_model_feature_name(const mw_model *model, size_t index) {
    MW_ASSERT(index < mw_model_feature_count(model));
    return model->features[index].name.data;
}

size_t mw_model_class_count(const mw_model *model) { return model->class_names.count; }

const char *mw_model_class_name(const mw_model *model, size_t index) {
    MW_ASSERT(index < mw_model_class_count(model));
    return model->class_names.items[index].data;
}

/* --- predicting ----------------------------------------------------------------------------- */

/* Of no number nothing is the likeliest. */
static void name_likeliest(const mw_model *model, const double *probabilities, mw_reply *reply) {
    size_t likeliest = mw_classes_likeliest((mw_classes){model->class_names, probabilities});
    reply->prediction = NAN;
    if (likeliest == SIZE_MAX) return;
    reply->prediction = probabilities[likeliest];
    reply->class_name = mw_model_class_name(model, likeliest);
}

void mw_loaded_judge(const mw_model *model, const mw_encoder *encoder, const mw_cell *features,
                     double *values, mw_reply *out_reply) {
    const mw_version *version = model->bundle.version;
    double *outputs = values + version->features.count;
    (void)mw_encoder_run(encoder, features, values);
    mw_forest_predict_row(version->forest, values, outputs);
    *out_reply = (mw_reply){.prediction = outputs[0],
                            .decision = mw_answer_kind_decides(version->answer) &&
                                        outputs[0] >= version->threshold,
                            .id = "",
                            .element = "",
                            .class_name = ""};
    if (model->class_names.count > 0) name_likeliest(model, outputs, out_reply);
}

static mw_status read_features(const mw_model *model, mw_row row, mw_cell *cells, mw_error *err) {
    mw_row_target target = {.what = "the model",
                            .part = "feature",
                            .fields = model->features,
                            .field_count = mw_model_feature_count(model),
                            .symbols = model->symbols,
                            .only_finds = true};
    return mw_row_values_read(&target, row, cells, err);
}

/* `out_probabilities` may be NULL; else it has room for one a class. */
static mw_result predict(const mw_model *model, mw_row row, mw_reply *out_reply,
                         double *out_probabilities, mw_problem *problem) {
    struct {
        mw_cell cells[FEATURES_ON_STACK_MAX];
        double values[FEATURES_ON_STACK_MAX + MW_CLASSES_MAX];
    } small;
    mw_error err;
    size_t count = mw_model_feature_count(model);
    mw_cell *cells = small.cells;
    void *large = NULL;
    if (count > FEATURES_ON_STACK_MAX) {
        large = mw_allocate(count * (sizeof(mw_cell) + sizeof(double)) +
                            MW_CLASSES_MAX * sizeof(double));
        if (!large) return mw_loaded_result(no_memory(&err), &err, problem);
        cells = large;
    }
    double *values = large ? (double *)(cells + count) : small.values;
    mw_status status = read_features(model, row, cells, &err);
    if (status == MW_OK) mw_loaded_judge(model, model->encoder, cells, values, out_reply);
    if (status == MW_OK && out_probabilities)
        memcpy(out_probabilities, values + count,
               mw_model_class_count(model) * sizeof *out_probabilities);
    mw_free(large);
    return mw_loaded_result(status, &err, problem);
}

mw_result mw_model_predict(const mw_model *model, mw_row features, mw_reply *out_reply,
                           mw_problem *problem) {
    return predict(model, features, out_reply, NULL, problem);
}

static mw_status check_classes(const mw_model *model, size_t count, mw_error *err) {
    size_t class_count = mw_model_class_count(model);
    if (class_count == 0)
        return mw_fail(err, MW_INVALID, "model %s: it answers no classes", mw_model_name(model));
    if (count == class_count) return MW_OK;
    return mw_fail(err, MW_INVALID, "count: must be that of the model's classes, %zu, got %zu",
                   class_count, count);
}

mw_result mw_model_probabilities(const mw_model *model, mw_row features,
                                 double *out_probabilities, size_t count, mw_problem *problem) {
    mw_error err;
    mw_reply reply;
    mw_status status = check_classes(model, count, &err);
    if (status != MW_OK) return mw_loaded_result(status, &err, problem);
    return predict(model, features, &reply, out_probabilities, problem);
}
