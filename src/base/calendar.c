#include "base/calendar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    DAYS_PER_ERA = 146097,      /* 400 years, after which the Gregorian calendar repeats */
    EPOCH_FROM_ERA = 719468,    /* days from 0000-03-01 to 1970-01-01 */
    DECIMALS_MAX = 6,
};

static int64_t floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

/* Years are counted from March here, so that the leap day is the last of its year. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    int64_t era = floor_divide(year, 400), year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_FROM_ERA;
}

static void date_from_days(int64_t days, mw_civil *civil) {
    int64_t era = floor_divide(days + EPOCH_FROM_ERA, DAYS_PER_ERA);
    int64_t day_of_era = days + EPOCH_FROM_ERA - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march + (month_from_march < 10 ? 3 : -9);
    int64_t year = year_of_era + era * 400 + (month <= 2);
    civil->year = (int32_t)year;
    civil->month = (int32_t)month;
    civil->day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    civil->day_of_year = (int32_t)(days - days_from_civil(year, 1, 1) + 1);
    int64_t days_from_monday = days + 3; /* 1970-01-01 was a Thursday */
    civil->weekday = (int32_t)(days_from_monday - floor_divide(days_from_monday, 7) * 7 + 1);
}

mw_civil mw_civil_of(int64_t local_us) {
    int64_t days = floor_divide(local_us, MW_DAY_US);
    int64_t rest_us = local_us - days * MW_DAY_US;
    mw_civil civil = {.hour = (int32_t)(rest_us / MW_HOUR_US),
                      .minute = (int32_t)(rest_us / MW_MINUTE_US % 60),
                      .second = (int32_t)(rest_us / MW_SECOND_US % 60),
                      .microsecond = (int32_t)(rest_us % MW_SECOND_US)};
    date_from_days(days, &civil);
    return civil;
}

int64_t mw_civil_to_us(mw_civil civil) {
    MW_ASSERT(civil.month >= 1 && civil.month <= 12);
    return days_from_civil(civil.year, civil.month, civil.day) * MW_DAY_US +
           civil.hour * MW_HOUR_US + civil.minute * MW_MINUTE_US + civil.second * MW_SECOND_US +
           civil.microsecond;
}

static bool take_char(mw_str *rest, char c) {
    if (rest->size == 0 || rest->data[0] != c) return false;
    *rest = (mw_str){rest->data + 1, rest->size - 1};
    return true;
}

/* Takes exactly `digits` digits that make a number from `least` to `most`. */
static bool take_number(mw_str *rest, size_t digits, int32_t least, int32_t most, int32_t *out) {
    if (rest->size < digits) return false;
    int32_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = rest->data[i];
        if (c < '0' || c > '9') return false;
        value = value * 10 + (c - '0');
    }
    if (value < least || value > most) return false;
    *rest = (mw_str){rest->data + digits, rest->size - digits};
    *out = value;
    return true;
}

static bool take_date(mw_str *rest, mw_civil *civil) {
    if (!take_number(rest, 4, 1, 9999, &civil->year) || !take_char(rest, '-')) return false;
    if (!take_number(rest, 2, 1, 12, &civil->month) || !take_char(rest, '-')) return false;
    if (!take_number(rest, 2, 1, 31, &civil->day)) return false;
    return civil->day <= 28 || mw_civil_of(mw_civil_to_us(*civil)).day == civil->day;
}

/* Whether something is left behind the last microsecond goes to `*out_is_finer`. */
static bool take_decimals(mw_str *rest, int32_t *out_microsecond, bool *out_is_finer) {
    int32_t microsecond = 0;
    size_t count = 0;
    for (; count < rest->size && rest->data[count] >= '0' && rest->data[count] <= '9'; count++) {
        if (count < DECIMALS_MAX) microsecond = microsecond * 10 + (rest->data[count] - '0');
        else *out_is_finer |= rest->data[count] != '0';
    }
    if (count == 0) return false;
    for (size_t i = count; i < DECIMALS_MAX; i++) microsecond *= 10;
    *rest = mw_str_slice(*rest, count, rest->size);
    *out_microsecond = microsecond;
    return true;
}

static bool take_clock(mw_str *rest, mw_civil *civil, bool *out_is_finer) {
    if (!take_number(rest, 2, 0, 23, &civil->hour) || !take_char(rest, ':')) return false;
    if (!take_number(rest, 2, 0, 59, &civil->minute)) return false;
    if (!take_char(rest, ':')) return true;
    if (!take_number(rest, 2, 0, 59, &civil->second)) return false;
    return !take_char(rest, '.') || take_decimals(rest, &civil->microsecond, out_is_finer);
}

static bool take_offset(mw_str *rest, int64_t *out_offset_us) {
    if (take_char(rest, 'Z') || take_char(rest, 'z')) {
        *out_offset_us = 0;
        return true;
    }
    bool negative = take_char(rest, '-');
    if (!negative && !take_char(rest, '+')) return false;
    int32_t hours, minutes = 0;
    if (!take_number(rest, 2, 0, 23, &hours)) return false;
    bool has_minutes = take_char(rest, ':') || rest->size > 0;
    if (has_minutes && !take_number(rest, 2, 0, 59, &minutes)) return false;
    int64_t offset_us = hours * MW_HOUR_US + minutes * MW_MINUTE_US;
    *out_offset_us = negative ? -offset_us : offset_us;
    return true;
}

bool mw_time_parse(mw_str text, int64_t *out_us, bool *out_has_zone) {
    mw_civil civil = {0};
    int64_t offset_us = 0;
    bool has_zone = false, is_finer = false;
    if (!take_date(&text, &civil)) return false;
    if (text.size > 0) {
        if (!take_char(&text, 'T') && !take_char(&text, 't') && !take_char(&text, ' '))
            return false;
        if (!take_clock(&text, &civil, &is_finer)) return false;
        has_zone = text.size > 0;
        if (has_zone && (!take_offset(&text, &offset_us) || text.size > 0)) return false;
    }
    int64_t us = mw_civil_to_us(civil) - offset_us;
    if (!mw_time_is_in_range(us)) return false;
    *out_us = us + (us < 0 && is_finer); /* toward 1970 */
    *out_has_zone = has_zone;
    return true;
}

/* ".25" for 250000; nothing for 0. */
static void append_decimals(mw_buf *buf, int32_t microsecond) {
    if (microsecond == 0) return;
    char digits[16];
    int size = snprintf(digits, sizeof digits, ".%06d", microsecond);
    while (digits[size - 1] == '0') size--;
    mw_buf_append(buf, digits, (size_t)size);
}

void mw_time_append(mw_buf *buf, int64_t us) {
    if (us == MW_TIME_MISSING) return;
    mw_civil t = mw_civil_of(us);
    mw_buf_printf(buf, "%04d-%02d-%02dT%02d:%02d:%02d", t.year, t.month, t.day, t.hour, t.minute,
                  t.second);
    append_decimals(buf, t.microsecond);
    mw_buf_append_char(buf, 'Z');
}

mw_time_text mw_time_text_of(int64_t us) {
    mw_time_text out = {""};
    mw_buf buf;
    mw_buf_init(&buf, sizeof out.text - 1);
    mw_time_append(&buf, us);
    if (!buf.failed && buf.size > 0) memcpy(out.text, buf.data, buf.size);
    mw_buf_release(&buf);
    return out;
}

int64_t mw_span_of_ns(int64_t ns) {
    int64_t us = ns / 1000, rest = ns % 1000, sign = ns < 0 ? -1 : 1;
    bool is_further = rest * sign > 500 || (rest * sign == 500 && us % 2 != 0);
    return us + sign * is_further;
}

void mw_span_append(mw_buf *buf, int64_t span_us) {
    static const struct {
        uint64_t size_us;
        char letter;
    } units[] = {{MW_DAY_US, 'd'}, {MW_HOUR_US, 'h'}, {MW_MINUTE_US, 'm'}};
    uint64_t rest_us = span_us < 0 ? 0 - (uint64_t)span_us : (uint64_t)span_us;
    if (span_us < 0) mw_buf_append_char(buf, '-');
    const char *gap = "";
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        uint64_t count = rest_us / units[i].size_us;
        rest_us %= units[i].size_us;
        if (count == 0) continue;
        mw_buf_printf(buf, "%s%" PRIu64 "%c", gap, count, units[i].letter);
        gap = " ";
    }
    if (rest_us == 0 && *gap) return;
    mw_buf_printf(buf, "%s%" PRIu64, gap, rest_us / MW_SECOND_US);
    append_decimals(buf, (int32_t)(rest_us % MW_SECOND_US));
    mw_buf_append_char(buf, 's');
}
