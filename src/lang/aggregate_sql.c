#include "lang/aggregate_sql.h"

typedef struct {
    const mw_window *window;
    const mw_sql_names *names;
    const mw_symbols *symbols;
    bool in_order;
    mw_buf *out;
} writer;

/* "max(VALUE)" and the like: `before`, the value, `after`. */
static mw_status append_around(const writer *w, const char *before, const char *after,
                               mw_error *err) {
    mw_buf_append_text(w->out, before);
    MW_TRY(mw_code_append_sql(w->window->value, w->names, w->symbols, w->out, err));
    mw_buf_append_text(w->out, after);
    return MW_OK;
}

/* "sum(mw_summed(VALUE))" and the like. Doubles add up to another last place, or to quite another
   number where they cancel, as DuckDB's threads bring them; but not in the values' own order. */
static mw_status append_summed(const writer *w, const char *aggregate, mw_error *err) {
    mw_buf_printf(w->out, "%s(", aggregate);
    MW_TRY(append_around(w, "mw_summed(", ")", err));
    if (w->in_order) MW_TRY(append_around(w, " ORDER BY mw_summed(", ")", err));
    mw_buf_append_char(w->out, ')');
    return MW_OK;
}

static mw_status append_sum(const writer *w, mw_error *err) {
    mw_buf_append_text(w->out, "coalesce(");
    MW_TRY(append_summed(w, "fsum", err));
    mw_buf_append_text(w->out, ", 0)");
    return MW_OK;
}

/* Among equal times the greatest or smallest value decides (rule 13). */
static mw_status append_at_end(const writer *w, const char *before, mw_error *err) {
    MW_TRY(append_around(w, before, "", err));
    mw_buf_printf(w->out, ", {'t': %s, 'v': ", w->names->time);
    MW_TRY(append_around(w, "", "}) FILTER (", err));
    return append_around(w, "", " IS NOT NULL)", err);
}

static mw_status append_trend(const writer *w, mw_error *err) {
    MW_TRY(append_around(w, "mw_number(regr_slope(mw_summed(", ")", err));
    mw_buf_printf(w->out, ", CAST(%s - %s AS DOUBLE) / 1e6", w->names->time, w->names->now_time);
    if (w->in_order) {
        MW_TRY(append_around(w, " ORDER BY mw_summed(", ")", err));
        mw_buf_printf(w->out, ", %s", w->names->time);
    }
    mw_buf_append_text(w->out, "))");
    return MW_OK;
}

/* The value at the nearest rank, and the middle of its bucket (rule 13). */
static mw_status append_quantile(const writer *w, mw_error *err) {
    MW_TRY(append_around(w, "mw_middle(list_sort(list(", ") FILTER (", err));
    MW_TRY(append_around(w, "", " IS NOT NULL))[greatest(1, (count(", err));
    MW_TRY(append_around(w, "", ")", err));
    mw_buf_printf(w->out, " * %d + 999999) // 1000000)])", (int)w->window->quantile_millionths);
    return MW_OK;
}

/* `before`, the value, `after`, as long as the different values are not too many. */
static mw_status append_counted(const writer *w, const char *before, const char *after,
                                mw_error *err) {
    MW_TRY(append_around(w, "CASE WHEN count(DISTINCT ", "", err));
    mw_buf_printf(w->out, ") <= %d THEN ", MW_DIFFERENT_VALUES_MAX);
    MW_TRY(append_around(w, before, after, err));
    mw_buf_append_text(w->out, " END");
    return MW_OK;
}

static mw_status append_aggregate(const writer *w, mw_error *err) {
    switch (w->window->aggregate) {
    case MW_AGGREGATE_COUNT: mw_buf_append_text(w->out, "CAST(count(*) AS DOUBLE)"); return MW_OK;
    case MW_AGGREGATE_ANY: mw_buf_append_text(w->out, "count(*) > 0"); return MW_OK;
    case MW_AGGREGATE_SINCE:
        mw_buf_printf(w->out, "any_value(%s) - max(%s)", w->names->now_time, w->names->time);
        return MW_OK;
    case MW_AGGREGATE_SUM: return append_sum(w, err);
    case MW_AGGREGATE_MEAN: return append_summed(w, "favg", err);
    case MW_AGGREGATE_MIN: return append_around(w, "min(", ")", err);
    case MW_AGGREGATE_MAX: return append_around(w, "max(", ")", err);
    case MW_AGGREGATE_VAR: return append_summed(w, "var_samp", err);
    case MW_AGGREGATE_STD: return append_summed(w, "stddev_samp", err);
    case MW_AGGREGATE_FIRST: return append_at_end(w, "arg_min(", err);
    case MW_AGGREGATE_LAST: return append_at_end(w, "arg_max(", err);
    case MW_AGGREGATE_TREND: return append_trend(w, err);
    case MW_AGGREGATE_QUANTILE: return append_quantile(w, err);
    case MW_AGGREGATE_DISTINCT:
        return append_counted(w, "CAST(count(DISTINCT ", ") AS DOUBLE)", err);
    case MW_AGGREGATE_TOP:
        return append_counted(w, MW_SQL_MOST_FREQUENT, "))])[1].v", err);
    }
    MW_ASSERT(false && "an aggregate");
    return MW_OK;
}

mw_status mw_aggregate_append_sql(const mw_window *window, const mw_sql_names *names,
                                  const mw_symbols *symbols, bool in_order, mw_buf *out,
                                  mw_error *err) {
    writer w = {window, names, symbols, in_order, out};
    return append_aggregate(&w, err);
}

/* --- across the moments of one event -------------------------------------------------------- */

#define OVER_ALL ") OVER (PARTITION BY m.\"moment event\")"

static mw_status append_quantile_within(const writer *w, mw_error *err) {
    MW_TRY(append_around(w, "mw_middle(list_sort(list(", ") FILTER (", err));
    MW_TRY(append_around(w, "", " IS NOT NULL" OVER_ALL ")[greatest(1, (count(", err));
    MW_TRY(append_around(w, "", OVER_ALL, err));
    mw_buf_printf(w->out, " * %d + 999999) // 1000000)])", (int)w->window->quantile_millionths);
    return MW_OK;
}

static mw_status append_any_within(const writer *w, mw_error *err) {
    const mw_code *asked = w->window->value ? w->window->value : w->window->condition;
    mw_buf_append_text(w->out, "coalesce(bool_or(");
    MW_TRY(mw_code_append_sql(asked, w->names, w->symbols, w->out, err));
    mw_buf_append_text(w->out, OVER_ALL ", false)");
    return MW_OK;
}

static mw_status append_within(const writer *w, mw_error *err) {
    switch (w->window->aggregate) {
    case MW_AGGREGATE_COUNT:
        mw_buf_append_text(w->out, "CAST(count(*" OVER_ALL " AS DOUBLE)");
        return MW_OK;
    case MW_AGGREGATE_ANY: return append_any_within(w, err);
    case MW_AGGREGATE_SUM:
        return append_around(w, "coalesce(fsum(mw_summed(", ")" OVER_ALL ", 0)", err);
    case MW_AGGREGATE_MEAN: return append_around(w, "favg(mw_summed(", ")" OVER_ALL, err);
    case MW_AGGREGATE_MIN: return append_around(w, "min(", OVER_ALL, err);
    case MW_AGGREGATE_MAX: return append_around(w, "max(", OVER_ALL, err);
    case MW_AGGREGATE_VAR: return append_around(w, "var_samp(mw_summed(", ")" OVER_ALL, err);
    case MW_AGGREGATE_STD: return append_around(w, "stddev_samp(mw_summed(", ")" OVER_ALL, err);
    case MW_AGGREGATE_QUANTILE: return append_quantile_within(w, err);
    case MW_AGGREGATE_DISTINCT:
        return append_around(w, "CAST(count(DISTINCT ", OVER_ALL " AS DOUBLE)", err);
    case MW_AGGREGATE_TOP:
        return append_around(w, MW_SQL_MOST_FREQUENT, OVER_ALL ")])[1].v", err);
    case MW_AGGREGATE_FIRST:
    case MW_AGGREGATE_LAST:
    case MW_AGGREGATE_SINCE:
    case MW_AGGREGATE_TREND: break; /* moments of one event have no order in time */
    }
    MW_ASSERT(false && "an aggregate within moments");
    return MW_OK;
}

mw_status mw_within_append_sql(const mw_window *of, const mw_sql_names *names,
                               const mw_symbols *symbols, mw_buf *out, mw_error *err) {
    writer w = {of, names, symbols, false, out};
    return append_within(&w, err);
}
