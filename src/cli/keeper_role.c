#include "cli/keeper_role.h"

#include <stdio.h>
#include <string.h>

#include "cli/champion_watch.h"
#include "cli/checkpointer.h"
#include "cli/log_mover.h"
#include "cli/server_call.h"
#include "cli/train.h"
#include "ingest/log_tail.h"
#include "monitor/alert_book.h"
#include "sys/errand.h"
#include "sys/pace.h"
#include "sys/poller.h"
#include "sys/process.h"

enum { TICK_US = 300000, PAUSE_US = 30000000, PULSE_US = 60000000, SETTING_MAX = 512,
       STAGES_SIZE_MAX = 1 << 24,
       OVER_US = 4 * PAUSE_US /* after a failure that did not come back */ };

typedef struct keeper keeper;

/* What failed last. A full disk fails the same each time: that is told once, until it is over. */
typedef struct {
    mw_error err;
    int64_t at_us; /* by the monotonic clock */
} trouble;

/* A model that it keeps. */
typedef struct {
    keeper *owner;
    mw_workspace_model model; /* of the file that is served: what is trained next */
    mw_champion_watch champion;
    char answering[MW_VERSION_NAME_SIZE + 1]; /* the version that is watched */
    mw_follower *gatherer; /* of examples by that, where the champion has another program */
    mw_buf version;     /* bytes: of what was trained last, or else of the champion */
    int64_t checked;    /* what happened up to then was kept in an earlier life */
    int64_t trained;    /* INT64_MIN: not since the log began */
    int64_t next_check; /* of the loop, when its consequences were kept last */
    int64_t pulse_due;  /* when the server is asked again, by the monotonic clock */
    mw_status put_off;  /* why its training waits, which was told; MW_OK: it does not */
} charge;

/* The watching thread's own. */
struct keeper {
    mw_cli *cli;
    mw_poller *poller; /* for its pauses */
    mw_workspace workspace;
    bool is_open;
    bool has_begun; /* the log */
    bool is_apart;       /* it went by another file than the server, and said so */
    int64_t compare_due; /* when it asks again by which file the server goes, monotonic */
    mw_log_reach reach; /* as of this tick, before it looked at the lake */
    mw_shared_history history;
    char lake[MW_SHA256_HEX_SIZE + 1]; /* the version of what the history holds */
    trouble trouble;
    charge *charges;
    size_t charge_count;
};

static mw_str name_of(const charge *it) { return it->model.program->name; }

/* --- what it knows of its earlier life ------------------------------------------------------ */

static void setting_name(const charge *it, char out_name[SETTING_MAX]) {
    snprintf(out_name, SETTING_MAX, "keeper.%.*s", MW_STR_ARGS(name_of(it)));
}

/* "CHECKED TRAINED", in us. */
static mw_status remember(charge *it, mw_error *err) {
    mw_workspace *workspace = &it->owner->workspace;
    char name[SETTING_MAX];
    mw_str text = {0}, checked, trained;
    mw_error absent;
    setting_name(it, name);
    it->checked = it->trained = INT64_MIN;
    mw_status status = mw_catalog_get(mw_state_catalog(workspace->state), name,
                                      &workspace->arena, &text, &absent);
    if (status == MW_NOT_FOUND) return MW_OK;
    if (status != MW_OK) return mw_fail(err, status, "%s", absent.message);
    if (mw_str_split(&text, ' ', &checked) && mw_str_split(&text, ' ', &trained) &&
        mw_str_to_int64(checked, &it->checked) && mw_str_to_int64(trained, &it->trained))
        return MW_OK;
    return mw_fail(err, MW_CORRUPT, "%s: the setting cannot be read", name);
}

static mw_status write_down(charge *it, int64_t checked, mw_error *err) {
    char name[SETTING_MAX], value[64];
    setting_name(it, name);
    snprintf(value, sizeof value, "%lld %lld", (long long)checked, (long long)it->trained);
    return mw_catalog_set(mw_state_catalog(it->owner->workspace.state), name, mw_str_of(value),
                          err);
}

/* --- what the loop sets off ----------------------------------------------------------------- */

/* Who has examples by the served program, as of now: the champion's watch, where it has that;
   else lake and log are read again. */
static mw_status gather(charge *it, int64_t now, const mw_follower **out_follower, mw_error *err) {
    const mw_workspace *workspace = &it->owner->workspace;
    *out_follower = mw_watch_follower(it->champion.watch);
    if (it->champion.is_of_today) return MW_OK;
    mw_follower_config config = {.sys = it->owner->cli->sys,
                                 .program = workspace->program,
                                 .model = it->model.program,
                                 .project_model = it->model.project,
                                 .symbols = workspace->symbols,
                                 .memory = mw_workspace_memory(workspace),
                                 .from = INT64_MIN};
    config.log_folder = mw_state_path(workspace->state, &it->champion.version.arena, "log");
    if (!config.log_folder) return mw_fail(err, MW_NO_MEMORY, "keeper: no memory");
    MW_TRY(mw_shared_history_load(workspace, &it->owner->history, err));
    config.history = &it->owner->history.events;
    config.lake = it->owner->history.lake;
    mw_follower_destroy(it->gatherer);
    it->gatherer = NULL;
    MW_TRY(mw_follower_create(config, &it->gatherer, err));
    *out_follower = it->gatherer;
    return mw_follower_advance(it->gatherer, (mw_log_reach){now, it->owner->reach.end}, err);
}

static mw_status learn(charge *it, int64_t now, mw_str why, const mw_follower *follower,
                       mw_error *err) {
    char data_version[MW_SHA256_HEX_SIZE + 1];
    mw_follower_data_version(follower, data_version);
    mw_retraining order = {.workspace = &it->owner->workspace,
                           .model = it->model,
                           .examples = mw_follower_examples(follower),
                           .data_version = mw_str_of(data_version),
                           .as_of = now,
                           .why = why};
    mw_buf version;
    mw_buf_init(&version, MW_VERSION_SIZE_MAX);
    mw_status status = mw_train_again(&order, &version, err);
    if (status != MW_OK) {
        mw_buf_release(&version);
        return status;
    }
    mw_buf_release(&it->version);
    it->version = version;
    return MW_OK;
}

/* Whoever edits the file may have trained by it and promoted that: a training by what is served
   would put the definition of before in its place. Of a file that cannot be read nobody knows. */
static bool must_wait(charge *it) {
    bool is_outdated = false;
    mw_error unread = {0};
    mw_status looked = mw_workspace_look_at_today(&it->owner->workspace, &is_outdated, &unread);
    mw_status reason = looked != MW_OK ? looked : is_outdated ? MW_CONFLICT : MW_OK;
    if (reason != MW_OK && reason != it->put_off)
        mw_cli_note(it->owner->cli, "keeper: model %.*s is not retrained: %s",
                    MW_STR_ARGS(name_of(it)),
                    is_outdated ? MW_PROJECT_FILE " is another than serve goes by; retraining "
                                  "waits for serve to be started again"
                                : unread.message);
    it->put_off = reason;
    return reason != MW_OK;
}

static mw_status train(void *context, int64_t now, mw_str why, mw_loop_training *out_training,
                       mw_error *err) {
    charge *it = context;
    if (must_wait(it)) {
        *out_training = (mw_loop_training){.is_put_off = true};
        return MW_OK;
    }
    const mw_follower *watching = mw_watch_follower(it->champion.watch), *gathered = NULL;
    mw_error reason = {0};
    mw_status status = gather(it, now, &gathered, &reason);
    if (status == MW_OK) status = learn(it, now, why, gathered, &reason);
    it->trained = now;
    /* What cannot be learned leaves the model as it is, and is tried again when due. */
    if (status == MW_INVALID)
        mw_cli_note(it->owner->cli, "keeper: model %.*s was not retrained: %s",
                    MW_STR_ARGS(name_of(it)), reason.message);
    else if (status != MW_OK) return mw_fail(err, status, "%s", reason.message);
    const mw_examples *examples = mw_follower_examples(gathered);
    *out_training = (mw_loop_training){.version_bytes = mw_buf_str(&it->version),
                                       .examples = examples,
                                       .example_count = mw_examples_known_by(examples, now),
                                       .champion_examples = mw_follower_examples(watching),
                                       .costs = mw_model_costs(it->model.project)};
    if (it->champion.is_of_today) out_training->champion_examples = NULL;
    return MW_OK;
}

/* Its training took its time: whoever promoted or went back meanwhile knew more than it did when it
   began. Its version stays in the catalog, and the watch begins anew with theirs. */
static void give_way(charge *it, const mw_loop_event *event, const mw_error *reason) {
    mw_str model = name_of(it);
    mw_cli_note(it->owner->cli,
                "keeper: version %.*s was trained, and passed, but is not promoted: %s\n"
                "  millwright models promote %.*s %.*s lets it answer all the same.",
                MW_STR_ARGS(event->version), reason->message, MW_STR_ARGS(model),
                MW_STR_ARGS(event->version));
    mw_loop_end(mw_watch_loop(it->champion.watch));
    it->answering[0] = 0;
}

static mw_status change_champion(charge *it, const mw_loop_event *event, mw_error *err) {
    mw_promotion wish = {.model = name_of(it),
                         .version = event->version,
                         .is_conditional = true,
                         .over = mw_str_of(it->answering),
                         .is_new = true, /* unless a person, or a keeper before, went past it */
                         .change = {mw_sys_now_us(it->owner->cli->sys), MW_STR("keeper"),
                                    event->text}};
    mw_succession made;
    mw_arena arena;
    mw_arena_init(&arena, STAGES_SIZE_MAX);
    mw_status status = mw_registry_promote(mw_workspace_registry(&it->owner->workspace), &wish,
                                           &arena, &made, err);
    mw_arena_release(&arena);
    return status;
}

static mw_status promote(charge *it, const mw_loop_event *event, mw_error *err) {
    mw_error reason = {0};
    mw_status status = change_champion(it, event, &reason);
    if (status == MW_CONFLICT) {
        give_way(it, event, &reason);
        return MW_OK;
    }
    if (status != MW_OK) return mw_fail(err, status, "%s", reason.message);
    /* One of another program is watched by that: from its beginning. */
    if (it->champion.is_of_today)
        snprintf(it->answering, sizeof it->answering, "%.*s", MW_STR_ARGS(event->version));
    /* A server that cannot be told now reads the catalog when it starts. */
    if (mw_serve_tell_champion(&it->owner->workspace, name_of(it), &reason) != MW_OK)
        mw_cli_note(it->owner->cli, "keeper: %s", reason.message);
    return MW_OK;
}

static mw_status write_alerts(charge *it, int64_t now, mw_error *err) {
    const mw_loop *loop = mw_watch_loop(it->champion.watch);
    mw_catalog *catalog = mw_state_catalog(it->owner->workspace.state);
    for (size_t i = 0; i < mw_loop_alert_count(loop); i++)
        MW_TRY(mw_alert_book_write(catalog, name_of(it), mw_loop_alert(loop, i), now, err));
    return MW_OK;
}

static mw_status keep_event(charge *it, const mw_loop_event *event, mw_error *err) {
    switch (event->kind) {
    case MW_LOOP_ALARM:
    case MW_LOOP_CALM: return write_alerts(it, event->time, err);
    case MW_LOOP_PROMOTED: MW_TRY(promote(it, event, err)); break;
    case MW_LOOP_REFUSED: break;
    case MW_LOOP_TRAINED:
    case MW_LOOP_EVENT_COUNT: return MW_OK; /* what comes of it follows */
    }
    return write_down(it, event->time, err);
}

static mw_status record(void *context, const mw_loop_event *event, mw_error *err) {
    charge *it = context;
    if (event->time <= it->checked) return MW_OK;
    MW_TRY(keep_event(it, event, err));
    if (it->answering[0] == '\0') return MW_OK; /* it gave way, and said so */
    mw_cli_note(it->owner->cli, "keeper: model=%.*s event=%s version=%.*s why=\"%.*s\"",
                MW_STR_ARGS(name_of(it)), mw_loop_event_word(event->kind),
                MW_STR_ARGS(event->version), MW_STR_ARGS(event->text));
    return MW_OK;
}

/* --- keeping one model ---------------------------------------------------------------------- */

/* The champion may have become another than the one that called for this. */
static mw_status begin_watch(charge *it, mw_error *err) {
    keeper *owner = it->owner;
    MW_TRY(remember(it, err));
    mw_keeping keeping = {{it, train, record}, it->checked, it->trained};
    mw_champion_watch_end(&it->champion);
    it->next_check = INT64_MIN;
    it->answering[0] = 0;
    MW_TRY(mw_champion_watch_begin(&owner->workspace, it->model.project, &owner->history, &keeping,
                                   &it->champion, err));
    mw_buf_clear(&it->version);
    mw_buf_append_str(&it->version, mw_buf_str(&it->champion.version.bytes));
    MW_TRY(mw_buf_check(&it->version, "a version", err));
    snprintf(it->answering, sizeof it->answering, "%.*s",
             MW_STR_ARGS(it->champion.version.row.version));
    return MW_OK;
}

/* Begins anew when another version than the one that is watched was promoted. */
static mw_status find_champion(charge *it, mw_error *err) {
    mw_workspace *workspace = &it->owner->workspace;
    mw_version_row champion;
    mw_error absent;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 24);
    mw_status status = mw_registry_champion(mw_workspace_registry(workspace), name_of(it), &arena,
                                            &champion, &absent);
    bool is_known = status == MW_OK && mw_str_is(champion.version, it->answering);
    if (status == MW_OK && !is_known) status = begin_watch(it, err);
    else if (status != MW_OK && status != MW_NOT_FOUND)
        status = mw_fail(err, status, "%s", absent.message);
    mw_arena_release(&arena);
    return status;
}

/* Alerts, and up to when all this has been thought through, once a midnight. */
static mw_status keep_consequences(charge *it, mw_error *err) {
    const mw_loop *loop = mw_watch_loop(it->champion.watch);
    if (mw_loop_is_over(loop) || mw_loop_next_check(loop) == it->next_check) return MW_OK;
    int64_t now = mw_follower_now(mw_watch_follower(it->champion.watch));
    MW_TRY(write_alerts(it, now, err));
    MW_TRY(write_down(it, now, err));
    it->next_check = mw_loop_next_check(loop);
    return MW_OK;
}

/* A server that cannot answer now has measured nothing. */
static mw_status feel_pulse(charge *it, mw_error *err) {
    int64_t now_us = mw_sys_monotonic_us(it->owner->cli->sys);
    mw_serve_pulse pulse = {.is_served = false};
    mw_error silent;
    if (now_us < it->pulse_due) return MW_OK;
    it->pulse_due = now_us + PULSE_US;
    if (mw_serve_read_pulse(&it->owner->workspace, name_of(it), &pulse, &silent) != MW_OK)
        pulse = (mw_serve_pulse){.is_served = false};
    MW_TRY(mw_champion_watch_hear(&it->champion, &pulse, err));
    mw_serve_rechecked rechecked = {
        mw_follower_rechecked(mw_watch_follower(it->champion.watch)), it->champion.proof};
    if (mw_serve_tell_rechecked(&it->owner->workspace, name_of(it), &rechecked, &silent) != MW_OK)
        silent.message[0] = 0; /* its metrics stay as they are until the next time */
    return MW_OK;
}

static mw_status keep(charge *it, mw_error *err) {
    mw_status status = find_champion(it, err);
    if (status == MW_NOT_FOUND) return MW_OK;
    MW_TRY(status);
    MW_TRY(mw_watch_advance(it->champion.watch, it->owner->reach, err));
    MW_TRY(feel_pulse(it, err));
    return keep_consequences(it, err);
}

/* --- the process ------------------------------------------------------------------------------ */

static mw_status list_charges(keeper *k, mw_error *err) {
    mw_workspace *workspace = &k->workspace;
    size_t count = workspace->program->model_count;
    k->charges = mw_arena_alloc(&workspace->arena, count + 1, sizeof *k->charges);
    if (!k->charges) return mw_fail(err, MW_NO_MEMORY, "keeper: no memory");
    for (size_t i = 0; i < count; i++) {
        charge *it = &k->charges[k->charge_count++];
        *it = (charge){.owner = k,
                       .model = {&workspace->project->models[i], &workspace->program->models[i]}};
        mw_buf_init(&it->version, MW_VERSION_SIZE_MAX);
    }
    return MW_OK;
}

static mw_status open_project(keeper *k, mw_error *err) {
    mw_workspace *workspace = &k->workspace;
    k->is_open = true;
    MW_TRY(mw_workspace_open_served(k->cli, MW_WORKSPACE_CATALOG, NULL, workspace, err));
    MW_TRY(mw_log_tail_check(workspace->state, err));
    MW_TRY(mw_workspace_log_reach(workspace, &k->reach, err));
    MW_TRY(mw_lake_version(mw_state_lake(workspace->state), k->lake, err));
    return list_charges(k, err);
}

static void close_project(keeper *k) {
    for (size_t i = 0; i < k->charge_count; i++) {
        mw_champion_watch_end(&k->charges[i].champion);
        mw_follower_destroy(k->charges[i].gatherer);
        mw_buf_release(&k->charges[i].version);
    }
    k->charge_count = 0;
    mw_shared_history_release(&k->history);
    if (k->is_open) mw_workspace_release(&k->workspace);
    k->is_open = false;
}

/* What an ingest brings has places among those that were followed already: all begins anew. What is
   moved from the log was followed there. The log is followed no further than it reached before the
   lake was looked at: what stands behind may have seen an ingest that is not known here. */
static mw_status hear_of_ingests(keeper *k, mw_error *err) {
    char lake[MW_SHA256_HEX_SIZE + 1];
    if (!k->is_open) return MW_OK;
    MW_TRY(mw_workspace_log_reach(&k->workspace, &k->reach, err));
    MW_TRY(mw_lake_version(mw_state_lake(k->workspace.state), lake, err));
    if (!mw_str_is(mw_str_of(lake), k->lake)) close_project(k);
    return MW_OK;
}

/* Models are watched from the log's beginning on, which a server makes once it has recovered. */
static mw_status await_log(keeper *k, mw_error *err) {
    mw_log_survey survey;
    mw_arena arena;
    if (k->has_begun) return MW_OK;
    mw_arena_init(&arena, 1 << 16);
    const char *folder = mw_state_path(k->workspace.state, &arena, "log");
    mw_status status = folder ? mw_log_survey_read(k->cli->sys, folder, MW_STR(""), &survey, err)
                              : mw_fail(err, MW_NO_MEMORY, "keeper: no memory");
    k->has_begun = status == MW_OK && survey.begin != INT64_MAX;
    mw_arena_release(&arena);
    return status;
}

static bool goes_by_same(const keeper *k, const mw_serve_progress *server) {
    char project[MW_SHA256_HEX_SIZE + 1];
    mw_workspace_hash_project(&k->workspace, project);
    return strcmp(project, server->project) == 0;
}

/* Opens it once the server is ready, which has made its state then, and has said by which file.
   Where that could not be kept, today's may be another: versions by that might be none that the
   server can use, and retraining would stand still with nobody told. */
static mw_status open_as_served(keeper *k, mw_error *err) {
    mw_serve_progress server;
    MW_TRY(mw_serve_ask_progress(k->cli, &server, err));
    if (!server.is_ready) return MW_OK;
    MW_TRY(open_project(k, err));
    k->compare_due = mw_sys_monotonic_us(k->cli->sys) + PULSE_US;
    bool was_apart = k->is_apart;
    k->is_apart = !goes_by_same(k, &server);
    if (was_apart && !k->is_apart)
        mw_cli_note(k->cli, "keeper: goes by the server's project file now, and watches again");
    if (!k->is_apart) return MW_OK;
    return mw_fail(err, MW_CONFLICT,
                   "the server goes by another project file than %s: nothing is watched until that "
                   "is kept", k->workspace.project_path);
}

/* A server that was begun again while none was kept goes by the file of that day. One that cannot
   be asked now is asked again. */
static void follow_server(keeper *k) {
    mw_serve_progress server = {.is_up = false};
    mw_error silent;
    int64_t now_us = mw_sys_monotonic_us(k->cli->sys);
    if (!k->is_open || now_us < k->compare_due) return;
    k->compare_due = now_us + PULSE_US;
    if (mw_serve_ask_progress(k->cli, &server, &silent) != MW_OK || !server.is_ready) return;
    if (goes_by_same(k, &server)) return;
    mw_cli_note(k->cli, "keeper: the server was begun again by another project file: opens that");
    close_project(k);
}

static mw_status work(keeper *k, mw_error *err) {
    MW_TRY(hear_of_ingests(k, err));
    follow_server(k);
    if (!k->is_open) MW_TRY(open_as_served(k, err));
    if (!k->is_open) return MW_OK;
    MW_TRY(await_log(k, err));
    if (!k->has_begun) return MW_OK;
    for (size_t i = 0; i < k->charge_count; i++) MW_TRY(keep(&k->charges[i], err));
    mw_duck_rest(k->workspace.duck); /* the lake is read when a watch begins, and no more */
    return MW_OK;
}

/* Of what began then: a training that fails in the end may take longer than it takes to be over. */
static void tell_trouble(const mw_cli *cli, int64_t began_us, const mw_error *err, trouble *it) {
    bool goes_on = strcmp(it->err.message, err->message) == 0 && began_us - it->at_us < OVER_US;
    *it = (trouble){*err, mw_sys_monotonic_us(cli->sys)};
    if (!goes_on) mw_cli_note(cli, "keeper: %s", err->message);
}

/* After a failure it begins anew, some time later: the server must not suffer from it. */
static int64_t work_or_rest(keeper *k) {
    mw_error err = {0};
    int64_t began_us = mw_sys_monotonic_us(k->cli->sys);
    mw_pace_begin_turns();
    mw_status status = work(k, &err);
    mw_pace_end_turns();
    if (status == MW_OK) return TICK_US;
    tell_trouble(k->cli, began_us, &err, &k->trouble);
    close_project(k);
    return PAUSE_US;
}

static mw_status pause_for(mw_poller *poller, int64_t span_us, mw_error *err) {
    mw_poller_event event;
    size_t count = 0;
    return mw_poller_wait(poller, span_us, &event, 1, &count, err);
}

static mw_status watch(void *context, mw_error *err) {
    keeper *k = context;
    mw_status status = MW_OK;
    mw_process_work_in_background();
    while (status == MW_OK) status = pause_for(k->poller, work_or_rest(k), err);
    MW_ASSERT(status == MW_OK); /* only a poller that we have misused fails */
    return status;
}

/* What the server needs others for. */
typedef struct {
    mw_cli *cli;
    bool has_served; /* so the project can be read, and its state is there */
    mw_checkpointer checkpointer;
    mw_log_mover mover;
    mw_prover prover;
    trouble trouble;
} chores;

static mw_status advance_chores(chores *c, mw_error *err) {
    c->has_served = c->has_served || mw_serve_is_up(c->cli);
    if (!c->has_served) return MW_OK;
    MW_TRY(mw_checkpointer_advance(&c->checkpointer, err));
    MW_TRY(mw_log_mover_advance(&c->mover, err));
    return mw_prover_advance(&c->prover, err);
}

static int64_t do_chores(chores *c) {
    mw_error err = {0};
    int64_t began_us = mw_sys_monotonic_us(c->cli->sys);
    if (advance_chores(c, &err) == MW_OK) return TICK_US;
    tell_trouble(c->cli, began_us, &err, &c->trouble);
    return PAUSE_US;
}

/* It ends where a SIGTERM of its supervisor finds it, in the middle of a training too: all that it
   writes is whole or not there, and what it had not thought through it does in its next life. */
mw_status mw_cli_keeper(mw_cli *cli, mw_error *err) {
    keeper k = {.cli = cli};
    chores c = {.cli = cli,
                .checkpointer = {.work = {.cli = cli, .command = "checkpoint"},
                                 .log_size = UINT64_MAX},
                .mover = {.work = {.cli = cli, .command = "move-log"}, .segment = INT64_MIN},
                .prover = {.cli = cli}};
    mw_poller *poller = NULL;
    mw_errand *watching = NULL;
    mw_process_leave_terminal_to_parent();
    mw_process_outlive_readers();
    mw_status status = mw_poller_create(cli->sys, &k.poller, err);
    if (status == MW_OK) status = mw_poller_create(cli->sys, &poller, err);
    if (status == MW_OK) status = mw_errand_begin_apart(cli->sys, watch, &k, &watching, err);
    while (status == MW_OK) status = pause_for(poller, do_chores(&c), err);
    mw_poller_destroy(poller);
    mw_poller_destroy(k.poller);
    return status;
}
