#include "serve/plain_event.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <yyjson.h>

/* Where these read goes in and comes back, so that it stays in a register; NULL: declined. The NUL
   behind the body is none of what they look for, so each finds its end; `stop` is where it stands,
   for what reads a word at a time. */

enum {
    NUMBER_SIZE_MAX = 19, /* so that a word holds its digits */
    CODE_SIZE_MAX = 18,   /* of a category's, likewise */
    WORD_SIZE = 8,
};
#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))
#define EXACT_MAX (UINT64_C(1) << 53) /* up to it a double holds each integer */

static inline bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

static inline const char *skip_blanks(const char *at) {
    while ((unsigned char)*at <= ' ' && is_blank(*at)) at++; /* most are none: asked once */
    return at;
}

static inline bool is_plain(char c) { return (signed char)c >= ' ' && c != '"' && c != '\\'; }

static inline const char *read_text(const char *at, mw_str *out_text) {
    if (*at != '"') return NULL;
    const char *end = at + 1;
    while (is_plain(*end)) end++;
    *out_text = (mw_str){at + 1, (size_t)(end - at) - 1};
    return *end == '"' ? end + 1 : NULL;
}

/* From behind a key up to its value. */
static inline const char *read_colon(const char *at) {
    if (!at) return NULL;
    at = skip_blanks(at);
    return *at == ':' ? skip_blanks(at + 1) : NULL;
}

static inline const char *read_word(const char *at, const char *word) {
    for (; *word; at++, word++)
        if (*at != *word) return NULL;
    return at;
}

static const char *read_bool(const char *at, bool *out_value) {
    *out_value = *at == 't';
    return read_word(at, *out_value ? "true" : "false");
}

static inline const char *read_digits(const char *at, uint64_t *digits) {
    for (unsigned char digit; (digit = (unsigned char)(*at - '0')) <= 9; at++)
        *digits = *digits * 10 + digit;
    return at;
}

/* Long ones, with exponents, or none at all. Whether one from 2^53 on may be a double is for those
   to say who see its text. */
static const char *read_other_number(const char *at, mw_cell *out_cell) {
    yyjson_val value;
    const char *end = yyjson_read_number(at, &value, 0, NULL, NULL);
    if (!end || !yyjson_is_real(&value)) return NULL;
    if (!(fabs(yyjson_get_real(&value)) < (double)EXACT_MAX)) return NULL;
    *out_cell = mw_cell_number(yyjson_get_real(&value));
    return end;
}

static const double powers[NUMBER_SIZE_MAX] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                               1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                               1e14, 1e15, 1e16, 1e17, 1e18};

/* Eight bytes from 0 to 9, the first one lowest, as the number that they write. */
static inline int64_t number_of(uint64_t bytes) {
    const uint64_t lanes = UINT64_C(0x000000ff000000ff);
    bytes = bytes * 10 + (bytes >> 8); /* pairs, each in the lower of its two bytes */
    return (int64_t)(((bytes & lanes) * (100 + (UINT64_C(1000000) << 32)) +
                      ((bytes >> 16) & lanes) * (1 + (UINT64_C(10000) << 32))) >> 32);
}

/* One that ends within a word: without a loop, for how many digits there are, and whether a minus
   and zeros lead them, no processor foresees. NULL: it is none such. */
static inline const char *read_short_number(const char *at, const char *stop, mw_cell *out_cell) {
    bool is_negative = *at == '-';
    const char *first = at + is_negative;
    if (stop - first < WORD_SIZE) return NULL;
    uint64_t bytes = mw_u64_at(first) ^ EACH_BYTE('0'); /* digits become 0 to 9 */
    uint64_t others = ((bytes + EACH_BYTE(0x80 - 10)) | bytes) & EACH_BYTE(0x80);
    uint64_t behind = others & (others - 1); /* right up to what is no ASCII, which carries */
    if (behind == 0) return NULL;
    int whole = __builtin_ctzll(others) / 8, size = whole, decimals = 0;
    if (first[whole] == '.') {
        uint64_t before = (UINT64_C(1) << 8 * whole) - 1;
        size = __builtin_ctzll(behind) / 8;
        decimals = size - whole - 1;
        bytes = (bytes & before) | (bytes >> 8 & ~before);
        if (decimals == 0) return NULL;
    }
    if ((whole == 0) | ((whole > 1) & (*first == '0')) | ((first[size] | 0x20) == 'e')) return NULL;
    int64_t digits = number_of(bytes << (64 - 8 * (whole + decimals)));
    *out_cell = (mw_cell){.number = (double)(is_negative ? -digits : digits) / powers[decimals]};
    return first + size;
}

static const char *read_number(const char *at, mw_cell *out_cell) {
    bool is_negative = *at == '-';
    const char *first = at + is_negative;
    uint64_t digits = 0;
    const char *point = read_digits(first, &digits), *end = point;
    if (*point == '.') end = read_digits(point + 1, &digits);
    bool is_whole = end == point;
    bool is_right = point > first && (*first != '0' || point == first + 1) && end != point + 1;
    if (!is_right || end - first > NUMBER_SIZE_MAX || digits > EXACT_MAX || (*end | 0x20) == 'e')
        return read_other_number(at, out_cell);
    double value = (double)digits;
    if (!is_whole) value /= powers[end - point - 1]; /* both exact: one rounding */
    *out_cell = mw_cell_number(is_negative ? -value : value);
    return end;
}

static const char *read_symbol(const char *at, const mw_plain_target *target, bool takes_integers,
                               mw_cell *out_cell) {
    mw_str text;
    const char *end;
    if (*at == '"') {
        end = read_text(at, &text);
    } else {
        uint64_t digits = 0;
        end = read_digits(at, &digits);
        text = (mw_str){at, (size_t)(end - at)};
        bool is_integer = text.size > 0 && text.size <= CODE_SIZE_MAX &&
                          (*at != '0' || text.size == 1) && *end != '.' && (*end | 0x20) != 'e';
        if (!takes_integers || !is_integer) return NULL;
    }
    uint32_t code = end ? mw_symbols_intern(target->symbols, text) : 0;
    out_cell->symbol = code;
    return code == 0 ? NULL : end;
}

static const char *read_time(const char *at, const mw_plain_target *target, mw_cell *out_cell) {
    mw_str text;
    const char *end = read_text(at, &text);
    if (!end) return NULL;
    mw_status status =
        mw_cell_parse(MW_TYPE_TIME, text, target->zone, target->symbols, out_cell, NULL);
    return status == MW_OK ? end : NULL;
}

static inline const char *read_value(const char *at, const char *stop, mw_type type,
                                     const mw_plain_target *target, mw_cell *out_cell) {
    bool is_true;
    if (type == MW_TYPE_NUMBER && *at != 'n') {
        const char *end = read_short_number(at, stop, out_cell);
        return end ? end : read_number(at, out_cell);
    }
    *out_cell = mw_cell_missing(type);
    if (*at == 'n') return read_word(at, "null");
    switch (type) {
    case MW_TYPE_TEXT:
    case MW_TYPE_CATEGORY: return read_symbol(at, target, type == MW_TYPE_CATEGORY, out_cell);
    case MW_TYPE_TIME: return read_time(at, target, out_cell);
    case MW_TYPE_BOOL:
        at = read_bool(at, &is_true);
        *out_cell = mw_cell_bool(is_true);
        return at;
    default: return NULL;
    }
}

/* --- what stands between values -------------------------------------------------------------- */

/* Most keys with what is around them have 8 to 16 bytes: two words, which may overlap. */
static inline bool is_same(const char *a, const char *b, size_t size) {
    if (size < WORD_SIZE || size > (size_t)2 * WORD_SIZE) return memcmp(a, b, size) == 0;
    size_t last = size - WORD_SIZE;
    return ((mw_u64_at(a) ^ mw_u64_at(b)) | (mw_u64_at(a + last) ^ mw_u64_at(b + last))) == 0;
}

/* From the brace, or from behind a value, to the next value, if what stood there last does. */
static inline const char *pass_known_gap(const char *at, const char *end,
                                         const mw_plain_habit *habit, size_t number,
                                         int32_t *column) {
    if (number >= habit->count) return NULL;
    size_t begin = habit->ends[number], size = habit->ends[number + 1] - begin;
    if ((size_t)(end - at) < size || !is_same(at, habit->bytes + begin, size)) return NULL;
    *column = habit->columns[number];
    return skip_blanks(at + size); /* a body before may have had none where this one has some */
}

/* Those behind it were of another body. */
static void learn_gap(mw_plain_habit *habit, size_t number, mw_str gap, int32_t column) {
    static_assert(MW_FIELDS_MAX <= UINT16_MAX && MW_PLAIN_GAPS_SIZE <= UINT16_MAX, "they fit");
    if (number > habit->count) return; /* there was no room for one before it */
    habit->count = number;
    if (number == MW_PLAIN_GAPS_MAX || gap.size > (size_t)MW_PLAIN_GAPS_SIZE - habit->ends[number])
        return;
    memcpy(habit->bytes + habit->ends[number], gap.data, gap.size);
    habit->ends[number + 1] = (uint16_t)(habit->ends[number] + gap.size);
    habit->columns[number] = (uint16_t)column;
    habit->count++;
}

/* As a rule a key follows that of the column before. */
static int32_t find_column(const mw_stream_source *source, mw_str name, int32_t before) {
    size_t next = (size_t)(before + 1);
    if (next < source->column_count && mw_str_equal(source->row.fields[next].name, name))
        return before + 1;
    int32_t column = mw_schema_find(&source->row, name);
    return (size_t)column < source->column_count ? column : MW_NO_FIELD;
}

/* Likewise, whatever stands there; `*column`, that of the value before, becomes that of the key. */
static const char *read_gap(const char *at, const mw_plain_target *target, size_t number,
                            int32_t *column) {
    mw_str name;
    const char *begin = at;
    at = skip_blanks(at);
    if (*at != (number == 0 ? '{' : ',')) return NULL;
    at = read_text(skip_blanks(at + 1), &name);
    if (!at) return NULL;
    *column = find_column(target->source, name, *column);
    at = read_colon(at);
    if (!at || *column == MW_NO_FIELD) return NULL;
    learn_gap(target->habit, number, (mw_str){begin, (size_t)(at - begin)}, *column);
    return at;
}

/* --- bodies --------------------------------------------------------------------------------- */

static const char *read_event(const char *at, const char *end, const mw_plain_target *target,
                              mw_cell *row) {
    const mw_stream_source *source = target->source;
    bool is_given[MW_FIELDS_MAX];
    if (target->habit->source != source) target->habit->count = 0;
    target->habit->source = source;
    memset(is_given, false, source->column_count * sizeof *is_given);
    size_t number = 0;
    int32_t column = -1;
    do {
        const char *value = pass_known_gap(at, end, target->habit, number, &column);
        if (!value) value = read_gap(at, target, number, &column);
        if (!value || is_given[column]) return NULL;
        is_given[column] = true;
        at = read_value(value, end, source->row.fields[column].type, target, &row[column]);
        if (!at) return NULL;
        number++;
    } while (*skip_blanks(at) != '}');
    for (size_t i = 0; number < source->column_count && i < source->column_count; i++)
        if (!is_given[i]) row[i] = mw_cell_missing(source->row.fields[i].type);
    return skip_blanks(at) + 1;
}

bool mw_plain_event_read(mw_str body, const mw_plain_target *target, mw_cell *row,
                         mw_plain_wish *wish) {
    bool has_event = false, has_record = false, has_explain = false;
    const char *at = skip_blanks(body.data);
    if (*at != '{') return false;
    do {
        mw_str name;
        bool *is_there = &has_event;
        at = read_colon(read_text(skip_blanks(at + 1), &name));
        if (!at) return false;
        if (mw_str_is(name, "event")) {
            at = read_event(at, body.data + body.size, target, row);
        } else if (mw_str_is(name, "record")) {
            is_there = &has_record;
            at = read_bool(at, &wish->record);
        } else if (mw_str_is(name, "explain")) {
            is_there = &has_explain;
            at = read_bool(at, &wish->explain);
        } else {
            return false;
        }
        if (!at || *is_there) return false;
        *is_there = true;
        at = skip_blanks(at);
    } while (*at == ',');
    return *at == '}' && has_event && skip_blanks(at + 1) == body.data + body.size;
}
