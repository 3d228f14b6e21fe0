/*
 * json: writes JSON into a mw_buf; commas and quoting are its business, nesting is yours.
 *
 * Numbers are the shortest that read back to the same bits; NaN and infinities become null.
 * Text that is not UTF-8 is written with U+FFFD in place of each bad byte. (Reading JSON is
 * yyjson's work.)
 */
#pragma once
#include "base/str.h"

enum { MW_JSON_DEPTH_MAX = 32 };

typedef struct {
    mw_buf *out;
    int depth;
    bool has_item[MW_JSON_DEPTH_MAX];
    bool after_key;
} mw_json;

mw_json mw_json_begin(mw_buf *out);
void mw_json_object(mw_json *json);     /* { */
void mw_json_object_end(mw_json *json); /* } */
void mw_json_array(mw_json *json);
void mw_json_array_end(mw_json *json);
void mw_json_key(mw_json *json, const char *key); /* a name of ours, which needs no escape */
void mw_json_key_str(mw_json *json, mw_str key);  /* any */
void mw_json_text(mw_json *json, const char *value);
void mw_json_str(mw_json *json, mw_str value);
void mw_json_number(mw_json *json, double value);
void mw_json_int(mw_json *json, int64_t value);
void mw_json_bool(mw_json *json, bool value);
void mw_json_null(mw_json *json);
void mw_json_time(mw_json *json, int64_t us);   /* RFC 3339; null when missing */
void mw_json_raw(mw_json *json, mw_str value);  /* a value that is JSON already */

/* A member of an object: its key, then its value. */
void mw_json_put_text(mw_json *json, const char *key, const char *value);
void mw_json_put_str(mw_json *json, const char *key, mw_str value);
void mw_json_put_number(mw_json *json, const char *key, double value);
void mw_json_put_int(mw_json *json, const char *key, int64_t value);
void mw_json_put_count(mw_json *json, const char *key, uint64_t value);
void mw_json_put_bool(mw_json *json, const char *key, bool value);
void mw_json_put_time(mw_json *json, const char *key, int64_t us);
