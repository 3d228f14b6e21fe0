#include "table/cell.h"

#include "table/list.h"

#include <math.h>
#include <stdio.h>

#define SYMBOL_MISSING_SIZE UINT32_MAX
#define WHOLE_MAX (INT64_C(1) << 53)
enum {
    SHOWN_MAX = 80,          /* bytes of a value that an error quotes */
    SECONDS_POWER_MAX = 400, /* of ten; beyond, no double is either */
};

static const char *const type_names[] = {
#define X(name, text) text,
    MW_TYPE_MAP(X)
#undef X
};

const char *mw_type_name(mw_type type) {
    MW_ASSERT(type < MW_TYPE_COUNT);
    return type_names[type];
}

bool mw_type_parse(mw_str name, mw_type *out_type) {
    for (size_t i = 0; i < MW_TYPE_COUNT; i++) {
        if (!mw_str_is(name, type_names[i])) continue;
        *out_type = (mw_type)i;
        return true;
    }
    return false;
}

static int compare_int64(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

int mw_cell_compare(mw_type type, mw_cell a, mw_cell b, const mw_symbols *symbols) {
    bool a_missing = mw_cell_is_missing(type, a), b_missing = mw_cell_is_missing(type, b);
    if (a_missing || b_missing) return (int)a_missing - (int)b_missing;
    if (mw_type_is_symbol(type)) return mw_symbols_compare(symbols, a.symbol, b.symbol);
    if (type == MW_TYPE_NUMBER) return (a.number > b.number) - (a.number < b.number);
    return compare_int64(a.time, b.time); /* a bool's cell reads as its number */
}

/* Seconds with as many of six decimals as are needed, exactly. */
static void append_duration(mw_buf *buf, int64_t us) {
    uint64_t magnitude = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    mw_buf_printf(buf, "%s%llu", us < 0 ? "-" : "", (unsigned long long)(magnitude / 1000000));
    unsigned fraction = (unsigned)(magnitude % 1000000);
    int digits = 6;
    if (fraction == 0) return;
    for (; fraction % 10 == 0; fraction /= 10) digits--;
    mw_buf_printf(buf, ".%0*u", digits, fraction);
}

void mw_cell_append(mw_buf *buf, mw_type type, mw_cell cell, const mw_symbols *symbols) {
    if (mw_cell_is_missing(type, cell)) return;
    switch (type) {
    case MW_TYPE_NUMBER: mw_buf_append_double(buf, cell.number); return;
    case MW_TYPE_BOOL: mw_buf_append_text(buf, cell.boolean ? "true" : "false"); return;
    case MW_TYPE_TIME: mw_time_append(buf, cell.time); return;
    case MW_TYPE_DURATION: append_duration(buf, cell.time); return;
    case MW_TYPE_CATEGORY:
    case MW_TYPE_TEXT:
    case MW_TYPE_LIST:
    case MW_TYPE_NUMBER_LIST:
        mw_buf_append_str(buf, mw_symbols_text(symbols, cell.symbol));
        return;
    case MW_TYPE_COUNT: break;
    }
}

/* The text as an error quotes it: clipped between characters of UTF-8. */
static mw_str shown(mw_str text) {
    if (text.size <= SHOWN_MAX) return text;
    size_t size = SHOWN_MAX;
    while (size > 0 && ((unsigned char)text.data[size] & 0xc0) == 0x80) size--;
    return mw_str_slice(text, 0, size);
}

static mw_status refuse(mw_error *err, mw_type type, const char *rule, mw_str text) {
    return mw_fail(err, MW_INVALID, "%s: must be %s, got \"%.*s\"", mw_type_name(type), rule,
                   MW_STR_ARGS(shown(text)));
}

static bool is_whole(mw_str text) {
    for (size_t i = 0; i < text.size; i++) {
        bool sign = i == 0 && (text.data[i] == '-' || text.data[i] == '+');
        if (!sign && (text.data[i] < '0' || text.data[i] > '9')) return false;
    }
    return true;
}

static bool is_zeros(mw_str text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != '0') return false;
    return true;
}

/* Whether the double is the whole number that the text has before its point. */
static bool is_exactly(double value, mw_str whole) {
    char digits[400]; /* no double has more before its point */
    int size = snprintf(digits, sizeof digits, "%.0f", fabs(value));
    size_t zeros = whole.size > (size_t)size ? whole.size - (size_t)size : 0; /* or a sign */
    return mw_str_equal(mw_str_slice(whole, zeros, whole.size), (mw_str){digits, (size_t)size});
}

/* Whether a double of 2^53 or more may stand for the text. For a whole number beyond it may not:
   others would become the same. One with zeros behind its point is as doubles are written, and
   stands if it is what the double is. */
static bool is_kept(double value, mw_str text) {
    mw_str rest = text, whole;
    if (!mw_str_split(&rest, '.', &whole) || !is_whole(whole)) return true;
    if (rest.data && !is_zeros(rest)) return true;
    return (rest.data || fabs(value) == (double)WHOLE_MAX) && is_exactly(value, whole);
}

static mw_status parse_number(mw_str text, mw_cell *out_cell, mw_error *err) {
    double value = NAN;
    if (!mw_str_is(text, "NaN") && !mw_str_is(text, "nan") && !mw_str_to_double(text, &value))
        return refuse(err, MW_TYPE_NUMBER, "a finite number", text);

    if (fabs(value) >= (double)WHOLE_MAX && !is_kept(value, text)) {
        mw_status status = refuse(err, MW_TYPE_NUMBER, "a whole number of at most 2^53", text);
        return mw_hint(err, status, "If it is a name and not an amount, say `type: category`.");
    }
    *out_cell = mw_cell_number(value);
    return MW_OK;
}

static mw_status parse_bool(mw_str text, mw_cell *out_cell, mw_error *err) {
    static const char *const spellings[][4] = {{"false", "False", "FALSE", "0"},
                                               {"true", "True", "TRUE", "1"}};
    for (int value = 0; value < 2; value++) {
        for (int i = 0; i < 4; i++) {
            if (!mw_str_is(text, spellings[value][i])) continue;
            *out_cell = mw_cell_bool(value == 1);
            return MW_OK;
        }
    }
    return refuse(err, MW_TYPE_BOOL, "true or false", text);
}

static mw_status parse_time(mw_str text, const mw_zone *zone, mw_cell *out_cell, mw_error *err) {
    int64_t us;
    bool has_zone;
    if (!mw_time_parse(text, &us, &has_zone)) {
        mw_status status = refuse(err, MW_TYPE_TIME, "a date or a date and a time", text);
        return mw_hint(err, status, "Write it as 2013-01-31 or 2013-01-31T08:15:00Z.");
    }
    if (!has_zone && !zone) {
        mw_status status = refuse(err, MW_TYPE_TIME, "given with its offset from UTC", text);
        return mw_hint(err, status, "Add Z or +01:00 to it, or name the stream's `zone`.");
    }
    if (!has_zone) {
        mw_local_kind kind = mw_zone_to_utc(zone, us, &us);
        if (kind == MW_LOCAL_ABSENT)
            return refuse(err, MW_TYPE_TIME, "a time that exists in its zone", text);
        if (kind == MW_LOCAL_AMBIGUOUS)
            return refuse(err, MW_TYPE_TIME, "a time that its zone has once", text);
        if (!mw_time_is_in_range(us))
            return refuse(err, MW_TYPE_TIME, "in the years 1 to 9999 of UTC", text);
    }
    *out_cell = mw_cell_time(us);
    return MW_OK;
}

typedef struct {
    mw_str whole, fraction; /* digits alone */
} decimal;

static int digit_at(const decimal *d, size_t i) {
    if (i < d->whole.size) return d->whole.data[i] - '0';
    i -= d->whole.size;
    return i < d->fraction.size ? d->fraction.data[i] - '0' : 0;
}

static bool is_digits(mw_str text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9') return false;
    return true;
}

/* "12.5", "1.25e-05" without a sign. */
static bool parse_decimal(mw_str text, decimal *out_decimal, int64_t *out_exponent) {
    size_t size = 0;
    while (size < text.size && (text.data[size] | 0x20) != 'e') size++;
    mw_str rest = mw_str_slice(text, 0, size), power = mw_str_slice(text, size + 1, text.size);
    *out_exponent = 0;
    if (size < text.size && !mw_str_to_int64(power, out_exponent)) return false;
    if (!mw_str_split(&rest, '.', &out_decimal->whole)) return false;
    out_decimal->fraction = rest.data ? rest : MW_STR("");
    return out_decimal->whole.size > 0 && is_digits(out_decimal->whole) &&
           is_digits(out_decimal->fraction);
}

/* Whether what stands behind the first `count` digits is nearer to one more, which an even number
   is not where both are as near. */
static bool is_rounded_up(const decimal *d, size_t count, bool is_odd) {
    int first = digit_at(d, count);
    for (size_t i = count + 1; first == 5 && i < d->whole.size + d->fraction.size; i++)
        if (digit_at(d, i) != 0) return true;
    return first > 5 || (first == 5 && is_odd);
}

/* Seconds in microseconds: exactly, or else the nearest, as mw_span_of_ns has it. False if there
   are too many of them, or they are written in no plain form. */
static bool parse_seconds(mw_str text, int64_t *out_us) {
    decimal d;
    int64_t exponent, us = 0;
    bool negative = mw_str_starts(text, MW_STR("-"));
    if (!parse_decimal(mw_str_slice(text, negative, text.size), &d, &exponent)) return false;
    if (exponent < -SECONDS_POWER_MAX || exponent > SECONDS_POWER_MAX) return false;
    int64_t count = (int64_t)d.whole.size + exponent + 6; /* of digits down to the microsecond's */
    for (int64_t i = 0; i < count; i++)
        if (__builtin_mul_overflow(us, 10, &us) ||
            __builtin_add_overflow(us, digit_at(&d, (size_t)i), &us))
            return false;
    bool is_up = count >= 0 && is_rounded_up(&d, (size_t)count, us % 2 != 0);
    if (__builtin_add_overflow(us, is_up, &us)) return false;
    *out_us = negative ? -us : us;
    return true;
}

static mw_status parse_duration(mw_str text, mw_cell *out_cell, mw_error *err) {
    int64_t us;
    double seconds;
    if (!parse_seconds(text, &us)) {
        if (!mw_str_to_double(text, &seconds) || !(fabs(seconds) < 9.2e12))
            return refuse(err, MW_TYPE_DURATION, "a number of seconds", text);
        us = llrint(seconds * 1e6);
    }
    *out_cell = mw_cell_time(us);
    return MW_OK;
}

mw_status mw_cell_parse(mw_type type, mw_str text, const mw_zone *zone, mw_symbols *symbols,
                        mw_cell *out_cell, mw_error *err) {
    if (text.size == 0) {
        *out_cell = mw_cell_missing(type);
        return MW_OK;
    }
    switch (type) {
    case MW_TYPE_NUMBER: return parse_number(text, out_cell, err);
    case MW_TYPE_BOOL: return parse_bool(text, out_cell, err);
    case MW_TYPE_TIME: return parse_time(text, zone, out_cell, err);
    case MW_TYPE_DURATION: return parse_duration(text, out_cell, err);
    case MW_TYPE_LIST:
    case MW_TYPE_NUMBER_LIST: return mw_list_parse(type, text, symbols, out_cell, err);
    case MW_TYPE_CATEGORY:
    case MW_TYPE_TEXT:
    case MW_TYPE_COUNT: break;
    }
    MW_ASSERT(mw_type_is_text(type));
    uint32_t code = mw_symbols_intern(symbols, text);
    if (code == 0)
        return mw_fail(err, MW_NO_MEMORY, "%s: no memory for another text, got \"%.*s\"",
                       mw_type_name(type), MW_STR_ARGS(shown(text)));
    *out_cell = (mw_cell){.symbol = code};
    return MW_OK;
}

void mw_cell_append_canonical(mw_buf *buf, mw_type type, mw_cell cell,
                              const mw_symbols *symbols) {
    if (type == MW_TYPE_BOOL) {
        MW_ASSERT(cell.boolean <= MW_BOOL_MISSING);
        mw_buf_append_char(buf, (char)cell.boolean);
    } else if (!mw_type_is_symbol(type)) {
        mw_buf_append_u64(buf, cell.bits);
    } else if (cell.symbol == 0) {
        mw_buf_append_u32(buf, SYMBOL_MISSING_SIZE);
    } else {
        mw_str text = mw_symbols_text(symbols, cell.symbol);
        MW_ASSERT(text.size < SYMBOL_MISSING_SIZE);
        mw_buf_append_u32(buf, (uint32_t)text.size);
        mw_buf_append_str(buf, text);
    }
}

static bool read_symbol(mw_reader *reader, mw_type type, mw_symbols *symbols,
                        mw_cell *out_cell) {
    uint32_t size = mw_read_u32(reader);
    if (size == SYMBOL_MISSING_SIZE) {
        *out_cell = (mw_cell){.symbol = 0};
        return !reader->failed;
    }
    mw_str text = mw_read_bytes(reader, size);
    if (reader->failed) return false;
    if (mw_type_is_list(type)) return mw_list_read_own(type, text, symbols, out_cell);
    uint32_t code = mw_symbols_intern(symbols, text);
    if (code != 0) *out_cell = (mw_cell){.symbol = code};
    return code != 0;
}

bool mw_cell_read_canonical(mw_reader *reader, mw_type type, mw_symbols *symbols,
                            mw_cell *out_cell) {
    if (mw_type_is_symbol(type)) return read_symbol(reader, type, symbols, out_cell);
    mw_cell cell = {.bits = 0};
    if (type == MW_TYPE_BOOL) {
        mw_str byte = mw_read_bytes(reader, 1);
        if (reader->failed || (unsigned char)byte.data[0] > MW_BOOL_MISSING) return false;
        cell.boolean = (unsigned char)byte.data[0];
    } else {
        cell.bits = mw_read_u64(reader);
        if (reader->failed) return false;
        if (type == MW_TYPE_NUMBER && mw_cell_number(cell.number).bits != cell.bits) return false;
    }
    *out_cell = cell;
    return true;
}
