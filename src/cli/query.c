#include "cli/query.h"

#include <string.h>

#include "cli/grid.h"
#include "cli/lake_views.h"
#include "cli/workspace.h"
#include "serve/control.h"
#include "store/log.h"

enum { SQL_SIZE_MAX = 1 << 28 };

static mw_status with_state(mw_cli *cli, mw_status (*body)(mw_workspace *workspace, mw_error *err),
                            mw_error *err) {
    mw_workspace workspace;
    mw_status status = mw_workspace_open_state(cli, MW_WORKSPACE_READ, &workspace, err);
    if (status == MW_OK) status = body(&workspace, err);
    mw_workspace_release(&workspace);
    return status;
}

/* What a row of the catalog is turned into; `context` is the caller's. */
typedef void (*row_taker)(void *context, const mw_catalog_rows *rows);

static mw_status each_row(mw_workspace *workspace, const char *sql, row_taker take, void *context,
                          mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(mw_state_catalog(workspace->state), sql, MW_SQL_NOTHING, &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        take(context, rows);
        status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    return status;
}

/* --- sql: the tables -------------------------------------------------------------------- */

/* A table of the catalog as SQL shows it: a letter a column, i integer, r real, t text, u time. */
typedef struct {
    const char *name, *columns, *kinds, *query;
} shown_table;

static const shown_table shown_tables[] = {
    {"ingests", "ingest BIGINT, time TIMESTAMP, data_version VARCHAR, events BIGINT", "iuti",
     "SELECT id, at_us, data_version, events FROM ingests ORDER BY id"},
    {"runs",
     "run BIGINT, model VARCHAR, version VARCHAR, learner VARCHAR, status VARCHAR, started "
     "TIMESTAMP, ended TIMESTAMP, seed BIGINT, data_version VARCHAR, why VARCHAR",
     "ittttuuitt",
     "SELECT id, model, version, learner, status, started_us, ended_us, seed, data_version, why "
     "FROM runs ORDER BY id"},
    {"metrics",
     "run BIGINT, name VARCHAR, segment VARCHAR, value DOUBLE, low DOUBLE, high DOUBLE, "
     "examples BIGINT",
     "ittrrri", "SELECT run, name, segment, value, low, high, count FROM metrics"},
    {"versions", "model VARCHAR, version VARCHAR, stage VARCHAR, made TIMESTAMP, run BIGINT",
     "tttui", "SELECT model, version, stage, created_us, run FROM versions"},
    {"promotions",
     "time TIMESTAMP, model VARCHAR, version VARCHAR, from_stage VARCHAR, to_stage VARCHAR, "
     "who VARCHAR, why VARCHAR",
     "utttttt",
     "SELECT at_us, model, version, from_stage, to_stage, who, why FROM promotions ORDER BY id"},
};

typedef struct {
    const shown_table *table;
    mw_buf *sql;
    size_t row_count;
} table_copy;

static void copy_row(void *context, const mw_catalog_rows *rows) {
    table_copy *it = context;
    mw_buf *sql = it->sql;
    if (it->row_count++ == 0) mw_buf_printf(sql, "INSERT INTO %s VALUES ", it->table->name);
    else mw_buf_append_text(sql, ", ");
    for (int c = 0; it->table->kinds[c]; c++) {
        mw_buf_append_char(sql, c == 0 ? '(' : ',');
        if (mw_catalog_is_null(rows, c)) {
            mw_buf_append_text(sql, "NULL");
            continue;
        }
        switch (it->table->kinds[c]) {
        case 'i': mw_buf_printf(sql, "%lld", (long long)mw_catalog_int(rows, c)); break;
        case 'r': mw_buf_append_double(sql, mw_catalog_real(rows, c)); break;
        case 'u':
            mw_buf_printf(sql, "make_timestamp(%lld)", (long long)mw_catalog_time(rows, c));
            break;
        default: mw_duck_append_text(sql, mw_catalog_text(rows, c)); break;
        }
    }
    mw_buf_append_char(sql, ')');
}

static mw_status run_sql(mw_workspace *workspace, mw_buf *sql, mw_error *err) {
    MW_TRY(mw_buf_check(sql, "the query", err));
    if (sql->size == 0) return MW_OK;
    MW_TRY(mw_duck_run(workspace->duck, sql->data, err));
    mw_buf_clear(sql);
    return MW_OK;
}

static mw_status show_catalog(mw_workspace *workspace, mw_buf *sql, mw_error *err) {
    for (size_t i = 0; i < sizeof shown_tables / sizeof *shown_tables; i++) {
        table_copy copy = {.table = &shown_tables[i], .sql = sql};
        mw_buf_printf(sql, "CREATE TABLE %s (%s)", copy.table->name, copy.table->columns);
        MW_TRY(run_sql(workspace, sql, err));
        MW_TRY(each_row(workspace, copy.table->query, copy_row, &copy, err));
        MW_TRY(run_sql(workspace, sql, err));
    }
    return MW_OK;
}

/* Then nothing but these files can be opened any more: some statements of DuckDB write while they
   are prepared, before anybody can see what they are. */
static mw_status show_lake(mw_workspace *workspace, mw_buf *sql, mw_error *err) {
    mw_buf files;
    mw_buf_init(&files, SQL_SIZE_MAX);
    const char *folder = mw_path_join(&workspace->arena, workspace->state_folder, "lake");
    mw_status status = mw_lake_views_append(workspace, folder, sql, &files, err);
    mw_buf_append_text(sql, "SET allowed_paths = [");
    mw_buf_append_str(sql, mw_buf_str(&files));
    mw_buf_append_text(sql, "]; SET enable_external_access = false; SET lock_configuration = true");
    if (status == MW_OK) status = mw_buf_check(&files, "the files", err);
    mw_buf_release(&files);
    return status == MW_OK ? run_sql(workspace, sql, err) : status;
}

/* --- sql: the answer -------------------------------------------------------------------- */

static void append_value(const mw_duck_cursor *cursor, size_t column, size_t row, mw_buf *out) {
    switch (mw_duck_column_kind(cursor, column)) {
    case MW_DUCK_BOOL:
        mw_buf_append_text(out, mw_duck_bool(cursor, column, row) ? "true" : "false");
        return;
    case MW_DUCK_INTEGER:
        mw_buf_printf(out, "%lld", (long long)mw_duck_int(cursor, column, row));
        return;
    case MW_DUCK_NUMBER: mw_buf_append_double(out, mw_duck_number(cursor, column, row)); return;
    case MW_DUCK_TEXT: mw_buf_append_str(out, mw_duck_text(cursor, column, row)); return;
    case MW_DUCK_TIME:
    case MW_DUCK_LOCAL_TIME: mw_time_append(out, mw_duck_int(cursor, column, row)); return;
    }
}

static void write_value(const mw_duck_cursor *cursor, size_t column, size_t row, mw_json *json) {
    if (mw_duck_is_null(cursor, column, row)) {
        mw_json_null(json);
        return;
    }
    switch (mw_duck_column_kind(cursor, column)) {
    case MW_DUCK_BOOL: mw_json_bool(json, mw_duck_bool(cursor, column, row)); return;
    case MW_DUCK_INTEGER: mw_json_int(json, mw_duck_int(cursor, column, row)); return;
    case MW_DUCK_NUMBER: mw_json_number(json, mw_duck_number(cursor, column, row)); return;
    case MW_DUCK_TEXT: mw_json_str(json, mw_duck_text(cursor, column, row)); return;
    case MW_DUCK_TIME:
    case MW_DUCK_LOCAL_TIME: mw_json_time(json, mw_duck_int(cursor, column, row)); return;
    }
}

typedef struct {
    mw_duck_cursor *cursor;
    size_t column_count;
    bool is_json;
    mw_json json;
    mw_grid grid;
} answer;

static void add_row(answer *it, size_t row) {
    if (it->is_json) mw_json_object(&it->json);
    for (size_t c = 0; c < it->column_count; c++) {
        if (it->is_json) {
            mw_json_key_str(&it->json, mw_duck_column_name(it->cursor, c));
            write_value(it->cursor, c, row, &it->json);
            continue;
        }
        mw_buf text;
        mw_buf_init(&text, MW_GRID_SIZE_MAX);
        if (!mw_duck_is_null(it->cursor, c, row)) append_value(it->cursor, c, row, &text);
        mw_grid_add_str(&it->grid, mw_buf_str(&text));
        mw_buf_release(&text);
    }
    if (it->is_json) mw_json_object_end(&it->json);
}

static void name_columns(const mw_duck_cursor *cursor, mw_buf *titles) {
    for (size_t c = 0; c < mw_duck_column_count(cursor); c++) {
        mw_duck_kind kind = mw_duck_column_kind(cursor, c);
        mw_str name = mw_duck_column_name(cursor, c);
        if (c > 0) mw_buf_append_char(titles, '|');
        if (kind == MW_DUCK_INTEGER || kind == MW_DUCK_NUMBER) mw_buf_append_char(titles, '>');
        for (size_t i = 0; i < name.size; i++)
            mw_buf_append_char(titles, name.data[i] == '|' ? '/' : name.data[i]);
    }
}

static mw_status print_answer(mw_duck_cursor *cursor, bool is_json, mw_buf *out, mw_error *err) {
    size_t column_count = mw_duck_column_count(cursor), count = 1;
    if (column_count > MW_GRID_COLUMNS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "sql: there may be %d columns, got %zu",
                       MW_GRID_COLUMNS_MAX, column_count);
    mw_buf titles;
    mw_buf_init(&titles, 1 << 20);
    name_columns(cursor, &titles);
    MW_TRY(mw_buf_check(&titles, "the columns", err));
    answer it = {.cursor = cursor,
                 .column_count = column_count,
                 .is_json = is_json,
                 .json = mw_json_begin(out),
                 .grid = mw_grid_begin(titles.data)};
    if (is_json) mw_json_array(&it.json);
    mw_status status = MW_OK;
    while (status == MW_OK && count > 0) {
        status = mw_duck_fetch(cursor, &count, err);
        for (size_t r = 0; status == MW_OK && r < count; r++) add_row(&it, r);
    }
    if (is_json) mw_json_array_end(&it.json);
    else if (status == MW_OK) mw_grid_print(&it.grid, "", out);
    mw_buf_release(&it.grid.cells);
    mw_buf_release(&titles);
    return status;
}

static mw_status query(mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_duck_cursor *cursor = NULL;
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_status status = show_catalog(workspace, &sql, err);
    if (status == MW_OK) status = show_lake(workspace, &sql, err);
    mw_buf_release(&sql);
    if (status == MW_OK) status = mw_duck_ask(workspace->duck, cli->words[0], &cursor, err);
    if (status == MW_OK) status = print_answer(cursor, cli->json, &cli->out, err);
    mw_duck_cursor_close(cursor);
    return status;
}

mw_status mw_cli_sql(mw_cli *cli, mw_error *err) { return with_state(cli, query, err); }

/* --- data versions ---------------------------------------------------------------------- */

typedef struct {
    mw_grid grid;
    mw_json json;
    bool is_json;
} listing;

static void list_ingest(void *context, const mw_catalog_rows *rows) {
    listing *it = context;
    if (it->is_json) {
        mw_json_object(&it->json);
        mw_json_key(&it->json, "ingest");
        mw_json_int(&it->json, mw_catalog_int(rows, 0));
        mw_json_key(&it->json, "at");
        mw_json_time(&it->json, mw_catalog_time(rows, 1));
        mw_json_key(&it->json, "data_version");
        mw_json_str(&it->json, mw_catalog_text(rows, 2));
        mw_json_key(&it->json, "events");
        mw_json_int(&it->json, mw_catalog_int(rows, 3));
        mw_json_key(&it->json, "quarantined");
        mw_json_int(&it->json, mw_catalog_int(rows, 4));
        mw_json_object_end(&it->json);
        return;
    }
    mw_grid_add(&it->grid, "%lld", (long long)mw_catalog_int(rows, 0));
    mw_grid_add_time(&it->grid, mw_catalog_time(rows, 1) / MW_SECOND_US * MW_SECOND_US);
    mw_grid_add_str(&it->grid, mw_str_slice(mw_catalog_text(rows, 2), 0, 12));
    mw_grid_add_count(&it->grid, (uint64_t)mw_catalog_int(rows, 3));
    mw_grid_add_count(&it->grid, (uint64_t)mw_catalog_int(rows, 4));
}

static mw_status list_versions(mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    listing it = {.grid = mw_grid_begin(">ingest|at|data version|>events|>refused"),
                  .json = mw_json_begin(&cli->out),
                  .is_json = cli->json};
    if (cli->json) mw_json_array(&it.json);
    mw_status status = each_row(workspace,
                                "SELECT id, at_us, data_version, events, (SELECT "
                                "coalesce(sum(quarantined), 0) FROM ingested_files WHERE ingest = "
                                "ingests.id) FROM ingests ORDER BY id DESC",
                                list_ingest, &it, err);
    if (cli->json) mw_json_array_end(&it.json);
    else mw_grid_print(&it.grid, "", &cli->out);
    mw_buf_release(&it.grid.cells);
    return status;
}

mw_status mw_cli_data_versions(mw_cli *cli, mw_error *err) {
    return with_state(cli, list_versions, err);
}

/* --- data quarantine -------------------------------------------------------------------- */

/* The refused rows are lines of JSON already. */
static mw_status print_quarantine(mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_arena *arena = &workspace->arena;
    const char *folder = mw_path_join(arena, workspace->state_folder, "quarantine");
    mw_file_info info;
    mw_str *names = NULL;
    size_t count = 0;
    if (!folder) return mw_fail(err, MW_NO_MEMORY, "quarantine: no memory");
    MW_TRY(mw_sys_info(cli->sys, folder, &info, err));
    if (info.exists) MW_TRY(mw_sys_list(cli->sys, folder, arena, &names, &count, err));
    mw_buf lines;
    mw_buf_init(&lines, SQL_SIZE_MAX);
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < count; i++) {
        const char *path = mw_path_join(arena, folder, names[i].data);
        if (!path) status = mw_fail(err, MW_NO_MEMORY, "quarantine: no memory");
        if (status == MW_OK && mw_str_ends(names[i], MW_STR(".ndjson")))
            status = mw_sys_read_file(cli->sys, path, &lines, err);
    }
    mw_json json = mw_json_begin(&cli->out);
    mw_str rest = mw_buf_str(&lines), line;
    if (cli->json) mw_json_array(&json);
    while (status == MW_OK && mw_str_split(&rest, '\n', &line)) {
        if (line.size == 0) continue;
        if (cli->json) mw_json_raw(&json, line);
        else mw_buf_printf(&cli->out, "%.*s\n", MW_STR_ARGS(line));
    }
    if (cli->json) mw_json_array_end(&json);
    else if (lines.size == 0) mw_buf_append_text(&cli->out, "no row was refused\n");
    mw_buf_release(&lines);
    return status;
}

mw_status mw_cli_data_quarantine(mw_cli *cli, mw_error *err) {
    return with_state(cli, print_quarantine, err);
}

/* --- status ----------------------------------------------------------------------------- */

static void list_stream(void *context, const mw_catalog_rows *rows) {
    listing *it = context;
    if (it->is_json) {
        mw_json_object(&it->json);
        mw_json_key(&it->json, "stream");
        mw_json_str(&it->json, mw_catalog_text(rows, 0));
        mw_json_key(&it->json, "events");
        mw_json_int(&it->json, mw_catalog_int(rows, 1));
        mw_json_key(&it->json, "first_known");
        mw_json_time(&it->json, mw_catalog_time(rows, 2));
        mw_json_key(&it->json, "last_known");
        mw_json_time(&it->json, mw_catalog_time(rows, 3));
        mw_json_object_end(&it->json);
        return;
    }
    mw_grid_add_str(&it->grid, mw_catalog_text(rows, 0));
    mw_grid_add_count(&it->grid, (uint64_t)mw_catalog_int(rows, 1));
    mw_grid_add_time(&it->grid, mw_catalog_time(rows, 2));
    mw_grid_add_time(&it->grid, mw_catalog_time(rows, 3));
}

static void list_champion(void *context, const mw_catalog_rows *rows) {
    listing *it = context;
    if (it->is_json) {
        mw_json_object(&it->json);
        mw_json_key(&it->json, "model");
        mw_json_str(&it->json, mw_catalog_text(rows, 0));
        mw_json_key(&it->json, "versions");
        mw_json_int(&it->json, mw_catalog_int(rows, 1));
        mw_json_key(&it->json, "champion");
        if (mw_catalog_is_null(rows, 2)) mw_json_null(&it->json);
        else mw_json_str(&it->json, mw_catalog_text(rows, 2));
        mw_json_object_end(&it->json);
        return;
    }
    mw_grid_add_str(&it->grid, mw_catalog_text(rows, 0));
    mw_grid_add_count(&it->grid, (uint64_t)mw_catalog_int(rows, 1));
    mw_grid_add_str(&it->grid, mw_catalog_text(rows, 2));
}

/* One part of the status: a table, or a member of the object that is being written. */
static mw_status print_part(mw_workspace *workspace, listing *it, const char *key,
                            const char *sql, row_taker take, mw_error *err) {
    mw_cli *cli = workspace->cli;
    if (cli->json) mw_json_key(&it->json, key);
    if (cli->json) mw_json_array(&it->json);
    mw_status status = each_row(workspace, sql, take, it, err);
    if (cli->json) mw_json_array_end(&it->json);
    else if (it->grid.cells.size > 0) mw_grid_print(&it->grid, "", &cli->out);
    mw_buf_release(&it->grid.cells);
    return status;
}

/* What the log holds, and how much room it and the lake take. */
typedef struct {
    uint64_t events, predictions;
    int64_t lake_size, log_size, open_alerts;
    bool is_served;
} state_facts;

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
        facts->events += record.type == MW_RECORD_EVENT;
        facts->predictions += record.type == MW_RECORD_PREDICTION;
    }
    mw_log_scan_end(scan);
    return status;
}

static mw_status measure_log(mw_workspace *workspace, const char *folder, int64_t *out_size,
                             mw_error *err) {
    mw_sys *sys = workspace->cli->sys;
    mw_file_info info;
    mw_str *names = NULL;
    size_t count = 0;
    MW_TRY(mw_sys_info(sys, folder, &info, err));
    if (info.exists) MW_TRY(mw_sys_list(sys, folder, &workspace->arena, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        const char *path = mw_path_join(&workspace->arena, folder, names[i].data);
        if (!path) return mw_fail(err, MW_NO_MEMORY, "status: no memory");
        MW_TRY(mw_sys_info(sys, path, &info, err));
        *out_size += (int64_t)info.size;
    }
    return MW_OK;
}

static mw_status learn_facts(mw_workspace *workspace, state_facts *facts, mw_error *err) {
    const char *log = mw_state_path(workspace->state, &workspace->arena, "log");
    const char *socket = mw_state_path(workspace->state, &workspace->arena, "socket");
    if (!log || !socket) return mw_fail(err, MW_NO_MEMORY, "status: no memory");
    MW_TRY(count_records(workspace, log, facts, err));
    MW_TRY(measure_log(workspace, log, &facts->log_size, err));
    MW_TRY(each_row(workspace, "SELECT coalesce(sum(size), 0) FROM lake_files", take_size,
                    &facts->lake_size, err));
    MW_TRY(each_row(workspace, "SELECT count(*) FROM alerts WHERE closed_us IS NULL", take_size,
                    &facts->open_alerts, err));
    mw_control_client *client = NULL;
    mw_error absent;
    facts->is_served =
        mw_control_connect(workspace->cli->sys, socket, &client, &absent) == MW_OK;
    mw_control_close(client);
    return MW_OK;
}

static void write_facts(const state_facts *facts, mw_json *json) {
    mw_json_key(json, "log_events");
    mw_json_int(json, (int64_t)facts->events);
    mw_json_key(json, "predictions");
    mw_json_int(json, (int64_t)facts->predictions);
    mw_json_key(json, "lake_bytes");
    mw_json_int(json, facts->lake_size);
    mw_json_key(json, "log_bytes");
    mw_json_int(json, facts->log_size);
    mw_json_key(json, "open_alerts");
    mw_json_int(json, facts->open_alerts);
    mw_json_key(json, "is_served");
    mw_json_bool(json, facts->is_served);
}

static void print_facts(const state_facts *facts, mw_buf *out) {
    mw_buf_printf(out, "lake %.1f MB; log %.1f MB with ", (double)facts->lake_size / 1e6,
                  (double)facts->log_size / 1e6);
    mw_count_append(out, facts->events);
    mw_buf_append_text(out, " events and ");
    mw_count_append(out, facts->predictions);
    mw_buf_printf(out, " predictions\n%s; ",
                  facts->is_served ? "a server runs" : "no server runs");
    if (facts->open_alerts == 0) mw_buf_append_text(out, "no alert is open\n\n");
    else mw_buf_printf(out, "%lld %s open: millwright alerts\n\n", (long long)facts->open_alerts,
                       facts->open_alerts == 1 ? "alert is" : "alerts are");
}

static mw_status print_status(mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    char data_version[MW_SHA256_HEX_SIZE + 1];
    state_facts facts = {0};
    MW_TRY(mw_lake_version(mw_state_lake(workspace->state), data_version, err));
    MW_TRY(learn_facts(workspace, &facts, err));
    listing it = {.grid = mw_grid_begin("stream|>events|first known|last known"),
                  .json = mw_json_begin(&cli->out),
                  .is_json = cli->json};
    if (cli->json) {
        mw_json_object(&it.json);
        mw_json_key(&it.json, "data_version");
        mw_json_text(&it.json, data_version);
        write_facts(&facts, &it.json);
    } else {
        mw_buf_printf(&cli->out, "data version %.12s\n", data_version);
        print_facts(&facts, &cli->out);
    }
    MW_TRY(print_part(workspace, &it, "streams",
                      "SELECT stream, sum(event_count), min(known_min_us), max(known_max_us) FROM "
                      "lake_files GROUP BY stream ORDER BY stream",
                      list_stream, err));
    it.grid = mw_grid_begin("model|>versions|champion");
    if (!cli->json) mw_buf_append_char(&cli->out, '\n');
    MW_TRY(print_part(workspace, &it, "models",
                      "SELECT model, count(*), max(CASE WHEN stage = 'champion' THEN version END) "
                      "FROM versions GROUP BY model ORDER BY model",
                      list_champion, err));
    if (cli->json) mw_json_object_end(&it.json);
    return MW_OK;
}

mw_status mw_cli_status(mw_cli *cli, mw_error *err) {
    return with_state(cli, print_status, err);
}
