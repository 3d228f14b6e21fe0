#include "decide/prediction.h"

#include <string.h>

enum { DIGIT_BITS = 5, DIGIT_COUNT = MW_PREDICTION_ID_SIZE - 1 };
enum { PREDICTION_FORMAT = 4, FORMAT_OF_YES_NO = 3 }; /* the latter is still written */
enum { BLIND = 1 << 8 }; /* in the word of the fallback */

/* Base 32 in the order of the bytes, without i, l, o and u (Crockford), so that ids sort. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

const char *mw_fallback_reason_word(mw_fallback_reason reason) {
    static const char *const words[] = {
#define X(name, word) word,
        MW_FALLBACK_REASON_MAP(X)
#undef X
    };
    return words[reason];
}

void mw_prediction_id(int64_t place, char out_id[MW_PREDICTION_ID_SIZE + 1]) {
    uint64_t value = (uint64_t)place ^ (UINT64_C(1) << 63); /* negative times sort first */
    out_id[0] = 'p';
    for (int i = DIGIT_COUNT; i > 0; i--) {
        out_id[i] = digits[value & 31];
        value >>= DIGIT_BITS;
    }
    out_id[MW_PREDICTION_ID_SIZE] = 0;
}

bool mw_prediction_id_parse(mw_str id, int64_t *out_place) {
    if (id.size != MW_PREDICTION_ID_SIZE || id.data[0] != 'p') return false;
    uint64_t value = 0;
    for (size_t i = 1; i < id.size; i++) {
        const char *digit = id.data[i] ? strchr(digits, id.data[i]) : NULL;
        if (!digit || value >> (64 - DIGIT_BITS)) return false;
        value = value << DIGIT_BITS | (uint64_t)(digit - digits);
    }
    *out_place = (int64_t)(value ^ (UINT64_C(1) << 63));
    return true;
}

mw_str mw_prediction_announced(const mw_prediction *prediction) {
    mw_str id = prediction->event_id;
    return mw_str_slice(id, 0, id.size - prediction->element_size);
}

size_t mw_prediction_number(mw_prediction_order *order, const mw_prediction *prediction,
                            int64_t stamp) {
    bool goes_on = prediction->place == order->place && order->number < SIZE_MAX;
    order->number = stamp == prediction->place ? 0 : goes_on ? order->number + 1 : SIZE_MAX;
    order->place = prediction->place;
    return order->number;
}

static void append_text(mw_buf *out, mw_str text) {
    mw_buf_append_u32(out, (uint32_t)text.size);
    mw_buf_append_str(out, text);
}

static mw_str read_text(mw_reader *reader) {
    return mw_read_bytes(reader, mw_read_u32(reader));
}

void mw_prediction_append(mw_buf *out, const mw_prediction *prediction,
                          const mw_schema *features, const mw_symbols *symbols) {
    uint64_t bits;
    memcpy(&bits, &prediction->prediction, sizeof bits);
    bool is_yes_no = prediction->kind == MW_ANSWER_YES_NO;
    mw_buf_append_u32(out, is_yes_no ? FORMAT_OF_YES_NO : PREDICTION_FORMAT);
    mw_buf_append_u64(out, (uint64_t)prediction->place);
    mw_buf_append_u64(out, (uint64_t)prediction->t);
    append_text(out, prediction->model);
    append_text(out, prediction->version);
    append_text(out, prediction->event_id);
    mw_buf_append_u32(out, prediction->element_size);
    mw_buf_append_u64(out, bits);
    mw_buf_append_u32(out, prediction->decision);
    mw_buf_append_u32(out, prediction->fallback | (prediction->is_blind ? BLIND : 0));
    if (!is_yes_no) {
        mw_buf_append_u32(out, prediction->kind);
        append_text(out, prediction->class_name);
    }
    mw_buf_append_u32(out, (uint32_t)features->field_count);
    mw_row_append_canonical(out, features, prediction->features, symbols);
}

static mw_status read_head(mw_reader *reader, mw_prediction *out_prediction, mw_error *err) {
    uint32_t format = mw_read_u32(reader);
    if (format > PREDICTION_FORMAT)
        return mw_fail(err, MW_NEWER_FORMAT,
                       "prediction: written in format %u, this program reads up to %d", format,
                       PREDICTION_FORMAT);
    mw_prediction prediction = {.place = (int64_t)mw_read_u64(reader)};
    prediction.t = (int64_t)mw_read_u64(reader);
    prediction.model = read_text(reader);
    prediction.version = read_text(reader);
    prediction.event_id = read_text(reader);
    prediction.element_size = format > 2 ? mw_read_u32(reader) : 0; /* not told before */
    prediction.prediction = mw_read_double(reader);
    uint32_t decision = mw_read_u32(reader);
    prediction.decision = decision == 1;
    uint32_t fallback = format > 1 ? mw_read_u32(reader) : 0; /* format 1 knew of none */
    prediction.is_blind = fallback & BLIND;
    prediction.fallback = fallback & ~(uint32_t)BLIND;
    uint32_t kind = MW_ANSWER_YES_NO;
    if (format > FORMAT_OF_YES_NO) { /* all before say yes or no */
        kind = mw_read_u32(reader);
        prediction.class_name = read_text(reader);
    }
    prediction.kind = (mw_answer_kind)kind;
    if (reader->failed || format == 0 || decision > 1 || kind >= MW_ANSWER_COUNT ||
        (format > FORMAT_OF_YES_NO) != (kind != MW_ANSWER_YES_NO) ||
        (prediction.class_name.size > 0 && kind != MW_ANSWER_CLASS) ||
        prediction.element_size > prediction.event_id.size ||
        prediction.fallback >= MW_BECAUSE_COUNT)
        return mw_fail(err, MW_CORRUPT, "prediction: the record is not one");
    *out_prediction = prediction;
    return MW_OK;
}

mw_status mw_prediction_read_head(mw_str bytes, mw_prediction *out_prediction, mw_error *err) {
    mw_reader reader = {.rest = bytes};
    return read_head(&reader, out_prediction, err);
}

mw_status mw_prediction_read(mw_str bytes, const mw_schema *features, mw_symbols *symbols,
                             mw_cell *out_features, mw_prediction *out_prediction,
                             mw_error *err) {
    mw_reader reader = {.rest = bytes};
    mw_prediction prediction;
    MW_TRY(read_head(&reader, &prediction, err));
    uint32_t count = mw_read_u32(&reader);
    if (count != features->field_count)
        return mw_fail(err, MW_CORRUPT, "prediction: the record has %u features, its version %zu",
                       count, features->field_count);
    for (size_t i = 0; i < features->field_count; i++)
        if (!mw_cell_read_canonical(&reader, features->fields[i].type, symbols,
                                    &out_features[i]))
            return mw_fail(err, MW_CORRUPT, "prediction: feature %.*s cannot be read",
                           MW_STR_ARGS(features->fields[i].name));
    if (reader.failed || reader.rest.size > 0)
        return mw_fail(err, MW_CORRUPT, "prediction: the record has the wrong size");
    prediction.features = out_features;
    *out_prediction = prediction;
    return MW_OK;
}
