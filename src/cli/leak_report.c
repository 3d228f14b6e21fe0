#include "cli/leak_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/feature_list.h"
#include "cli/grid.h"

/* Gains and worths above these are named in a closing line. */
static const double gain_worth_telling = 0.01, too_good_alone = 0.95;

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

static int by_gain(const void *a, const void *b) {
    const mw_leak_finding *one = a, *other = b;
    double x = mw_leak_gain(&one->leak), y = mw_leak_gain(&other->leak);
    if (x != y) return x > y ? -1 : 1;
    return mw_str_compare(one->feature->name, other->feature->name);
}

mw_leak_report mw_leak_report_make(mw_leak_finding *found, size_t count, size_t example_count,
                                   mw_answer_kind kind) {
    if (count > 0) qsort(found, count, sizeof *found, by_gain);
    return (mw_leak_report){found, count, example_count, kind};
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

/* Of a vector, and no cheat changes it: hundreds of words would be a line each. */
static bool is_calm_number(const mw_leak_finding *it) {
    return it->feature->vector && it->leak.changed[MW_CHEAT_EVENT_TIME] == 0 &&
           it->leak.changed[MW_CHEAT_OWN_EVENTS] == 0;
}

static bool go_together(const mw_leak_finding *one, const mw_leak_finding *other) {
    return one->feature->vector == other->feature->vector && is_calm_number(one) &&
           is_calm_number(other);
}

/* The numbers that go together with this one, it among them, and the range of their worth. */
static size_t gather(const mw_leak_report *told, const mw_leak_finding *one, double *out_least,
                     double *out_most) {
    size_t count = 0;
    *out_least = *out_most = one->leak.worth[MW_CHEAT_NONE];
    for (size_t i = 0; i < told->count; i++) {
        double alone = told->found[i].leak.worth[MW_CHEAT_NONE];
        if (!go_together(one, &told->found[i])) continue;
        *out_least = fmin(*out_least, alone);
        *out_most = fmax(*out_most, alone);
        count++;
    }
    return count;
}

static void add_names(mw_grid *grid, const mw_leak_report *told, const mw_leak_finding *it) {
    double least, most;
    size_t count = gather(told, it, &least, &most);
    if (count > 1) {
        mw_grid_add(grid, "%.*s and %zu more", MW_STR_ARGS(it->feature->name), count - 1);
        mw_grid_add(grid, "%.4f to %.4f", least, most);
    } else {
        mw_grid_add_str(grid, it->feature->name);
        mw_grid_add(grid, "%.4f", it->leak.worth[MW_CHEAT_NONE]);
    }
}

/* Those that go together are next to each other, or have another name of no gain between them. */
static bool is_told_already(const mw_leak_report *told, size_t index) {
    for (size_t i = 0; i < index && is_calm_number(&told->found[index]); i++)
        if (go_together(&told->found[i], &told->found[index])) return true;
    return false;
}

static size_t print_grid(const mw_leak_report *told, mw_buf *out) {
    mw_grid grid = mw_grid_begin("feature|>alone|>by event time|>changed|>with own events|"
                                 ">changed|>gain");
    size_t telling = 0;
    for (size_t i = 0; i < told->count; i++) {
        const mw_leak *leak = &told->found[i].leak;
        if (is_told_already(told, i)) continue;
        add_names(&grid, told, &told->found[i]);
        add_cheat(&grid, leak, MW_CHEAT_EVENT_TIME);
        add_cheat(&grid, leak, MW_CHEAT_OWN_EVENTS);
        mw_grid_add(&grid, "%.4f", mw_leak_gain(leak));
        telling += mw_leak_gain(leak) > gain_worth_telling;
    }
    mw_grid_print(&grid, "", out);
    return telling;
}

static void print_doubts(const mw_leak_report *told, mw_buf *out) {
    for (size_t i = 0; i < told->count; i++) {
        double alone = told->found[i].leak.worth[MW_CHEAT_NONE];
        if (alone > too_good_alone)
            mw_buf_printf(out, "%.*s is too good to be true alone (%.4f): is it known when the "
                               "project says?\n", MW_STR_ARGS(told->found[i].feature->name),
                          alone);
    }
    for (size_t i = 0; i < told->count; i++) mw_feature_doubt_print(told->found[i].feature, out);
}

void mw_leak_report_print(const mw_leak_report *told, mw_buf *out) {
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

static void write_worth(mw_json *json, const mw_leak_report *told, const char *how, double worth) {
    char key[64];
    snprintf(key, sizeof key, "%s%s", mw_leak_measure_name(told->kind), how);
    mw_json_put_number(json, key, worth);
}

static void write_finding(mw_json *json, const mw_leak_report *told, const mw_leak_finding *it) {
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

void mw_leak_report_write_json(const mw_leak_report *told, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_count(&json, "examples", told->example_count);
    mw_json_key(&json, "features");
    mw_json_array(&json);
    for (size_t i = 0; i < told->count; i++) write_finding(&json, told, &told->found[i]);
    mw_json_array_end(&json);
    mw_json_object_end(&json);
}
