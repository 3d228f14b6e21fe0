#include "cli/train_report.h"

#include <math.h>
#include <stdio.h>

#include "cli/grid.h"

/* --- JSON ------------------------------------------------------------------------------- */

static void write_metrics(const mw_trained *trained, const mw_measures *measures,
                          bool with_interval, mw_json *json) {
    mw_json_object(json);
    for (size_t m = 0; m < mw_measure_count(trained->answer); m++) {
        const mw_estimate *estimate = &measures->of[m];
        mw_json_key(json, mw_measure_name(trained->answer, m));
        mw_json_object(json);
        mw_json_put_number(json, "value", estimate->value);
        if (with_interval) {
            mw_json_put_number(json, "low", estimate->low);
            mw_json_put_number(json, "high", estimate->high);
        }
        mw_json_object_end(json);
    }
    mw_json_object_end(json);
}

/* Of those that are learned from. */
static size_t count_before_full(const mw_train_report *report) {
    size_t count = 0;
    for (size_t i = 0; i < report->trained->split.train_count; i++)
        count += report->examples->items[i].t < report->full_from;
    return count;
}

static void write_examples(const mw_train_report *report, mw_json *json) {
    const mw_split *split = &report->trained->split;
    mw_json_key(json, "examples");
    mw_json_object(json);
    mw_json_put_count(json, "train", split->train_count);
    mw_json_put_count(json, "test", split->test_count);
    mw_json_put_count(json, "dropped", report->examples->dropped_count);
    mw_json_put_count(json, "unlabelled", report->examples->unlabelled_count);
    mw_json_put_count(json, "set_aside", split->embargoed_count);
    mw_json_object_end(json);
    mw_json_put_count(json, "before_full_windows", count_before_full(report));
    if (report->late) mw_json_put_count(json, "events_after_labels", report->late->count);
    mw_json_put_time(json, "train_from", split->train_from);
    mw_json_put_time(json, "test_from", split->test_from);
    mw_json_put_time(json, "test_to", split->test_to);
}

static void write_decision(const mw_trained *trained, mw_json *json) {
    if (!mw_answer_kind_decides(trained->answer)) return;
    const mw_threshold *threshold = &trained->threshold;
    mw_json_put_number(json, "threshold", threshold->threshold);
    mw_json_key(json, "cost");
    mw_json_object(json);
    mw_json_put_number(json, "value", threshold->cost);
    mw_json_put_number(json, "baseline", trained->baseline_cost);
    mw_json_put_count(json, "false_alarms", threshold->false_alarms);
    mw_json_put_count(json, "misses", threshold->misses);
    mw_json_object_end(json);
}

static void write_segments(const mw_trained *trained, mw_json *json) {
    mw_json_key(json, "segments");
    mw_json_array(json);
    for (size_t i = 0; i < trained->segment_count; i++) {
        const mw_segment_metrics *segment = &trained->segments[i];
        mw_json_object(json);
        mw_json_put_str(json, "column", segment->column);
        mw_json_put_str(json, "value", segment->value);
        mw_json_put_count(json, "examples", segment->count);
        mw_json_key(json, "metrics");
        if (segment->is_small) mw_json_null(json);
        else write_metrics(trained, &segment->measures, true, json);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

void mw_train_report_json(const mw_train_report *report, mw_train_outcome outcome, mw_buf *out) {
    const mw_trained *trained = report->trained;
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_str(&json, "model", report->model->declaration.name);
    mw_json_put_str(&json, "version", trained->name);
    mw_json_put_str(&json, "learner", report->model->learner);
    mw_json_key(&json, "run");
    if (outcome.run > 0) mw_json_int(&json, outcome.run);
    else mw_json_null(&json);
    mw_json_put_bool(&json, "champion", outcome.is_champion);
    mw_json_key(&json, "metrics");
    write_metrics(trained, &trained->test, true, &json);
    mw_json_key(&json, "baseline");
    write_metrics(trained, &trained->baseline, false, &json);
    write_decision(trained, &json);
    mw_json_put_bool(&json, "constant", trained->is_constant);
    write_examples(report, &json);
    write_segments(trained, &json);
    mw_json_put_str(&json, "data_version", report->data_version);
    mw_json_put_int(&json, "seed", report->seed);
    mw_json_put_str(&json, "settings", trained->settings);
    mw_json_put_number(&json, "learner_cpu_seconds",
                       (double)trained->learner_cpu_us / (double)MW_SECOND_US);
    mw_json_put_number(&json, "seconds", report->seconds);
    mw_json_object_end(&json);
}

void mw_train_report_details(const mw_train_report *report, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_str(&json, "settings", report->trained->settings);
    write_examples(report, &json);
    write_decision(report->trained, &json);
    mw_json_key(&json, "baseline");
    write_metrics(report->trained, &report->trained->baseline, false, &json);
    mw_json_object_end(&json);
}

/* --- rows of the registry --------------------------------------------------------------- */

static size_t add_metrics(const mw_trained *trained, const mw_measures *measures, mw_str segment,
                          mw_metric_row *rows) {
    size_t count = 0;
    for (size_t m = 0; m < mw_measure_count(trained->answer); m++) {
        const mw_estimate *estimate = &measures->of[m];
        if (isnan(estimate->value)) continue;
        rows[count++] = (mw_metric_row){.name = mw_str_of(mw_measure_name(trained->answer, m)),
                                        .segment = segment,
                                        .value = estimate->value,
                                        .low = estimate->low,
                                        .high = estimate->high,
                                        .count = (int64_t)measures->example_count};
    }
    return count;
}

mw_status mw_train_report_metrics(const mw_train_report *report, mw_arena *arena,
                                  mw_metric_row **out_rows, size_t *out_count, mw_error *err) {
    const mw_trained *trained = report->trained;
    size_t count_max = (trained->segment_count + 1) * MW_MEASURES_MAX + 1, count = 0;
    mw_metric_row *rows = mw_arena_alloc(arena, count_max, sizeof *rows);
    if (!rows) return mw_fail(err, MW_NO_MEMORY, "train: no memory for the metrics");
    count += add_metrics(trained, &trained->test, MW_STR(""), rows);
    if (!isnan(trained->threshold.cost))
        rows[count++] = (mw_metric_row){.name = MW_STR("cost"),
                                        .segment = MW_STR(""),
                                        .value = trained->threshold.cost,
                                        .low = NAN,
                                        .high = NAN,
                                        .count = (int64_t)trained->test.example_count};
    for (size_t i = 0; i < trained->segment_count; i++) {
        const mw_segment_metrics *segment = &trained->segments[i];
        if (segment->is_small) continue;
        size_t size = segment->column.size + segment->value.size + 2;
        char *name = mw_arena_alloc(arena, size, 1);
        if (!name) return mw_fail(err, MW_NO_MEMORY, "train: no memory for the metrics");
        int used = snprintf(name, size, "%.*s=%.*s", MW_STR_ARGS(segment->column),
                            MW_STR_ARGS(segment->value));
        mw_str known = {name, (size_t)used};
        count += add_metrics(trained, &segment->measures, known, rows + count);
    }
    *out_rows = rows;
    *out_count = count;
    return MW_OK;
}

/* --- for people ------------------------------------------------------------------------- */

static void append_day(const mw_train_report *report, int64_t us, mw_buf *out) {
    mw_civil civil = mw_civil_of(us + mw_zone_offset_us(report->workspace->zone, us));
    mw_buf_printf(out, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
}

/* A label stays as it matured (rule 6), so what came later is said, and not lost. */
static void print_late_truth(const mw_train_report *report, mw_buf *out) {
    const mw_late_truth *late = report->late;
    if (!late || late->count == 0) return;
    mw_count_append(out, late->count);
    mw_buf_printf(out, late->count == 1 ? " event (%.*s) came" : " events (%.*s) came",
                  MW_STR_ARGS(late->stream));
    mw_buf_append_text(out, " after labels that look at their time had matured, and changed none: "
                            "`features verify` counts\n"
                            "  those that would be others; a longer `late` waits for them\n");
}

static void print_examples(const mw_train_report *report, mw_buf *out) {
    const mw_split *split = &report->trained->split;
    mw_buf_append_text(out, "learned from ");
    mw_count_append(out, split->train_count);
    mw_buf_append_text(out, " examples, ");
    append_day(report, split->train_from, out);
    mw_buf_append_text(out, " to ");
    append_day(report, split->test_from - 1, out);
    if (split->test_count > 0) {
        mw_buf_append_text(out, "; tested on the ");
        mw_count_append(out, split->test_count);
        mw_buf_append_text(out, " after them, to ");
        append_day(report, split->test_to - 1, out);
    }
    mw_buf_append_text(out, "\n");
    mw_count_append(out, split->embargoed_count);
    mw_buf_append_text(out, " set aside (their labels came after the test began), ");
    mw_count_append(out, report->examples->unlabelled_count);
    mw_buf_append_text(out, " without a label, ");
    mw_count_append(out, report->examples->dropped_count);
    mw_buf_append_text(out, " dropped by `unless`\n");
    print_late_truth(report, out);
    size_t early_count = count_before_full(report);
    if (early_count == 0) return;
    mw_count_append(out, early_count);
    mw_buf_printf(out, " of the examples (%.1f %%) lie before their windows are full\n",
                  100.0 * (double)early_count / (double)split->train_count);
}

static void add_measure(mw_grid *grid, double value) {
    if (isnan(value)) mw_grid_add(grid, "none");
    else mw_grid_add(grid, "%s", mw_measure_text_of(value).text);
}

static void add_estimate(mw_grid *grid, const mw_estimate *estimate) {
    add_measure(grid, estimate->value);
    if (isnan(estimate->low)) mw_grid_add(grid, "%s", "");
    else mw_grid_add(grid, "%s to %s", mw_measure_text_of(estimate->low).text,
                     mw_measure_text_of(estimate->high).text);
}

static void print_metrics(const mw_trained *trained, mw_buf *out) {
    static const char *const better[] = {[MW_BETTER_GREATER] = "more",
                                         [MW_BETTER_LESS] = "less",
                                         [MW_BETTER_NEAR_ZERO] = "nearer to 0"};
    mw_grid grid = mw_grid_begin("metric|>value|95 % interval|>baseline|");
    for (size_t m = 0; m < mw_measure_count(trained->answer); m++) {
        mw_grid_add(&grid, "%s", mw_measure_name(trained->answer, m));
        add_estimate(&grid, &trained->test.of[m]);
        add_measure(&grid, trained->baseline.of[m].value);
        mw_grid_add(&grid, "%s is better", better[mw_measure_better(trained->answer, m)]);
    }
    mw_buf_append_char(out, '\n');
    mw_grid_print(&grid, "", out);
}

static void print_cost(const mw_train_report *report, mw_buf *out) {
    const mw_trained *trained = report->trained;
    if (!mw_answer_kind_decides(trained->answer)) return;
    mw_buf_append_text(out, "\nyes from ");
    mw_buf_printf(out, "%.4g on", trained->threshold.threshold);
    if (isnan(trained->threshold.cost)) {
        mw_buf_append_text(out, ", by the costs alone: there was no test\n");
        return;
    }
    mw_buf_append_text(out, ": ");
    mw_count_append(out, trained->threshold.false_alarms);
    mw_buf_append_text(out, " false alarms and ");
    mw_count_append(out, trained->threshold.misses);
    mw_buf_append_text(out, " misses cost ");
    mw_buf_append_double(out, trained->threshold.cost);
    mw_buf_append_text(out, "; always saying the same would cost ");
    mw_buf_append_double(out, trained->baseline_cost);
    mw_buf_append_text(out, "\n(the threshold is the best one on the test, so this cost is a "
                            "little too good)\n");
}

static void print_segments(const mw_trained *trained, mw_buf *out) {
    if (trained->segment_count == 0) return;
    size_t small_count = 0;
    char heading[64];
    snprintf(heading, sizeof heading, "segment|value|>examples|>%s|95 %% interval",
             mw_measure_name(trained->answer, 0));
    mw_grid grid = mw_grid_begin(heading);
    for (size_t i = 0; i < trained->segment_count; i++) {
        const mw_segment_metrics *segment = &trained->segments[i];
        small_count += segment->is_small;
        if (segment->is_small) continue;
        mw_grid_add_str(&grid, segment->column);
        mw_grid_add_str(&grid, segment->value);
        mw_grid_add_count(&grid, segment->count);
        add_estimate(&grid, &segment->measures.of[0]);
    }
    mw_buf_append_char(out, '\n');
    mw_grid_print(&grid, "", out);
    if (small_count == 0) return;
    mw_buf_printf(out, "too small to judge (under %d examples", MW_SEGMENT_EXAMPLES_MIN);
    if (mw_answer_kind_decides(trained->answer))
        mw_buf_printf(out, ", or %d of a class", MW_SEGMENT_CLASS_MIN);
    mw_buf_append_text(out, "):");
    const char *joint = " ";
    for (size_t i = 0; i < trained->segment_count; i++) {
        const mw_segment_metrics *segment = &trained->segments[i];
        if (!segment->is_small) continue;
        mw_buf_printf(out, "%s%.*s %.*s", joint, MW_STR_ARGS(segment->column),
                      MW_STR_ARGS(segment->value));
        joint = ", ";
    }
    mw_buf_append_char(out, '\n');
}

static void print_outcome(const mw_train_report *report, mw_train_outcome outcome, mw_buf *out) {
    mw_str model = report->model->declaration.name, version = report->trained->name;
    mw_buf_append_char(out, '\n');
    if (outcome.run == 0)
        mw_buf_printf(out, "nothing to do: version %.*s stands already (the same project, data "
                           "and seed)\n", MW_STR_ARGS(version));
    else mw_buf_printf(out, "run %lld, version %.*s, ", (long long)outcome.run,
                       MW_STR_ARGS(version));
    if (outcome.run == 0) return;
    if (outcome.is_first) mw_buf_append_text(out, "champion: it is the first of its model\n");
    else if (outcome.is_champion) mw_buf_append_text(out, "champion\n");
    else mw_buf_printf(out, "candidate\nnext: millwright models promote %.*s %.*s\n",
                       MW_STR_ARGS(model), MW_STR_ARGS(version));
}

void mw_train_report_print(const mw_train_report *report, mw_train_outcome outcome, mw_buf *out) {
    const mw_trained *trained = report->trained;
    mw_buf_printf(out, "model %.*s, version %.*s (%.*s), in %.1f s\n",
                  MW_STR_ARGS(report->model->declaration.name), MW_STR_ARGS(trained->name),
                  MW_STR_ARGS(report->model->learner), report->seconds);
    print_examples(report, out);
    if (trained->split.test_count > 0) print_metrics(trained, out);
    print_cost(report, out);
    print_segments(trained, out);
    print_outcome(report, outcome, out);
}
