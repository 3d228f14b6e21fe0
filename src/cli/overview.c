#include "cli/overview.h"

#include <math.h>
#include <stdio.h>

#include "cli/grid.h"
#include "cli/monitor_vitals.h"
#include "cli/server_call.h"
#include "cli/state_rows.h"
#include "ingest/log_tail.h"
#include "store/log.h"

enum { LOG_STREAMS_MAX = 1024, TEXT_SIZE_MAX = 1 << 20 };

/* A stream, as the lake and, behind that, the log have it. Times are missing where there is no
   event. */
typedef struct {
    mw_str name;
    int64_t lake_events, log_events;
    int64_t first_known, last_known; /* of the lake's */
    int64_t newest;                  /* when the last one arrived */
} stream_facts;

/* What lake and log hold, and how much room they take. */
typedef struct {
    mw_lake_snapshot lake;
    mw_log_digest digest;         /* of all the log's events */
    uint64_t events, predictions; /* the log's */
    int64_t lake_size, open_alerts;
    uint64_t log_size;
    int64_t now;                  /* by the clock of the log */
    bool is_virtual;
    mw_serve_progress server;
    mw_serve_successors successors; /* versions that it will answer by */
    stream_facts *streams;
    size_t stream_count, stream_capacity;
    int32_t log_streams[LOG_STREAMS_MAX]; /* by the log's number: an index plus 1; 0: unknown */
    unsigned char meanings[LOG_STREAMS_MAX][MW_SHA256_SIZE]; /* by the same number */
} state_facts;

typedef struct {
    mw_workspace *workspace;
    mw_grid grid;
    mw_json json;
    bool is_json;
    mw_status status; /* the first failure of a row */
    mw_error *err;
} listing;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "status: no memory");
}

/* --- streams ------------------------------------------------------------------------------ */

/* The stream of this name, which is added if it is new; NULL: out of memory. */
static stream_facts *find_stream(state_facts *facts, mw_str name, mw_arena *arena) {
    for (size_t i = 0; i < facts->stream_count; i++)
        if (mw_str_equal(facts->streams[i].name, name)) return &facts->streams[i];
    if (!mw_grow((void **)&facts->streams, &facts->stream_capacity, facts->stream_count + 1,
                 sizeof *facts->streams, 2 * LOG_STREAMS_MAX))
        return NULL;
    stream_facts *added = &facts->streams[facts->stream_count];
    *added = (stream_facts){.name = mw_str_copy(arena, name),
                            .first_known = MW_TIME_MISSING,
                            .last_known = MW_TIME_MISSING,
                            .newest = MW_TIME_MISSING};
    if (!added->name.data) return NULL;
    facts->stream_count++;
    return added;
}

typedef struct {
    mw_workspace *workspace;
    state_facts *facts;
    bool has_failed;
} lake_reading;

static void take_lake_stream(void *context, const mw_catalog_rows *rows) {
    lake_reading *it = context;
    stream_facts *stream =
        find_stream(it->facts, mw_catalog_text(rows, 0), &it->workspace->arena);
    it->has_failed |= stream == NULL;
    if (!stream) return;
    stream->lake_events = mw_catalog_int(rows, 1);
    stream->first_known = mw_catalog_time(rows, 2);
    stream->last_known = mw_catalog_time(rows, 3);
    stream->newest = mw_catalog_time(rows, 4);
    if (stream->newest == MW_TIME_ALWAYS) stream->newest = MW_TIME_MISSING; /* it never arrived */
}

/* The last row of a file that was accepted at a place stands that many steps behind it; when those
   arrived that were moved from the log is seen there. */
static mw_status read_lake(mw_workspace *workspace, state_facts *facts, mw_error *err) {
    lake_reading reading = {workspace, facts, false};
    char sql[500];
    MW_TRY(mw_lake_look(mw_state_lake(workspace->state), &facts->lake, err));
    facts->digest = mw_log_digest_of_lake(&facts->lake);
    snprintf(sql, sizeof sql,
             "SELECT stream, sum(event_count), min(known_min_us), max(known_max_us), "
             "max(CASE WHEN log_through_us IS NULL "
             "THEN coalesce(place_us + step_us * (event_count - 1), known_max_us) END) "
             "FROM lake_files JOIN ingests ON id = ingest WHERE ingest <= %lld "
             "GROUP BY stream ORDER BY stream",
             (long long)facts->lake.ingest);
    MW_TRY(mw_state_each_row(workspace, sql, take_lake_stream, &reading, err));
    return reading.has_failed ? no_memory(err) : MW_OK;
}

/* A definition begins with the size of the stream's name, and the name. */
static mw_status take_definition(mw_workspace *workspace, state_facts *facts,
                                 const mw_record *record, mw_error *err) {
    mw_reader reader = {.rest = record->payload};
    mw_str name = mw_read_bytes(&reader, mw_read_u32(&reader));
    if (reader.failed || record->stream >= LOG_STREAMS_MAX)
        return mw_fail(err, MW_CORRUPT, "log: a definition cannot be read");
    const stream_facts *stream = find_stream(facts, name, &workspace->arena);
    if (!stream) return no_memory(err);
    facts->log_streams[record->stream] = (int32_t)(stream - facts->streams) + 1;
    mw_log_meaning(record, facts->meanings[record->stream]);
    return MW_OK;
}

static void take_log_event(state_facts *facts, const mw_record *record) {
    int32_t index = record->stream < LOG_STREAMS_MAX ? facts->log_streams[record->stream] : 0;
    bool is_in_lake = record->place <= facts->lake.log_through;
    facts->events++;
    if (index == 0) return;
    stream_facts *stream = &facts->streams[index - 1];
    if (!is_in_lake) mw_log_digest_add(&facts->digest, facts->meanings[record->stream], record);
    stream->log_events += !is_in_lake;
    if (record->place > stream->newest) stream->newest = record->place;
}

static mw_status take_record(mw_workspace *workspace, state_facts *facts, const mw_record *record,
                             mw_error *err) {
    if (record->type == MW_RECORD_DEFINITION)
        return take_definition(workspace, facts, record, err);
    if (record->type == MW_RECORD_EVENT) take_log_event(facts, record);
    facts->predictions += record->type == MW_RECORD_PREDICTION;
    if (record->type != MW_RECORD_CONTROL) return MW_OK;
    facts->is_virtual |= mw_log_control_is(record, MW_CONTROL_BEGIN_VIRTUAL);
    if (record->time > facts->now) facts->now = record->time;
    return MW_OK;
}

static double age_seconds(const state_facts *facts, const stream_facts *stream) {
    if (stream->newest == MW_TIME_MISSING) return NAN;
    int64_t age = facts->now - stream->newest;
    return age > 0 ? (double)age / (double)MW_SECOND_US : 0; /* places run ahead of clocks */
}

static void write_stream(const state_facts *facts, const stream_facts *stream, mw_json *json) {
    mw_json_object(json);
    mw_json_put_str(json, "stream", stream->name);
    mw_json_put_int(json, "events", stream->lake_events + stream->log_events);
    mw_json_put_int(json, "log_events", stream->log_events);
    mw_json_put_time(json, "first_known", stream->first_known);
    mw_json_put_time(json, "last_known", stream->last_known);
    mw_json_put_time(json, "newest", stream->newest);
    mw_json_put_number(json, "age_seconds", age_seconds(facts, stream));
    mw_json_object_end(json);
}

static void add_stream(const state_facts *facts, const stream_facts *stream, mw_grid *grid) {
    mw_grid_add_str(grid, stream->name);
    mw_grid_add_count(grid, (uint64_t)(stream->lake_events + stream->log_events));
    mw_grid_add_count(grid, (uint64_t)stream->log_events);
    if (stream->first_known == MW_TIME_ALWAYS) mw_grid_add(grid, "%s", "always");
    else mw_grid_add_time(grid, stream->first_known);
    mw_grid_add_time(grid, stream->newest == MW_TIME_MISSING
                               ? MW_TIME_MISSING
                               : stream->newest / MW_SECOND_US * MW_SECOND_US);
    mw_grid_add_seconds(grid, age_seconds(facts, stream));
}

static void print_streams(const state_facts *facts, listing *it, mw_buf *out) {
    it->grid = mw_grid_begin("stream|>events|>in the log|first known|newest arrived|>ago");
    if (it->is_json) mw_json_key(&it->json, "streams");
    if (it->is_json) mw_json_array(&it->json);
    for (size_t i = 0; i < facts->stream_count; i++) {
        if (it->is_json) write_stream(facts, &facts->streams[i], &it->json);
        else add_stream(facts, &facts->streams[i], &it->grid);
    }
    if (it->is_json) mw_json_array_end(&it->json);
    else if (facts->stream_count > 0) mw_grid_print(&it->grid, "", out);
    mw_buf_release(&it->grid.cells);
}

/* --- models ------------------------------------------------------------------------------- */

/* How a model is served stands with it. */
static void list_champion(void *context, const mw_catalog_rows *rows) {
    listing *it = context;
    mw_serve_pulse pulse = {.is_served = false};
    mw_str model = mw_catalog_text(rows, 0);
    bool answers = !mw_catalog_is_null(rows, 2);
    if (answers && it->status == MW_OK)
        it->status = mw_serve_read_pulse(it->workspace, model, &pulse, it->err);
    if (it->is_json) {
        mw_json_object(&it->json);
        mw_json_put_str(&it->json, "model", model);
        mw_json_put_int(&it->json, "versions", mw_catalog_int(rows, 1));
        mw_json_key(&it->json, "champion");
        if (answers) mw_json_str(&it->json, mw_catalog_text(rows, 2));
        else mw_json_null(&it->json);
        mw_monitor_requests_json(&pulse, &it->json);
        mw_json_object_end(&it->json);
        return;
    }
    mw_buf text;
    mw_buf_init(&text, TEXT_SIZE_MAX);
    if (pulse.is_served) mw_monitor_requests_append(&pulse, &text);
    mw_grid_add_str(&it->grid, model);
    mw_grid_add_count(&it->grid, (uint64_t)mw_catalog_int(rows, 1));
    mw_grid_add_str(&it->grid, mw_catalog_text(rows, 2));
    mw_grid_add_str(&it->grid, mw_buf_str(&text));
    mw_buf_release(&text);
}

static mw_status print_models(mw_workspace *workspace, listing *it, mw_error *err) {
    mw_cli *cli = workspace->cli;
    it->grid = mw_grid_begin("model|>versions|champion|requests of the last hour");
    it->err = err;
    if (cli->json) mw_json_key(&it->json, "models");
    if (cli->json) mw_json_array(&it->json);
    mw_status status = mw_state_each_row(
        workspace,
        "SELECT model, count(*), max(CASE WHEN stage = 'champion' THEN version END) "
        "FROM versions GROUP BY model ORDER BY model",
        list_champion, it, err);
    if (cli->json) mw_json_array_end(&it->json);
    else if (it->grid.cells.size > 0) mw_grid_print(&it->grid, "", &cli->out);
    mw_buf_release(&it->grid.cells);
    return status == MW_OK ? it->status : status;
}

/* --- facts -------------------------------------------------------------------------------- */

static void take_size(void *context, const mw_catalog_rows *rows) {
    *(int64_t *)context = mw_catalog_int(rows, 0);
}

static mw_status count_records(mw_workspace *workspace, const char *folder, state_facts *facts,
                               mw_error *err) {
    mw_log_scan *scan = NULL;
    MW_TRY(mw_log_scan_begin(workspace->cli->sys, folder, INT64_MIN, &scan, err));
    mw_status status = MW_OK;
    for (bool has_record = true; status == MW_OK && has_record;) {
        mw_record record;
        status = mw_log_scan_next(scan, &record, &has_record, err);
        if (status != MW_OK || !has_record) break;
        status = take_record(workspace, facts, &record, err);
    }
    mw_log_scan_end(scan);
    return status;
}

static mw_status learn_facts(mw_workspace *workspace, state_facts *facts, mw_error *err) {
    const char *log = mw_state_path(workspace->state, &workspace->arena, "log");
    if (!log) return mw_fail(err, MW_NO_MEMORY, "status: no memory");
    MW_TRY(mw_log_tail_check(workspace->state, err));
    MW_TRY(read_lake(workspace, facts, err));
    MW_TRY(count_records(workspace, log, facts, err));
    if (!facts->is_virtual) facts->now = mw_sys_now_us(workspace->cli->sys);
    MW_TRY(mw_workspace_log_size(workspace, &facts->log_size, err));
    MW_TRY(mw_state_each_row(workspace, "SELECT coalesce(sum(size), 0) FROM lake_files",
                             take_size, &facts->lake_size, err));
    MW_TRY(mw_state_each_row(workspace, "SELECT count(*) FROM alerts WHERE closed_us IS NULL",
                             take_size, &facts->open_alerts, err));
    MW_TRY(mw_serve_ask_progress(workspace->cli, &facts->server, err));
    if (facts->server.is_ready)
        MW_TRY(mw_serve_list_successors(workspace, &workspace->arena, &facts->successors, err));
    return MW_OK;
}

static void write_server(const state_facts *facts, mw_json *json) {
    mw_json_put_time(json, "project_accepted", facts->server.accepted_us);
    mw_json_put_number(json, "recovered", facts->server.recovered);
    mw_json_key(json, "successors");
    mw_json_array(json);
    for (size_t i = 0; i < facts->successors.count; i++) {
        const mw_serve_successor *next = &facts->successors.items[i];
        mw_json_object(json);
        mw_json_put_str(json, "model", next->model);
        mw_json_put_str(json, "version", next->version);
        mw_json_put_number(json, "share", next->share);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static void write_facts(const state_facts *facts, mw_json *json) {
    mw_json_put_count(json, "log_events", facts->events);
    mw_json_put_count(json, "predictions", facts->predictions);
    mw_json_put_int(json, "lake_bytes", facts->lake_size);
    mw_json_put_int(json, "log_bytes", (int64_t)facts->log_size);
    mw_json_put_int(json, "open_alerts", facts->open_alerts);
    mw_json_put_bool(json, "is_served", facts->server.is_up);
    mw_json_put_bool(json, "is_ready", facts->server.is_ready);
    if (facts->server.is_up) write_server(facts, json);
}

static void print_server(const state_facts *facts, mw_buf *out) {
    if (!facts->server.is_up) mw_buf_append_text(out, "no server runs; ");
    else if (facts->server.is_ready) mw_buf_append_text(out, "a server runs; ");
    else
        mw_buf_printf(out, "a server recovers, %.0f %% of its events; ",
                      100 * facts->server.recovered);
    if (facts->server.accepted_us != MW_TIME_MISSING)
        mw_buf_printf(out, "%s is another than it goes by, which was accepted at %s, so nothing "
                           "is retrained; ",
                      MW_PROJECT_FILE, mw_time_text_of(facts->server.accepted_us).text);
    for (size_t i = 0; i < facts->successors.count; i++) {
        const mw_serve_successor *next = &facts->successors.items[i];
        mw_buf_printf(out, "model %.*s goes over to version %.*s, %.0f %% of its windows; ",
                      MW_STR_ARGS(next->model), MW_STR_ARGS(next->version), 100 * next->share);
    }
}

static void print_facts(const state_facts *facts, mw_buf *out) {
    mw_buf_printf(out, "lake %.1f MB; log %.1f MB with ", (double)facts->lake_size / 1e6,
                  (double)facts->log_size / 1e6);
    mw_count_append(out, facts->events);
    mw_buf_append_text(out, " events and ");
    mw_count_append(out, facts->predictions);
    mw_buf_append_text(out, " predictions\n");
    print_server(facts, out);
    if (facts->open_alerts == 0) mw_buf_append_text(out, "no alert is open\n\n");
    else mw_buf_printf(out, "%lld %s open: millwright alerts\n\n", (long long)facts->open_alerts,
                       facts->open_alerts == 1 ? "alert is" : "alerts are");
}

static mw_status print_all(mw_workspace *workspace, const state_facts *facts, mw_error *err) {
    mw_cli *cli = workspace->cli;
    char data_version[MW_SHA256_HEX_SIZE + 1];
    mw_data_version(&facts->lake, &facts->digest, data_version);
    listing it = {
        .workspace = workspace, .json = mw_json_begin(&cli->out), .is_json = cli->json};
    if (cli->json) {
        mw_json_object(&it.json);
        mw_json_put_text(&it.json, "data_version", data_version);
        write_facts(facts, &it.json);
    } else {
        mw_buf_printf(&cli->out, "data version %.12s\n", data_version);
        print_facts(facts, &cli->out);
    }
    print_streams(facts, &it, &cli->out);
    if (!cli->json) mw_buf_append_char(&cli->out, '\n');
    MW_TRY(print_models(workspace, &it, err));
    if (cli->json) mw_json_object_end(&it.json);
    return MW_OK;
}

static mw_status print_status(mw_workspace *workspace, mw_error *err) {
    state_facts facts = {.now = INT64_MIN};
    mw_status status = learn_facts(workspace, &facts, err);
    if (status == MW_OK) status = print_all(workspace, &facts, err);
    mw_free(facts.streams);
    return status;
}

mw_status mw_cli_status(mw_cli *cli, mw_error *err) {
    return mw_cli_with_state(cli, print_status, err);
}
