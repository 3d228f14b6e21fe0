#include "cli/query.h"

#include <ctype.h>
#include <string.h>

#include "base/hash.h"
#include "cli/grid.h"
#include "cli/sql_tables.h"
#include "cli/state_rows.h"

enum { LINES_SIZE_MAX = 1 << 28 };

#define QUARANTINE_END ".ndjson"

/* --- sql ---------------------------------------------------------------------------------- */

static void append_value(const mw_duck_cursor *cursor, size_t column, size_t row, mw_buf *out) {
    switch (mw_duck_column_kind(cursor, column)) {
    case MW_DUCK_BOOL:
        mw_buf_append_text(out, mw_duck_bool(cursor, column, row) ? "true" : "false");
        return;
    case MW_DUCK_INTEGER:
        mw_buf_printf(out, "%lld", (long long)mw_duck_int(cursor, column, row));
        return;
    case MW_DUCK_NUMBER: mw_buf_append_double(out, mw_duck_number(cursor, column, row)); return;
    case MW_DUCK_TEXT:
    case MW_DUCK_DECIMAL:
    case MW_DUCK_LIST:
    case MW_DUCK_NUMBER_LIST: mw_buf_append_str(out, mw_duck_text(cursor, column, row)); return;
    case MW_DUCK_TIME:
    case MW_DUCK_DATE:
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
    case MW_DUCK_DECIMAL:
    case MW_DUCK_LIST:
    case MW_DUCK_NUMBER_LIST: mw_json_raw(json, mw_duck_text(cursor, column, row)); return;
    case MW_DUCK_TIME:
    case MW_DUCK_DATE:
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
        if (kind == MW_DUCK_INTEGER || kind == MW_DUCK_NUMBER || kind == MW_DUCK_DECIMAL)
            mw_buf_append_char(titles, '>');
        for (size_t i = 0; i < name.size; i++)
            mw_buf_append_char(titles, name.data[i] == '|' ? '/' : name.data[i]);
    }
}

static mw_status print_plan(mw_duck_cursor *cursor, mw_buf *out, mw_error *err) {
    size_t count = 1;
    while (count > 0) {
        MW_TRY(mw_duck_fetch(cursor, &count, err));
        for (size_t r = 0; r < count; r++)
            append_value(cursor, mw_duck_column_count(cursor) - 1, r, out);
    }
    return MW_OK;
}

static mw_status print_answer(mw_duck_cursor *cursor, bool is_json, mw_buf *out, mw_error *err) {
    size_t column_count = mw_duck_column_count(cursor), count = 1;
    if (!is_json && mw_duck_explains(cursor)) return print_plan(cursor, out, err);
    if (column_count > MW_GRID_COLUMNS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "sql: there may be %d columns, got %zu",
                       MW_GRID_COLUMNS_MAX, column_count);
    mw_buf titles;
    mw_buf_init(&titles, 1 << 20);
    name_columns(cursor, &titles);
    mw_status status = mw_buf_check(&titles, "the columns", err);
    answer it = {.cursor = cursor,
                 .column_count = column_count,
                 .is_json = is_json,
                 .json = mw_json_begin(out),
                 .grid = mw_grid_begin(status == MW_OK ? titles.data : "")};
    if (is_json) mw_json_array(&it.json);
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

static bool names(const char *sql, const char *table) {
    return strcasestr(sql, table) != NULL;
}

/* What only a program can read is there: events in a log, or examples that are asked for. */
static mw_status needs_program(mw_cli *cli, bool with_examples, bool *out_needs, mw_error *err) {
    mw_arena arena;
    mw_file_info log = {.exists = false};
    mw_arena_init(&arena, 1 << 16);
    const char *folder = mw_cli_state_path(cli, &arena, "log");
    mw_status status = folder ? mw_sys_info(cli->sys, folder, &log, err)
                              : mw_fail(err, MW_NO_MEMORY, "sql: no memory");
    mw_arena_release(&arena);
    if (status == MW_OK) *out_needs = with_examples || log.exists;
    return status;
}

static mw_status no_query(mw_error *err) {
    mw_status status = mw_fail(err, MW_USAGE, "sql: QUERY must be a statement, got nothing");
    return mw_hint(err, status, "As in: millwright sql 'SHOW TABLES'");
}

/* A semicolon ends a statement, and is no part of it. */
static mw_status read_query(mw_cli *cli, mw_error *err) {
    mw_str sql = mw_str_trim(mw_str_of(cli->words[0]));
    while (sql.size > 0 && sql.data[sql.size - 1] == ';')
        sql = mw_str_trim(mw_str_slice(sql, 0, sql.size - 1));
    if (sql.size == 0) return no_query(err);
    cli->words[0] = mw_str_copy(&cli->arena, sql).data;
    return cli->words[0] ? MW_OK : mw_fail(err, MW_NO_MEMORY, "sql: no memory");
}

/* DuckDB looks for what they would write to before it says what kind of statement they are. */
static bool begins_as_writer(const char *sql) {
    static const char *const writers[] = {"INSERT", "UPDATE", "DELETE", "MERGE",
                                          "TRUNCATE", "COPY", "EXPORT"};
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
        size_t size = strlen(writers[i]);
        bool is_it = strncasecmp(sql, writers[i], size) == 0;
        if (is_it && (!sql[size] || isspace((unsigned char)sql[size]))) return true;
    }
    return false;
}

/* What is said of the others; of those to which no table here is one, by DuckDB, wherever the word
   for it stands. */
static bool is_of_writer(const char *message) {
    static const char *const messages[] = {"must only read", "is not an table", "Can only update",
                                           "Can only delete", "Can only merge"};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (strstr(message, messages[i])) return true;
    return false;
}

static mw_status only_reads(mw_error *err) {
    mw_status status = mw_fail(err, MW_INVALID, "sql: the statement must only read: SELECT, WITH, "
                                                "SHOW, DESCRIBE, SUMMARIZE, or EXPLAIN of these");
    return mw_hint(err, status, "Events are taken in by millwright ingest, or by a server.");
}

static mw_status ask(mw_workspace *workspace, const char *sql, mw_duck_cursor **out_cursor,
                     mw_error *err) {
    /* A column may have any name, such as `at`, a word of SQL since DuckDB 1.5. */
    static const char *const hints[][2] = {
        {"syntax error at or near", "A column or table whose name is a word of SQL stands in "
                                    "double quotes, as in SELECT \"at\" FROM \"order\". SHOW "
                                    "TABLES lists the tables."},
        {"Table with name ", "SHOW TABLES lists them; labels and examples (examples_MODEL, if "
                             "there are several models) are made where a query names them."},
        {"multiple statements", "millwright sql takes one statement a call."},
        {"Referenced column ", "DESCRIBE TABLE lists those of one table. A text stands in single "
                               "quotes."}};
    if (begins_as_writer(sql)) return only_reads(err);
    mw_status status = mw_duck_ask(workspace->duck, sql, out_cursor, err);
    if (status != MW_INVALID) return status;
    if (strstr(err->message, "No statement")) return no_query(err); /* there are comments alone */
    if (is_of_writer(err->message)) return only_reads(err);
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (strstr(err->message, hints[i][0])) return mw_hint(err, status, "%s", hints[i][1]);
    return status;
}

/* DuckDB does not see that a file was damaged: those of all streams that the statement names are
   looked at before. */
static mw_status check_lake(mw_workspace *workspace, const char *sql, mw_error *err) {
    mw_lake *lake = mw_state_lake(workspace->state);
    mw_lake_snapshot snapshot;
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_lake_look(lake, &snapshot, err));
    MW_TRY(mw_catalog_query(mw_state_catalog(workspace->state),
                            "SELECT DISTINCT stream FROM lake_files "
                            "WHERE instr(lower(?), lower(stream)) > 0",
                            MW_SQL(mw_sql_text(sql)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        status = mw_lake_check(lake, &snapshot, mw_catalog_text(rows, 0), err);
        if (status == MW_OK) status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    return status;
}

static mw_status query(mw_workspace *workspace, bool with_examples, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_duck_cursor *cursor = NULL;
    MW_TRY(check_lake(workspace, cli->words[0], err));
    MW_TRY(mw_sql_tables_make(workspace, with_examples, err));
    mw_status status = ask(workspace, cli->words[0], &cursor, err);
    if (status == MW_OK) status = print_answer(cursor, cli->json, &cli->out, err);
    mw_duck_cursor_close(cursor);
    return status;
}

static mw_status find_corrections(const mw_workspace *workspace, bool *out_found, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(mw_state_catalog(workspace->state),
                            "SELECT 1 FROM lake_files WHERE corrections > 0 LIMIT 1",
                            MW_SQL_NOTHING, &rows, err));
    mw_status status = mw_catalog_next(rows, out_found, err);
    mw_catalog_rows_close(rows);
    return status;
}

/* Of a lake without corrections all can be told without the project file, were it broken. */
static mw_status open_state(mw_cli *cli, mw_workspace *workspace, mw_error *err) {
    bool has_corrections = false;
    MW_TRY(mw_workspace_open_state(cli, MW_WORKSPACE_READ, workspace, err));
    MW_TRY(find_corrections(workspace, &has_corrections, err));
    if (!has_corrections) return MW_OK;
    mw_workspace_release(workspace);
    return mw_workspace_open(cli, MW_WORKSPACE_READ, NULL, workspace, err);
}

mw_status mw_cli_sql(mw_cli *cli, mw_error *err) {
    MW_TRY(read_query(cli, err));
    bool with_examples = names(cli->words[0], "labels") || names(cli->words[0], "examples");
    bool with_program = false;
    mw_workspace workspace;
    MW_TRY(needs_program(cli, with_examples, &with_program, err));
    mw_status status = with_program
                           ? mw_workspace_open(cli, MW_WORKSPACE_READ, NULL, &workspace, err)
                           : open_state(cli, &workspace, err);
    if (status == MW_OK) status = query(&workspace, with_examples, err);
    mw_workspace_release(&workspace);
    return status;
}

/* --- data versions ---------------------------------------------------------------------- */

typedef struct {
    mw_grid grid;
    mw_json json;
    bool is_json;
} listing;

/* What is moved from the log was there before, so that its data version is the one before. */
static void list_ingest(void *context, const mw_catalog_rows *rows) {
    listing *it = context;
    bool is_moved = mw_catalog_int(rows, 5) != 0;
    if (it->is_json) {
        mw_json_object(&it->json);
        mw_json_put_int(&it->json, "ingest", mw_catalog_int(rows, 0));
        mw_json_put_time(&it->json, "at", mw_catalog_time(rows, 1));
        mw_json_put_text(&it->json, "from", is_moved ? "log" : "files");
        mw_json_put_str(&it->json, "data_version", mw_catalog_text(rows, 2));
        mw_json_put_int(&it->json, "events", mw_catalog_int(rows, 3));
        mw_json_put_int(&it->json, "quarantined", mw_catalog_int(rows, 4));
        mw_json_object_end(&it->json);
        return;
    }
    mw_grid_add(&it->grid, "%lld", (long long)mw_catalog_int(rows, 0));
    mw_grid_add_time(&it->grid, mw_catalog_time(rows, 1) / MW_SECOND_US * MW_SECOND_US);
    mw_grid_add(&it->grid, "%s", is_moved ? "the log" : "files");
    mw_grid_add_str(&it->grid, mw_str_slice(mw_catalog_text(rows, 2), 0, 12));
    mw_grid_add_count(&it->grid, (uint64_t)mw_catalog_int(rows, 3));
    mw_grid_add_count(&it->grid, (uint64_t)mw_catalog_int(rows, 4));
}

static mw_status list_versions(mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    listing it = {.grid = mw_grid_begin(">ingest|at|from|data version|>events|>refused"),
                  .json = mw_json_begin(&cli->out),
                  .is_json = cli->json};
    if (cli->json) mw_json_array(&it.json);
    mw_status status = mw_state_each_row(workspace,
                                "SELECT id, at_us, data_version, events, (SELECT "
                                "coalesce(sum(quarantined), 0) FROM ingested_files WHERE ingest = "
                                "ingests.id), log_through_us IS NOT NULL FROM ingests "
                                "ORDER BY id DESC",
                                list_ingest, &it, err);
    if (cli->json) mw_json_array_end(&it.json);
    else mw_grid_print(&it.grid, "", &cli->out);
    mw_buf_release(&it.grid.cells);
    return status;
}

mw_status mw_cli_data_versions(mw_cli *cli, mw_error *err) {
    return mw_cli_with_state(cli, list_versions, err);
}

/* --- data quarantine -------------------------------------------------------------------- */

/* Such a file is named by its own bytes, as far as its name goes. */
static mw_status read_quarantined(mw_sys *sys, const char *path, mw_str name, mw_buf *lines,
                                  mw_error *err) {
    char hash[MW_SHA256_HEX_SIZE + 1];
    mw_sha256 sha;
    size_t begin = lines->size;
    MW_TRY(mw_sys_read_file(sys, path, lines, err));
    mw_sha256_init(&sha);
    mw_sha256_add(&sha, lines->data + begin, lines->size - begin);
    mw_sha256_hex(&sha, hash);
    size_t size = name.size - strlen(QUARANTINE_END);
    if (size <= MW_SHA256_HEX_SIZE && memcmp(name.data, hash, size) == 0) return MW_OK;
    return mw_fail(err, MW_CORRUPT, "quarantine: %s holds other bytes than its name says", path);
}

/* The refused rows are lines of JSON already. */
static mw_status print_quarantine(mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_arena *arena = &workspace->arena;
    const char *folder = mw_path_join(arena, workspace->state_folder, "quarantine");
    mw_str *names = NULL;
    size_t count = 0;
    if (!folder) return mw_fail(err, MW_NO_MEMORY, "quarantine: no memory");
    MW_TRY(mw_sys_list_if_any(cli->sys, folder, arena, &names, &count, err));
    mw_buf lines;
    mw_buf_init(&lines, LINES_SIZE_MAX);
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < count; i++) {
        const char *path = mw_path_join(arena, folder, names[i].data);
        if (!path) status = mw_fail(err, MW_NO_MEMORY, "quarantine: no memory");
        if (status == MW_OK && mw_str_ends(names[i], MW_STR(QUARANTINE_END)))
            status = read_quarantined(cli->sys, path, names[i], &lines, err);
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
    return mw_cli_with_state(cli, print_quarantine, err);
}
