#include "cli/runs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/grid.h"
#include "cli/state_rows.h"

typedef struct {
    mw_run_row row;
    mw_metric_row *metrics;
    size_t metric_count;
} known_run;

static mw_status read_metrics(mw_workspace *workspace, known_run *run, mw_error *err) {
    return mw_registry_metrics(mw_workspace_registry(workspace), run->row.id, &workspace->arena,
                               &run->metrics, &run->metric_count, err);
}

static const mw_metric_row *find_metric(const known_run *run, mw_str name, mw_str segment) {
    for (size_t i = 0; i < run->metric_count; i++)
        if (mw_str_equal(run->metrics[i].name, name) &&
            mw_str_equal(run->metrics[i].segment, segment))
            return &run->metrics[i];
    return NULL;
}

/* The run that the command's word number `index` names. */
static mw_status read_run(mw_workspace *workspace, size_t index, known_run *out_run,
                          mw_error *err) {
    const char *word = workspace->cli->words[index];
    int64_t id;
    if (!mw_str_to_int64(mw_str_of(word), &id)) {
        mw_status status = mw_fail(err, MW_USAGE, "runs: RUN must be a number, got \"%s\"", word);
        return mw_hint(err, status, "millwright runs list shows them.");
    }
    MW_TRY(mw_registry_run(mw_workspace_registry(workspace), id, &workspace->arena, &out_run->row,
                           err));
    return read_metrics(workspace, out_run, err);
}

/* --- JSON ------------------------------------------------------------------------------- */

static void write_run(const known_run *run, mw_json *json) {
    mw_json_object(json);
    mw_json_put_int(json, "run", run->row.id);
    mw_json_put_str(json, "model", run->row.model);
    mw_json_put_str(json, "version", run->row.version);
    mw_json_put_str(json, "learner", run->row.learner);
    mw_json_put_str(json, "status", run->row.status);
    mw_json_put_str(json, "why", run->row.why);
    mw_json_put_time(json, "started", run->row.started_us);
    mw_json_put_time(json, "ended", run->row.ended_us);
    mw_json_put_int(json, "seed", run->row.seed);
    mw_json_put_str(json, "data_version", run->row.data_version);
    mw_json_key(json, "metrics");
    mw_json_array(json);
    for (size_t i = 0; i < run->metric_count; i++) {
        const mw_metric_row *metric = &run->metrics[i];
        mw_json_object(json);
        mw_json_put_str(json, "name", metric->name);
        mw_json_put_str(json, "segment", metric->segment);
        mw_json_put_number(json, "value", metric->value);
        mw_json_put_number(json, "low", metric->low);
        mw_json_put_number(json, "high", metric->high);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
    mw_json_key(json, "details");
    mw_json_raw(json, run->row.details.size > 0 ? run->row.details : MW_STR("null"));
    mw_json_object_end(json);
}

/* --- list ------------------------------------------------------------------------------- */

static void add_value(mw_grid *grid, const mw_metric_row *metric) {
    if (!metric || isnan(metric->value)) mw_grid_add(grid, "%s", "");
    else mw_grid_add(grid, "%s", mw_measure_text_of(metric->value).text);
}

/* The first two stand in every list, the others where a run has them. */
static const char *const main_metrics[] = {"roc_auc", "log_loss", "mae", "rmse", "accuracy"};
enum { MAIN_METRICS = sizeof main_metrics / sizeof *main_metrics, USUAL_METRICS = 2 };

static bool is_shown(size_t metric, const known_run *runs, size_t count) {
    bool is_there = metric < USUAL_METRICS;
    for (size_t i = 0; i < count; i++)
        is_there |= find_metric(&runs[i], mw_str_of(main_metrics[metric]), MW_STR("")) != NULL;
    return is_there;
}

static void print_list(const known_run *runs, size_t count, mw_buf *out) {
    char titles[160] = ">run|model|version|";
    bool shown[MAIN_METRICS];
    for (size_t m = 0; m < MAIN_METRICS; m++) {
        size_t size = strlen(titles);
        shown[m] = is_shown(m, runs, count);
        if (shown[m]) snprintf(titles + size, sizeof titles - size, ">%s|", main_metrics[m]);
    }
    size_t size = strlen(titles);
    snprintf(titles + size, sizeof titles - size, ">seed|data|started|why");
    mw_grid grid = mw_grid_begin(titles);
    for (size_t i = 0; i < count; i++) {
        const mw_run_row *row = &runs[i].row;
        mw_grid_add(&grid, "%lld", (long long)row->id);
        mw_grid_add_str(&grid, row->model);
        mw_grid_add_str(&grid, row->version);
        for (size_t m = 0; m < MAIN_METRICS; m++)
            if (shown[m])
                add_value(&grid, find_metric(&runs[i], mw_str_of(main_metrics[m]), MW_STR("")));
        mw_grid_add(&grid, "%lld", (long long)row->seed);
        mw_grid_add_str(&grid, mw_str_slice(row->data_version, 0, 12));
        mw_grid_add_time(&grid, row->started_us / MW_SECOND_US * MW_SECOND_US);
        mw_grid_add_str(&grid, row->why);
    }
    mw_grid_print(&grid, "", out);
}

static mw_status list(mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_str model = mw_str_of(cli->word_count > 0 ? cli->words[0] : NULL);
    mw_run_row *rows;
    size_t count;
    MW_TRY(mw_registry_runs(mw_workspace_registry(workspace), model, &workspace->arena, &rows,
                            &count, err));
    known_run *runs = mw_arena_alloc(&workspace->arena, count + 1, sizeof *runs);
    if (!runs) return mw_fail(err, MW_NO_MEMORY, "runs: no memory");
    for (size_t i = 0; i < count; i++) {
        runs[i].row = rows[i];
        MW_TRY(read_metrics(workspace, &runs[i], err));
    }
    if (cli->json) {
        mw_json json = mw_json_begin(&cli->out);
        mw_json_array(&json);
        for (size_t i = 0; i < count; i++) write_run(&runs[i], &json);
        mw_json_array_end(&json);
    } else if (count > 0) print_list(runs, count, &cli->out);
    else mw_buf_append_text(&cli->out, "there is no run yet: millwright train makes one\n");
    return MW_OK;
}

mw_status mw_cli_runs_list(mw_cli *cli, mw_error *err) { return mw_cli_with_state(cli, list, err); }

/* --- show ------------------------------------------------------------------------------- */

static void print_metrics(const known_run *run, mw_buf *out) {
    mw_grid grid = mw_grid_begin("metric|segment|>value|95 % interval|>examples");
    for (size_t i = 0; i < run->metric_count; i++) {
        const mw_metric_row *metric = &run->metrics[i];
        mw_grid_add_str(&grid, metric->name);
        mw_grid_add_str(&grid, metric->segment);
        add_value(&grid, metric);
        if (isnan(metric->low)) mw_grid_add(&grid, "%s", "");
        else mw_grid_add(&grid, "%s to %s", mw_measure_text_of(metric->low).text,
                         mw_measure_text_of(metric->high).text);
        mw_grid_add_count(&grid, (uint64_t)metric->count);
    }
    mw_grid_print(&grid, "", out);
}

mw_status mw_runs_print_metrics(mw_workspace *workspace, int64_t run, mw_buf *out,
                                mw_error *err) {
    known_run known = {.row = {.id = run}};
    MW_TRY(read_metrics(workspace, &known, err));
    print_metrics(&known, out);
    return MW_OK;
}

static mw_status show(mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    known_run run;
    MW_TRY(read_run(workspace, 0, &run, err));
    mw_json json = mw_json_begin(&cli->out);
    if (cli->json) {
        write_run(&run, &json);
        return MW_OK;
    }
    mw_buf_printf(&cli->out, "run %lld of %.*s: %.*s, version %.*s (%.*s, seed %lld)\n",
                  (long long)run.row.id, MW_STR_ARGS(run.row.model), MW_STR_ARGS(run.row.status),
                  MW_STR_ARGS(run.row.version), MW_STR_ARGS(run.row.learner),
                  (long long)run.row.seed);
    mw_buf_printf(&cli->out, "data version %.*s, by %.*s, at ",
                  MW_STR_ARGS(mw_str_slice(run.row.data_version, 0, 12)),
                  MW_STR_ARGS(run.row.why));
    mw_time_append(&cli->out, run.row.started_us / MW_SECOND_US * MW_SECOND_US);
    mw_buf_append_text(&cli->out, "\n\n");
    print_metrics(&run, &cli->out);
    return MW_OK;
}

mw_status mw_cli_runs_show(mw_cli *cli, mw_error *err) { return mw_cli_with_state(cli, show, err); }

/* --- compare ---------------------------------------------------------------------------- */

/* `mine` or `theirs` may be NULL. */
static void add_compared(mw_grid *grid, const mw_metric_row *named, const mw_metric_row *mine,
                         const mw_metric_row *theirs) {
    double difference = mine && theirs ? theirs->value - mine->value : NAN;
    mw_grid_add_str(grid, named->name);
    mw_grid_add_str(grid, named->segment);
    add_value(grid, mine);
    add_value(grid, theirs);
    mw_grid_add(grid, "%s", isnan(difference) ? "" : mw_measure_text_signed(difference).text);
}

static void compare_text(const known_run *a, const known_run *b, mw_buf *out) {
    mw_buf titles;
    mw_buf_init(&titles, 1 << 10);
    mw_buf_printf(&titles, "metric|segment|>run %lld|>run %lld|>difference",
                  (long long)a->row.id, (long long)b->row.id);
    mw_grid grid = mw_grid_begin(titles.data);
    for (size_t i = 0; i < a->metric_count; i++) {
        const mw_metric_row *mine = &a->metrics[i];
        add_compared(&grid, mine, mine, find_metric(b, mine->name, mine->segment));
    }
    for (size_t i = 0; i < b->metric_count; i++) { /* of another kind of answer, perhaps */
        const mw_metric_row *theirs = &b->metrics[i];
        if (!find_metric(a, theirs->name, theirs->segment))
            add_compared(&grid, theirs, NULL, theirs);
    }
    mw_grid_print(&grid, "", out);
    mw_buf_release(&titles);
    if (!mw_str_equal(a->row.data_version, b->row.data_version))
        mw_buf_append_text(out, "the two saw different data\n");
}

static mw_status compare(mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    known_run a, b;
    MW_TRY(read_run(workspace, 0, &a, err));
    MW_TRY(read_run(workspace, 1, &b, err));
    if (!cli->json) {
        compare_text(&a, &b, &cli->out);
        return MW_OK;
    }
    mw_json json = mw_json_begin(&cli->out);
    mw_json_array(&json);
    write_run(&a, &json);
    write_run(&b, &json);
    mw_json_array_end(&json);
    return MW_OK;
}

mw_status mw_cli_runs_compare(mw_cli *cli, mw_error *err) {
    return mw_cli_with_state(cli, compare, err);
}
