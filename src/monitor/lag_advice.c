#include "monitor/lag_advice.h"

#include "lang/lexer.h"

int64_t mw_lag_rounded_up(int64_t lag_us) {
    static const int64_t units_us[] = {MW_DAY_US, MW_HOUR_US, MW_MINUTE_US};
    int64_t unit_us = MW_SECOND_US;
    for (size_t i = 3; i > 0; i--)
        if (lag_us >= 2 * units_us[i - 1] || lag_us <= -2 * units_us[i - 1])
            unit_us = units_us[i - 1];
    int64_t count = lag_us / unit_us + (lag_us % unit_us > 0);
    return count * unit_us;
}

static void append_known(mw_buf *out, int64_t lag_us) {
    mw_buf_append_text(out, "`known: time");
    if (lag_us != 0) mw_buf_append_text(out, lag_us < 0 ? " - " : " + ");
    if (lag_us != 0) mw_span_write(out, lag_us < 0 ? -lag_us : lag_us);
    mw_buf_append_char(out, '`');
}

static void append_declared(mw_buf *out, const mw_stream *stream) {
    if (stream->is_later) {
        mw_buf_append_text(out, "at the time that `later` gives them");
    } else if (stream->known_is_column) {
        mw_buf_append_text(out, "as a column says");
    } else if (stream->lag_us == 0 && stream->ahead_us == 0) {
        mw_buf_append_text(out, "at their time");
    } else {
        mw_span_append(out, stream->lag_us > 0 ? stream->lag_us : stream->ahead_us);
        mw_buf_append_text(out, stream->lag_us > 0 ? " after their time" : " before their time");
    }
}

void mw_lag_advice_append(mw_buf *out, const mw_stream *stream,
                          const mw_freshness_reading *reading) {
    mw_buf_printf(out, "%.*s are declared as known ", MW_STR_ARGS(stream->name));
    append_declared(out, stream);
    int64_t late_us = reading->late_us / MW_SECOND_US * MW_SECOND_US; /* places run ahead by less */
    mw_buf_printf(out, ", but 99 in 100 of the last day's %llu events came up to ",
                  (unsigned long long)reading->told_count);
    mw_span_append(out, mw_lag_rounded_up(late_us));
    mw_buf_append_text(out, " later: ");
    if (stream->is_later || stream->known_is_column) {
        mw_buf_append_text(out, "that time must be the one at which they come");
        return;
    }
    append_known(out, mw_lag_rounded_up(stream->lag_us - stream->ahead_us + late_us));
    mw_buf_append_text(out, " says so");
}
