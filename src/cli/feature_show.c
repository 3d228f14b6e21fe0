#include "cli/feature_show.h"

#include <math.h>

#include "cli/catalogue.h"
#include "cli/feature_cost.h"
#include "cli/feature_list.h"
#include "cli/feature_readers.h"
#include "cli/grid.h"
#include "lang/asked.h"
#include "sys/terminal.h"
#include "table/cell_json.h"

/* From here on a closing line names two features that move together. */
static const double correlation_worth_telling = 0.95;

typedef struct {
    const mw_feature_walk *walk;
    const mw_catalogue *catalogue;
    mw_feature_readers readers;
    const mw_feature_cost *costs; /* by the features; NULL: not measured */
    size_t first, end;            /* those that are shown */
} shown;

static const mw_model_program *model_of(const shown *it) {
    return it->walk->model.program;
}

static mw_str name_of(const shown *it, size_t feature) {
    return it->catalogue->entries[feature].feature->name;
}

static double missing_share(const mw_summary *summary) {
    return summary->count > 0 ? (double)summary->missing_count / (double)summary->count : 0;
}

/* --- a table of all ---------------------------------------------------------------------- */

static void add_cell(const shown *it, mw_grid *grid, mw_type type, mw_cell cell) {
    if (type == MW_TYPE_DURATION) {
        bool is_missing = mw_cell_is_missing(type, cell);
        mw_grid_add_seconds(grid, is_missing ? NAN : (double)cell.time / MW_SECOND_US);
        return;
    }
    mw_buf text;
    mw_buf_init(&text, MW_GRID_SIZE_MAX);
    if (type == MW_TYPE_NUMBER && !mw_cell_is_missing(type, cell))
        mw_buf_printf(&text, "%.6g", cell.number);
    else mw_cell_append(&text, type, cell, it->walk->workspace.symbols);
    mw_grid_add_str(grid, mw_buf_str(&text));
    mw_buf_release(&text);
}

static void add_share(mw_grid *grid, double share) {
    if (isnan(share)) mw_grid_add(grid, "-");
    else mw_grid_add(grid, "%.1f %%", 100 * share);
}

static void add_cost(mw_grid *grid, const mw_feature_cost *cost) {
    mw_grid_add(grid, "%.2f", cost->cpu_us);
    mw_grid_add_count(grid, cost->key_count);
    if (cost->key_count == 0) mw_grid_add(grid, "-");
    else mw_grid_add_count(grid, cost->bytes / cost->key_count);
}

static void print_table(const shown *it, mw_buf *out) {
    mw_grid grid = mw_grid_begin(
        it->costs ? "feature|type|>missing|>from|>to|>importance|>us a moment|>keys|>bytes a key"
                  : "feature|type|>missing|>from|>to|>importance");
    for (size_t i = it->first; i < it->end; i++) {
        const mw_catalogue_entry *entry = &it->catalogue->entries[i];
        mw_type type = entry->feature->type;
        mw_grid_add_str(&grid, entry->feature->name);
        mw_grid_add(&grid, "%s", mw_type_name(type));
        add_share(&grid, missing_share(&entry->summary));
        add_cell(it, &grid, type, entry->summary.least);
        add_cell(it, &grid, type, entry->summary.greatest);
        add_share(&grid, entry->importance);
        if (it->costs) add_cost(&grid, &it->costs[i]);
    }
    mw_grid_print(&grid, "", out);
}

/* --- what is worth a look ---------------------------------------------------------------- */

static bool never_changes(const shown *it, size_t index) {
    return it->catalogue->moment_count > 0 && it->catalogue->entries[index].summary.is_constant;
}

/* With one before it that is no twin of another. */
static bool goes_with_another(const shown *it, size_t index) {
    const mw_catalogue_entry *entry = &it->catalogue->entries[index];
    return entry->nearest >= 0 && (size_t)entry->nearest < index &&
           it->catalogue->entries[entry->nearest].twin < 0 &&
           fabs(entry->correlation) >= correlation_worth_telling;
}

static void tell_finding(const shown *it, size_t i, mw_buf *out) {
    const mw_catalogue *catalogue = it->catalogue;
    const mw_catalogue_entry *entry = &catalogue->entries[i];
    mw_str name = entry->feature->name;
    if (never_changes(it, i))
        mw_buf_printf(out, "%.*s never changes\n", MW_STR_ARGS(name));
    else if (entry->twin >= 0)
        mw_buf_printf(out, "%.*s has the same value as %.*s at each moment\n", MW_STR_ARGS(name),
                      MW_STR_ARGS(name_of(it, (size_t)entry->twin)));
    else if (goes_with_another(it, i))
        mw_buf_printf(out, "%.*s goes with %.*s (%.3f)\n", MW_STR_ARGS(name),
                      MW_STR_ARGS(name_of(it, (size_t)entry->nearest)), entry->correlation);
    bool is_among_others = it->end - it->first > 1; /* else it stands above */
    if (is_among_others) mw_feature_doubt_print(entry->feature, out);
    if (entry->importance == 0)
        mw_buf_printf(out, "%.*s adds nothing to version %.*s\n", MW_STR_ARGS(name),
                      MW_STR_ARGS(catalogue->champion));
}

/* Behind the last of those that are shown and are numbers of the same vector. */
static size_t numbers_end(const shown *it, size_t first) {
    const mw_catalogue_entry *entries = it->catalogue->entries;
    size_t end = first + 1;
    while (entries[first].feature->vector && end < it->end &&
           entries[end].feature->vector == entries[first].feature->vector)
        end++;
    return end;
}

/* Of hundreds of words most say what others do: a line of counts for all, not one for each. */
static void tell_numbers(const shown *it, size_t first, size_t end, mw_buf *out) {
    const mw_catalogue_entry *entries = it->catalogue->entries;
    size_t constant = 0, twins = 0, near = 0, idle = 0;
    for (size_t i = first; i < end; i++) {
        bool is_constant = never_changes(it, i), is_twin = !is_constant && entries[i].twin >= 0;
        constant += is_constant;
        twins += is_twin;
        near += !is_constant && !is_twin && goes_with_another(it, i);
        idle += entries[i].importance == 0;
    }
    mw_buf_printf(out, "%.*s to %.*s: %zu never change, %zu have the same value as another at "
                  "each moment,\n  %zu go with another", MW_STR_ARGS(name_of(it, first)),
                  MW_STR_ARGS(name_of(it, end - 1)), constant, twins, near);
    if (it->catalogue->champion.size > 0)
        mw_buf_printf(out, ", %zu add nothing to version %.*s", idle,
                      MW_STR_ARGS(it->catalogue->champion));
    mw_buf_append_char(out, '\n');
    mw_feature_doubt_print(entries[first].feature, out);
}

static void tell_findings(const shown *it, mw_buf *out) {
    for (size_t i = it->first, end; i < it->end; i = end) {
        end = numbers_end(it, i);
        if (end - i > 1) tell_numbers(it, i, end, out);
        else tell_finding(it, i, out);
    }
}

static void tell_about(const shown *it, mw_buf *out) {
    const mw_catalogue *catalogue = it->catalogue;
    mw_buf_append_char(out, '\n');
    mw_count_append(out, catalogue->moment_count);
    mw_buf_append_text(out, " moments. ");
    if (catalogue->champion.size > 0)
        mw_buf_printf(out, "Importance: the share of all that is added to the predictions of "
                           "version %.*s\n(mean absolute SHAP values).\n",
                      MW_STR_ARGS(catalogue->champion));
    else mw_buf_printf(out, "No importance: %.*s.\n", MW_STR_ARGS(catalogue->no_importance));
    if (it->costs)
        mw_buf_append_text(out, "Costs are of each feature alone, state at its greatest; those "
                                "that share stream\nand keys share their state.\n");
}

/* --- one --------------------------------------------------------------------------------- */

static void print_line(mw_buf *out, const char *title, mw_str text) {
    if (text.size > 0) mw_buf_printf(out, "  %-12s %.*s\n", title, MW_STR_ARGS(text));
}

static void append_names(const mw_str *names, size_t count, mw_buf *out) {
    for (size_t i = 0; i < count; i++)
        mw_buf_printf(out, "%s%.*s", i > 0 ? ", " : "", MW_STR_ARGS(names[i]));
}

static void print_words(const shown *it, size_t feature, mw_buf *out) {
    const mw_feature_about *about = it->catalogue->entries[feature].about;
    mw_buf words;
    print_line(out, "is", mw_code_text(it->catalogue->entries[feature].feature->code));
    mw_str process = it->catalogue->entries[feature].feature->process;
    if (process.size > 0)
        mw_buf_printf(out, "  %-12s the process %.*s: " MW_NOT_PROVED "\n", "asked of",
                      MW_STR_ARGS(process));
    if (about) {
        print_line(out, "description", about->description);
        print_line(out, "owner", about->owner);
        mw_buf_init(&words, 1 << 16);
        append_names(about->tags, about->tag_count, &words);
        print_line(out, "tags", mw_buf_str(&words));
        mw_buf_release(&words);
    }
    mw_buf_init(&words, 1 << 20);
    mw_feature_readers_print(&it->readers, feature, &words);
    print_line(out, "read by", mw_buf_str(&words));
    mw_buf_release(&words);
}

static void print_one(const shown *it, size_t feature, mw_buf *out) {
    const mw_catalogue_entry *entry = &it->catalogue->entries[feature];
    mw_buf_printf(out, "%.*s, a %s of model %.*s\n", MW_STR_ARGS(entry->feature->name),
                  mw_type_name(entry->feature->type), MW_STR_ARGS(model_of(it)->name));
    print_words(it, feature, out);
    if (entry->nearest >= 0)
        mw_buf_printf(out, "  %-12s %.*s (%.3f, by rank)\n", "goes with",
                      MW_STR_ARGS(name_of(it, (size_t)entry->nearest)), entry->correlation);
    mw_buf_append_char(out, '\n');
}

/* --- JSON -------------------------------------------------------------------------------- */

static void write_bound(const shown *it, mw_json *json, const char *key, mw_type type,
                        mw_cell cell) {
    mw_json_key(json, key);
    mw_cell_write_json(json, type, cell, it->walk->workspace.symbols);
}

static void write_about(mw_json *json, const mw_feature_about *about) {
    mw_json_put_str(json, "description", about ? about->description : MW_STR(""));
    mw_json_put_str(json, "owner", about ? about->owner : MW_STR(""));
    mw_json_key(json, "tags");
    mw_json_array(json);
    for (size_t i = 0; about && i < about->tag_count; i++) mw_json_str(json, about->tags[i]);
    mw_json_array_end(json);
}

static void write_other(const shown *it, mw_json *json, const char *key, int32_t feature) {
    mw_json_key(json, key);
    if (feature < 0) mw_json_null(json);
    else mw_json_str(json, name_of(it, (size_t)feature));
}

static void write_feature(const shown *it, size_t feature, mw_json *json) {
    const mw_catalogue_entry *entry = &it->catalogue->entries[feature];
    const mw_summary *summary = &entry->summary;
    mw_json_object(json);
    mw_json_put_str(json, "name", entry->feature->name);
    mw_json_put_text(json, "type", mw_type_name(entry->feature->type));
    mw_json_put_str(json, "expression", mw_code_text(entry->feature->code));
    mw_json_put_bool(json, "proved_exact", entry->feature->process.size == 0);
    write_about(json, entry->about);
    mw_json_key(json, "read_by");
    mw_feature_readers_write_json(&it->readers, feature, json);
    mw_json_put_number(json, "missing", missing_share(summary));
    write_bound(it, json, "from", summary->type, summary->least);
    write_bound(it, json, "to", summary->type, summary->greatest);
    mw_json_put_bool(json, "constant", summary->is_constant);
    write_other(it, json, "same_as", entry->twin);
    write_other(it, json, "goes_with", entry->nearest);
    mw_json_put_number(json, "correlation", entry->nearest < 0 ? NAN : entry->correlation);
    mw_json_put_number(json, "importance", entry->importance);
    if (it->costs) {
        mw_json_put_number(json, "cpu_us_per_moment", it->costs[feature].cpu_us);
        mw_json_put_count(json, "keys", it->costs[feature].key_count);
        mw_json_put_count(json, "state_bytes", it->costs[feature].bytes);
    }
    mw_json_object_end(json);
}

static void write_json(const shown *it, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_str(&json, "model", model_of(it)->name);
    mw_json_put_count(&json, "moments", it->catalogue->moment_count);
    mw_json_key(&json, "version");
    if (it->catalogue->champion.size > 0) mw_json_str(&json, it->catalogue->champion);
    else mw_json_null(&json);
    mw_json_key(&json, "features");
    mw_json_array(&json);
    for (size_t i = it->first; i < it->end; i++) write_feature(it, i, &json);
    mw_json_array_end(&json);
    mw_json_object_end(&json);
}

/* --- the command ------------------------------------------------------------------------- */

static mw_status choose(shown *it, mw_error *err) {
    mw_cli *cli = it->walk->workspace.cli;
    const mw_model_program *model = model_of(it);
    it->end = model->feature_count;
    if (cli->word_count == 0) return MW_OK;
    for (size_t i = 0; i < model->feature_count; i++) {
        if (!mw_str_is(model->features[i].name, cli->words[0])) continue;
        it->first = i;
        it->end = i + 1;
        return MW_OK;
    }
    return mw_feature_not_found(model, cli->words[0], err);
}

static mw_status measure_costs(shown *it, mw_error *err) {
    mw_cli *cli = it->walk->workspace.cli;
    mw_feature_cost floor, *costs = mw_arena_alloc(&cli->arena, it->end + 1, sizeof *costs);
    if (!costs) return mw_fail(err, MW_NO_MEMORY, "features show: no memory");
    mw_progress progress =
        mw_progress_begin(cli->sys, "replaying feature by feature", it->end - it->first + 1);
    mw_status status = mw_feature_cost_floor(it->walk, &floor, err);
    for (size_t i = it->first; i < it->end && status == MW_OK; i++) {
        mw_progress_update(&progress, i - it->first + 1);
        status = mw_feature_cost_measure(it->walk, i, &floor, &costs[i], err);
    }
    mw_progress_end(&progress);
    it->costs = costs;
    return status;
}

static mw_status show(mw_feature_walk *walk, mw_error *err) {
    mw_cli *cli = walk->workspace.cli;
    mw_catalogue catalogue;
    shown it = {.walk = walk, .catalogue = &catalogue};
    MW_TRY(choose(&it, err));
    MW_TRY(mw_feature_readers_init(&it.readers, &walk->workspace, model_of(&it), err));
    MW_TRY(mw_catalogue_make(walk, &catalogue, err));
    if (mw_cli_has(cli, "--cost")) MW_TRY(measure_costs(&it, err));
    if (cli->json) {
        write_json(&it, &cli->out);
        return MW_OK;
    }
    if (cli->word_count > 0) print_one(&it, it.first, &cli->out);
    print_table(&it, &cli->out);
    tell_about(&it, &cli->out);
    tell_findings(&it, &cli->out);
    return MW_OK;
}

mw_status mw_cli_features_show(mw_cli *cli, mw_error *err) {
    mw_feature_walk walk;
    mw_status status = mw_feature_walk_begin(cli, &walk, err);
    if (status == MW_OK) status = show(&walk, err);
    mw_feature_walk_end(&walk);
    return status;
}
