/*
 * cell: one value of eight bytes whose type stands elsewhere, in its column's field.
 *
 * A column has one type, so a cell needs no tag. Each type has a pattern that means missing.
 * Text, categories and lists (list.h) are codes into the process's mw_symbols, so that two values
 * are equal exactly when their bits are: keys are compared and hashed as plain integers.
 */
#pragma once
#include "base/calendar.h"
#include "table/symbols.h"

/* name, text */
#define MW_TYPE_MAP(X) \
    X(NUMBER, "number") \
    X(BOOL, "bool") \
    X(CATEGORY, "category") \
    X(TEXT, "text") \
    X(TIME, "time") \
    X(DURATION, "duration") \
    X(LIST, "list") /* of texts */ \
    X(NUMBER_LIST, "list of number")

typedef enum {
#define X(name, text) MW_TYPE_##name,
    MW_TYPE_MAP(X)
#undef X
    MW_TYPE_COUNT
} mw_type;

typedef union {
    double number;    /* NUMBER: never infinite, -0 stands as 0; NaN is missing */
    int64_t time;     /* TIME: us UTC; DURATION: us; MW_TIME_MISSING is missing */
    uint64_t symbol;  /* CATEGORY, TEXT, LIST, NUMBER_LIST: a mw_symbols code; 0 is missing */
    uint64_t boolean; /* BOOL: MW_FALSE, MW_TRUE or MW_BOOL_MISSING */
    uint64_t bits;    /* any, for hashing and equality */
} mw_cell;

enum { MW_FALSE = 0, MW_TRUE = 1, MW_BOOL_MISSING = 2 };

const char *mw_type_name(mw_type type);
MW_MUST_USE bool mw_type_parse(mw_str name, mw_type *out_type);
static inline bool mw_type_is_text(mw_type type) {
    return type == MW_TYPE_TEXT || type == MW_TYPE_CATEGORY;
}
static inline bool mw_type_is_list(mw_type type) {
    return type == MW_TYPE_LIST || type == MW_TYPE_NUMBER_LIST;
}
/* Whether its cells are codes of texts. */
static inline bool mw_type_is_symbol(mw_type type) {
    return mw_type_is_text(type) || mw_type_is_list(type);
}

static inline mw_cell mw_cell_missing(mw_type type) {
    switch (type) {
    case MW_TYPE_NUMBER: return (mw_cell){.bits = UINT64_C(0x7ff8000000000000)};
    case MW_TYPE_BOOL: return (mw_cell){.boolean = MW_BOOL_MISSING};
    case MW_TYPE_TIME:
    case MW_TYPE_DURATION: return (mw_cell){.time = MW_TIME_MISSING};
    default: return (mw_cell){.symbol = 0};
    }
}
static inline bool mw_cell_is_missing(mw_type type, mw_cell cell) {
    return cell.bits == mw_cell_missing(type).bits;
}
/* -0 becomes 0; NaN of any kind and infinities become the one missing (DESIGN.md rules 11 and
   12), so whoever must refuse or count an overflow looks before. */
static inline mw_cell mw_cell_number(double value) {
    if (!__builtin_isfinite(value)) return mw_cell_missing(MW_TYPE_NUMBER);
    return (mw_cell){.number = value == 0 ? 0.0 : value};
}
static inline mw_cell mw_cell_time(int64_t us) {
    return (mw_cell){.time = us};
}
static inline mw_cell mw_cell_bool(bool value) {
    return (mw_cell){.boolean = value ? MW_TRUE : MW_FALSE};
}
/* Orders by value (numbers, times, bools) or by bytes (text); missing comes last. */
int mw_cell_compare(mw_type type, mw_cell a, mw_cell b, const mw_symbols *symbols);

/* As text: shortest number, RFC 3339 time, true/false, seconds for a duration, a JSON array for a
   list; missing is empty. */
void mw_cell_append(mw_buf *buf, mw_type type, mw_cell cell, const mw_symbols *symbols);
/* Reads such a text; empty is missing, NaN too in a number, and bools may be True, TRUE or 1.
   MW_INVALID says what was expected. Times without an offset are local to `zone` (NULL:
   refused); an absent or ambiguous local time is refused, and so is a whole number beyond
   2^53, which a double would change. */
MW_MUST_USE mw_status mw_cell_parse(mw_type type, mw_str text, const mw_zone *zone,
                                    mw_symbols *symbols, mw_cell *out_cell, mw_error *err);
/* Canonical bytes, for hashes and for files; equal bytes mean equal values. Little endian:
     number           8 bytes, IEEE 754; missing is 7ff8000000000000
     time, duration   8 bytes, two's complement; missing is INT64_MIN
     bool             1 byte: 0, 1, or 2 for missing
     category, text   4 bytes of size, then the bytes; missing is the size ffffffff alone
     list             as the text that it is kept as
   Never a symbol's code, which is an accident of the process. */
void mw_cell_append_canonical(mw_buf *buf, mw_type type, mw_cell cell,
                              const mw_symbols *symbols);
/* Reads them back (interning text). False if the bytes are not such a cell, a second spelling
   of a value (-0, another NaN, a list with blanks) included, or if the symbols are full. */
MW_MUST_USE bool mw_cell_read_canonical(mw_reader *reader, mw_type type, mw_symbols *symbols,
                                        mw_cell *out_cell);
