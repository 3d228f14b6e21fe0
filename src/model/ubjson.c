#include "model/ubjson.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

typedef struct {
    mw_str bytes;
    size_t at;
    mw_json json;
    const char *broken; /* the first rule that was broken; nothing is read after */
} reading;

static void fail(reading *r, const char *rule) {
    if (!r->broken) r->broken = rule;
}

static char peek(const reading *r) {
    return r->at < r->bytes.size ? r->bytes.data[r->at] : '\0';
}

static bool take_if(reading *r, char marker) {
    if (r->broken || r->at >= r->bytes.size || peek(r) != marker) return false;
    r->at++;
    return true;
}

static char take(reading *r) {
    if (r->broken || r->at >= r->bytes.size) {
        fail(r, "the bytes end too early");
        return '\0';
    }
    return r->bytes.data[r->at++];
}

/* Big endian; 0 past the end. */
static uint64_t take_bits(reading *r, size_t size) {
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++) bits = bits << 8 | (unsigned char)take(r);
    return bits;
}

/* Whether `marker` is a whole number's, and how many bytes it has. */
static bool is_whole(char marker, size_t *out_size) {
    static const char markers[] = "iUIlL";
    static const size_t sizes[] = {1, 1, 2, 4, 8};
    const char *found = marker ? strchr(markers, marker) : NULL;
    if (found) *out_size = sizes[found - markers];
    return found;
}

static int64_t take_whole(reading *r, char marker) {
    size_t size = 0;
    if (!is_whole(marker, &size)) {
        fail(r, "a whole number must stand here");
        return 0;
    }
    uint64_t bits = take_bits(r, size);
    if (marker == 'U') return (int64_t)bits;
    unsigned unused = 64 - 8 * (unsigned)size;
    return (int64_t)(bits << unused) >> unused;
}

/* A length is a number with its marker. No item takes less than a byte, except of two kinds. */
static size_t take_length(reading *r, size_t item_size) {
    int64_t length = take_whole(r, take(r));
    if (r->broken) return 0;
    if (length < 0 || (uint64_t)length > (r->bytes.size - r->at) / item_size) {
        fail(r, "a length must not exceed the bytes that follow");
        return 0;
    }
    return (size_t)length;
}

static mw_str take_text(reading *r) {
    size_t size = take_length(r, 1);
    mw_str text = mw_str_slice(r->bytes, r->at, r->at + size);
    r->at += size;
    return text;
}

static void put_double(reading *r, double value) {
    if (value == 0 && signbit(value)) mw_json_raw(&r->json, MW_STR("-0.0"));
    else if (isfinite(value)) mw_json_number(&r->json, value);
    else if (isnan(value)) mw_json_raw(&r->json, MW_STR("NaN"));
    else mw_json_raw(&r->json, value < 0 ? MW_STR("-Infinity") : MW_STR("Infinity"));
}

static void put_float(reading *r) {
    uint32_t bits = (uint32_t)take_bits(r, sizeof bits);
    float value;
    memcpy(&value, &bits, sizeof value);
    put_double(r, (double)value);
}

/* A value other than an array or object, whose marker was read. */
static void put_scalar(reading *r, char marker) {
    uint64_t bits;
    double value;
    size_t size;
    switch (marker) {
    case 'Z': mw_json_null(&r->json); return;
    case 'T': mw_json_bool(&r->json, true); return;
    case 'F': mw_json_bool(&r->json, false); return;
    case 'S': mw_json_str(&r->json, take_text(r)); return;
    case 'd': put_float(r); return;
    case 'D':
        bits = take_bits(r, sizeof bits);
        memcpy(&value, &bits, sizeof value);
        put_double(r, value);
        return;
    default:
        if (is_whole(marker, &size)) mw_json_int(&r->json, take_whole(r, marker));
        else fail(r, "a value must stand here");
    }
}

static void put_value(reading *r, int depth, char marker);

/* "[" items "]", or "[#" count items, or "[$" marker "#" count items without their markers. */
static void put_array(reading *r, int depth) {
    char type = take_if(r, '$') ? take(r) : '\0';
    size_t size = 1;
    if (type && type != 'd' && type != 'D' && !is_whole(type, &size))
        fail(r, "the items of a typed array must be numbers");
    if (type == 'd') size = sizeof(float);
    if (type == 'D') size = sizeof(double);
    bool is_counted = take_if(r, '#');
    if (type && !is_counted) fail(r, "a typed array must say its length");
    size_t count = is_counted ? take_length(r, size) : SIZE_MAX;
    mw_json_array(&r->json);
    for (size_t i = 0; i < count && !r->broken; i++) {
        if (!is_counted && take_if(r, ']')) break;
        if (type) put_scalar(r, type);
        else put_value(r, depth, take(r));
    }
    if (!r->broken) mw_json_array_end(&r->json);
}

static void put_object(reading *r, int depth) {
    bool is_counted = take_if(r, '#');
    size_t count = is_counted ? take_length(r, 1) : SIZE_MAX;
    mw_json_object(&r->json);
    for (size_t i = 0; i < count && !r->broken; i++) {
        if (!is_counted && take_if(r, '}')) break;
        mw_json_key_str(&r->json, take_text(r));
        put_value(r, depth, take(r));
    }
    if (!r->broken) mw_json_object_end(&r->json);
}

static void put_value(reading *r, int depth, char marker) {
    if (r->broken) return;
    bool is_nested = marker == '[' || marker == '{';
    if (is_nested && depth == MW_UBJSON_DEPTH_MAX) fail(r, "values nest too deep");
    else if (marker == '[') put_array(r, depth + 1);
    else if (marker == '{') put_object(r, depth + 1);
    else put_scalar(r, marker);
}

mw_status mw_ubjson_to_json(mw_str bytes, mw_buf *out, mw_error *err) {
    reading r = {.bytes = bytes, .json = mw_json_begin(out)};
    put_value(&r, 0, take(&r));
    if (!r.broken && r.at < bytes.size) fail(&r, "one value must be all");
    if (r.broken) return mw_fail(err, MW_MALFORMED, "ubjson: byte %zu: %s", r.at, r.broken);
    return mw_buf_check(out, "ubjson", err);
}
