#include "lang/asked.h"

static mw_str asked_of_code(const mw_program *program, const mw_model_program *model,
                            const mw_code *code);

/* Of a field of a stream, by its name, for moments have streams of their own. A field with windows
   hangs on what these read. */
static mw_str asked_of_field(const mw_program *program, const mw_stream *stream, size_t field) {
    mw_str name = stream->schema.fields[field].name;
    if (stream->source < 0) return MW_STR("");
    const mw_stream_source *source = &program->sources[stream->source];
    for (size_t i = 0; i < source->ask_count; i++)
        if (mw_str_equal(source->row.fields[source->asks[i].field].name, name))
            return source->asks[i].process;
    size_t window_count = source->row.field_count - source->plain_count - source->ask_count;
    for (size_t i = 0; source->entry && i < window_count; i++)
        if (mw_str_equal(source->row.fields[source->plain_count + i].name, name))
            return mw_asked_of_feature(program, source->entry, i);
    return MW_STR("");
}

/* Of code over the events of a stream. */
static mw_str asked_of_row(const mw_program *program, const mw_stream *stream,
                           const mw_code *code) {
    for (size_t i = 0; code && i < stream->schema.field_count; i++) {
        if (!mw_code_reads_field(code, (int32_t)i)) continue;
        mw_str process = asked_of_field(program, stream, i);
        if (process.size > 0) return process;
    }
    return MW_STR("");
}

/* Of what a window reads of the moment's row. */
static mw_str asked_of_now(const mw_program *program, const mw_model_program *model,
                           const mw_window *window) {
    const mw_stream *moment = &program->streams[model->moment_stream];
    mw_str process = MW_STR("");
    for (int32_t i = 0; process.size == 0 && i < (int32_t)moment->schema.field_count; i++)
        if ((window->now_condition && mw_code_reads_now_field(window->now_condition, i)) ||
            (window->value && mw_code_reads_now_field(window->value, i)))
            process = asked_of_field(program, moment, (size_t)i);
    return process;
}

static mw_str asked_of_window(const mw_program *program, const mw_model_program *model,
                              const mw_window *window) {
    const mw_stream *stream = &program->streams[window->stream];
    mw_str process = asked_of_row(program, stream, window->value);
    if (process.size == 0) process = asked_of_row(program, stream, window->condition);
    if (process.size == 0) process = asked_of_row(program, stream, window->now_condition);
    for (int32_t i = 0; process.size == 0 && i < window->key_count; i++)
        process = asked_of_field(program, stream, (size_t)window->event_keys[i]);
    for (int32_t i = 0; process.size == 0 && i < window->key_count; i++)
        process = asked_of_code(program, model, window->moment_keys[i]);
    return process.size == 0 && window->reads_now ? asked_of_now(program, model, window) : process;
}

/* Of code at the moment. What it reads was compiled before it, so this comes to an end. */
static mw_str asked_of_code(const mw_program *program, const mw_model_program *model,
                            const mw_code *code) {
    if (!code) return MW_STR("");
    mw_str process = asked_of_row(program, &program->streams[model->moment_stream], code);
    for (size_t i = 0; process.size == 0 && i < model->window_count; i++)
        if (mw_code_reads_window(code, (int32_t)i))
            process = asked_of_window(program, model, &model->windows[i]);
    for (size_t i = 0; process.size == 0 && i < model->within_count; i++)
        if (mw_code_reads_within(code, (int32_t)i))
            process = asked_of_code(program, model, model->withins[i].of.value);
    for (size_t i = 0; process.size == 0 && i < model->feature_count; i++)
        if (mw_code_reads_feature(code, (int32_t)i) && model->features[i].code != code)
            process = asked_of_code(program, model, model->features[i].code);
    return process;
}

mw_str mw_asked_of_feature(const mw_program *program, const mw_model_program *model,
                           size_t feature) {
    return asked_of_code(program, model, model->features[feature].code);
}

mw_str mw_asked_of_model(const mw_program *program, const mw_model_program *model) {
    mw_str process = MW_STR("");
    for (size_t i = 0; process.size == 0 && i < model->feature_count; i++)
        process = mw_asked_of_feature(program, model, i);
    return process;
}

size_t mw_asked_count(const mw_program *program, const mw_model_program *model) {
    size_t count = 0;
    for (size_t i = 0; i < model->feature_count; i++)
        count += mw_asked_of_feature(program, model, i).size > 0;
    return count;
}
