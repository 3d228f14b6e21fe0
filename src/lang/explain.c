#include "lang/explain.h"

#include "lang/asked.h"
#include "lang/lexer.h"
#include "lang/range.h"
#include "table/answer_kind.h"

static mw_str source_name(const mw_program *program, const mw_window *window) {
    return program->sources[program->streams[window->stream].source].name;
}

static mw_str since_name(const mw_program *program, const mw_model_program *model,
                         const mw_window *window) {
    if (window->since < 0) return (mw_str){NULL, 0};
    return source_name(program, &model->windows[window->since]);
}

/* "the mean of dep_delay over", and then the events. */
static void explain_aggregate(const mw_window *window, mw_buf *out) {
    static const char *const of_values[] = {
        [MW_AGGREGATE_SUM] = "the sum of",
        [MW_AGGREGATE_MEAN] = "the mean of",
        [MW_AGGREGATE_MIN] = "the least of",
        [MW_AGGREGATE_MAX] = "the greatest of",
        [MW_AGGREGATE_FIRST] = "the first of",
        [MW_AGGREGATE_LAST] = "the last of",
        [MW_AGGREGATE_COUNT] = "the number of",
        [MW_AGGREGATE_ANY] = "whether there is one of",
        [MW_AGGREGATE_SINCE] = "the time since the last of",
        [MW_AGGREGATE_VAR] = "the variance of",
        [MW_AGGREGATE_STD] = "the standard deviation of",
        [MW_AGGREGATE_TREND] = "the slope per second of",
        [MW_AGGREGATE_DISTINCT] = "the number of different values of",
        [MW_AGGREGATE_TOP] = "the most frequent value of"};
    if (window->aggregate == MW_AGGREGATE_QUANTILE) {
        mw_buf_append_text(out, "the quantile ");
        mw_buf_append_double(out, window->quantile_millionths / 1e6);
        mw_buf_printf(out, " (within 0.2 %%) of %.*s over",
                      MW_STR_ARGS(mw_code_text(window->value)));
        return;
    }
    mw_buf_append_text(out, of_values[window->aggregate]);
    if (window->value) mw_buf_printf(out, " %.*s over", MW_STR_ARGS(mw_code_text(window->value)));
}

static void explain_keys(const mw_stream *stream, const mw_window *window, mw_buf *out) {
    for (int32_t i = 0; i < window->key_count; i++) {
        mw_str theirs = stream->schema.fields[window->event_keys[i]].name;
        mw_str mine = mw_code_text(window->moment_keys[i]);
        const char *joint = i == 0 ? " with" : i + 1 < window->key_count ? "," : " and";
        if (mw_str_equal(theirs, mine))
            mw_buf_printf(out, "%s the same %.*s", joint, MW_STR_ARGS(theirs));
        else
            mw_buf_printf(out, "%s %.*s equal to the moment's %.*s", joint, MW_STR_ARGS(theirs),
                          MW_STR_ARGS(mine));
    }
}

void mw_window_explain(const mw_program *program, const mw_model_program *model, size_t window,
                       mw_buf *out) {
    MW_ASSERT(window < model->window_count);
    const mw_window *it = &model->windows[window];
    const mw_stream *stream = &program->streams[it->stream];
    bool of_label = window >= model->feature_window_count;
    explain_aggregate(it, out);
    mw_buf_printf(out, " the events of %.*s", MW_STR_ARGS(source_name(program, it)));
    explain_keys(stream, it, out);
    if (it->condition) mw_buf_printf(out, ", where %.*s", MW_STR_ARGS(mw_code_text(it->condition)));
    if (it->now_condition)
        mw_buf_printf(out, "%s %.*s (now: at the moment)", it->condition ? " and" : ", where",
                      MW_STR_ARGS(mw_code_text(it->now_condition)));
    if (!stream->is_always) mw_range_explain(it, since_name(program, model, it), out);
    mw_buf_append_text(out, of_label && it->is_ahead ? ", known when the label matures"
                                                     : ", known before the moment");
    if (it->own_by >= 0)
        mw_buf_append_text(out, it->is_ahead ? "; the predicted event itself is left out"
                                             : "; those with the predicted event's id are left "
                                               "out");
    if (it->aggregate == MW_AGGREGATE_DISTINCT || it->aggregate == MW_AGGREGATE_TOP)
        mw_buf_printf(out, "; missing over more than %d different values",
                      MW_DIFFERENT_VALUES_MAX);
}

static void write_clock(mw_beat beat, mw_buf *out) {
    static const char *const days[] = {"", "mon ", "tue ", "wed ", "thu ", "fri ", "sat ", "sun "};
    if (beat.weekday == 0 && beat.clock_us == 0) return;
    mw_buf_printf(out, " at \"%s%02d:%02d\"", days[beat.weekday],
                  (int)(beat.clock_us / MW_HOUR_US),
                  (int)(beat.clock_us % MW_HOUR_US / MW_MINUTE_US));
}

static void write_schedule(const mw_program *program, const mw_model_program *model,
                           mw_buf *out) {
    const mw_schedule *schedule = model->schedule;
    const mw_stream *keys = &program->streams[model->moment_stream];
    mw_buf_append_text(out, "every ");
    mw_span_write(out, schedule->beat.span_us);
    write_clock(schedule->beat, out);
    for (int32_t i = 0; i < schedule->key_count; i++)
        mw_buf_printf(out, "%s%.*s", i == 0 ? " for " : ", ",
                      MW_STR_ARGS(keys->schema.fields[i].name));
    mw_buf_printf(out, " of %.*s where %.*s", MW_STR_ARGS(program->streams[schedule->stream].name),
                  MW_STR_ARGS(mw_code_text(schedule->takes)));
    if (schedule->ahead_first_us == 0) return;
    mw_buf_append_text(out, " ahead ");
    mw_span_write(out, schedule->ahead_first_us);
    mw_buf_append_text(out, "..");
    mw_span_write(out, schedule->ahead_last_us);
}

static void write_each(const mw_program *program, const mw_model_program *model, mw_buf *out) {
    const mw_field *fields = program->streams[model->moment_stream].schema.fields;
    mw_buf_printf(out, " each %.*s as %.*s", MW_STR_ARGS(fields[model->each->list].name),
                  MW_STR_ARGS(fields[model->each->element].name));
}

void mw_moment_write(const mw_program *program, const mw_model_program *model, mw_buf *out) {
    int64_t offset_us = model->moment_offset_us;
    if (model->schedule) {
        write_schedule(program, model, out);
        return;
    }
    mw_buf_printf(out, "on %.*s",
                  MW_STR_ARGS(program->streams[mw_model_announcer(model)].name));
    if (model->each) write_each(program, model, out);
    if (offset_us != 0) mw_buf_append_text(out, offset_us < 0 ? " at time - " : " at time + ");
    if (offset_us != 0) mw_span_write(out, offset_us < 0 ? -offset_us : offset_us);
}

static void explain_moment(const mw_program *program, const mw_model_program *model, mw_buf *out) {
    mw_str stream = program->streams[mw_model_announcer(model)].name;
    int64_t offset_us = model->moment_offset_us;
    if (model->schedule) {
        mw_buf_append_text(out, "The moment is ");
        mw_moment_write(program, model, out);
        mw_buf_append_text(out, ".\n");
        return;
    }
    mw_buf_append_text(out, "The moment is ");
    if (offset_us != 0) mw_span_write(out, offset_us < 0 ? -offset_us : offset_us);
    if (offset_us != 0) mw_buf_append_text(out, offset_us < 0 ? " before " : " after ");
    mw_buf_printf(out, "the time of an event of %.*s", MW_STR_ARGS(stream));
    if (model->each) mw_buf_append_text(out, ", once for");
    if (model->each) write_each(program, model, out);
    mw_buf_append_text(out, ".\n");
}

/* What was found to be read, a line each; false: nothing. */
static bool explain_origins(const mw_origins *origins, mw_buf *out) {
    const mw_program *program = origins->program;
    const mw_model_program *model = origins->model;
    bool reads_more = false;
    for (size_t i = 0; i < model->window_count; i++) {
        if (!origins->windows[i]) continue;
        reads_more = true;
        mw_buf_printf(out, "%.*s is ", MW_STR_ARGS(model->windows[i].text));
        mw_window_explain(program, model, i, out);
        mw_buf_append_text(out, ".\n");
    }
    for (size_t i = 0; i < model->within_count; i++) {
        if (!origins->withins[i]) continue;
        reads_more = true;
        mw_buf_printf(out, "%.*s is ", MW_STR_ARGS(model->withins[i].of.text));
        explain_aggregate(&model->withins[i].of, out);
        mw_buf_append_text(out, " all the moments of one event");
        if (model->withins[i].of.condition)
            mw_buf_printf(out, ", where %.*s",
                          MW_STR_ARGS(mw_code_text(model->withins[i].of.condition)));
        mw_buf_append_text(out, ".\n");
    }
    for (size_t i = 0; i < model->feature_count; i++) {
        if (!origins->features[i]) continue;
        reads_more = true;
        mw_buf_printf(out, "%.*s is a feature of its own.\n", MW_STR_ARGS(model->features[i].name));
    }
    return reads_more;
}

void mw_feature_explain(const mw_origins *origins, const mw_feature *it, mw_buf *out) {
    mw_buf_printf(out, "%.*s is a %s: %.*s\n", MW_STR_ARGS(it->name), mw_type_name(it->type),
                  MW_STR_ARGS(mw_code_text(it->code)));
    if (!explain_origins(origins, out))
        mw_buf_append_text(out, "It hangs on the moment and its own event alone.\n");
    explain_moment(origins->program, origins->model, out);
    if (it->process.size > 0)
        mw_buf_printf(out,
                      "It is " MW_NOT_PROVED ": it hangs on what the process %.*s answered as an "
                      "event entered. The answer stands with the event.\n",
                      MW_STR_ARGS(it->process));
}

/* --- the label ------------------------------------------------------------------------------- */

/* How far the label's windows reach, and how long it waits after that, as it was compiled. */
static void explain_maturity(const mw_program *program, const mw_model_program *model,
                             mw_buf *out) {
    int64_t horizon_us = 0;
    const mw_stream *latest = NULL;
    for (size_t i = model->feature_window_count; i < model->window_count; i++) {
        const mw_window *window = &model->windows[i];
        const mw_stream *stream = &program->streams[window->stream];
        if (window->end_us > horizon_us) horizon_us = window->end_us;
        if (!latest || stream->lag_us + stream->late_us > latest->lag_us + latest->late_us)
            latest = stream;
    }
    mw_buf_append_text(out, "It matures ");
    mw_span_append(out, model->maturity_us);
    bool is_number = mw_answer_kind_of(mw_code_type(model->label)) == MW_ANSWER_NUMBER;
    mw_buf_append_text(out, " after the moment");
    if (!is_number) mw_buf_append_text(out, ", all classes at once");
    mw_buf_append_text(out, ": it looks ");
    mw_span_append(out, horizon_us);
    mw_buf_append_text(out, " ahead, and events of ");
    mw_buf_append_str(out, program->sources[latest->source].name);
    mw_buf_append_text(out, " may become known ");
    mw_span_append(out, latest->lag_us + latest->late_us);
    mw_buf_append_text(out, " after their time (lag and `late`).\nThen it never changes; what "
                            "comes later is counted. Where it is missing it makes no example.\n");
}

void mw_label_explain(const mw_origins *origins, mw_buf *out) {
    const mw_model_program *model = origins->model;
    mw_buf_printf(out, "label is a %s: %.*s\n", mw_type_name(mw_code_type(model->label)),
                  MW_STR_ARGS(mw_code_text(model->label)));
    if (model->unless)
        mw_buf_printf(out,
                      "Where %.*s, the example is left out of training and metrics; the moment is "
                      "answered all the same.\n",
                      MW_STR_ARGS(mw_code_text(model->unless)));
    (void)explain_origins(origins, out);
    explain_moment(origins->program, model, out);
    explain_maturity(origins->program, model, out);
    mw_str process = mw_asked_of_code(origins->program, model, model->label);
    if (process.size == 0) process = mw_asked_of_code(origins->program, model, model->unless);
    if (process.size > 0)
        mw_buf_printf(out, "It is " MW_NOT_PROVED ": it hangs on what the process %.*s answered.\n",
                      MW_STR_ARGS(process));
}
