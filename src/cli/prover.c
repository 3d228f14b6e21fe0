#include "cli/prover.h"

#include <stdio.h>
#include <string.h>

#include "cli/recorded_features.h"
#include "feature/oracle.h"
#include "ingest/history.h"
#include "store/log.h"
#include "sys/library.h"
#include "sys/pace.h"

enum { SAMPLE = 20, REST_SHARE = 100, SETTING_MAX = 512, ARENA_SIZE_MAX = 1 << 16 };
/* Of memory: an event has its cells and what tells when and where it stands, in arrays that double,
   with an index for those with an id; the log is read beside it. */
enum { BYTES_MAX = 1000000000, CELLS_MORE = 8, CELL_BYTES = 12, LOG_TIMES = 2 };
#define REST_MIN_US (10 * MW_SECOND_US)

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "prove: no memory");
}

/* --- what was found ------------------------------------------------------------------------- */

static void setting_name(mw_str model, char out_name[SETTING_MAX]) {
    snprintf(out_name, SETTING_MAX, "proof.%.*s", MW_STR_ARGS(model));
}

/* "VERSION PROVED DIFFERING THROUGH"; of another champion it says nothing. False: it cannot be
   read. */
static bool parse(mw_str text, mw_str version, mw_proof *out_proof) {
    mw_str of, proved, differing;
    int64_t counts[2], through;
    if (!mw_str_split(&text, ' ', &of) || !mw_str_split(&text, ' ', &proved) ||
        !mw_str_split(&text, ' ', &differing) || !mw_str_to_int64(proved, &counts[0]) ||
        !mw_str_to_int64(differing, &counts[1]) || !mw_str_to_int64(text, &through))
        return false;
    if (mw_str_equal(of, version))
        *out_proof = (mw_proof){(uint64_t)counts[0], (uint64_t)counts[1], through};
    return true;
}

mw_status mw_proof_read(const mw_workspace *workspace, mw_str model, mw_str version,
                        mw_proof *out_proof, mw_error *err) {
    char name[SETTING_MAX];
    mw_arena arena;
    mw_str text;
    mw_error absent;
    mw_proof proof = {.through = INT64_MIN};
    setting_name(model, name);
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = mw_catalog_get(mw_state_catalog(workspace->state), name, &arena, &text,
                                      &absent);
    if (status == MW_OK && !parse(text, version, &proof))
        mw_cli_note(workspace->cli, "%s: the setting cannot be read, and is taken as none", name);
    mw_arena_release(&arena);
    if (status != MW_OK && status != MW_NOT_FOUND)
        return mw_fail(err, status, "%s", absent.message);
    *out_proof = proof;
    return MW_OK;
}

static mw_status write_down(const mw_workspace *workspace, const mw_live_version *champion,
                            mw_proof proof, mw_error *err) {
    char name[SETTING_MAX], value[SETTING_MAX];
    setting_name(champion->program.model->name, name);
    snprintf(value, sizeof value, "%.*s %llu %llu %lld", MW_STR_ARGS(champion->row.version),
             (unsigned long long)proof.proved, (unsigned long long)proof.differing,
             (long long)proof.through);
    return mw_catalog_set(mw_state_catalog(workspace->state), name, mw_str_of(value), err);
}

/* --- the process ---------------------------------------------------------------------------- */

typedef struct {
    mw_oracle oracle;
    mw_oracle_family *family;
    mw_cell *features;
    mw_proof proof; /* with what was found before */
} trial;

static mw_status judge(void *context, const mw_moment *moment, const mw_cell *features,
                       mw_error *err) {
    trial *it = context;
    size_t size = it->oracle.model->feature_count * sizeof *features;
    MW_TRY(mw_oracle_features_among(&it->oracle, moment, &it->family, it->features, err));
    it->proof.proved++;
    it->proof.differing += memcmp(features, it->features, size) != 0;
    return MW_OK;
}

static mw_status try_events(const mw_workspace *workspace, const mw_live_version *champion,
                            const mw_history *history, const mw_events *events, mw_error *err) {
    const mw_version_program *own = &champion->program;
    trial it = {.oracle = {own->program, own->model, events, workspace->symbols}};
    mw_recorded_past past = {.program = own->program,
                             .model = own->model,
                             .events = events,
                             .symbols = workspace->symbols,
                             .through = history->log.last_place,
                             .like = champion};
    mw_arena *arena = &workspace->cli->arena;
    MW_TRY(mw_proof_read(workspace, own->model->name, champion->row.version, &it.proof, err));
    past.from = it.proof.through;
    it.features = mw_arena_alloc(arena, own->model->feature_count + 1, sizeof *it.features);
    if (!it.features) return no_memory(err);
    MW_TRY(mw_recorded_past_begin(&past, arena, err));
    mw_status status =
        mw_recorded_each(workspace, &past, SAMPLE, (mw_recorded_taker){&it, judge}, err);
    mw_oracle_family_release(it.family);
    it.proof.through = history->log.last_place;
    mw_error unwritten;
    mw_status written = write_down(workspace, champion, it.proof, &unwritten);
    if (status != MW_OK || written == MW_OK) return status;
    *err = unwritten;
    return written;
}

static mw_status count_events(mw_catalog *catalog, mw_str stream, int64_t *out_count,
                              mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(catalog, "SELECT sum(event_count) FROM lake_files WHERE stream = ?",
                            MW_SQL(mw_sql_str(stream)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    if (status == MW_OK) *out_count = has_row ? mw_catalog_int(rows, 0) : 0;
    mw_catalog_rows_close(rows);
    return status;
}

/* What lake and log may take in memory. */
static mw_status estimate(const mw_workspace *workspace, const mw_program *program,
                          double *out_bytes, mw_error *err) {
    uint64_t log_size;
    MW_TRY(mw_workspace_log_size(workspace, &log_size, err));
    double bytes = LOG_TIMES * (double)log_size;
    for (size_t i = 0; i < program->stream_count; i++) {
        const mw_stream *stream = &program->streams[i];
        int64_t count;
        MW_TRY(count_events(mw_state_catalog(workspace->state), stream->name, &count, err));
        bytes += (double)count * (double)(stream->schema.field_count + CELLS_MORE) * CELL_BYTES;
    }
    *out_bytes = bytes;
    return MW_OK;
}

static mw_status prove_champion(const mw_workspace *workspace, const mw_live_version *champion,
                                int64_t bytes_max, mw_error *err) {
    const mw_program *program = champion->program.program;
    mw_history history;
    mw_events events;
    double bytes;
    MW_TRY(estimate(workspace, program, &bytes, err));
    if (bytes > (double)bytes_max) {
        mw_cli_note(workspace->cli, "prove: model %.*s: a history of about %.1f GB is not proved "
                                    "beside the server. `features verify` does it elsewhere",
                    MW_STR_ARGS(champion->program.model->name), bytes / 1e9);
        return MW_OK;
    }
    MW_TRY(mw_history_load(workspace->state, program, workspace->symbols, &history, &events, err));
    mw_status status = try_events(workspace, champion, &history, &events, err);
    mw_events_release(&events);
    return status;
}

static mw_status prove_model(const mw_workspace *workspace, mw_str model, int64_t bytes_max,
                             mw_error *err) {
    mw_live_version champion;
    mw_status status = mw_live_version_load(workspace, model, &champion, err);
    if (status == MW_OK && champion.program.model)
        status = prove_champion(workspace, &champion, bytes_max, err);
    mw_live_version_release(&champion);
    return status;
}

/* A model that fails does not keep the others back: the first failure is returned at the end. */
static mw_status prove_all(const mw_workspace *workspace, int64_t bytes_max, mw_error *err) {
    mw_status first = MW_OK;
    for (size_t i = 0; i < workspace->program->model_count; i++) {
        mw_str model = workspace->program->models[i].name;
        mw_error failure;
        mw_status status = prove_model(workspace, model, bytes_max, &failure);
        if (status == MW_OK || first != MW_OK) continue;
        *err = failure;
        first = mw_fail_within(err, status, "model %.*s", MW_STR_ARGS(model));
    }
    return first;
}

mw_status mw_cli_prove(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    int64_t bytes_max;
    mw_pace_begin_turns();
    MW_TRY(mw_cli_int(cli, "--bytes-max", (mw_cli_bounds){0, INT64_MAX, BYTES_MAX}, &bytes_max,
                      err));
    mw_status status = mw_workspace_open_served(cli, MW_WORKSPACE_CATALOG, NULL, &workspace, err);
    if (status == MW_OK) status = prove_all(&workspace, bytes_max, err);
    mw_workspace_release(&workspace);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "prove");
}

/* --- when it is due ------------------------------------------------------------------------- */

static mw_status start(mw_prover *it, mw_error *err) {
    mw_arena arena;
    const char *executable = NULL;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = mw_executable_path(it->cli->sys, &arena, &executable, err);
    const char *arguments[] = {executable, "prove", "-C", it->cli->folder, NULL};
    mw_process_config config = {.arguments = arguments,
                                .pipe_output = true,
                                .pipe_errors = true,
                                .in_background = true};
    if (status == MW_OK) status = mw_process_start(it->cli->sys, config, &it->process, err);
    mw_arena_release(&arena);
    return status;
}

/* What it has said stands in its pipe. */
static mw_status listen(mw_prover *it, char said[MW_PROVER_SAID_MAX], mw_error *err) {
    size_t size = 0, got = 1;
    while (got > 0 && size < MW_PROVER_SAID_MAX - 1) {
        MW_TRY(mw_process_read(it->process, said + size, MW_PROVER_SAID_MAX - 1 - size, &got, err));
        size += got;
    }
    while (size > 0 && said[size - 1] == '\n') size--;
    said[size] = '\0';
    return MW_OK;
}

/* Says what the process that has ended said, unless that is what the one before it said. */
static void tell(mw_prover *it, int exit_code, char said[MW_PROVER_SAID_MAX]) {
    if (exit_code != 0 && !said[0])
        snprintf(said, MW_PROVER_SAID_MAX, "prove: it ended with exit code %d", exit_code);
    if (said[0] && strcmp(said, it->said) != 0) mw_cli_note(it->cli, "%s", said);
    memcpy(it->said, said, sizeof it->said);
}

static mw_status reap(mw_prover *it, mw_error *err) {
    mw_process_result result;
    char said[MW_PROVER_SAID_MAX];
    MW_TRY(listen(it, said, err));
    MW_TRY(mw_process_wait(it->process, &result, err));
    mw_process_destroy(it->process);
    it->process = NULL;
    tell(it, result.exit_code, said);
    int64_t rest_us = REST_SHARE * result.cpu_us;
    it->due_us = mw_sys_monotonic_us(it->cli->sys) +
                 (rest_us > REST_MIN_US ? rest_us : REST_MIN_US);
    return MW_OK;
}

static mw_status find_log_end(const mw_prover *it, mw_log_position *out_end, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    const char *log = mw_cli_state_path(it->cli, &arena, "log");
    mw_status status = log ? mw_log_end(it->cli->sys, log, out_end, err) : no_memory(err);
    mw_arena_release(&arena);
    return status;
}

mw_status mw_prover_advance(mw_prover *it, mw_error *err) {
    mw_log_position end;
    int64_t now_us = mw_sys_monotonic_us(it->cli->sys);
    if (it->process && mw_process_running(it->process)) return MW_OK;
    if (it->process) return reap(it, err);
    if (now_us < it->due_us) return MW_OK;
    MW_TRY(find_log_end(it, &end, err));
    bool has_grown = end.segment != it->log_end.segment || end.offset != it->log_end.offset;
    it->log_end = end;
    if (it->due_us > 0) return has_grown ? start(it, err) : MW_OK;
    it->due_us = now_us + REST_MIN_US; /* what stands there by now was proved in an earlier life */
    return MW_OK;
}
