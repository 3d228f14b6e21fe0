/* The fields of streams that have windows or are asked for, compiled as the features of an event
   that enters. */
#include "lang/model_compiler.h"

mw_type mw_entry_field_type(mw_moment_scope *moment, const mw_stream *stream, int32_t field,
                            mw_position position) {
    size_t first = stream->schema.field_count - stream->entry_count;
    if (moment->entries && (size_t)field >= first)
        mw_compile_feature(&moment->entries[stream->source], field - (int32_t)first, position);
    return stream->schema.fields[field].type;
}

const mw_expr *mw_entry_answer(mw_moment_scope *moment, int32_t index) {
    const mw_feature_syntax *syntax = &moment->syntaxes.items[index];
    size_t first = moment->stream->schema.field_count - moment->stream->entry_count;
    if (syntax->answer == MW_TYPE_COUNT) return NULL;
    return mw_expr_load(moment->scope.compiler, MW_OP_FIELD, syntax->answer,
                        (int32_t)first + index, syntax->name);
}

void mw_entry_settle(mw_moment_scope *moment, int32_t index, mw_type type) {
    const mw_stream_source *source = moment->entered;
    const mw_stream *stream = moment->stream;
    size_t first = stream->schema.field_count - stream->entry_count;
    source->row.fields[source->plain_count + (size_t)index].type = type;
    stream->schema.fields[first + (size_t)index].type = type;
}

static bool begin_entry(mw_moment_scope *moment, mw_compiler *compiler, mw_feature_list fields,
                        mw_program *program, mw_stream_source *source) {
    mw_model_program *entry = mw_compiler_alloc(compiler, 1, sizeof *entry);
    if (!entry || !mw_moment_scope_init(moment, compiler, program, fields, entry)) return false;
    moment->entered = source;
    if (fields.count == 0 || source->stream_count == 0) return true;
    moment->stream = &program->streams[source->first_stream];
    entry->name = source->name;
    entry->moment_stream = source->first_stream;
    entry->lateness_us = moment->stream->lag_us + moment->stream->late_us;
    source->entry = entry;
    return true;
}

/* Of a static table no event happens at a time that a window could end at. */
static bool has_time(mw_moment_scope *moment) {
    if (!moment->stream->is_always) return true;
    mw_complain(moment->scope.compiler, moment->syntaxes.items[0].position, MW_INVALID,
                "a field of a stream with `time: always` must have no window and ask nobody");
    return false;
}

static void compile_entry(mw_moment_scope *moment) {
    mw_compiler *compiler = moment->scope.compiler;
    compiler->subject =
        mw_compiler_text(compiler, "streams.%.*s.fields", MW_STR_ARGS(moment->entered->name));
    if (!has_time(moment)) return;
    for (size_t i = 0; i < moment->syntaxes.count; i++)
        mw_compile_feature(moment, (int32_t)i, moment->syntaxes.items[i].position);
    moment->model->feature_window_count = moment->model->window_count;
}

void mw_compile_entries(mw_compiler *compiler, const mw_feature_list *entries,
                        mw_program *program) {
    mw_open_features open = {.count = 0};
    mw_moment_scope *moments =
        mw_compiler_alloc(compiler, program->source_count, sizeof *moments);
    if (!moments) return;
    for (size_t i = 0; i < program->source_count; i++) {
        if (!begin_entry(&moments[i], compiler, entries[i], program, &program->sources[i])) return;
        moments[i].open = &open;
        moments[i].entries = moments;
    }
    for (size_t i = 0; i < program->source_count; i++)
        if (program->sources[i].entry) compile_entry(&moments[i]);
}
