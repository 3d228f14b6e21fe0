#include "project/project.h"

#include <math.h>

#include "project/comma.h"
#include "project/scalar.h"
#include "project/schema.h"

enum { BATCH_PRESET = 256 };

/* The schema's walk reports what has the wrong shape. What is read here takes what fits and
   passes over the rest, for each part of it was reported already. */
typedef struct {
    mw_arena *arena;
    mw_diagnostics *diagnostics;
    bool out_of_memory; /* sticky: looked at once, at the end */
} reader;

/* --- pieces --------------------------------------------------------------------------------- */

static mw_str text_of(const mw_yaml *node) {
    return node && node->kind == MW_YAML_TEXT ? node->text : MW_STR("");
}

static mw_str text_or(const mw_yaml *node, mw_str preset) {
    mw_str text = text_of(node);
    return text.size > 0 ? text : preset;
}

static mw_position position_of(const mw_yaml *node) {
    return node ? node->position : (mw_position){0};
}

static mw_source source_of(const mw_yaml *node) {
    if (!node || node->kind != MW_YAML_TEXT || node->text.size == 0) return (mw_source){0};
    return (mw_source){node->source, node->position};
}

static int64_t span_or(const mw_yaml *node, int64_t preset_us) {
    int64_t us;
    return mw_scalar_span(text_of(node), &us) ? us : preset_us;
}

static double number_or(const mw_yaml *node, double preset) {
    double number;
    return mw_str_to_double(text_of(node), &number) ? number : preset;
}

static double share_or(const mw_yaml *node, double preset) {
    double share;
    return mw_scalar_share(text_of(node), &share) ? share : preset;
}

static size_t item_count(const mw_yaml *node, mw_yaml_kind kind) {
    return node && node->kind == kind ? node->item_count : 0;
}

/* Room for `count` things. On failure the count becomes 0, so that nobody writes there. */
static void *take(reader *r, size_t *count, size_t item_size) {
    void *taken = mw_arena_alloc(r->arena, *count, item_size);
    if (taken) return taken;
    r->out_of_memory = true;
    *count = 0;
    return NULL;
}

/* --- lists and maps of texts ---------------------------------------------------------------- */

static size_t piece_count(mw_str text) {
    size_t count = 0;
    mw_str piece;
    while (mw_str_split(&text, ',', &piece)) count++;
    return count;
}

/* A list of texts, or one text as a list of one. */
static mw_str *texts_read(reader *r, const mw_yaml *node, size_t *out_count) {
    bool is_list = node && node->kind == MW_YAML_LIST;
    *out_count = is_list ? node->item_count : text_of(node).size > 0;
    mw_str *texts = take(r, out_count, sizeof *texts);
    if (!is_list && *out_count == 1) texts[0] = node->text;
    if (!is_list || !texts) return texts;
    size_t i = 0;
    for (const mw_yaml_item *item = node->items; item; item = item->next)
        texts[i++] = text_of(item->value);
    return texts;
}

/* A list of names, or one text with commas. */
static mw_str *names_read(reader *r, const mw_yaml *node, size_t *out_count) {
    if (!node || node->kind != MW_YAML_TEXT) return texts_read(r, node, out_count);
    size_t room = piece_count(node->text), count = 0;
    mw_str *names = take(r, &room, sizeof *names), rest = node->text, piece;
    while (room > 0 && mw_str_split(&rest, ',', &piece))
        if (mw_scalar_is_name(mw_str_trim(piece))) names[count++] = mw_str_trim(piece);
    *out_count = count;
    return names;
}

/* NAME: EXPRESSION pairs. */
static mw_named_source *sources_read(reader *r, const mw_yaml *node, size_t *out_count) {
    *out_count = item_count(node, MW_YAML_MAPPING);
    mw_named_source *sources = take(r, out_count, sizeof *sources);
    if (*out_count == 0) return sources;
    size_t count = 0;
    for (const mw_yaml_item *item = node->items; item; item = item->next) {
        mw_source source = source_of(item->value);
        if (!source.text.data || !mw_scalar_is_name(item->key->text)) continue;
        sources[count++] = (mw_named_source){item->key->text, item->key->position, source};
    }
    *out_count = count;
    return sources;
}

/* --- processes ------------------------------------------------------------------------------ */

static size_t batch_read(reader *r, const mw_yaml_item *item) {
    const mw_yaml *batch = mw_yaml_get(item->value, "batch");
    double rows = number_or(batch, BATCH_PRESET);
    if (rows >= 1 && rows <= MW_PROCESS_BATCH_MAX && floor(rows) == rows) return (size_t)rows;
    mw_diagnose(r->diagnostics, batch->position, MW_INVALID,
                "processes.%.*s.batch: must be a whole number from 1 to %d, got %.*s",
                MW_STR_ARGS(item->key->text), MW_PROCESS_BATCH_MAX, MW_STR_ARGS(batch->text));
    return BATCH_PRESET;
}

static mw_project_process process_read(reader *r, const mw_yaml_item *item) {
    const mw_yaml *node = item->value;
    const mw_yaml *fallback = mw_yaml_get(node, "fallback");
    mw_project_process process = {.name = item->key->text, .position = item->key->position};
    process.command = mw_str_trim(text_of(mw_yaml_get(node, "command")));
    if (!mw_type_parse(text_of(mw_yaml_get(node, "gives")), &process.gives))
        process.gives = MW_TYPE_COUNT;
    process.timeout_us = span_or(mw_yaml_get(node, "timeout"), MW_SECOND_US);
    process.batch = batch_read(r, item);
    process.refuses = mw_str_is(text_of(fallback), "refuse");
    process.fallback = number_or(fallback, NAN);
    if (!isnan(process.fallback) && process.gives != MW_TYPE_NUMBER)
        mw_diagnose(r->diagnostics, fallback->position, MW_INVALID,
                    "processes.%.*s.fallback: must be missing or refuse, for it gives no number",
                    MW_STR_ARGS(process.name));
    return process;
}

static void processes_read(reader *r, const mw_yaml *node, mw_project *project) {
    project->process_count = item_count(node, MW_YAML_MAPPING);
    project->processes = take(r, &project->process_count, sizeof *project->processes);
    if (project->process_count == 0) return;
    size_t i = 0;
    for (const mw_yaml_item *item = node->items; item; item = item->next)
        project->processes[i++] = process_read(r, item);
}

static void unknown_process(reader *r, const mw_project *project, mw_position position,
                            mw_str name) {
    mw_diagnose(r->diagnostics, position, MW_INVALID, "ask: there is no process %.*s",
                MW_STR_ARGS(name));
    mw_nearest nearest = mw_nearest_to(name);
    for (size_t i = 0; i < project->process_count; i++)
        mw_nearest_offer(&nearest, project->processes[i].name);
    mw_diagnose_nearest(r->diagnostics, &nearest);
}

/* NAME: PROCESS(FIELD, ...). What has not that form is the compiler's to tell. */
static void asks_read(reader *r, const mw_yaml *node, const mw_project *project,
                      mw_stream_declaration *stream) {
    mw_named_source *asked = sources_read(r, node, &stream->ask_count);
    stream->asks = take(r, &stream->ask_count, sizeof *stream->asks);
    for (size_t i = 0; i < stream->ask_count; i++) {
        mw_str rest = asked[i].source.text, name;
        (void)mw_str_split(&rest, '(', &name);
        const mw_project_process *process = mw_project_find_process(project, mw_str_trim(name));
        stream->asks[i] = (mw_ask_declaration){asked[i].name, asked[i].position, asked[i].source,
                                               process ? process->gives : MW_TYPE_COUNT};
        if (!process && rest.data)
            unknown_process(r, project, asked[i].source.position, mw_str_trim(name));
    }
}

/* --- features ------------------------------------------------------------------------------- */

/* NAME: EXPRESSION, or NAME: {is: EXPRESSION, ...}. */
static void features_read(reader *r, const mw_yaml *node, mw_project *project) {
    size_t room = item_count(node, MW_YAML_MAPPING), count = 0;
    project->features = take(r, &room, sizeof *project->features);
    project->features_about = take(r, &room, sizeof *project->features_about);
    if (room == 0) return;
    for (const mw_yaml_item *item = node->items; item; item = item->next) {
        const mw_yaml *is = mw_yaml_get(item->value, "is");
        mw_source source = source_of(is ? is : item->value);
        if (!source.text.data || !mw_scalar_is_name(item->key->text)) continue;
        mw_feature_about about = {.description = text_of(mw_yaml_get(item->value, "description")),
                                  .owner = text_of(mw_yaml_get(item->value, "owner"))};
        about.tags = names_read(r, mw_yaml_get(item->value, "tags"), &about.tag_count);
        project->features_about[count] = about;
        project->features[count++] =
            (mw_named_source){item->key->text, item->key->position, source};
    }
    project->feature_count = count;
}

/* --- streams -------------------------------------------------------------------------------- */

static mw_column_check check_read(reader *r, const mw_yaml_item *item, mw_str stream_name) {
    const mw_yaml *node = item->value;
    mw_column_check check = {
        .column = item->key->text,
        .position = item->key->position,
        .min = number_or(mw_yaml_get(node, "min"), -INFINITY),
        .max = number_or(mw_yaml_get(node, "max"), INFINITY),
        .missing_share_max = share_or(mw_yaml_get(node, "missing"), 1),
    };
    check.allowed = texts_read(r, mw_yaml_get(node, "in"), &check.allowed_count);
    if (check.min > check.max)
        mw_diagnose(r->diagnostics, check.position, MW_INVALID,
                    "streams.%.*s.checks.%.*s: min must be at most max, got %g and %g",
                    MW_STR_ARGS(stream_name), MW_STR_ARGS(check.column), check.min, check.max);
    return check;
}

static void unique_check(reader *r, const mw_yaml *stream, const mw_yaml *unique, mw_str name) {
    if (mw_yaml_get(stream, "id")) return;
    mw_diagnose(r->diagnostics, unique->position, MW_INVALID,
                "streams.%.*s.checks.id: must be declared to be unique, got a stream without id",
                MW_STR_ARGS(name));
    mw_diagnose_hint(r->diagnostics, "Add the key id with the columns that make it.");
}

static void checks_read(reader *r, const mw_yaml *node, mw_project_stream *stream) {
    const mw_yaml *checks = mw_yaml_get(node, "checks");
    size_t room = item_count(checks, MW_YAML_MAPPING);
    stream->checks = take(r, &room, sizeof *stream->checks);
    if (room == 0) return;
    for (const mw_yaml_item *item = checks->items; item; item = item->next) {
        mw_str name = stream->declaration.name;
        bool is_unique = mw_str_is(item->key->text, "id") && item->value->kind == MW_YAML_TEXT;
        stream->id_is_unique |= is_unique;
        if (is_unique) unique_check(r, node, item->value, name);
        else stream->checks[stream->check_count++] = check_read(r, item, name);
    }
}

static const mw_column_check *check_of(const mw_project_stream *stream, mw_str name) {
    for (size_t i = 0; i < stream->check_count; i++)
        if (mw_str_equal(stream->checks[i].column, name)) return &stream->checks[i];
    return NULL;
}

static void units_read(reader *r, const mw_yaml *units, mw_project_stream *stream) {
    mw_stream_declaration *d = &stream->declaration;
    const mw_yaml_item *item = units && units->kind == MW_YAML_MAPPING ? units->items : NULL;
    for (; item; item = item->next) {
        mw_mend_declaration mend = {.kind = MW_MEND_UNITS,
                                    .name = item->key->text,
                                    .position = item->key->position,
                                    .factor = number_or(item->value, 1)};
        if (mend.factor != 0) d->mends[d->mend_count++] = mend;
        else
            mw_diagnose(r->diagnostics, item->value->position, MW_INVALID,
                        "streams.%.*s.units.%.*s: must be a number other than 0",
                        MW_STR_ARGS(d->name), MW_STR_ARGS(mend.name));
    }
}

/* "default VALUE": the value's place is its own. */
static bool way_read(const mw_yaml *way, mw_mend_declaration *mend) {
    static const char word[] = "default ";
    if (mw_str_is(way->text, "drop")) mend->kind = MW_MEND_DROP;
    else if (mw_str_is(way->text, "clip")) mend->kind = MW_MEND_CLIP;
    else if (mw_str_starts(way->text, mw_str_of(word))) {
        mend->kind = MW_MEND_DEFAULT;
        mend->value = source_of(way);
        mend->value.text = mw_str_slice(way->text, sizeof word - 1, way->text.size);
        mend->value.position.column += (int32_t)sizeof word - 1;
    } else {
        return false;
    }
    return true;
}

static void refuse_way(reader *r, const mw_yaml_item *item, mw_str stream) {
    bool is_impute = mw_str_is(item->value->text, "impute");
    mw_diagnose(r->diagnostics, item->value->position, MW_INVALID,
                is_impute ? "streams.%.*s.clean.%.*s: impute hangs on other rows, so it is not for "
                            "what enters the log"
                          : "streams.%.*s.clean.%.*s: must be `default VALUE`, drop or clip",
                MW_STR_ARGS(stream), MW_STR_ARGS(item->key->text));
    if (is_impute)
        mw_diagnose_hint(r->diagnostics, "Leave it missing, and say in a feature what then holds: "
                                         "impute(x), or coalesce(x, mean(S.x by KEY over 30d)).");
}

static void clean_read(reader *r, const mw_yaml *clean, mw_project_stream *stream) {
    mw_stream_declaration *d = &stream->declaration;
    const mw_yaml_item *item = clean && clean->kind == MW_YAML_MAPPING ? clean->items : NULL;
    for (; item; item = item->next) {
        mw_mend_declaration mend = {.name = item->key->text,
                                    .position = item->value->position,
                                    .min = -INFINITY,
                                    .max = INFINITY};
        const mw_column_check *check = check_of(stream, mend.name);
        if (item->value->kind != MW_YAML_TEXT) continue; /* the schema has told */
        if (!way_read(item->value, &mend)) {
            refuse_way(r, item, d->name);
            continue;
        }
        if (check) {
            mend.min = check->min;
            mend.max = check->max;
            mend.allowed = check->allowed;
            mend.allowed_count = check->allowed_count;
        }
        d->mends[d->mend_count++] = mend;
    }
}

/* Units come before what is cleaned, wherever they stand. */
static void mends_read(reader *r, const mw_yaml *node, mw_project_stream *stream) {
    const mw_yaml *units = mw_yaml_get(node, "units"), *clean = mw_yaml_get(node, "clean");
    size_t room = item_count(units, MW_YAML_MAPPING) + item_count(clean, MW_YAML_MAPPING);
    stream->declaration.mends = take(r, &room, sizeof *stream->declaration.mends);
    if (room == 0) return;
    units_read(r, units, stream);
    clean_read(r, clean, stream);
}

/* R, among others, writes NA for a missing value in a column of any type. */
static void missing_read(reader *r, const mw_yaml *node, mw_project_stream *stream) {
    stream->tells_missing = node != NULL;
    stream->missing = texts_read(r, node, &stream->missing_count);
    if (node) return;
    stream->missing_count = 1;
    stream->missing = take(r, &stream->missing_count, sizeof *stream->missing);
    if (stream->missing_count == 1) stream->missing[0] = MW_STR("NA");
}

static mw_project_stream stream_read(reader *r, const mw_project *project,
                                     const mw_yaml_item *item) {
    const mw_yaml *node = item->value;
    mw_project_stream stream = {.zone = text_of(mw_yaml_get(node, "zone")),
                                .zone_position = position_of(mw_yaml_get(node, "zone"))};
    mw_stream_declaration *d = &stream.declaration;
    d->name = item->key->text;
    d->position = item->key->position;
    d->zone = stream.zone;
    d->fields = sources_read(r, mw_yaml_get(node, "fields"), &d->field_count);
    asks_read(r, mw_yaml_get(node, "ask"), project, d);
    d->where = source_of(mw_yaml_get(node, "where"));
    d->time = source_of(mw_yaml_get(node, "time"));
    d->known = source_of(mw_yaml_get(node, "known"));
    d->ids = names_read(r, mw_yaml_get(node, "id"), &d->id_count);
    d->id_position = position_of(mw_yaml_get(node, "id"));
    d->laters = sources_read(r, mw_yaml_get(node, "later"), &d->later_count);
    d->late_us = span_or(mw_yaml_get(node, "late"), MW_HOUR_US);
    const mw_yaml *from = mw_yaml_get(node, "from");
    stream.from = texts_read(r, from, &stream.from_count);
    stream.from_position = from ? from->position : d->position;
    missing_read(r, mw_yaml_get(node, "missing"), &stream);
    stream.types = sources_read(r, mw_yaml_get(node, "types"), &stream.type_count);
    checks_read(r, node, &stream);
    mends_read(r, node, &stream);
    return stream;
}

static void streams_read(reader *r, const mw_yaml *node, mw_project *project) {
    project->stream_count = item_count(node, MW_YAML_MAPPING);
    project->streams = take(r, &project->stream_count, sizeof *project->streams);
    if (project->stream_count == 0) return;
    size_t i = 0;
    for (const mw_yaml_item *item = node->items; item; item = item->next)
        project->streams[i++] = stream_read(r, project, item);
}

/* --- models --------------------------------------------------------------------------------- */

/* Each is worth only what the other is not: a threshold follows from both. */
static void cost_check(reader *r, const mw_yaml_item *model, const mw_yaml *false_alarm,
                       const mw_yaml *miss) {
    const mw_yaml *given = false_alarm ? false_alarm : miss;
    if (!given || r->diagnostics->of_version) return;
    if (!false_alarm || !miss) {
        mw_diagnose(r->diagnostics, given->position, MW_INVALID,
                    "models.%.*s.cost: false_alarm and miss must stand together, %s is not there",
                    MW_STR_ARGS(model->key->text), miss ? "false_alarm" : "miss");
        mw_diagnose_hint(r->diagnostics, "As in {false_alarm: 1, miss: 5}.");
    } else if (number_or(false_alarm, 1) == 0 && number_or(miss, 1) == 0) {
        mw_diagnose(r->diagnostics, given->position, MW_INVALID,
                    "models.%.*s.cost: false_alarm and miss must not both be 0",
                    MW_STR_ARGS(model->key->text));
    }
}

static mw_project_model model_read(reader *r, const mw_yaml_item *item) {
    const mw_yaml *node = item->value, *cost = mw_yaml_get(node, "cost");
    const mw_yaml *false_alarm = mw_yaml_get(cost, "false_alarm"),
                  *miss = mw_yaml_get(cost, "miss");
    mw_project_model model = {
        .declaration = {.name = item->key->text,
                        .position = item->key->position,
                        .moment = source_of(mw_yaml_get(node, "moment")),
                        .label = source_of(mw_yaml_get(node, "label"))},
        .question = text_of(mw_yaml_get(node, "question")),
        .purpose = text_of(mw_yaml_get(node, "purpose")),
        .learner = text_or(mw_yaml_get(node, "learner"), MW_STR("lightgbm")),
        .metric = text_or(mw_yaml_get(node, "metric"), MW_STR("roc_auc")),
        .has_cost = false_alarm || miss,
        .cost_position = cost ? cost->position : item->key->position,
        .false_alarm_cost = number_or(false_alarm, 1),
        .miss_cost = number_or(miss, 1),
        .fallback = {.missing_max = 1},
    };
    cost_check(r, item, false_alarm, miss);
    model.params = sources_read(r, mw_yaml_get(node, "params"), &model.param_count);
    model.segments = names_read(r, mw_yaml_get(node, "segments"), &model.segment_count);
    model.segments_position = position_of(mw_yaml_get(node, "segments"));
    return model;
}

static void models_read(reader *r, const mw_yaml *node, mw_project *project) {
    project->model_count = item_count(node, MW_YAML_MAPPING);
    project->models = take(r, &project->model_count, sizeof *project->models);
    if (project->model_count == 0) return;
    size_t i = 0;
    for (const mw_yaml_item *item = node->items; item; item = item->next)
        project->models[i++] = model_read(r, item);
}

/* --- retraining ----------------------------------------------------------------------------- */

static mw_rule *rules_read(reader *r, const mw_yaml *node, size_t *out_count) {
    *out_count = item_count(node, MW_YAML_LIST);
    mw_rule *rules = take(r, out_count, sizeof *rules);
    if (*out_count == 0) return rules;
    size_t count = 0;
    for (const mw_yaml_item *item = node->items; item; item = item->next) {
        if (mw_rule_parse(text_of(item->value), &rules[count], NULL) != MW_OK) continue;
        rules[count++].position = item->value->position;
    }
    *out_count = count;
    return rules;
}

/* While the champion is watched, there is nobody to compare it with. */
static void triggers_check(reader *r, const mw_retrain *retrain, const mw_yaml_item *item) {
    for (size_t i = 0; i < retrain->when_count; i++) {
        if (!retrain->when[i].is_relative) continue;
        mw_diagnose(r->diagnostics, mw_yaml_get(item->value, "when")->position, MW_INVALID,
                    "retrain.%.*s.when: must compare with a number, got %.*s",
                    MW_STR_ARGS(item->key->text), MW_STR_ARGS(retrain->when[i].text));
        mw_diagnose_hint(r->diagnostics, "Comparing with the champion is for the gate.");
    }
}

static mw_project_model *model_find(const mw_project *project, mw_str name) {
    for (size_t i = 0; i < project->model_count; i++)
        if (mw_str_equal(project->models[i].declaration.name, name)) return &project->models[i];
    return NULL;
}

static void unknown_model(reader *r, const mw_project *project, const char *where,
                          const mw_yaml *key) {
    mw_diagnose(r->diagnostics, key->position, MW_INVALID,
                "%s: must name a model of this project, got %.*s", where, MW_STR_ARGS(key->text));
    mw_nearest nearest = mw_nearest_to(key->text);
    for (size_t i = 0; i < project->model_count; i++)
        mw_nearest_offer(&nearest, project->models[i].declaration.name);
    mw_diagnose_nearest(r->diagnostics, &nearest);
}

static void retrains_read(reader *r, const mw_yaml *node, mw_project *project) {
    if (item_count(node, MW_YAML_MAPPING) == 0) return;
    for (const mw_yaml_item *item = node->items; item; item = item->next) {
        mw_project_model *model = model_find(project, item->key->text);
        if (!model) {
            unknown_model(r, project, "retrain", item->key);
            continue;
        }
        mw_retrain *retrain = &model->retrain;
        retrain->position = item->key->position;
        retrain->every_us = span_or(mw_yaml_get(item->value, "every"), 0);
        retrain->when = rules_read(r, mw_yaml_get(item->value, "when"), &retrain->when_count);
        retrain->gate = rules_read(r, mw_yaml_get(item->value, "gate"), &retrain->gate_count);
        triggers_check(r, retrain, item);
    }
}

/* --- serving -------------------------------------------------------------------------------- */

/* A rule of actions is for later, and the shape has noted it. */
static mw_fallback fallback_read(const mw_yaml_item *item) {
    const mw_yaml *node = mw_yaml_get(item->value, "fallback");
    mw_str text = text_of(node);
    mw_fallback fallback = {.missing_max = share_or(mw_yaml_get(item->value, "missing"), 1),
                            .deadline_us = span_or(mw_yaml_get(item->value, "deadline"), 0)};
    if (text.size == 0 || mw_scalar_is_action_rule(text)) return fallback;
    if (mw_str_is(text, "previous")) fallback.kind = MW_FALLBACK_PREVIOUS;
    else if (mw_str_is(text, "baseline")) fallback.kind = MW_FALLBACK_BASELINE;
    else if (mw_str_to_double(text, &fallback.constant)) fallback.kind = MW_FALLBACK_CONSTANT;
    else fallback.kind = MW_FALLBACK_EXPRESSION;
    fallback.expression = source_of(node);
    return fallback;
}

static void servings_read(reader *r, const mw_yaml *node, mw_project *project) {
    if (item_count(node, MW_YAML_MAPPING) == 0) return;
    for (const mw_yaml_item *item = node->items; item; item = item->next) {
        mw_project_model *model = model_find(project, item->key->text);
        if (model) model->fallback = fallback_read(item);
        else unknown_model(r, project, "serving", item->key);
    }
}

/* --- the whole file ------------------------------------------------------------------------- */

/* A feature is compiled for a model's moment: without a model its mistakes would pass unseen. */
static mw_status unread_features_note(const mw_project *project, const mw_yaml *root,
                                      mw_arena *arena, mw_note **notes) {
    if (project->feature_count == 0 || project->model_count > 0) return MW_OK;
    mw_note *note = mw_arena_alloc(arena, 1, sizeof *note);
    if (!note) return MW_NO_MEMORY;
    *note = (mw_note){mw_yaml_get(root, "features")->position,
                      MW_STR("features: not checked yet, for no model says when they are read"),
                      *notes};
    *notes = note;
    return MW_OK;
}

/* Where it belongs in the order of the file. */
static void note_insert(mw_note *note, mw_note **notes) {
    while (*notes && (*notes)->position.line < note->position.line) notes = &(*notes)->next;
    note->next = *notes;
    *notes = note;
}

/* `missing` and `deadline` say when the fallback answers: without one they say nothing. */
static mw_status idle_servings_note(const mw_project *project, const mw_yaml *root,
                                    mw_arena *arena, mw_note **notes) {
    const mw_yaml *servings = mw_yaml_get(root, "serving");
    if (item_count(servings, MW_YAML_MAPPING) == 0) return MW_OK;
    for (const mw_yaml_item *item = servings->items; item; item = item->next) {
        const mw_project_model *model = model_find(project, item->key->text);
        const mw_yaml *missing = mw_yaml_get(item->value, "missing"),
                      *deadline = mw_yaml_get(item->value, "deadline");
        if (!model || model->fallback.kind != MW_FALLBACK_NONE || (!missing && !deadline)) continue;
        mw_note *note = mw_arena_alloc(arena, 1, sizeof *note);
        if (!note) return MW_NO_MEMORY;
        note->position = (missing ? missing : deadline)->position;
        note->text = missing ? MW_STR("serving: `missing` is not in force without a fallback")
                             : MW_STR("serving: `deadline` is not in force without a fallback");
        note_insert(note, notes);
    }
    return MW_OK;
}

static mw_status values_read(reader *r, const mw_yaml *root, mw_project *project) {
    project->name = text_of(mw_yaml_get(root, "project"));
    project->zone = text_or(mw_yaml_get(root, "zone"), MW_STR("UTC"));
    project->zone_position = position_of(mw_yaml_get(root, "zone"));
    project->is_durable = mw_str_is(text_of(mw_yaml_get(root, "durability")), "disk");
    if (!mw_scalar_size(text_of(mw_yaml_get(root, "memory")), &project->memory_max))
        project->memory_max = 0;
    features_read(r, mw_yaml_get(root, "features"), project);
    processes_read(r, mw_yaml_get(root, "processes"), project);
    streams_read(r, mw_yaml_get(root, "streams"), project);
    models_read(r, mw_yaml_get(root, "models"), project);
    retrains_read(r, mw_yaml_get(root, "retrain"), project);
    servings_read(r, mw_yaml_get(root, "serving"), project);
    return r->out_of_memory ? MW_NO_MEMORY : MW_OK;
}

mw_status mw_project_read(mw_str bytes, mw_environment environment, mw_arena *arena,
                          mw_diagnostics *diagnostics, const mw_project **out_project) {
    mw_yaml_tree tree;
    MW_TRY(mw_yaml_parse(bytes, arena, diagnostics, &tree));
    mw_comma_mend(&tree, diagnostics);
    mw_yaml_drop_repeats(&tree, diagnostics);
    MW_TRY(mw_environment_fill(&tree, environment, arena, diagnostics));

    mw_note *notes;
    MW_TRY(mw_shape_check(&mw_project_schema, tree.root, arena, diagnostics, &notes));
    mw_project *project = mw_arena_alloc(arena, 1, sizeof *project);
    if (!project) return MW_NO_MEMORY;
    reader r = {.arena = arena, .diagnostics = diagnostics};
    MW_TRY(values_read(&r, tree.root, project));
    MW_TRY(unread_features_note(project, tree.root, arena, &notes));
    MW_TRY(idle_servings_note(project, tree.root, arena, &notes));
    project->notes = notes;
    *out_project = project;
    return MW_OK;
}

const mw_project_stream *mw_project_find_stream(const mw_project *project, mw_str name) {
    for (size_t i = 0; i < project->stream_count; i++)
        if (mw_str_equal(project->streams[i].declaration.name, name)) return &project->streams[i];
    return NULL;
}

const mw_project_process *mw_project_find_process(const mw_project *project, mw_str name) {
    for (size_t i = 0; i < project->process_count; i++)
        if (mw_str_equal(project->processes[i].name, name)) return &project->processes[i];
    return NULL;
}

const mw_project_model *mw_project_find_model(const mw_project *project, mw_str name) {
    return model_find(project, name);
}

const mw_feature_about *mw_project_feature_about(const mw_project *project,
                                                 mw_position expression) {
    for (size_t i = 0; i < project->feature_count; i++) {
        mw_position position = project->features[i].source.position;
        if (position.line == expression.line && position.column == expression.column)
            return &project->features_about[i];
    }
    return NULL;
}

static const mw_feature_about *about_find(const mw_project *project, mw_str written) {
    for (size_t i = 0; i < project->feature_count; i++)
        if (mw_str_equal(project->features[i].name, written)) return &project->features_about[i];
    return NULL;
}

/* Spans and numbers of vectors, which hold no _, stand behind one: wind_3h, words_0. No name means
   two features (lang/model_compiler.c). */
const mw_feature_about *mw_project_find_about(const mw_project *project, mw_str feature) {
    const mw_feature_about *about = about_find(project, feature);
    const char *tail = memrchr(feature.data, '_', feature.size);
    if (about || !tail) return about;
    return about_find(project, mw_str_slice(feature, 0, (size_t)(tail - feature.data)));
}

void mw_project_reference(mw_buf *out) {
    mw_shape_reference(&mw_project_schema, out);
}
