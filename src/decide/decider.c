#include "decide/decider.h"

#include <math.h>

#include "decide/recall.h"
#include "feature/kept_texts.h"
#include "lang/stand_in.h"

enum { ID_TEXT_MAX = 1 << 20, SCHEMA_SIZE_MAX = 1 << 24 };

struct mw_decider {
    mw_decider_config config;
    mw_arena arena;
    mw_kept_texts *kept; /* by the course's windows */
    mw_course *course;
    mw_scorer *scorer; /* NULL: no version answers yet */
    mw_stand_in stand_in; /* of a fallback by an expression */
    mw_scorer *previous; /* the one before; NULL: there is none, or it is of no use any more */
    mw_schema schema;  /* of the features */
    mw_cell *features; /* of the moment that was asked last */
    const mw_slate *slate; /* with `each`: those that were */
    const mw_cell *row;    /* of the moment at hand; NULL: it is not known */
    mw_buf event_id;
    uint64_t fallbacks[MW_BECAUSE_COUNT]; /* answers of the fallback */
    uint64_t unseen_values;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "decider: no memory");
}

static bool is_asked(const mw_model_program *model) {
    return model->moment_offset_us == 0 && !model->schedule;
}

/* The expression of today's project file, for the program of the version that answers. */
static mw_status prepare_stand_in(mw_decider *decider, mw_error *err) {
    const mw_decider_config *config = &decider->config;
    if (config->fallback.kind != MW_FALLBACK_EXPRESSION) return MW_OK;
    mw_stand_in_wish wish = {config->program, config->model, config->fallback.expression,
                             config->symbols};
    mw_diagnostics *diagnostics = mw_arena_alloc(&decider->arena, 1, sizeof *diagnostics);
    if (!diagnostics) return no_memory(err);
    mw_diagnostics_init(diagnostics, &decider->arena);
    mw_status status =
        mw_stand_in_compile(wish, &decider->arena, diagnostics, &decider->stand_in);
    if (status == MW_NO_MEMORY) return no_memory(err);
    return mw_diagnostics_status(diagnostics, err);
}

static mw_status prepare(mw_decider *decider, mw_error *err) {
    const mw_model_program *model = decider->config.model;
    MW_TRY(prepare_stand_in(decider, err));
    mw_field *fields =
        mw_arena_alloc(&decider->arena, model->feature_count + 1, sizeof *fields);
    decider->features =
        mw_arena_alloc(&decider->arena, model->feature_count + 1, sizeof *decider->features);
    decider->kept = mw_kept_texts_create(decider->config.program, &decider->arena);
    if (!fields || !decider->features || !decider->kept) return no_memory(err);
    mw_kept_texts_add_model(decider->kept, model);
    for (size_t i = 0; i < model->feature_count; i++)
        fields[i] = (mw_field){model->features[i].name, model->features[i].type};
    decider->schema = (mw_schema){fields, model->feature_count};
    mw_course_config course = {.engine = {.program = decider->config.program,
                                          .model = model,
                                          .symbols = decider->config.symbols,
                                          .memory = decider->config.memory},
                               .from = decider->config.from,
                               .to = INT64_MAX,
                               .announces_none = is_asked(model)};
    return mw_course_create(course, &decider->course, err);
}

mw_status mw_decider_create(mw_decider_config config, mw_decider **out_decider, mw_error *err) {
    mw_decider *decider = mw_allocate(sizeof *decider);
    if (!decider) return no_memory(err);
    decider->config = config;
    mw_arena_init(&decider->arena, SCHEMA_SIZE_MAX);
    mw_buf_init(&decider->event_id, ID_TEXT_MAX);
    mw_status status = prepare(decider, err);
    if (status != MW_OK) mw_decider_destroy(decider);
    else *out_decider = decider;
    return status;
}

void mw_decider_destroy(mw_decider *decider) {
    if (!decider) return;
    mw_course_destroy(decider->course);
    mw_scorer_destroy(decider->scorer);
    mw_scorer_destroy(decider->previous);
    mw_buf_release(&decider->event_id);
    mw_arena_release(&decider->arena);
    mw_free(decider);
}

static mw_status check_scorer(const mw_decider *decider, const mw_scorer *scorer, mw_error *err) {
    MW_TRY(mw_scorer_answers(scorer, mw_code_type(decider->config.model->label), err));
    return mw_scorer_fits(scorer, decider->schema.fields, decider->schema.field_count, err);
}

/* Destroys one that cannot answer here. */
static mw_status make_ready(const mw_decider *decider, mw_scorer *scorer, mw_error *err) {
    mw_status status = mw_scorer_make_ready(scorer, decider->config.symbols, err);
    if (status == MW_OK) status = check_scorer(decider, scorer, err);
    if (status != MW_OK) mw_scorer_destroy(scorer);
    return status;
}

static bool is_of_classes(const mw_scorer *scorer) {
    return scorer && mw_scorer_version(scorer)->answer == MW_ANSWER_CLASS;
}

bool mw_decider_keeps_previous(const mw_decider *decider) {
    return decider->config.fallback.kind == MW_FALLBACK_PREVIOUS || is_of_classes(decider->scorer);
}

/* It is kept only where it may have to stand in, or to tell what it said of classes. */
static void set_previous(mw_decider *decider, mw_scorer *scorer) {
    mw_scorer_destroy(decider->previous);
    decider->previous = NULL;
    bool is_wanted =
        decider->config.fallback.kind == MW_FALLBACK_PREVIOUS || is_of_classes(scorer);
    if (is_wanted) decider->previous = scorer;
    else mw_scorer_destroy(scorer);
}

mw_status mw_decider_promote_read(mw_decider *decider, mw_scorer *read, mw_error *err) {
    MW_TRY(make_ready(decider, read, err));
    if (decider->scorer) set_previous(decider, decider->scorer);
    decider->scorer = read;
    return MW_OK;
}

mw_status mw_decider_promote(mw_decider *decider, mw_str version_bytes, mw_error *err) {
    mw_scorer *scorer = NULL;
    MW_TRY(mw_scorer_read(version_bytes, &scorer, err));
    return mw_decider_promote_read(decider, scorer, err);
}

mw_status mw_decider_precede(mw_decider *decider, mw_str version_bytes, mw_error *err) {
    mw_scorer *scorer = NULL;
    MW_TRY(mw_scorer_read(version_bytes, &scorer, err));
    MW_TRY(make_ready(decider, scorer, err));
    set_previous(decider, scorer);
    return MW_OK;
}

/* By the program's numbers. False if the program has no such stream. */
static bool translate(const mw_decider *decider, mw_event *event) {
    if (!decider->config.streams) return true;
    MW_ASSERT((size_t)event->stream < decider->config.stream_count);
    event->stream = decider->config.streams[event->stream];
    return event->stream >= 0;
}

mw_status mw_decider_event(mw_decider *decider, const mw_event *event, mw_error *err) {
    mw_event own = *event;
    if (!translate(decider, &own)) return MW_OK;
    mw_kept_texts_keep(decider->kept, &own, decider->config.symbols);
    MW_TRY(mw_course_event(decider->course, &own, err));
    /* Models that are only asked meet no due moment at which their windows would shrink. */
    mw_engine_advance(mw_course_engine(decider->course), event->place);
    return MW_OK;
}

/* The id of a moment's event, and with `each` the element behind it: gives the size of that. */
static uint32_t name_event(mw_decider *decider, const mw_cell *row) {
    const mw_model_program *model = decider->config.model;
    const mw_stream *moments = &decider->config.program->streams[model->moment_stream];
    const mw_stream *event = model->each ? &decider->config.program->streams[model->each->stream]
                                         : moments;
    mw_buf *id = &decider->event_id;
    mw_stream_append_id(event, row, decider->config.symbols, id);
    if (!model->each || event->id_count == 0) return 0;
    size_t before = id->size;
    int32_t element = model->each->element;
    mw_buf_append_char(id, '|');
    mw_cell_append(id, moments->schema.fields[element].type, row[element],
                   decider->config.symbols);
    return (uint32_t)(id->size - before);
}

/* Without an answer yet; `moment` may be unknown. */
static mw_status describe(mw_decider *decider, const mw_moment *moment, const mw_cell *features,
                          mw_prediction *out_prediction, mw_error *err) {
    const mw_model_program *model = decider->config.model;
    mw_buf_clear(&decider->event_id);
    decider->row = moment ? moment->row : NULL;
    uint32_t element_size = moment ? name_event(decider, moment->row) : 0;
    MW_TRY(mw_buf_check(&decider->event_id, "the event's id", err));
    *out_prediction = (mw_prediction){.place = moment ? moment->place : 0,
                                      .t = moment ? moment->t : 0,
                                      .model = model->name,
                                      .event_id = mw_buf_str(&decider->event_id),
                                      .element_size = element_size,
                                      .kind = mw_answer_kind_of(mw_code_type(model->label)),
                                      .prediction = NAN,
                                      .features = features};
    return MW_OK;
}

static void ask(mw_decider *decider, mw_scorer *scorer, mw_prediction *prediction) {
    mw_score score = mw_scorer_run(scorer, prediction->features);
    decider->unseen_values += score.unseen_values;
    prediction->version = mw_scorer_name(scorer);
    prediction->kind = mw_scorer_version(scorer)->answer;
    prediction->prediction = score.prediction;
    prediction->decision = score.decision;
    prediction->class_name = score.class_name;
    prediction->classes = score.classes;
}

/* --- the fallback --------------------------------------------------------------------------- */

const mw_fallback *mw_decider_fallback(const mw_decider *decider) {
    return &decider->config.fallback;
}

uint64_t mw_decider_unseen_values(const mw_decider *decider) {
    return decider->unseen_values;
}

uint64_t mw_decider_fallbacks(const mw_decider *decider, mw_fallback_reason reason) {
    return decider->fallbacks[reason];
}

bool mw_decider_has_fallback(const mw_decider *decider) {
    mw_fallback_kind kind = decider->config.fallback.kind;
    bool needs_version = kind == MW_FALLBACK_PREVIOUS || kind == MW_FALLBACK_BASELINE;
    return needs_version ? decider->scorer != NULL : kind != MW_FALLBACK_NONE;
}

static bool has_too_few(const mw_decider *decider, const mw_cell *features) {
    size_t count = decider->schema.field_count, missing = 0;
    for (size_t i = 0; i < count; i++)
        missing += mw_cell_is_missing(decider->schema.fields[i].type, features[i]);
    return (double)missing > decider->config.fallback.missing_max * (double)count;
}

/* A number or a probability, and what follows from it. */
static void answer_number(mw_prediction *prediction, double number, double threshold) {
    prediction->prediction = number;
    prediction->decision = mw_answer_kind_decides(prediction->kind) && number >= threshold;
}

/* The share that each class had in training. */
static void answer_shares(mw_prediction *prediction, const mw_version *version) {
    size_t likeliest = mw_classes_likeliest(version->classes);
    MW_ASSERT(likeliest < version->classes.names.count);
    prediction->classes = version->classes;
    prediction->class_name = version->classes.names.items[likeliest];
    prediction->prediction = version->classes.probabilities[likeliest];
}

/* With the row where that is at hand. A bool decides by itself. */
static void ask_expression(mw_decider *decider, double threshold, mw_prediction *prediction) {
    const mw_decider_config *config = &decider->config;
    mw_frame frame = {.row = decider->row,
                      .features = prediction->is_blind ? NULL : prediction->features,
                      .time_us = decider->row ? prediction->t : MW_TIME_MISSING,
                      .symbols = config->symbols,
                      .zone = config->program->zone};
    mw_cell answer = mw_stand_in_run(&decider->stand_in, &frame);
    bool is_bool = mw_code_type(decider->stand_in.code) == MW_TYPE_BOOL;
    bool is_yes = is_bool && answer.boolean == MW_TRUE;
    answer_number(prediction, is_bool ? is_yes : answer.number, threshold);
    if (is_bool && mw_answer_kind_decides(prediction->kind)) prediction->decision = is_yes;
}

/* A version before it that answers something else has nothing to say for this one. */
static bool can_ask_previous(const mw_decider *decider, const mw_prediction *prediction) {
    if (decider->config.fallback.kind != MW_FALLBACK_PREVIOUS) return false;
    if (!decider->previous || prediction->is_blind) return false;
    return mw_scorer_version(decider->previous)->answer == prediction->kind;
}

/* The previous version where there is one, its answer is a number and it has seen the features;
   else what needs no other version. No number stands in for a class: its shares do, whatever the
   fallback is by now of a model whose label was a class when the version was trained. */
static void fall_back(mw_decider *decider, mw_fallback_reason reason, mw_prediction *prediction) {
    const mw_fallback *fallback = &decider->config.fallback;
    const mw_version *version = decider->scorer ? mw_scorer_version(decider->scorer) : NULL;
    prediction->fallback = reason;
    decider->fallbacks[reason]++;
    if (version) prediction->kind = version->answer;
    if (can_ask_previous(decider, prediction)) {
        ask(decider, decider->previous, prediction);
        if (isfinite(prediction->prediction)) return;
    }
    double threshold = version ? version->threshold : 0.5;
    prediction->version = version ? mw_scorer_name(decider->scorer) : MW_STR("");
    if (version && version->answer == MW_ANSWER_CLASS) {
        answer_shares(prediction, version);
    } else if (fallback->kind == MW_FALLBACK_EXPRESSION) {
        ask_expression(decider, threshold, prediction);
    } else if (fallback->kind == MW_FALLBACK_CONSTANT) {
        answer_number(prediction, fallback->constant, threshold);
    } else {
        MW_ASSERT(version);
        answer_number(prediction, version->baseline, threshold);
    }
}

static void judge(mw_decider *decider, mw_prediction *prediction) {
    if (!decider->scorer) return;
    ask(decider, decider->scorer, prediction);
    if (!mw_decider_has_fallback(decider)) return;
    if (!isfinite(prediction->prediction)) fall_back(decider, MW_BECAUSE_NOT_A_NUMBER, prediction);
    else if (has_too_few(decider, prediction->features))
        fall_back(decider, MW_BECAUSE_MISSING, prediction);
}

void mw_decider_judge(mw_decider *decider, mw_prediction *prediction) {
    decider->row = NULL;
    judge(decider, prediction);
}

/* Whether what stands in looks at the features. */
static bool asks_features(const mw_decider *decider) {
    mw_fallback_kind kind = decider->config.fallback.kind;
    if (kind == MW_FALLBACK_PREVIOUS) return decider->previous != NULL;
    if (kind != MW_FALLBACK_EXPRESSION) return false;
    for (size_t i = 0; i < decider->schema.field_count; i++)
        if (mw_code_reads_feature(decider->stand_in.code, (int32_t)i)) return true;
    return false;
}

mw_status mw_decider_stand_in(mw_decider *decider, const mw_moment *moment,
                              mw_fallback_reason reason, mw_prediction *out_prediction,
                              mw_error *err) {
    MW_ASSERT(mw_decider_has_fallback(decider));
    bool sees = asks_features(decider) && moment && reason != MW_BECAUSE_FAILED;
    if (sees) MW_TRY(mw_course_features(decider->course, moment, decider->features, err));
    else
        for (size_t i = 0; i < decider->schema.field_count; i++)
            decider->features[i] = mw_cell_missing(decider->schema.fields[i].type);
    MW_TRY(describe(decider, moment, decider->features, out_prediction, err));
    out_prediction->is_blind = !sees;
    fall_back(decider, reason, out_prediction);
    return MW_OK;
}

mw_status mw_decider_pass(mw_decider *decider, int64_t place, mw_prediction *out_prediction,
                          bool *out_found, mw_error *err) {
    mw_step step;
    bool found = false;
    MW_TRY(mw_course_next(decider->course, place, &step, &found, err));
    if (found) {
        MW_ASSERT(step.kind == MW_DUE_MOMENT);
        MW_TRY(describe(decider, &step.moment, step.features, out_prediction, err));
    }
    *out_found = found;
    return MW_OK;
}

mw_status mw_decider_next(mw_decider *decider, int64_t place, mw_prediction *out_prediction,
                          bool *out_found, mw_error *err) {
    MW_TRY(mw_decider_pass(decider, place, out_prediction, out_found, err));
    if (*out_found) judge(decider, out_prediction);
    return MW_OK;
}

mw_status mw_decider_predict(mw_decider *decider, const mw_moment *moment,
                             mw_prediction *out_prediction, mw_error *err) {
    MW_TRY(mw_course_features(decider->course, moment, decider->features, err));
    MW_TRY(describe(decider, moment, decider->features, out_prediction, err));
    judge(decider, out_prediction);
    return MW_OK;
}

mw_status mw_decider_ask(mw_decider *decider, const mw_moment *announced, size_t *out_count,
                         mw_error *err) {
    MW_TRY(mw_course_slate(decider->course, announced, &decider->slate, err));
    *out_count = mw_slate_count(decider->slate);
    return MW_OK;
}

mw_status mw_decider_answer(mw_decider *decider, size_t index, mw_cell *out_element,
                            mw_prediction *out_prediction, mw_error *err) {
    mw_moment moment = mw_slate_moment(decider->slate, index);
    MW_TRY(describe(decider, &moment, mw_slate_features(decider->slate, index), out_prediction,
                    err));
    judge(decider, out_prediction);
    *out_element = moment.row[decider->config.model->each->element];
    return MW_OK;
}

static mw_scorer *find_scorer(const mw_decider *decider, mw_str version) {
    mw_scorer *const known[] = {decider->scorer, decider->previous};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] && mw_str_equal(mw_scorer_name(known[i]), version)) return known[i];
    return NULL;
}

bool mw_decider_knows(const mw_decider *decider, mw_str version) {
    return find_scorer(decider, version) != NULL;
}

bool mw_decider_recall(mw_decider *decider, mw_prediction *prediction) {
    mw_scorer *scorer = find_scorer(decider, prediction->version);
    if (scorer) mw_recall_classes(scorer, prediction);
    return scorer != NULL;
}

int64_t mw_decider_next_due(const mw_decider *decider) {
    return mw_course_next_due(decider->course);
}

mw_status mw_decider_check_moments(const mw_program *program, const mw_model_program *model,
                                   mw_error *err) {
    if (is_asked(model) || program->streams[model->moment_stream].id_count > 0) return MW_OK;
    mw_str announcer = program->streams[mw_model_announcer(model)].name;
    return mw_fail(err, MW_INVALID,
                   "its moments fall due by themselves, but stream %.*s has no id to tell them "
                   "apart", MW_STR_ARGS(announcer));
}

bool mw_decider_is_asked(const mw_decider *decider) { return is_asked(decider->config.model); }

int32_t mw_decider_announcer(const mw_decider *decider) {
    const mw_decider_config *config = &decider->config;
    int32_t announcer = mw_model_announcer(config->model), number = 0;
    if (!config->streams) return announcer;
    while (config->streams[number] != announcer) {
        number++;
        MW_ASSERT((size_t)number < config->stream_count);
    }
    return number;
}

const mw_program *mw_decider_program(const mw_decider *decider) {
    return decider->config.program;
}
const mw_model_program *mw_decider_model(const mw_decider *decider) {
    return decider->config.model;
}
const mw_schema *mw_decider_features(const mw_decider *decider) { return &decider->schema; }
mw_status mw_decider_prepare(mw_decider *decider, mw_error *err) {
    if (!decider->scorer)
        return mw_fail(err, MW_UNAVAILABLE, "explain: no version answers for the model");
    return mw_scorer_prepare(decider->scorer, err);
}

mw_status mw_decider_explain(mw_decider *decider, mw_str version, const mw_cell *features,
                             mw_reasons *out_reasons, mw_error *err) {
    mw_scorer *scorer = find_scorer(decider, version);
    MW_ASSERT(scorer);
    return mw_scorer_explain(scorer, features, out_reasons, err);
}

const mw_scorer *mw_decider_scorer(const mw_decider *decider) { return decider->scorer; }
mw_course *mw_decider_course(mw_decider *decider) { return decider->course; }
