#include "cli/sql_tables.h"

#include "cli/lake_views.h"
#include "cli/sql_examples.h"
#include "cli/sql_log.h"
#include "cli/state_rows.h"

enum { SQL_SIZE_MAX = 1 << 28, PATH_SIZE_MAX = 1 << 16 };

/* --- the catalog -------------------------------------------------------------------------- */

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

static mw_status run_sql(const mw_workspace *workspace, mw_buf *sql, mw_error *err) {
    MW_TRY(mw_buf_check(sql, "the query", err));
    if (sql->size == 0) return MW_OK;
    MW_TRY(mw_duck_run(workspace->duck, sql->data, err));
    mw_buf_clear(sql);
    return MW_OK;
}

static mw_status show_catalog(const mw_workspace *workspace, mw_buf *sql, mw_error *err) {
    for (size_t i = 0; i < sizeof shown_tables / sizeof *shown_tables; i++) {
        table_copy copy = {.table = &shown_tables[i], .sql = sql};
        mw_buf_printf(sql, "CREATE TABLE %s (%s)", copy.table->name, copy.table->columns);
        MW_TRY(run_sql(workspace, sql, err));
        MW_TRY(mw_state_each_row(workspace, copy.table->query, copy_row, &copy, err));
        MW_TRY(run_sql(workspace, sql, err));
    }
    return MW_OK;
}

/* --- the streams -------------------------------------------------------------------------- */

/* The streams as they are shown: of the lake as it was seen, and of the log behind that. */
typedef struct {
    mw_workspace *workspace;
    mw_lake_snapshot lake;
    mw_sql_fresh *fresh; /* one a stream of the program; NULL: there is no program, and no log */
} stream_show;

static mw_status find_in_lake(const stream_show *show, mw_str stream, bool *out_is_there,
                              mw_error *err) {
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(mw_state_catalog(show->workspace->state),
                            "SELECT 1 FROM lake_files WHERE stream = ? AND ingest <= ? LIMIT 1",
                            MW_SQL(mw_sql_str(stream), mw_sql_int(show->lake.ingest)), &rows,
                            err));
    mw_status status = mw_catalog_next(rows, out_is_there, err);
    mw_catalog_rows_close(rows);
    return status;
}

/* A stream with events in the log alone is a view over those and over the lake's, if it has any. */
static mw_status append_fresh(const stream_show *show, mw_str stream, bool has_corrections,
                              mw_buf *sql, mw_error *err) {
    mw_buf lake;
    mw_buf_init(&lake, PATH_SIZE_MAX);
    mw_buf_append_text(&lake, "in the lake: ");
    mw_buf_append_str(&lake, stream);
    bool is_in_lake = false;
    mw_status status = find_in_lake(show, stream, &is_in_lake, err);
    if (is_in_lake) {
        mw_buf_append_text(sql, "ALTER VIEW ");
        mw_duck_append_name(sql, stream);
        mw_buf_append_text(sql, " RENAME TO ");
        mw_duck_append_name(sql, mw_buf_str(&lake));
        mw_buf_append_text(sql, "; ");
    }
    mw_buf_append_text(sql, "CREATE VIEW ");
    mw_duck_append_name(sql, stream);
    mw_buf_append_text(sql, " AS ");
    if (has_corrections) mw_buf_append_text(sql, "SELECT * EXCLUDE (\"in lake:\") FROM (");
    const char *of_lake = has_corrections ? "SELECT *, true AS \"in lake:\" FROM "
                                          : "SELECT * FROM ";
    if (is_in_lake) {
        mw_buf_append_text(sql, of_lake);
        mw_duck_append_name(sql, mw_buf_str(&lake));
        mw_buf_append_text(sql, " UNION ALL BY NAME ");
    }
    mw_buf_append_text(sql, has_corrections ? "SELECT *, false AS \"in lake:\" FROM "
                                            : "SELECT * FROM ");
    mw_duck_append_name(sql, mw_sql_fresh_table(&show->workspace->arena, stream));
    if (has_corrections) mw_buf_append_char(sql, ')');
    /* What stands at the place of an event of the log can only be a correction of it. */
    if (status == MW_OK && has_corrections)
        status = mw_lake_views_append_standing(show->workspace, stream,
                                               "place DESC, \"in lake:\" DESC", sql, err);
    mw_buf_append_text(sql, "; ");
    mw_buf_release(&lake);
    return status;
}

static mw_status append_all_fresh(const stream_show *show, mw_buf *sql, mw_error *err) {
    const mw_program *program = show->workspace->program;
    for (size_t i = 0; show->fresh && i < program->stream_count; i++)
        if (show->fresh[i].is_there)
            MW_TRY(append_fresh(show, program->streams[i].name, show->fresh[i].may_correct, sql,
                                err));
    return MW_OK;
}

/* Then nothing but the lake's files can be opened any more: some statements of DuckDB write while
   they are prepared, before anybody can see what they are. */
static mw_status show_streams(const stream_show *show, mw_buf *sql, mw_error *err) {
    mw_workspace *workspace = show->workspace;
    mw_buf files;
    mw_buf_init(&files, SQL_SIZE_MAX);
    const char *folder = mw_path_join(&workspace->arena, workspace->state_folder, "lake");
    mw_status status =
        folder ? mw_lake_views_append(workspace, &show->lake, folder, sql, &files, err)
               : mw_fail(err, MW_NO_MEMORY, "sql: no memory");
    if (status == MW_OK) status = append_all_fresh(show, sql, err);
    mw_buf_append_text(sql, "SET allowed_paths = [");
    mw_buf_append_str(sql, mw_buf_str(&files));
    mw_buf_append_text(sql, "]; SET enable_external_access = false; SET lock_configuration = true");
    if (status == MW_OK) status = mw_buf_check(&files, "the files", err);
    mw_buf_release(&files);
    return status == MW_OK ? run_sql(workspace, sql, err) : status;
}

static mw_status look_at_streams(stream_show *show, mw_error *err) {
    mw_workspace *workspace = show->workspace;
    const mw_program *program = workspace->program;
    if (!program) return mw_lake_look(mw_state_lake(workspace->state), &show->lake, err);
    show->fresh =
        mw_arena_alloc(&workspace->arena, program->stream_count + 1, sizeof *show->fresh);
    if (!show->fresh) return mw_fail(err, MW_NO_MEMORY, "sql: no memory");
    return mw_sql_load_fresh(workspace, &show->lake, show->fresh, err);
}

mw_status mw_sql_tables_make(mw_workspace *workspace, bool with_examples, mw_error *err) {
    stream_show show = {.workspace = workspace};
    MW_TRY(mw_sql_load_predictions(workspace, err));
    MW_TRY(look_at_streams(&show, err));
    if (with_examples) MW_TRY(mw_sql_load_examples(workspace, err));
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_status status = show_catalog(workspace, &sql, err);
    if (status == MW_OK)
        status = mw_duck_run(workspace->duck,
                             "CREATE SCHEMA streams; SET search_path = 'streams,main'", err);
    if (status == MW_OK) status = show_streams(&show, &sql, err);
    mw_buf_release(&sql);
    return status;
}
