#include "cli/predict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain_recorded.h"
#include "cli/table_file.h"
#include "cli/version_program.h"
#include "cli/workspace.h"
#include "decide/decider.h"
#include "feature/entrance.h"
#include "feature/key_list.h"
#include "feature/slate.h"
#include "ingest/asking.h"
#include "ingest/data_file.h"
#include "ingest/history.h"
#include "sys/standard.h"
#include "sys/terminal.h"
#include "table/cell_json.h"

/* In the order of the output. PROBABILITY is that of a class; WHY is left out where nobody asked,
   ID where the input has it. */
typedef enum { PREDICTION, PROBABILITY, DECISION, VERSION, WHY, ID, ANSWER_COLUMNS } answer_column;
#define STDIN_SIZE_MAX ((size_t)1 << 32)

static const mw_field answer_fields[ANSWER_COLUMNS] = {
    [PREDICTION] = {{"prediction", 10}, MW_TYPE_NUMBER}, /* text of a class */
    [PROBABILITY] = {{"probability", 11}, MW_TYPE_NUMBER},
    [DECISION] = {{"decision", 8}, MW_TYPE_BOOL},
    [VERSION] = {{"version", 7}, MW_TYPE_TEXT},
    [WHY] = {{"why", 3}, MW_TYPE_TEXT},
    [ID] = {{"id", 2}, MW_TYPE_TEXT}};

typedef struct {
    int64_t t, place;
    int64_t time, known; /* of its event */
    size_t row;
} asked_moment;

typedef struct {
    mw_workspace *workspace;
    mw_arena *arena; /* the workspace's */
    mw_str model_name;
    mw_buf version_bytes;
    char version_name[MW_VERSION_NAME_SIZE + 1];
    mw_version_program version;
    const mw_stream *stream;        /* whose events make the moments */
    const mw_stream_source *source;
    mw_schema input;                /* the file's columns, typed as the source has them */
    mw_schema output;               /* and the answers' */
    mw_table rows;                  /* of the output's schema; with `each` one for each element */
    mw_table events;                /* the stream's cells, one row each of the input's */
    size_t *first_rows;             /* with `each`: of each row of the input the first of `rows` */
    size_t element_column;          /* with `each`: of the output */
    asked_moment *moments;          /* of the rows that are events, by place */
    size_t moment_count;
    size_t columns[ANSWER_COLUMNS]; /* of the output; of one that is left out it says nothing */
    mw_answer_kind kind;            /* of the version */
    bool explains;
} job;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "predict: no memory");
}

/* --- the version ------------------------------------------------------------------------ */

/* Where no version answers, the name may be the mistake: which ones have versions is said. */
static mw_status find_champion(const job *it, mw_registry registry, mw_version_row *out_row,
                               mw_error *err) {
    mw_status status = mw_registry_champion(registry, it->model_name, it->arena, out_row, err);
    if (status != MW_NOT_FOUND) return status;
    mw_version_row *rows = NULL;
    size_t count = 0;
    MW_TRY(mw_registry_versions(registry, MW_STR(""), it->arena, &rows, &count, err));
    if (count == 0) return status;
    status = mw_fail(err, status, "there is no version of a model %.*s",
                     MW_STR_ARGS(it->model_name));
    mw_buf names;
    mw_buf_init(&names, 1 << 16);
    for (size_t i = 0; i < count; i++) {
        bool is_named = false;
        for (size_t j = 0; j < i; j++) is_named |= mw_str_equal(rows[j].model, rows[i].model);
        if (!is_named)
            mw_buf_printf(&names, "%s%.*s", names.size > 0 ? ", " : "",
                          MW_STR_ARGS(rows[i].model));
    }
    (void)mw_hint(err, status, "There are some of: %.*s. Others are made by millwright train.",
                  MW_STR_ARGS(mw_buf_str(&names)));
    mw_buf_release(&names);
    return status;
}

static mw_status load_version(job *it, mw_error *err) {
    mw_cli *cli = it->workspace->cli;
    mw_registry registry = mw_workspace_registry(it->workspace);
    const char *name = mw_cli_option(cli, "--version");
    mw_version_row row;
    if (name)
        MW_TRY(mw_registry_find(registry, it->model_name, mw_str_of(name), it->arena, &row, err));
    else MW_TRY(find_champion(it, registry, &row, err));
    MW_TRY(mw_registry_load(registry, &row, &it->version_bytes, err));
    mw_version_name(mw_buf_str(&it->version_bytes), it->version_name);
    MW_TRY(mw_version_program_compile(mw_buf_str(&it->version_bytes), it->workspace->symbols,
                                      &it->workspace->perception->senses, it->arena,
                                      &it->version, err));
    it->kind = it->version.version->answer;
    if (it->version.model->schedule)
        return mw_fail(err, MW_NOT_BUILT,
                       "predict: the moments of %.*s are a schedule's, not those of rows: that is "
                       "not built yet", MW_STR_ARGS(it->model_name));
    it->stream = &it->version.program->streams[mw_model_announcer(it->version.model)];
    it->source = &it->version.program->sources[it->stream->source];
    return MW_OK;
}

/* --- the input -------------------------------------------------------------------------- */

static mw_status check_columns(const job *it, const char *path, mw_error *err) {
    for (size_t i = 0; i < it->source->column_count; i++) {
        mw_str name = it->source->row.fields[i].name;
        bool is_later = mw_schema_find(&it->stream->schema, name) == MW_NO_FIELD;
        if (is_later || mw_schema_find(&it->input, name) != MW_NO_FIELD) continue;
        mw_status status = mw_fail(err, MW_INVALID, "%s: there is no column %.*s", path,
                                   MW_STR_ARGS(name));
        return mw_hint(err, status, "Stream %.*s has it, and only later fields may be left out.",
                       MW_STR_ARGS(it->source->name));
    }
    return MW_OK;
}

/* Whether the input's column of this name is the very id that the answer would bear. */
static bool is_own_id(const job *it, mw_str name) {
    return mw_str_is(name, "id") && it->stream->id_count == 1 &&
           mw_str_equal(it->stream->schema.fields[it->stream->id_fields[0]].name, name);
}

/* With `each`, the element comes after all else. */
static mw_status lay_out_element(job *it, const char *path, mw_error *err) {
    const mw_model_program *model = it->version.model;
    if (!model->each) return MW_OK;
    mw_schema *output = &it->output;
    const mw_schema *moment = &it->version.program->streams[model->moment_stream].schema;
    mw_field element = moment->fields[model->each->element];
    if (mw_schema_find(output, element.name) != MW_NO_FIELD)
        return mw_fail(err, MW_INVALID, "%s: column %.*s has the name of one that predict adds",
                       path, MW_STR_ARGS(element.name));
    it->element_column = output->field_count;
    output->fields[output->field_count++] = element;
    return MW_OK;
}

static bool has_column(const job *it, answer_column column) {
    if (column == PROBABILITY) return it->kind == MW_ANSWER_CLASS;
    if (column == WHY) return it->explains;
    return column != ID || it->columns[ID] == SIZE_MAX;
}

static mw_status lay_out(job *it, const char *path, mw_error *err) {
    size_t count = it->input.field_count;
    mw_field *fields = mw_arena_alloc(it->arena, count + ANSWER_COLUMNS + 1, sizeof *fields);
    if (!fields) return no_memory(err);
    it->columns[ID] = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        fields[i] = it->input.fields[i];
        int32_t known = mw_schema_find(&it->source->row, fields[i].name);
        if (known != MW_NO_FIELD && (size_t)known < it->source->column_count)
            fields[i].type = it->source->row.fields[known].type;
        for (answer_column a = 0; a < ANSWER_COLUMNS; a++) {
            if (!has_column(it, a)) continue;
            if (!mw_str_equal(fields[i].name, answer_fields[a].name)) continue;
            if (!is_own_id(it, fields[i].name))
                return mw_fail(err, MW_INVALID,
                               "%s: column %.*s has the name of one that predict adds", path,
                               MW_STR_ARGS(answer_fields[a].name));
            it->columns[ID] = i;
        }
    }
    size_t total = count;
    for (answer_column a = 0; a < ANSWER_COLUMNS; a++) {
        if (!has_column(it, a)) continue;
        it->columns[a] = total;
        fields[total] = answer_fields[a];
        if (a == PREDICTION && it->kind == MW_ANSWER_CLASS) fields[total].type = MW_TYPE_TEXT;
        total++;
    }
    it->output = (mw_schema){fields, total};
    return lay_out_element(it, path, err);
}

static mw_status refuse_first(const mw_refusals *refusals, const char *path, mw_error *err) {
    if (refusals->item_count == 0) return MW_OK;
    const mw_refusal *first = &refusals->items[0];
    mw_status status = mw_fail(err, MW_INVALID, "%s: row %zu: %.*s, got \"%.*s\"", path,
                               first->row + 1, MW_STR_ARGS(refusals->rules[first->rule].text),
                               MW_STR_ARGS(first->value));
    if (refusals->item_count > 1)
        return mw_hint(err, status, "%zu rows are wrong; nothing was predicted.",
                       refusals->item_count);
    return status;
}

static mw_status read_zone(const job *it, const mw_project_stream *declared,
                           const mw_zone **out_zone, mw_error *err) {
    *out_zone = it->version.program->zone;
    if (!declared || declared->zone.size == 0) return MW_OK;
    return mw_zone_load(it->workspace->cli->sys, it->arena, declared->zone, out_zone, err);
}

static mw_status read_input(job *it, const char *path, mw_error *err) {
    mw_data_reader reader = {.sys = it->workspace->cli->sys,
                             .duck = it->workspace->duck,
                             .symbols = it->workspace->symbols,
                             .stream = mw_project_find_stream(it->version.project,
                                                              it->source->name)};
    MW_TRY(read_zone(it, reader.stream, &reader.zone, err));
    MW_TRY(mw_data_file_columns(&reader, path, it->arena, &it->input, err));
    MW_TRY(check_columns(it, path, err));
    MW_TRY(lay_out(it, path, err));
    it->rows.schema = &it->output;
    mw_refusals refusals;
    mw_refusals_init(&refusals);
    mw_status status = mw_data_file_read(&reader, path, it->input.field_count, &it->rows,
                                         &refusals, err);
    if (status == MW_OK) status = refuse_first(&refusals, path, err);
    mw_refusals_release(&refusals);
    return status;
}

/* --- moments ---------------------------------------------------------------------------- */

/* The input's row as the source has it, its fields derived. */
static void fill_source_row(const job *it, const mw_cell *input, mw_cell *row) {
    for (size_t i = 0; i < it->source->row.field_count; i++) {
        const mw_field *field = &it->source->row.fields[i];
        int32_t from = mw_schema_find(&it->input, field->name);
        bool is_given = i < it->source->column_count && from != MW_NO_FIELD;
        row[i] = is_given ? input[from] : mw_cell_missing(field->type);
    }
}

static mw_status take_row(job *it, size_t number, mw_cell *row, mw_error *err) {
    const mw_model_program *model = it->version.model;
    mw_symbols *symbols = it->workspace->symbols;
    fill_source_row(it, mw_table_row(&it->rows, number), row);
    mw_frame frame = {.row = row, .time_us = MW_TIME_MISSING, .symbols = symbols,
                      .zone = it->version.program->zone};
    mw_row_fate fate = mw_source_ready(it->source, row, &frame, NULL);
    MW_TRY(mw_symbols_settle(symbols, err));
    mw_cell *cells;
    mw_event event;
    MW_TRY(mw_table_add(&it->events, NULL, &cells, err));
    if (fate != MW_ROW_IS_EVENT) return MW_OK;
    if (!mw_stream_event(it->version.program, mw_model_announcer(model), &frame, cells, &event))
        return mw_symbols_settle(symbols, err);
    int64_t t = event.time + model->moment_offset_us;
    it->moments[it->moment_count++] =
        (asked_moment){t, t > event.known ? t : event.known, event.time, event.known, number};
    return mw_symbols_settle(symbols, err);
}

static int compare_knowns(const void *a, const void *b) {
    const asked_moment *x = a, *y = b;
    if (x->known != y->known) return x->known < y->known ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

static int compare_places(const void *a, const void *b) {
    const asked_moment *x = a, *y = b;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

static mw_status make_moments(job *it, mw_error *err) {
    size_t count = it->rows.row_count;
    mw_cell *row = mw_arena_alloc(it->arena, it->source->row.field_count + 1, sizeof *row);
    it->moments = mw_arena_alloc(it->arena, count + 1, sizeof *it->moments);
    if (!row || !it->moments) return no_memory(err);
    mw_table_init(&it->events, &it->stream->schema);
    MW_TRY(mw_table_reserve(&it->events, count, err));
    for (size_t i = 0; i < count; i++) MW_TRY(take_row(it, i, row, err));
    return MW_OK;
}

/* Copies a row of the input for each element of its event's list, or once if there is none. */
static mw_status expand_row(job *it, size_t number, mw_elements *elements, mw_table *expanded,
                            mw_error *err) {
    mw_engine_config config = {.program = it->version.program,
                               .model = it->version.model,
                               .symbols = it->workspace->symbols};
    mw_cell *row = mw_table_row(&it->rows, number), *copy;
    mw_field element = it->output.fields[it->element_column];
    MW_TRY(mw_elements_take(elements, &config, mw_table_row(&it->events, number), err));
    it->first_rows[number] = expanded->row_count;
    row[it->element_column] = mw_cell_missing(element.type);
    if (elements->count == 0) return mw_table_add(expanded, row, &copy, err);
    for (size_t i = 0; i < elements->count; i++) {
        row[it->element_column] = elements->cells[i];
        MW_TRY(mw_table_add(expanded, row, &copy, err));
    }
    return MW_OK;
}

static mw_status expand(job *it, mw_error *err) {
    size_t count = it->rows.row_count;
    mw_elements elements = {.cells = NULL};
    mw_table expanded;
    if (!it->version.model->each) return MW_OK;
    it->first_rows = mw_arena_alloc(it->arena, count + 1, sizeof *it->first_rows);
    if (!it->first_rows) return no_memory(err);
    mw_table_init(&expanded, &it->output);
    mw_status status = MW_OK;
    for (size_t i = 0; i < count && status == MW_OK; i++)
        status = expand_row(it, i, &elements, &expanded, err);
    mw_free(elements.cells);
    mw_table_release(status == MW_OK ? &it->rows : &expanded);
    if (status == MW_OK) it->rows = expanded;
    return status;
}

/* The rows of moments that processes are still to be asked for: those whose events stand with the
   same contents get back what was answered then. */
typedef struct {
    mw_key_list ids;   /* of the rows, each once */
    const mw_cell **answered; /* one an id: the row that stands; NULL: none does */
    mw_cell **open;    /* the rows that are to be asked for */
    size_t open_count;
} asked_rows;

static void fill_id(const mw_stream *stream, const mw_cell *row, mw_cell *id) {
    for (int32_t i = 0; i < stream->id_count; i++) id[i] = row[stream->id_fields[i]];
}

static mw_status list_ids(job *it, asked_rows *asked, mw_error *err) {
    mw_cell id[MW_KEYS_MAX];
    asked->open = mw_arena_alloc(it->arena, it->moment_count + 1, sizeof *asked->open);
    asked->answered = mw_arena_alloc(it->arena, it->moment_count + 1, sizeof *asked->answered);
    if (!asked->open || !asked->answered) return no_memory(err);
    for (size_t i = 0; it->stream->id_count > 0 && i < it->moment_count; i++) {
        fill_id(it->stream, mw_table_row(&it->events, it->moments[i].row), id);
        if (mw_key_list_find(&asked->ids, id) == MW_KEY_NONE && !mw_key_list_add(&asked->ids, id))
            return no_memory(err);
    }
    return MW_OK;
}

/* Of an event that was corrected the last row counts. */
static void find_answered(const job *it, const mw_events *events, asked_rows *asked) {
    int32_t number = mw_model_announcer(it->version.model);
    mw_cell id[MW_KEYS_MAX];
    for (size_t i = 0; asked->ids.count > 0 && i < events->event_count; i++) {
        mw_event event = mw_events_at(events, i);
        if (event.stream != number) continue;
        fill_id(it->stream, event.row, id);
        size_t found = mw_key_list_find(&asked->ids, id);
        if (found != MW_KEY_NONE) asked->answered[found] = event.row;
    }
}

static mw_status fill_asked(job *it, const mw_events *events, asked_rows *asked,
                            mw_asking *asking, mw_error *err) {
    size_t ask_count = it->source->ask_count, first = it->stream->schema.field_count - ask_count;
    const mw_stream *stream = it->stream;
    size_t plain_size = (stream->schema.field_count - stream->entry_count) * sizeof(mw_cell);
    mw_cell id[MW_KEYS_MAX];
    MW_TRY(list_ids(it, asked, err));
    find_answered(it, events, asked);
    for (size_t i = 0; i < it->moment_count; i++) {
        mw_cell *row = mw_table_row(&it->events, it->moments[i].row);
        fill_id(it->stream, row, id);
        size_t found = asked->ids.count > 0 ? mw_key_list_find(&asked->ids, id) : MW_KEY_NONE;
        const mw_cell *before = found != MW_KEY_NONE ? asked->answered[found] : NULL;
        if (before && memcmp(row, before, plain_size) != 0) before = NULL; /* another question */
        if (before) memcpy(row + first, before + first, ask_count * sizeof *row);
        else asked->open[asked->open_count++] = row;
    }
    return mw_asking_fill(asking, mw_model_announcer(it->version.model), asked->open,
                          asked->open_count, err);
}

/* The version's project file, with the variables of today in its commands. */
static mw_status read_project(const job *it, const mw_project **out_project, mw_error *err) {
    mw_environment environment = mw_workspace_environment(it->workspace->cli);
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, it->arena);
    mw_status status = mw_project_read(it->version.version->project, environment, it->arena,
                                       &diagnostics, out_project);
    if (status == MW_NO_MEMORY) return no_memory(err);
    return mw_diagnostics_status(&diagnostics, err);
}

/* Without a process to ask, nothing of today's environment is. */
static mw_status ask(job *it, const mw_events *events, mw_error *err) {
    mw_workspace *workspace = it->workspace;
    if (it->source->ask_count == 0) return MW_OK;
    mw_asking_config config = {.sys = workspace->cli->sys,
                               .program = it->version.program,
                               .symbols = workspace->symbols,
                               .folder = workspace->folder};
    mw_asking *asking;
    MW_TRY(read_project(it, &config.project, err));
    MW_TRY(mw_asking_create(config, &asking, err));
    asked_rows asked = {.open_count = 0};
    mw_key_list_init(&asked.ids, (size_t)it->stream->id_count);
    mw_status status = asking ? fill_asked(it, events, &asked, asking, err) : MW_OK;
    mw_key_list_release(&asked.ids);
    mw_asking_destroy(asking);
    return status;
}

/* Works out the fields with windows of the rows, as events of history: each at its known. */
static mw_status enter_rows(job *it, mw_entrance *entrance, const mw_events *events,
                            mw_error *err) {
    size_t applied = 0;
    qsort(it->moments, it->moment_count, sizeof *it->moments, compare_knowns);
    for (size_t i = 0; i < it->moment_count; i++) {
        const asked_moment *asked = &it->moments[i];
        for (; applied < events->event_count; applied++) {
            mw_event event = mw_events_at(events, applied);
            if (event.place >= asked->known) break;
            MW_TRY(mw_entrance_event(entrance, &event, err));
        }
        mw_cell *row = mw_table_row(&it->events, asked->row);
        mw_event event = {.stream = mw_model_announcer(it->version.model),
                          .time = asked->time,
                          .known = asked->known,
                          .row = row};
        MW_TRY(mw_entrance_fill(entrance, &event, asked->known, row, err));
    }
    return MW_OK;
}

static mw_status enter(job *it, const mw_events *events, mw_error *err) {
    mw_entrance *entrance = NULL;
    MW_TRY(mw_entrance_create(it->version.program, it->workspace->symbols, MW_ENTRANCE_ALL,
                              &entrance, err));
    mw_status status = entrance ? enter_rows(it, entrance, events, err) : MW_OK;
    mw_entrance_destroy(entrance);
    qsort(it->moments, it->moment_count, sizeof *it->moments, compare_places);
    return status;
}

/* --- answers ---------------------------------------------------------------------------- */

static mw_status intern(const job *it, mw_str text, mw_cell *out_cell, mw_error *err) {
    out_cell->symbol = mw_symbols_intern(it->workspace->symbols, text);
    if (out_cell->symbol == 0)
        return mw_fail(err, MW_NO_MEMORY, "predict: no memory for another text");
    return MW_OK;
}

/* As JSON: one form for programs, in a column of a file and within the command's JSON. */
static mw_status write_why(job *it, mw_decider *decider, const mw_cell *features,
                           mw_cell *out_cell, mw_error *err) {
    mw_reasons reasons;
    mw_str version = mw_scorer_name(mw_decider_scorer(decider));
    MW_TRY(mw_decider_explain(decider, version, features, &reasons, err));
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    mw_json json = mw_json_begin(&text);
    mw_reasons_write_json(&json, &reasons, mw_decider_features(decider), features,
                          it->workspace->symbols);
    mw_status status = mw_buf_check(&text, "the reasons", err);
    if (status == MW_OK) status = intern(it, mw_buf_str(&text), out_cell, err);
    mw_buf_release(&text);
    return status;
}

static mw_status write_answer(job *it, size_t row, mw_decider *decider,
                              const mw_prediction *prediction, mw_error *err) {
    mw_cell *cells = mw_table_row(&it->rows, row);
    mw_cell number = mw_cell_number(prediction->prediction);
    mw_cell *said = &cells[it->columns[PREDICTION]];
    if (it->kind != MW_ANSWER_CLASS) *said = number;
    else cells[it->columns[PROBABILITY]] = number;
    if (prediction->class_name.size > 0) MW_TRY(intern(it, prediction->class_name, said, err));
    if (mw_answer_kind_decides(it->kind))
        cells[it->columns[DECISION]] = mw_cell_bool(prediction->decision);
    MW_TRY(intern(it, prediction->version, &cells[it->columns[VERSION]], err));
    if (it->explains)
        MW_TRY(write_why(it, decider, prediction->features, &cells[it->columns[WHY]], err));
    if (it->columns[ID] < it->input.field_count || prediction->event_id.size == 0) return MW_OK;
    return intern(it, prediction->event_id, &cells[it->columns[ID]], err);
}

static mw_status answer_moment(job *it, mw_decider *decider, const asked_moment *asked,
                               mw_error *err) {
    mw_moment moment = {asked->t, asked->place, mw_table_row(&it->events, asked->row)};
    mw_prediction prediction;
    if (!it->version.model->each) {
        MW_TRY(mw_decider_predict(decider, &moment, &prediction, err));
        return write_answer(it, asked->row, decider, &prediction, err);
    }
    size_t count = 0, first = it->first_rows[asked->row];
    MW_TRY(mw_decider_ask(decider, &moment, &count, err));
    for (size_t i = 0; i < count; i++) {
        mw_cell element;
        MW_TRY(mw_decider_answer(decider, i, &element, &prediction, err));
        MW_ASSERT(mw_table_row(&it->rows, first + i)[it->element_column].bits == element.bits);
        MW_TRY(write_answer(it, first + i, decider, &prediction, err));
    }
    return MW_OK;
}

static mw_status answer_moments(job *it, mw_decider *decider, const mw_events *events,
                                mw_error *err) {
    mw_progress progress = mw_progress_begin(it->workspace->cli->sys, "predicting",
                                             it->moment_count);
    mw_status status = MW_OK;
    size_t applied = 0;
    for (size_t i = 0; status == MW_OK && i < it->moment_count; i++) {
        const asked_moment *asked = &it->moments[i];
        for (; status == MW_OK && applied < events->event_count; applied++) {
            mw_event event = mw_events_at(events, applied);
            if (event.place >= asked->place) break;
            status = mw_decider_event(decider, &event, err);
        }
        if (status == MW_OK) status = answer_moment(it, decider, asked, err);
        mw_progress_update(&progress, i);
    }
    mw_progress_end(&progress);
    return status;
}

static mw_status answer(job *it, mw_error *err) {
    mw_workspace *workspace = it->workspace;
    mw_history history;
    mw_events events;
    mw_decider *decider = NULL;
    mw_decider_config config = {.program = it->version.program,
                                .model = it->version.model,
                                .symbols = workspace->symbols,
                                .memory = mw_workspace_memory(workspace),
                                .from = INT64_MAX}; /* nothing falls due: all is asked */
    MW_TRY(mw_history_load(workspace->state, it->version.program, workspace->symbols, &history,
                           &events, err));
    mw_status status = ask(it, &events, err);
    if (status == MW_OK) status = enter(it, &events, err);
    if (status == MW_OK) status = mw_decider_create(config, &decider, err);
    if (status == MW_OK)
        status = mw_decider_promote(decider, mw_buf_str(&it->version_bytes), err);
    if (status == MW_OK && it->explains) status = mw_decider_prepare(decider, err);
    if (status == MW_OK) status = answer_moments(it, decider, &events, err);
    mw_decider_destroy(decider);
    mw_events_release(&events);
    return status;
}

/* --- the output ------------------------------------------------------------------------- */

/* As the columns have it; a row that is no event has no answer. */
static void write_said(const job *it, const mw_cell *cells, mw_json *json) {
    for (answer_column a = PREDICTION; a <= DECISION; a++) {
        if (!has_column(it, a)) continue;
        mw_field field = it->output.fields[it->columns[a]];
        mw_json_key_str(json, field.name);
        mw_cell_write_json(json, field.type, cells[it->columns[a]], it->workspace->symbols);
    }
}

static void print_json(const job *it, mw_buf *out) {
    const mw_symbols *symbols = it->workspace->symbols;
    mw_json json = mw_json_begin(out);
    mw_json_array(&json);
    for (size_t r = 0; r < it->rows.row_count; r++) {
        const mw_cell *cells = mw_table_row(&it->rows, r);
        size_t id_column = it->columns[ID];
        mw_buf id;
        mw_buf_init(&id, 1 << 20);
        mw_cell_append(&id, it->output.fields[id_column].type, cells[id_column], symbols);
        mw_json_object(&json);
        mw_json_put_str(&json, "id", mw_buf_str(&id));
        if (it->version.model->each) {
            mw_field element = it->output.fields[it->element_column];
            mw_json_key_str(&json, element.name);
            mw_cell_write_json(&json, element.type, cells[it->element_column], symbols);
        }
        write_said(it, cells, &json);
        mw_json_put_str(&json, "version",
                        mw_symbols_text(symbols, cells[it->columns[VERSION]].symbol));
        if (it->explains) {
            uint64_t why = cells[it->columns[WHY]].symbol;
            mw_json_key(&json, "why");
            if (why == 0) mw_json_null(&json);
            else mw_json_raw(&json, mw_symbols_text(symbols, why));
        }
        mw_json_object_end(&json);
        mw_buf_release(&id);
    }
    mw_json_array_end(&json);
}

static mw_status write_output(const job *it, mw_error *err) {
    mw_cli *cli = it->workspace->cli;
    const char *path = mw_cli_option(cli, "--output");
    if (path)
        MW_TRY(mw_table_file_write(cli->sys, it->workspace->duck, &it->rows,
                                   it->workspace->symbols, path, err));
    if (cli->json) print_json(it, &cli->out);
    else if (!path) mw_table_csv_append(&cli->out, &it->rows, it->workspace->symbols);
    size_t without = it->events.row_count - it->moment_count;
    mw_cli_note(cli, "%zu rows predicted by version %s%s%s", it->moment_count,
                it->version_name, path ? ", in " : "", path ? path : "");
    if (without > 0)
        mw_cli_note(cli, "%zu rows are no events of stream %.*s: they have no prediction", without,
                    MW_STR_ARGS(it->source->name));
    return MW_OK;
}

/* --- the command ------------------------------------------------------------------------ */

/* What comes on standard input is laid down as a file, as DuckDB reads it twice. */
static mw_status keep_standard_input(mw_workspace *workspace, const char **out_path,
                                     mw_error *err) {
    mw_sys *sys = workspace->cli->sys;
    char name[64];
    uint64_t number; /* for many may predict at once */
    mw_sys_entropy(sys, &number, sizeof number);
    snprintf(name, sizeof name, "standard-input-%016llx.csv.tmp", (unsigned long long)number);
    const char *path = mw_path_join(&workspace->arena, workspace->state_folder, name);
    if (!path) return no_memory(err);
    mw_buf bytes;
    mw_buf_init(&bytes, STDIN_SIZE_MAX);
    mw_status status = MW_OK;
    for (size_t size = 1; status == MW_OK && size > 0;) {
        char piece[1 << 16];
        status = mw_standard_read(sys, piece, sizeof piece, &size, err);
        if (status == MW_OK) mw_buf_append(&bytes, piece, size);
    }
    if (status == MW_OK) status = mw_buf_check(&bytes, "standard input", err);
    if (status == MW_OK) status = mw_sys_write_file(sys, path, mw_buf_str(&bytes), err);
    mw_buf_release(&bytes);
    if (status == MW_OK) *out_path = path;
    return status;
}

/* Nobody knows the file that it was laid down as. */
static void name_standard_input(const char *path, mw_error *err) {
    char *found = err ? strstr(err->message, path) : NULL;
    if (!found) return;
    const char *rest = found + strlen(path), name[] = "standard input";
    MW_ASSERT(strlen(path) >= sizeof name);
    memmove(found + sizeof name - 1, rest, strlen(rest) + 1);
    memcpy(found, name, sizeof name - 1);
}

static mw_status predict(job *it, mw_error *err) {
    mw_cli *cli = it->workspace->cli;
    const char *input = mw_cli_option(cli, "--input");
    bool is_standard = strcmp(input, "-") == 0;
    MW_TRY(load_version(it, err));
    if (is_standard) MW_TRY(keep_standard_input(it->workspace, &input, err));
    mw_status status = read_input(it, input, err);
    if (is_standard) {
        if (status != MW_OK) name_standard_input(input, err);
        mw_status removed = mw_sys_remove(cli->sys, input, NULL);
        (void)removed; /* what stays is in nobody's way */
    }
    if (status == MW_OK) status = make_moments(it, err);
    if (status == MW_OK) status = expand(it, err);
    if (status == MW_OK) status = answer(it, err);
    if (status == MW_OK) status = write_output(it, err);
    return status;
}

static mw_status run(mw_cli *cli, bool explains, mw_error *err) {
    const char *output = mw_cli_option(cli, "--output");
    if (!mw_cli_has(cli, "--input"))
        return mw_fail(err, MW_USAGE, "%s: --input FILE is missing; - is standard input",
                       cli->command->name);
    if (output) MW_TRY(mw_table_file_check(output, err));
    mw_workspace workspace;
    job it = {.workspace = &workspace, .arena = &workspace.arena, .explains = explains,
              .model_name = mw_str_of(cli->words[0])};
    mw_buf_init(&it.version_bytes, MW_VERSION_SIZE_MAX);
    mw_status status = mw_workspace_open_state(cli, MW_WORKSPACE_READ, &workspace, err);
    if (status == MW_OK) status = predict(&it, err);
    mw_table_release(&it.rows);
    mw_table_release(&it.events);
    mw_buf_release(&it.version_bytes);
    mw_workspace_release(&workspace);
    return status;
}

mw_status mw_cli_predict(mw_cli *cli, mw_error *err) {
    return run(cli, mw_cli_has(cli, "--explain"), err);
}

mw_status mw_cli_explain(mw_cli *cli, mw_error *err) {
    if (!mw_cli_has(cli, "--id")) return run(cli, true, err);
    if (mw_cli_has(cli, "--input"))
        return mw_fail(err, MW_USAGE, "explain: --input and --id exclude each other");
    return mw_cli_explain_recorded(cli, err);
}
