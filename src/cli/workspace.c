#include "cli/workspace.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/nearest.h"
#include "cli/served_project.h"
#include "decide/decider.h"
#include "ingest/log_tail.h"
#include "project/columns.h"
#include "train/trainer.h"

#define ARENA_SIZE_MAX ((size_t)1 << 32)
#define SYMBOLS_SIZE_MAX ((size_t)1 << 32)
#define COMMIT_US (2 * MW_SECOND_US) /* from a record's place to its commit, if nothing stalls */

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "project: no memory to open it");
}

/* --- paths and state -------------------------------------------------------------------- */

static const char *path_in(mw_workspace *workspace, const char *name) {
    bool is_here = strcmp(workspace->folder, ".") == 0;
    return is_here ? name : mw_path_join(&workspace->arena, workspace->folder, name);
}

const char *mw_cli_state_path(const mw_cli *cli, mw_arena *arena, const char *name) {
    const char *state = mw_path_join(arena, cli->folder, MW_STATE_FOLDER);
    return state ? mw_path_join(arena, state, name) : NULL;
}

static mw_status begin(mw_cli *cli, mw_workspace *workspace, mw_error *err) {
    *workspace = (mw_workspace){
        .cli = cli, .folder = cli->folder, .accepted_us = MW_TIME_MISSING};
    mw_arena_init(&workspace->arena, ARENA_SIZE_MAX);
    workspace->today_path = workspace->project_path = path_in(workspace, MW_PROJECT_FILE);
    workspace->state_folder = path_in(workspace, MW_STATE_FOLDER);
    workspace->perception = mw_arena_alloc(&workspace->arena, 1, sizeof *workspace->perception);
    if (!workspace->project_path || !workspace->state_folder || !workspace->perception)
        return no_memory(err);
    mw_perception_init(workspace->perception, cli->sys, workspace->folder);
    return MW_OK;
}

static mw_status check_project_is_there(const mw_workspace *workspace, mw_error *err) {
    mw_file_info info;
    MW_TRY(mw_sys_info(workspace->cli->sys, workspace->project_path, &info, err));
    if (info.exists) return MW_OK;
    mw_status status = mw_fail(err, MW_NOT_FOUND, "there is no %s in %s", MW_PROJECT_FILE,
                               workspace->folder);
    return mw_hint(err, status, "Name its folder with -C DIR, or make one with millwright init.");
}

static mw_status open_state(mw_workspace *workspace, mw_workspace_mode mode, mw_error *err) {
    static const mw_state_mode modes[] = {[MW_WORKSPACE_LOOK] = MW_STATE_READ,
                                          [MW_WORKSPACE_READ] = MW_STATE_READ,
                                          [MW_WORKSPACE_CATALOG] = MW_STATE_CATALOG,
                                          [MW_WORKSPACE_WRITE] = MW_STATE_WRITE};
    mw_status status = mw_state_open(workspace->cli->sys, workspace->state_folder, modes[mode],
                                     &workspace->state, err);
    if (status == MW_NOT_FOUND && mode == MW_WORKSPACE_LOOK) {
        *err = (mw_error){0};
        return MW_OK;
    }
    if (status == MW_NOT_FOUND) {
        status = mw_fail(err, status, "%s: no data was taken in yet", workspace->folder);
        return mw_hint(err, status, "Run millwright ingest first.");
    }
    return status;
}

static mw_status take_duck(mw_workspace *workspace, mw_error *err) {
    if (workspace->state) {
        workspace->duck = mw_state_duck(workspace->state);
        return MW_OK;
    }
    MW_TRY(mw_duck_open(workspace->cli->sys, (mw_duck_config){0}, &workspace->own_duck, err));
    workspace->duck = workspace->own_duck;
    return MW_OK;
}

mw_status mw_workspace_open_state(mw_cli *cli, mw_workspace_mode mode, mw_workspace *workspace,
                                  mw_error *err) {
    MW_TRY(begin(cli, workspace, err));
    MW_TRY(check_project_is_there(workspace, err));
    MW_TRY(mw_symbols_create(SYMBOLS_SIZE_MAX, &workspace->symbols, err));
    MW_TRY(open_state(workspace, mode, err));
    return take_duck(workspace, err);
}

mw_status mw_workspace_start_asking(mw_workspace *workspace, mw_error *err) {
    mw_asking_config config = {workspace->cli->sys, workspace->project, workspace->program,
                               workspace->symbols,  workspace->folder,  true};
    MW_TRY(mw_asking_create(config, &workspace->asking, err));
    return mw_asking_start(workspace->asking, err);
}

void mw_workspace_release(mw_workspace *workspace) {
    mw_asking_destroy(workspace->asking);
    mw_symbols_destroy(workspace->symbols);
    if (workspace->perception) mw_perception_release(workspace->perception);
    mw_duck_close(workspace->own_duck);
    mw_state_close(workspace->state);
    mw_arena_release(&workspace->arena);
}

/* --- the project file ------------------------------------------------------------------- */

static bool find_variable(void *context, mw_str name, mw_str *out_value) {
    char text[256];
    if (name.size >= sizeof text) return false;
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    const char *value = mw_sys_environment(context, text);
    if (value) *out_value = mw_str_of(value);
    return value != NULL;
}

mw_environment mw_workspace_environment(const mw_cli *cli) {
    return (mw_environment){find_variable, cli->sys};
}

static void print_diagnostics_json(const mw_diagnostics *diagnostics, const char *path,
                                   mw_buf *out) {
    size_t order[MW_DIAGNOSTICS_MAX];
    mw_diagnostics_order(diagnostics, order);
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_key(&json, "error");
    mw_json_object(&json);
    mw_json_put_text(&json, "type", mw_status_problem_type(diagnostics->entries[0].status));
    mw_json_key(&json, "mistakes");
    mw_json_array(&json);
    for (size_t i = 0; i < diagnostics->count; i++) {
        const mw_diagnostic *entry = &diagnostics->entries[order[i]];
        mw_json_object(&json);
        mw_json_put_text(&json, "file", path);
        mw_json_put_int(&json, "line", entry->position.line);
        mw_json_put_int(&json, "column", entry->position.column);
        mw_json_put_str(&json, "message", entry->message);
        mw_json_put_str(&json, "hint", entry->hint);
        mw_json_object_end(&json);
    }
    mw_json_array_end(&json);
    mw_json_object_end(&json);
    mw_json_object_end(&json);
}

/* All mistakes go to standard error, a line each; the error only counts them. */
static mw_status tell_mistakes(mw_workspace *workspace, const mw_diagnostics *diagnostics,
                               mw_error *err) {
    mw_status status = mw_diagnostics_status(diagnostics, err);
    if (status == MW_OK || diagnostics->count == 0) return status;
    mw_buf lines;
    mw_buf_init(&lines, 1 << 20);
    mw_diagnostics_print(diagnostics, workspace->project_path, &lines);
    fwrite(lines.data, 1, lines.size, stderr);
    mw_buf_release(&lines);
    if (workspace->cli->json)
        print_diagnostics_json(diagnostics, workspace->project_path, &workspace->cli->out);
    size_t count = diagnostics->count + diagnostics->dropped;
    return mw_fail(err, status, "%s: %zu %s to mend", workspace->project_path, count,
                   count == 1 ? "mistake" : "mistakes");
}

static mw_status read_today(mw_workspace *workspace, mw_error *err) {
    mw_buf bytes;
    MW_TRY(check_project_is_there(workspace, err));
    mw_buf_init(&bytes, MW_YAML_SIZE_MAX);
    mw_status status = mw_sys_read_file(workspace->cli->sys, workspace->project_path, &bytes,
                                        err);
    if (status == MW_OK)
        workspace->project_bytes = mw_str_copy(&workspace->arena, mw_buf_str(&bytes));
    mw_buf_release(&bytes);
    MW_TRY(status);
    return workspace->project_bytes.data ? MW_OK : no_memory(err);
}

static mw_status read_project(mw_workspace *workspace, mw_diagnostics *diagnostics,
                              mw_error *err) {
    mw_status status =
        mw_project_read(workspace->project_bytes, mw_workspace_environment(workspace->cli),
                             &workspace->arena, diagnostics, &workspace->project);
    if (status == MW_NO_MEMORY) return no_memory(err);
    return status == MW_OK ? MW_OK : tell_mistakes(workspace, diagnostics, err);
}

typedef struct {
    mw_str name, owner; /* the stream; empty: the project */
    mw_position position;
} named_zone;

/* A zone that nobody knows is a mistake of the file, at its place. UTC stands in for it, so that
   all others are told too. */
static mw_status load_zone(mw_workspace *workspace, named_zone of, mw_diagnostics *diagnostics,
                           const mw_zone **out_zone, mw_error *err) {
    *out_zone = mw_zone_utc();
    mw_status status =
        mw_zone_load(workspace->cli->sys, &workspace->arena, of.name, out_zone, err);
    if (status != MW_NOT_FOUND && status != MW_INVALID) return status;
    mw_diagnose(diagnostics, of.position, MW_INVALID, "%s%.*s%s%s",
                of.owner.size > 0 ? "streams." : "", MW_STR_ARGS(of.owner),
                of.owner.size > 0 ? "." : "", err->message);
    if (err->hint[0]) mw_diagnose_hint(diagnostics, "%s", err->hint);
    *err = (mw_error){0};
    return MW_OK;
}

static mw_status load_zones(mw_workspace *workspace, mw_diagnostics *diagnostics, mw_error *err) {
    const mw_project *project = workspace->project;
    size_t count = project->stream_count, mistakes = diagnostics->count;
    named_zone own = {.name = project->zone, .position = project->zone_position};
    workspace->zones = mw_arena_alloc(&workspace->arena, count + 1, sizeof(const mw_zone *));
    if (!workspace->zones) return no_memory(err);
    MW_TRY(load_zone(workspace, own, diagnostics, &workspace->zone, err));
    if (diagnostics->count == mistakes)
        MW_TRY(mw_zone_read(workspace->cli->sys, &workspace->arena, project->zone,
                            &workspace->zone_data, err));
    for (size_t i = 0; i < count; i++) {
        const mw_project_stream *stream = &project->streams[i];
        named_zone of = {stream->zone, stream->declaration.name, stream->zone_position};
        workspace->zones[i] = workspace->zone;
        if (stream->zone.size > 0)
            MW_TRY(load_zone(workspace, of, diagnostics, &workspace->zones[i], err));
    }
    return MW_OK;
}

static mw_status infer_columns(mw_workspace *workspace, const char *from,
                               mw_diagnostics *diagnostics, mw_error *err) {
    mw_data_reader reader = {.sys = workspace->cli->sys,
                             .duck = workspace->duck,
                             .symbols = workspace->symbols,
                             .zone = workspace->zone};
    mw_infer_config config = {.reader = &reader,
                              .catalog = workspace->state ? mw_state_catalog(workspace->state)
                                                          : NULL,
                              .project = workspace->project,
                              .folder = workspace->folder,
                              .from = mw_str_of(from)};
    return mw_infer_columns(&config, &workspace->arena, diagnostics, &workspace->columns, err);
}

/* A training is worth it without a server too, so it is no mistake of the file; but who is to be
   served must not learn of it by a server that does not start. */
static mw_status note_unserved(mw_workspace *workspace, const mw_project_model *model,
                               mw_error *err) {
    mw_error reason;
    const mw_model_program *program =
        mw_program_find_model(workspace->program, model->declaration.name);
    if (mw_decider_check_moments(workspace->program, program, &reason) == MW_OK) return MW_OK;
    mw_note *note = mw_arena_alloc(&workspace->arena, 1, sizeof *note);
    char text[sizeof reason.message + 64];
    snprintf(text, sizeof text, "models.%.*s: %s; give it one, or serve refuses the model",
             MW_STR_ARGS(model->declaration.name), reason.message);
    mw_str kept = mw_str_copy(&workspace->arena, mw_str_of(text));
    if (!note || !kept.data) return no_memory(err);
    *note = (mw_note){model->declaration.moment.position, kept, workspace->notes};
    workspace->notes = note;
    return MW_OK;
}

static mw_status take_notes(mw_workspace *workspace, mw_error *err) {
    const mw_project *project = workspace->project;
    workspace->notes = project->notes;
    for (size_t i = project->model_count; i > 0; i--)
        MW_TRY(note_unserved(workspace, &project->models[i - 1], err));
    return MW_OK;
}

/* What the file says and this build does not act on must not pass in silence. */
static void tell_notes(const mw_workspace *workspace) {
    for (const mw_note *note = workspace->notes; note; note = note->next)
        mw_cli_note(workspace->cli, "%s:%d:%d: %.*s", workspace->project_path, note->position.line,
                    note->position.column, MW_STR_ARGS(note->text));
}

/* What else would be passed over, or told only after an hour's work. */
static mw_status check_settings(mw_workspace *workspace, mw_diagnostics *diagnostics,
                                mw_error *err) {
    const mw_project *project = workspace->project;
    mw_project_check_bounds(project, workspace->program, diagnostics);
    for (size_t i = 0; i < project->model_count; i++)
        mw_train_check_params(&project->models[i], diagnostics);
    return tell_mistakes(workspace, diagnostics, err);
}

/* Mistakes of the file are told before those of the data: they may be their cause. */
static mw_status fail_after_mistakes(mw_workspace *workspace, const mw_diagnostics *diagnostics,
                                     mw_status status, mw_error *err) {
    return diagnostics->count > 0 ? tell_mistakes(workspace, diagnostics, err) : status;
}

/* By the project file's bytes. */
static mw_status open_by(mw_workspace *workspace, mw_workspace_mode mode, const char *from,
                         mw_error *err) {
    mw_diagnostics *diagnostics = mw_arena_alloc(&workspace->arena, 1, sizeof *diagnostics);
    if (!diagnostics) return no_memory(err);
    mw_diagnostics_init(diagnostics, &workspace->arena);
    MW_TRY(read_project(workspace, diagnostics, err));
    MW_TRY(mw_symbols_create(SYMBOLS_SIZE_MAX, &workspace->symbols, err));
    /* What must not be made for a broken project is opened after it was compiled. */
    bool is_made = mode == MW_WORKSPACE_WRITE;
    mw_status status = open_state(workspace, is_made ? MW_WORKSPACE_LOOK : mode, err);
    if (is_made && status == MW_UNAVAILABLE) { /* of an older format: a writer brings it up */
        is_made = false;
        status = open_state(workspace, mode, err);
    }
    if (status != MW_OK) return status;
    MW_TRY(take_duck(workspace, err));
    status = load_zones(workspace, diagnostics, err);
    if (status == MW_OK) status = infer_columns(workspace, from, diagnostics, err);
    if (status != MW_OK) return fail_after_mistakes(workspace, diagnostics, status, err);
    mw_project_data data = {workspace->columns, workspace->zone, &workspace->perception->senses};
    status = mw_project_compile(workspace->project, data, workspace->symbols, diagnostics,
                                &workspace->program);
    if (status != MW_OK && diagnostics->count == 0) return no_memory(err);
    if (status != MW_OK) return tell_mistakes(workspace, diagnostics, err);
    MW_TRY(check_settings(workspace, diagnostics, err));
    MW_TRY(take_notes(workspace, err));
    if (!is_made) return MW_OK;
    mw_state_close(workspace->state);
    workspace->state = NULL;
    MW_TRY(open_state(workspace, mode, err));
    return take_duck(workspace, err);
}

mw_status mw_workspace_open(mw_cli *cli, mw_workspace_mode mode, const char *from,
                            mw_workspace *workspace, mw_error *err) {
    MW_TRY(begin(cli, workspace, err));
    MW_TRY(read_today(workspace, err));
    MW_TRY(open_by(workspace, mode, from, err));
    tell_notes(workspace);
    return MW_OK;
}

/* --- the project as served -------------------------------------------------------------- */

/* Into the workspace, which was begun. */
static mw_status read_served(mw_workspace *workspace, const char *serve, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_served_project served;
    const char *path = mw_cli_state_path(cli, &workspace->arena, MW_SERVED_FILE);
    if (!path) return no_memory(err);
    MW_TRY(mw_served_project_read(cli->sys, path, &workspace->arena, &served, err));
    if (serve && !mw_str_is(served.serve, serve))
        return mw_fail(err, MW_NOT_FOUND, "%s: is of another serve", path);
    workspace->project_path = path;
    workspace->project_bytes = served.bytes;
    workspace->accepted_us = served.accepted_us;
    return MW_OK;
}

mw_status mw_workspace_open_served(mw_cli *cli, mw_workspace_mode mode, const char *serve,
                                   mw_workspace *workspace, mw_error *err) {
    MW_TRY(begin(cli, workspace, err));
    mw_error unread = {0};
    mw_status status = read_served(workspace, serve, &unread);
    if (status == MW_CORRUPT)
        mw_cli_note(cli, "%s: goes by " MW_PROJECT_FILE, unread.message);
    if (status == MW_CORRUPT || status == MW_NOT_FOUND) status = read_today(workspace, err);
    else if (status != MW_OK) { /* it may be there, and be read the next time */
        if (err) *err = unread;
        return mw_hint(err, status, "To go by " MW_PROJECT_FILE " of today, remove it.");
    }
    if (status == MW_OK) status = open_by(workspace, mode, NULL, err);
    if (status != MW_OK) return status;
    /* By the server that takes it up; all that is begun beside it or again would but repeat it. */
    if (serve && workspace->accepted_us == MW_TIME_MISSING) tell_notes(workspace);
    return MW_OK;
}

/* It is tried again and again, so the path is not to fill the workspace's arena. */
mw_status mw_workspace_keep_served(const mw_workspace *workspace, const char *serve,
                                   mw_error *err) {
    mw_arena arena;
    mw_sys *sys = workspace->cli->sys;
    mw_served_project served = {workspace->project_bytes, mw_str_of(serve),
                                workspace->accepted_us};
    mw_arena_init(&arena, 1 << 16);
    const char *path = mw_cli_state_path(workspace->cli, &arena, MW_SERVED_FILE);
    mw_status status = path ? mw_served_project_write(sys, path, &served, err) : no_memory(err);
    mw_arena_release(&arena);
    return status;
}

mw_status mw_workspace_forget_served(const mw_workspace *workspace, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    const char *path = mw_cli_state_path(workspace->cli, &arena, MW_SERVED_FILE);
    mw_status status = path ? mw_sys_remove(workspace->cli->sys, path, err) : no_memory(err);
    mw_arena_release(&arena);
    return status;
}

void mw_workspace_hash_project(const mw_workspace *workspace,
                               char out_hex[MW_SHA256_HEX_SIZE + 1]) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_sha256_add(&sha, workspace->project_bytes.data, workspace->project_bytes.size);
    mw_sha256_hex(&sha, out_hex);
}

mw_status mw_workspace_look_at_today(mw_workspace *workspace, bool *out_is_outdated,
                                     mw_error *err) {
    bool is_same;
    MW_TRY(mw_file_glance_at(workspace->cli->sys, workspace->today_path, workspace->project_bytes,
                             &workspace->today, &is_same, err));
    *out_is_outdated = !is_same;
    return MW_OK;
}

/* --- for commands ----------------------------------------------------------------------- */

static mw_status no_such_model(const mw_workspace *workspace, const char *name, mw_error *err) {
    const mw_project *project = workspace->project;
    mw_nearest nearest = mw_nearest_to(mw_str_of(name));
    mw_buf names;
    mw_buf_init(&names, 1 << 16);
    for (size_t i = 0; i < project->model_count; i++) {
        mw_str one = project->models[i].declaration.name;
        mw_buf_printf(&names, "%s%.*s", i > 0 ? ", " : "", MW_STR_ARGS(one));
        mw_nearest_offer(&nearest, one);
    }
    mw_status status = MW_USAGE;
    if (project->model_count == 0)
        status = mw_fail(err, MW_NOT_FOUND, "the project has no model");
    else if (!name) {
        status = mw_fail(err, MW_USAGE, "say which model: %.*s", MW_STR_ARGS(mw_buf_str(&names)));
        (void)mw_cli_hint_call(workspace->cli->command, status, err);
    } else {
        status = mw_fail(err, MW_NOT_FOUND, "there is no model %s", name);
        if (nearest.found.size > 0 && project->model_count > 1)
            (void)mw_hint(err, status, "Did you mean %.*s? There is: %.*s.",
                          MW_STR_ARGS(nearest.found), MW_STR_ARGS(mw_buf_str(&names)));
        else (void)mw_hint(err, status, "There is: %.*s.", MW_STR_ARGS(mw_buf_str(&names)));
    }
    mw_buf_release(&names);
    return status;
}

mw_status mw_workspace_find_model(const mw_workspace *workspace, const char *name,
                                  mw_workspace_model *out_model, mw_error *err) {
    const mw_project *project = workspace->project;
    const mw_project_model *found = NULL;
    if (name) found = mw_project_find_model(project, mw_str_of(name));
    else if (project->model_count == 1) found = &project->models[0];
    if (!found) return no_such_model(workspace, name, err);
    out_model->project = found;
    out_model->program = mw_program_find_model(workspace->program, found->declaration.name);
    MW_ASSERT(out_model->program);
    return MW_OK;
}

mw_registry mw_workspace_registry(const mw_workspace *workspace) {
    MW_ASSERT(workspace->state);
    return (mw_registry){mw_state_catalog(workspace->state), mw_state_artefacts(workspace->state)};
}

mw_status mw_workspace_log_reach(const mw_workspace *workspace, mw_log_reach *out_reach,
                                 mw_error *err) {
    mw_log_reach reach = {.wall_now = mw_sys_now_us(workspace->cli->sys) - COMMIT_US};
    MW_TRY(mw_log_tail_end(workspace->state, &reach.end, err));
    *out_reach = reach;
    return MW_OK;
}

mw_status mw_workspace_log_size(const mw_workspace *workspace, uint64_t *out_size, mw_error *err) {
    mw_arena arena;
    mw_folder_measure log = {0};
    mw_arena_init(&arena, 1 << 24);
    const char *folder = mw_state_path(workspace->state, &arena, "log");
    mw_status status = folder ? mw_sys_measure(workspace->cli->sys, folder, &log, err)
                              : mw_fail(err, MW_NO_MEMORY, "log: no memory");
    mw_arena_release(&arena);
    if (status == MW_OK) *out_size = log.size;
    return status;
}

mw_engine_memory mw_workspace_memory(const mw_workspace *workspace) {
    const mw_project *project = workspace->project;
    if (!project || project->memory_max == 0) return (mw_engine_memory){0};
    return (mw_engine_memory){project->memory_max, mw_state_spill_disk(workspace->state)};
}

mw_status mw_cli_time(const mw_zone *zone, const char *what, const char *text, int64_t *out_us,
                      mw_error *err) {
    bool has_zone = false;
    int64_t us;
    if (!mw_time_parse(mw_str_of(text), &us, &has_zone)) {
        mw_status status = mw_fail(err, MW_USAGE, "%s: must be a day or a time, got \"%s\"", what,
                                   text);
        return mw_hint(err, status, "As in 2013-09-01 or 2013-09-01T12:00:00Z.");
    }
    if (!has_zone) (void)mw_zone_to_utc(zone, us, &us);
    if (!mw_time_is_in_range(us))
        return mw_fail(err, MW_USAGE, "%s: must be in the years 1 to 9999 of UTC, got \"%s\"", what,
                       text);
    *out_us = us;
    return MW_OK;
}

mw_status mw_workspace_time(const mw_workspace *workspace, const char *what, const char *text,
                            int64_t *out_us, mw_error *err) {
    return mw_cli_time(workspace->zone, what, text, out_us, err);
}

mw_str mw_workspace_who(const mw_workspace *workspace) {
    const char *name = mw_sys_environment(workspace->cli->sys, "USER");
    return mw_str_of(name && name[0] ? name : "somebody");
}
