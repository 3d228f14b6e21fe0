#include "cli/intake.h"

#include "cli/grid.h"
#include "cli/server_call.h"
#include "cli/server_ingest.h"
#include "lang/lexer.h"
#include "monitor/lag_advice.h"
#include "project/utf8.h"
#include "sys/poller.h"

enum { TRIES = 50, PAUSE_US = 200000, VALUE_SIZE_MAX = 40, NAMES_MAX = 8 };

mw_status mw_intake_run(mw_intake intake, mw_ingest_report *out_report, mw_error *err) {
    const mw_workspace *workspace = intake.workspace;
    mw_ingest_config config = {.state = intake.state,
                               .project = workspace->project,
                               .program = workspace->program,
                               .symbols = workspace->symbols,
                               .zones = workspace->zones,
                               .folder = workspace->folder,
                               .streams = intake.streams,
                               .stream_count = intake.stream_count,
                               .from = mw_str_of(intake.from),
                               .now_us = mw_sys_now_us(workspace->cli->sys),
                               .wants_history = intake.wants_history,
                               .acceptor = intake.acceptor};
    return mw_ingest(&config, out_report, err);
}

/* --- what it says ----------------------------------------------------------------------- */

/* What `clean` has done, file by file; nothing where it did nothing. */
static void print_cleaned(const mw_ingest_report *report, mw_buf *out) {
    for (size_t i = 0; i < report->file_count; i++) {
        const mw_ingest_file *file = &report->files[i];
        if (file->cleaned + file->dropped == 0) continue;
        mw_buf_printf(out, "\n%.*s: cleaned %zu values and dropped %zu rows of %.*s\n",
                      MW_STR_ARGS(file->stream), file->cleaned, file->dropped,
                      MW_STR_ARGS(file->file));
    }
}

/* A column that came later, or whose name is misspelt: what it says is lost. */
static void print_strange_columns(const mw_ingest_file *file, mw_buf *out) {
    mw_buf_printf(out, "\n%.*s: %.*s has %s that the stream has not, left out:",
                  MW_STR_ARGS(file->stream), MW_STR_ARGS(file->file),
                  file->column_count == 1 ? "a column" : "columns");
    for (size_t i = 0; i < file->column_count && i < NAMES_MAX; i++) {
        mw_buf_append_text(out, i > 0 ? ", " : " ");
        mw_buf_append_text(out, mw_utf8_show(file->columns[i]).text);
    }
    if (file->column_count > NAMES_MAX)
        mw_buf_printf(out, " and %zu more", file->column_count - NAMES_MAX);
    mw_buf_append_char(out, '\n');
}

static void print_strangers(const mw_ingest_report *report, mw_buf *out) {
    bool is_any = false;
    for (size_t i = 0; i < report->file_count; i++) {
        if (report->files[i].column_count == 0) continue;
        print_strange_columns(&report->files[i], out);
        is_any = true;
    }
    if (is_any)
        mw_buf_append_text(out,
                           "A stream keeps the columns that it began with; is a name misspelt?\n");
}

static void print_reasons(const mw_ingest_report *report, mw_buf *out) {
    if (report->reason_count == 0) return;
    mw_grid grid = mw_grid_begin("stream|>refused|rule|>first row|value");
    for (size_t i = 0; i < report->reason_count; i++) {
        mw_grid_add_str(&grid, report->reasons[i].stream);
        mw_grid_add_count(&grid, report->reasons[i].row_count);
        mw_grid_add_str(&grid, report->reasons[i].rule);
        mw_grid_add_count(&grid, report->reasons[i].first_row);
        mw_grid_add_str(&grid, mw_utf8_cut(report->reasons[i].value, VALUE_SIZE_MAX));
    }
    mw_buf_append_char(out, '\n');
    mw_grid_print(&grid, "", out);
}

static void print_unanswered(const mw_ingest_report *report, mw_buf *out) {
    if (report->unanswered == 0) return;
    mw_buf_printf(out, "\nOf %llu values that processes were asked for %llu were not answered. The "
                       "last time, %.*s.\n",
                  (unsigned long long)(report->answered + report->unanswered),
                  (unsigned long long)report->unanswered, MW_STR_ARGS(report->unanswered_why));
}

/* Where `known` is data, nobody declared how long to wait: the data say it (rule 1). */
static void print_overdue(const mw_overdue *found, mw_buf *out) {
    mw_buf_printf(out, "\n%.*s: ", MW_STR_ARGS(found->stream));
    mw_count_append(out, found->count);
    mw_buf_append_text(out, " of ");
    mw_count_append(out, found->of);
    mw_buf_append_text(out, found->of == 1 ? " event becomes" : " events become");
    mw_buf_append_text(out, " known later than ");
    mw_span_append(out, found->waits_us);
    mw_buf_append_text(out, " after their time, which is how long labels and moments wait\n"
                            "  (`late`): they change no label, and make no example. 99 in 100 are "
                            "known within ");
    mw_span_write(out, mw_lag_rounded_up(found->most_us));
    mw_buf_append_text(out, ", all within ");
    mw_span_write(out, mw_lag_rounded_up(found->longest_us));
    mw_buf_append_text(out, ".\n  Say `late: ");
    mw_span_write(out, mw_lag_rounded_up(found->longest_us));
    mw_buf_append_text(out, "` to wait for them all.\n");
}

void mw_intake_print(const mw_ingest_report *report, mw_buf *out) {
    mw_grid grid = mw_grid_begin("stream|file|>rows|>new|>events|>corrections|"
                                 ">left out|>repeats|>refused");
    for (size_t i = 0; i < report->file_count; i++) {
        const mw_ingest_file *file = &report->files[i];
        mw_grid_add_str(&grid, file->stream);
        mw_grid_add_str(&grid, file->file);
        mw_grid_add_count(&grid, file->row_count);
        mw_grid_add_count(&grid, file->row_count - file->known_count);
        mw_grid_add_count(&grid, file->event_count);
        mw_grid_add_count(&grid, file->corrections);
        mw_grid_add_count(&grid, file->left_out);
        mw_grid_add_count(&grid, file->repeats);
        mw_grid_add_count(&grid, file->quarantined);
    }
    mw_grid_print(&grid, "", out);
    print_cleaned(report, out);
    print_strangers(report, out);
    print_reasons(report, out);
    for (size_t i = 0; i < report->overdue_count; i++) print_overdue(&report->overdue[i], out);
    print_unanswered(report, out);
}

static void write_file_json(const mw_ingest_file *file, mw_json *json) {
    mw_json_object(json);
    mw_json_put_str(json, "stream", file->stream);
    mw_json_put_str(json, "file", file->file);
    mw_json_put_count(json, "rows", file->row_count);
    mw_json_put_count(json, "new", file->row_count - file->known_count);
    mw_json_put_count(json, "events", file->event_count);
    mw_json_put_count(json, "corrections", file->corrections);
    mw_json_put_count(json, "left_out", file->left_out);
    mw_json_put_count(json, "dropped", file->dropped);
    mw_json_put_count(json, "cleaned_values", file->cleaned);
    mw_json_put_count(json, "repeats", file->repeats);
    mw_json_put_count(json, "quarantined", file->quarantined);
    mw_json_key(json, "columns_left_out");
    mw_json_array(json);
    for (size_t i = 0; i < file->column_count; i++) mw_json_str(json, file->columns[i]);
    mw_json_array_end(json);
    mw_json_object_end(json);
}

static void write_overdue_json(const mw_overdue *found, mw_json *json) {
    mw_json_object(json);
    mw_json_put_str(json, "stream", found->stream);
    mw_json_put_count(json, "events", found->of);
    mw_json_put_count(json, "overdue", found->count);
    mw_json_put_number(json, "waits_seconds", (double)found->waits_us / MW_SECOND_US);
    mw_json_put_number(json, "known_p99_seconds", (double)found->most_us / MW_SECOND_US);
    mw_json_put_number(json, "known_longest_seconds", (double)found->longest_us / MW_SECOND_US);
    mw_json_object_end(json);
}

void mw_intake_write_json(const mw_ingest_report *report, mw_json *json) {
    mw_json_key(json, "files");
    mw_json_array(json);
    for (size_t i = 0; i < report->file_count; i++) write_file_json(&report->files[i], json);
    mw_json_array_end(json);
    mw_json_put_count(json, "unchanged_files", report->unchanged_count);
    mw_json_key(json, "refused");
    mw_json_array(json);
    for (size_t i = 0; i < report->reason_count; i++) {
        mw_json_object(json);
        mw_json_put_str(json, "stream", report->reasons[i].stream);
        mw_json_put_str(json, "rule", report->reasons[i].rule);
        mw_json_put_count(json, "rows", report->reasons[i].row_count);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
    mw_json_key(json, "overdue");
    mw_json_array(json);
    for (size_t i = 0; i < report->overdue_count; i++)
        write_overdue_json(&report->overdue[i], json);
    mw_json_array_end(json);
    mw_json_put_count(json, "answered", report->answered);
    mw_json_put_count(json, "unanswered", report->unanswered);
}

/* --- the command ------------------------------------------------------------------------ */

static void print_json(const mw_ingest_report *report, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_key(&json, "ingest");
    if (report->ingest > 0) mw_json_int(&json, report->ingest);
    else mw_json_null(&json);
    mw_json_key(&json, "place");
    if (report->place != MW_TIME_MISSING) mw_json_time(&json, report->place);
    else mw_json_null(&json);
    mw_intake_write_json(report, &json);
    mw_json_key(&json, "quarantine");
    if (report->quarantine) mw_json_text(&json, report->quarantine);
    else mw_json_null(&json);
    mw_json_put_text(&json, "data_version", report->data_version);
    mw_json_object_end(&json);
}

static void print_text(const mw_ingest_report *report, mw_buf *out) {
    if (report->file_count == 0) {
        mw_buf_printf(out, "nothing to do: %s the lake has all rows",
                      report->unchanged_count == 1 ? "the file is unchanged," : "no file changed,");
        if (report->data_version[0])
            mw_buf_printf(out, " (data version %.12s)", report->data_version);
        mw_buf_append_char(out, '\n');
        return;
    }
    mw_intake_print(report, out);
    if (report->ingest == 0 || !report->data_version[0]) return; /* there are no events yet */
    mw_buf_printf(out, "\ndata version %.12s. Events count from ", report->data_version);
    if (report->place == MW_TIME_MISSING) {
        mw_buf_append_text(out, "the time that they declare as known (history).\n");
        return;
    }
    mw_buf_append_text(out, "now on (");
    mw_time_append(out, report->place);
    mw_buf_append_text(out, "), or later where they declare so: predictions are recorded.\n");
}

static mw_status check_streams(const mw_workspace *workspace, const mw_str *streams, size_t count,
                               mw_error *err) {
    for (size_t i = 0; i < count; i++)
        if (!mw_project_find_stream(workspace->project, streams[i]))
            return mw_fail(err, MW_NOT_FOUND, "ingest: the project has no stream %.*s",
                           MW_STR_ARGS(streams[i]));
    return MW_OK;
}

/* Beside a server the keeper may be adding to the lake just now; and rows of the same ids may come
   over the network while the files are read: then it is made again, which knows them. */
static mw_status run_until_accepted(mw_intake intake, mw_ingest_report *out_report,
                                    mw_error *err) {
    for (int tries = 1;; tries++) {
        mw_status status = mw_intake_run(intake, out_report, err);
        if (status != MW_BUSY || !intake.acceptor.accept || tries == TRIES) return status;
        mw_ingest_report_release(out_report);
        MW_TRY(mw_poller_pause(intake.workspace->cli->sys, PAUSE_US, err));
    }
}

/* A server has the right to give places; then the ingest is handed to it. */
static mw_status open_workspace(mw_cli *cli, const char *from, mw_workspace *workspace,
                                bool *out_is_served, mw_error *err) {
    *out_is_served = mw_serve_is_up(cli);
    return mw_workspace_open(cli, *out_is_served ? MW_WORKSPACE_CATALOG : MW_WORKSPACE_WRITE,
                             from, workspace, err);
}

static mw_status ingest(const mw_workspace *workspace, const char *from, bool is_served,
                        mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_str streams[MW_WORDS_MAX];
    for (size_t i = 0; i < cli->word_count; i++) streams[i] = mw_str_of(cli->words[i]);
    MW_TRY(check_streams(workspace, streams, cli->word_count, err));
    mw_ingest_report report;
    mw_intake intake = {workspace, workspace->state, streams, cli->word_count, from,
                        mw_cli_has(cli, "--history"), {NULL, NULL}};
    if (is_served) intake.acceptor = mw_server_acceptor(workspace);
    mw_cli_note(cli, "reading the data ...");
    mw_status status = run_until_accepted(intake, &report, err);
    bool is_told = status == MW_OK || report.took_nothing;
    if (is_told && cli->json) print_json(&report, &cli->out);
    else if (is_told) print_text(&report, &cli->out);
    if (status == MW_OK && report.quarantined > 0) {
        status = mw_fail(err, MW_CHECK_FAILED,
                         "ingest: %zu of %zu rows were refused; the rest is in",
                         report.quarantined, report.row_count);
        if (report.quarantine)
            (void)mw_hint(err, status, "They stand in %s with the reasons.", report.quarantine);
    }
    mw_ingest_report_release(&report);
    return status;
}

mw_status mw_cli_ingest(mw_cli *cli, mw_error *err) {
    const char *from = mw_cli_option(cli, "--from");
    if (from && cli->word_count != 1) {
        mw_status status = mw_fail(err, MW_USAGE, "ingest: --from needs the stream that it is for");
        return mw_hint(err, status, "millwright ingest orders --from new_orders.csv");
    }
    mw_workspace workspace;
    bool is_served = false;
    mw_status status = open_workspace(cli, from, &workspace, &is_served, err);
    if (status == MW_OK) status = ingest(&workspace, from, is_served, err);
    mw_workspace_release(&workspace);
    return status;
}
