#include "cli/suggestion_report.h"

#include "base/json.h"
#include "cli/grid.h"

enum { TOLD = 2 }; /* measures of each kind */

/* The loss that windows are chosen by, for people and for programs, and what the proof tells. */
typedef struct {
    const char *loss, *loss_key;
    size_t told[TOLD];
} words;

static const words words_of[MW_ANSWER_COUNT] = {
    [MW_ANSWER_YES_NO] = {"log loss", "log_loss", {MW_METRIC_log_loss, MW_METRIC_roc_auc}},
    [MW_ANSWER_NUMBER] = {"squared error", "squared_error", {MW_NUMBER_rmse, MW_NUMBER_mae}},
    [MW_ANSWER_CLASS] = {"log loss", "log_loss", {MW_CLASS_log_loss, MW_CLASS_accuracy}},
};

static void print_measure(const mw_suggestions *it, size_t index, mw_buf *out) {
    const mw_estimate *without = &it->without.of[index], *with = &it->with.of[index];
    mw_buf_printf(out, "  %-10s %s without, %s with them (%s to %s)\n",
                  mw_measure_name(it->kind, index), mw_measure_text_of(without->value).text,
                  mw_measure_text_of(with->value).text, mw_measure_text_of(with->low).text,
                  mw_measure_text_of(with->high).text);
}

/* By the measure that windows are chosen by, the first one told. */
static bool is_better_with_them(const mw_suggestions *it) {
    size_t index = words_of[it->kind].told[0];
    return it->with.of[index].value < it->without.of[index].value;
}

static void print_chosen(const mw_suggestions *it, mw_buf *out) {
    mw_grid grid = mw_grid_begin(">alone|>after those above|window");
    for (size_t i = 0; i < it->selected_count; i++) {
        const mw_selected *selected = &it->selected[i];
        mw_grid_add(&grid, "%.2f %%", 100 * selected->alone.mean / it->loss);
        mw_grid_add(&grid, "%.2f %%", 100 * selected->added.mean / it->loss);
        mw_grid_add_str(&grid, it->candidates[selected->column].source.text);
    }
    mw_grid_print(&grid, "", out);
    mw_buf_printf(out, "\nBy how much the %s falls on later examples, had the window "
                  "been there.\nOn the ", words_of[it->kind].loss);
    mw_count_append(out, it->with.example_count);
    mw_buf_append_text(out, " latest examples, which had no part in the choice:\n");
    for (size_t i = 0; i < TOLD; i++) print_measure(it, words_of[it->kind].told[i], out);
    if (!is_better_with_them(it))
        mw_buf_append_text(out, "They make it no better there: what they seemed to add may be "
                                "chance, or may not last.\n");
    mw_buf_append_text(out, "\nWhat you like goes into millwright.yaml:\n\nfeatures:\n");
    for (size_t i = 0; i < it->selected_count; i++) {
        const mw_named_source *candidate = &it->candidates[it->selected[i].column];
        mw_buf_printf(out, "  %.*s: %.*s\n", MW_STR_ARGS(candidate->name),
                      MW_STR_ARGS(candidate->source.text));
    }
}

void mw_suggestions_print(const mw_suggestions *it, mw_buf *out) {
    mw_count_append(out, it->candidate_count);
    mw_buf_append_text(out, " windows tried on ");
    mw_count_append(out, it->row_count);
    mw_buf_append_text(out, " examples");
    if (it->left_out > 0) {
        mw_buf_append_text(out, ", ");
        mw_count_append(out, it->left_out);
        mw_buf_append_text(out, " more were not");
    }
    mw_buf_append_text(out, ".\n");
    if (it->selected_count > 0) print_chosen(it, out);
    else mw_buf_append_text(out, "None adds more than chance would.\n");
}

static void write_measures(mw_json *json, const char *key, mw_answer_kind kind,
                           const mw_measures *measures) {
    mw_json_key(json, key);
    mw_json_object(json);
    for (size_t i = 0; i < TOLD; i++) {
        size_t index = words_of[kind].told[i];
        const mw_estimate *estimate = &measures->of[index];
        mw_json_key(json, mw_measure_name(kind, index));
        mw_json_object(json);
        mw_json_put_number(json, "value", estimate->value);
        mw_json_put_number(json, "low", estimate->low);
        mw_json_put_number(json, "high", estimate->high);
        mw_json_object_end(json);
    }
    mw_json_object_end(json);
}

static void write_gain(mw_json *json, const char *key, mw_answer_kind kind, mw_step_gain gain) {
    mw_json_key(json, key);
    mw_json_object(json);
    mw_json_put_number(json, words_of[kind].loss_key, gain.mean);
    mw_json_put_number(json, "standard_error", gain.error);
    mw_json_object_end(json);
}

void mw_suggestions_write_json(const mw_suggestions *it, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_str(&json, "model", it->model);
    mw_json_put_count(&json, "tried", it->candidate_count);
    mw_json_put_count(&json, "not_tried", it->left_out);
    mw_json_put_count(&json, "examples", it->row_count);
    mw_json_key(&json, "suggestions");
    mw_json_array(&json);
    for (size_t i = 0; i < it->selected_count; i++) {
        const mw_named_source *candidate = &it->candidates[it->selected[i].column];
        mw_json_object(&json);
        mw_json_put_str(&json, "name", candidate->name);
        mw_json_put_str(&json, "expression", candidate->source.text);
        write_gain(&json, "alone", it->kind, it->selected[i].alone);
        write_gain(&json, "added", it->kind, it->selected[i].added);
        mw_json_object_end(&json);
    }
    mw_json_array_end(&json);
    if (it->selected_count > 0) {
        write_measures(&json, "without", it->kind, &it->without);
        write_measures(&json, "with", it->kind, &it->with);
    }
    mw_json_object_end(&json);
}
