#include "cli/check.h"

#include "cli/feature_list.h"
#include "cli/grid.h"
#include "cli/intake.h"
#include "cli/live_version.h"
#include "cli/program_changes.h"
#include "ingest/load.h"
#include "lang/asked.h"

/* --- streams ---------------------------------------------------------------------------- */

static void print_fields(const mw_schema *row, mw_type type, mw_grid *grid) {
    mw_buf names;
    mw_buf_init(&names, 1 << 20);
    for (size_t i = 0; i < row->field_count; i++)
        if (row->fields[i].type == type)
            mw_buf_printf(&names, "%s%.*s", names.size > 0 ? ", " : "",
                          MW_STR_ARGS(row->fields[i].name));
    if (names.size > 0) {
        mw_grid_add(grid, "%s", mw_type_name(type));
        mw_grid_add_str(grid, mw_buf_str(&names));
    }
    mw_buf_release(&names);
}

static void append_known(const mw_stream *stream, mw_buf *out) {
    if (stream->known_is_column || (stream->lag_us == 0 && stream->ahead_us == 0)) {
        mw_buf_append_str(out, mw_code_text(stream->known));
        return;
    }
    mw_span_append(out, stream->lag_us > 0 ? stream->lag_us : stream->ahead_us);
    mw_buf_append_text(out, stream->lag_us > 0 ? " after its time" : " before its time");
}

static void print_id(const mw_stream *stream, mw_grid *grid) {
    mw_buf names;
    mw_buf_init(&names, 1 << 16);
    for (int32_t i = 0; i < stream->id_count; i++)
        mw_buf_printf(&names, "%s%.*s", i > 0 ? ", " : "",
                      MW_STR_ARGS(stream->schema.fields[stream->id_fields[i]].name));
    mw_grid_add(grid, "id");
    mw_grid_add_str(grid, stream->id_count > 0 ? mw_buf_str(&names)
                                               : MW_STR("none: repeats are not told apart"));
    mw_buf_release(&names);
}

static void print_later(const mw_program *program, const mw_stream *stream, mw_grid *grid) {
    mw_grid_add(grid, "later");
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    const mw_schema *own = &program->streams[program->sources[stream->source].first_stream].schema;
    for (size_t i = 0; i < stream->schema.field_count; i++) {
        mw_str name = stream->schema.fields[i].name;
        if (mw_schema_find(own, name) == MW_NO_FIELD)
            mw_buf_printf(&text, "%s%.*s", text.size > 0 ? ", " : "", MW_STR_ARGS(name));
    }
    mw_buf_printf(&text, ", known at %.*s", MW_STR_ARGS(mw_code_text(stream->time)));
    mw_grid_add_str(grid, mw_buf_str(&text));
    mw_buf_release(&text);
}

static void print_ask(const mw_stream_source *source, const mw_ask *ask, mw_grid *grid) {
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    mw_buf_printf(&text, "%.*s: %.*s(", MW_STR_ARGS(source->row.fields[ask->field].name),
                  MW_STR_ARGS(ask->process));
    for (size_t i = 0; i < ask->argument_count; i++)
        mw_buf_printf(&text, "%s%.*s", i > 0 ? ", " : "",
                      MW_STR_ARGS(source->row.fields[ask->arguments[i]].name));
    mw_buf_append_text(&text, "), " MW_NOT_PROVED);
    mw_grid_add(grid, "ask");
    mw_grid_add_str(grid, mw_buf_str(&text));
    mw_buf_release(&text);
}

/* Of a default nobody need be told. */
static void print_missing(const mw_project_stream *declared, mw_grid *grid) {
    if (!declared->tells_missing) return;
    mw_buf texts;
    mw_buf_init(&texts, 1 << 16);
    mw_buf_append_text(&texts, "the empty text");
    for (size_t i = 0; i < declared->missing_count; i++)
        mw_buf_printf(&texts, ", %.*s", MW_STR_ARGS(declared->missing[i]));
    mw_grid_add(grid, "missing");
    mw_grid_add_str(grid, mw_buf_str(&texts));
    mw_buf_release(&texts);
}

static void print_stream(const mw_workspace *workspace, size_t number, mw_buf *out) {
    const mw_program *program = workspace->program;
    const mw_stream_source *source = &program->sources[number];
    const mw_stream *stream = &program->streams[source->first_stream];
    mw_buf known;
    mw_buf_init(&known, 1 << 16);
    append_known(stream, &known);
    mw_grid grid = mw_grid_begin("|");
    mw_grid_add(&grid, "time");
    mw_grid_add_str(&grid, mw_code_text(stream->time));
    mw_grid_add(&grid, "known");
    mw_grid_add_str(&grid, mw_buf_str(&known));
    print_id(stream, &grid);
    print_missing(&workspace->project->streams[number], &grid);
    if (source->where) {
        mw_grid_add(&grid, "where");
        mw_grid_add_str(&grid, mw_code_text(source->where));
    }
    for (size_t i = 0; i < source->ask_count; i++) print_ask(source, &source->asks[i], &grid);
    for (int type = 0; type < MW_TYPE_COUNT; type++)
        print_fields(&source->row, (mw_type)type, &grid);
    for (int32_t i = 1; i < source->stream_count; i++)
        print_later(program, &program->streams[source->first_stream + i], &grid);
    mw_buf_printf(out, "\nstream %.*s\n", MW_STR_ARGS(source->name));
    mw_grid_print(&grid, "  ", out);
    mw_buf_release(&known);
}

/* --- what answers ----------------------------------------------------------------------- */

/* A model's champion, and what the file says otherwise. */
typedef struct {
    mw_live_version version;
    char name[MW_VERSION_NAME_SIZE + 1]; /* empty: none answers */
    mw_program_changes changes;
} live_model;

static mw_status compare_live(mw_workspace *workspace, const mw_model_program *model,
                              live_model *live, mw_error *err) {
    mw_status status = mw_live_version_load(workspace, model->name, &live->version, err);
    const mw_version_program *own = &live->version.program;
    if (status == MW_OK && own->model) {
        mw_version_name(mw_buf_str(&live->version.bytes), live->name);
        mw_model_in_program before = {own->program, own->model};
        mw_model_in_program now = {workspace->program, model};
        status = mw_program_changes_find(mw_state_sys(workspace->state), before, now,
                                         &workspace->arena, &live->changes, err);
    }
    if (status == MW_OK) return MW_OK;
    return mw_fail_within(err, status, "models.%.*s", MW_STR_ARGS(model->name));
}

static void print_live(const live_model *live, mw_buf *out) {
    if (live->changes.count == 0) return;
    mw_buf_printf(out, "\n  live version %s goes on with what it was trained with; this takes "
                       "effect at the next training\n", live->name);
    mw_program_changes_print(live->changes, "    ", out);
}

static void write_live_json(const live_model *live, mw_json *json) {
    mw_json_key(json, "live");
    if (!live->name[0]) {
        mw_json_null(json);
        return;
    }
    mw_json_object(json);
    mw_json_put_text(json, "version", live->name);
    mw_json_key(json, "changes");
    mw_program_changes_write_json(live->changes, json);
    mw_json_object_end(json);
}

/* --- models ----------------------------------------------------------------------------- */

static mw_status print_model(const mw_workspace *workspace, mw_workspace_model model,
                             const live_model *live, mw_buf *out, mw_error *err) {
    const mw_program *program = workspace->program;
    mw_grid grid = mw_grid_begin("|");
    if (model.project->question.size > 0) {
        mw_grid_add(&grid, "question");
        mw_grid_add_str(&grid, model.project->question);
    }
    mw_grid_add(&grid, "moment");
    mw_grid_add_str(&grid, model.project->declaration.moment.text);
    mw_grid_add(&grid, "label");
    mw_grid_add_str(&grid, model.project->declaration.label.text);
    mw_buf span;
    mw_buf_init(&span, 256);
    mw_span_append(&span, model.program->maturity_us);
    mw_grid_add(&grid, "matures");
    mw_grid_add(&grid, "%.*s after the moment", MW_STR_ARGS(mw_buf_str(&span)));
    mw_buf_release(&span);
    mw_buf_printf(out, "\nmodel %.*s\n", MW_STR_ARGS(model.program->name));
    mw_grid_print(&grid, "  ", out);
    size_t feature_count = model.program->feature_count;
    mw_buf_printf(out, "\n  %zu %s\n", feature_count, feature_count == 1 ? "feature" : "features");
    MW_TRY(mw_feature_list_print(program, model.program, "  ", out, err));
    print_live(live, out);
    return MW_OK;
}

/* --- JSON ------------------------------------------------------------------------------- */

static void write_stream_json(const mw_program *program, const mw_stream_source *source,
                              mw_json *json) {
    const mw_stream *stream = &program->streams[source->first_stream];
    mw_json_object(json);
    mw_json_put_str(json, "name", source->name);
    mw_json_put_str(json, "time", mw_code_text(stream->time));
    mw_json_put_str(json, "known", mw_code_text(stream->known));
    mw_json_key(json, "id");
    mw_json_array(json);
    for (int32_t i = 0; i < stream->id_count; i++)
        mw_json_str(json, stream->schema.fields[stream->id_fields[i]].name);
    mw_json_array_end(json);
    mw_json_key(json, "fields");
    mw_json_object(json);
    for (size_t i = 0; i < source->row.field_count; i++) {
        mw_json_key_str(json, source->row.fields[i].name);
        mw_json_text(json, mw_type_name(source->row.fields[i].type));
    }
    mw_json_object_end(json);
    mw_json_object_end(json);
}

static mw_status write_model_json(const mw_program *program, const mw_model_program *model,
                                  const live_model *live, mw_json *json, mw_error *err) {
    mw_json_object(json);
    mw_json_put_str(json, "name", model->name);
    mw_json_put_str(json, "label", mw_code_text(model->label));
    mw_json_put_number(json, "matures_after_seconds",
                       (double)model->maturity_us / (double)MW_SECOND_US);
    mw_json_key(json, "features");
    MW_TRY(mw_feature_list_write_json(program, model, json, err));
    write_live_json(live, json);
    mw_json_object_end(json);
    return MW_OK;
}

/* What the file says and is not acted on yet. */
static void write_notes_json(const mw_workspace *workspace, mw_json *json) {
    mw_json_key(json, "notes");
    mw_json_array(json);
    for (const mw_note *note = workspace->notes; note; note = note->next) {
        mw_json_object(json);
        mw_json_put_int(json, "line", note->position.line);
        mw_json_put_int(json, "column", note->position.column);
        mw_json_put_str(json, "message", note->text);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

/* What was found, to be told. */
typedef struct {
    const mw_workspace *workspace;
    live_model *live; /* one a model */
    mw_ingest_report data;
} findings;

static mw_status print_json(const findings *found, mw_buf *out, mw_error *err) {
    const mw_workspace *workspace = found->workspace;
    const mw_program *program = workspace->program;
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_str(&json, "project", workspace->project->name);
    mw_json_put_bool(&json, "ok", found->data.quarantined == 0);
    mw_json_key(&json, "streams");
    mw_json_array(&json);
    for (size_t i = 0; i < program->source_count; i++)
        write_stream_json(program, &program->sources[i], &json);
    mw_json_array_end(&json);
    mw_json_key(&json, "models");
    mw_json_array(&json);
    for (size_t i = 0; i < program->model_count; i++)
        MW_TRY(write_model_json(program, &program->models[i], &found->live[i], &json, err));
    mw_json_array_end(&json);
    write_notes_json(workspace, &json);
    mw_json_key(&json, "data");
    mw_json_object(&json);
    mw_intake_write_json(&found->data, &json);
    mw_json_object_end(&json);
    mw_json_object_end(&json);
    return MW_OK;
}

/* --- the command ------------------------------------------------------------------------ */

static mw_status print_text(const findings *found, mw_buf *out, mw_error *err) {
    const mw_workspace *workspace = found->workspace;
    const mw_program *program = workspace->program;
    const mw_project *project = workspace->project;
    mw_buf_printf(out, "%s: %zu %s, %zu %s\n", workspace->project_path, program->source_count,
                  program->source_count == 1 ? "stream" : "streams", program->model_count,
                  program->model_count == 1 ? "model" : "models");
    for (size_t i = 0; i < program->source_count; i++)
        print_stream(workspace, i, out);
    for (size_t i = 0; i < project->model_count; i++) {
        mw_workspace_model model = {&project->models[i], &program->models[i]};
        MW_TRY(print_model(workspace, model, &found->live[i], out, err));
    }
    mw_buf_append_text(out, "\ndata, as a first ingest would take it\n");
    mw_intake_print(&found->data, out);
    if (found->data.quarantined == 0) mw_buf_append_text(out, "\nin order; nothing was changed\n");
    return MW_OK;
}

static mw_status print_findings(const findings *found, mw_error *err) {
    mw_cli *cli = found->workspace->cli;
    return cli->json ? print_json(found, &cli->out, err) : print_text(found, &cli->out, err);
}

/* The data contract is checked by an ingest into stores in memory. */
static mw_status check_data(findings *found, mw_error *err) {
    const mw_workspace *workspace = found->workspace;
    mw_cli *cli = workspace->cli;
    mw_state *trial = NULL;
    mw_ingest_report *report = &found->data;
    MW_TRY(mw_state_open(cli->sys, NULL, MW_STATE_WRITE, &trial, err));
    mw_cli_note(cli, "checking the data ...");
    mw_status status = mw_intake_run((mw_intake){.workspace = workspace, .state = trial}, report,
                                     err);
    if (status == MW_OK) status = print_findings(found, err);
    else if (report->took_nothing) (void)print_findings(found, NULL); /* beside that failure */
    if (status == MW_OK && report->quarantined > 0) {
        status = mw_fail(err, MW_CHECK_FAILED, "check: %zu of %zu rows break a rule",
                         report->quarantined, report->row_count);
        (void)mw_hint(err, status, "An ingest would put them into quarantine and take the rest.");
    }
    mw_ingest_report_release(report);
    mw_state_close(trial);
    return status;
}

/* What was taken in must mean what it meant, or every command that reads it refuses. */
static mw_status check_keys(const mw_workspace *workspace, mw_error *err) {
    for (size_t i = 0; i < workspace->program->source_count; i++)
        MW_TRY(mw_source_check(workspace->state, workspace->program, (int32_t)i, err));
    return MW_OK;
}

static mw_status check(mw_workspace *workspace, mw_error *err) {
    const mw_program *program = workspace->program;
    findings found = {.workspace = workspace};
    found.live = mw_arena_alloc(&workspace->arena, program->model_count + 1, sizeof *found.live);
    if (!found.live) return mw_fail(err, MW_NO_MEMORY, "check: no memory");
    mw_status status = MW_OK;
    size_t loaded = 0;
    if (workspace->state) /* without one nothing can have been trained */
        for (; status == MW_OK && loaded < program->model_count; loaded++)
            status = compare_live(workspace, &program->models[loaded], &found.live[loaded], err);
    if (status == MW_OK && workspace->state) status = check_keys(workspace, err);
    if (status == MW_OK) status = check_data(&found, err);
    for (size_t i = 0; i < loaded; i++) mw_live_version_release(&found.live[i].version);
    return status;
}

mw_status mw_cli_check(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_LOOK, NULL, &workspace, err);
    if (status == MW_OK) status = check(&workspace, err);
    mw_workspace_release(&workspace);
    return status;
}
