/*
 * str: the only string view (mw_str) and the only string builder (mw_buf).
 *
 * A mw_str points at bytes that somebody else owns; it is passed by value and need not end
 * in NUL. A mw_buf grows up to the maximum given at birth; past it (or out of memory) it
 * stops taking bytes and remembers that it failed, so a caller checks once, at the end.
 */
#pragma once
#include "base/memory.h"

#include <string.h>

typedef struct {
    const char *data;
    size_t size;
} mw_str;

#define MW_STR(literal) ((mw_str){(literal), sizeof(literal) - 1})
/* For printf("%.*s"): MW_STR_ARGS(s) gives both arguments. */
#define MW_STR_ARGS(s) (int)(s).size, (s).data

mw_str mw_str_of(const char *text); /* of a NUL-terminated text; NULL gives an empty one */
inline bool mw_str_equal(mw_str a, mw_str b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}
/* Of ASCII alone. */
bool mw_str_equal_but_for_case(mw_str a, mw_str b);
bool mw_str_is(mw_str a, const char *text);
int mw_str_compare(mw_str a, mw_str b); /* by bytes, then by length */
bool mw_str_starts(mw_str s, mw_str prefix);
bool mw_str_ends(mw_str s, mw_str suffix);
mw_str mw_str_trim(mw_str s);                      /* without spaces, tabs, CR, LF at the ends */
mw_str mw_str_slice(mw_str s, size_t from, size_t to); /* clipped to the string */
/* Cuts `*rest` at the first `separator`: what stood before it, and `*rest` past it. False
   when `*rest` had run out (its data is NULL then). */
bool mw_str_split(mw_str *rest, char separator, mw_str *out_piece);
mw_str mw_str_copy(mw_arena *arena, mw_str s); /* NUL follows; data is NULL when memory is out */

enum { MW_NUMBER_TEXT_MAX = 1100 }; /* bytes; no double needs more digits to be told exactly */
/* The whole of `s` as a decimal number, "-1.5e3", nearest double; false if it is none, or
   infinite, out of range or longer than MW_NUMBER_TEXT_MAX. Blanks, "nan" and "0x1" are none. */
MW_MUST_USE bool mw_str_to_double(mw_str s, double *out_value);
MW_MUST_USE bool mw_str_to_int64(mw_str s, int64_t *out_value);

typedef struct {
    char *data; /* NUL follows the bytes, unless nothing was ever appended (NULL then) */
    size_t size;
    size_t capacity;
    size_t size_max;
    bool failed; /* an append did not fit, or memory ran out; sticky */
    bool out_of_memory; /* which of the two it was */
} mw_buf;

void mw_buf_init(mw_buf *buf, size_t size_max);
/* Appends what the buffer has no room for yet, or none at all any more. */
void mw_buf_append_slowly(mw_buf *buf, const void *bytes, size_t size);
/* As a rule there is room: then few bytes of a known number are a store. str.c has the one copy of
   what is inline here, for where the compiler leaves it a call. */
inline void mw_buf_append(mw_buf *buf, const void *bytes, size_t size) {
    if (buf->failed || size == 0 || size >= buf->capacity - buf->size) {
        mw_buf_append_slowly(buf, bytes, size);
        return;
    }
    memcpy(buf->data + buf->size, bytes, size);
    buf->size += size;
    buf->data[buf->size] = '\0';
}
inline void mw_buf_append_str(mw_buf *buf, mw_str s) { mw_buf_append(buf, s.data, s.size); }
inline void mw_buf_append_text(mw_buf *buf, const char *text) {
    mw_buf_append(buf, text, strlen(text));
}
inline void mw_buf_append_char(mw_buf *buf, char c) { mw_buf_append(buf, &c, 1); }
void mw_buf_printf(mw_buf *buf, const char *format, ...) MW_PRINTF(2, 3);
void mw_buf_append_u32(mw_buf *buf, uint32_t value); /* little endian */
void mw_buf_append_u64(mw_buf *buf, uint64_t value);
/* The shortest decimal text that reads back to the same bits (base/shortest.h); NaN and
   infinities append nothing. */
void mw_buf_append_double(mw_buf *buf, double value);
void mw_buf_append_int(mw_buf *buf, int64_t value); /* decimal */
mw_str mw_buf_str(const mw_buf *buf); /* its data is never NULL */
/* MW_OK, or MW_NO_MEMORY / MW_TOO_LARGE naming `what` if an append failed. */
MW_MUST_USE mw_status mw_buf_check(const mw_buf *buf, const char *what, mw_error *err);
void mw_buf_drop(mw_buf *buf, size_t size); /* so many bytes from its front */
void mw_buf_clear(mw_buf *buf); /* empty, keeps its memory, forgets a failure */
void mw_buf_release(mw_buf *buf);

/* The number in so many bytes, little endian: one load each, for speed and for size. */
static inline uint32_t mw_u32_at(const void *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? value : __builtin_bswap32(value);
}
static inline uint64_t mw_u64_at(const void *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? value : __builtin_bswap64(value);
}

/* A reader over little-endian bytes; past the end it reads zeros and remembers `failed`. */
typedef struct {
    mw_str rest;
    bool failed;
} mw_reader;
uint32_t mw_read_u32(mw_reader *reader);
uint64_t mw_read_u64(mw_reader *reader);
double mw_read_double(mw_reader *reader);
mw_str mw_read_bytes(mw_reader *reader, size_t size);
