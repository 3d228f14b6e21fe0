#include "cli/monitor_vitals.h"

#include <math.h>

#include "cli/grid.h"

/* --- streams ------------------------------------------------------------------------------ */

/* Those that the model reads; false: it does not read this one. */
static bool read_stream(const mw_champion_watch *champion, size_t stream,
                        mw_freshness_reading *out_reading) {
    const mw_version_program *own = &champion->version.program;
    bool is_read = !own->program->streams[stream].is_always &&
                   mw_vitals_reads(own->model, (int32_t)stream);
    if (is_read)
        *out_reading = mw_freshness_read(mw_watch_freshness(champion->watch), stream,
                                         mw_follower_now(mw_watch_follower(champion->watch)));
    return is_read;
}

static double seconds_or_nan(bool is_there, int64_t span_us) {
    return is_there ? (double)span_us / (double)MW_SECOND_US : NAN;
}

static void write_stream(mw_str name, const mw_freshness_reading *reading, mw_json *json) {
    mw_json_object(json);
    mw_json_put_str(json, "stream", name);
    mw_json_put_count(json, "events", reading->count);
    mw_json_put_time(json, "newest", reading->count > 0 ? reading->newest : MW_TIME_MISSING);
    mw_json_put_number(json, "age_seconds", seconds_or_nan(reading->count > 0, reading->age_us));
    mw_json_put_number(json, "longest_silence_seconds",
           seconds_or_nan(reading->silence_us > 0, reading->silence_us));
    mw_json_put_number(json, "staleness", reading->staleness);
    mw_json_put_count(json, "events_last_day", reading->told_count);
    mw_json_put_number(json, "late_p99_seconds", reading->lateness_s);
    mw_json_object_end(json);
}

static void add_stream(mw_str name, const mw_freshness_reading *reading, mw_grid *grid) {
    bool is_there = reading->count > 0;
    mw_grid_add_str(grid, name);
    mw_grid_add_count(grid, reading->count);
    mw_grid_add_time(grid, is_there ? reading->newest / MW_SECOND_US * MW_SECOND_US
                                    : MW_TIME_MISSING);
    mw_grid_add_seconds(grid, seconds_or_nan(is_there, reading->age_us));
    mw_grid_add_seconds(grid, seconds_or_nan(reading->silence_us > 0, reading->silence_us));
    if (isnan(reading->staleness)) mw_grid_add(grid, "%s", "");
    else mw_grid_add(grid, "%.2f", reading->staleness);
    mw_grid_add_seconds(grid, reading->lateness_s);
}

static void print_streams(const mw_champion_watch *champion, mw_buf *out) {
    const mw_program *program = champion->version.program.program;
    mw_grid grid = mw_grid_begin("stream|>events|newest arrived|>ago|>longest silence|>staleness|"
                                 ">1 % later by");
    for (size_t i = 0; i < program->stream_count; i++) {
        mw_freshness_reading reading;
        if (!read_stream(champion, i, &reading)) continue;
        add_stream(program->streams[i].name, &reading, &grid);
    }
    mw_buf_append_text(out, "\nthe streams that it reads, silences of 30 days:\n");
    mw_grid_print(&grid, "  ", out);
}

static void write_streams(const mw_champion_watch *champion, mw_json *json) {
    const mw_program *program = champion->version.program.program;
    mw_json_key(json, "streams");
    mw_json_array(json);
    for (size_t i = 0; i < program->stream_count; i++) {
        mw_freshness_reading reading;
        if (!read_stream(champion, i, &reading)) continue;
        write_stream(program->streams[i].name, &reading, json);
    }
    mw_json_array_end(json);
}

/* --- alerts ------------------------------------------------------------------------------- */

/* Those of the loop that stand in no rule of the project file. */
static size_t first_vital(const mw_champion_watch *champion) {
    return champion->model.retrain.when_count;
}

static void write_alerts(const mw_champion_watch *champion, mw_json *json) {
    const mw_loop *loop = mw_watch_loop(champion->watch);
    mw_json_key(json, "vitals");
    mw_json_array(json);
    for (size_t i = first_vital(champion); i < mw_loop_alert_count(loop); i++) {
        const mw_alert *alert = mw_loop_alert(loop, i);
        mw_json_object(json);
        mw_json_put_str(json, "rule", alert->rule->text);
        mw_json_put_number(json, "value", alert->value);
        mw_json_put_bool(json, "is_open", alert->is_open);
        mw_json_put_time(json, "opened", alert->is_open ? alert->changed_us : MW_TIME_MISSING);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static void print_alerts(const mw_champion_watch *champion, mw_buf *out) {
    const mw_loop *loop = mw_watch_loop(champion->watch);
    mw_grid grid = mw_grid_begin("alert|>measured||since");
    for (size_t i = first_vital(champion); i < mw_loop_alert_count(loop); i++) {
        const mw_alert *alert = mw_loop_alert(loop, i);
        mw_grid_add_str(&grid, alert->rule->text);
        if (isnan(alert->value)) mw_grid_add(&grid, "%s", "");
        else mw_grid_add(&grid, "%.4g", alert->value);
        mw_grid_add(&grid, "%s", alert->is_open        ? "holds"
                                 : isnan(alert->value) ? "unknown"
                                                       : "no");
        mw_grid_add_time(&grid, alert->is_open ? alert->changed_us : MW_TIME_MISSING);
    }
    mw_buf_append_text(out, "\nalerts that every model has:\n");
    mw_grid_print(&grid, "  ", out);
}

/* --- features --------------------------------------------------------------------------------- */

static void write_rechecked(const mw_champion_watch *champion, mw_json *json) {
    mw_recheck_count count = mw_follower_rechecked(mw_watch_follower(champion->watch));
    mw_json_key(json, "features");
    mw_json_object(json);
    mw_json_put_count(json, "verified", count.compared);
    mw_json_put_count(json, "differing", count.differing);
    mw_json_put_count(json, "proved", champion->proof.proved);
    mw_json_put_count(json, "disproved", champion->proof.differing);
    mw_json_object_end(json);
}

/* --- requests ----------------------------------------------------------------------------- */

void mw_monitor_requests_json(const mw_serve_pulse *pulse, mw_json *json) {
    mw_json_key(json, "requests");
    if (!pulse->is_served) {
        mw_json_null(json);
        return;
    }
    double asked = pulse->asked == 0 ? NAN : (double)pulse->asked;
    mw_json_object(json);
    mw_json_put_count(json, "last_hour", pulse->asked);
    mw_json_put_number(json, "latency_p50_seconds", pulse->p50_s);
    mw_json_put_number(json, "latency_p99_seconds", pulse->p99_s);
    mw_json_put_number(json, "refused_share", (double)pulse->refused / asked);
    mw_json_put_number(json, "failed_share", (double)pulse->failed / asked);
    mw_json_object_end(json);
}

static void append_latency(mw_buf *out, const char *name, double seconds) {
    if (!isnan(seconds)) mw_buf_printf(out, ", %s %.3g ms", name, 1e3 * seconds);
}

void mw_monitor_requests_append(const mw_serve_pulse *pulse, mw_buf *out) {
    mw_count_append(out, pulse->asked);
    append_latency(out, "p50", pulse->p50_s);
    append_latency(out, "p99", pulse->p99_s);
    if (pulse->asked > 0)
        mw_buf_printf(out, "; %.3g %% failed, %.3g %% were refused",
                      100 * (double)pulse->failed / (double)pulse->asked,
                      100 * (double)pulse->refused / (double)pulse->asked);
}

static void print_requests(const mw_serve_pulse *pulse, mw_buf *out) {
    if (!pulse->is_served) {
        mw_buf_append_text(out, "\nno server runs: nothing is known of latency and errors\n");
        return;
    }
    mw_buf_append_text(out, "\nrequests of the last hour: ");
    mw_monitor_requests_append(pulse, out);
    mw_buf_append_char(out, '\n');
}

/* --- the whole ---------------------------------------------------------------------------- */

void mw_monitor_vitals_json(const mw_champion_watch *champion, const mw_serve_pulse *pulse,
                            mw_json *json) {
    mw_monitor_requests_json(pulse, json);
    write_rechecked(champion, json);
    write_streams(champion, json);
    write_alerts(champion, json);
}

void mw_monitor_vitals_print(const mw_champion_watch *champion, const mw_serve_pulse *pulse,
                             mw_buf *out) {
    print_requests(pulse, out);
    print_streams(champion, out);
    print_alerts(champion, out);
}
