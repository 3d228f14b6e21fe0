#include "cli/prediction_replay.h"

#include <string.h>

#include "cli/grid.h"
#include "cli/live_version.h"
#include "cli/reason_grid.h"
#include "cli/recorded_features.h"
#include "cli/window_events.h"
#include "decide/answer_json.h"
#include "decide/prediction.h"
#include "feature/oracle.h"
#include "ingest/history.h"
#include "lang/asked.h"
#include "lang/origins.h"
#include "table/cell_json.h"

enum { TEXT_SIZE_MAX = 1 << 20 };

typedef struct {
    mw_workspace *workspace;
    int64_t stamp;               /* names the prediction */
    mw_buf payload;              /* of its record */
    size_t element;              /* with `each`: which it was made for, by mw_prediction_number */
    mw_prediction recorded;
    mw_live_version version;     /* that made it */
    mw_schema features;          /* of the version */
    mw_events events;            /* all that lake and log have */
    bool has_events;
    mw_moment moment;            /* that it was made for */
    mw_oracle oracle;            /* of all events */
    mw_cell *replayed;           /* features, made again */
    mw_prediction again;         /* what the version says, likewise */
    mw_scorer *scorer;
    mw_reasons reasons;          /* the version's; items is NULL if there are none, for */
    mw_error no_reasons;         /* this reason */
    mw_oracle_moment at;         /* the moment with its windows */
    mw_window_events behind;     /* these */
    size_t differences;          /* of the features, the prediction and the decision */
} replay;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "predictions replay: no memory");
}

/* --- what was recorded -------------------------------------------------------------------- */

static mw_status scan_for(replay *r, mw_log_scan *scan, mw_error *err) {
    for (;;) {
        mw_record record;
        bool has_record = false;
        MW_TRY(mw_log_scan_next(scan, &record, &has_record, err));
        if (!has_record) break;
        if (record.type == MW_RECORD_DEFINITION) continue;
        if (record.place > r->stamp) break;
        if (record.place != r->stamp || record.type != MW_RECORD_PREDICTION) continue;
        mw_buf_append_str(&r->payload, record.payload);
        return mw_buf_check(&r->payload, "prediction", err);
    }
    MW_TRY(mw_log_tail_check(r->workspace->state, err)); /* or was it lost? */
    return mw_fail(err, MW_NOT_FOUND, "prediction: there is no %s", r->workspace->cli->words[0]);
}

static mw_status scan_from(replay *r, int64_t place,
                           mw_status (*look)(replay *, mw_log_scan *, mw_error *), mw_error *err) {
    mw_log_scan *scan;
    const char *folder = mw_state_path(r->workspace->state, &r->workspace->arena, "log");
    if (!folder) return no_memory(err);
    MW_TRY(mw_log_scan_begin(r->workspace->cli->sys, folder, place, &scan, err));
    mw_status status = look(r, scan, err);
    mw_log_scan_end(scan);
    return status;
}

static mw_status find_record(replay *r, mw_error *err) {
    const char *word = r->workspace->cli->words[0];
    if (!mw_prediction_id_parse(mw_str_of(word), &r->stamp))
        return mw_fail(err, MW_NOT_FOUND, "prediction: there is no %s", word);
    return scan_from(r, r->stamp, scan_for, err);
}

/* Which element of its event's it was made for is told by those before it. */
static mw_status count_elements(replay *r, mw_log_scan *scan, mw_error *err) {
    mw_prediction_order order = MW_PREDICTION_ORDER;
    for (;;) {
        mw_record record;
        mw_prediction made;
        bool has_record = false;
        MW_TRY(mw_log_scan_next(scan, &record, &has_record, err));
        if (!has_record) return MW_OK;
        if (record.type == MW_RECORD_DEFINITION) continue;
        if (record.place > r->stamp) return MW_OK;
        if (record.type != MW_RECORD_PREDICTION) continue;
        MW_TRY(mw_prediction_read_head(record.payload, &made, err));
        if (!mw_str_equal(made.model, r->recorded.model)) continue;
        r->element = mw_prediction_number(&order, &made, record.place);
    }
}

static mw_status read_record(replay *r, mw_error *err) {
    MW_TRY(mw_prediction_read_head(mw_buf_str(&r->payload), &r->recorded, err));
    mw_str model = r->recorded.model, version = r->recorded.version;
    mw_arena *arena = &r->workspace->arena;
    if (version.size == 0)
        return mw_fail(err, MW_INVALID, "predictions replay: a fallback answered, and no version "
                       "says by which features: %s",
                       mw_fallback_reason_word(r->recorded.fallback));
    MW_TRY(mw_live_version_find(r->workspace, model, version, &r->version, err));
    MW_TRY(mw_recorded_schema(r->version.program.model, arena, &r->features, err));
    size_t count = r->features.field_count;
    mw_cell *cells = mw_arena_alloc(arena, count + 1, sizeof *cells);
    r->replayed = mw_arena_alloc(arena, count + 1, sizeof *r->replayed);
    if (!cells || !r->replayed) return no_memory(err);
    return mw_prediction_read(mw_buf_str(&r->payload), &r->features, r->workspace->symbols, cells,
                              &r->recorded, err);
}

/* --- making it again ---------------------------------------------------------------------- */

static mw_status load_events(replay *r, mw_error *err) {
    const mw_program *program = r->version.program.program;
    mw_history history;
    MW_TRY(mw_history_load(r->workspace->state, program, r->workspace->symbols, &history,
                           &r->events, err));
    r->has_events = true;
    return MW_OK;
}

static mw_status find_moment(replay *r, mw_error *err) {
    mw_event event = {.row = NULL};
    mw_recorded_past past = {.program = r->oracle.program,
                             .model = r->oracle.model,
                             .events = &r->events,
                             .symbols = r->oracle.symbols};
    MW_TRY(mw_recorded_past_begin(&past, &r->workspace->arena, err));
    if (past.model->each) MW_TRY(scan_from(r, r->recorded.place, count_elements, err));
    mw_recorded recorded = {&r->recorded, r->stamp, r->element};
    MW_TRY(mw_recorded_find_event(&past, &recorded, &event, err));
    r->moment = (mw_moment){r->recorded.t, r->recorded.place, event.row};
    return MW_OK;
}

/* Some versions cannot be explained; what they predict can be made again all the same. */
static mw_status explain(replay *r, mw_error *err) {
    mw_status status = mw_scorer_explain(r->scorer, r->replayed, &r->reasons, &r->no_reasons);
    if (status == MW_OK) return MW_OK;
    r->reasons.items = NULL;
    return status == MW_NO_MEMORY ? no_memory(err) : MW_OK;
}

static mw_status make_again(replay *r, mw_error *err) {
    MW_TRY(load_events(r, err));
    r->oracle = (mw_oracle){r->version.program.program, r->version.program.model, &r->events,
                            r->workspace->symbols};
    MW_TRY(find_moment(r, err));
    MW_TRY(mw_oracle_features(&r->oracle, &r->moment, r->replayed, err));
    MW_TRY(mw_scorer_create(mw_buf_str(&r->version.bytes), r->workspace->symbols, &r->scorer, err));
    mw_score score = mw_scorer_run(r->scorer, r->replayed);
    r->again = (mw_prediction){.kind = mw_scorer_version(r->scorer)->answer,
                               .prediction = score.prediction,
                               .decision = score.decision,
                               .class_name = score.class_name};
    return explain(r, err);
}

/* --- comparing ---------------------------------------------------------------------------- */

static bool same_bytes(double a, double b) { return memcmp(&a, &b, sizeof a) == 0; }

static bool same_feature(const replay *r, size_t i) {
    mw_buf one, other;
    mw_type type = r->features.fields[i].type;
    mw_buf_init(&one, TEXT_SIZE_MAX);
    mw_buf_init(&other, TEXT_SIZE_MAX);
    mw_cell_append_canonical(&one, type, r->recorded.features[i], r->workspace->symbols);
    mw_cell_append_canonical(&other, type, r->replayed[i], r->workspace->symbols);
    bool is_same = !one.failed && !other.failed &&
                   mw_str_equal(mw_buf_str(&one), mw_buf_str(&other));
    mw_buf_release(&one);
    mw_buf_release(&other);
    return is_same;
}

/* Of what the fallback said, the features are what can be made again, if it had any. */
static void compare(replay *r) {
    for (size_t i = 0; i < r->features.field_count && !r->recorded.is_blind; i++)
        r->differences += !same_feature(r, i);
    if (r->recorded.fallback != MW_BECAUSE_NONE) return;
    r->differences += !same_bytes(r->recorded.prediction, r->again.prediction);
    r->differences += r->recorded.decision != r->again.decision;
    r->differences += !mw_str_equal(r->recorded.class_name, r->again.class_name);
}

/* --- telling ------------------------------------------------------------------------------ */

static const mw_schema *moment_row(const replay *r) {
    return &r->oracle.program->streams[r->oracle.model->moment_stream].schema;
}

/* What stands behind a value, whose difference counts or does not. */
static const char *mark(bool is_same, bool counts) { return is_same || !counts ? "" : "differs"; }

static void print_feature(const replay *r, size_t i, mw_grid *grid) {
    const mw_field *field = &r->features.fields[i];
    const mw_cell cells[] = {r->recorded.features[i], r->replayed[i]};
    mw_buf text;
    mw_buf_init(&text, TEXT_SIZE_MAX);
    mw_grid_add_str(grid, field->name);
    for (size_t k = 0; k < 2; k++) {
        mw_buf_clear(&text);
        mw_cell_append(&text, field->type, cells[k], r->workspace->symbols);
        mw_grid_add_str(grid, mw_buf_str(&text));
    }
    const char *found = mark(same_feature(r, i), !r->recorded.is_blind);
    bool is_proved = r->version.program.model->features[i].process.size == 0;
    mw_grid_add(grid, "%s%s%s", found, found[0] && !is_proved ? ", " : "",
                is_proved ? "" : MW_NOT_PROVED);
    mw_buf_release(&text);
}

static void print_number(mw_grid *grid, double value) {
    mw_buf number;
    mw_buf_init(&number, 64);
    mw_buf_append_double(&number, value);
    mw_grid_add_str(grid, mw_buf_str(&number));
    mw_buf_release(&number);
}

static void print_answer(const replay *r, bool is_own, mw_grid *grid) {
    const mw_prediction *made = &r->recorded, *again = &r->again;
    if (made->kind == MW_ANSWER_CLASS) {
        mw_grid_add(grid, "= prediction");
        mw_grid_add_str(grid, made->class_name);
        mw_grid_add_str(grid, again->class_name);
        mw_grid_add(grid, "%s", mark(mw_str_equal(made->class_name, again->class_name), is_own));
    }
    mw_grid_add(grid, made->kind == MW_ANSWER_CLASS ? "= probability" : "= prediction");
    print_number(grid, made->prediction);
    print_number(grid, again->prediction);
    mw_grid_add(grid, "%s", mark(same_bytes(made->prediction, again->prediction), is_own));
    if (!mw_answer_kind_decides(made->kind)) return;
    mw_grid_add(grid, "= decision");
    mw_grid_add(grid, "%s", made->decision ? "true" : "false");
    mw_grid_add(grid, "%s", again->decision ? "true" : "false");
    mw_grid_add(grid, "%s", mark(made->decision == again->decision, is_own));
}

/* What the moment's own row says: what was sent, and the fields that derive from it. */
static void print_row(const replay *r, mw_buf *out) {
    const mw_schema *row = moment_row(r);
    mw_grid grid = mw_grid_begin("input|value");
    mw_buf text;
    mw_buf_init(&text, TEXT_SIZE_MAX);
    for (size_t i = 0; i < row->field_count; i++) {
        mw_buf_clear(&text);
        mw_cell_append(&text, row->fields[i].type, r->moment.row[i], r->workspace->symbols);
        mw_grid_add_str(&grid, row->fields[i].name);
        mw_grid_add_str(&grid, mw_buf_str(&text));
    }
    mw_grid_print(&grid, "", out);
    mw_buf_append_char(out, '\n');
    mw_buf_release(&text);
}

static void print_reasons(const replay *r, mw_buf *out) {
    mw_buf_append_char(out, '\n');
    if (r->reasons.items)
        mw_reason_grid_print(&r->reasons, &r->features, r->replayed, r->workspace->symbols, out);
    else mw_buf_printf(out, "why it is so cannot be told: %s\n", r->no_reasons.message);
}

static void print(const replay *r, mw_buf *out) {
    const mw_prediction *made = &r->recorded;
    mw_buf_printf(out, "%s: model %.*s, version %.*s, event %.*s\n", r->workspace->cli->words[0],
                  MW_STR_ARGS(made->model), MW_STR_ARGS(made->version),
                  MW_STR_ARGS(made->event_id));
    mw_buf_append_text(out, "its time ");
    mw_time_append(out, made->t);
    mw_buf_append_text(out, ", made with what was known before ");
    mw_time_append(out, made->place);
    mw_buf_append_text(out, "\n\n");
    print_row(r, out);
    bool is_own = made->fallback == MW_BECAUSE_NONE;
    if (!is_own)
        mw_buf_printf(out, "the fallback answered%s: %s; beside it is what the version says\n\n",
                      made->is_blind ? " without features" : "",
                      mw_fallback_reason_word(made->fallback));
    mw_grid grid = mw_grid_begin("feature|>recorded|>replayed|");
    for (size_t i = 0; i < r->features.field_count; i++) print_feature(r, i, &grid);
    print_answer(r, is_own, &grid);
    mw_grid_print(&grid, "", out);
    if (r->differences == 0 && is_own) mw_buf_append_text(out, "\nthe same, bit by bit\n");
    print_reasons(r, out);
}

static void write_cells(const replay *r, const mw_schema *schema, const mw_cell *cells,
                        mw_json *json) {
    mw_json_object(json);
    for (size_t i = 0; i < schema->field_count; i++) {
        mw_json_key_str(json, schema->fields[i].name);
        mw_cell_write_json(json, schema->fields[i].type, cells[i], r->workspace->symbols);
    }
    mw_json_object_end(json);
}

static void write_half(const replay *r, const char *key, const mw_cell *features,
                       const mw_prediction *said, mw_json *json) {
    mw_json_key(json, key);
    mw_json_object(json);
    mw_answer_write_brief(json, said);
    mw_json_key(json, "features");
    write_cells(r, &r->features, features, json);
    mw_json_object_end(json);
}

static void write_reasons(const replay *r, mw_json *json) {
    mw_json_key(json, "why");
    if (r->reasons.items)
        mw_reasons_write_json(json, &r->reasons, &r->features, r->replayed, r->workspace->symbols);
    else mw_json_null(json);
}

static mw_status tell_found(replay *r, const mw_origins *origins, mw_buf *out, mw_json *json,
                            mw_error *err) {
    for (size_t i = 0; i < r->oracle.model->window_count; i++) {
        if (!origins->windows[i]) continue;
        if (json) MW_TRY(mw_window_events_write_json(&r->behind, i, json, err));
        else MW_TRY(mw_window_events_print(&r->behind, i, out, err));
    }
    return MW_OK;
}

/* The events behind each window that features hang on; as a list in `json`, or else in `out`. */
static mw_status tell_windows(replay *r, mw_buf *out, mw_json *json, mw_error *err) {
    const mw_model_program *model = r->oracle.model;
    mw_cell *windows =
        mw_arena_alloc(&r->workspace->arena, model->window_count + 1, sizeof *windows);
    if (!windows) return no_memory(err);
    r->at = (mw_oracle_moment){.moment = &r->moment, .features = r->replayed};
    MW_TRY(mw_oracle_windows(&r->oracle, &r->at, false, windows, err));
    r->at.windows = windows;
    r->behind.oracle = &r->oracle;
    r->behind.at = &r->at;
    mw_origins origins;
    MW_TRY(mw_origins_init(&origins, r->oracle.program, model, err));
    for (size_t f = 0; f < model->feature_count; f++)
        mw_origins_add(&origins, model->features[f].code);
    mw_status status = tell_found(r, &origins, out, json, err);
    mw_origins_release(&origins);
    return status;
}

static mw_status write_json(replay *r, mw_buf *out, mw_error *err) {
    const mw_prediction *made = &r->recorded;
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_text(&json, "id", r->workspace->cli->words[0]);
    mw_json_put_str(&json, "model", made->model);
    mw_json_put_str(&json, "version", made->version);
    mw_json_put_str(&json, "event", made->event_id);
    mw_json_put_time(&json, "t", made->t);
    mw_json_put_time(&json, "place", made->place);
    if (made->fallback != MW_BECAUSE_NONE) {
        mw_json_put_text(&json, "fallback", mw_fallback_reason_word(made->fallback));
    }
    mw_json_key(&json, "input");
    write_cells(r, moment_row(r), r->moment.row, &json);
    write_half(r, "recorded", made->features, made, &json);
    write_half(r, "replayed", r->replayed, &r->again, &json);
    mw_asked_write_json(&json, r->version.program.model);
    mw_json_put_count(&json, "differences", r->differences);
    write_reasons(r, &json);
    mw_json_key(&json, "windows");
    mw_json_array(&json);
    MW_TRY(tell_windows(r, NULL, &json, err));
    mw_json_array_end(&json);
    mw_json_object_end(&json);
    return MW_OK;
}

static mw_status run(replay *r, mw_error *err) {
    mw_cli *cli = r->workspace->cli;
    MW_TRY(find_record(r, err));
    MW_TRY(read_record(r, err));
    MW_TRY(make_again(r, err));
    compare(r);
    if (cli->json) {
        MW_TRY(write_json(r, &cli->out, err));
    } else {
        print(r, &cli->out);
        MW_TRY(tell_windows(r, &cli->out, NULL, err));
    }
    if (r->differences == 0) return MW_OK;
    return mw_fail(err, MW_CHECK_FAILED, "prediction %s: %zu of its values came out otherwise",
                   cli->words[0], r->differences);
}

mw_status mw_cli_predictions_replay(mw_cli *cli, mw_error *err) {
    int64_t shown_max;
    mw_cli_bounds bounds = {1, INT64_MAX, MW_WINDOW_EVENTS_USUAL};
    MW_TRY(mw_cli_int(cli, "--events", bounds, &shown_max, err));
    mw_workspace workspace;
    replay r = {.workspace = &workspace, .behind = {.shown_max = (size_t)shown_max}};
    mw_buf_init(&r.payload, MW_LOG_PAYLOAD_MAX);
    mw_status status = mw_workspace_open_state(cli, MW_WORKSPACE_READ, &workspace, err);
    if (status == MW_OK) status = run(&r, err);
    mw_window_events_release(&r.behind);
    mw_scorer_destroy(r.scorer);
    if (r.has_events) mw_events_release(&r.events);
    mw_live_version_release(&r.version);
    mw_buf_release(&r.payload);
    mw_workspace_release(&workspace);
    return status;
}
