#include "lang/asked.h"

#include "lang/needs.h"

/* Of a field of a stream, by its name, for moments have streams of their own. */
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
            return source->entry->features[i].process;
    return MW_STR("");
}

/* Of a field of the moment's row; an element of a list is of that list. */
static mw_str asked_of_moment_field(const mw_program *program, const mw_model_program *model,
                                    size_t field) {
    const mw_each *each = model->each;
    bool is_element = each && field == (size_t)each->element;
    return asked_of_field(program, &program->streams[model->moment_stream],
                          is_element ? (size_t)each->list : field);
}

/* Of code over the events of a stream. */
static mw_str asked_of_events(const mw_program *program, const mw_stream *stream,
                              const mw_code *code) {
    mw_str process = MW_STR("");
    for (size_t i = 0; code && process.size == 0 && i < stream->schema.field_count; i++)
        if (mw_code_reads_field(code, (int32_t)i)) process = asked_of_field(program, stream, i);
    return process;
}

/* Of what a window reads of the moment's row, and of the windows before it. */
static mw_str asked_of_now(const mw_program *program, const mw_model_program *model,
                           const mw_window *window) {
    const mw_stream *moment = &program->streams[model->moment_stream];
    mw_str process = MW_STR("");
    for (int32_t i = 0; process.size == 0 && i < (int32_t)moment->schema.field_count; i++)
        if ((window->now_condition && mw_code_reads_now_field(window->now_condition, i)) ||
            (window->value && mw_code_reads_now_field(window->value, i)))
            process = asked_of_moment_field(program, model, (size_t)i);
    for (size_t i = 0; process.size == 0 && i < model->window_count; i++)
        if (mw_window_reads_window(window, i)) process = model->windows[i].process;
    return process;
}

mw_str mw_asked_of_window(const mw_program *program, const mw_model_program *model,
                          const mw_window *window) {
    const mw_stream *stream = &program->streams[window->stream];
    mw_str process = asked_of_events(program, stream, window->value);
    if (process.size == 0) process = asked_of_events(program, stream, window->condition);
    if (process.size == 0) process = asked_of_events(program, stream, window->now_condition);
    for (int32_t i = 0; process.size == 0 && i < window->key_count; i++)
        process = asked_of_field(program, stream, (size_t)window->event_keys[i]);
    for (int32_t i = 0; process.size == 0 && i < window->key_count; i++)
        process = mw_asked_of_code(program, model, window->moment_keys[i]);
    if (process.size == 0 && window->since >= 0) process = model->windows[window->since].process;
    return process.size == 0 && window->reads_now ? asked_of_now(program, model, window) : process;
}

mw_str mw_asked_of_within(const mw_program *program, const mw_model_program *model,
                          const mw_window *of) {
    mw_str process = asked_of_moment_field(program, model, (size_t)model->each->list);
    if (process.size == 0) process = mw_asked_of_code(program, model, of->value);
    return process.size == 0 ? mw_asked_of_code(program, model, of->condition) : process;
}

mw_str mw_asked_of_code(const mw_program *program, const mw_model_program *model,
                        const mw_code *code) {
    if (!code) return MW_STR("");
    size_t field_count = program->streams[model->moment_stream].schema.field_count;
    mw_str process = MW_STR("");
    for (size_t i = 0; process.size == 0 && i < field_count; i++)
        if (mw_code_reads_field(code, (int32_t)i))
            process = asked_of_moment_field(program, model, i);
    for (size_t i = 0; process.size == 0 && i < model->window_count; i++)
        if (mw_code_reads_window(code, (int32_t)i)) process = model->windows[i].process;
    for (size_t i = 0; process.size == 0 && i < model->within_count; i++)
        if (mw_code_reads_within(code, (int32_t)i)) process = model->withins[i].of.process;
    for (size_t i = 0; process.size == 0 && i < model->feature_count; i++)
        if (mw_code_reads_feature(code, (int32_t)i)) process = model->features[i].process;
    return process;
}

size_t mw_asked_count(const mw_model_program *model) {
    size_t count = 0;
    for (size_t i = 0; i < model->feature_count; i++)
        count += model->features[i].process.size > 0;
    return count;
}

void mw_asked_write_json(mw_json *json, const mw_model_program *model) {
    mw_json_key(json, "not_proved_exact");
    if (!model) {
        mw_json_null(json);
        return;
    }
    mw_json_array(json);
    for (size_t i = 0; i < model->feature_count; i++)
        if (model->features[i].process.size > 0) mw_json_str(json, model->features[i].name);
    mw_json_array_end(json);
}
