#include "cli/champion_watch.h"

#include <string.h>

#include "ingest/load.h"

enum { KIN_MAX = 1 << 20 };

/* A version that has predicted, and whether it has the watch's program. */
typedef struct mw_kin {
    char version[MW_VERSION_NAME_SIZE + 1];
    bool is_kin;
} mw_kin;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "watch: no memory");
}

/* --- kinship ------------------------------------------------------------------------------ */

/* One that is not there any more cannot be said to be kin. */
static mw_status look_up(const mw_champion_watch *it, mw_str version, bool *out_is_kin,
                         mw_error *err) {
    mw_live_version other;
    mw_error absent;
    mw_status status = mw_live_version_find(it->workspace, it->version.program.model->name,
                                            version, &other, &absent);
    *out_is_kin = status == MW_OK && mw_live_version_is_kin(it->workspace, &it->version, &other);
    mw_live_version_release(&other);
    if (status == MW_OK || status == MW_NOT_FOUND) return MW_OK;
    return mw_fail(err, status, "%s", absent.message);
}

static mw_status is_kin(void *context, mw_str version, bool *out_is_kin, mw_error *err) {
    mw_champion_watch *it = context;
    for (size_t i = it->kin_count; i > 0; i--) { /* the last one is asked for most */
        if (!mw_str_is(version, it->kin[i - 1].version)) continue;
        *out_is_kin = it->kin[i - 1].is_kin;
        return MW_OK;
    }
    if (version.size > MW_VERSION_NAME_SIZE)
        return mw_fail(err, MW_CORRUPT, "log: a version has no name of %d digits",
                       MW_VERSION_NAME_SIZE);
    if (!mw_grow((void **)&it->kin, &it->kin_capacity, it->kin_count + 1, sizeof *it->kin,
                 KIN_MAX))
        return no_memory(err);
    mw_kin found = {.is_kin = false};
    memcpy(found.version, version.data, version.size);
    MW_TRY(look_up(it, version, &found.is_kin, err));
    it->kin[it->kin_count++] = found;
    *out_is_kin = found.is_kin;
    return MW_OK;
}

/* --- events ------------------------------------------------------------------------------- */

static bool reads_alike(const mw_program *a, const mw_program *b) {
    if (a->source_count != b->source_count) return false;
    for (size_t i = 0; i < a->source_count; i++) {
        char x[MW_SHA256_HEX_SIZE + 1], y[MW_SHA256_HEX_SIZE + 1];
        mw_source_definition(a, (int32_t)i, x);
        mw_source_definition(b, (int32_t)i, y);
        if (!mw_str_equal(a->sources[i].name, b->sources[i].name) || strcmp(x, y) != 0)
            return false;
    }
    return true;
}

static mw_status load(const mw_workspace *workspace, const mw_program *program,
                      mw_shared_history *history, mw_error *err) {
    if (history->is_loaded) return MW_OK;
    mw_load_wish wish = {workspace->state, program, workspace->symbols, INT64_MIN};
    MW_TRY(mw_load_lake(wish, &history->lake, &history->events, err));
    history->is_loaded = true;
    return MW_OK;
}

mw_status mw_shared_history_load(const mw_workspace *workspace, mw_shared_history *shared,
                                 mw_error *err) {
    return load(workspace, workspace->program, shared, err);
}

static mw_status load_history(mw_champion_watch *it, mw_shared_history *shared,
                              const mw_shared_history **out_history, mw_error *err) {
    const mw_program *own = it->version.program.program, *today = it->workspace->program;
    bool is_shared = reads_alike(own, today);
    mw_shared_history *history = is_shared ? shared : &it->own_history;
    *out_history = history;
    return load(it->workspace, is_shared ? today : own, history, err);
}

void mw_shared_history_release(mw_shared_history *shared) {
    if (shared->is_loaded) mw_events_release(&shared->events);
    shared->is_loaded = false;
}

/* --- life --------------------------------------------------------------------------------- */

static mw_status watch(mw_champion_watch *it, mw_shared_history *shared,
                       const mw_keeping *keeping, mw_error *err) {
    const mw_version_program *own = &it->version.program;
    const mw_workspace *workspace = it->workspace;
    mw_live_version today = {.program = {.version = NULL}};
    const mw_shared_history *history = NULL;
    it->is_of_today = mw_live_version_is_kin(workspace, &it->version, &today);
    MW_TRY(load_history(it, shared, &history, err));
    mw_watch_config config = {.sys = workspace->cli->sys,
                              .program = own->program,
                              .model = own->model,
                              .project_model = &it->model,
                              .symbols = workspace->symbols,
                              .memory = mw_workspace_memory(workspace),
                              .history = &history->events,
                              .lake = history->lake,
                              .champion = mw_buf_str(&it->version.bytes),
                              .keeping = keeping,
                              .kinship = {it, is_kin}};
    config.log_folder = mw_state_path(workspace->state, &it->version.arena, "log");
    if (!config.log_folder) return no_memory(err);
    return mw_watch_create(config, &it->watch, err);
}

mw_status mw_champion_watch_begin(const mw_workspace *workspace, const mw_project_model *model,
                                  mw_shared_history *shared, const mw_keeping *keeping,
                                  mw_champion_watch *it, mw_error *err) {
    *it = (mw_champion_watch){.workspace = workspace};
    mw_str name = model->declaration.name;
    MW_TRY(mw_live_version_load(workspace, name, &it->version, err));
    if (!it->version.program.model) return MW_OK;
    it->model = *mw_project_find_model(it->version.program.project, name);
    it->model.retrain = model->retrain;
    mw_status status = watch(it, shared, keeping, err);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "models.%.*s", MW_STR_ARGS(name));
}

mw_status mw_champion_watch_hear(mw_champion_watch *it, const mw_serve_pulse *pulse,
                                 mw_error *err) {
    const mw_live_version *champion = &it->version;
    MW_TRY(mw_proof_read(it->workspace, champion->program.model->name, champion->row.version,
                         &it->proof, err));
    mw_watch_hear_proof(it->watch, it->proof.proved, it->proof.differing);
    return mw_watch_hear_server(it->watch, mw_serve_pulse_latency_p99_s(pulse),
                                mw_serve_pulse_error_share(pulse), err);
}

void mw_champion_watch_end(mw_champion_watch *it) {
    mw_watch_destroy(it->watch);
    mw_shared_history_release(&it->own_history);
    mw_free(it->kin);
    mw_live_version_release(&it->version);
    *it = (mw_champion_watch){.workspace = it->workspace};
}
