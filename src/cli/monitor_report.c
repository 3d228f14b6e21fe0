#include "cli/monitor_report.h"

#include <math.h>
#include <stdlib.h>

#include "cli/grid.h"
#include "cli/monitor_vitals.h"
#include "lang/asked.h"

enum { BIN_TEXT_MAX = 4 << 10, SHOWN_DRIFTS = 10, METRIC_SEED = 1 };

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "monitor: no memory for the report");
}

/* --- drift ------------------------------------------------------------------------------ */

static uint64_t total(const uint64_t *counts, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += counts[i];
    return sum;
}

static double share(uint64_t part, uint64_t whole) {
    return whole == 0 ? NAN : (double)part / (double)whole;
}

/* A column's bins, as they were in training and as they are now. */
typedef struct {
    const mw_profile *profile;
    size_t column, first, count;
    const uint64_t *training, *live;
    uint64_t training_total, live_total;
} bins;

static bins bins_of(const mw_monitor_report *report, size_t column) {
    mw_loop *loop = mw_watch_loop(report->watch);
    const mw_profile *profile = mw_scorer_profile(mw_loop_champion(loop));
    const mw_profile_column *of = mw_profile_column_at(profile, column);
    bins all = {.profile = profile, .column = column, .first = of->first_bin,
                .count = of->bin_count};
    all.training = mw_profile_counts(profile) + of->first_bin;
    all.live = mw_drift_watch_counts(mw_loop_drift(loop)) + of->first_bin;
    all.training_total = total(all.training, all.count);
    all.live_total = total(all.live, all.count);
    return all;
}

static double moved_by(const bins *all, size_t bin) {
    return fabs(share(all->live[bin], all->live_total) -
                share(all->training[bin], all->training_total));
}

/* The bin that moved most but for those above `limit`; the count if none has. */
static size_t most_moved(const bins *all, const size_t *taken, size_t taken_count) {
    size_t best = all->count;
    for (size_t b = 0; b < all->count; b++) {
        bool is_taken = false;
        for (size_t i = 0; i < taken_count; i++) is_taken |= taken[i] == b;
        if (is_taken || !(moved_by(all, b) > 0)) continue;
        if (best == all->count || moved_by(all, b) > moved_by(all, best)) best = b;
    }
    return best;
}

static mw_status name_bin(const bins *all, size_t bin, mw_arena *arena, mw_moved_bin *moved,
                          mw_error *err) {
    mw_buf text;
    mw_buf_init(&text, BIN_TEXT_MAX);
    mw_profile_append_bin(all->profile, all->column, bin, &text);
    moved->text = mw_str_copy(arena, mw_buf_str(&text));
    mw_buf_clear(&text);
    mw_profile_append_bin_rounded(all->profile, all->column, bin, &text);
    moved->rounded = mw_str_copy(arena, mw_buf_str(&text));
    mw_buf_release(&text);
    return moved->text.data && moved->rounded.data ? MW_OK : no_memory(err);
}

static mw_status name_moved(const bins *all, mw_arena *arena, mw_feature_drift *drift,
                            mw_error *err) {
    size_t taken[MW_MOVED_BINS];
    while (drift->moved_count < MW_MOVED_BINS) {
        size_t bin = most_moved(all, taken, drift->moved_count);
        if (bin == all->count) break;
        mw_moved_bin moved = {.training = share(all->training[bin], all->training_total),
                              .live = share(all->live[bin], all->live_total)};
        MW_TRY(name_bin(all, bin, arena, &moved, err));
        taken[drift->moved_count] = bin;
        drift->moved[drift->moved_count++] = moved;
    }
    return MW_OK;
}

/* The prediction is no feature, and proved given its features. */
static bool is_proved(const mw_monitor_report *report, mw_str name) {
    const mw_model_program *model = report->champion->version.program.model;
    for (size_t i = 0; i < model->feature_count; i++)
        if (mw_str_equal(model->features[i].name, name))
            return model->features[i].process.size == 0;
    return true;
}

static mw_status measure_drift(const mw_monitor_report *report, size_t column, mw_arena *arena,
                               mw_feature_drift *drift, mw_error *err) {
    const mw_drift_watch *watch = mw_loop_drift(mw_watch_loop(report->watch));
    bins all = bins_of(report, column);
    size_t missing = all.count - 1; /* the last bin */
    *drift = (mw_feature_drift){
        .name = mw_profile_column_at(all.profile, column)->name,
        .is_proved = is_proved(report, mw_profile_column_at(all.profile, column)->name),
        .drift = mw_drift_watch_column(watch, column),
        .stability = mw_drift_watch_stability(watch, column),
        .missing_training = share(all.training[missing], all.training_total),
        .missing_live = share(all.live[missing], all.live_total)};
    MW_TRY(mw_monitor_drift_weeks(report->watch, column, drift->weeks, err));
    return isnan(drift->drift) ? MW_OK : name_moved(&all, arena, drift, err);
}

static int by_drift(const void *a, const void *b) {
    const mw_feature_drift *left = a, *right = b;
    if (left->drift != right->drift && !isnan(left->drift) && !isnan(right->drift))
        return left->drift > right->drift ? -1 : 1;
    return mw_str_compare(left->name, right->name);
}

static mw_status measure_drifts(mw_monitor_report *report, mw_arena *arena, mw_error *err) {
    mw_loop *loop = mw_watch_loop(report->watch);
    size_t count = mw_profile_column_count(mw_scorer_profile(mw_loop_champion(loop)));
    report->drifts = mw_arena_alloc(arena, count + 1, sizeof *report->drifts);
    if (!report->drifts) return no_memory(err);
    for (size_t i = 0; i < count; i++)
        MW_TRY(measure_drift(report, i, arena, &report->drifts[i], err));
    report->drift_count = count;
    qsort(report->drifts, count, sizeof *report->drifts, by_drift);
    return MW_OK;
}

/* --- quality ---------------------------------------------------------------------------- */

/* The loop has measured the values; here they get their intervals. */
static mw_status measure_metrics(mw_monitor_report *report, mw_arena *arena, mw_error *err) {
    mw_loop *loop = mw_watch_loop(report->watch);
    report->quality = mw_loop_quality(loop);
    for (size_t m = 0; m < MW_METRIC_COUNT; m++)
        report->metrics.of[m] = (mw_estimate){NAN, NAN, NAN};
    if (report->quality.is_small) return MW_OK;
    const mw_outcomes *outcomes = mw_loop_outcomes(loop);
    size_t count = report->quality.outcome_count, first = outcomes->count - count;
    double *scores = mw_arena_alloc(arena, count, sizeof *scores);
    unsigned char *labels = mw_arena_alloc(arena, count, 1);
    if (!scores || !labels) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        scores[i] = outcomes->items[first + i].prediction;
        labels[i] = outcomes->items[first + i].label;
    }
    return mw_metrics_measure((mw_scored){scores, labels, count},
                              (mw_bootstrap){MW_RESAMPLES_USUAL, METRIC_SEED}, &report->metrics,
                              err);
}

static mw_status measure_segments(mw_monitor_report *report, mw_workspace *workspace,
                                  mw_error *err) {
    const mw_outcomes *outcomes = mw_loop_outcomes(mw_watch_loop(report->watch));
    size_t count = report->quality.outcome_count;
    mw_quality_question question = {outcomes, outcomes->count - count, count,
                                    mw_model_costs(&report->champion->model)};
    return mw_quality_by_segment(question, workspace->symbols, &workspace->arena,
                                 &report->segments, &report->segment_count, err);
}

/* --- the verdict ------------------------------------------------------------------------ */

const char *mw_verdict_word(mw_verdict_kind kind) {
    static const char *const words[] = {[MW_VERDICT_WELL] = "well",
                                        [MW_VERDICT_UNKNOWN] = "unknown",
                                        [MW_VERDICT_TROUBLE] = "trouble"};
    return words[kind];
}

/* Trouble weighs more than what is unknown, and all reasons are kept. */
static mw_status add_reason(mw_verdict *verdict, mw_verdict_kind kind, mw_buf *text,
                            mw_arena *arena, mw_error *err) {
    if (verdict->kind < kind) verdict->kind = kind;
    if (verdict->reason_count == MW_VERDICT_REASONS_MAX) return MW_OK;
    MW_TRY(mw_buf_check(text, "the verdict", err));
    mw_str copy = mw_str_copy(arena, mw_buf_str(text));
    mw_buf_clear(text);
    if (!copy.data) return no_memory(err);
    verdict->reasons[verdict->reason_count++] = copy;
    return MW_OK;
}

static mw_status judge_vitals(mw_monitor_report *report, mw_buf *text, mw_arena *arena,
                              mw_error *err) {
    const mw_loop *loop = mw_watch_loop(report->watch);
    size_t when_count = report->champion->model.retrain.when_count;
    for (size_t i = when_count; i < mw_loop_alert_count(loop); i++) {
        const mw_alert *alert = mw_loop_alert(loop, i);
        if (!alert->is_open) continue;
        mw_buf_printf(text, "%.*s: %.4g", MW_STR_ARGS(alert->rule->text), alert->value);
        if (alert->detail.size > 0) mw_buf_printf(text, " (%.*s)", MW_STR_ARGS(alert->detail));
        MW_TRY(add_reason(&report->verdict, MW_VERDICT_TROUBLE, text, arena, err));
    }
    return MW_OK;
}

static mw_status judge_rules(mw_monitor_report *report, mw_buf *text, mw_arena *arena,
                             mw_error *err) {
    const mw_retrain *retrain = &report->champion->model.retrain;
    for (size_t i = 0; i < retrain->when_count; i++) {
        mw_loop_reading found = mw_loop_read(mw_watch_loop(report->watch), &retrain->when[i]);
        if (!found.holds) continue;
        mw_buf_printf(text, "%.*s holds: %.4g", MW_STR_ARGS(retrain->when[i].text), found.value);
        if (found.where.size > 0) mw_buf_printf(text, " (%.*s)", MW_STR_ARGS(found.where));
        MW_TRY(add_reason(&report->verdict, MW_VERDICT_TROUBLE, text, arena, err));
    }
    return MW_OK;
}

static mw_status judge_sight(mw_monitor_report *report, mw_buf *text, mw_arena *arena,
                             mw_error *err) {
    mw_drift_summary drift = mw_drift_watch_read(mw_loop_drift(mw_watch_loop(report->watch)));
    if (report->month.predictions == 0) {
        mw_buf_append_text(text, "no prediction was recorded in the last 30 days: millwright serve "
                                 "makes and records them");
        return add_reason(&report->verdict, MW_VERDICT_UNKNOWN, text, arena, err);
    }
    if (!mw_answer_kind_decides(report->answer)) {
        mw_buf_printf(text, "how good answers are that are %s is not measured yet; drift is",
                      report->answer == MW_ANSWER_CLASS ? "classes" : "numbers");
        MW_TRY(add_reason(&report->verdict, MW_VERDICT_UNKNOWN, text, arena, err));
    } else if (report->quality.is_small) {
        mw_buf_printf(text, "quality takes %d matured labels, %d of a kind; there are %zu, %zu of "
                            "them yes", MW_QUALITY_OUTCOMES_MIN, MW_QUALITY_CLASS_MIN,
                      report->quality.outcome_count, report->quality.positive_count);
        MW_TRY(add_reason(&report->verdict, MW_VERDICT_UNKNOWN, text, arena, err));
    }
    if (isnan(drift.max)) {
        mw_buf_printf(text, "drift takes %d predictions; there are %llu", MW_DRIFT_ROWS_MIN,
                      (unsigned long long)drift.row_count);
        MW_TRY(add_reason(&report->verdict, MW_VERDICT_UNKNOWN, text, arena, err));
    }
    return MW_OK;
}

static mw_status judge(mw_monitor_report *report, mw_arena *arena, mw_error *err) {
    mw_buf text;
    mw_buf_init(&text, BIN_TEXT_MAX);
    mw_status status = judge_rules(report, &text, arena, err);
    if (status == MW_OK) status = judge_vitals(report, &text, arena, err);
    if (status == MW_OK) status = judge_sight(report, &text, arena, err);
    mw_buf_release(&text);
    return status;
}

mw_status mw_monitor_report_make(mw_workspace *workspace, const mw_champion_watch *champion,
                                 const mw_serve_pulse *pulse, mw_monitor_report *out_report,
                                 mw_error *err) {
    const mw_watch *watch = champion->watch;
    const mw_zone *zone = champion->version.program.program->zone;
    const mw_follower *follower = mw_watch_follower(watch);
    int64_t now = mw_follower_now(follower);
    const mw_scorer *scorer = mw_loop_champion(mw_watch_loop(watch));
    mw_monitor_report report = {.champion = champion,
                                .watch = watch,
                                .pulse = pulse,
                                .answer = mw_scorer_version(scorer)->answer};
    report.day = mw_follower_count_since(follower, now - MW_DAY_US);
    report.month = mw_follower_count_since(follower, now - MW_MONITOR_DAYS * MW_DAY_US);
    MW_TRY(measure_metrics(&report, &workspace->arena, err));
    MW_TRY(measure_segments(&report, workspace, err));
    MW_TRY(mw_monitor_weeks(watch, zone, report.weeks, err));
    MW_TRY(measure_drifts(&report, &workspace->arena, err));
    MW_TRY(judge(&report, &workspace->arena, err));
    *out_report = report;
    return MW_OK;
}

/* --- JSON ------------------------------------------------------------------------------- */

static void write_predictions(const mw_monitor_report *report, mw_json *json) {
    mw_json_key(json, "predictions");
    mw_json_object(json);
    mw_json_put_count(json, "last_24h", report->day.predictions);
    mw_json_put_count(json, "last_30d", report->month.predictions);
    mw_json_put_count(json, "labelled_30d", report->month.labelled);
    mw_json_put_number(json, "labelled_share",
                       share(report->month.labelled, report->month.predictions));
    mw_json_put_count(json, "due_30d", report->month.due);
    mw_json_put_count(json, "overdue_30d", report->month.due - report->month.labelled);
    mw_json_put_count(json, "other_program",
                      mw_follower_foreign_count(mw_watch_follower(report->watch)));
    mw_json_object_end(json);
}

static void write_quality(const mw_monitor_report *report, mw_json *json) {
    const mw_quality *quality = &report->quality;
    mw_json_key(json, "quality");
    if (!mw_answer_kind_decides(report->answer)) {
        mw_json_null(json);
        return;
    }
    mw_json_object(json);
    mw_json_put_int(json, "days", MW_MONITOR_DAYS);
    mw_json_put_count(json, "outcomes", quality->outcome_count);
    mw_json_put_count(json, "positives", quality->positive_count);
    mw_json_put_count(json, "decisions", quality->decision_count);
    mw_json_put_number(json, "cost", quality->cost);
    for (size_t m = 0; m < mw_measure_count(report->answer); m++) {
        mw_json_key(json, mw_measure_name(report->answer, m));
        mw_json_object(json);
        mw_json_put_number(json, "value", report->metrics.of[m].value);
        mw_json_put_number(json, "low", report->metrics.of[m].low);
        mw_json_put_number(json, "high", report->metrics.of[m].high);
        mw_json_object_end(json);
    }
    mw_json_object_end(json);
}

static void write_drift(const mw_feature_drift *drift, mw_json *json) {
    mw_json_object(json);
    mw_json_put_str(json, "feature", drift->name);
    mw_json_put_bool(json, "proved_exact", drift->is_proved);
    mw_json_put_number(json, "drift", drift->drift);
    mw_json_put_number(json, "psi", drift->stability);
    mw_json_put_number(json, "missing", drift->missing_live);
    mw_json_put_number(json, "missing_in_training", drift->missing_training);
    mw_json_key(json, "moved");
    mw_json_array(json);
    for (size_t i = 0; i < drift->moved_count; i++) {
        mw_json_object(json);
        mw_json_put_str(json, "bin", drift->moved[i].text);
        mw_json_put_str(json, "rounded", drift->moved[i].rounded);
        mw_json_put_number(json, "in_training", drift->moved[i].training);
        mw_json_put_number(json, "now", drift->moved[i].live);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
    mw_json_key(json, "weeks");
    mw_json_array(json);
    for (size_t i = 0; i < MW_WEEKS_SHOWN; i++) mw_json_number(json, drift->weeks[i]);
    mw_json_array_end(json);
    mw_json_object_end(json);
}

static void write_weeks(const mw_monitor_report *report, mw_json *json) {
    mw_json_key(json, "weeks");
    mw_json_array(json);
    for (size_t i = 0; i < MW_WEEKS_SHOWN; i++) {
        const mw_monitor_week *week = &report->weeks[i];
        mw_json_object(json);
        mw_json_put_text(json, "to", week->day);
        mw_json_put_count(json, "outcomes", week->outcome_count);
        mw_json_put_number(json, "roc_auc", week->roc_auc.value);
        mw_json_put_number(json, "low", week->roc_auc.low);
        mw_json_put_number(json, "high", week->roc_auc.high);
        bool is_share = report->answer == MW_ANSWER_YES_NO; /* and no score */
        mw_json_put_number(json, "expected", is_share ? week->expected : NAN);
        mw_json_put_number(json, "happened", week->happened);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static void write_segments(const mw_monitor_report *report, mw_json *json) {
    mw_json_key(json, "segments");
    mw_json_array(json);
    for (size_t i = 0; i < report->segment_count; i++) {
        const mw_segment_quality *segment = &report->segments[i];
        mw_json_object(json);
        mw_json_put_str(json, "column", segment->column);
        mw_json_put_str(json, "value", segment->value);
        mw_json_put_count(json, "outcomes", segment->quality.outcome_count);
        mw_json_put_count(json, "positives", segment->quality.positive_count);
        mw_json_put_number(json, "roc_auc", segment->quality.of[MW_METRIC_roc_auc]);
        if (report->answer == MW_ANSWER_YES_NO)
            mw_json_put_number(json, "log_loss", segment->quality.of[MW_METRIC_log_loss]);
        mw_json_put_number(json, "cost", segment->quality.cost);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static void write_verdict(const mw_verdict *verdict, mw_json *json) {
    mw_json_key(json, "verdict");
    mw_json_object(json);
    mw_json_put_text(json, "is", mw_verdict_word(verdict->kind));
    mw_json_key(json, "reasons");
    mw_json_array(json);
    for (size_t i = 0; i < verdict->reason_count; i++) mw_json_str(json, verdict->reasons[i]);
    mw_json_array_end(json);
    mw_json_object_end(json);
}

static void write_rules(const mw_monitor_report *report, mw_json *json) {
    const mw_retrain *retrain = &report->champion->model.retrain;
    mw_json_key(json, "rules");
    mw_json_array(json);
    for (size_t i = 0; i < retrain->when_count; i++) {
        mw_loop_reading found = mw_loop_read(mw_watch_loop(report->watch), &retrain->when[i]);
        mw_json_object(json);
        mw_json_put_str(json, "rule", retrain->when[i].text);
        mw_json_put_number(json, "value", found.value);
        mw_json_put_bool(json, "holds", found.holds);
        mw_json_put_str(json, "where", found.where);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static int64_t since_or_missing(const mw_monitor_report *report) {
    int64_t since = mw_watch_since(report->watch);
    return since == INT64_MAX ? MW_TIME_MISSING : since;
}

void mw_monitor_report_json(const mw_monitor_report *report, mw_json *json) {
    const mw_follower *follower = mw_watch_follower(report->watch);
    mw_json_object(json);
    mw_json_put_str(json, "model", report->champion->model.declaration.name);
    mw_json_put_str(json, "question", report->champion->model.question);
    mw_json_put_str(json, "champion", report->champion->version.row.version);
    mw_json_put_text(json, "answer", mw_answer_kind_word(report->answer));
    mw_json_put_time(json, "made", report->champion->version.row.created_us);
    mw_json_put_time(json, "answers_since", since_or_missing(report));
    mw_json_put_time(json, "now", mw_follower_now(follower));
    mw_json_put_bool(json, "virtual_clock", mw_follower_is_virtual(follower));
    write_verdict(&report->verdict, json);
    write_predictions(report, json);
    write_quality(report, json);
    write_weeks(report, json);
    write_segments(report, json);
    mw_json_key(json, "drift");
    mw_json_array(json);
    for (size_t i = 0; i < report->drift_count; i++) write_drift(&report->drifts[i], json);
    mw_json_array_end(json);
    write_rules(report, json);
    mw_monitor_vitals_json(report->champion, report->pulse, json);
    mw_json_object_end(json);
}

/* --- text ------------------------------------------------------------------------------- */

static void add_value(mw_grid *grid, double value) {
    if (isnan(value)) mw_grid_add(grid, "%s", "");
    else mw_grid_add(grid, "%.4f", value);
}

static void add_share(mw_grid *grid, double value) {
    if (isnan(value)) mw_grid_add(grid, "%s", "");
    else mw_grid_add(grid, "%.1f %%", 100 * value);
}

static void print_head(const mw_monitor_report *report, mw_buf *out) {
    const mw_follower *follower = mw_watch_follower(report->watch);
    mw_buf_printf(out, "%.*s: version %.*s", MW_STR_ARGS(report->champion->model.declaration.name),
                  MW_STR_ARGS(report->champion->version.row.version));
    if (since_or_missing(report) != MW_TIME_MISSING) {
        mw_buf_append_text(out, " answers since ");
        mw_time_append(out, since_or_missing(report) / MW_SECOND_US * MW_SECOND_US);
    }
    mw_buf_append_text(out, mw_follower_is_virtual(follower) ? "; the virtual clock says "
                                                             : "; it is ");
    mw_time_append(out, mw_follower_now(follower) / MW_SECOND_US * MW_SECOND_US);
    mw_buf_append_char(out, '\n');
}

static void print_counts(const mw_monitor_report *report, mw_buf *out) {
    mw_buf_append_text(out, "predictions: ");
    mw_count_append(out, report->day.predictions);
    mw_buf_append_text(out, " in the last 24 hours, ");
    mw_count_append(out, report->month.predictions);
    mw_buf_append_text(out, " in 30 days, of which ");
    mw_count_append(out, report->month.labelled);
    mw_buf_append_text(out, " are labelled; of ");
    mw_count_append(out, report->month.due - report->month.labelled);
    mw_buf_append_text(out, " a label was due and did not come\n");
    size_t foreign = mw_follower_foreign_count(mw_watch_follower(report->watch));
    if (foreign > 0)
        mw_buf_printf(out, "%zu predictions were made by another program, and left out\n",
                      foreign);
}

static void print_quality(const mw_monitor_report *report, mw_buf *out) {
    const mw_quality *quality = &report->quality;
    if (!mw_answer_kind_decides(report->answer)) return; /* the verdict has said so */
    mw_buf_append_text(out, "\nquality over 30 days: ");
    mw_count_append(out, quality->outcome_count);
    mw_buf_append_text(out, " labels matured, ");
    mw_count_append(out, quality->positive_count);
    mw_buf_printf(out, " of them yes; mistakes cost %.6g\n", quality->cost);
    if (quality->is_small) {
        mw_buf_printf(out, "  too few to measure: it takes %d, and %d of a kind\n",
                      MW_QUALITY_OUTCOMES_MIN, MW_QUALITY_CLASS_MIN);
        return;
    }
    mw_grid grid = mw_grid_begin("metric|>value|95 % interval");
    for (size_t m = 0; m < mw_measure_count(report->answer); m++) {
        mw_estimate found = report->metrics.of[m];
        mw_grid_add(&grid, "%s", mw_measure_name(report->answer, m));
        add_value(&grid, found.value);
        mw_grid_add(&grid, "%.4f to %.4f", found.low, found.high);
    }
    mw_grid_print(&grid, "  ", out);
}

static void add_moved(mw_grid *grid, const mw_feature_drift *drift) {
    mw_buf text;
    mw_buf_init(&text, BIN_TEXT_MAX);
    for (size_t i = 0; i < drift->moved_count; i++)
        mw_buf_printf(&text, "%s%.*s: %.1f %% to %.1f %%", i > 0 ? "; " : "",
                      MW_STR_ARGS(drift->moved[i].rounded), 100 * drift->moved[i].training,
                      100 * drift->moved[i].live);
    mw_grid_add_str(grid, mw_buf_str(&text));
    mw_buf_release(&text);
}

static void print_drift(const mw_monitor_report *report, mw_buf *out) {
    mw_drift_summary drift = mw_drift_watch_read(mw_loop_drift(mw_watch_loop(report->watch)));
    mw_buf_append_text(out, "\ndrift since training, of ");
    mw_count_append(out, drift.row_count);
    mw_buf_append_text(out, " predictions:\n");
    if (isnan(drift.max)) {
        mw_buf_printf(out, "  too few to measure: it takes %d\n", MW_DRIFT_ROWS_MIN);
        return;
    }
    size_t shown = report->drift_count < SHOWN_DRIFTS ? report->drift_count : SHOWN_DRIFTS;
    mw_grid grid = mw_grid_begin("feature|>drift|>PSI|>missing|>in training|moved most");
    for (size_t i = 0; i < shown; i++) {
        const mw_feature_drift *found = &report->drifts[i];
        mw_grid_add(&grid, "%.*s%s", MW_STR_ARGS(found->name),
                    found->is_proved ? "" : ", " MW_NOT_PROVED);
        add_value(&grid, found->drift);
        add_value(&grid, found->stability);
        add_share(&grid, found->missing_live);
        add_share(&grid, found->missing_training);
        add_moved(&grid, found);
    }
    mw_grid_print(&grid, "  ", out);
    if (shown < report->drift_count)
        mw_buf_printf(out, "  and %zu that moved less\n", report->drift_count - shown);
}

static void print_rules(const mw_monitor_report *report, mw_buf *out) {
    const mw_retrain *retrain = &report->champion->model.retrain;
    if (retrain->when_count == 0) return;
    mw_buf_append_text(out, "\nrules of retrain.when:\n");
    mw_grid grid = mw_grid_begin("rule|>measured||where");
    for (size_t i = 0; i < retrain->when_count; i++) {
        mw_loop_reading found = mw_loop_read(mw_watch_loop(report->watch), &retrain->when[i]);
        mw_grid_add_str(&grid, retrain->when[i].text);
        add_value(&grid, found.value);
        mw_grid_add(&grid, "%s", found.holds ? "holds" : isnan(found.value) ? "unknown" : "no");
        mw_grid_add_str(&grid, found.where);
    }
    mw_grid_print(&grid, "  ", out);
}

static void print_verdict(const mw_verdict *verdict, mw_buf *out) {
    static const char *const heads[] = {[MW_VERDICT_WELL] = "all is well: nothing is open\n",
                                        [MW_VERDICT_UNKNOWN] = "too early to say: ",
                                        [MW_VERDICT_TROUBLE] = "trouble: "};
    mw_buf_append_text(out, heads[verdict->kind]);
    for (size_t i = 0; i < verdict->reason_count; i++)
        mw_buf_printf(out, "%s%.*s", i > 0 ? "; " : "", MW_STR_ARGS(verdict->reasons[i]));
    if (verdict->reason_count > 0) mw_buf_append_char(out, '\n');
}

void mw_monitor_report_print(const mw_monitor_report *report, mw_buf *out) {
    print_head(report, out);
    print_verdict(&report->verdict, out);
    if (report->month.predictions > 0) {
        print_counts(report, out);
        print_quality(report, out);
        print_drift(report, out);
        print_rules(report, out);
    }
    mw_monitor_vitals_print(report->champion, report->pulse, out);
}
