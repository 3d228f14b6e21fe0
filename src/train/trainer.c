#include "train/trainer.h"

#include <math.h>
#include <stddef.h>

#include "base/nearest.h"
#include "model/lightgbm_text.h"
#include "project/utf8.h"
#include "stat/profile.h"
#include "train/fitting.h"

enum {
    SCORED_AT_ONCE = 1024,
    VERSION_BYTES_MAX = MW_VERSION_SIZE_MAX,
    BACKGROUND_ROWS = 100, /* to explain linear leaves against */
};

/* --- settings --------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    bool is_whole;
    size_t offset;
    double min, max;
} param;

#define WHOLE(field, low, high) {#field, true, offsetof(mw_lightgbm_settings, field), low, high}
#define REAL(field, low, high) {#field, false, offsetof(mw_lightgbm_settings, field), low, high}
static const param params[] = {
    WHOLE(rounds, 1, MW_LIGHTGBM_ROUNDS_MAX), WHOLE(num_leaves, 2, 131072),
    WHOLE(min_data_in_leaf, 0, 1e9),          WHOLE(bagging_freq, 0, 1e6),
    WHOLE(max_bin, 2, 65535),                 REAL(learning_rate, 1e-6, 10),
    REAL(feature_fraction, 1e-3, 1),          REAL(bagging_fraction, 1e-3, 1),
    REAL(lambda_l2, 0, 1e9),
};
#undef WHOLE
#undef REAL
enum { PARAM_COUNT = sizeof params / sizeof *params };

static mw_status unknown_param(const mw_project_model *model, mw_str name, mw_error *err) {
    mw_nearest nearest = mw_nearest_to(name);
    for (size_t i = 0; i < PARAM_COUNT; i++) mw_nearest_offer_text(&nearest, params[i].name);
    mw_status status = mw_fail(err, MW_INVALID, "models.%.*s.params: the learner has no %.*s",
                               MW_STR_ARGS(model->declaration.name), MW_STR_ARGS(name));
    if (nearest.found.size > 0) return mw_hint_nearest(err, status, &nearest);
    return mw_hint(err, status, "It has rounds, num_leaves, learning_rate, min_data_in_leaf, "
                                "feature_fraction, bagging_fraction, bagging_freq, lambda_l2, "
                                "max_bin.");
}

static mw_status set_param(const mw_project_model *model, const mw_named_source *given,
                           mw_lightgbm_settings *settings, mw_error *err) {
    size_t i = 0;
    while (i < PARAM_COUNT && !mw_str_is(given->name, params[i].name)) i++;
    if (i == PARAM_COUNT) return unknown_param(model, given->name, err);
    const param *known = &params[i];
    double value;
    bool fits = mw_str_to_double(given->source.text, &value) && value >= known->min &&
                value <= known->max && (!known->is_whole || value == floor(value));
    if (!fits)
        return mw_fail(err, MW_INVALID,
                       "models.%.*s.params: %s must be a %snumber from %g to %g, got %.*s",
                       MW_STR_ARGS(model->declaration.name), known->name,
                       known->is_whole ? "whole " : "", known->min, known->max,
                       MW_STR_ARGS(given->source.text));
    char *at = (char *)settings + known->offset;
    if (known->is_whole) *(int32_t *)(void *)at = (int32_t)value;
    else *(double *)(void *)at = value;
    return MW_OK;
}

mw_status mw_train_settings(const mw_project_model *model, int32_t seed,
                            mw_lightgbm_settings *out_settings, mw_error *err) {
    if (!mw_str_is(model->learner, "lightgbm"))
        return mw_fail(err, MW_NOT_BUILT, "models.%.*s.learner: %.*s is not built yet; lightgbm is",
                       MW_STR_ARGS(model->declaration.name), MW_STR_ARGS(model->learner));
    mw_lightgbm_settings settings = mw_lightgbm_default(MW_OBJECTIVE_BINARY);
    settings.seed = seed;
    for (size_t i = 0; i < model->param_count; i++)
        MW_TRY(set_param(model, &model->params[i], &settings, err));
    *out_settings = settings;
    return MW_OK;
}

void mw_train_check_params(const mw_project_model *model, mw_diagnostics *diagnostics) {
    mw_lightgbm_settings settings = mw_lightgbm_default(MW_OBJECTIVE_BINARY);
    for (size_t i = 0; i < model->param_count; i++) {
        mw_error err = {0};
        mw_status status = set_param(model, &model->params[i], &settings, &err);
        if (status == MW_OK) continue;
        mw_diagnose(diagnostics, model->params[i].position, status, "%s", err.message);
        if (err.hint[0]) mw_diagnose_hint(diagnostics, "%s", err.hint);
    }
}

/* --- from examples to a matrix ---------------------------------------------------------- */

/* One training at work; everything in it lives in the result's arena. */
typedef struct {
    const mw_train_config *config;
    mw_arena *arena;
    mw_trained *out;
    mw_lightgbm_settings settings;
    mw_model_features features;
    const mw_encoder *encoder;
    const double **learned; /* of a feature: what to learn from in the encoder's stead, or NULL */
    const mw_forest *forest;
    mw_labels labels;
    mw_judged judged; /* the test part */
} training;

static void *take(training *job, size_t count, size_t item_size, mw_error *err) {
    void *memory = mw_arena_alloc(job->arena, count, item_size);
    if (!memory)
        (void)mw_fail(err, MW_NO_MEMORY, "train: no memory for %zu x %zu bytes", count, item_size);
    return memory;
}

static mw_column train_column(const training *job, size_t feature) {
    const mw_table *table = &job->config->examples->features;
    return (mw_column){table->cells + feature, table->schema->field_count,
                       job->out->split.train_count};
}

/* An imported forest reads the numbers that it was made with; nothing is fitted to it. */
static mw_status fit(training *job, mw_model_feature *items, mw_error *err) {
    const mw_examples *examples = job->config->examples;
    const mw_model_program *model = examples->model;
    job->learned = take(job, model->feature_count + 1, sizeof *job->learned, err);
    if (!job->learned) return MW_NO_MEMORY;
    for (size_t i = 0; job->config->imported && i < model->feature_count; i++)
        if (model->features[i].fits.count > 0)
            return mw_fail(err, MW_NOT_BUILT,
                           "features.%.*s: an imported model with a fitted feature is not built "
                           "yet", MW_STR_ARGS(model->features[i].name));
    mw_fitting fitting = {examples, job->out->split.train_count, job->config->symbols, job->arena};
    return mw_fit_features(&fitting, items, job->learned, err);
}

static mw_status describe_features(training *job, mw_error *err) {
    const mw_schema *schema = &job->config->examples->schema;
    mw_model_feature *items = take(job, schema->field_count, sizeof *items, err);
    if (!items) return MW_NO_MEMORY;
    for (size_t i = 0; i < schema->field_count; i++) {
        items[i] = (mw_model_feature){.name = schema->fields[i].name,
                                      .type = schema->fields[i].type};
        if (job->config->imported) items[i].values = job->config->imported->values[i];
        if (mw_type_is_symbol(items[i].type) && items[i].values.count == 0)
            MW_TRY(mw_dictionary_collect(job->arena, job->config->symbols, train_column(job, i),
                                         &items[i].values, err));
    }
    MW_TRY(fit(job, items, err));
    job->features = (mw_model_features){items, schema->field_count};
    return mw_encoder_create(job->arena, job->config->symbols, job->features, &job->encoder, err);
}

/* What an imported model answers, and in which order. */
static mw_status take_imported_labels(training *job, mw_error *err) {
    const mw_imported *imported = job->config->imported;
    if (!imported) return MW_OK;
    MW_ASSERT(mw_answer_kind_fits(imported->answer,
                                  mw_code_type(job->config->examples->model->label)));
    job->out->answer = imported->answer;
    if (imported->answer == MW_ANSWER_SCORE && job->out->split.test_count == 0)
        return mw_fail(err, MW_INVALID,
                       "models.%.*s: a threshold of scores is found on a test part, and there is "
                       "none", MW_STR_ARGS(job->config->model->declaration.name));
    return MW_OK;
}

static mw_status read_labels(training *job, mw_error *err) {
    static const mw_objective objectives[] = {[MW_ANSWER_YES_NO] = MW_OBJECTIVE_BINARY,
                                              [MW_ANSWER_NUMBER] = MW_OBJECTIVE_REGRESSION,
                                              [MW_ANSWER_CLASS] = MW_OBJECTIVE_MULTICLASS};
    mw_labels_question question = {.examples = job->config->examples,
                                   .train_count = job->out->split.train_count,
                                   .example_count = job->config->example_count,
                                   .symbols = job->config->symbols,
                                   .is_learned = !job->config->imported};
    if (job->config->imported) question.names = job->config->imported->classes;
    MW_TRY(mw_labels_read(question, job->arena, &job->labels, err));
    job->out->answer = job->labels.kind;
    job->out->classes = job->labels.classes.names;
    job->settings.objective = objectives[job->labels.kind];
    job->settings.class_count = (int32_t)job->labels.classes.names.count;
    return take_imported_labels(job, err);
}

static mw_status fill_matrix(training *job, mw_lightgbm_data *out_data, mw_error *err) {
    size_t rows = job->out->split.train_count, width = job->features.count;
    double *values = take(job, rows, width * sizeof *values, err);
    float *labels = take(job, rows, sizeof *labels, err);
    unsigned char *is_categorical = take(job, width, sizeof *is_categorical, err);
    if (!values || !labels || !is_categorical) return MW_NO_MEMORY;
    for (size_t i = 0; i < rows; i++) {
        const mw_cell *cells = mw_table_row(&job->config->examples->features, i);
        (void)mw_encoder_run(job->encoder, cells, values + i * width);
        for (size_t f = 0; f < width; f++)
            if (job->learned[f]) values[i * width + f] = job->learned[f][i];
        labels[i] = mw_labels_learned(&job->labels, job->config->examples, i);
    }
    for (size_t i = 0; i < width; i++)
        is_categorical[i] = mw_type_is_symbol(job->features.items[i].type) &&
                            job->features.items[i].transform_count == 0;
    *out_data = (mw_lightgbm_data){values, labels, is_categorical, rows, width};
    return MW_OK;
}

static mw_status learn(training *job, mw_error *err) {
    if (job->config->imported) {
        job->forest = job->config->imported->forest;
        return MW_OK;
    }
    mw_lightgbm_job request = {.settings = job->settings,
                               .thread_count = job->config->thread_count,
                               .progress = job->config->progress,
                               .context = job->config->context};
    MW_TRY(fill_matrix(job, &request.data, err));
    mw_lightgbm_result result;
    mw_train_learner learner = job->config->learner;
    if (learner.run) MW_TRY(learner.run(learner.context, &request, job->arena, &result, err));
    else MW_TRY(mw_lightgbm_train(job->config->sys, &request, job->arena, &result, err));
    job->out->messages = result.messages;
    job->out->learner_cpu_us = result.cpu_us;
    return mw_lightgbm_text_read(job->arena, result.text, &job->forest, err);
}

/* --- what people should know --------------------------------------------------------------- */

/* A name that no label has is perhaps misspelt; nothing else would tell. */
static void tell_absent(const training *job, mw_buf *text) {
    mw_values names = job->labels.classes.names;
    for (size_t i = 0; job->config->imported && i < names.count; i++)
        if (!mw_labels_have(&job->labels, job->config->example_count, (uint32_t)i))
            mw_buf_printf(text, "no label of the examples is the class \"%s\"\n",
                          mw_utf8_show(names.items[i]).text);
}

/* Whoever has written yes and no as numbers means a probability. */
static void tell_bits(const training *job, mw_buf *text) {
    size_t count = job->out->answer == MW_ANSWER_NUMBER ? job->out->split.train_count : 0, bits = 0;
    for (size_t i = 0; i < count; i++) {
        double label = job->config->examples->items[i].label;
        bits += label == 0 || label == 1;
    }
    if (count == 0 || bits < count) return;
    mw_buf_append_text(text, "all labels to learn from are 0 or 1, and are learned as numbers: for "
                             "a probability of yes let the label be one, as in `... = 1`\n");
}

/* Behind what the learner has to say. */
static mw_status tell(training *job, mw_error *err) {
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    mw_buf_append_str(&text, job->out->messages);
    if (text.size > 0 && text.data[text.size - 1] != '\n') mw_buf_append_char(&text, '\n');
    tell_absent(job, &text);
    tell_bits(job, &text);
    mw_status status = mw_buf_check(&text, "train: what it has to say", err);
    mw_str said = mw_buf_str(&text);
    if (status == MW_OK && said.size > job->out->messages.size + 1)
        job->out->messages = mw_str_copy(job->arena, mw_str_slice(said, 0, said.size - 1));
    mw_buf_release(&text);
    if (status == MW_OK && job->out->messages.size > 0 && !job->out->messages.data)
        status = mw_fail(err, MW_NO_MEMORY, "train: no memory for what it has to say");
    return status;
}

/* --- how good it is --------------------------------------------------------------------- */

/* Whether all of these say the same as the first. */
static bool are_all_alike(const double *said, size_t count, size_t width, const double *first) {
    for (size_t i = 0; i < count * width; i++)
        if (said[i] != first[i % width]) return false;
    return true;
}

/* In blocks, which the forest runs through far faster than row by row. */
static mw_status answer_test_part(training *job, mw_error *err) {
    const mw_split *split = &job->out->split;
    const mw_examples *examples = job->config->examples;
    size_t width = job->features.count;
    mw_judged *judged = &job->judged;
    MW_TRY(mw_judged_make(job->arena, &job->labels, job->out->answer, split->test_count, judged,
                          err));
    double *rows = take(job, SCORED_AT_ONCE, width * sizeof *rows, err);
    double *said = take(job, SCORED_AT_ONCE, judged->width * sizeof *said, err);
    double *said_first = take(job, judged->width, sizeof *said_first, err);
    if (!rows || !said || !said_first) return MW_NO_MEMORY;
    job->out->is_constant = split->test_count > 1;
    for (size_t first = 0; first < split->test_count; first += SCORED_AT_ONCE) {
        size_t left = split->test_count - first;
        size_t count = left < SCORED_AT_ONCE ? left : SCORED_AT_ONCE;
        for (size_t i = 0; i < count; i++) {
            size_t example = split->test_first + first + i;
            (void)mw_encoder_run(job->encoder, mw_table_row(&examples->features, example),
                                 rows + i * width);
            mw_judged_set_label(judged, first + i, &job->labels, &examples->items[example],
                                example);
        }
        mw_forest_predict_rows(job->forest, rows, count, said);
        for (size_t i = 0; i < count; i++)
            mw_judged_set_answer(judged, first + i, said + i * judged->width);
        if (first == 0) memcpy(said_first, said, judged->width * sizeof *said);
        if (job->out->is_constant)
            job->out->is_constant = are_all_alike(said, count, judged->width, said_first);
    }
    return MW_OK;
}

/* A score is no share: what it is of everybody is its mean over what was learned from. */
static mw_status find_baseline(training *job, mw_error *err) {
    if (job->out->answer != MW_ANSWER_SCORE) return MW_OK;
    size_t width = job->features.count, count = job->out->split.train_count;
    double *row = take(job, width, sizeof *row, err), sum = 0;
    if (!row) return MW_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const mw_cell *cells = mw_table_row(&job->config->examples->features, i);
        (void)mw_encoder_run(job->encoder, cells, row);
        sum += mw_forest_predict(job->forest, row);
    }
    job->labels.baseline = sum / (double)count;
    if (isfinite(job->labels.baseline)) return MW_OK;
    return mw_fail(err, MW_INVALID, "models.%.*s: the model gives scores that are no numbers",
                   MW_STR_ARGS(job->config->model->declaration.name));
}

/* What the baseline says of everybody, in the test part's place. */
static mw_status answer_baseline(training *job, mw_judged *out_judged, mw_error *err) {
    const mw_judged *judged = &job->judged;
    const double *shares = job->labels.classes.probabilities;
    MW_TRY(mw_judged_make(job->arena, &job->labels, judged->kind, judged->count, out_judged, err));
    for (size_t i = 0; i < judged->count; i++) {
        mw_judged_copy(out_judged, i, judged, i);
        mw_judged_set_answer(out_judged, i, shares ? shares : &job->labels.baseline);
    }
    return MW_OK;
}

/* Without a test part, the threshold of a calibrated probability: act when the expected cost of
   a miss outweighs that of a false alarm. */
static mw_threshold expected_threshold(mw_costs costs) {
    double sum = costs.false_alarm + costs.miss;
    return (mw_threshold){.threshold = sum > 0 ? costs.false_alarm / sum : 0.5, .cost = NAN};
}

static mw_scored scored_of(const mw_judged *judged) {
    return (mw_scored){judged->outputs, judged->yes, judged->count};
}

/* The threshold, and what it costs; nothing decides of numbers and classes. */
static mw_status choose_threshold(training *job, const mw_judged *baseline, mw_error *err) {
    const mw_project_model *model = job->config->model;
    mw_costs costs = model->has_cost ? (mw_costs){model->false_alarm_cost, model->miss_cost}
                                     : (mw_costs){1, 1};
    mw_trained *out = job->out;
    out->baseline_cost = NAN;
    out->threshold = (mw_threshold){.cost = NAN};
    if (!mw_answer_kind_decides(out->answer)) return MW_OK;
    out->threshold = expected_threshold(costs);
    if (job->judged.count == 0) return MW_OK;
    MW_TRY(mw_threshold_best(scored_of(&job->judged), costs, &out->threshold, err));
    double always = mw_threshold_cost(scored_of(baseline), costs, -INFINITY).cost;
    double never = mw_threshold_cost(scored_of(baseline), costs, INFINITY).cost;
    out->baseline_cost = always < never ? always : never;
    return MW_OK;
}

static mw_status measure(training *job, mw_error *err) {
    const mw_split *split = &job->out->split;
    mw_bootstrap bootstrap = {job->config->is_brief ? 0 : MW_RESAMPLES_USUAL,
                              (uint64_t)job->config->seed};
    mw_judged baseline;
    MW_TRY(answer_baseline(job, &baseline, err));
    MW_TRY(mw_judged_measure(&job->judged, bootstrap, &job->out->test, err));
    MW_TRY(mw_judged_measure(&baseline, (mw_bootstrap){0}, &job->out->baseline, err));
    MW_TRY(choose_threshold(job, &baseline, err));
    if (job->config->is_brief || split->test_count == 0) return MW_OK;
    mw_segments_question question = {.examples = job->config->examples,
                                     .first = split->test_first,
                                     .count = split->test_count,
                                     .labels = &job->labels,
                                     .judged = &job->judged,
                                     .symbols = job->config->symbols,
                                     .bootstrap = bootstrap};
    return mw_segments_measure(question, job->arena, &job->out->segments,
                               &job->out->segment_count, err);
}

/* --- the version ------------------------------------------------------------------------ */

/* The distribution of predictions on rows that were not learned from, as they will be live: of
   classes how likely the one that is answered was. */
static mw_status profile_predictions(training *job, mw_profile *profile, mw_error *err) {
    size_t count = job->out->split.test_count;
    mw_cell *cells = take(job, count, sizeof *cells, err);
    if (!cells) return MW_NO_MEMORY;
    for (size_t i = 0; i < count; i++) cells[i] = mw_cell_number(job->judged.outputs[i]);
    return mw_profile_add(profile, MW_STR("prediction"), MW_TYPE_NUMBER,
                          (mw_column){cells, 1, count}, err);
}

static mw_status make_profile(training *job, mw_buf *out_bytes, mw_error *err) {
    mw_profile *profile;
    MW_TRY(mw_profile_create(job->arena, job->config->symbols, job->features.count + 1, &profile,
                             err));
    for (size_t i = 0; i < job->features.count; i++)
        MW_TRY(mw_profile_add(profile, job->features.items[i].name, job->features.items[i].type,
                              train_column(job, i), err));
    MW_TRY(profile_predictions(job, profile, err));
    mw_profile_encode(profile, out_bytes);
    return mw_buf_check(out_bytes, "the profile", err);
}

/* Rows of the training part, from its beginning to its end. */
static mw_status take_background(training *job, mw_version *version, mw_error *err) {
    if (!mw_forest_is_linear(job->forest)) return MW_OK;
    size_t from = job->out->split.train_count, width = job->features.count;
    size_t count = from < BACKGROUND_ROWS ? from : BACKGROUND_ROWS;
    double *rows = take(job, count, width * sizeof *rows, err);
    if (!rows) return MW_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        (void)mw_encoder_run(job->encoder,
                             mw_table_row(&job->config->examples->features, i * from / count),
                             rows + i * width);
    version->background = rows;
    version->background_count = count;
    return MW_OK;
}

static mw_status encode_version(training *job, mw_str profile, mw_buf *out_bytes,
                                mw_error *err) {
    const mw_train_config *config = job->config;
    const mw_split *split = &job->out->split;
    const mw_model_program *program = config->examples->model;
    mw_version_file *files = take(job, program->file_count + 1, sizeof *files, err);
    if (!files) return MW_NO_MEMORY;
    for (size_t i = 0; i < program->file_count; i++)
        files[i] = (mw_version_file){program->files[i].name, program->files[i].sha256};
    mw_version version = {.model = config->model->declaration.name,
                          .project = config->origin.project,
                          .zone = config->origin.zone,
                          .zone_data = config->origin.zone_data,
                          .streams = config->origin.streams,
                          .stream_count = config->origin.stream_count,
                          .features = job->features,
                          .files = files,
                          .file_count = program->file_count,
                          .answer = job->out->answer,
                          .classes = job->labels.classes,
                          .forest = job->forest,
                          .threshold = job->out->threshold.threshold,
                          .baseline = job->labels.baseline,
                          .learner = config->model->learner,
                          .settings = job->out->settings,
                          .data_version = config->origin.data_version,
                          .from_us = split->train_from,
                          .to_us = split->test_from,
                          .example_count = split->train_count,
                          .profile = profile};
    MW_TRY(take_background(job, &version, err));
    return mw_version_encode(&version, out_bytes, err);
}

static mw_status make_version(training *job, mw_error *err) {
    mw_buf profile, bytes;
    mw_buf_init(&profile, VERSION_BYTES_MAX);
    mw_buf_init(&bytes, VERSION_BYTES_MAX);
    mw_status status = make_profile(job, &profile, err);
    if (status == MW_OK) status = encode_version(job, mw_buf_str(&profile), &bytes, err);
    if (status == MW_OK) {
        char name[MW_VERSION_NAME_SIZE + 1];
        mw_version_name(mw_buf_str(&bytes), name);
        job->out->bytes = mw_str_copy(job->arena, mw_buf_str(&bytes));
        job->out->name = mw_str_copy(job->arena, mw_str_of(name));
        if (!job->out->bytes.data || !job->out->name.data)
            status = mw_fail(err, MW_NO_MEMORY, "train: no memory for the version");
    }
    mw_buf_release(&profile);
    mw_buf_release(&bytes);
    return status;
}

static mw_status spell_settings(training *job, mw_error *err) {
    if (job->config->imported) {
        job->out->settings = job->config->imported->settings;
        return MW_OK;
    }
    mw_buf text;
    mw_buf_init(&text, 4096);
    mw_lightgbm_settings_append(&text, &job->settings);
    mw_status status = mw_buf_check(&text, "settings", err);
    job->out->settings = mw_str_copy(job->arena, mw_buf_str(&text));
    mw_buf_release(&text);
    if (status == MW_OK && !job->out->settings.data)
        status = mw_fail(err, MW_NO_MEMORY, "train: no memory for the settings");
    return status;
}

mw_status mw_train(const mw_train_config *config, mw_arena *arena, mw_trained *out_trained,
                   mw_error *err) {
    mw_trained trained = {0};
    training job = {.config = config, .arena = arena, .out = &trained};
    if (!config->imported)
        MW_TRY(mw_train_settings(config->model, config->seed, &job.settings, err));
    MW_TRY(mw_split_by_time(config->examples, config->example_count, config->test_from,
                            &trained.split, err));
    MW_TRY(read_labels(&job, err));
    MW_TRY(spell_settings(&job, err));
    MW_TRY(describe_features(&job, err));
    MW_TRY(learn(&job, err));
    MW_TRY(tell(&job, err));
    MW_TRY(answer_test_part(&job, err));
    MW_TRY(find_baseline(&job, err));
    MW_TRY(measure(&job, err));
    MW_TRY(make_version(&job, err));
    *out_trained = trained;
    return MW_OK;
}
