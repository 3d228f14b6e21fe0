#include "decide/decider.h"

#include <math.h>

enum { ID_TEXT_MAX = 1 << 20, SCHEMA_SIZE_MAX = 1 << 24 };

struct mw_decider {
    mw_decider_config config;
    mw_arena arena;
    mw_course *course;
    mw_scorer *scorer; /* NULL: no version answers yet */
    mw_schema schema;  /* of the features */
    mw_cell *features; /* of the moment that was asked last */
    mw_buf event_id;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "decider: no memory");
}

static bool is_asked(const mw_model_program *model) {
    return model->moment_offset_us == 0 && !model->schedule;
}

static mw_status prepare(mw_decider *decider, mw_error *err) {
    const mw_model_program *model = decider->config.model;
    mw_field *fields =
        mw_arena_alloc(&decider->arena, model->feature_count + 1, sizeof *fields);
    decider->features =
        mw_arena_alloc(&decider->arena, model->feature_count + 1, sizeof *decider->features);
    if (!fields || !decider->features) return no_memory(err);
    for (size_t i = 0; i < model->feature_count; i++)
        fields[i] = (mw_field){model->features[i].name, model->features[i].type};
    decider->schema = (mw_schema){fields, model->feature_count};
    mw_course_config course = {.engine = {.program = decider->config.program,
                                          .model = model,
                                          .symbols = decider->config.symbols,
                                          .memory_max = decider->config.memory_max},
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
    mw_buf_release(&decider->event_id);
    mw_arena_release(&decider->arena);
    mw_free(decider);
}

mw_status mw_decider_promote(mw_decider *decider, mw_str version_bytes, mw_error *err) {
    mw_scorer *scorer = NULL;
    MW_TRY(mw_scorer_create(version_bytes, decider->config.symbols, &scorer, err));
    mw_status status = mw_scorer_fits(scorer, decider->schema.fields,
                                      decider->schema.field_count, err);
    if (status != MW_OK) {
        mw_scorer_destroy(scorer);
        return status;
    }
    mw_scorer_destroy(decider->scorer);
    decider->scorer = scorer;
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
    MW_TRY(mw_course_event(decider->course, &own, err));
    /* Models that are only asked meet no due moment at which their windows would shrink. */
    mw_engine_advance(mw_course_engine(decider->course), event->place);
    return MW_OK;
}

/* Without an answer yet. */
static mw_status describe(mw_decider *decider, const mw_moment *moment, const mw_cell *features,
                          mw_prediction *out_prediction, mw_error *err) {
    const mw_model_program *model = decider->config.model;
    mw_buf_clear(&decider->event_id);
    mw_stream_append_id(&decider->config.program->streams[model->moment_stream], moment->row,
                        decider->config.symbols, &decider->event_id);
    MW_TRY(mw_buf_check(&decider->event_id, "the event's id", err));
    *out_prediction = (mw_prediction){.place = moment->place,
                                      .t = moment->t,
                                      .model = model->name,
                                      .event_id = mw_buf_str(&decider->event_id),
                                      .prediction = NAN,
                                      .features = features};
    return MW_OK;
}

void mw_decider_judge(const mw_decider *decider, mw_prediction *prediction) {
    if (!decider->scorer) return;
    mw_score score = mw_scorer_run(decider->scorer, prediction->features);
    prediction->version = mw_scorer_name(decider->scorer);
    prediction->prediction = score.prediction;
    prediction->decision = score.decision;
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
    if (*out_found) mw_decider_judge(decider, out_prediction);
    return MW_OK;
}

mw_status mw_decider_predict(mw_decider *decider, const mw_moment *moment,
                             mw_prediction *out_prediction, mw_error *err) {
    MW_TRY(mw_course_features(decider->course, moment, decider->features, err));
    MW_TRY(describe(decider, moment, decider->features, out_prediction, err));
    mw_decider_judge(decider, out_prediction);
    return MW_OK;
}

int64_t mw_decider_next_due(const mw_decider *decider) {
    return mw_course_next_due(decider->course);
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

mw_status mw_decider_explain(mw_decider *decider, const mw_cell *features,
                             mw_reasons *out_reasons, mw_error *err) {
    MW_ASSERT(decider->scorer);
    return mw_scorer_explain(decider->scorer, features, out_reasons, err);
}

const mw_scorer *mw_decider_scorer(const mw_decider *decider) { return decider->scorer; }
mw_course *mw_decider_course(mw_decider *decider) { return decider->course; }
