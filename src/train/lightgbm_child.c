#include "train/lightgbm_child.h"

#include "sys/standard.h"
#include "train/lightgbm_api.h"
#include "train/lightgbm_frame.h"

enum { PARAMETERS_SIZE_MAX = 1 << 16 };
static const size_t model_size_max = (size_t)1 << 31;

/* LightGBM's log callback takes no context, so this process, which trains once, has one sink. */
static mw_sys *log_sys;

static mw_status frame_write(mw_sys *sys, mw_lightgbm_frame frame, mw_str text, mw_error *err) {
    frame.magic = MW_LIGHTGBM_MAGIC;
    frame.size = text.size;
    MW_TRY(mw_standard_write(sys, (mw_str){(const char *)&frame, sizeof frame}, err));
    return mw_standard_write(sys, text, err);
}

/* A message that cannot be delivered is lost; what follows it will meet the same broken pipe. */
static void log_message(const char *message) {
    mw_error err;
    (void)!frame_write(log_sys, (mw_lightgbm_frame){.kind = MW_LIGHTGBM_MESSAGE},
                       mw_str_of(message), &err);
}

static mw_status read_all(mw_sys *sys, void *bytes, size_t size, mw_error *err) {
    char *next = bytes;
    while (size > 0) {
        size_t got = 0;
        MW_TRY(mw_standard_read(sys, next, size, &got, err));
        if (got == 0) return mw_fail(err, MW_MALFORMED, "lightgbm: the request ends early");
        next += got;
        size -= got;
    }
    return MW_OK;
}

typedef struct {
    mw_lightgbm_request request;
    unsigned char *is_categorical;
    float *labels;
    double *values;
} example_data;

static void data_release(example_data *data) {
    mw_free(data->is_categorical);
    mw_free(data->labels);
    mw_free(data->values);
}

static mw_status data_read(mw_sys *sys, example_data *data, mw_error *err) {
    mw_lightgbm_request *request = &data->request;
    MW_TRY(read_all(sys, request, sizeof *request, err));
    if (request->magic != MW_LIGHTGBM_MAGIC || request->size != sizeof *request)
        return mw_fail(err, MW_MALFORMED, "lightgbm: the request comes from another program");
    size_t rows = (size_t)request->row_count, features = (size_t)request->feature_count;
    if (rows < 1 || rows > MW_LIGHTGBM_ROWS_MAX || features < 1 ||
        features > MW_LIGHTGBM_FEATURES_MAX)
        return mw_fail(err, MW_MALFORMED, "lightgbm: %zu rows of %zu features are out of range",
                       rows, features);
    data->is_categorical = mw_allocate(features);
    data->labels = mw_allocate(rows * sizeof *data->labels);
    data->values = mw_allocate(rows * features * sizeof *data->values);
    if (!data->is_categorical || !data->labels || !data->values)
        return mw_fail(err, MW_NO_MEMORY, "lightgbm: out of memory for %zu rows of %zu features",
                       rows, features);
    MW_TRY(read_all(sys, data->is_categorical, features, err));
    MW_TRY(read_all(sys, data->labels, rows * sizeof *data->labels, err));
    return read_all(sys, data->values, rows * features * sizeof *data->values, err);
}

/* The settings, and what keeps the same trees for any number of threads. */
static void parameters_append(mw_buf *out, const example_data *data) {
    mw_lightgbm_settings_append(out, &data->request.settings);
    mw_buf_printf(out, " num_threads=%d verbosity=-1 deterministic=true force_row_wise=true",
                  data->request.thread_count);
    const char *separator = " categorical_feature=";
    for (size_t i = 0; i < data->request.feature_count; i++) {
        if (!data->is_categorical[i]) continue;
        mw_buf_printf(out, "%s%zu", separator, i);
        separator = ",";
    }
}

static mw_status dataset_make(const mw_lightgbm_api *api, example_data *data,
                              const char *parameters, mw_lightgbm_dataset **out_dataset,
                              mw_error *err) {
    enum { ROW_MAJOR = 1 };
    int32_t row_count = (int32_t)data->request.row_count;
    int32_t feature_count = (int32_t)data->request.feature_count;
    MW_TRY(mw_lightgbm_check(api,
                             api->dataset_create(data->values, MW_LIGHTGBM_FLOAT64, row_count,
                                                 feature_count, ROW_MAJOR, parameters, NULL,
                                                 out_dataset),
                             "read the data", err));
    mw_free(data->values); /* LightGBM holds them as bins now */
    data->values = NULL;
    return mw_lightgbm_check(api,
                             api->dataset_set_field(*out_dataset, "label", data->labels,
                                                    row_count, MW_LIGHTGBM_FLOAT32),
                             "read the labels", err);
}

static mw_status boost(mw_sys *sys, const mw_lightgbm_api *api, mw_lightgbm_booster *booster,
                       int32_t rounds, mw_error *err) {
    for (int32_t done = 1; done <= rounds; done++) {
        int is_finished = 0;
        MW_TRY(mw_lightgbm_check(api, api->booster_update(booster, &is_finished), "train", err));
        mw_lightgbm_frame progress = {.kind = MW_LIGHTGBM_PROGRESS, .value = done};
        MW_TRY(frame_write(sys, progress, MW_STR(""), err));
        if (is_finished) break; /* no split is left that would gain */
    }
    return MW_OK;
}

static mw_status model_send(mw_sys *sys, const mw_lightgbm_api *api, mw_lightgbm_booster *booster,
                            mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, model_size_max);
    mw_str text;
    mw_status status = mw_lightgbm_save(api, booster, &arena, &text, err);
    if (status == MW_OK)
        status = frame_write(sys, (mw_lightgbm_frame){.kind = MW_LIGHTGBM_MODEL}, text, err);
    mw_arena_release(&arena);
    return status;
}

static mw_status train(mw_sys *sys, example_data *data, const char *parameters, mw_error *err) {
    mw_lightgbm_api api;
    MW_TRY(mw_lightgbm_open(sys, &api, err));
    log_sys = sys;
    MW_TRY(mw_lightgbm_check(&api, api.register_log(log_message), "start", err));

    mw_lightgbm_dataset *dataset = NULL;
    mw_lightgbm_booster *booster = NULL;
    mw_status status = dataset_make(&api, data, parameters, &dataset, err);
    if (status == MW_OK)
        status = mw_lightgbm_check(&api, api.booster_create(dataset, parameters, &booster),
                                   "begin to train", err);
    if (status == MW_OK) status = boost(sys, &api, booster, data->request.settings.rounds, err);
    if (status == MW_OK) status = model_send(sys, &api, booster, err);
    if (booster) api.booster_free(booster);
    if (dataset) api.dataset_free(dataset);
    return status;
}

static mw_status serve_request(mw_sys *sys, example_data *data, mw_buf *parameters,
                               mw_error *err) {
    MW_TRY(data_read(sys, data, err));
    parameters_append(parameters, data);
    MW_TRY(mw_buf_check(parameters, "lightgbm: parameters", err));
    return train(sys, data, parameters->data, err);
}

int mw_lightgbm_child_main(mw_sys *sys) {
    mw_error err, ignored;
    example_data data = {0};
    mw_buf parameters;
    mw_buf_init(&parameters, PARAMETERS_SIZE_MAX);
    mw_status status = serve_request(sys, &data, &parameters, &err);
    if (status != MW_OK) {
        mw_lightgbm_frame failure = {.kind = MW_LIGHTGBM_FAILURE, .value = (int32_t)status};
        (void)!frame_write(sys, failure, mw_str_of(err.message), &ignored);
    }
    data_release(&data);
    mw_buf_release(&parameters);
    return mw_status_exit_code(status);
}
