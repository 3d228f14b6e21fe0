#include "cli/sql_log.h"

#include "decide/prediction.h"
#include "ingest/history.h"
#include "store/duck_writer.h"
#include "store/log.h"
#include "table/event_columns.h"

enum {
    TABLE_NAME_MAX = 1 << 16,
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "sql: no memory");
}

/* --- predictions -------------------------------------------------------------------------- */

static mw_field prediction_fields[] = {
    {{"id", 2}, MW_TYPE_TEXT},       {{"model", 5}, MW_TYPE_TEXT},
    {{"version", 7}, MW_TYPE_TEXT},  {{"event", 5}, MW_TYPE_TEXT},
    {{"t", 1}, MW_TYPE_TIME},        {{"place", 5}, MW_TYPE_TIME},
    {{"made", 4}, MW_TYPE_TIME},     {{"prediction", 10}, MW_TYPE_NUMBER},
    {{"decision", 8}, MW_TYPE_BOOL}, {{"fallback", 8}, MW_TYPE_TEXT},
    {{"class", 5}, MW_TYPE_TEXT},
};
enum { PREDICTION_FIELDS = sizeof prediction_fields / sizeof *prediction_fields };

typedef struct {
    mw_symbols *symbols;
    bool is_full; /* of texts */
} texts;

static mw_cell text_cell(texts *of, mw_str text) {
    mw_cell cell = {.symbol = mw_symbols_intern(of->symbols, text)};
    of->is_full |= cell.symbol == 0 && text.size > 0;
    return cell;
}

static mw_status add_prediction(const mw_record *record, mw_symbols *symbols,
                                mw_duck_writer *writer, mw_error *err) {
    mw_prediction made;
    texts of = {symbols, false};
    char id[MW_PREDICTION_ID_SIZE + 1];
    MW_TRY(mw_prediction_read_head(record->payload, &made, err));
    mw_prediction_id(record->place, id);
    mw_cell fallback = {.symbol = 0};
    if (made.fallback != MW_BECAUSE_NONE)
        fallback = text_cell(&of, mw_str_of(mw_fallback_reason_word(made.fallback)));
    mw_cell class_name = {.symbol = 0};
    if (made.class_name.size > 0) class_name = text_cell(&of, made.class_name);
    mw_cell decision = {.boolean = MW_BOOL_MISSING};
    if (mw_answer_kind_decides(made.kind)) decision = mw_cell_bool(made.decision);
    mw_cell row[PREDICTION_FIELDS] = {text_cell(&of, mw_str_of(id)),
                                      text_cell(&of, made.model),
                                      text_cell(&of, made.version),
                                      text_cell(&of, made.event_id),
                                      mw_cell_time(made.t),
                                      mw_cell_time(made.place),
                                      mw_cell_time(record->place),
                                      mw_cell_number(made.prediction),
                                      decision,
                                      fallback,
                                      class_name};
    return of.is_full ? no_memory(err) : mw_duck_writer_add(writer, row, err);
}

static mw_status add_predictions(const mw_workspace *workspace, const char *folder,
                                 mw_duck_writer *writer, mw_error *err) {
    mw_log_scan *scan = NULL;
    MW_TRY(mw_log_scan_begin(workspace->cli->sys, folder, INT64_MIN, &scan, err));
    mw_status status = MW_OK;
    for (bool has_record = true; status == MW_OK && has_record;) {
        mw_record record;
        status = mw_log_scan_next(scan, &record, &has_record, err);
        if (status == MW_OK && has_record && record.type == MW_RECORD_PREDICTION)
            status = add_prediction(&record, workspace->symbols, writer, err);
    }
    mw_log_scan_end(scan);
    return status;
}

mw_status mw_sql_load_predictions(const mw_workspace *workspace, mw_error *err) {
    static const mw_schema schema = {prediction_fields, PREDICTION_FIELDS};
    mw_arena arena;
    mw_duck_writer *writer = NULL;
    MW_TRY(mw_log_tail_check(workspace->state, err));
    mw_arena_init(&arena, 1 << 16);
    const char *folder = mw_state_path(workspace->state, &arena, "log");
    mw_status status = folder ? mw_duck_writer_create(workspace->duck, &schema,
                                                      workspace->symbols, &writer, err)
                              : no_memory(err);
    if (status == MW_OK) status = add_predictions(workspace, folder, writer, err);
    if (status == MW_OK) status = mw_duck_writer_keep(writer, MW_STR("predictions"), err);
    mw_duck_writer_destroy(writer);
    mw_arena_release(&arena);
    return status;
}

/* --- fresh events ------------------------------------------------------------------------- */

/* No stream can have such a name. */
mw_str mw_sql_fresh_table(mw_arena *arena, mw_str stream) {
    mw_buf name;
    mw_buf_init(&name, TABLE_NAME_MAX);
    mw_buf_append_text(&name, "in the log: ");
    mw_buf_append_str(&name, stream);
    mw_str copy = mw_str_copy(arena, mw_buf_str(&name));
    mw_buf_release(&name);
    return copy;
}

typedef struct {
    const mw_workspace *workspace;
    const mw_events *events; /* of the log, sorted */
    mw_arena *arena;
    int32_t stream;          /* that is written */
    mw_duck_writer *writer;
} fresh;

static const mw_stream *stream_of(const fresh *it) {
    return &it->workspace->program->streams[it->stream];
}

static mw_status add_events(fresh *it, mw_error *err) {
    size_t count = stream_of(it)->schema.field_count;
    mw_cell *row = mw_arena_alloc(it->arena, MW_EVENT_COLUMNS + count, sizeof *row);
    if (!row) return no_memory(err);
    for (size_t i = 0; i < it->events->event_count; i++) {
        mw_event event = mw_events_at(it->events, i);
        if (event.stream != it->stream) continue;
        row[MW_EVENT_TIME] = mw_cell_time(event.time);
        row[MW_EVENT_KNOWN] = mw_cell_time(event.known);
        row[MW_EVENT_PLACE] = mw_cell_time(event.place);
        for (size_t c = 0; c < count; c++) row[MW_EVENT_COLUMNS + c] = event.row[c];
        MW_TRY(mw_duck_writer_add(it->writer, row, err));
    }
    return MW_OK;
}

static mw_status write_table(fresh *it, mw_error *err) {
    const mw_stream *stream = stream_of(it);
    mw_schema *schema = mw_arena_alloc(it->arena, 1, sizeof *schema);
    if (!schema || mw_event_columns(it->arena, &stream->schema, schema) != MW_OK)
        return no_memory(err);
    MW_TRY(mw_duck_writer_create(it->workspace->duck, schema, it->workspace->symbols, &it->writer,
                                 err));
    MW_TRY(add_events(it, err));
    mw_str name = mw_sql_fresh_table(it->arena, stream->name);
    return name.data ? mw_duck_writer_keep(it->writer, name, err) : no_memory(err);
}

static mw_status may_correct(const fresh *it, size_t stream, bool *out_may, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    *out_may = it->events->streams[stream].correction_count > 0;
    if (*out_may) return MW_OK;
    mw_str name = it->workspace->program->streams[stream].name;
    MW_TRY(mw_catalog_query(mw_state_catalog(it->workspace->state),
                            "SELECT 1 FROM lake_files WHERE stream = ? AND corrections > 0 LIMIT 1",
                            MW_SQL(mw_sql_str(name)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    mw_catalog_rows_close(rows);
    *out_may = has_row;
    return status;
}

static mw_status load_streams(fresh *it, mw_sql_fresh *out_fresh, mw_error *err) {
    size_t count = it->workspace->program->stream_count;
    for (size_t i = 0; i < count; i++) {
        out_fresh[i] = (mw_sql_fresh){it->events->streams[i].rows.row_count > 0, false};
        if (!out_fresh[i].is_there) continue;
        MW_TRY(may_correct(it, i, &out_fresh[i].may_correct, err));
        it->stream = (int32_t)i;
        mw_status status = write_table(it, err);
        mw_duck_writer_destroy(it->writer);
        it->writer = NULL;
        MW_TRY(status);
    }
    return MW_OK;
}

mw_status mw_sql_load_fresh(const mw_workspace *workspace, mw_lake_snapshot *out_lake,
                            mw_sql_fresh *out_fresh, mw_error *err) {
    mw_history history;
    mw_events events;
    mw_arena arena;
    mw_load_wish wish = {workspace->state, workspace->program, workspace->symbols, INT64_MIN};
    MW_TRY(mw_history_load_fresh(wish, INT64_MAX, &history, &events, err));
    mw_arena_init(&arena, (size_t)1 << 32);
    fresh it = {.workspace = workspace, .events = &events, .arena = &arena};
    mw_status status = load_streams(&it, out_fresh, err);
    mw_arena_release(&arena);
    mw_events_release(&events);
    if (status == MW_OK) *out_lake = history.lake;
    return status;
}
