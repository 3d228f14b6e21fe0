#include "train/examples.h"

enum { EXAMPLES_PROGRESS_STRIDE = 4096 };
#define EXAMPLES_ARENA_MAX ((size_t)1 << 24)
#define EXAMPLES_MAX ((size_t)1 << 36)

static mw_status resolve_segment(const mw_program *program, const mw_model_program *model,
                                 mw_str name, mw_segment *out_segment, mw_error *err) {
    for (size_t i = 0; i < model->feature_count; i++) {
        if (!mw_str_equal(model->features[i].name, name)) continue;
        *out_segment = (mw_segment){name, model->features[i].type, true, (int32_t)i};
        return MW_OK;
    }
    const mw_stream *stream = &program->streams[model->moment_stream];
    int32_t field = mw_schema_find(&stream->schema, name);
    if (field == MW_NO_FIELD)
        return mw_fail(err, MW_INVALID,
                       "models.%.*s.segments: %.*s is no feature and no field of %.*s",
                       MW_STR_ARGS(model->name), MW_STR_ARGS(name), MW_STR_ARGS(stream->name));
    *out_segment = (mw_segment){name, stream->schema.fields[field].type, false, field};
    return MW_OK;
}

static mw_status check_segment(const mw_model_program *model, const mw_segment *segment,
                               mw_error *err) {
    if (mw_type_is_symbol(segment->type)) return MW_OK;
    mw_status status = mw_fail(err, MW_INVALID,
                               "models.%.*s.segments: %.*s must be text or a category, got a %s",
                               MW_STR_ARGS(model->name), MW_STR_ARGS(segment->name),
                               mw_type_name(segment->type));
    return mw_hint(err, status, "If its numbers are names, give it the type category in `types`.");
}

static mw_status make_schemas(mw_examples *examples, mw_error *err) {
    const mw_model_program *model = examples->model;
    size_t segment_count = examples->segment_count;
    mw_field *features = mw_arena_alloc(&examples->arena, model->feature_count, sizeof *features);
    mw_field *segments = mw_arena_alloc(&examples->arena, segment_count + 1, sizeof *segments);
    if (!features || !segments)
        return mw_fail(err, MW_NO_MEMORY, "examples: no memory for the schema");
    for (size_t i = 0; i < model->feature_count; i++)
        features[i] = (mw_field){model->features[i].name, model->features[i].type};
    for (size_t i = 0; i < segment_count; i++)
        segments[i] = (mw_field){examples->segments[i].name, examples->segments[i].type};
    examples->schema = (mw_schema){features, model->feature_count};
    examples->segment_schema = (mw_schema){segments, segment_count};
    mw_table_init(&examples->features, &examples->schema);
    mw_table_init(&examples->segment_cells, &examples->segment_schema);
    return MW_OK;
}

mw_status mw_examples_init(mw_examples *examples, const mw_program *program,
                           const mw_model_program *model, const mw_str *segment_names,
                           size_t segment_count, mw_error *err) {
    if (segment_count > MW_SEGMENTS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "models.%.*s.segments: at most %d, got %zu",
                       MW_STR_ARGS(model->name), MW_SEGMENTS_MAX, segment_count);
    *examples = (mw_examples){.model = model, .segment_count = segment_count};
    for (size_t i = 0; i < segment_count; i++) {
        MW_TRY(resolve_segment(program, model, segment_names[i], &examples->segments[i], err));
        MW_TRY(check_segment(model, &examples->segments[i], err));
    }
    mw_arena_init(&examples->arena, EXAMPLES_ARENA_MAX);
    mw_status status = make_schemas(examples, err);
    if (status != MW_OK) mw_examples_release(examples);
    return status;
}

static double label_number(mw_type type, mw_cell value) {
    switch (type) {
    case MW_TYPE_BOOL: return value.boolean == MW_TRUE ? 1.0 : 0.0;
    case MW_TYPE_DURATION: return (double)value.time / (double)MW_SECOND_US;
    case MW_TYPE_NUMBER: return value.number;
    case MW_TYPE_TEXT:
    case MW_TYPE_CATEGORY: return 0;
    default: MW_ASSERT(false && "a label of a type that the compiler lets through"); return 0;
    }
}

mw_status mw_examples_add(mw_examples *examples, const mw_step *step, mw_error *err) {
    MW_ASSERT(step->kind == MW_DUE_LABEL);
    mw_type type = mw_code_type(examples->model->label);
    if (step->label.is_dropped) {
        examples->dropped_count++;
        return MW_OK;
    }
    if (mw_cell_is_missing(type, step->label.value)) {
        examples->unlabelled_count++;
        return MW_OK;
    }
    if (!mw_grow((void **)&examples->items, &examples->capacity, examples->count + 1,
                 sizeof *examples->items, EXAMPLES_MAX))
        return mw_fail(err, MW_NO_MEMORY, "examples: no memory for %zu examples",
                       examples->count + 1);
    mw_cell segments[MW_SEGMENTS_MAX];
    for (size_t i = 0; i < examples->segment_count; i++) {
        const mw_cell *cells = examples->segments[i].is_feature ? step->features
                                                                 : step->moment.row;
        segments[i] = cells[examples->segments[i].index];
    }
    mw_cell *row;
    MW_TRY(mw_table_add(&examples->features, step->features, &row, err));
    MW_TRY(mw_table_add(&examples->segment_cells, segments, &row, err));
    examples->items[examples->count++] =
        (mw_example){.t = step->moment.t,
                     .place = step->moment.place,
                     .matured = step->place,
                     .number = step->number,
                     .label = label_number(type, step->label.value),
                     .class_symbol = mw_type_is_text(type) ? step->label.value.symbol : 0};
    return MW_OK;
}

mw_status mw_examples_build(mw_examples *examples, mw_replay_config config,
                            mw_examples_progress progress, void *context, mw_error *err) {
    MW_ASSERT(config.model == examples->model && config.with_label);
    mw_replay *replay = NULL;
    MW_TRY(mw_replay_create(config, &replay, err));
    mw_status status = MW_OK;
    bool done = false;
    for (size_t step_count = 0; status == MW_OK; step_count++) {
        mw_step step = {0};
        status = mw_replay_next(replay, &step, &done, err);
        if (status != MW_OK || done) break;
        if (step.kind == MW_DUE_LABEL) status = mw_examples_add(examples, &step, err);
        if (progress && step_count % EXAMPLES_PROGRESS_STRIDE == 0) progress(context, step.place);
    }
    mw_replay_destroy(replay);
    return status;
}

size_t mw_examples_known_by(const mw_examples *examples, int64_t now) {
    size_t low = 0, high = examples->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (examples->items[middle].matured <= now) low = middle + 1;
        else high = middle;
    }
    return low;
}

void mw_examples_release(mw_examples *examples) {
    mw_table_release(&examples->features);
    mw_table_release(&examples->segment_cells);
    mw_free(examples->items);
    mw_arena_release(&examples->arena);
    *examples = (mw_examples){0};
}
