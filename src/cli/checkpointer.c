#include "cli/checkpointer.h"

#include "cli/live_version.h"
#include "serve/sequencer_start.h"
#include "store/checkpoint.h"
#include "store/log.h"
#include "sys/pace.h"

enum {
    GROWTH_MIN = 1 << 20, /* of the log, in bytes */
    GROWTH_SHARE = 4,     /* of a checkpoint's size: one in so many */
    STEPS = 64,           /* of the recovery, between two breaths */
    REST_SHARE = 100,     /* times the CPU that one took */
    ARENA_SIZE_MAX = 1 << 24,
};
#define REST_MIN_US (2 * MW_SECOND_US)

/* --- the process ------------------------------------------------------------------------------ */

typedef struct {
    mw_workspace workspace;
    mw_live_version *champions, *answering; /* one a model each; empty ones may be released */
    mw_champion *by_catalog;                /* views of the champions */
    mw_sequencer *sequencer;
} checkpointing;

static mw_status read_past(void *context, int64_t after, mw_past **out_past, mw_error *err) {
    const mw_workspace *workspace = &((const checkpointing *)context)->workspace;
    mw_past_config config = {workspace->cli->sys, workspace->state_folder, workspace->program,
                             workspace->symbols, after};
    return mw_past_begin(config, out_past, err);
}

static mw_status find_version(void *context, size_t model, const char *version,
                              mw_champion *out_champion, mw_error *err) {
    checkpointing *it = context;
    mw_live_version *found = &it->answering[model];
    mw_live_version_release(found);
    MW_TRY(mw_live_version_find(&it->workspace, it->workspace.program->models[model].name,
                                mw_str_of(version), found, err));
    *out_champion = mw_live_version_champion(found);
    return MW_OK;
}

static mw_status load_champions(checkpointing *it, mw_error *err) {
    mw_workspace *workspace = &it->workspace;
    size_t count = workspace->program->model_count;
    it->champions = mw_arena_alloc(&workspace->arena, count + 1, sizeof *it->champions);
    it->answering = mw_arena_alloc(&workspace->arena, count + 1, sizeof *it->answering);
    it->by_catalog = mw_arena_alloc(&workspace->arena, count + 1, sizeof *it->by_catalog);
    if (!it->champions || !it->answering || !it->by_catalog)
        return mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory");
    for (size_t i = 0; i < count; i++) {
        MW_TRY(mw_live_version_load(workspace, workspace->program->models[i].name,
                                    &it->champions[i], err));
        it->by_catalog[i] = mw_live_version_champion(&it->champions[i]);
    }
    return MW_OK;
}

static mw_status open_sequencer(checkpointing *it, mw_error *err) {
    mw_workspace *workspace = &it->workspace;
    mw_sequencer_config config = {
        .sys = workspace->cli->sys,
        .log_folder = mw_state_path(workspace->state, &workspace->arena, "log"),
        .checkpoint_folder = mw_state_path(workspace->state, &workspace->arena, "checkpoints"),
        .program = workspace->program,
        .symbols = workspace->symbols,
        .sources = {.context = it, .recall = read_past, .find_version = find_version},
        .champions = it->by_catalog,
        .memory = mw_workspace_memory(workspace),
        .only_reads = true};
    if (!config.log_folder || !config.checkpoint_folder)
        return mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory");
    MW_TRY(mw_lake_look(mw_state_lake(workspace->state), &config.lake, err));
    return mw_sequencer_open(&config, &it->sequencer, err);
}

/* What came into the lake since it was looked at may count before the log's end by now. */
static mw_status check_lake(const checkpointing *it, mw_error *err) {
    char version[MW_SHA256_HEX_SIZE + 1];
    MW_TRY(mw_lake_version(mw_state_lake(it->workspace.state), version, err));
    if (mw_str_is(mw_str_of(version), mw_sequencer_lake(it->sequencer)->version)) return MW_OK;
    return mw_fail(err, MW_BUSY, "checkpoint: an ingest came in meanwhile");
}

static mw_status write_checkpoint(checkpointing *it, mw_error *err) {
    MW_TRY(mw_workspace_open_served(it->workspace.cli, MW_WORKSPACE_READ, NULL, &it->workspace,
                                    err));
    MW_TRY(load_champions(it, err));
    MW_TRY(open_sequencer(it, err));
    while (!mw_sequencer_is_ready(it->sequencer)) {
        MW_TRY(mw_sequencer_recover(it->sequencer, STEPS, err));
        mw_pace_breathe();
    }
    MW_TRY(check_lake(it, err));
    return mw_sequencer_save(it->sequencer, err);
}

mw_status mw_cli_checkpoint(mw_cli *cli, mw_error *err) {
    checkpointing it = {.workspace = {.cli = cli}};
    mw_pace_begin_turns();
    mw_status status = write_checkpoint(&it, err);
    mw_sequencer_close(it.sequencer);
    size_t count = it.by_catalog ? it.workspace.program->model_count : 0;
    for (size_t i = 0; i < count; i++) {
        mw_live_version_release(&it.champions[i]);
        mw_live_version_release(&it.answering[i]);
    }
    mw_workspace_release(&it.workspace);
    if (status == MW_OK) return MW_OK;
    if (status != MW_BUSY) return mw_fail_within(err, status, "checkpoint");
    *err = (mw_error){0}; /* another is being written, or the next one will do */
    return MW_OK;
}

/* --- when it is due --------------------------------------------------------------------------- */

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

bool mw_checkpoint_is_wanted(mw_checkpoint_outlook seen) {
    uint64_t due = larger(seen.size / GROWTH_SHARE, GROWTH_MIN);
    uint64_t overdue = larger(seen.size, MW_LOG_SEGMENT_SIZE);
    if (seen.growth >= overdue) return !seen.runs || seen.in_background;
    return seen.growth >= due && !seen.runs && !seen.rests;
}

int64_t mw_checkpoint_rest_us(int64_t cpu_us) {
    int64_t rest_us = REST_SHARE * cpu_us;
    return rest_us > REST_MIN_US ? rest_us : REST_MIN_US;
}

static mw_status look(mw_checkpointer *it, mw_arena *arena, uint64_t *out_log_size,
                      mw_checkpoint_outlook *out_outlook, mw_error *err) {
    mw_sys *sys = it->work.cli->sys;
    mw_folder_measure log_files, checkpoint_files;
    const char *log = mw_cli_state_path(it->work.cli, arena, "log");
    const char *checkpoints = mw_cli_state_path(it->work.cli, arena, "checkpoints");
    if (!log || !checkpoints) return mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory");
    MW_TRY(mw_sys_measure(sys, log, &log_files, err));
    MW_TRY(mw_sys_measure(sys, checkpoints, &checkpoint_files, err));
    uint64_t log_size = log_files.size, checkpoint = checkpoint_files.largest_size;
    if (it->log_size == UINT64_MAX) it->log_size = checkpoint > 0 ? log_size : 0;
    *out_log_size = log_size;
    *out_outlook = (mw_checkpoint_outlook){
        .growth = log_size > it->log_size ? log_size - it->log_size : 0,
        .size = checkpoint,
        .runs = it->work.process,
        .in_background = it->work.in_background,
        .rests = mw_sys_monotonic_us(sys) < it->rest_until_us};
    return MW_OK;
}

/* One that runs is begun anew among equals, since it gets no further. */
static mw_status advance(mw_checkpointer *it, mw_arena *arena, mw_error *err) {
    mw_checkpoint_outlook seen = {.size = 0};
    uint64_t log_size = 0;
    MW_TRY(look(it, arena, &log_size, &seen, err));
    if (!mw_checkpoint_is_wanted(seen)) return MW_OK;
    it->log_size = log_size;
    return mw_side_work_begin(&it->work, !seen.runs, err);
}

mw_status mw_checkpointer_advance(mw_checkpointer *it, mw_error *err) {
    bool has_ended;
    MW_TRY(mw_side_work_ended(&it->work, &has_ended, err));
    if (has_ended) {
        int64_t now_us = mw_sys_monotonic_us(it->work.cli->sys);
        it->rest_until_us = now_us + mw_checkpoint_rest_us(it->work.cpu_us);
        return MW_OK;
    }
    mw_arena arena;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = advance(it, &arena, err);
    mw_arena_release(&arena);
    return status;
}
