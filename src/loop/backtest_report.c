#include "loop/backtest_report.h"

#include "base/json.h"

static void write_months(mw_json *json, const mw_backtest_lane *lane) {
    mw_json_key(json, "by_month");
    mw_json_array(json);
    for (size_t i = 0; i < lane->month_count; i++) {
        const mw_backtest_month *month = &lane->months[i];
        mw_json_object(json);
        mw_json_put_str(json, "month", mw_str_of(month->month));
        mw_json_put_count(json, "predictions", month->predictions);
        mw_json_put_count(json, "labelled", month->labelled);
        mw_json_put_number(json, "roc_auc", month->roc_auc.value);
        mw_json_put_number(json, "low", month->roc_auc.low);
        mw_json_put_number(json, "high", month->roc_auc.high);
        mw_json_put_number(json, "cost", month->cost);
        mw_json_put_count(json, "decisions", month->decisions);
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
        mw_json_put_str(json, "day", mw_str_of(day->day));
        mw_json_put_number(json, "cost", day->cost);
        mw_json_put_count(json, "predictions", day->predictions);
        mw_json_put_count(json, "labelled", day->labelled);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static void write_local_day(mw_json *json, const mw_zone *zone, int64_t time) {
    mw_civil civil = mw_civil_of(time + mw_zone_offset_us(zone, time));
    mw_buf text;
    mw_buf_init(&text, 64);
    mw_buf_printf(&text, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
    mw_json_put_str(json, "day", mw_buf_str(&text));
    mw_buf_release(&text);
}

static void write_log(mw_json *json, const mw_backtest_lane *lane, const mw_zone *zone) {
    mw_json_key(json, "log");
    mw_json_array(json);
    for (size_t i = 0; i < lane->log_count; i++) {
        const mw_backtest_entry *entry = &lane->log[i];
        mw_json_object(json);
        mw_json_put_time(json, "time", entry->time);
        write_local_day(json, zone, entry->time);
        mw_json_put_str(json, "kind", mw_str_of(mw_loop_event_word(entry->kind)));
        mw_json_put_str(json, "version", entry->version);
        mw_json_put_str(json, "text", entry->text);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static void write_lane(mw_json *json, const mw_backtest_lane *lane, const mw_zone *zone) {
    mw_json_object(json);
    mw_json_put_str(json, "policy", lane->policy.name);
    mw_json_put_str(json, "meaning", lane->policy.meaning);
    mw_json_put_count(json, "retrains", lane->retrains);
    mw_json_put_count(json, "promotions", lane->promotions);
    mw_json_put_count(json, "refusals", lane->refusals);
    mw_json_put_count(json, "alarms", lane->alarms);
    mw_json_put_count(json, "predictions", lane->predictions);
    mw_json_put_count(json, "labelled", lane->labelled);
    mw_json_put_count(json, "decisions", lane->decisions);
    mw_json_put_number(json, "cost", lane->cost);
    mw_json_put_number(json, "excess", lane->excess);
    mw_json_put_number(json, "excess_low", lane->excess_low);
    mw_json_put_number(json, "excess_high", lane->excess_high);
    mw_json_put_number(json, "roc_auc", lane->roc_auc);
    write_months(json, lane);
    write_days(json, lane);
    write_log(json, lane, zone);
    mw_json_object_end(json);
}

static void write_head(mw_json *json, const mw_backtest_report *report) {
    const mw_backtest_lane *lane = &report->result->lanes[0];
    mw_costs costs = mw_model_costs(report->model);
    mw_json_put_str(json, "project", report->project);
    mw_json_put_str(json, "model", report->model->declaration.name);
    mw_json_put_str(json, "question", report->model->question);
    mw_json_put_str(json, "from", mw_str_of(lane->days[0].day));
    mw_json_put_str(json, "to", mw_str_of(lane->days[lane->day_count - 1].day));
    mw_json_put_str(json, "zone", mw_zone_name(report->zone));
    mw_json_put_str(json, "program_version", report->program_version);
    mw_json_put_str(json, "first_version", report->result->first_version);
    mw_json_put_count(json, "trainings", report->result->trainings);
    mw_json_put_count(json, "refused_moments", report->result->refused_moments);
    mw_json_put_count(json, "open", report->result->open);
    mw_json_put_int(json, "seed", report->seed);
    mw_json_key(json, "cost");
    mw_json_object(json);
    mw_json_put_number(json, "false_alarm", costs.false_alarm);
    mw_json_put_number(json, "miss", costs.miss);
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
