#include "cli/prediction_replay.h"

#include <string.h>

#include "cli/grid.h"
#include "cli/live_version.h"
#include "cli/recorded_features.h"
#include "decide/prediction.h"
#include "feature/oracle.h"
#include "ingest/history.h"
#include "lang/asked.h"
#include "table/cell_json.h"

enum { TEXT_SIZE_MAX = 1 << 20 };

typedef struct {
    mw_workspace *workspace;
    int64_t stamp;               /* names the prediction */
    mw_buf payload;              /* of its record */
    mw_prediction recorded;
    mw_live_version version;     /* that made it */
    mw_schema features;          /* of the version */
    mw_events events;            /* all that lake and log have */
    bool has_events;
    mw_cell *replayed;           /* features, made again */
    mw_score score;              /* likewise */
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
        if (!has_record || record.place > r->stamp) break;
        if (record.place != r->stamp || record.type != MW_RECORD_PREDICTION) continue;
        mw_buf_append_str(&r->payload, record.payload);
        return mw_buf_check(&r->payload, "prediction", err);
    }
    return mw_fail(err, MW_NOT_FOUND, "prediction: there is no %s", r->workspace->cli->words[0]);
}

static mw_status find_record(replay *r, mw_error *err) {
    mw_log_scan *scan;
    const char *word = r->workspace->cli->words[0];
    if (!mw_prediction_id_parse(mw_str_of(word), &r->stamp))
        return mw_fail(err, MW_NOT_FOUND, "prediction: there is no %s", word);
    const char *folder = mw_state_path(r->workspace->state, &r->workspace->arena, "log");
    if (!folder) return no_memory(err);
    MW_TRY(mw_log_scan_begin(r->workspace->cli->sys, folder, r->stamp, &scan, err));
    mw_status status = scan_for(r, scan, err);
    mw_log_scan_end(scan);
    return status;
}

static mw_status read_record(replay *r, mw_error *err) {
    MW_TRY(mw_prediction_read_head(mw_buf_str(&r->payload), &r->recorded, err));
    mw_str model = r->recorded.model, version = r->recorded.version;
    mw_arena *arena = &r->workspace->arena;
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

static mw_status make_again(replay *r, mw_error *err) {
    mw_event event = {.row = NULL};
    mw_scorer *scorer;
    MW_TRY(load_events(r, err));
    mw_recorded_past past = {r->version.program.program, r->version.program.model, &r->events,
                             r->workspace->symbols, NULL};
    MW_TRY(mw_recorded_past_begin(&past, &r->workspace->arena, err));
    MW_TRY(mw_recorded_find_event(&past, &r->recorded, r->stamp, &event, err));
    mw_oracle oracle = {r->version.program.program, r->version.program.model, &r->events,
                        r->workspace->symbols};
    mw_moment moment = {r->recorded.t, r->recorded.place, event.row};
    MW_TRY(mw_oracle_features(&oracle, &moment, r->replayed, err));
    MW_TRY(mw_scorer_create(mw_buf_str(&r->version.bytes), r->workspace->symbols, &scorer, err));
    r->score = mw_scorer_run(scorer, r->replayed);
    mw_scorer_destroy(scorer);
    return MW_OK;
}

/* --- comparing and telling ---------------------------------------------------------------- */

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
    r->differences += !same_bytes(r->recorded.prediction, r->score.prediction);
    r->differences += r->recorded.decision != r->score.decision;
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
    bool is_own = made->fallback == MW_BECAUSE_NONE;
    if (!is_own)
        mw_buf_printf(out, "the fallback answered%s: %s; beside it is what the version says\n\n",
                      made->is_blind ? " without features" : "",
                      mw_fallback_reason_word(made->fallback));
    mw_grid grid = mw_grid_begin("feature|>recorded|>replayed|");
    for (size_t i = 0; i < r->features.field_count; i++) print_feature(r, i, &grid);
    mw_grid_add(&grid, "= prediction");
    print_number(&grid, made->prediction);
    print_number(&grid, r->score.prediction);
    mw_grid_add(&grid, "%s", mark(same_bytes(made->prediction, r->score.prediction), is_own));
    mw_grid_add(&grid, "= decision");
    mw_grid_add(&grid, "%s", made->decision ? "true" : "false");
    mw_grid_add(&grid, "%s", r->score.decision ? "true" : "false");
    mw_grid_add(&grid, "%s", mark(made->decision == r->score.decision, is_own));
    mw_grid_print(&grid, "", out);
    mw_buf_release(&grid.cells);
    if (r->differences == 0 && is_own) mw_buf_append_text(out, "\nthe same, bit by bit\n");
}

static void write_half(const replay *r, const char *key, const mw_cell *features, mw_score score,
                       mw_json *json) {
    mw_json_key(json, key);
    mw_json_object(json);
    mw_json_put_number(json, "prediction", score.prediction);
    mw_json_put_bool(json, "decision", score.decision);
    mw_json_key(json, "features");
    mw_json_object(json);
    for (size_t i = 0; i < r->features.field_count; i++) {
        mw_json_key_str(json, r->features.fields[i].name);
        mw_cell_write_json(json, r->features.fields[i].type, features[i], r->workspace->symbols);
    }
    mw_json_object_end(json);
    mw_json_object_end(json);
}

static void write_json(const replay *r, mw_buf *out) {
    const mw_prediction *made = &r->recorded;
    mw_score recorded = {.prediction = made->prediction, .decision = made->decision};
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
    write_half(r, "recorded", made->features, recorded, &json);
    write_half(r, "replayed", r->replayed, r->score, &json);
    mw_asked_write_json(&json, r->version.program.model);
    mw_json_put_count(&json, "differences", r->differences);
    mw_json_object_end(&json);
}

static mw_status run(replay *r, mw_error *err) {
    mw_cli *cli = r->workspace->cli;
    MW_TRY(find_record(r, err));
    MW_TRY(read_record(r, err));
    MW_TRY(make_again(r, err));
    compare(r);
    if (cli->json) write_json(r, &cli->out);
    else print(r, &cli->out);
    if (r->differences == 0) return MW_OK;
    return mw_fail(err, MW_CHECK_FAILED, "prediction %s: %zu of its values came out otherwise",
                   cli->words[0], r->differences);
}

mw_status mw_cli_predictions_replay(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    replay r = {.workspace = &workspace};
    mw_buf_init(&r.payload, MW_LOG_PAYLOAD_MAX);
    mw_status status = mw_workspace_open_state(cli, MW_WORKSPACE_READ, &workspace, err);
    if (status == MW_OK) status = run(&r, err);
    if (r.has_events) mw_events_release(&r.events);
    mw_live_version_release(&r.version);
    mw_buf_release(&r.payload);
    mw_workspace_release(&workspace);
    return status;
}
