#include "cli/feature_leaks.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/feature_list.h"
#include "cli/feature_walk.h"
#include "cli/grid.h"
#include "sys/terminal.h"
#include "train/leaks.h"

/* Gains and worths above these are named in a closing line. */
static const double gain_worth_telling = 0.01, too_good_alone = 0.95;

typedef struct {
    const mw_feature *feature;
    mw_leak leak;
} finding;

/* How well a feature alone tells labels apart: its name for people, and what needs to be said. */
typedef struct {
    const char *title, *meaning;
} measure_words;

static const measure_words words_of[MW_ANSWER_COUNT] = {
    [MW_ANSWER_YES_NO] = {"ROC AUC", ""},
    [MW_ANSWER_NUMBER] = {"Concordance",
                          "Concordance: of two examples with different labels, how often the "
                          "feature says which is the\ngreater one; 0.5 is chance.\n"},
    [MW_ANSWER_CLASS] = {"Pairwise ROC AUC",
                         "Pairwise: of two examples of different classes, how often the feature "
                         "says which is of which;\n0.5 is chance.\n"},
};

typedef struct {
    const finding *found; /* by falling gain */
    size_t count, example_count;
    mw_answer_kind kind;
} report;

static int by_gain(const void *a, const void *b) {
    const finding *one = a, *other = b;
    double x = mw_leak_gain(&one->leak), y = mw_leak_gain(&other->leak);
    if (x != y) return x > y ? -1 : 1;
    return mw_str_compare(one->feature->name, other->feature->name);
}

static void add_cheat(mw_grid *grid, const mw_leak *leak, mw_cheat cheat) {
    if (leak->changed[cheat] == 0) {
        mw_grid_add(grid, "same");
        mw_grid_add(grid, "%s", "");
        return;
    }
    mw_grid_add(grid, "%.4f", leak->worth[cheat]);
    mw_grid_add(grid, "%.1f %%", 100 * leak->changed[cheat]);
}

static size_t print_grid(const report *told, mw_buf *out) {
    mw_grid grid = mw_grid_begin("feature|>alone|>by event time|>changed|>with own events|"
                                 ">changed|>gain");
    size_t telling = 0;
    for (size_t i = 0; i < told->count; i++) {
        const mw_leak *leak = &told->found[i].leak;
        mw_grid_add_str(&grid, told->found[i].feature->name);
        mw_grid_add(&grid, "%.4f", leak->worth[MW_CHEAT_NONE]);
        add_cheat(&grid, leak, MW_CHEAT_EVENT_TIME);
        add_cheat(&grid, leak, MW_CHEAT_OWN_EVENTS);
        mw_grid_add(&grid, "%.4f", mw_leak_gain(leak));
        telling += mw_leak_gain(leak) > gain_worth_telling;
    }
    mw_grid_print(&grid, "", out);
    return telling;
}

static void print_doubts(const report *told, mw_buf *out) {
    for (size_t i = 0; i < told->count; i++) {
        double alone = told->found[i].leak.worth[MW_CHEAT_NONE];
        if (alone > too_good_alone)
            mw_buf_printf(out, "%.*s is too good to be true alone (%.4f): is it known when the "
                               "project says?\n", MW_STR_ARGS(told->found[i].feature->name),
                          alone);
    }
    for (size_t i = 0; i < told->count; i++) mw_feature_doubt_print(told->found[i].feature, out);
}

static void print(const report *told, mw_buf *out) {
    size_t telling = print_grid(told, out);
    mw_buf_printf(out, "\n%s of each feature alone, over ", words_of[told->kind].title);
    mw_count_append(out, told->example_count);
    mw_buf_append_text(out, " examples: as it is, had events counted from their own time, had the "
                            "predicted\none's own events counted. Nothing of it is in the model: "
                            "a join by time would have let it in.\n");
    mw_buf_append_text(out, words_of[told->kind].meaning);
    if (telling > 0) mw_buf_printf(out, "%zu would have gained more than %g\n", telling,
                                   gain_worth_telling);
    print_doubts(told, out);
}

static void write_worth(mw_json *json, const report *told, const char *how, double worth) {
    char key[64];
    snprintf(key, sizeof key, "%s%s", mw_leak_measure_name(told->kind), how);
    mw_json_put_number(json, key, worth);
}

static void write_finding(mw_json *json, const report *told, const finding *it) {
    const mw_leak *leak = &it->leak;
    mw_json_object(json);
    mw_json_put_str(json, "name", it->feature->name);
    mw_json_put_bool(json, "proved_exact", it->feature->process.size == 0);
    write_worth(json, told, "", leak->worth[MW_CHEAT_NONE]);
    write_worth(json, told, "_by_event_time", leak->worth[MW_CHEAT_EVENT_TIME]);
    write_worth(json, told, "_with_own_events", leak->worth[MW_CHEAT_OWN_EVENTS]);
    mw_json_put_number(json, "changed_by_event_time", leak->changed[MW_CHEAT_EVENT_TIME]);
    mw_json_put_number(json, "changed_with_own_events", leak->changed[MW_CHEAT_OWN_EVENTS]);
    mw_json_put_number(json, "gain", mw_leak_gain(leak));
    mw_json_object_end(json);
}

static void write_json(const report *told, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_count(&json, "examples", told->example_count);
    mw_json_key(&json, "features");
    mw_json_array(&json);
    for (size_t i = 0; i < told->count; i++) write_finding(&json, told, &told->found[i]);
    mw_json_array_end(&json);
    mw_json_object_end(&json);
}

static void show_moments(void *context, size_t moment_count) {
    mw_progress_update(context, moment_count);
}

static mw_status measure(const mw_feature_walk *walk, mw_error *err) {
    const mw_workspace *workspace = &walk->workspace;
    mw_cli *cli = workspace->cli;
    const mw_model_program *model = walk->model.program;
    size_t count = model->feature_count, example_count;
    finding *found = mw_arena_alloc(&cli->arena, count + 1, sizeof *found);
    mw_leak *leaks = mw_arena_alloc(&cli->arena, count + 1, sizeof *leaks);
    if (!found || !leaks) return mw_fail(err, MW_NO_MEMORY, "features leaks: no memory");
    mw_progress progress =
        mw_progress_begin(cli->sys, "replaying", MW_CHEAT_COUNT * walk->moment_count_max);
    mw_status status = mw_leaks_measure(walk->config, show_moments, &progress, leaks,
                                        &example_count, err);
    mw_progress_end(&progress);
    MW_TRY(status);
    for (size_t i = 0; i < count; i++) found[i] = (finding){&model->features[i], leaks[i]};
    if (count > 0) qsort(found, count, sizeof *found, by_gain);
    report told = {found, count, example_count, mw_answer_kind_of(mw_code_type(model->label))};
    if (cli->json) write_json(&told, &cli->out);
    else print(&told, &cli->out);
    return MW_OK;
}

mw_status mw_cli_features_leaks(mw_cli *cli, mw_error *err) {
    mw_feature_walk walk;
    mw_status status = mw_feature_walk_begin(cli, &walk, err);
    if (status == MW_OK) status = measure(&walk, err);
    mw_feature_walk_end(&walk);
    return status;
}
