#include "monitor/alert_book.h"

#include <math.h>

enum { MESSAGE_MAX = 1 << 11 };

static mw_status open(mw_catalog *catalog, mw_str model, const mw_alert *alert, mw_error *err) {
    mw_buf message;
    mw_buf_init(&message, MESSAGE_MAX);
    mw_buf_append_str(&message, alert->rule->text);
    mw_buf_printf(&message, ": %.4g", alert->value);
    if (alert->detail.size > 0) mw_buf_printf(&message, " (%.*s)", MW_STR_ARGS(alert->detail));
    mw_status status = mw_buf_check(&message, "alert: its text", err);
    if (status == MW_OK)
        status = mw_catalog_run(catalog,
                                "INSERT OR IGNORE INTO alerts (model, rule, opened_us, value, "
                                "message) VALUES (?, ?, ?, ?, ?)",
                                MW_SQL(mw_sql_str(model), mw_sql_str(alert->rule->text),
                                       mw_sql_int(alert->changed_us), mw_sql_real(alert->value),
                                       mw_sql_str(mw_buf_str(&message))),
                                err);
    mw_buf_release(&message);
    return status;
}

mw_status mw_alert_book_write(mw_catalog *catalog, mw_str model, const mw_alert *alert, int64_t now,
                              mw_error *err) {
    if (alert->is_open) return open(catalog, model, alert, err);
    if (isnan(alert->value)) return MW_OK;
    /* One that opened in an earlier life of the keeper has not changed in this one. */
    int64_t closed = alert->opened_count > 0 ? alert->changed_us : now;
    return mw_catalog_run(catalog,
                          "UPDATE alerts SET closed_us = ? WHERE model = ? AND rule = ? AND "
                          "closed_us IS NULL",
                          MW_SQL(mw_sql_int(closed), mw_sql_str(model),
                                 mw_sql_str(alert->rule->text)),
                          err);
}
