#include "cli/written_file.h"

#include <string.h>

#include "cli/workspace.h"
#include "ingest/sources.h"

#define ARENA_SIZE_MAX ((size_t)1 << 32)
enum { FOLDERS_MAX = 1000 }; /* above one another: more than a path can name */

/* A path, what stands there, and where it stands: a name in a folder. */
typedef struct {
    const char *path;
    mw_str name;
    const char *folder_path;
    mw_file_info info, folder;
} place;

typedef struct {
    const mw_cli *cli;
    mw_sys *sys;
    mw_arena arena;
    bool is_appended; /* else replaced */
    const char *path; /* as it was named */
    place at;         /* where that is or, once links were followed, leads */
} target;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "no memory to look at it");
}

static mw_status find_place(target *it, const char *path, place *out_place, mw_error *err) {
    place found = {.path = path, .name = mw_path_name(mw_str_of(path))};
    found.folder_path = mw_str_copy(&it->arena, mw_path_folder(mw_str_of(path))).data;
    if (!found.folder_path) return no_memory(err);
    MW_TRY(mw_sys_info(it->sys, path, &found.info, err));
    MW_TRY(mw_sys_info(it->sys, found.folder_path, &found.folder, err));
    *out_place = found;
    return MW_OK;
}

/* The one file, or the one place of a file that does not stand there yet. */
static bool is_same_place(const place *a, const place *b) {
    return mw_sys_is_same(&a->info, &b->info) ||
           (mw_sys_is_same(&a->folder, &b->folder) && mw_str_equal(a->name, b->name));
}

static mw_status refuse(const target *it, const char *what, mw_error *err) {
    mw_status status = mw_fail(err, MW_USAGE, "%s: must not be %s", it->path, what);
    return mw_hint(err, status, "Name another file.");
}

/* --- the project's own ------------------------------------------------------------------ */

static mw_status check_project_file(target *it, const char *path, mw_error *err) {
    place project;
    MW_TRY(find_place(it, path, &project, err));
    return is_same_place(&it->at, &project) ? refuse(it, "the project file", err) : MW_OK;
}

/* The system itself goes up: after a link, what is above is no matter of names. */
static mw_status lies_within(target *it, const mw_file_info *folder, bool *out_within,
                             mw_error *err) {
    mw_file_info above = it->at.folder, at = {.exists = false};
    const char *path = it->at.folder_path;
    *out_within = mw_sys_is_same(&above, folder);
    for (int i = 0; i < FOLDERS_MAX && above.exists && !*out_within; i++) {
        if (mw_sys_is_same(&above, &at)) return MW_OK; /* the root is above itself */
        at = above;
        path = mw_path_join(&it->arena, path, "..");
        if (!path) return no_memory(err);
        MW_TRY(mw_sys_info(it->sys, path, &above, err));
        *out_within = mw_sys_is_same(&above, folder);
    }
    return MW_OK;
}

static mw_status check_state_folder(target *it, const char *path, mw_error *err) {
    place state;
    bool is_within = false;
    MW_TRY(find_place(it, path, &state, err));
    if (is_same_place(&it->at, &state)) return refuse(it, "the project's state folder", err);
    MW_TRY(lies_within(it, &state.info, &is_within, err));
    return is_within ? refuse(it, "in the project's state folder", err) : MW_OK;
}

/* --- what streams read ------------------------------------------------------------------ */

/* What this user may not look at is not the target, which was looked at. */
static bool is_at(mw_sys *sys, const char *path, const mw_file_info *info) {
    mw_file_info found;
    return mw_sys_info(sys, path, &found, NULL) == MW_OK && mw_sys_is_same(&found, info);
}

/* By its place, or as one of the files that stand there. */
static mw_status is_named(target *it, mw_str entry, bool *out_named, mw_error *err) {
    mw_source_list files = {0};
    const char *parent = mw_str_copy(&it->arena, mw_path_folder(entry)).data;
    const char *path = parent ? mw_path_join(&it->arena, it->cli->folder, parent) : NULL;
    if (!path) return no_memory(err);
    bool is_it = mw_pattern_fits(mw_path_name(entry), it->at.name) &&
                 is_at(it->sys, path, &it->at.folder);
    mw_status status = MW_OK;
    if (!is_it && it->at.info.exists) /* a failure lists none: there are no such files here */
        status = mw_sources_add(it->sys, it->cli->folder, entry, &it->arena, &files, NULL);
    if (status == MW_NO_MEMORY) return no_memory(err);
    for (size_t i = 0; i < files.count && !is_it; i++)
        is_it = is_at(it->sys, files.files[i].path, &it->at.info);
    *out_named = is_it;
    return MW_OK;
}

static mw_status check_stream(target *it, const mw_project_stream *stream, mw_error *err) {
    for (size_t i = 0; i < stream->from_count; i++) {
        bool is_read = false;
        MW_TRY(is_named(it, stream->from[i], &is_read, err));
        if (!is_read) continue;
        mw_str name = stream->declaration.name;
        mw_status status = mw_fail(err, MW_USAGE, "%s: must not be a file that stream %.*s reads",
                                   it->path, MW_STR_ARGS(name));
        return mw_hint(err, status, "Its `from` says %.*s. Name another file.",
                       MW_STR_ARGS(stream->from[i]));
    }
    return MW_OK;
}

/* Mistakes are told by the command, or are none of its business. But where nothing of the file can
   be read, nobody knows what a file is that stands there. */
static mw_status read_project(target *it, mw_str bytes, const mw_project **out_project,
                              mw_error *err) {
    mw_diagnostics *diagnostics = mw_arena_alloc(&it->arena, 1, sizeof *diagnostics);
    if (!diagnostics) return no_memory(err);
    mw_diagnostics_init(diagnostics, &it->arena);
    mw_status status = mw_project_read(bytes, mw_workspace_environment(it->cli), &it->arena,
                                       diagnostics, out_project);
    if (status == MW_NO_MEMORY) return no_memory(err);
    if (status == MW_OK || !it->at.info.exists || it->is_appended) return MW_OK;
    status = mw_fail(err, MW_USAGE, "%s: must be a new file while " MW_PROJECT_FILE
                     " cannot be read", it->path);
    return mw_hint(err, status, "It may be one that a stream reads. millwright check says what to "
                                "mend.");
}

static mw_status check_streams(target *it, const char *path, mw_error *err) {
    mw_buf bytes;
    mw_buf_init(&bytes, MW_YAML_SIZE_MAX);
    const mw_project *project = NULL;
    mw_status status = mw_sys_read_file(it->sys, path, &bytes, err);
    if (status == MW_OK) status = read_project(it, mw_buf_str(&bytes), &project, err);
    for (size_t i = 0; status == MW_OK && project && i < project->stream_count; i++)
        status = check_stream(it, &project->streams[i], err);
    mw_buf_release(&bytes);
    if (status != MW_NOT_FOUND) return status;
    *err = (mw_error){0}; /* there is no project */
    return MW_OK;
}

/* --- the command's own ------------------------------------------------------------------ */

static mw_status check_input(target *it, mw_error *err) {
    bool may_be = mw_command_has_option(it->cli->command, "--input");
    const char *input = may_be ? mw_cli_option(it->cli, "--input") : NULL;
    place from;
    if (!input) return MW_OK;
    bool is_standard = strcmp(input, "-") == 0;
    MW_TRY(find_place(it, is_standard ? "/dev/stdin" : input, &from, err));
    return is_same_place(&it->at, &from) ? refuse(it, "the file of --input", err) : MW_OK;
}

/* --- all of it -------------------------------------------------------------------------- */

static mw_status refuse_dash(const mw_cli *cli, const char *option, mw_error *err) {
    mw_status status = mw_fail(err, MW_USAGE, "must be a file, got -");
    if (!cli->command->prints) return mw_hint(err, status, "A file of this name is ./-.");
    return mw_hint(err, status,
                   "Leave %s out for standard output. A file of this name is ./-.", option);
}

static mw_status check_project(target *it, mw_error *err) {
    const char *project = mw_path_join(&it->arena, it->cli->folder, MW_PROJECT_FILE);
    const char *state = mw_path_join(&it->arena, it->cli->folder, MW_STATE_FOLDER);
    if (!project || !state) return no_memory(err);
    MW_TRY(check_project_file(it, project, err));
    MW_TRY(check_state_folder(it, state, err));
    return check_streams(it, project, err);
}

/* What is appended goes through a link, to another place than the link's own. Of the project is
   neither to be: a stream would read the log by the link. */
static mw_status follow_links(target *it, mw_error *err) {
    const char *end = it->path;
    MW_TRY(mw_sys_resolve(it->sys, it->path, &it->arena, &end, err));
    if (strcmp(end, it->path) == 0) return MW_OK;
    MW_TRY(find_place(it, end, &it->at, err));
    return check_project(it, err);
}

static mw_status try_append(const target *it, mw_error *err) {
    mw_file *file = NULL;
    if (!it->at.info.exists) return mw_sys_try_write_file(it->sys, it->at.path, err);
    MW_TRY(mw_sys_open(it->sys, it->at.path, MW_FILE_APPEND, &file, err));
    mw_file_close(file);
    return MW_OK;
}

static mw_status check(target *it, mw_error *err) {
    MW_TRY(find_place(it, it->path, &it->at, err));
    if (it->is_appended && it->at.info.is_special) return MW_OK;
    MW_TRY(check_input(it, err));
    MW_TRY(check_project(it, err));
    if (it->is_appended) MW_TRY(follow_links(it, err));
    mw_status status = it->is_appended ? try_append(it, err)
                                       : mw_sys_try_write_file(it->sys, it->at.path, err);
    return status == MW_NOT_FOUND ? mw_hint(err, status, "Make its folder first.") : status;
}

static mw_status check_option(const mw_cli *cli, const char *option, bool is_appended,
                              mw_error *err) {
    const char *path = option ? mw_cli_option(cli, option) : NULL;
    if (!path) return MW_OK;
    target it = {.cli = cli, .sys = cli->sys, .is_appended = is_appended, .path = path};
    mw_arena_init(&it.arena, ARENA_SIZE_MAX);
    mw_status status = strcmp(path, "-") == 0 ? refuse_dash(cli, option, err)
                                              : check(&it, err);
    mw_arena_release(&it.arena);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "%s", option);
}

mw_status mw_cli_try_written_beside(const mw_cli *cli, const char *path, mw_error *err) {
    target it = {.cli = cli, .sys = cli->sys, .path = path};
    mw_arena_init(&it.arena, ARENA_SIZE_MAX);
    mw_status status = check(&it, err);
    mw_arena_release(&it.arena);
    return status;
}

mw_status mw_cli_try_written(const mw_cli *cli, mw_error *err) {
    MW_TRY(check_option(cli, cli->command->appended, true, err));
    return check_option(cli, cli->command->written, false, err);
}
