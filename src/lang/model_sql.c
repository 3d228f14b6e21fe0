#include "lang/model_sql.h"

#include "base/zone.h"
#include "lang/aggregate_sql.h"
#include "lang/clock_sql.h"
#include "lang/moment_sql.h"
#include "lang/needs.h"
#include "lang/ngram_sql.h"
#include "lang/outside_sql.h"
#include "lang/sql.h"
#include "table/event_columns.h"

static mw_status append_code(const mw_sql_query *q, const mw_code *code, mw_sql_names names,
                             mw_error *err) {
    return mw_code_append_sql(code, &names, q->symbols, q->out, err);
}

static mw_sql_names moment_names(const mw_sql_query *q) {
    return (mw_sql_names){.row = "m." MW_SQL_ROW ".",
                          .schema = mw_sql_moment_schema(q),
                          .time = "m." MW_SQL_T,
                          .columns = "m.",
                          .windows = &q->windows,
                          .features = &q->features,
                          .withins = &q->withins,
                          .has_outside = q->has_outside};
}

static mw_sql_names event_names(const mw_sql_query *q, const mw_window *window) {
    return (mw_sql_names){.row = "e.event.",
                          .schema = &q->streams[window->stream],
                          .now = "m." MW_SQL_ROW ".",
                          .now_schema = mw_sql_moment_schema(q),
                          .time = "e.\"event t\"",
                          .now_time = "m." MW_SQL_T,
                          .columns = "m.",
                          .windows = &q->windows};
}

/* --- windows -------------------------------------------------------------------------------- */

static mw_status append_keys(const mw_sql_query *q, const mw_window *window, mw_error *err) {
    const mw_schema *schema = &q->streams[window->stream];
    for (int32_t i = 0; i < window->key_count; i++) {
        mw_buf_append_text(q->out, " AND ");
        mw_sql_append_field(q->out, "e.event.", schema->fields[window->event_keys[i]]);
        mw_buf_append_text(q->out, " = ");
        MW_TRY(append_code(q, window->moment_keys[i], moment_names(q), err));
    }
    return MW_OK;
}

/* Rule 3. */
static void append_own(const mw_sql_query *q, const mw_window *window) {
    if (window->own_by < 0) return;
    if (window->is_ahead && window->stream != mw_model_announcer(q->model)) return;
    const mw_stream *mine = &q->program->streams[window->own_by];
    const mw_stream *other = &q->program->streams[window->stream];
    for (int32_t i = 0; i < mine->id_count; i++) {
        mw_buf_append_text(q->out, i == 0 ? "\n    AND NOT (" : " AND ");
        mw_sql_append_field(q->out, "e.event.",
                            q->streams[window->stream].fields[other->id_by_name[i]]);
        mw_buf_append_text(q->out, " IS NOT DISTINCT FROM ");
        mw_sql_append_field(q->out, "m." MW_SQL_ROW ".",
                            mw_sql_moment_schema(q)->fields[mine->id_by_name[i]]);
    }
    mw_buf_append_char(q->out, ')');
}

static bool is_same_tick(mw_tick a, mw_tick b) {
    return a.kind == b.kind && a.span_us == b.span_us;
}

/* Where a window begins or ends; one of ticks that looks ahead holds nothing before t. */
static void append_end(const mw_sql_query *q, const mw_window *window, bool is_start) {
    int64_t steps = is_start ? window->start_steps : window->end_steps;
    const char *end = is_start ? "m.\"tick from\"" : "m.\"tick to\"";
    if (window->tick.kind == MW_TICK_NONE)
        mw_buf_printf(q->out, "m." MW_SQL_T " + %lld", (long long)steps);
    else if (window->is_ahead) mw_buf_printf(q->out, "greatest(m." MW_SQL_T ", %s)", end);
    else mw_buf_append_text(q->out, end);
}

/* A window of whole ticks begins with the first at or after the last event of `since`. */
static void append_since(const mw_sql_query *q, const mw_window *window) {
    mw_buf_append_text(q->out, "\n    AND e.\"event t\" >= coalesce(m.");
    if (window->tick.kind == MW_TICK_NONE)
        mw_sql_append_name(q->out, q->windows.fields[window->since].name);
    else mw_buf_append_text(q->out, "\"tick since\"");
    mw_buf_append_text(q->out, ", e.\"event t\")");
}

/* Until when what a window holds must be known. */
static void append_known_limit(const mw_sql_query *q, size_t index) {
    bool by_maturity =
        index >= q->model->feature_window_count && q->model->windows[index].is_ahead;
    if (by_maturity)
        mw_buf_printf(q->out, "m." MW_SQL_T " + %lld", (long long)q->model->maturity_us);
    else mw_buf_append_text(q->out, "m." MW_SQL_PLACE);
}

/* Rules 2 and 8. */
static void append_times(const mw_sql_query *q, size_t index) {
    const mw_window *window = &q->model->windows[index];
    mw_buf_append_text(q->out, "\n  WHERE e.\"event known\" < ");
    append_known_limit(q, index);
    if (mw_sql_is_corrected(q, window->stream)) {
        mw_buf_append_text(q->out, "\n    AND (e.\"event until\" < ");
        append_known_limit(q, index);
        mw_buf_append_text(q->out, ") IS NOT TRUE");
    }
    if (window->start_us != MW_ALL_PAST) {
        mw_buf_append_text(q->out, "\n    AND e.\"event t\" >= ");
        append_end(q, window, true);
    }
    mw_buf_append_text(q->out, "\n    AND e.\"event t\" < ");
    append_end(q, window, false);
    if (window->since >= 0) append_since(q, window);
}

/* Rule 10: what is there over no event. */
static const char *value_of_nothing(mw_aggregate aggregate) {
    switch (aggregate) {
    case MW_AGGREGATE_COUNT:
    case MW_AGGREGATE_SUM:
    case MW_AGGREGATE_DISTINCT: return "0";
    case MW_AGGREGATE_ANY: return "false";
    default: return NULL;
    }
}

/* What a window's query gave for the moment, if it gave anything. A distinct that is missing there
   had too many values, and stays missing. */
static void append_joined_value(const mw_sql_query *q, size_t window) {
    mw_aggregate aggregate = q->model->windows[window].aggregate;
    const char *nothing = value_of_nothing(aggregate);
    mw_str name = q->windows.fields[window].name;
    bool is_distinct = aggregate == MW_AGGREGATE_DISTINCT;
    if (is_distinct) {
        mw_buf_append_text(q->out, "CASE WHEN ");
        mw_sql_append_name(q->out, name);
        mw_buf_append_text(q->out, ".\"moment n\" IS NULL THEN 0 ELSE ");
    } else if (nothing) mw_buf_append_text(q->out, "coalesce(");
    mw_sql_append_name(q->out, name);
    mw_buf_append_char(q->out, '.');
    mw_sql_append_name(q->out, name);
    if (is_distinct) mw_buf_append_text(q->out, " END");
    else if (nothing) mw_buf_printf(q->out, ", %s)", nothing);
}

/* Whether the window is written where the query stands now. */
static bool is_of_stage(const mw_sql_query *q, size_t window) {
    bool waits = q->label_waits && window >= q->model->feature_window_count;
    return q->gaps.windows[window].size == 0 && waits == q->at_label;
}

/* The moments with the values of all windows so far, or of those that `reader` hangs on. */
static bool is_joined(const mw_sql_query *q, const mw_window *reader, size_t window) {
    return is_of_stage(q, window) && (!reader || mw_window_reads_window(reader, window));
}

static void append_joined(const mw_sql_query *q, const mw_window *reader) {
    mw_buf_append_text(q->out, "SELECT moments.*");
    for (size_t i = 0; i < q->model->window_count; i++) {
        if (!is_joined(q, reader, i)) continue;
        mw_buf_append_text(q->out, ",\n    ");
        append_joined_value(q, i);
        mw_buf_append_text(q->out, " AS ");
        mw_sql_append_name(q->out, q->windows.fields[i].name);
    }
    mw_buf_append_text(q->out, q->at_label ? "\n  FROM \"the features\" AS moments"
                                           : "\n  FROM moments");
    for (size_t i = 0; i < q->model->window_count; i++) {
        if (!is_joined(q, reader, i)) continue;
        mw_buf_append_text(q->out, " LEFT JOIN ");
        mw_sql_append_name(q->out, q->windows.fields[i].name);
        mw_buf_append_text(q->out, " USING (\"moment n\")");
    }
}

/* The ticks that the window may end at, whatever the moment. */
static void append_ticks(const mw_sql_query *q, size_t first) {
    mw_tick tick = q->model->windows[first].tick;
    mw_clock_sql_reach reach = {"\"the times\"", 0, 0};
    for (size_t i = 0; i < q->model->window_count; i++) {
        const mw_window *window = &q->model->windows[i];
        if (!is_same_tick(window->tick, tick)) continue;
        if (i < first) return; /* written for that one */
        bool is_bounded = window->start_us != MW_ALL_PAST;
        if (is_bounded && window->start_us < reach.low_us) reach.low_us = window->start_us;
        if (window->end_us > reach.high_us) reach.high_us = window->end_us;
    }
    mw_buf_append_text(q->out, ",\n");
    mw_clock_sql_append_ticks(tick, reach, q->out);
}

static void append_all_ticks(const mw_sql_query *q) {
    bool has_ticks = false;
    for (size_t i = 0; i < q->model->window_count; i++) {
        if (q->model->windows[i].tick.kind == MW_TICK_NONE) continue;
        if (!has_ticks)
            mw_buf_append_text(q->out, ",\n\"the times\" AS (SELECT min(" MW_SQL_T ") AS first, "
                                       "max(" MW_SQL_T
                                       ") AS last FROM moments)");
        has_ticks = true;
        append_ticks(q, i);
    }
}

/* The tick where the window begins or ends, so many from k, the moment's last. */
static void append_end_tick(const mw_sql_query *q, mw_tick tick, const char *end, int64_t steps) {
    bool is_even = mw_clock_sql_is_even(tick);
    mw_buf_append_text(q->out, is_even ? "\n        ASOF JOIN " : "\n        JOIN ");
    mw_clock_sql_append_name(tick, q->out);
    if (is_even)
        mw_buf_printf(q->out, " AS \"%s\" ON k.us + %lld >= \"%s\".us", end,
                      (long long)(steps * tick.span_us), end);
    else mw_buf_printf(q->out, " AS \"%s\" ON \"%s\".n = k.n + %lld", end, end, (long long)steps);
}

/* The moments and all that the window reads: other windows, and the ticks between which it lies.
   Of ticks that are at one time, for the clocks skipped some, the last one is the moment's. */
static void append_readers(const mw_sql_query *q, const mw_window *window) {
    bool is_bounded = window->start_us != MW_ALL_PAST;
    if (window->tick.kind == MW_TICK_NONE) {
        append_joined(q, window);
        return;
    }
    mw_buf_append_text(q->out, "SELECT m.*, \"tick to\".us AS \"tick to\"");
    if (is_bounded) mw_buf_append_text(q->out, ", \"tick from\".us AS \"tick from\"");
    if (window->since >= 0) mw_buf_append_text(q->out, ", s.us AS \"tick since\"");
    mw_buf_append_text(q->out, "\n        FROM (");
    append_joined(q, window);
    mw_buf_append_text(q->out, ") AS m\n        ASOF JOIN (SELECT ");
    if (!mw_clock_sql_is_even(window->tick)) mw_buf_append_text(q->out, "max(n) AS n, ");
    mw_buf_append_text(q->out, "us FROM ");
    mw_clock_sql_append_name(window->tick, q->out);
    mw_buf_append_text(q->out, " GROUP BY us) AS k ON m." MW_SQL_T " >= k.us");
    append_end_tick(q, window->tick, "tick to", window->end_steps);
    if (is_bounded) append_end_tick(q, window->tick, "tick from", window->start_steps);
    if (window->since < 0) return;
    mw_buf_append_text(q->out, "\n        ASOF LEFT JOIN ");
    mw_clock_sql_append_name(window->tick, q->out);
    mw_buf_append_text(q->out, " AS s ON m.");
    mw_sql_append_name(q->out, q->windows.fields[window->since].name);
    mw_buf_append_text(q->out, " <= s.us");
}

/* The moments once for each bucket that their window reaches into. */
static void append_sides(const mw_sql_query *q, const mw_window *window) {
    bool is_bounded = window->start_us != MW_ALL_PAST;
    long long span = is_bounded ? (long long)(window->end_us - window->start_us) : 0;
    mw_buf_append_text(q->out, "\n  FROM (");
    if (is_bounded)
        mw_buf_printf(q->out, "SELECT *, (" MW_SQL_T " + %lld) // %lld + unnest([0, 1]) AS bucket\n"
                              "        FROM (", (long long)window->start_us, span);
    append_readers(q, window);
    mw_buf_append_text(q->out, is_bounded ? "))" : ")");
    mw_buf_printf(q->out, " AS m\n  JOIN \"events of %.*s\" AS e ON ",
                  MW_STR_ARGS(q->program->streams[window->stream].name));
    if (is_bounded) mw_buf_printf(q->out, "e.\"event t\" // %lld = m.bucket", span);
    else mw_buf_append_text(q->out, "true");
}

static mw_status append_window(const mw_sql_query *q, size_t index, mw_error *err) {
    const mw_window *window = &q->model->windows[index];
    if (!is_of_stage(q, index)) return MW_OK;
    mw_buf_append_text(q->out, ",\n");
    mw_sql_append_name(q->out, q->windows.fields[index].name);
    mw_buf_append_text(q->out, " AS ( ");
    mw_sql_append_comment(q->out, window->text);
    mw_buf_append_text(q->out, "  SELECT m.\"moment n\", ");
    mw_sql_names names = event_names(q, window);
    MW_TRY(mw_aggregate_append_sql(window, &names, q->symbols, q->in_order[index], q->out, err));
    mw_buf_append_text(q->out, " AS ");
    mw_sql_append_name(q->out, q->windows.fields[index].name);
    append_sides(q, window);
    MW_TRY(append_keys(q, window, err));
    append_times(q, index);
    if (window->condition) {
        mw_buf_append_text(q->out, "\n    AND ");
        MW_TRY(append_code(q, window->condition, event_names(q, window), err));
    }
    if (window->now_condition) {
        mw_buf_append_text(q->out, "\n    AND ");
        MW_TRY(append_code(q, window->now_condition, event_names(q, window), err));
    }
    append_own(q, window);
    mw_buf_append_text(q->out, "\n  GROUP BY m.\"moment n\"\n)");
    return MW_OK;
}

/* --- features and label --------------------------------------------------------------------- */

/* How many features, one after the other, must come before each: in the order in which they run. */
static void find_depths(const mw_model_program *model, size_t *out_depths) {
    for (size_t i = 0; i < model->feature_count; i++) {
        int32_t feature = model->feature_order[i];
        size_t depth = 0;
        for (size_t k = 0; k < i; k++) {
            int32_t other = model->feature_order[k];
            if (mw_code_reads_feature(model->features[feature].code, other) &&
                out_depths[other] >= depth)
                depth = out_depths[other] + 1;
        }
        out_depths[feature] = depth;
    }
}

/* A vector that reads its numbers out of a column: the buckets of n-grams, or what was found for an
   input, which then is a column itself. */
static bool has_columns(const mw_feature *feature) {
    return feature->vector && feature->vector->kind != MW_VECTOR_NUMBERS;
}

/* Whether so many features come before the first that reads this vector's columns. */
static bool needs_columns(const mw_sql_query *q, size_t before) {
    const mw_model_program *model = q->model;
    const mw_feature *feature = &model->features[model->feature_order[before]];
    if (!has_columns(feature)) return false;
    if (q->gaps.features[model->feature_order[before]].size > 0) return false;
    for (size_t i = 0; i < before; i++) {
        int32_t other = model->feature_order[i];
        if (q->gaps.features[other].size > 0 || !has_columns(&model->features[other])) continue;
        if (mw_str_equal(model->features[other].vector->text, feature->vector->text)) return false;
    }
    return true;
}

static mw_status append_column(const mw_sql_query *q, const mw_vector *vector, mw_error *err) {
    mw_sql_names names = moment_names(q);
    if (mw_vector_is_outside(vector)) {
        MW_TRY(mw_outside_sql_append_input(vector, &names, q->symbols, q->out, err));
        mw_outside_sql_end_input(vector, q->out);
        return MW_OK;
    }
    mw_ngram_sql_begin_buckets(q->out);
    MW_TRY(append_code(q, vector->args[0], names, err));
    mw_ngram_sql_end_buckets(vector, q->out);
    return MW_OK;
}

/* What a step reads: the one before it, with the columns of its vectors and, above that, what was
   found for those of inputs. */
static mw_status append_below(const mw_sql_query *q, size_t step, const size_t *depths,
                              mw_error *err) {
    const mw_model_program *model = q->model;
    bool has_found = false;
    mw_buf_append_text(q->out, "\n  FROM (SELECT m.*");
    for (size_t i = 0; i < model->feature_count; i++) {
        const mw_vector *vector = model->features[model->feature_order[i]].vector;
        if (depths[model->feature_order[i]] != step || !needs_columns(q, i)) continue;
        if (!mw_vector_is_outside(vector)) continue;
        mw_buf_append_text(q->out, ", ");
        mw_outside_sql_append_found(vector, model->name, q->out);
        has_found = true;
    }
    if (has_found) mw_buf_append_text(q->out, "\n  FROM (SELECT m.*");
    for (size_t i = 0; i < model->feature_count; i++) {
        int32_t feature = model->feature_order[i];
        if (depths[feature] != step || !needs_columns(q, i)) continue;
        mw_buf_append_text(q->out, ", ");
        MW_TRY(append_column(q, model->features[feature].vector, err));
    }
    if (step == 0) mw_buf_append_text(q->out, " FROM joined AS m) AS m");
    else mw_buf_printf(q->out, " FROM \"features %zu\" AS m) AS m", step - 1);
    mw_buf_append_text(q->out, has_found ? ") AS m\n)" : "\n)");
    return MW_OK;
}

/* Those that read no feature first, then those that read them, and so on: "features 0", .. */
static mw_status append_features(mw_sql_query *q, size_t *out_depth, mw_error *err) {
    const mw_model_program *model = q->model;
    size_t deepest = 0;
    size_t *depths = mw_arena_alloc(&q->arena, model->feature_count + 1, sizeof *depths);
    if (!depths) return mw_fail(err, MW_NO_MEMORY, "sql: no memory for the columns");
    find_depths(model, depths);
    for (size_t depth = 0; depth <= deepest; depth++) {
        mw_buf_printf(q->out, ",\n\"features %zu\" AS (\n  SELECT m.*", depth);
        for (size_t i = 0; i < model->feature_count; i++) {
            const mw_feature *feature = &model->features[i];
            if (depths[i] > deepest) deepest = depths[i];
            if (depths[i] != depth || q->gaps.features[i].size > 0) continue;
            mw_buf_append_text(q->out, ",\n    ");
            MW_TRY(append_code(q, feature->code, moment_names(q), err));
            mw_buf_append_text(q->out, " AS ");
            mw_sql_append_name(q->out, feature->name);
        }
        MW_TRY(append_below(q, depth, depths, err));
    }
    *out_depth = deepest;
    return MW_OK;
}

/* One column more than the step before has: "features 0" from what is joined, and so on. */
static void begin_step(const mw_sql_query *q, size_t step) {
    mw_buf_printf(q->out, ",\n\"features %zu\" AS (\n  SELECT m.*, ", step);
}

static void end_step(const mw_sql_query *q, size_t step, mw_str name) {
    if (name.size > 0) {
        mw_buf_append_text(q->out, " AS ");
        mw_sql_append_name(q->out, name);
    }
    if (step == 0) mw_buf_append_text(q->out, "\n  FROM joined AS m\n)");
    else mw_buf_printf(q->out, "\n  FROM \"features %zu\" AS m\n)", step - 1);
}

static mw_status append_column_steps(const mw_sql_query *q, const mw_vector *vector,
                                     size_t *step, mw_error *err) {
    begin_step(q, *step);
    MW_TRY(append_column(q, vector, err));
    end_step(q, (*step)++, MW_STR(""));
    if (!mw_vector_is_outside(vector)) return MW_OK;
    begin_step(q, *step);
    mw_outside_sql_append_found(vector, q->model->name, q->out);
    end_step(q, (*step)++, MW_STR(""));
    return MW_OK;
}

/* Features, and what is asked of all moments between them, in the order in which they must run. */
static mw_status append_steps(const mw_sql_query *q, size_t *out_last, mw_error *err) {
    const mw_model_program *model = q->model;
    size_t step = 0, within = 0;
    for (size_t i = 0; i <= model->feature_count; i++) {
        for (; within < model->within_count && model->withins[within].after == i; within++) {
            if (q->gaps.withins[within].size > 0) continue;
            begin_step(q, step);
            const mw_window *of = &model->withins[within].of;
            mw_sql_names names = moment_names(q);
            MW_TRY(mw_within_append_sql(of, &names, q->symbols, q->out, err));
            end_step(q, step++, q->withins.fields[within].name);
        }
        if (i == model->feature_count) break;
        int32_t next = model->feature_order[i];
        const mw_feature *feature = &model->features[next];
        if (q->gaps.features[next].size > 0) continue;
        if (needs_columns(q, i)) MW_TRY(append_column_steps(q, feature->vector, &step, err));
        begin_step(q, step);
        MW_TRY(append_code(q, feature->code, moment_names(q), err));
        end_step(q, step++, feature->name);
    }
    if (step == 0) mw_buf_append_text(q->out, ",\n\"features 0\" AS (SELECT * FROM joined)");
    *out_last = step > 0 ? step - 1 : 0;
    return MW_OK;
}

static mw_status append_label(const mw_sql_query *q, mw_error *err) {
    if (q->gaps.label.size > 0) return MW_OK;
    mw_buf_printf(q->out, ",\n  CASE WHEN m." MW_SQL_T " + %lld <= epoch_us(now())",
                  (long long)q->model->maturity_us);
    if (q->model->unless) {
        mw_buf_append_text(q->out, " AND (");
        MW_TRY(append_code(q, q->model->unless, moment_names(q), err));
        mw_buf_append_text(q->out, ") IS NOT TRUE");
    }
    mw_buf_append_text(q->out, " THEN ");
    MW_TRY(append_code(q, q->model->label, moment_names(q), err));
    mw_buf_append_text(q->out, " END AS label");
    return MW_OK;
}

static mw_status append_columns(const mw_sql_query *q, size_t depth, mw_error *err) {
    const mw_stream *stream = &q->program->streams[q->model->moment_stream];
    mw_buf_append_text(q->out, "\nSELECT ");
    for (int32_t i = 0; i < stream->id_count; i++) {
        int32_t field = stream->id_fields[i];
        mw_buf_append_text(q->out, "m." MW_SQL_ROW ".");
        mw_sql_append_name(q->out, mw_sql_moment_schema(q)->fields[field].name);
        if (stream->schema.fields[field].type == MW_TYPE_DURATION)
            mw_buf_append_text(q->out, " / 1e6");
        mw_buf_printf(q->out, " AS \"id.%.*s\", ",
                      MW_STR_ARGS(stream->schema.fields[field].name));
    }
    mw_buf_append_text(q->out, "make_timestamp(m." MW_SQL_T ") AS \"time\"");
    for (size_t i = 0; i < q->model->feature_count; i++) {
        const mw_feature *feature = &q->model->features[i];
        if (q->gaps.features[i].size > 0) continue;
        mw_buf_append_text(q->out, ",\n  m.");
        mw_sql_append_name(q->out, feature->name);
        if (feature->type == MW_TYPE_DURATION) mw_buf_append_text(q->out, " / 1e6");
        mw_buf_append_text(q->out, " AS ");
        mw_sql_append_name(q->out, feature->name);
    }
    MW_TRY(append_label(q, err));
    if (q->label_waits) mw_buf_append_text(q->out, "\nFROM labelled AS m");
    else mw_buf_printf(q->out, "\nFROM \"features %zu\" AS m", depth);
    if (q->model->schedule) {
        mw_buf_append_text(q->out, "\nWHERE ");
        MW_TRY(append_code(q, q->model->schedule->takes, moment_names(q), err));
    }
    mw_buf_append_text(q->out, ";\n");
    return MW_OK;
}

/* "window 0", "window 1" ... */
static bool name_numbered(mw_sql_query *q, const char *what, mw_field *fields, size_t count) {
    mw_buf name;
    mw_buf_init(&name, 64);
    bool has_room = true;
    for (size_t i = 0; i < count && has_room; i++) {
        mw_buf_clear(&name);
        mw_buf_printf(&name, "%s %zu", what, i);
        fields[i].name = mw_str_copy(&q->arena, mw_buf_str(&name));
        has_room = fields[i].name.data != NULL;
    }
    mw_buf_release(&name);
    return has_room;
}

static bool name_fields(mw_sql_query *q) {
    q->streams = mw_arena_alloc(&q->arena, q->program->stream_count, sizeof *q->streams);
    for (size_t i = 0; q->streams && i < q->program->stream_count; i++) {
        mw_schema columns;
        const mw_schema *schema = &q->program->streams[i].schema;
        if (mw_event_columns(&q->arena, schema, &columns) != MW_OK) return false;
        q->streams[i] = (mw_schema){columns.fields + MW_EVENT_COLUMNS, schema->field_count};
    }
    return q->streams != NULL;
}

static mw_status name_columns(mw_sql_query *q, mw_error *err) {
    const mw_model_program *model = q->model;
    mw_field *windows = mw_arena_alloc(&q->arena, model->window_count + 1, sizeof *windows);
    mw_field *features = mw_arena_alloc(&q->arena, model->feature_count + 1, sizeof *features);
    mw_field *withins = mw_arena_alloc(&q->arena, model->within_count + 1, sizeof *withins);
    if (!windows || !features || !withins || !name_fields(q) ||
        !name_numbered(q, "window", windows, model->window_count) ||
        !name_numbered(q, "within", withins, model->within_count))
        return mw_fail(err, MW_NO_MEMORY, "sql: no memory for the columns");
    for (size_t i = 0; i < model->window_count; i++) windows[i].type = model->windows[i].type;
    for (size_t i = 0; i < model->within_count; i++) withins[i].type = model->withins[i].of.type;
    for (size_t i = 0; i < model->feature_count; i++)
        features[i] = (mw_field){model->features[i].name, model->features[i].type};
    q->windows = (mw_schema){windows, model->window_count};
    q->features = (mw_schema){features, model->feature_count};
    q->withins = (mw_schema){withins, model->within_count};
    return MW_OK;
}

static bool has_feature_key(const mw_model_program *model, const mw_window *window) {
    for (int32_t k = 0; k < window->key_count; k++)
        for (size_t i = 0; i < model->feature_count; i++)
            if (mw_code_reads_feature(window->moment_keys[k], (int32_t)i)) return true;
    return false;
}

/* Only a label's windows have features for keys; with one such all of them read the features. */
static bool label_waits(const mw_sql_query *q) {
    const mw_model_program *model = q->model;
    for (size_t i = model->feature_window_count; i < model->window_count; i++)
        if (q->gaps.windows[i].size == 0 && has_feature_key(model, &model->windows[i])) return true;
    return false;
}

static mw_status append_windows(const mw_sql_query *q, const char *joined, mw_error *err) {
    for (size_t i = 0; i < q->model->window_count; i++) MW_TRY(append_window(q, i, err));
    mw_buf_printf(q->out, ",\n%s AS (\n  ", joined);
    append_joined(q, NULL);
    mw_buf_append_text(q->out, "\n)");
    return MW_OK;
}

/* All up to the features, of which the last step holds every one. */
static mw_status append_steps_of_all(mw_sql_query *q, size_t *out_depth, mw_error *err) {
    MW_TRY(name_columns(q, err));
    q->label_waits = label_waits(q);
    mw_moment_sql_append(q);
    append_all_ticks(q);
    MW_TRY(append_windows(q, "joined", err));
    return q->model->within_count > 0 ? append_steps(q, out_depth, err)
                                      : append_features(q, out_depth, err);
}

static mw_status append_query(mw_sql_query *q, mw_error *err) {
    size_t depth = 0;
    MW_TRY(append_steps_of_all(q, &depth, err));
    if (q->label_waits) {
        mw_buf_printf(q->out, ",\n\"the features\" AS MATERIALIZED (FROM \"features %zu\")", depth);
        q->at_label = true;
        MW_TRY(append_windows(q, "labelled", err));
    }
    return append_columns(q, depth, err);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* The windows that numbers hang on which are looked up: what makes a file's inputs and what asks
   for them are queries that run apart. */
static mw_status find_in_order(mw_sql_query *q, mw_error *err) {
    const mw_model_program *model = q->model;
    size_t count = model->window_count + model->within_count + model->feature_count + 1;
    mw_str *reasons = mw_arena_alloc(&q->arena, count, sizeof *reasons);
    bool *in_order = mw_arena_alloc(&q->arena, model->window_count + 1, sizeof *in_order);
    if (!reasons || !in_order) return mw_fail(err, MW_NO_MEMORY, "sql: no memory for the columns");
    mw_sql_gaps gaps = {.windows = reasons, .withins = reasons + model->window_count};
    gaps.features = gaps.withins + model->within_count;
    for (size_t i = 0; i < model->feature_count; i++) {
        const mw_vector *vector = model->features[i].vector;
        if (model->features[i].vector_index > 0 || !vector) continue;
        if (!mw_vector_is_outside(vector) || mw_vector_takes_text(vector)) continue;
        mw_sql_gaps_narrow(&gaps, model, vector->args, vector->arg_count);
        for (size_t k = 0; k < model->window_count; k++)
            in_order[k] = in_order[k] || gaps.windows[k].size == 0;
    }
    q->in_order = in_order;
    return MW_OK;
}

/* The arena is to be released. */
static mw_status begin_query(mw_model_sql of, mw_buf *out, mw_sql_query *q, mw_error *err) {
    *q = (mw_sql_query){.program = of.program, .model = of.model, .symbols = of.symbols,
                        .is_corrected = of.is_corrected, .has_outside = of.has_outside,
                        .out = out};
    mw_arena_init(&q->arena, (size_t)1 << 24);
    mw_sql_gaps_of gaps_of = {of.program, of.model, of.symbols, of.has_outside};
    MW_TRY(mw_sql_gaps_find(gaps_of, &q->arena, &q->gaps, err));
    MW_TRY(find_in_order(q, err));
    if (q->gaps.takes.size == 0) return MW_OK;
    return mw_fail(err, MW_NOT_BUILT, "sql: whom the schedule takes hangs on what SQL cannot "
                                      "say: %.*s", MW_STR_ARGS(q->gaps.takes));
}

mw_status mw_model_append_sql(mw_model_sql of, mw_buf *out, mw_buf *out_left_out,
                              mw_error *err) {
    mw_sql_query q;
    mw_status status = begin_query(of, out, &q, err);
    if (status == MW_OK) status = append_query(&q, err);
    if (status == MW_OK) mw_sql_gaps_tell(&q.gaps, of.model, out_left_out);
    mw_arena_release(&q.arena);
    return status;
}

mw_status mw_model_find_outside(mw_model_sql of, mw_arena *arena, mw_model_outside *out_outside,
                                mw_error *err) {
    mw_sql_query q;
    mw_model_outside found = {mw_arena_alloc(arena, of.model->feature_count + 1,
                                             sizeof *found.features), 0};
    mw_status status = begin_query(of, NULL, &q, err);
    if (status == MW_OK && !found.features)
        status = mw_fail(err, MW_NO_MEMORY, "sql: no memory for what lies outside of it");
    for (size_t i = 0; status == MW_OK && i < of.model->feature_count; i++) {
        const mw_feature *feature = &of.model->features[of.model->feature_order[i]];
        if (needs_columns(&q, i) && mw_vector_is_outside(feature->vector))
            found.features[found.count++] = feature;
    }
    mw_arena_release(&q.arena);
    if (status == MW_OK) *out_outside = found;
    return status;
}

/* "a IS NOT NULL AND ..": of the moments that the model makes. */
static mw_status append_input_rows(const mw_sql_query *q, const mw_vector *vector, size_t depth,
                                   mw_error *err) {
    mw_sql_names names = moment_names(q);
    bool takes_text = mw_vector_takes_text(vector);
    mw_buf_append_text(q->out, "\nSELECT ");
    MW_TRY(mw_outside_sql_append_input(vector, &names, q->symbols, q->out, err));
    mw_buf_append_text(q->out, " AS input");
    for (size_t i = 0; i < vector->arg_count; i++) {
        mw_buf_append_text(q->out, takes_text ? ",\n  " : ",\n  CAST(");
        MW_TRY(append_code(q, vector->args[i], names, err));
        mw_buf_printf(q->out, "%s AS \"argument %zu\"", takes_text ? "" : " AS DOUBLE)", i);
    }
    mw_buf_printf(q->out, "\nFROM \"features %zu\" AS m\nWHERE ", depth);
    if (q->model->schedule) MW_TRY(append_code(q, q->model->schedule->takes, names, err));
    else mw_buf_append_text(q->out, "true");
    for (size_t i = 0; i < vector->arg_count; i++)
        mw_buf_printf(q->out, " AND \"argument %zu\" IS NOT NULL", i);
    mw_buf_append_text(q->out, ";\n");
    return MW_OK;
}

static mw_status append_inputs(mw_sql_query *q, const mw_vector *vector, mw_error *err) {
    size_t depth = 0, count = vector->arg_count;
    const mw_code **codes = mw_arena_alloc(&q->arena, count + 1, sizeof *codes);
    if (!codes) return mw_fail(err, MW_NO_MEMORY, "sql: no memory for the inputs");
    for (size_t i = 0; i < count; i++) codes[i] = vector->args[i];
    if (q->model->schedule) codes[count++] = q->model->schedule->takes;
    mw_sql_gaps_narrow(&q->gaps, q->model, codes, count);
    MW_TRY(append_steps_of_all(q, &depth, err));
    return append_input_rows(q, vector, depth, err);
}

mw_status mw_model_append_inputs_sql(mw_model_sql of, const mw_feature *feature, mw_buf *out,
                                     mw_error *err) {
    mw_sql_query q;
    mw_status status = begin_query(of, out, &q, err);
    if (status == MW_OK) status = append_inputs(&q, feature->vector, err);
    mw_arena_release(&q.arena);
    return status;
}
