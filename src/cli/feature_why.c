#include "cli/feature_why.h"

#include "cli/feature_list.h"
#include "cli/feature_walk.h"
#include "cli/window_events.h"
#include "lang/asked.h"
#include "lang/origins.h"
#include "sys/terminal.h"
#include "table/cell_json.h"

enum { LABEL = -1 };

typedef struct {
    const mw_feature_walk *walk;
    mw_oracle oracle;
    const mw_step *step;
    mw_oracle_moment at; /* the step's; its windows are ours */
    mw_window_events events;
    int32_t feature; /* index, or LABEL */
} inquiry;

/* --- which windows ------------------------------------------------------------------------ */

static void find_windows(const inquiry *it, mw_origins *origins) {
    const mw_model_program *model = it->oracle.model;
    if (it->feature != LABEL) {
        mw_origins_add(origins, model->features[it->feature].code);
        return;
    }
    mw_origins_add(origins, model->label);
    mw_origins_add(origins, model->unless);
}

static mw_status tell_found(inquiry *it, const mw_origins *origins, mw_buf *out, mw_json *json,
                            mw_error *err) {
    bool is_first = true;
    for (size_t i = 0; i < it->oracle.model->window_count; i++) {
        if (!origins->windows[i]) continue;
        if (json) MW_TRY(mw_window_events_write_json(&it->events, i, json, err));
        else MW_TRY(mw_window_events_print(&it->events, i, out, err));
        is_first = false;
    }
    if (is_first && !json)
        mw_buf_append_text(out, "\nIt hangs on the moment's own event alone.\n");
    return MW_OK;
}

static mw_status tell_windows(inquiry *it, mw_buf *out, mw_json *json, mw_error *err) {
    mw_origins origins;
    MW_TRY(mw_origins_init(&origins, it->oracle.program, it->oracle.model, err));
    find_windows(it, &origins);
    mw_status status = tell_found(it, &origins, out, json, err);
    mw_origins_release(&origins);
    return status;
}

/* Of the user's, whose answers the value hangs on; empty: none. */
static mw_str process_of(const inquiry *it) {
    const mw_program *program = it->oracle.program;
    const mw_model_program *model = it->oracle.model;
    if (it->feature != LABEL) return model->features[it->feature].process;
    mw_str process = mw_asked_of_code(program, model, model->label);
    return process.size > 0 ? process : mw_asked_of_code(program, model, model->unless);
}

static mw_cell asked_value(const inquiry *it, mw_type *out_type) {
    const mw_model_program *model = it->oracle.model;
    *out_type = it->feature == LABEL ? mw_code_type(model->label)
                                     : model->features[it->feature].type;
    return it->feature == LABEL ? it->step->label.value : it->step->features[it->feature];
}

static mw_status tell_json(inquiry *it, mw_error *err) {
    mw_cli *cli = it->walk->workspace.cli;
    mw_type type;
    mw_cell value = asked_value(it, &type);
    mw_json json = mw_json_begin(&cli->out);
    mw_json_object(&json);
    mw_json_put_text(&json, "id", cli->words[0]);
    mw_json_put_text(&json, "feature", cli->words[1]);
    mw_json_put_time(&json, "time", it->step->moment.t);
    mw_json_put_time(&json, "place", it->step->moment.place);
    mw_json_key(&json, "value");
    mw_cell_write_json(&json, type, value, it->oracle.symbols);
    mw_json_put_bool(&json, "proved_exact", process_of(it).size == 0);
    mw_json_key(&json, "windows");
    mw_json_array(&json);
    MW_TRY(tell_windows(it, NULL, &json, err));
    mw_json_array_end(&json);
    mw_json_object_end(&json);
    return MW_OK;
}

static mw_status tell(inquiry *it, mw_error *err) {
    mw_cli *cli = it->walk->workspace.cli;
    if (cli->json) return tell_json(it, err);
    mw_type type;
    mw_cell value = asked_value(it, &type);
    mw_buf_printf(&cli->out, "%s of %s is ", cli->words[1], cli->words[0]);
    if (mw_cell_is_missing(type, value)) mw_buf_append_text(&cli->out, "missing");
    else mw_cell_append(&cli->out, type, value, it->oracle.symbols);
    mw_buf_append_text(&cli->out, ", as training sees it\nmoment ");
    mw_time_append(&cli->out, it->step->moment.t);
    if (it->feature == LABEL) {
        mw_buf_append_text(&cli->out, "; it matured at ");
        mw_time_append(&cli->out, it->step->moment.t + it->oracle.model->maturity_us);
    } else {
        mw_buf_append_text(&cli->out, "; what is known before ");
        mw_time_append(&cli->out, it->step->moment.place);
        mw_buf_append_text(&cli->out, " counts");
    }
    mw_buf_append_char(&cli->out, '\n');
    mw_str process = process_of(it);
    if (process.size > 0)
        mw_buf_printf(&cli->out, "what the process %.*s answered is " MW_NOT_PROVED "\n",
                      MW_STR_ARGS(process));
    return tell_windows(it, &cli->out, NULL, err);
}

/* --- the command -------------------------------------------------------------------------- */

static mw_status find_feature(inquiry *it, mw_error *err) {
    mw_cli *cli = it->walk->workspace.cli;
    const mw_model_program *model = it->oracle.model;
    mw_str name = mw_str_of(cli->words[1]);
    for (size_t i = 0; i < model->feature_count; i++) {
        it->feature = (int32_t)i;
        if (mw_str_equal(model->features[i].name, name)) return MW_OK;
    }
    it->feature = LABEL;
    if (mw_str_is(name, "label")) return MW_OK;
    return mw_feature_not_found(model, cli->words[1], err);
}

/* Whether the step is the one that is asked about. */
static bool is_asked(const inquiry *it, const mw_step *step, mw_buf *scratch) {
    bool is_label = step->kind == MW_DUE_LABEL;
    if (is_label != (it->feature == LABEL)) return false;
    const mw_stream *stream = &it->oracle.program->streams[it->oracle.model->moment_stream];
    mw_buf_clear(scratch);
    mw_stream_append_id(stream, step->moment.row, it->oracle.symbols, scratch);
    return mw_str_is(mw_buf_str(scratch), it->walk->workspace.cli->words[0]);
}

/* Keys may ask for windows, which are worked out once for all events. */
static mw_status tell_step(inquiry *it, mw_error *err) {
    const mw_model_program *model = it->oracle.model;
    mw_cell *windows =
        mw_arena_alloc(&it->walk->workspace.cli->arena, model->window_count + 1, sizeof *windows);
    if (!windows) return mw_fail(err, MW_NO_MEMORY, "features why: no memory for the windows");
    it->at = (mw_oracle_moment){.moment = &it->step->moment, .features = it->step->features};
    MW_TRY(mw_oracle_windows(&it->oracle, &it->at, it->feature == LABEL, windows, err));
    it->at.windows = windows;
    it->events.oracle = &it->oracle;
    it->events.at = &it->at;
    return tell(it, err);
}

static mw_status find_moment(inquiry *it, mw_error *err) {
    const mw_feature_walk *walk = it->walk;
    mw_progress progress = mw_progress_begin(walk->workspace.cli->sys, "replaying",
                                             walk->moment_count_max);
    mw_buf scratch;
    mw_buf_init(&scratch, 1 << 20);
    bool is_found = false, is_done = false;
    mw_status status = MW_OK;
    mw_step step;
    while (status == MW_OK && !is_found) {
        status = mw_replay_next(walk->replay, &step, &is_done, err);
        if (status != MW_OK || is_done) break;
        is_found = is_asked(it, &step, &scratch);
        mw_progress_update(&progress, step.number);
    }
    mw_buf_release(&scratch);
    mw_progress_end(&progress);
    MW_TRY(status);
    it->step = &step;
    if (is_found) return tell_step(it, err);
    const char *id = walk->workspace.cli->words[0];
    status = mw_fail(err, MW_NOT_FOUND, "features why: model %.*s has no %s of %s",
                     MW_STR_ARGS(it->oracle.model->name),
                     it->feature == LABEL ? "matured label" : "moment", id);
    return mw_hint(err, status,
                   "An id is written as `features build` does: its values joined by |, times as "
                   "2013-12-31T05:00:00Z. An event that came later than its stream's `late` allows "
                   "makes no moment.");
}

static mw_status ask(const mw_feature_walk *walk, int64_t shown_max, mw_error *err) {
    const mw_workspace *workspace = &walk->workspace;
    inquiry it = {.walk = walk,
                  .oracle = {workspace->program, walk->model.program, &walk->events,
                             workspace->symbols},
                  .events = {.shown_max = (size_t)shown_max}};
    mw_status status = find_feature(&it, err);
    if (status == MW_OK) status = find_moment(&it, err);
    mw_window_events_release(&it.events);
    return status;
}

mw_status mw_cli_features_why(mw_cli *cli, mw_error *err) {
    int64_t shown_max;
    mw_cli_bounds bounds = {1, INT64_MAX, MW_WINDOW_EVENTS_USUAL};
    MW_TRY(mw_cli_int(cli, "--events", bounds, &shown_max, err));
    mw_feature_walk walk;
    mw_status status = mw_feature_walk_begin(cli, &walk, err);
    if (status == MW_OK) status = ask(&walk, shown_max, err);
    mw_feature_walk_end(&walk);
    return status;
}
