#include "lang/functions.h"

#include <math.h>

#include "base/letters.h"
#include "table/list.h"

enum { TEXT_SIZE_MAX = 1 << 20 };

static mw_cell missing_number(void) {
    return mw_cell_missing(MW_TYPE_NUMBER);
}

/* Numbers. Missing is NaN, which IEEE 754 spreads; an infinity reads as missing too. */
#define MAKE_NUMBER_KERNEL(name, expression)                                        \
    static mw_cell name(const mw_cell *args, size_t count, const mw_frame *frame) { \
        (void)count, (void)frame;                                                   \
        double x = args[0].number;                                                  \
        return mw_cell_number(expression);                                          \
    }
MAKE_NUMBER_KERNEL(run_abs, fabs(x))
MAKE_NUMBER_KERNEL(run_floor, floor(x))
MAKE_NUMBER_KERNEL(run_ceil, ceil(x))
MAKE_NUMBER_KERNEL(run_round, round(x)) /* halves away from zero */
MAKE_NUMBER_KERNEL(run_sqrt, sqrt(x))
MAKE_NUMBER_KERNEL(run_log, log(x))
MAKE_NUMBER_KERNEL(run_log1p, log1p(x))
MAKE_NUMBER_KERNEL(run_exp, exp(x))
MAKE_NUMBER_KERNEL(run_sin, sin(x))
MAKE_NUMBER_KERNEL(run_cos, cos(x))

/* round(x, digits): digits are cut to a whole number of 0 to 15. */
static mw_cell run_round_to(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count, (void)frame;
    double digits = args[1].number, scale = 1;
    if (isnan(digits)) return missing_number();
    for (int i = 0; i < 15 && i + 1 <= digits; i++) scale *= 10;
    return mw_cell_number(round(args[0].number * scale) / scale);
}

/* C says pow(x, 0) = 1 and pow(1, y) = 1 even for NaN; here missing spreads. */
static mw_cell run_pow(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count, (void)frame;
    double x = args[0].number, y = args[1].number;
    if (isnan(x) || isnan(y)) return missing_number();
    return mw_cell_number(pow(x, y));
}

static mw_cell run_min(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)frame;
    double least = args[0].number;
    for (size_t i = 0; i < count; i++) {
        if (isnan(args[i].number)) return missing_number();
        if (args[i].number < least) least = args[i].number;
    }
    return mw_cell_number(least);
}

static mw_cell run_max(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)frame;
    double greatest = args[0].number;
    for (size_t i = 0; i < count; i++) {
        if (isnan(args[i].number)) return missing_number();
        if (args[i].number > greatest) greatest = args[i].number;
    }
    return mw_cell_number(greatest);
}

static mw_cell run_clip(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count, (void)frame;
    double x = args[0].number, low = args[1].number, high = args[2].number;
    if (isnan(x) || isnan(low) || isnan(high)) return missing_number();
    return mw_cell_number(x < low ? low : x > high ? high : x);
}

/* bucket(x, b1, b2, ...): how many of the bounds are at most x. */
static mw_cell run_bucket(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)frame;
    double reached = 0;
    if (isnan(args[0].number)) return missing_number();
    for (size_t i = 1; i < count; i++) {
        if (isnan(args[i].number)) return missing_number();
        if (args[i].number <= args[0].number) reached++;
    }
    return mw_cell_number(reached);
}

/* Kilometres between two places in degrees, on a sphere of the Earth's mean radius. */
static mw_cell run_haversine(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count, (void)frame;
    const double radians = 3.14159265358979323846 / 180, radius_km = 6371.0088;
    double latitude_a = args[0].number * radians, latitude_b = args[2].number * radians;
    double across = sin((latitude_b - latitude_a) / 2);
    double along = sin((args[3].number - args[1].number) * radians / 2);
    double h = across * across + cos(latitude_a) * cos(latitude_b) * along * along;
    return mw_cell_number(2 * radius_km * asin(sqrt(h > 1 ? 1 : h)));
}

/* The calendar, in the project's zone. */
static bool civil_of(mw_cell time, const mw_frame *frame, mw_civil *out_civil) {
    if (time.time == MW_TIME_MISSING) return false;
    *out_civil = mw_civil_of(time.time + mw_zone_offset_us(frame->zone, time.time));
    return true;
}

/* ISO 8601: week 1 is the one that holds the year's first Thursday. */
static int32_t week_of(mw_civil civil) {
    mw_civil thursday = mw_civil_of(mw_civil_to_us(civil) + (4 - civil.weekday) * MW_DAY_US);
    return (thursday.day_of_year - 1) / 7 + 1;
}

#define MAKE_CALENDAR_KERNEL(name, expression)                                      \
    static mw_cell name(const mw_cell *args, size_t count, const mw_frame *frame) { \
        (void)count;                                                                \
        mw_civil civil;                                                             \
        if (!civil_of(args[0], frame, &civil)) return missing_number();             \
        return mw_cell_number(expression);                                          \
    }
MAKE_CALENDAR_KERNEL(run_second, civil.second)
MAKE_CALENDAR_KERNEL(run_minute, civil.minute)
MAKE_CALENDAR_KERNEL(run_hour, civil.hour)
MAKE_CALENDAR_KERNEL(run_day, civil.day)
MAKE_CALENDAR_KERNEL(run_weekday, civil.weekday)
MAKE_CALENDAR_KERNEL(run_day_of_year, civil.day_of_year)
MAKE_CALENDAR_KERNEL(run_week, week_of(civil))
MAKE_CALENDAR_KERNEL(run_month, civil.month)
MAKE_CALENDAR_KERNEL(run_quarter, (civil.month + 2) / 3)
MAKE_CALENDAR_KERNEL(run_year, civil.year)

/* Text. A result that is too long is missing; one without room is missing and lost (symbols.h). */
static mw_cell intern(mw_str text, const mw_frame *frame) {
    mw_cell cell = {.symbol = mw_symbols_intern(frame->symbols, text)};
    if (cell.symbol == 0) mw_symbols_lose(frame->symbols, text);
    return cell;
}

static mw_cell finish(mw_buf *buf, const mw_frame *frame) {
    mw_cell cell = {.symbol = 0};
    if (!buf->failed) cell = intern(mw_buf_str(buf), frame);
    else if (buf->out_of_memory) mw_symbols_lose(frame->symbols, MW_STR(""));
    mw_buf_release(buf);
    return cell;
}

/* Letter by letter (base/letters.h); a byte that is none stays. */
static mw_cell with_case(mw_cell text, uint32_t (*change)(uint32_t), const mw_frame *frame) {
    if (text.symbol == 0) return text;
    mw_str rest = mw_symbols_text(frame->symbols, text.symbol);
    mw_buf buf;
    mw_buf_init(&buf, TEXT_SIZE_MAX);
    while (rest.size > 0) {
        mw_str before = rest;
        uint32_t letter = mw_letter_take(&rest), changed = change(letter);
        if (changed != letter) mw_letter_append(&buf, changed);
        else mw_buf_append(&buf, before.data, before.size - rest.size);
    }
    return finish(&buf, frame);
}

static mw_cell run_lower(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    return with_case(args[0], mw_letter_lower, frame);
}

static mw_cell run_upper(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    return with_case(args[0], mw_letter_upper, frame);
}

static mw_cell run_concat(const mw_cell *args, size_t count, const mw_frame *frame) {
    mw_buf buf;
    mw_buf_init(&buf, TEXT_SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        if (args[i].symbol == 0) buf.failed = true;
        mw_buf_append_str(&buf, mw_symbols_text(frame->symbols, args[i].symbol));
    }
    return finish(&buf, frame);
}

/* In characters of UTF-8. */
static mw_cell run_length(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    if (args[0].symbol == 0) return missing_number();
    mw_str s = mw_symbols_text(frame->symbols, args[0].symbol);
    double characters = 0;
    for (size_t i = 0; i < s.size; i++) characters += ((unsigned char)s.data[i] & 0xc0) != 0x80;
    return mw_cell_number(characters);
}

/* split(text, separator, n): the n-th part from 1, missing where there is none. */
static mw_cell run_split(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    mw_cell missing = mw_cell_missing(MW_TYPE_TEXT);
    double wanted = args[2].number;
    if (args[0].symbol == 0 || args[1].symbol == 0 || !(wanted >= 1) || floor(wanted) != wanted)
        return missing;
    mw_str rest = mw_symbols_text(frame->symbols, args[0].symbol);
    mw_str separator = mw_symbols_text(frame->symbols, args[1].symbol);
    if (separator.size == 0) return missing;
    size_t end = 0;
    double part = 1;
    while (end < rest.size) {
        if (!mw_str_starts(mw_str_slice(rest, end, rest.size), separator)) {
            end++;
            continue;
        }
        if (part == wanted) break;
        rest = mw_str_slice(rest, end + separator.size, rest.size);
        end = 0;
        part++;
    }
    if (part < wanted) return missing;
    return intern(mw_str_slice(rest, 0, end), frame);
}

/* split(text, separator): all parts; an empty text has one, which is empty too. */
static mw_cell run_split_all(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    mw_cell list = mw_cell_missing(MW_TYPE_LIST);
    if (args[0].symbol == 0 || args[1].symbol == 0) return list;
    mw_str rest = mw_symbols_text(frame->symbols, args[0].symbol);
    mw_str separator = mw_symbols_text(frame->symbols, args[1].symbol);
    if (separator.size == 0) return list;
    mw_list_writer writer;
    mw_list_begin(&writer, MW_TYPE_LIST);
    for (size_t end = 0; end < rest.size;) {
        if (!mw_str_starts(mw_str_slice(rest, end, rest.size), separator)) {
            end++;
            continue;
        }
        mw_list_add_text(&writer, mw_str_slice(rest, 0, end));
        rest = mw_str_slice(rest, end + separator.size, rest.size);
        end = 0;
    }
    mw_list_add_text(&writer, rest);
    mw_status status = mw_list_end(&writer, frame->symbols, &list, NULL);
    if (status == MW_NO_MEMORY) mw_symbols_lose(frame->symbols, rest);
    return status == MW_OK ? list : mw_cell_missing(MW_TYPE_LIST);
}

static mw_cell run_list_length(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    if (args[0].symbol == 0) return missing_number();
    if (!frame->lengths) return mw_cell_number((double)mw_list_length(args[0], frame->symbols));
    return mw_cell_number((double)mw_list_length_again(frame->lengths, args[0], frame->symbols));
}

static mw_cell find_in(mw_type type, mw_cell list, mw_cell element, const mw_frame *frame) {
    if (list.symbol == 0 || mw_cell_is_missing(mw_list_element_type(type), element))
        return mw_cell_missing(MW_TYPE_BOOL);
    return mw_cell_bool(mw_list_contains(type, list, element, frame->symbols));
}

static mw_cell run_list_contains(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    return find_in(MW_TYPE_LIST, args[0], args[1], frame);
}

static mw_cell run_number_list_contains(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    return find_in(MW_TYPE_NUMBER_LIST, args[0], args[1], frame);
}

static mw_cell run_in_list(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    return find_in(MW_TYPE_LIST, args[1], args[0], frame);
}

static mw_cell run_in_number_list(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    return find_in(MW_TYPE_NUMBER_LIST, args[1], args[0], frame);
}

typedef bool text_test(mw_str text, mw_str part);

static bool contains(mw_str text, mw_str part) {
    for (size_t i = 0; i + part.size <= text.size; i++)
        if (mw_str_starts(mw_str_slice(text, i, text.size), part)) return true;
    return false;
}

static mw_cell test_text(const mw_cell *args, text_test *test, const mw_frame *frame) {
    if (args[0].symbol == 0 || args[1].symbol == 0) return mw_cell_missing(MW_TYPE_BOOL);
    return mw_cell_bool(test(mw_symbols_text(frame->symbols, args[0].symbol),
                             mw_symbols_text(frame->symbols, args[1].symbol)));
}

static mw_cell run_contains(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    return test_text(args, contains, frame);
}

static mw_cell run_starts(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    return test_text(args, mw_str_starts, frame);
}

static mw_cell run_ends(const mw_cell *args, size_t count, const mw_frame *frame) {
    (void)count;
    return test_text(args, mw_str_ends, frame);
}

#define NUMBER MW_TYPE_NUMBER
static const mw_function functions[] = {
    {"abs", "n", NUMBER, run_abs},
    {"floor", "n", NUMBER, run_floor},
    {"ceil", "n", NUMBER, run_ceil},
    {"round", "n", NUMBER, run_round},
    {"round", "nn", NUMBER, run_round_to},
    {"sqrt", "n", NUMBER, run_sqrt},
    {"log", "n", NUMBER, run_log},
    {"log1p", "n", NUMBER, run_log1p},
    {"exp", "n", NUMBER, run_exp},
    {"sin", "n", NUMBER, run_sin},
    {"cos", "n", NUMBER, run_cos},
    {"pow", "nn", NUMBER, run_pow},
    {"min", "nn*", NUMBER, run_min},
    {"max", "nn*", NUMBER, run_max},
    {"clip", "nnn", NUMBER, run_clip},
    {"bucket", "nn*", NUMBER, run_bucket},
    {"haversine", "nnnn", NUMBER, run_haversine},
    {"second", "t", NUMBER, run_second},
    {"minute", "t", NUMBER, run_minute},
    {"hour", "t", NUMBER, run_hour},
    {"day", "t", NUMBER, run_day},
    {"weekday", "t", NUMBER, run_weekday},
    {"day_of_year", "t", NUMBER, run_day_of_year},
    {"week", "t", NUMBER, run_week},
    {"month", "t", NUMBER, run_month},
    {"quarter", "t", NUMBER, run_quarter},
    {"year", "t", NUMBER, run_year},
    {"lower", "x", MW_TYPE_TEXT, run_lower},
    {"upper", "x", MW_TYPE_TEXT, run_upper},
    {"concat", "xx*", MW_TYPE_TEXT, run_concat},
    {"length", "x", NUMBER, run_length},
    {"length", "l", NUMBER, run_list_length},
    {"length", "m", NUMBER, run_list_length},
    {"contains", "xx", MW_TYPE_BOOL, run_contains},
    {"contains", "lx", MW_TYPE_BOOL, run_list_contains},
    {"contains", "mn", MW_TYPE_BOOL, run_number_list_contains},
    {"in", "xl", MW_TYPE_BOOL, run_in_list}, /* x in LIST */
    {"in", "nm", MW_TYPE_BOOL, run_in_number_list},
    {"starts", "xx", MW_TYPE_BOOL, run_starts},
    {"ends", "xx", MW_TYPE_BOOL, run_ends},
    {"split", "xxn", MW_TYPE_TEXT, run_split},
    {"split", "xx", MW_TYPE_LIST, run_split_all},
};

size_t mw_function_count(void) {
    return sizeof functions / sizeof functions[0];
}

const mw_function *mw_function_at(int32_t index) {
    MW_ASSERT(index >= 0 && (size_t)index < mw_function_count());
    return &functions[index];
}

int32_t mw_function_find(mw_str name) {
    for (size_t i = 0; i < mw_function_count(); i++)
        if (mw_str_is(name, functions[i].name)) return (int32_t)i;
    return -1;
}

static const char *parameter_name(char parameter) {
    switch (parameter) {
    case 'n': return "number";
    case 't': return "time";
    case 'l': return mw_type_name(MW_TYPE_LIST);
    case 'm': return mw_type_name(MW_TYPE_NUMBER_LIST);
    case '*': return "...";
    default: return "text";
    }
}

void mw_function_write_parameters(int32_t index, mw_buf *out) {
    const char *parameters = mw_function_at(index)->parameters;
    for (const char *p = parameters; *p; p++) {
        mw_buf_printf(out, "%s%s", p > parameters ? ", " : "", parameter_name(*p));
    }
}

static bool takes(char parameter, mw_type type) {
    switch (parameter) {
    case 'n': return type == MW_TYPE_NUMBER;
    case 't': return type == MW_TYPE_TIME;
    case 'l': return type == MW_TYPE_LIST;
    case 'm': return type == MW_TYPE_NUMBER_LIST;
    default: return mw_type_is_text(type);
    }
}

static bool fits(const char *parameters, const mw_type *types, size_t count) {
    const char *parameter = parameters;
    for (size_t i = 0; i < count; i++) {
        if (*parameter == '\0' || !takes(*parameter, types[i])) return false;
        if (parameter[1] != '*') parameter++;
    }
    return *parameter == '\0' || (parameter[1] == '*' && parameter > parameters && count > 1);
}

int32_t mw_function_match(mw_str name, const mw_type *types, size_t count) {
    for (size_t i = 0; i < mw_function_count(); i++) {
        const mw_function *function = &functions[i];
        if (mw_str_is(name, function->name) && fits(function->parameters, types, count))
            return (int32_t)i;
    }
    return -1;
}
