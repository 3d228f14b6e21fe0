#include "cli/server_role.h"

#include <stdio.h>
#include <string.h>

#include "cli/batch_commit.h"
#include "cli/champion_change.h"
#include "cli/listening.h"
#include "cli/served_project.h"
#include "cli/server_lake.h"
#include "cli/recheck_metrics.h"
#include "cli/server_call.h"
#include "cli/version_archive.h"
#include "serve/admission.h"
#include "serve/api.h"
#include "serve/control.h"
#include "serve/sequencer_ingest.h"
#include "serve/sequencer_start.h"
#include "serve/server.h"
#include "sys/errand.h"
#include "sys/pace.h"
#include "sys/process.h"

enum {
    TICK_US = 100000,
    LOOK_US = 1000000,
    KEEP_AGAIN_US = 5000000,
    SLICE_US = 2000, /* of work that can wait, at a stretch, and between two */
    SLICE_STEPS = 64,
    TOKENS_SIZE_MAX = 1 << 26,
    ARRIVAL_US = 2000,   /* between two looks at what an ingest brings */
    ARRIVAL_EVENT_US = 4, /* of it, for each model that is fed */
    LOCK_TRIES = 20, LOCK_PAUSE_US = 50000,
};

/* Its supervisor gives it 15 s from the signal to the end. */
#define END_WITHIN_US (12 * MW_SECOND_US)

typedef struct {
    mw_workspace workspace;
    mw_champions champions;
    mw_champion_changes changes;
    bool is_ready;
    mw_sequencer *sequencer;
    mw_version_archive *archive;
    mw_service *service;
    mw_lookback_room lookback_room;
    mw_admission *admission;
    mw_telemetry *telemetry;
    mw_pulse *pulse;
    mw_baton *baton; /* held by whoever touches the rest; NULL: one thread does */
    mw_reactor *reactor;
    mw_server *server;
    mw_control *control;
    mw_api api;
    mw_timer tick, start, rebuild, arrival;
    mw_batch_commit commit;
    int64_t keep_us;      /* when to try again to keep the project; 0: it was not tried yet */
    int64_t look_us;      /* when to look next for what was written, and at today's file */
    bool is_saving;       /* the last checkpoint, which took too long to wait for */
    mw_status failure;    /* why the reactor was stopped from within */
    mw_error failure_error;
    mw_listening listening;
    mw_tls *tls; /* NULL: plain HTTP */
    mw_access_log *access_log; /* NULL: none is kept */
    mw_access access;
    bool is_virtual;
    bool is_outdated;     /* today's file is another than this goes by, as of the last look */
    bool is_today_unread; /* which failed */
    bool is_begun_again; /* so it goes by the project as this `serve` took it up */
    char serve[MW_SERVE_WORD_SIZE_MAX + 1]; /* its word */
    int64_t clock_us, started_us;
} daemon;

/* --- arguments ---------------------------------------------------------------------------- */

static mw_status read_clock(daemon *d, mw_error *err) {
    const char *text = mw_cli_option(d->workspace.cli, "--clock");
    d->is_virtual = text != NULL;
    return text ? mw_workspace_time(&d->workspace, "--clock", text, &d->clock_us, err) : MW_OK;
}

/* One that a person has begun is of no `serve` that was. */
static mw_status read_word(daemon *d, mw_error *err) {
    const mw_cli *cli = d->workspace.cli;
    const char *word = mw_cli_option(cli, "--serving");
    if (!word) mw_serve_word_draw(cli->sys, d->serve);
    else if (mw_serve_word_is_good(mw_str_of(word)))
        snprintf(d->serve, sizeof d->serve, "%s", word);
    else
        return mw_fail(err, MW_USAGE, "--serving: must be 1 to %d letters and digits, got \"%s\"",
                       MW_SERVE_WORD_SIZE_MAX, word);
    return MW_OK;
}

/* --- opening ------------------------------------------------------------------------------ */

/* A server that was killed a moment ago may still be dying with the state's lock in its hand. */
static mw_status open_workspace(daemon *d, mw_error *err) {
    mw_cli *cli = d->workspace.cli;
    for (int tries = 1;; tries++) {
        mw_status status = mw_workspace_open_served(cli, MW_WORKSPACE_WRITE, d->serve,
                                                    &d->workspace, err);
        d->is_begun_again = d->workspace.accepted_us != MW_TIME_MISSING;
        if (status == MW_OK) return mw_workspace_start_asking(&d->workspace, err);
        if (status != MW_BUSY || tries == LOCK_TRIES) return status;
        mw_workspace_release(&d->workspace);
        d->workspace = (mw_workspace){.cli = cli};
        MW_TRY(mw_poller_pause(cli->sys, LOCK_PAUSE_US, err));
    }
}

/* --- the project as served ---------------------------------------------------------------- */

static const mw_meter outdated_meter = {
    "millwright_project_outdated", MW_METER_GAUGE, "",
    "1: the project file is another than serve took up, which counts until it is started again"};

/* From here on what is begun again can go by it, and what works for the server does. A server that
   cannot keep it serves all the same, and tries again; none is kept meanwhile: one of before would
   be taken for what is served. */
static void keep_served(daemon *d, int64_t now_us) {
    mw_cli *cli = d->workspace.cli;
    mw_error err = {0}, left = {0};
    mw_status status = mw_workspace_keep_served(&d->workspace, d->serve, &err);
    bool is_first = d->keep_us == 0;
    d->keep_us = status == MW_OK ? INT64_MAX : now_us + KEEP_AGAIN_US;
    if (status == MW_OK && !is_first)
        mw_cli_note(cli, "server: the project as it is served is kept now");
    if (status == MW_OK) return;
    if (is_first)
        mw_cli_note(cli, "server: the project as it is served was not kept: %s", err.message);
    if (mw_workspace_forget_served(&d->workspace, &left) != MW_OK && is_first)
        mw_cli_note(cli, "server: %s", left.message);
}

/* Where the file cannot be read nobody knows: it counts as what it was seen to be last. */
static bool look_at_today(daemon *d) {
    mw_error unread = {0};
    mw_status looked = mw_workspace_look_at_today(&d->workspace, &d->is_outdated, &unread);
    if (looked != MW_OK && !d->is_today_unread)
        mw_cli_note(d->workspace.cli,
                    "server: whether " MW_PROJECT_FILE " was edited is not known: %s",
                    unread.message);
    d->is_today_unread = looked != MW_OK;
    mw_series_set(mw_telemetry_series(d->telemetry, &outdated_meter, ""), d->is_outdated);
    return d->is_outdated;
}

static void begin_keeping(daemon *d) {
    mw_sys *sys = d->workspace.cli->sys;
    d->keep_us = INT64_MAX;
    if (d->is_begun_again) return;
    d->keep_us = 0;
    d->workspace.accepted_us = mw_sys_now_us(sys) / MW_SECOND_US * MW_SECOND_US; /* for people */
    keep_served(d, mw_sys_monotonic_us(sys));
}

/* What works beside the server must not go by what another `serve` took up. */
static mw_status forget_served(daemon *d, mw_error *err) {
    return d->is_begun_again ? MW_OK : mw_workspace_forget_served(&d->workspace, err);
}

static mw_status recall(void *context, mw_str model, mw_str version,
                        const mw_schema **out_features, const mw_schema **out_asked,
                        mw_error *err) {
    const mw_version_features *found = NULL;
    MW_TRY(mw_version_archive_find(context, model, version, &found, err));
    *out_features = &found->all;
    *out_asked = found->is_told ? &found->asked : NULL;
    return MW_OK;
}

static mw_status recall_scorer(void *context, mw_str model, mw_str version,
                               mw_scorer **out_scorer, mw_error *err) {
    return mw_version_archive_scorer(context, model, version, out_scorer, err);
}

static mw_status find_version(void *context, size_t model, const char *version,
                              mw_champion *out_champion, mw_error *err) {
    return mw_champions_recall(&((daemon *)context)->champions, model, version, out_champion, err);
}

static mw_status read_past(void *context, int64_t after, mw_past **out_past, mw_error *err) {
    return mw_server_lake_recall(&((const daemon *)context)->workspace, after, out_past, err);
}

static mw_status look_back(void *context, mw_symbols *symbols, mw_lookback *lookback,
                           mw_events *out_events, mw_error *err) {
    const daemon *d = context;
    return mw_server_lake_look(&d->workspace, symbols, lookback, out_events, err);
}

static mw_status open_sequencer(daemon *d, mw_error *err) {
    mw_workspace *workspace = &d->workspace;
    mw_sequencer_config config = {
        .sys = workspace->cli->sys,
        .log_folder = mw_state_path(workspace->state, &workspace->arena, "log"),
        .checkpoint_folder = mw_state_path(workspace->state, &workspace->arena, "checkpoints"),
        .program = workspace->program,
        .symbols = workspace->symbols,
        .sources = {d, read_past, find_version, look_back, &d->lookback_room},
        .memory = mw_workspace_memory(workspace),
        .is_virtual = d->is_virtual,
        .clock_us = d->clock_us};
    if (!config.log_folder || !config.checkpoint_folder)
        return mw_fail(err, MW_NO_MEMORY, "serve: no memory");
    MW_TRY(mw_lake_look(mw_state_lake(workspace->state), &config.lake, err));
    MW_TRY(mw_champions_load(workspace, &d->champions, err));
    config.champions = d->champions.by_catalog;
    config.fallbacks = d->champions.fallbacks;
    MW_TRY(mw_sequencer_open(&config, &d->sequencer, err));
    d->champions.sequencer = d->sequencer;
    return MW_OK;
}

/* --- running ------------------------------------------------------------------------------ */

/* Nothing can be promised any more: the answers that wait say so, and the server ends. */
static void give_up(daemon *d, mw_status status, const mw_error *err) {
    if (d->failure != MW_OK) return;
    d->failure = status;
    d->failure_error = *err;
    mw_reactor_stop(d->reactor);
}

/* Of one thread's batch. Whoever calls holds the baton. */
static mw_status commit_batch(void *context, size_t thread, uint64_t *out_sync, mw_error *err) {
    daemon *d = context;
    if (d->failure != MW_OK) {
        if (err) *err = d->failure_error;
        return d->failure;
    }
    mw_error reason;
    mw_status status = mw_batch_commit_run(&d->commit, d->sequencer, thread, out_sync, &reason);
    if (status != MW_OK && status != MW_NO_SPACE) give_up(d, status, &reason);
    if (status != MW_OK && err) *err = reason;
    return status;
}

static mw_status commit(void *context, uint64_t *out_sync, mw_error *err) {
    return commit_batch(context, 0, out_sync, err);
}

static mw_status look_synced(void *context, uint64_t *out_sync, mw_error *err) {
    return mw_batch_commit_look(&((const daemon *)context)->commit, out_sync, err);
}

/* In the syncer's thread. */
static void tell_synced(void *context) {
    const daemon *d = context;
    mw_reactor_tell_synced(d->reactor);
    mw_server_tell_synced(d->server);
}

static mw_status begin_commits(daemon *d, mw_error *err) {
    mw_workspace *workspace = &d->workspace;
    mw_syncer_config config = {
        .sys = workspace->cli->sys,
        .folder = mw_state_path(workspace->state, &workspace->arena, "log"),
        .told = tell_synced,
        .context = d};
    if (!config.folder) return mw_fail(err, MW_NO_MEMORY, "serve: no memory");
    return mw_batch_commit_begin(&d->commit, workspace->cli, config,
                                 workspace->project->is_durable, err);
}

/* What a checkpoint has written since leaves memory. Where that fails, it stays, and the next
   checkpoint may do: one that is of other data is none of this server's. */
static void take_up(daemon *d) {
    mw_error err = {0};
    mw_status status = mw_sequencer_take_up(d->sequencer, &err);
    if (status != MW_OK && status != MW_CONFLICT)
        mw_cli_note(d->workspace.cli, "server: old entries stay in memory: %s", err.message);
}

static void tick(mw_timer *timer, int64_t now_us) {
    daemon *d = (daemon *)((char *)timer - offsetof(daemon, tick));
    mw_error err = {0};
    if (now_us >= d->look_us) {
        d->look_us = now_us + LOOK_US;
        take_up(d);
        (void)look_at_today(d);
    }
    if (now_us >= d->keep_us) keep_served(d, now_us);
    if (d->access_log) mw_access_log_flush(d->access_log);
    mw_status status = mw_batch_commit_tick(&d->commit, d->sequencer, &err);
    if (status != MW_OK) give_up(d, status, &err);
    else if (!mw_reactor_is_stopping(d->reactor))
        mw_timer_set(d->reactor, timer, now_us + TICK_US);
}

/* Before DuckDB starts threads of its own: those that do not know that signals are caught would
   die of one, and all with them. */
static mw_status create_reactor(daemon *d, mw_error *err) {
    if (d->listening.teller_count > 0) MW_TRY(mw_baton_create(&d->baton, err));
    mw_reactor_config reactor = {.sys = d->workspace.cli->sys,
                                 .catch_signals = true,
                                 .after_batch = commit,
                                 .look_synced = look_synced,
                                 .context = d,
                                 .baton = d->baton};
    return mw_reactor_create(reactor, &d->reactor, err);
}

static bool is_over(const daemon *d, int64_t began_us) {
    return mw_sequencer_waits(d->sequencer) ||
           mw_sys_monotonic_us(d->workspace.cli->sys) - began_us >= SLICE_US;
}

static mw_status rebuild_slice(daemon *d, bool *out_is_busy, mw_error *err) {
    int64_t now_us = mw_sys_monotonic_us(d->workspace.cli->sys);
    do MW_TRY(mw_sequencer_rebuild(d->sequencer, SLICE_STEPS, out_is_busy, err));
    while (*out_is_busy && !is_over(d, now_us));
    mw_champions_settle(&d->champions);
    return MW_OK;
}

/* Half of the time goes to requests, however many windows are to be filled. */
static void rebuild(mw_timer *timer, int64_t now_us) {
    daemon *d = (daemon *)((char *)timer - offsetof(daemon, rebuild));
    bool is_busy = true;
    mw_error err = {0};
    (void)now_us;
    mw_status status = rebuild_slice(d, &is_busy, &err);
    if (status == MW_NO_SPACE) status = MW_OK; /* it waits, as all do */
    if (status != MW_OK) give_up(d, status, &err);
    else if (is_busy && !mw_reactor_is_stopping(d->reactor))
        mw_timer_set(d->reactor, timer,
                     mw_sys_monotonic_us(d->workspace.cli->sys) + SLICE_US);
}

/* Whether the server answers and, if not, how far it is. */
static void write_progress(daemon *d, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_bool(&json, "ready", d->is_ready);
    mw_json_put_number(&json, "recovered", mw_sequencer_recovered_share(d->sequencer));
    if (d->is_ready) {
        char project[MW_SHA256_HEX_SIZE + 1];
        mw_workspace_hash_project(&d->workspace, project);
        mw_json_put_text(&json, "project", project);
    }
    if (d->is_ready && look_at_today(d))
        mw_json_put_int(&json, "accepted_us", d->workspace.accepted_us);
    mw_json_object_end(&json);
}

/* The tokens as the catalog lists them now. */
static mw_status load_tokens(daemon *d, mw_error *err) {
    mw_arena arena;
    mw_token_row *rows = NULL;
    size_t count = 0;
    mw_arena_init(&arena, TOKENS_SIZE_MAX);
    mw_status status = mw_tokens_list(mw_state_catalog(d->workspace.state), &arena, &rows, &count,
                                      err);
    if (status == MW_OK)
        mw_access_set(&d->access, rows, count, mw_sys_now_us(d->workspace.cli->sys));
    mw_arena_release(&arena);
    return status;
}

/* Windows may be to be filled from now on. */
static void begin_rebuild(void *context) {
    daemon *d = context;
    mw_timer_set(d->reactor, &d->rebuild, mw_reactor_now_us(d->reactor));
}

static mw_status change_stage(void *context, const mw_stage_wish *wish, mw_pause **pause,
                              mw_stage_change *out_change, mw_error *err) {
    return mw_champion_changes_enact(&((daemon *)context)->changes, wish, pause, out_change, err);
}

static mw_status list_versions(void *context, mw_str model, mw_arena *arena,
                               mw_version_row **out_versions, size_t *out_count, mw_error *err) {
    const daemon *d = context;
    return mw_registry_versions(mw_workspace_registry(&d->workspace), model, arena, out_versions,
                                out_count, err);
}

static mw_status tell_pulse(const daemon *d, mw_str name, mw_buf *out, mw_error *err) {
    size_t model = 0;
    MW_TRY(mw_champions_find(&d->champions, name, &model, err));
    mw_sys *sys = d->workspace.cli->sys;
    mw_pulse_reading pulse = mw_pulse_read(d->pulse, model, mw_sys_monotonic_us(sys));
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_count(&json, "asked", pulse.asked);
    mw_json_put_count(&json, "refused", pulse.refused);
    mw_json_put_count(&json, "failed", pulse.failed);
    mw_json_put_number(&json, "p50_us", pulse.p50_us);
    mw_json_put_number(&json, "p99_us", pulse.p99_us);
    mw_json_object_end(&json);
    return MW_OK;
}

static mw_status end_recovery(daemon *d, mw_error *err) {
    const mw_workspace *workspace = &d->workspace;
    mw_admission_config admission = {workspace->state, workspace->program,
                                     ARRIVAL_EVENT_US * (int64_t)(d->champions.count + 1)};
    MW_TRY(mw_admission_create(admission, &d->admission, err));
    MW_TRY(mw_version_archive_create(workspace, &d->archive, err));
    mw_service_config service = {.sequencer = d->sequencer,
                                 .project = workspace->project,
                                 .program = workspace->program,
                                 .symbols = workspace->symbols,
                                 .zones = workspace->zones,
                                 .archive = {d->archive, recall, recall_scorer},
                                 .sys = workspace->cli->sys,
                                 .asking = workspace->asking};
    MW_TRY(mw_service_create(service, &d->service, err));
    begin_rebuild(d);
    return mw_champions_take_over(&d->champions, err);
}

/* --- ingests -------------------------------------------------------------------------- */

static uint64_t count_arriving(const daemon *d) {
    const mw_arrival *arrival = mw_sequencer_arrival(d->sequencer);
    return arrival && mw_arrival_is_accepted(arrival) ? mw_arrival_left(arrival) : 0;
}

/* Takes what has reached its place, a few events at a time. */
static void arrive(mw_timer *timer, int64_t now_us) {
    daemon *d = (daemon *)((char *)timer - offsetof(daemon, arrival));
    mw_error err = {0};
    mw_status status = mw_sequencer_advance(d->sequencer, &err);
    if (status == MW_OK) status = mw_sequencer_commit(d->sequencer, &err);
    if (status != MW_OK) give_up(d, status, &err);
    else if (count_arriving(d) > 0 && !mw_reactor_is_stopping(d->reactor))
        mw_timer_set(d->reactor, timer, now_us + ARRIVAL_US);
}

static void forget_project(daemon *d) {
    mw_service_destroy(d->service);
    mw_version_archive_destroy(d->archive);
    mw_admission_destroy(d->admission);
    mw_sequencer_close(d->sequencer);
    mw_champions_release(&d->champions);
}

/* Makes what `of` knows of the project what `d` knows. */
static void take_project(daemon *d, const daemon *of) {
    d->champions = of->champions;
    d->sequencer = of->sequencer;
    d->archive = of->archive;
    d->admission = of->admission;
    d->service = of->service;
}

/* A history came in, which lies behind the sequencer: all is recovered again, with it. Nothing that
   was predicted could have seen it, or nothing was predicted at all, so no answer is late for it
   but those that wait meanwhile. */
static mw_status recover_again(daemon *d, mw_error *err) {
    daemon before = *d;
    MW_TRY(mw_sequencer_commit(d->sequencer, err));
    MW_TRY(mw_sequencer_sync(d->sequencer, err));
    take_project(d, &(const daemon){.sequencer = NULL});
    mw_status status = open_sequencer(d, err);
    if (status == MW_OK) status = mw_sequencer_recover(d->sequencer, SIZE_MAX, err);
    if (status == MW_OK) status = end_recovery(d, err);
    if (status == MW_OK) {
        d->api.service = d->service;
        d->api.sequencer = d->sequencer;
        forget_project(&before);
        return MW_OK;
    }
    forget_project(d);
    take_project(d, &before); /* for the rest of this turn, whose answers are not promised */
    return status;
}

static mw_status accept_ingest(daemon *d, mw_str bytes, mw_buf *answer, mw_error *err) {
    mw_reader reader = {.rest = bytes};
    mw_accepted accepted;
    bool is_history = false;
    MW_TRY(mw_admission_accept(d->admission, d->sequencer, (int64_t)mw_read_u64(&reader),
                               &accepted, &is_history, err));
    mw_status status = is_history ? recover_again(d, err) : MW_OK;
    if (status != MW_OK) give_up(d, status, err);
    else mw_accepted_append(answer, &accepted);
    mw_timer_set(d->reactor, &d->arrival, mw_reactor_now_us(d->reactor) + ARRIVAL_US);
    return status;
}

static mw_status not_ready(mw_error *err) {
    mw_status status = mw_fail(err, MW_BUSY, "serve: the server is still recovering");
    return mw_hint(err, status, "millwright status shows how far it is.");
}

static mw_status handle_message(void *context, mw_control_message *message, mw_buf *answer,
                                mw_error *err) {
    daemon *d = context;
    uint32_t kind = message->kind;
    mw_str bytes = message->bytes;
    if (kind == MW_SERVE_TOKENS) return load_tokens(context, err);
    if (kind == MW_SERVE_PULSE) return tell_pulse(context, bytes, answer, err);
    if (kind == MW_SERVE_RECHECKED)
        return mw_recheck_metrics_take(&d->workspace, d->telemetry, bytes, err);
    if (kind == MW_SERVE_PROGRESS) {
        write_progress(d, answer);
        return MW_OK;
    }
    if (!d->is_ready) return not_ready(err);
    if (kind == MW_SERVE_CHAMPION)
        return mw_champion_changes_follow(&d->changes, bytes, &message->pause, err);
    if (kind == MW_SERVE_SUCCESSORS) {
        mw_champions_list_next(&d->champions, answer);
        return MW_OK;
    }
    if (kind == MW_SERVE_OFFER)
        return mw_admission_offer(d->admission, d->sequencer, bytes, err);
    if (kind == MW_SERVE_EVENTS)
        return mw_admission_gather(d->admission, d->sequencer, bytes, err);
    if (kind == MW_SERVE_ACCEPT) return accept_ingest(d, bytes, answer, err);
    if (kind == MW_SERVE_ARRIVING) {
        mw_buf_append_u64(answer, count_arriving(d));
        return MW_OK;
    }
    return mw_fail(err, MW_NOT_BUILT, "serve: the server knows no message %u", kind);
}

static mw_status open_access_log(daemon *d, mw_error *err) {
    const mw_cli *cli = d->workspace.cli;
    const char *path = mw_cli_option(cli, "--access-log");
    double share = d->listening.logged_share;
    return path ? mw_access_log_open(cli->sys, path, share, &d->access_log, err) : MW_OK;
}

static mw_status listen(daemon *d, mw_error *err) {
    MW_TRY(mw_telemetry_create(&d->telemetry, err));
    MW_TRY(mw_pulse_create(d->champions.count, &d->pulse, err));
    MW_TRY(load_tokens(d, err));
    MW_TRY(open_access_log(d, err));
    if (d->listening.key)
        MW_TRY(mw_tls_create(d->workspace.cli->sys, d->listening.certificate, d->listening.key,
                             &d->tls, err));
    d->api = (mw_api){.telemetry = d->telemetry,
                      .sequencer = d->sequencer,
                      .change = change_stage,
                      .list = list_versions,
                      .stage_context = d};
    mw_server_config config = {.host = d->listening.host,
                               .port = d->listening.port,
                               .router = mw_api_router(),
                               .context = &d->api,
                               .telemetry = d->telemetry,
                               .pulse = d->pulse,
                               .tls = d->tls,
                               .access_log = d->access_log,
                               .access = d->listening.asks_tokens ? &d->access : NULL,
                               .teller_count = d->listening.teller_count,
                               .deadline_us = d->listening.deadline_us,
                               .commit = commit_batch,
                               .look_synced = look_synced,
                               .commit_context = d};
    MW_TRY(mw_server_create(d->reactor, config, &d->server, err));
    mw_control_config control = {
        .path = mw_state_path(d->workspace.state, &d->workspace.arena, MW_SERVE_SOCKET),
        .handle = handle_message,
        .context = d};
    if (!control.path) return mw_fail(err, MW_NO_MEMORY, "serve: no memory");
    return mw_control_create(d->reactor, control, &d->control, err);
}

static void append_versions(const daemon *d, mw_buf *out) {
    for (size_t i = 0; i < d->workspace.program->model_count; i++) {
        const mw_scorer *scorer = mw_decider_scorer(mw_sequencer_decider(d->sequencer, i));
        mw_buf_printf(out, ", model %.*s, version %.*s",
                      MW_STR_ARGS(d->workspace.program->models[i].name),
                      MW_STR_ARGS(scorer ? mw_scorer_name(scorer) : MW_STR("none")));
    }
}

/* Places never go back: until the clock is there again all that comes counts as late. */
static void warn_of_clock(const daemon *d) {
    mw_sys *sys = d->workspace.cli->sys;
    int64_t place = mw_sequencer_read_stats(d->sequencer).last_place;
    if (mw_sequencer_is_virtual(d->sequencer) || place - MW_MINUTE_US <= mw_sys_now_us(sys)) return;
    mw_cli_note(d->workspace.cli,
                "warning: the log has come to %s, which the clock has not: was it ahead before? "
                "Until then all that comes counts from there on",
                mw_time_text_of(place / MW_SECOND_US * MW_SECOND_US).text);
}

static void announce(daemon *d) {
    mw_cli *cli = d->workspace.cli;
    mw_sequencer_stats stats = mw_sequencer_read_stats(d->sequencer);
    const char *note = mw_sequencer_note(d->sequencer);
    double seconds = (double)(mw_sys_monotonic_us(cli->sys) - d->started_us) / 1e6;
    unsigned long long count = stats.history_events + stats.log_events;
    bool is_outdated = look_at_today(d);
    mw_time_text accepted = mw_time_text_of(d->workspace.accepted_us);
    if (cli->json) {
        mw_json json = mw_json_begin(&cli->out);
        mw_json_object(&json);
        mw_json_put_text(&json, "host", d->listening.host);
        mw_json_put_int(&json, "port", mw_server_port(d->server));
        mw_json_put_count(&json, "recovered", count);
        mw_json_put_count(&json, "replayed", stats.replayed);
        mw_json_put_number(&json, "seconds", seconds);
        if (is_outdated) mw_json_put_time(&json, "accepted", d->workspace.accepted_us);
        if (note[0]) mw_json_key(&json, "note");
        if (note[0]) mw_json_text(&json, note);
        mw_json_object_end(&json);
        mw_buf_append_char(&cli->out, '\n');
    } else {
        const char *host = d->listening.host[0] ? d->listening.host : "*";
        bool is_six = strchr(host, ':') != NULL; /* stands in brackets in a URL */
        mw_buf_printf(&cli->out, "listening on %s://%s%s%s:%u", d->tls ? "https" : "http",
                      is_six ? "[" : "", host, is_six ? "]" : "",
                      mw_server_port(d->server));
        append_versions(d, &cli->out);
        mw_buf_printf(&cli->out, ", recovered %llu events in %.1f s", count, seconds);
        if (stats.replayed < count)
            mw_buf_printf(&cli->out, ", %llu of them by a checkpoint", count - stats.replayed);
        mw_buf_append_char(&cli->out, '\n');
    }
    if (note[0]) mw_cli_note(cli, "server: %s", note);
    if (is_outdated)
        mw_cli_note(cli, "server: goes on with the project as it was accepted at %s; "
                         MW_PROJECT_FILE " is another now, and counts once serve is started "
                         "again", accepted.text);
    mw_cli_flush(cli);
    mw_listening_warn(&d->listening, cli, d->access.count);
    warn_of_clock(d);
    const char *doubt = d->tls ? mw_tls_doubt(d->tls) : NULL;
    if (doubt)
        mw_cli_note(cli, "warning: %s %s: clients that look at it will not come in",
                    d->listening.certificate, doubt);
}

/* --- starting ----------------------------------------------------------------------------- */

static mw_status start_slice(daemon *d, mw_error *err) {
    int64_t now_us = mw_sys_monotonic_us(d->workspace.cli->sys);
    bool is_busy = false;
    while (!mw_sequencer_is_ready(d->sequencer)) {
        MW_TRY(mw_sequencer_recover(d->sequencer, SLICE_STEPS, err));
        if (is_over(d, now_us)) break;
    }
    if (!mw_sequencer_is_ready(d->sequencer)) return MW_OK;
    if (!d->service) MW_TRY(end_recovery(d, err));
    MW_TRY(rebuild_slice(d, &is_busy, err));
    if (is_busy) return MW_OK;
    d->is_ready = true;
    mw_pace_take_small_pages();
    d->api.service = d->service;
    begin_keeping(d);
    announce(d);
    mw_timer_set(d->reactor, &d->tick, mw_sys_monotonic_us(d->workspace.cli->sys) + TICK_US);
    return MW_OK;
}

/* Who asks is told meanwhile that the server is not ready. */
static void start(mw_timer *timer, int64_t now_us) {
    daemon *d = (daemon *)((char *)timer - offsetof(daemon, start));
    mw_error err = {0};
    mw_status status = start_slice(d, &err);
    int64_t pause_us = mw_sequencer_waits(d->sequencer) ? SLICE_US : 0;
    if (status != MW_OK) give_up(d, status, &err);
    else if (!d->is_ready && !mw_reactor_is_stopping(d->reactor))
        mw_timer_set(d->reactor, timer, now_us + pause_us);
}

static mw_status open_all(daemon *d, mw_error *err) {
    MW_TRY(mw_listening_read(d->workspace.cli, &d->listening, err));
    MW_TRY(read_word(d, err));
    MW_TRY(create_reactor(d, err));
    MW_TRY(open_workspace(d, err));
    MW_TRY(forget_served(d, err));
    MW_TRY(read_clock(d, err));
    MW_TRY(open_sequencer(d, err));
    MW_TRY(begin_commits(d, err));
    return listen(d, err);
}

/* The keeper's process may be writing one; it dies with the keeper, which is told to end at the
   same time. The daemon may be gone when this thread goes on. */
static mw_status write_checkpoint(void *context, mw_error *err) {
    const daemon *d = context;
    mw_sys *sys = d->workspace.cli->sys;
    mw_sequencer *sequencer = d->sequencer;
    for (int tries = 1;; tries++) {
        mw_status status = mw_sequencer_save(sequencer, err);
        if (status != MW_BUSY || tries == LOCK_TRIES) return status;
        MW_TRY(mw_poller_pause(sys, LOCK_PAUSE_US, err));
    }
}

/* So that the next start has little to replay; without it that one takes longer. A machine that is
   too busy for it must not keep the process from ending in time: then the two end together. */
static void save(daemon *d) {
    mw_cli *cli = d->workspace.cli;
    mw_errand *errand = NULL;
    mw_error reason = {0};
    int64_t passed_us = mw_sys_monotonic_us(cli->sys) - mw_reactor_stopped_us(d->reactor);
    mw_status status = mw_errand_begin(cli->sys, write_checkpoint, d, &errand, &reason);
    if (status == MW_OK) d->is_saving = !mw_errand_wait_for(errand, END_WITHIN_US - passed_us);
    if (d->is_saving) {
        mw_cli_note(cli, "server: no checkpoint was written: it took too long");
        return;
    }
    if (status == MW_OK) status = mw_errand_wait(errand, &reason);
    mw_errand_end(errand);
    if (status != MW_OK && status != MW_BUSY)
        mw_cli_note(cli, "server: no checkpoint was written: %s", reason.message);
}

static mw_status run(daemon *d, mw_error *err) {
    MW_TRY(open_all(d, err));
    d->tick.fire = tick;
    d->start.fire = start;
    d->rebuild.fire = rebuild;
    d->arrival.fire = arrive;
    d->changes = (mw_champion_changes){
        .champions = &d->champions, .made = begin_rebuild, .context = d};
    mw_timer_set(d->reactor, &d->start, mw_reactor_now_us(d->reactor));
    MW_TRY(mw_reactor_run(d->reactor, err));
    if (d->failure != MW_OK) {
        *err = d->failure_error;
        return d->failure;
    }
    MW_TRY(mw_sequencer_commit(d->sequencer, err));
    MW_TRY(mw_sequencer_sync(d->sequencer, err));
    mw_batch_commit_stop(&d->commit); /* which tells of its syncs by d; `save` may outlive that */
    if (d->is_ready) save(d);
    return MW_OK;
}

/* What was promoted while none ran may fit today's file, and not the one that is served. */
static mw_status hint_at_today(daemon *d, mw_status status, mw_error *err) {
    bool may_cure = mw_status_exit_code(status) == 3 && !d->is_ready && d->is_begun_again;
    bool is_outdated = false;
    if (!may_cure ||
        mw_workspace_look_at_today(&d->workspace, &is_outdated, NULL) != MW_OK || !is_outdated)
        return status;
    return mw_hint(err, status, "It goes by the project as it was accepted at %s; to go by "
                                MW_PROJECT_FILE " of today, start serve again.",
                   mw_time_text_of(d->workspace.accepted_us).text);
}

static void close_down(daemon *d) {
    mw_batch_commit_stop(&d->commit);
    mw_control_destroy(d->control);
    mw_server_destroy(d->server);
    mw_tls_destroy(d->tls);
    if (d->access_log) mw_access_log_flush(d->access_log);
    mw_access_log_close(d->access_log);
    mw_batch_commit_end(&d->commit);
    mw_reactor_destroy(d->reactor);
    mw_baton_destroy(d->baton);
    mw_telemetry_destroy(d->telemetry);
    mw_pulse_destroy(d->pulse);
    forget_project(d);
    mw_workspace_release(&d->workspace);
}

mw_status mw_cli_server(mw_cli *cli, mw_error *err) {
    daemon d = {.workspace = {.cli = cli}, .started_us = mw_sys_monotonic_us(cli->sys)};
    mw_pace_keep_blocks_apart();
    mw_process_outlive_readers();
    mw_status status = hint_at_today(&d, run(&d, err), err);
    if (!d.is_saving) close_down(&d); /* else its memory is in use up to the end of the process */
    return status;
}
