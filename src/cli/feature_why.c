#include "cli/feature_why.h"

#include <stdlib.h>

#include "cli/feature_list.h"
#include "cli/feature_walk.h"
#include "cli/grid.h"
#include "feature/oracle.h"
#include "sys/terminal.h"
#include "table/cell_json.h"

enum { EVENTS_USUAL = 20, LABEL = -1 };

typedef struct {
    mw_event event;
    mw_verdict verdict;
} witness;

typedef struct {
    const mw_feature_walk *walk;
    mw_oracle oracle;
    const mw_step *step;
    mw_oracle_moment at; /* the step's; its windows are ours */
    int32_t feature;   /* index, or LABEL */
    size_t shown_max;  /* events of a window, in text */
    witness *witnesses; /* of the window in hand */
    size_t count, capacity, in_count;
} inquiry;

static const struct {
    const char *word, *text;
} verdicts[] = {
    [MW_VERDICT_IN] = {"in", "in"},
    [MW_VERDICT_OWN] = {"own", "left out: the predicted one's own"},
    [MW_VERDICT_CONDITION] = {"condition", "left out: its condition does not hold"},
    [MW_VERDICT_NOT_YET_KNOWN] = {"not_yet_known", "left out: not yet known"},
    [MW_VERDICT_REPLACED] = {"replaced", "left out: replaced by the correction of "},
};

/* --- which windows ------------------------------------------------------------------------ */

/* Whether the code reads the window itself or through features. */
static bool reads(const mw_model_program *model, const mw_code *code, size_t window) {
    if (mw_code_reads_window(code, (int32_t)window)) return true;
    for (size_t i = 0; i < model->feature_count; i++)
        if (mw_code_reads_feature(code, (int32_t)i) &&
            reads(model, model->features[i].code, window))
            return true;
    return false;
}

static bool asks_about(const inquiry *it, size_t window) {
    const mw_model_program *model = it->oracle.model;
    if (it->feature != LABEL) return reads(model, model->features[it->feature].code, window);
    return reads(model, model->label, window) ||
           (model->unless && reads(model, model->unless, window));
}

/* --- their events ------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b) {
    const mw_event *one = &((const witness *)a)->event, *other = &((const witness *)b)->event;
    if (one->time != other->time) return one->time < other->time ? -1 : 1;
    return (one->place > other->place) - (one->place < other->place);
}

/* All that the window might hold by span and keys, in the order of their times. */
static mw_status gather(inquiry *it, size_t window, mw_error *err) {
    int32_t stream = it->oracle.model->windows[window].stream;
    size_t row_count = it->oracle.events->streams[stream].rows.row_count;
    it->count = it->in_count = 0;
    for (size_t row = 0; row < row_count; row++) {
        mw_event event = mw_events_row(it->oracle.events, stream, row);
        mw_verdict verdict = mw_oracle_judge(&it->oracle, &it->at, window, &event);
        if (verdict == MW_VERDICT_ELSEWHERE) continue;
        if (!mw_grow((void **)&it->witnesses, &it->capacity, it->count + 1,
                     sizeof *it->witnesses, row_count))
            return mw_fail(err, MW_NO_MEMORY, "features why: no memory for the events");
        it->witnesses[it->count++] = (witness){event, verdict};
        it->in_count += verdict == MW_VERDICT_IN;
    }
    if (it->count > 0) qsort(it->witnesses, it->count, sizeof *it->witnesses, by_time);
    return MW_OK;
}

static mw_cell value_of(const inquiry *it, const mw_window *window, const mw_event *event) {
    mw_frame frame = {.row = event->row,
                      .now = it->step->moment.row,
                      .windows = it->at.windows,
                      .time_us = event->time,
                      .now_us = it->step->moment.t,
                      .symbols = it->oracle.symbols,
                      .zone = it->oracle.program->zone};
    return mw_code_run(window->value, &frame);
}

/* --- telling ------------------------------------------------------------------------------ */

static void append_id(const inquiry *it, const mw_event *event, mw_buf *out) {
    const mw_stream *stream = &it->oracle.program->streams[event->stream];
    mw_stream_append_id(stream, event->row, it->oracle.symbols, out);
}

static void print_events(const inquiry *it, const mw_window *window, mw_buf *out) {
    mw_grid grid = mw_grid_begin(window->value ? "time|known|id|>value|" : "time|known|id|");
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    size_t skipped = it->count > it->shown_max ? it->count - it->shown_max : 0;
    for (size_t i = skipped; i < it->count; i++) {
        const witness *one = &it->witnesses[i];
        mw_grid_add_time(&grid, one->event.time);
        mw_grid_add_time(&grid, mw_event_counts_from(&one->event));
        mw_buf_clear(&text);
        append_id(it, &one->event, &text);
        mw_grid_add_str(&grid, mw_buf_str(&text));
        if (window->value) {
            mw_buf_clear(&text);
            mw_cell_append(&text, mw_code_type(window->value),
                           value_of(it, window, &one->event), it->oracle.symbols);
            mw_grid_add_str(&grid, mw_buf_str(&text));
        }
        mw_buf_clear(&text);
        mw_buf_append_text(&text, verdicts[one->verdict].text);
        if (one->verdict == MW_VERDICT_REPLACED)
            mw_time_append(&text, mw_oracle_counts_until(&it->oracle, &one->event));
        mw_grid_add_str(&grid, mw_buf_str(&text));
    }
    if (skipped > 0) mw_buf_printf(out, "  %zu earlier, then\n", skipped);
    if (it->count > 0) mw_grid_print(&grid, "  ", out);
    mw_buf_release(&grid.cells);
    mw_buf_release(&text);
}

static void write_events(const inquiry *it, const mw_window *window, mw_json *json) {
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    mw_json_array(json);
    for (size_t i = 0; i < it->count; i++) {
        const witness *one = &it->witnesses[i];
        mw_json_object(json);
        mw_json_put_time(json, "time", one->event.time);
        mw_json_put_time(json, "known", mw_event_counts_from(&one->event));
        mw_buf_clear(&text);
        append_id(it, &one->event, &text);
        mw_json_put_str(json, "id", mw_buf_str(&text));
        if (window->value) {
            mw_json_key(json, "value");
            mw_cell_write_json(json, mw_code_type(window->value),
                               value_of(it, window, &one->event), it->oracle.symbols);
        }
        mw_json_put_text(json, "verdict", verdicts[one->verdict].word);
        if (one->verdict == MW_VERDICT_REPLACED) {
            mw_json_put_time(json, "replaced_at", mw_oracle_counts_until(&it->oracle, &one->event));
        }
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
    mw_buf_release(&text);
}

static mw_status tell_windows(inquiry *it, mw_buf *out, mw_json *json, mw_error *err) {
    const mw_model_program *model = it->oracle.model;
    bool is_first = true;
    for (size_t i = 0; i < model->window_count; i++) {
        if (!asks_about(it, i)) continue;
        const mw_window *window = &model->windows[i];
        MW_TRY(gather(it, i, err));
        if (json) {
            mw_json_object(json);
            mw_json_put_str(json, "window", window->text);
            mw_json_key(json, "events");
            write_events(it, window, json);
            mw_json_object_end(json);
            continue;
        }
        mw_buf_printf(out, "\n%.*s: %zu in, %zu left out\n", MW_STR_ARGS(window->text),
                      it->in_count, it->count - it->in_count);
        print_events(it, window, out);
        is_first = false;
    }
    if (is_first && !json)
        mw_buf_append_text(out, "\nIt hangs on the moment's own event alone.\n");
    return MW_OK;
}

static mw_cell asked_value(const inquiry *it, mw_type *out_type) {
    const mw_model_program *model = it->oracle.model;
    *out_type = it->feature == LABEL ? mw_code_type(model->label)
                                     : model->features[it->feature].type;
    return it->feature == LABEL ? it->step->label.value : it->step->features[it->feature];
}

static mw_status tell_json(inquiry *it, mw_error *err) {
    mw_cli *cli = it->walk->workspace->cli;
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
    mw_json_key(&json, "windows");
    mw_json_array(&json);
    MW_TRY(tell_windows(it, NULL, &json, err));
    mw_json_array_end(&json);
    mw_json_object_end(&json);
    return MW_OK;
}

static mw_status tell(inquiry *it, mw_error *err) {
    mw_cli *cli = it->walk->workspace->cli;
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
    return tell_windows(it, &cli->out, NULL, err);
}

/* --- the command -------------------------------------------------------------------------- */

static mw_status find_feature(inquiry *it, mw_error *err) {
    mw_cli *cli = it->walk->workspace->cli;
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
    return mw_str_is(mw_buf_str(scratch), it->walk->workspace->cli->words[0]);
}

/* Keys may ask for windows, which are worked out once for all events. */
static mw_status tell_step(inquiry *it, mw_error *err) {
    const mw_model_program *model = it->oracle.model;
    mw_cell *windows =
        mw_arena_alloc(&it->walk->workspace->cli->arena, model->window_count + 1, sizeof *windows);
    if (!windows) return mw_fail(err, MW_NO_MEMORY, "features why: no memory for the windows");
    it->at = (mw_oracle_moment){.moment = &it->step->moment, .features = it->step->features};
    MW_TRY(mw_oracle_windows(&it->oracle, &it->at, it->feature == LABEL, windows, err));
    it->at.windows = windows;
    return tell(it, err);
}

static mw_status find_moment(inquiry *it, mw_error *err) {
    const mw_feature_walk *walk = it->walk;
    mw_progress progress = mw_progress_begin(walk->workspace->cli->sys, "replaying",
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
    const char *id = walk->workspace->cli->words[0];
    status = mw_fail(err, MW_NOT_FOUND, "features why: model %.*s has no %s of %s",
                     MW_STR_ARGS(it->oracle.model->name),
                     it->feature == LABEL ? "matured label" : "moment", id);
    return mw_hint(err, status,
                   "An id is written as `features build` does: its values joined by |, times as "
                   "2013-12-31T05:00:00Z. An event that came later than its stream's `late` allows "
                   "makes no moment.");
}

static mw_status ask(const mw_feature_walk *walk, int64_t shown_max, mw_error *err) {
    const mw_workspace *workspace = walk->workspace;
    inquiry it = {.walk = walk,
                  .oracle = {workspace->program, walk->model.program, &walk->events,
                             workspace->symbols},
                  .shown_max = (size_t)shown_max};
    mw_status status = find_feature(&it, err);
    if (status == MW_OK) status = find_moment(&it, err);
    mw_free(it.witnesses);
    return status;
}

mw_status mw_cli_features_why(mw_cli *cli, mw_error *err) {
    int64_t shown_max;
    MW_TRY(mw_cli_int(cli, "--events", EVENTS_USUAL, &shown_max, err));
    if (shown_max < 1) return mw_fail(err, MW_USAGE, "--events: must be at least 1, got %lld",
                                      (long long)shown_max);
    mw_workspace workspace;
    mw_feature_walk walk;
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_READ, NULL, &workspace, err);
    if (status == MW_OK) status = mw_feature_walk_begin(&workspace, 0, &walk, err);
    if (status == MW_OK) {
        status = ask(&walk, shown_max, err);
        mw_feature_walk_end(&walk);
    }
    mw_workspace_release(&workspace);
    return status;
}
