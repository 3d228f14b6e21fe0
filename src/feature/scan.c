#include "feature/scan.h"

mw_scan mw_scan_begin(const mw_window *window, const mw_symbols *symbols) {
    return (mw_scan){
        .window = window, .symbols = symbols, .found = mw_cell_missing(window->type)};
}

static mw_powers_kind powers_kind(mw_aggregate aggregate) {
    return aggregate == MW_AGGREGATE_TREND ? MW_POWERS_OF_TREND : MW_POWERS_OF_SPREAD;
}

/* The better of what was found and a value, by the rules of min and max: among equal times these
   are also those of first and last (rule 13). */
static void take(mw_scan *scan, bool is_max, int64_t time, mw_cell value) {
    mw_rank rank = {.type = scan->window->type, .is_max = is_max};
    scan->found = mw_rank_better(&rank, scan->symbols, scan->found, value);
    scan->found_time = time;
}

void mw_scan_add(mw_scan *scan, int64_t time, mw_cell value) {
    mw_aggregate aggregate = scan->window->aggregate;
    MW_ASSERT(scan->event_count == 0 || time >= scan->last_time);
    scan->event_count++;
    scan->last_time = time;
    if (!scan->window->value ||
        mw_cell_is_missing(mw_code_type(scan->window->value), value))
        return;
    bool is_found = !mw_cell_is_missing(scan->window->type, scan->found);
    switch (aggregate) {
    case MW_AGGREGATE_SUM:
    case MW_AGGREGATE_MEAN: mw_total_add(&scan->total, value.number); return;
    case MW_AGGREGATE_VAR:
    case MW_AGGREGATE_STD:
    case MW_AGGREGATE_TREND:
        mw_power_sums_add(&scan->powers, powers_kind(aggregate), time, value.number);
        return;
    case MW_AGGREGATE_FIRST:
        if (!is_found || time == scan->found_time) take(scan, false, time, value);
        return;
    case MW_AGGREGATE_LAST:
        if (is_found && time > scan->found_time) scan->found = mw_cell_missing(scan->window->type);
        take(scan, true, time, value);
        return;
    default:
        MW_ASSERT(aggregate == MW_AGGREGATE_MIN || aggregate == MW_AGGREGATE_MAX);
        take(scan, aggregate == MW_AGGREGATE_MAX, time, value);
    }
}

mw_cell mw_scan_read(const mw_scan *scan, int64_t t, mw_cell nothing) {
    switch (scan->window->aggregate) {
    case MW_AGGREGATE_COUNT: return mw_cell_number((double)scan->event_count);
    case MW_AGGREGATE_ANY: return mw_cell_bool(scan->event_count > 0);
    case MW_AGGREGATE_SINCE:
        return scan->event_count > 0 ? mw_cell_time(t - scan->last_time) : nothing;
    case MW_AGGREGATE_SUM: return mw_cell_number(mw_exact_sum_read(&scan->total.sum));
    case MW_AGGREGATE_MEAN:
        if (scan->total.count == 0) return nothing;
        return mw_cell_number(mw_exact_sum_read(&scan->total.sum) / (double)scan->total.count);
    case MW_AGGREGATE_VAR:
    case MW_AGGREGATE_STD:
    case MW_AGGREGATE_TREND: return mw_power_sums_read(&scan->powers, scan->window->aggregate);
    default: return scan->found;
    }
}
