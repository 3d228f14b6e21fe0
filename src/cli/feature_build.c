#include "cli/feature_build.h"

#include "cli/feature_rows.h"
#include "cli/feature_walk.h"
#include "cli/grid.h"
#include "cli/recorded_features.h"
#include "cli/table_file.h"
#include "feature/oracle.h"
#include "feature/walk.h"
#include "lang/asked.h"
#include "sys/terminal.h"

enum { SAMPLE_USUAL = 200, DIFFERENCES_SHOWN_MAX = 10 };

/* --- build ------------------------------------------------------------------------------ */

/* Where rows go: a file, or standard output. */
typedef struct {
    mw_feature_walk *walk;
    mw_schema schema;
    mw_feature_rows *rows;
    mw_table_file *file; /* NULL: standard output */
} building;

static mw_status take_row(void *context, mw_str id, const mw_cell *row, mw_error *err) {
    building *it = context;
    const mw_workspace *workspace = &it->walk->workspace;
    if (it->file) return mw_table_file_add(it->file, id, row, err);
    mw_csv_append_row(&workspace->cli->out, &it->schema, workspace->symbols, id, row);
    return mw_buf_check(&workspace->cli->out, "features", err);
}

static mw_status walk_through(building *it, mw_error *err) {
    mw_progress progress = mw_progress_begin(it->walk->workspace.cli->sys, "replaying",
                                             it->walk->moment_count_max);
    bool is_done = false;
    mw_status status = MW_OK;
    while (status == MW_OK) {
        mw_step step;
        status = mw_replay_next(it->walk->replay, &step, &is_done, err);
        if (status != MW_OK || is_done) break;
        status = mw_feature_rows_step(it->rows, &step, err);
        mw_progress_update(&progress, step.number + 1);
    }
    mw_progress_end(&progress);
    return status;
}

static void tell_build(const building *it, const char *path) {
    const mw_model_program *model = it->walk->model.program;
    mw_cli *cli = it->walk->workspace.cli;
    mw_feature_rows_count counted = mw_feature_rows_counted(it->rows);
    uint64_t late = mw_replay_refused_moments(it->walk->replay);
    uint64_t overflowed = mw_replay_overflowed(it->walk->replay);
    if (cli->json) {
        mw_json json = mw_json_begin(&cli->out);
        mw_json_object(&json);
        mw_json_put_str(&json, "model", model->name);
        mw_json_put_text(&json, "output", path);
        mw_json_put_count(&json, "moments", counted.moments);
        mw_json_put_count(&json, "labels", counted.labelled);
        mw_json_put_count(&json, "too_late", late);
        mw_json_put_count(&json, "overflowed", overflowed);
        mw_json_object_end(&json);
        return;
    }
    mw_buf_printf(&cli->out, "%s: ", path);
    mw_count_append(&cli->out, counted.moments);
    mw_buf_printf(&cli->out, " moments of %.*s, %zu features, ", MW_STR_ARGS(model->name),
                  model->feature_count);
    mw_count_append(&cli->out, counted.labelled);
    mw_buf_append_text(&cli->out, " with a label\n");
    if (late > 0)
        mw_cli_note(cli, "%llu events came too late to make a moment", (unsigned long long)late);
    if (overflowed > 0)
        mw_cli_note(cli, "%llu features are missing, since an expression went beyond 1.8e308",
                    (unsigned long long)overflowed);
}

static mw_status begin_output(building *it, const char *path, mw_error *err) {
    const mw_workspace *workspace = &it->walk->workspace;
    const mw_model_program *model = it->walk->model.program;
    MW_TRY(mw_feature_rows_schema(model, &workspace->cli->arena, &it->schema, err));
    mw_feature_rows_config rows = {workspace->program, model, workspace->symbols,
                                   it->walk->config.now,
                                   mw_walk_waiting_memory(it->walk->config.memory), take_row, it};
    MW_TRY(mw_feature_rows_create(rows, &it->rows, err));
    if (!path) {
        mw_csv_append_heading(&workspace->cli->out, &it->schema);
        return MW_OK;
    }
    mw_table_file_config file = {workspace->cli->sys, workspace->duck, &it->schema,
                                 workspace->symbols, path};
    return mw_table_file_begin(file, &it->file, err);
}

static mw_status build(mw_feature_walk *walk, mw_error *err) {
    const char *path = mw_cli_option(walk->workspace.cli, "--output");
    building it = {.walk = walk};
    mw_status status = begin_output(&it, path, err);
    if (status == MW_OK) status = walk_through(&it, err);
    if (status == MW_OK && it.file) status = mw_table_file_end(it.file, err);
    if (status == MW_OK && it.file) tell_build(&it, path);
    if (status != MW_OK) mw_buf_clear(&walk->workspace.cli->out); /* half a table is none */
    mw_table_file_destroy(it.file);
    mw_feature_rows_destroy(it.rows);
    return status;
}

mw_status mw_cli_features_build(mw_cli *cli, mw_error *err) {
    const char *path = mw_cli_option(cli, "--output");
    if (path) MW_TRY(mw_table_file_check(path, err));
    if (!path && cli->json)
        return mw_fail(err, MW_USAGE, "features build: --json needs --output FILE");
    int64_t thread_count;
    MW_TRY(mw_cli_threads(cli, &thread_count, err));
    mw_feature_walk walk;
    mw_status status = mw_feature_walk_begin_in_parts(cli, thread_count, &walk, err);
    if (status == MW_OK) status = build(&walk, err);
    mw_feature_walk_end(&walk);
    return status;
}

/* --- verify ----------------------------------------------------------------------------- */

typedef struct {
    mw_feature_walk *walk;
    mw_oracle oracle;
    mw_oracle_family *family;
    size_t every; /* each so many moments, one is compared */
    mw_cell *features;
    size_t moment_count, label_count, recorded_count, value_count, difference_count;
    size_t revised_count; /* labels that would be others by what is known now */
    mw_grid differences;
} verification;

static void compare(verification *v, const mw_step *step, mw_field field, mw_cell engine,
                    mw_cell oracle) {
    v->value_count++;
    if (engine.bits == oracle.bits) return;
    if (v->difference_count++ >= DIFFERENCES_SHOWN_MAX) return;
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    mw_grid_add_time(&v->differences, step->moment.t);
    mw_grid_add_str(&v->differences, field.name);
    mw_cell_append(&text, field.type, engine, v->walk->workspace.symbols);
    mw_grid_add_str(&v->differences, mw_buf_str(&text));
    mw_buf_clear(&text);
    mw_cell_append(&text, field.type, oracle, v->walk->workspace.symbols);
    mw_grid_add_str(&v->differences, mw_buf_str(&text));
    mw_buf_release(&text);
}

static mw_status verify_step(verification *v, const mw_step *step, mw_error *err) {
    const mw_model_program *model = v->oracle.model;
    if (step->kind == MW_DUE_LABEL) {
        mw_label label, later;
        MW_TRY(mw_oracle_labels(&v->oracle, &step->moment, v->walk->config.now + 1, &label,
                                &later, err));
        v->revised_count += label.value.bits != later.value.bits ||
                            label.is_dropped != later.is_dropped;
        mw_cell dropped = mw_cell_bool(step->label.is_dropped);
        v->label_count++;
        compare(v, step, (mw_field){MW_STR("label"), mw_code_type(model->label)},
                step->label.value, label.value);
        compare(v, step, (mw_field){MW_STR("unless"), MW_TYPE_BOOL}, dropped,
                mw_cell_bool(label.is_dropped));
        return MW_OK;
    }
    MW_TRY(mw_oracle_features_among(&v->oracle, &step->moment, &v->family, v->features, err));
    v->moment_count++;
    for (size_t i = 0; i < model->feature_count; i++)
        compare(v, step, (mw_field){model->features[i].name, model->features[i].type},
                step->features[i], v->features[i]);
    return MW_OK;
}

static mw_status verify_steps(verification *v, mw_error *err) {
    mw_progress progress = mw_progress_begin(v->walk->workspace.cli->sys, "verifying",
                                             v->walk->moment_count_max);
    bool is_done = false;
    mw_status status = MW_OK;
    while (status == MW_OK) {
        mw_step step;
        status = mw_replay_next(v->walk->replay, &step, &is_done, err);
        if (status != MW_OK || is_done) break;
        if (step.number % v->every == 0) status = verify_step(v, &step, err);
        mw_progress_update(&progress, step.number);
    }
    mw_progress_end(&progress);
    return status;
}

/* What a server has recorded is held to the rules too. */
static mw_status verify_recorded(void *context, const mw_moment *moment, const mw_cell *features,
                                 mw_error *err) {
    verification *v = context;
    const mw_model_program *model = v->oracle.model;
    mw_step step = {.moment = *moment};
    MW_TRY(mw_oracle_features_among(&v->oracle, moment, &v->family, v->features, err));
    v->recorded_count++;
    for (size_t i = 0; i < model->feature_count; i++)
        compare(v, &step, (mw_field){model->features[i].name, model->features[i].type},
                features[i], v->features[i]);
    return MW_OK;
}

static void tell_verify(verification *v) {
    mw_cli *cli = v->walk->workspace.cli;
    size_t asked_count = mw_asked_count(v->oracle.model);
    if (cli->json) {
        mw_json json = mw_json_begin(&cli->out);
        mw_json_object(&json);
        mw_json_put_str(&json, "model", v->oracle.model->name);
        mw_json_put_count(&json, "moments", v->moment_count);
        mw_json_put_count(&json, "labels", v->label_count);
        mw_json_put_count(&json, "revised_labels", v->revised_count);
        mw_json_put_count(&json, "recorded", v->recorded_count);
        mw_json_put_count(&json, "values", v->value_count);
        mw_json_put_count(&json, "differences", v->difference_count);
        mw_json_put_count(&json, "asked_features", asked_count);
        mw_json_object_end(&json);
        return;
    }
    mw_count_append(&cli->out, v->value_count);
    mw_buf_printf(&cli->out, " values of %zu moments and %zu labels", v->moment_count,
                  v->label_count);
    if (v->recorded_count > 0)
        mw_buf_printf(&cli->out, ", and of %zu recorded predictions", v->recorded_count);
    mw_buf_append_text(&cli->out, ": ");
    if (v->difference_count == 0)
        mw_buf_append_text(&cli->out, "engine and oracle agree in every bit\n");
    else mw_buf_printf(&cli->out, "%zu differ\n", v->difference_count);
    if (v->difference_count > 0) mw_grid_print(&v->differences, "  ", &cli->out);
    if (v->revised_count > 0)
        mw_buf_printf(&cli->out, "%zu of the %zu labels would be others by what has become known "
                                 "since they matured; they stay as they are\n",
                      v->revised_count, v->label_count);
    if (asked_count > 0)
        mw_buf_printf(&cli->out, "%zu of %zu features hang on what processes answered, as it was "
                                 "recorded; the answers themselves are " MW_NOT_PROVED "\n",
                      asked_count, v->oracle.model->feature_count);
}

static mw_status verify(mw_feature_walk *it, int64_t sample, mw_error *err) {
    const mw_workspace *workspace = &it->workspace;
    size_t every = it->moment_count_max / (size_t)sample;
    verification v = {.walk = it,
                      .oracle = {workspace->program, it->model.program, &it->events,
                                 workspace->symbols},
                      .every = every > 0 ? every : 1,
                      .differences = mw_grid_begin("moment|feature|was|by the rules")};
    v.features = mw_arena_alloc(&workspace->cli->arena, it->model.program->feature_count + 1,
                                sizeof *v.features);
    if (!v.features) return mw_fail(err, MW_NO_MEMORY, "features: no memory to verify them");
    mw_recorded_past past = {.program = workspace->program, .model = it->model.program,
                             .events = &it->events, .symbols = workspace->symbols,
                             .from = INT64_MIN, .through = it->through};
    mw_status status = mw_recorded_past_begin(&past, &workspace->cli->arena, err);
    if (status == MW_OK) status = verify_steps(&v, err);
    if (status == MW_OK)
        status = mw_recorded_each(workspace, &past, (size_t)sample,
                                  (mw_recorded_taker){&v, verify_recorded}, err);
    if (status == MW_OK) tell_verify(&v);
    mw_oracle_family_release(v.family);
    mw_buf_release(&v.differences.cells);
    MW_TRY(status);
    if (v.difference_count == 0) return MW_OK;
    return mw_fail(err, MW_CHECK_FAILED, "features verify: %zu of %zu values differ",
                   v.difference_count, v.value_count);
}

mw_status mw_cli_features_verify(mw_cli *cli, mw_error *err) {
    int64_t sample;
    MW_TRY(mw_cli_int(cli, "--sample", (mw_cli_bounds){1, INT64_MAX, SAMPLE_USUAL}, &sample, err));
    mw_feature_walk walk;
    mw_status status = mw_feature_walk_begin(cli, &walk, err);
    if (status == MW_OK) status = verify(&walk, sample, err);
    mw_feature_walk_end(&walk);
    return status;
}
