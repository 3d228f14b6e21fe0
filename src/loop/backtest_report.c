#include "loop/backtest_report.h"

#include "base/json.h"

static void write_count(mw_json *json, const char *key, uint64_t count) {
    mw_json_key(json, key);
    mw_json_int(json, (int64_t)count);
}

static void write_number(mw_json *json, const char *key, double value) {
    mw_json_key(json, key);
    mw_json_number(json, value);
}

static void write_str(mw_json *json, const char *key, mw_str value) {
    mw_json_key(json, key);
    mw_json_str(json, value);
}

static void write_months(mw_json *json, const mw_backtest_lane *lane) {
    mw_json_key(json, "by_month");
    mw_json_array(json);
    for (size_t i = 0; i < lane->month_count; i++) {
        const mw_backtest_month *month = &lane->months[i];
        mw_json_object(json);
        write_str(json, "month", mw_str_of(month->month));
        write_count(json, "predictions", month->predictions);
        write_count(json, "labelled", month->labelled);
        write_number(json, "roc_auc", month->roc_auc.value);
        write_number(json, "low", month->roc_auc.low);
        write_number(json, "high", month->roc_auc.high);
        write_number(json, "cost", month->cost);
        write_count(json, "decisions", month->decisions);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static void write_days(mw_json *json, const mw_backtest_lane *lane) {
    mw_json_key(json, "by_day");
    mw_json_array(json);
    for (size_t i = 0; i < lane->day_count; i++) {
        const mw_backtest_day *day = &lane->days[i];
        mw_json_object(json);
        write_str(json, "day", mw_str_of(day->day));
        write_number(json, "cost", day->cost);
        write_count(json, "predictions", day->predictions);
        write_count(json, "labelled", day->labelled);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static void write_local_day(mw_json *json, const mw_zone *zone, int64_t time) {
    mw_civil civil = mw_civil_of(time + mw_zone_offset_us(zone, time));
    mw_buf text;
    mw_buf_init(&text, 64);
    mw_buf_printf(&text, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
    write_str(json, "day", mw_buf_str(&text));
    mw_buf_release(&text);
}

static void write_log(mw_json *json, const mw_backtest_lane *lane, const mw_zone *zone) {
    mw_json_key(json, "log");
    mw_json_array(json);
    for (size_t i = 0; i < lane->log_count; i++) {
        const mw_backtest_entry *entry = &lane->log[i];
        mw_json_object(json);
        mw_json_key(json, "time");
        mw_json_time(json, entry->time);
        write_local_day(json, zone, entry->time);
        write_str(json, "kind", mw_str_of(mw_loop_event_word(entry->kind)));
        write_str(json, "version", entry->version);
        write_str(json, "text", entry->text);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static void write_lane(mw_json *json, const mw_backtest_lane *lane, const mw_zone *zone) {
    mw_json_object(json);
    write_str(json, "policy", lane->policy.name);
    write_str(json, "meaning", lane->policy.meaning);
    write_count(json, "retrains", lane->retrains);
    write_count(json, "promotions", lane->promotions);
    write_count(json, "refusals", lane->refusals);
    write_count(json, "alarms", lane->alarms);
    write_count(json, "predictions", lane->predictions);
    write_count(json, "labelled", lane->labelled);
    write_count(json, "decisions", lane->decisions);
    write_number(json, "cost", lane->cost);
    write_number(json, "excess", lane->excess);
    write_number(json, "excess_low", lane->excess_low);
    write_number(json, "excess_high", lane->excess_high);
    write_number(json, "roc_auc", lane->roc_auc);
    write_months(json, lane);
    write_days(json, lane);
    write_log(json, lane, zone);
    mw_json_object_end(json);
}

static void write_head(mw_json *json, const mw_backtest_report *report) {
    const mw_backtest_lane *lane = &report->result->lanes[0];
    mw_costs costs = mw_model_costs(report->model);
    write_str(json, "project", report->project);
    write_str(json, "model", report->model->declaration.name);
    write_str(json, "question", report->model->question);
    write_str(json, "from", mw_str_of(lane->days[0].day));
    write_str(json, "to", mw_str_of(lane->days[lane->day_count - 1].day));
    write_str(json, "zone", mw_zone_name(report->zone));
    write_str(json, "program_version", report->program_version);
    write_str(json, "first_version", report->result->first_version);
    write_count(json, "trainings", report->result->trainings);
    write_count(json, "refused_moments", report->result->refused_moments);
    mw_json_key(json, "seed");
    mw_json_int(json, report->seed);
    mw_json_key(json, "cost");
    mw_json_object(json);
    write_number(json, "false_alarm", costs.false_alarm);
    write_number(json, "miss", costs.miss);
    mw_json_object_end(json);
}

void mw_backtest_report_json(const mw_backtest_report *report, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    write_head(&json, report);
    mw_json_key(&json, "policies");
    mw_json_array(&json);
    for (size_t i = 0; i < report->result->lane_count; i++)
        write_lane(&json, &report->result->lanes[i], report->zone);
    mw_json_array_end(&json);
    mw_json_object_end(&json);
}
