#include "project/columns.h"

#include <math.h>
#include <string.h>

#include "lang/stand_in.h"
#include "table/answer_kind.h"

typedef struct {
    mw_arena *arena;
    mw_diagnostics *diagnostics;
} joiner;

static void offer_fields(mw_nearest *known, const mw_schema *schema) {
    for (size_t i = 0; i < schema->field_count; i++)
        mw_nearest_offer(known, schema->fields[i].name);
}

static bool is_known(const mw_nearest *known) { return mw_str_equal(known->found, known->word); }

/* What `types` names is all that is known of data that could not be read. */
static mw_status types_stand_in(joiner *j, const mw_project_stream *stream, mw_schema *columns) {
    columns->fields = mw_arena_alloc(j->arena, stream->type_count + 1, sizeof *columns->fields);
    if (!columns->fields) return MW_NO_MEMORY;
    for (size_t i = 0; i < stream->type_count; i++) {
        mw_field *field = &columns->fields[columns->field_count];
        field->name = stream->types[i].name;
        columns->field_count += mw_type_parse(stream->types[i].source.text, &field->type);
    }
    return MW_OK;
}

static void types_apply(joiner *j, const mw_project_stream *stream, mw_schema *columns) {
    for (size_t i = 0; i < stream->type_count; i++) {
        const mw_named_source *wanted = &stream->types[i];
        int32_t field = mw_schema_find(columns, wanted->name);
        mw_type type;
        if (!mw_type_parse(wanted->source.text, &type)) continue; /* the schema has told */
        if (field != MW_NO_FIELD) {
            columns->fields[field].type = type;
            continue;
        }
        mw_diagnose(j->diagnostics, wanted->position, MW_INVALID,
                    "streams.%.*s.types: must name a column of the data, got %.*s",
                    MW_STR_ARGS(stream->declaration.name), MW_STR_ARGS(wanted->name));
        mw_nearest known = mw_nearest_to(wanted->name);
        offer_fields(&known, columns);
        mw_diagnose_nearest(j->diagnostics, &known);
    }
}

static void checks_look_up(joiner *j, const mw_project_stream *stream, const mw_schema *columns) {
    const mw_stream_declaration *d = &stream->declaration;
    for (size_t i = 0; i < stream->check_count; i++) {
        const mw_column_check *check = &stream->checks[i];
        mw_nearest known = mw_nearest_to(check->column);
        offer_fields(&known, columns);
        for (size_t k = 0; k < d->field_count; k++) mw_nearest_offer(&known, d->fields[k].name);
        if (is_known(&known)) continue;
        mw_diagnose(j->diagnostics, check->position, MW_INVALID,
                    "streams.%.*s.checks: must name a column or a field, got %.*s",
                    MW_STR_ARGS(d->name), MW_STR_ARGS(check->column));
        mw_diagnose_nearest(j->diagnostics, &known);
    }
}

mw_status mw_project_declare(const mw_project *project, mw_project_data data, mw_arena *arena,
                             mw_diagnostics *diagnostics, mw_declarations *out_declarations) {
    joiner j = {arena, diagnostics};
    mw_declarations declared = {
        .zone = data.zone,
        .senses = data.senses,
        .streams = mw_arena_alloc(arena, project->stream_count, sizeof *declared.streams),
        .stream_count = project->stream_count,
        .features = project->features,
        .feature_count = project->feature_count,
        .models = mw_arena_alloc(arena, project->model_count, sizeof *declared.models),
        .model_count = project->model_count,
    };
    if (!declared.streams || !declared.models) return MW_NO_MEMORY;
    for (size_t i = 0; i < project->stream_count; i++) {
        const mw_project_stream *stream = &project->streams[i];
        mw_stream_declaration *made = &declared.streams[i];
        *made = stream->declaration;
        made->lacks_columns = data.columns[i].field_count == 0;
        if (made->lacks_columns) {
            MW_TRY(types_stand_in(&j, stream, &made->columns));
            continue;
        }
        MW_TRY(mw_schema_copy(arena, &data.columns[i], &made->columns, NULL));
        types_apply(&j, stream, &made->columns);
        checks_look_up(&j, stream, &made->columns);
    }
    for (size_t i = 0; i < project->model_count; i++)
        declared.models[i] = project->models[i].declaration;
    *out_declarations = declared;
    return MW_OK;
}

static void offer_features(mw_nearest *known, const mw_model_program *model) {
    for (size_t i = 0; i < model->feature_count; i++)
        mw_nearest_offer(known, model->features[i].name);
}

/* A segment is a feature or a field of the moment's event. */
static void segments_look_up(joiner *j, const mw_project_model *model, const mw_schema *moment,
                             const mw_model_program *compiled) {
    for (size_t i = 0; i < model->segment_count; i++) {
        mw_nearest known = mw_nearest_to(model->segments[i]);
        offer_fields(&known, moment);
        offer_features(&known, compiled);
        if (is_known(&known)) continue;
        mw_diagnose(j->diagnostics, model->segments_position, MW_INVALID,
                    "models.%.*s.segments: must be features or fields of the moment, got %.*s",
                    MW_STR_ARGS(model->declaration.name), MW_STR_ARGS(model->segments[i]));
        mw_diagnose_nearest(j->diagnostics, &known);
    }
}

/* The drift of a name is that of a feature, of the prediction, or the greatest of all. */
static void drifts_look_up(joiner *j, const mw_rule *rules, size_t rule_count,
                           const mw_model_program *model) {
    for (size_t i = 0; i < rule_count; i++) {
        mw_str name = rules[i].quantity;
        if (!mw_str_starts(name, MW_STR("drift."))) continue;
        name = mw_str_slice(name, strlen("drift."), name.size);
        mw_nearest known = mw_nearest_to(name);
        offer_features(&known, model);
        mw_nearest_offer_text(&known, "max");
        mw_nearest_offer_text(&known, "prediction");
        if (is_known(&known)) continue;
        mw_diagnose(j->diagnostics, rules[i].position, MW_INVALID,
                    "retrain.%.*s: drift is of a feature, of the prediction, or the max, got %.*s",
                    MW_STR_ARGS(model->name), MW_STR_ARGS(name));
        mw_diagnose_nearest(j->diagnostics, &known);
    }
}

/* A yes or no stands in for no number. */
static void bool_check(joiner *j, const mw_project_model *model, const mw_model_program *compiled,
                       const mw_code *stand_in) {
    mw_type label = mw_code_type(compiled->label);
    bool is_number = mw_answer_kind_of(label) == MW_ANSWER_NUMBER;
    if (!is_number || mw_code_type(stand_in) != MW_TYPE_BOOL || j->diagnostics->of_version) return;
    mw_diagnose(j->diagnostics, model->fallback.expression.position, MW_INVALID,
                "serving.%.*s.fallback: must be a number, for the label is a %s, got a bool",
                MW_STR_ARGS(model->declaration.name), mw_type_name(label));
}

/* An expression that stands in must be one for the program of today, too. */
static mw_status fallback_look_up(joiner *j, const mw_project_model *model,
                                  const mw_program *program, mw_symbols *symbols) {
    if (model->fallback.kind != MW_FALLBACK_EXPRESSION) return MW_OK;
    const mw_model_program *compiled = mw_program_find_model(program, model->declaration.name);
    if (mw_type_is_text(mw_code_type(compiled->label))) return MW_OK; /* told already */
    mw_stand_in_wish wish = {program, compiled, model->fallback.expression, symbols};
    mw_stand_in stand_in;
    mw_status status = mw_stand_in_compile(wish, j->arena, j->diagnostics, &stand_in);
    if (status == MW_OK) bool_check(j, model, compiled, stand_in.code);
    return status == MW_NO_MEMORY ? status : MW_OK; /* the rest is in the diagnostics */
}

/* What of the fallback fits each kind of answer: the version before and the baseline fit all. */
static void fallback_check(joiner *j, const mw_project_model *model, mw_answer_kind kind) {
    const mw_fallback *fallback = &model->fallback;
    bool is_constant = fallback->kind == MW_FALLBACK_CONSTANT;
    bool is_share = fallback->constant >= 0 && fallback->constant <= 1;
    if (!is_constant && fallback->kind != MW_FALLBACK_EXPRESSION) return;
    if (kind == MW_ANSWER_CLASS) {
        mw_diagnose(j->diagnostics, fallback->expression.position, MW_NOT_BUILT,
                    "serving.%.*s.fallback: must be previous or baseline, for the label is a "
                    "class; others are not built yet, got %.*s",
                    MW_STR_ARGS(model->declaration.name), MW_STR_ARGS(fallback->expression.text));
    } else if (is_constant && kind == MW_ANSWER_YES_NO && !is_share) {
        mw_diagnose(j->diagnostics, fallback->expression.position, MW_INVALID,
                    "serving.%.*s.fallback: must be 0 to 1, for the label is a bool, got %.*s",
                    MW_STR_ARGS(model->declaration.name), MW_STR_ARGS(fallback->expression.text));
    }
}

/* Costs, the gate and triggers go by yes and no. */
static void decisions_check(joiner *j, const mw_project_model *model, mw_type label) {
    mw_str name = model->declaration.name;
    if (model->has_cost) {
        mw_diagnose(j->diagnostics, model->cost_position, MW_INVALID,
                    "models.%.*s.cost: false_alarm and miss are of a yes or no, and the label is a "
                    "%s", MW_STR_ARGS(name), mw_type_name(label));
        mw_diagnose_hint(j->diagnostics, "Make the label a yes or no (`... >= 30`, `... = 1`), or "
                                         "leave the cost out.");
    }
    if (model->retrain.position.line == 0) return;
    mw_diagnose(j->diagnostics, model->retrain.position, MW_NOT_BUILT,
                "retrain.%.*s: a model whose label is a %s is not retrained by itself yet",
                MW_STR_ARGS(name), mw_type_name(label));
    mw_diagnose_hint(j->diagnostics, "Leave it out; `millwright train` and `millwright models "
                                     "promote` do it by hand.");
}

/* Versions that stand were checked when they were made, by the rules of then. */
static void answer_look_up(joiner *j, const mw_project_model *model,
                           const mw_model_program *compiled) {
    mw_type label = mw_code_type(compiled->label);
    mw_answer_kind kind = mw_answer_kind_of(label);
    if (j->diagnostics->of_version) return;
    fallback_check(j, model, kind);
    if (kind != MW_ANSWER_YES_NO) decisions_check(j, model, label);
}

static void model_look_up(joiner *j, const mw_project_model *model, const mw_program *program) {
    const mw_model_program *compiled = mw_program_find_model(program, model->declaration.name);
    const mw_retrain *retrain = &model->retrain;
    MW_ASSERT(compiled);
    answer_look_up(j, model, compiled);
    segments_look_up(j, model, &program->streams[compiled->moment_stream].schema, compiled);
    drifts_look_up(j, retrain->when, retrain->when_count, compiled);
    drifts_look_up(j, retrain->gate, retrain->gate_count, compiled);
}

/* Rows are checked before they enter, when such a field is not there yet. */
static void refuse_entry_checks(joiner *j, const mw_project_stream *stream,
                                const mw_stream_source *source) {
    for (size_t i = 0; i < stream->check_count; i++) {
        const mw_column_check *check = &stream->checks[i];
        int32_t field = mw_schema_find(&source->row, check->column);
        if (field == MW_NO_FIELD || (size_t)field < source->plain_count) continue;
        mw_diagnose(j->diagnostics, check->position, MW_INVALID,
                    "streams.%.*s.checks: a field with windows cannot be checked, for it is worked "
                    "out when the event has passed, got %.*s",
                    MW_STR_ARGS(source->name), MW_STR_ARGS(check->column));
    }
}

mw_status mw_project_compile(const mw_project *project, mw_project_data data, mw_symbols *symbols,
                             mw_diagnostics *diagnostics, const mw_program **out_program) {
    joiner j = {diagnostics->arena, diagnostics};
    mw_declarations declared;
    MW_TRY(mw_project_declare(project, data, j.arena, diagnostics, &declared));
    const mw_program *program;
    MW_TRY(mw_program_compile(&declared, j.arena, symbols, diagnostics, &program));
    for (size_t i = 0; i < project->stream_count; i++)
        refuse_entry_checks(&j, &project->streams[i], &program->sources[i]);
    for (size_t i = 0; i < project->model_count; i++) {
        model_look_up(&j, &project->models[i], program);
        MW_TRY(fallback_look_up(&j, &project->models[i], program, symbols));
    }
    MW_TRY(mw_diagnostics_status(diagnostics, NULL));
    *out_program = program;
    return MW_OK;
}

static void refuse_idle_bounds(mw_diagnostics *diagnostics, const mw_column_check *check,
                               const mw_stream_source *source) {
    int32_t field = mw_schema_find(&source->row, check->column);
    if (field == MW_NO_FIELD || (isinf(check->min) && isinf(check->max))) return;
    mw_type type = source->row.fields[field].type;
    if (type == MW_TYPE_NUMBER || type == MW_TYPE_DURATION) return;
    mw_diagnose(diagnostics, check->position, MW_INVALID,
                "streams.%.*s.checks.%.*s: min and max must be of a number or a duration, got a %s",
                MW_STR_ARGS(source->name), MW_STR_ARGS(check->column), mw_type_name(type));
    if (mw_type_is_text(type))
        mw_diagnose_hint(diagnostics, "Say `in: [...]`, or what it is by types: {%.*s: number}.",
                         MW_STR_ARGS(check->column));
}

void mw_project_check_bounds(const mw_project *project, const mw_program *program,
                             mw_diagnostics *diagnostics) {
    for (size_t i = 0; i < project->stream_count; i++)
        for (size_t k = 0; k < project->streams[i].check_count; k++)
            refuse_idle_bounds(diagnostics, &project->streams[i].checks[k], &program->sources[i]);
}
