#include "cli/serve.h"

#include "cli/listening.h"
#include "cli/served_project.h"
#include "cli/server_call.h"
#include "cli/workspace.h"
#include "serve/supervisor.h"
#include "sys/library.h"
#include "sys/poller.h"
#include "sys/process.h"

enum { ARGUMENTS_MAX = 32, SERVER_TRIES = 20, SERVER_PAUSE_US = 50000 };

static void say(void *context, const char *line) { mw_cli_note(context, "%s", line); }

/* The arguments of `serve` again, for the server's own command. */
static void list_arguments(const mw_cli *cli, const char *executable, const char *word,
                           const char *out_arguments[ARGUMENTS_MAX]) {
    static const char *const options[] = {"--listen",  "--clock",       "--tls-certificate",
                                          "--tls-key", "--plain-http",  "--tokens",
                                          "--access-log", "--access-share", "--threads",
                                          "--deadline"};
    size_t count = 0;
    out_arguments[count++] = executable;
    out_arguments[count++] = "server";
    out_arguments[count++] = "-C";
    out_arguments[count++] = cli->folder;
    out_arguments[count++] = "--serving";
    out_arguments[count++] = word;
    if (cli->json) out_arguments[count++] = "--json";
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const char *value = mw_cli_option(cli, options[i]);
        if (!value) continue;
        out_arguments[count++] = options[i];
        if (value[0]) out_arguments[count++] = value; /* a switch has none */
    }
    MW_ASSERT(count < ARGUMENTS_MAX);
    out_arguments[count] = NULL;
}

/* What the server would refuse is refused before there is one. */
static mw_status check_options(const mw_cli *cli, mw_error *err) {
    mw_listening listening;
    int64_t clock_us;
    const char *clock = mw_cli_option(cli, "--clock");
    MW_TRY(mw_listening_read(cli, &listening, err));
    return clock ? mw_cli_time(mw_zone_utc(), "--clock", clock, &clock_us, err) : MW_OK;
}

/* A keeper beside that server would take it for its own, and do its work a second time. One that
   was killed a moment ago may still be dying. */
static mw_status check_alone(mw_cli *cli, mw_error *err) {
    for (int tries = 1; mw_serve_is_up(cli); tries++) {
        if (tries == SERVER_TRIES) {
            mw_status status =
                mw_fail(err, MW_BUSY, "serve: a server runs on this project already");
            return mw_hint(err, status, "millwright status tells of it. A project is served once; "
                                        "--threads lets it use more cores.");
        }
        MW_TRY(mw_poller_pause(cli->sys, SERVER_PAUSE_US, err));
    }
    return MW_OK;
}

/* Until the process has ended, or this one is told to stop. */
static mw_status await_end(mw_cli *cli, mw_poller *poller, mw_process *process, bool *out_stops,
                           mw_error *err) {
    mw_poller_event event = {.kind = MW_POLLER_WOKEN};
    mw_poller_interest end = {.readable = true};
    size_t count = 0;
    MW_TRY(mw_poller_add(poller, mw_process_descriptor(process), 0, end, err));
    mw_status status = MW_OK;
    while (status == MW_OK && count == 0)
        status = mw_poller_wait(poller, -1, &event, 1, &count, err);
    mw_poller_remove(poller, mw_process_descriptor(process));
    *out_stops = status == MW_OK && event.kind == MW_POLLER_SIGNAL;
    if (*out_stops) mw_cli_note(cli, "told to stop by signal %d", event.signal_number);
    return status;
}

/* What looks for mistakes may read data files by threads, and children are to hang on a process
   that has none. So another process looks. */
static mw_status look(mw_cli *cli, mw_poller *poller, const char *executable, bool *out_stops,
                      bool *out_has_mistakes, mw_error *err) {
    const char *arguments[] = {executable, "look", "-C", cli->folder, NULL};
    mw_process_config config = {.arguments = arguments, .quiet_errors = true};
    mw_process *process = NULL;
    mw_process_result result = {.exit_code = 0};
    MW_TRY(mw_process_start(cli->sys, config, &process, err));
    mw_status status = await_end(cli, poller, process, out_stops, err);
    if (status == MW_OK && !*out_stops) status = mw_process_wait(process, &result, err);
    mw_process_destroy(process);
    *out_has_mistakes = result.exit_code == mw_status_exit_code(MW_INVALID);
    return status;
}

/* Where it finds some, this one tells them and ends. */
static mw_status check_project(mw_cli *cli, mw_poller *poller, const char *executable,
                               bool *out_stops, mw_error *err) {
    bool has_mistakes = false;
    mw_status status = look(cli, poller, executable, out_stops, &has_mistakes, err);
    if (status != MW_OK || !has_mistakes) return status;
    mw_workspace workspace;
    status = mw_workspace_open(cli, MW_WORKSPACE_LOOK, NULL, &workspace, err);
    mw_workspace_release(&workspace);
    if (status != MW_OK) return status;
    status = mw_fail(err, MW_BUSY, "serve: " MW_PROJECT_FILE " was changed while it was read");
    return mw_hint(err, status, "Start it again.");
}

mw_status mw_cli_look(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_LOOK, NULL, &workspace, err);
    mw_workspace_release(&workspace);
    return status;
}

/* `poller` catches signals: the supervisor has a poller of its own, which finds what comes between
   its waits and the first look. */
static mw_status serve(mw_cli *cli, mw_poller *poller, mw_error *err) {
    MW_TRY(check_alone(cli, err));
    const char *executable;
    bool stops = false;
    const char *server[ARGUMENTS_MAX];
    char word[MW_SERVE_WORD_SIZE_MAX + 1]; /* what another took up is not to come back in this */
    const char *keeper[] = {NULL, "keeper", "-C", cli->folder, NULL};
    MW_TRY(mw_executable_path(cli->sys, &cli->arena, &executable, err));
    MW_TRY(check_project(cli, poller, executable, &stops, err));
    if (stops) return MW_OK;
    mw_serve_word_draw(cli->sys, word);
    list_arguments(cli, executable, word, server);
    keeper[0] = executable;
    const mw_role roles[] = {{"server", server}, {"keeper", keeper}};
    mw_supervisor_config config = {.roles = roles,
                                   .role_count = sizeof roles / sizeof *roles,
                                   .say = say,
                                   .context = cli};
    return mw_supervisor_run(cli->sys, config, err);
}

/* From here on a signal is heard, as it must be by the first process of a container: what that does
   not ask for does not reach it. Only while mistakes that were found are read again to be told it
   waits. */
mw_status mw_cli_serve(mw_cli *cli, mw_error *err) {
    mw_poller *poller = NULL;
    MW_TRY(check_options(cli, err));
    mw_process_outlive_readers();
    mw_status status = mw_poller_create(cli->sys, &poller, err);
    if (status == MW_OK) status = mw_poller_catch_signals(poller, err);
    if (status == MW_OK) status = serve(cli, poller, err);
    mw_poller_destroy(poller);
    return status;
}
