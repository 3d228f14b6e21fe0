#include "train/lightgbm.h"

#include "sys/library.h"
#include "sys/process.h"
#include "train/lightgbm_frame.h"

enum { MESSAGES_SIZE_MAX = 1 << 16, MESSAGE_SIZE_MAX = MW_ERROR_MESSAGE_MAX - 1 };
static const uint64_t model_size_max = (uint64_t)1 << 31;

static const char *const objective_names[] = {
#define X(name, text) text,
    MW_OBJECTIVE_MAP(X)
#undef X
};

mw_lightgbm_settings mw_lightgbm_default(mw_objective objective) {
    return (mw_lightgbm_settings){
        .objective = objective,
        .rounds = 100,
        .num_leaves = 31,
        .min_data_in_leaf = 100,
        .bagging_freq = 1,
        .max_bin = 255,
        .learning_rate = 0.1,
        .feature_fraction = 0.7,
        .bagging_fraction = 0.8,
        .lambda_l2 = 5,
        .seed = 1,
    };
}

static void setting_append(mw_buf *out, const char *name, double value) {
    mw_buf_append_char(out, ' ');
    mw_buf_append_text(out, name);
    mw_buf_append_char(out, '=');
    mw_buf_append_double(out, value);
}

void mw_lightgbm_settings_append(mw_buf *out, const mw_lightgbm_settings *settings) {
    MW_ASSERT(settings->objective < MW_OBJECTIVE_COUNT);
    MW_ASSERT((settings->objective == MW_OBJECTIVE_MULTICLASS) == (settings->class_count > 1));
    mw_buf_append_text(out, "objective=");
    mw_buf_append_text(out, objective_names[settings->objective]);
    if (settings->class_count > 0) setting_append(out, "num_class", settings->class_count);
    setting_append(out, "num_iterations", settings->rounds);
    setting_append(out, "num_leaves", settings->num_leaves);
    setting_append(out, "min_data_in_leaf", settings->min_data_in_leaf);
    setting_append(out, "bagging_freq", settings->bagging_freq);
    setting_append(out, "max_bin", settings->max_bin);
    setting_append(out, "learning_rate", settings->learning_rate);
    setting_append(out, "feature_fraction", settings->feature_fraction);
    setting_append(out, "bagging_fraction", settings->bagging_fraction);
    setting_append(out, "lambda_l2", settings->lambda_l2);
    setting_append(out, "seed", settings->seed);
}

static mw_status check_job(const mw_lightgbm_job *job, mw_error *err) {
    const mw_lightgbm_data *data = &job->data;
    if (data->row_count < 1 || data->row_count > MW_LIGHTGBM_ROWS_MAX)
        return mw_fail(err, MW_INVALID, "lightgbm: rows must be 1 to %d, got %zu",
                       MW_LIGHTGBM_ROWS_MAX, data->row_count);
    if (data->feature_count < 1 || data->feature_count > MW_LIGHTGBM_FEATURES_MAX)
        return mw_fail(err, MW_INVALID, "lightgbm: features must be 1 to %d, got %zu",
                       MW_LIGHTGBM_FEATURES_MAX, data->feature_count);
    if (job->settings.rounds < 1 || job->settings.rounds > MW_LIGHTGBM_ROUNDS_MAX)
        return mw_fail(err, MW_INVALID, "lightgbm: rounds must be 1 to %d, got %d",
                       MW_LIGHTGBM_ROUNDS_MAX, job->settings.rounds);
    return MW_OK;
}

static mw_status request_write(mw_process *child, const mw_lightgbm_job *job, mw_error *err) {
    const mw_lightgbm_data *data = &job->data;
    mw_lightgbm_request head = {
        .magic = MW_LIGHTGBM_MAGIC,
        .size = sizeof head,
        .settings = job->settings,
        .row_count = data->row_count,
        .feature_count = data->feature_count,
        .thread_count = job->thread_count,
    };
    const mw_str parts[] = {
        {(const char *)&head, sizeof head},
        {(const char *)data->is_categorical, data->feature_count},
        {(const char *)data->labels, data->row_count * sizeof *data->labels},
        {(const char *)data->values,
         data->row_count * data->feature_count * sizeof *data->values},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        MW_TRY(mw_process_write(child, parts[i], err));
    return MW_OK;
}

static mw_status read_all(mw_process *child, void *bytes, size_t size, mw_error *err) {
    char *next = bytes;
    while (size > 0) {
        size_t got = 0;
        MW_TRY(mw_process_read(child, next, size, &got, err));
        if (got == 0)
            return mw_fail(err, MW_UNAVAILABLE, "lightgbm: the child process ended early");
        next += got;
        size -= got;
    }
    return MW_OK;
}

static mw_status frame_read(mw_process *child, mw_arena *arena, mw_lightgbm_frame *out_frame,
                            mw_str *out_text, mw_error *err) {
    mw_lightgbm_frame frame;
    MW_TRY(read_all(child, &frame, sizeof frame, err));
    if (frame.magic != MW_LIGHTGBM_MAGIC || frame.size > model_size_max)
        return mw_fail(err, MW_UNAVAILABLE, "lightgbm: the child process speaks another language");
    char *bytes = mw_arena_alloc(arena, (size_t)frame.size, 1);
    if (!bytes)
        return mw_fail(err, MW_NO_MEMORY, "lightgbm: out of memory for %llu bytes of answer",
                       (unsigned long long)frame.size);
    MW_TRY(read_all(child, bytes, (size_t)frame.size, err));
    *out_frame = frame;
    *out_text = (mw_str){bytes, (size_t)frame.size};
    return MW_OK;
}

static mw_status child_failed(mw_lightgbm_frame frame, mw_str text, mw_error *err) {
    bool is_status = frame.value > MW_OK && frame.value <= MW_CANCELLED;
    mw_str shown = mw_str_slice(text, 0, MESSAGE_SIZE_MAX);
    return mw_fail(err, is_status ? (mw_status)frame.value : MW_UNAVAILABLE, "%.*s",
                   MW_STR_ARGS(shown));
}

/* Reads frames up to the one that ends the talk. Messages past their maximum are dropped. */
static mw_status answer_read(mw_process *child, const mw_lightgbm_job *job, mw_arena *arena,
                             mw_lightgbm_result *result, mw_error *err) {
    mw_buf messages;
    mw_buf_init(&messages, MESSAGES_SIZE_MAX);
    mw_lightgbm_frame frame = {.kind = MW_LIGHTGBM_PROGRESS};
    mw_str text;
    mw_status status = MW_OK;
    while (status == MW_OK && frame.kind != MW_LIGHTGBM_MODEL) {
        status = frame_read(child, arena, &frame, &text, err);
        if (status != MW_OK) break;
        if (frame.kind == MW_LIGHTGBM_FAILURE) status = child_failed(frame, text, err);
        if (frame.kind == MW_LIGHTGBM_MESSAGE) mw_buf_append_str(&messages, text);
        if (frame.kind == MW_LIGHTGBM_PROGRESS && job->progress)
            job->progress(job->context, frame.value);
    }
    if (status == MW_OK) {
        result->text = text;
        result->messages = mw_str_copy(arena, mw_buf_str(&messages));
        if (!result->messages.data) status = mw_fail(err, MW_NO_MEMORY, "lightgbm: out of memory");
    }
    mw_buf_release(&messages);
    return status;
}

/* A child that dies early may have said why, so its answer is read even where writing failed. */
static mw_status talk(mw_process *child, const mw_lightgbm_job *job, mw_arena *arena,
                      mw_lightgbm_result *out_result, mw_error *err) {
    mw_error unwritten;
    mw_status wrote = request_write(child, job, &unwritten);
    mw_process_end_input(child);
    mw_lightgbm_result result = {0};
    mw_status status = answer_read(child, job, arena, &result, err);
    if (status != MW_OK) return status;
    if (wrote != MW_OK) return mw_fail(err, wrote, "%s", unwritten.message);

    mw_process_result ended;
    MW_TRY(mw_process_wait(child, &ended, err));
    if (ended.exit_code != 0)
        return mw_fail(err, MW_UNAVAILABLE, "lightgbm: the child process ended with %d",
                       ended.exit_code);
    result.cpu_us = ended.cpu_us;
    result.memory_peak_bytes = ended.memory_peak_bytes;
    *out_result = result;
    return MW_OK;
}

mw_status mw_lightgbm_train(mw_sys *sys, const mw_lightgbm_job *job, mw_arena *arena,
                            mw_lightgbm_result *out_result, mw_error *err) {
    MW_TRY(check_job(job, err));
    const char *executable;
    MW_TRY(mw_executable_path(sys, arena, &executable, err));
    const char *const arguments[] = {executable, "lightgbm-child", NULL};
    /* Threads that wait sleep, so that other work on the same cores is not slowed. */
    const char *const environment[] = {"OMP_WAIT_POLICY=passive", NULL};
    mw_process_config config = {.arguments = arguments,
                                .environment = environment,
                                .pipe_input = true,
                                .pipe_output = true,
                                .quiet_errors = true}; /* its frames say all */
    mw_process *child;
    MW_TRY(mw_process_start(sys, config, &child, err));
    mw_status status = talk(child, job, arena, out_result, err);
    mw_process_destroy(child);
    return status;
}
