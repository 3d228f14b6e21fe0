#include "model/version.h"

#include "model/background.h"
#include "model/seal.h"

#include <math.h>
#include <string.h>

static const mw_seal version_seal = {
    .what = "version", .magic = MW_VERSION_MAGIC, .format = MW_VERSION_FORMAT};

enum { FORMAT_OF_YES_NO = 4 }; /* its bytes, and so its name, are what they were before the rest */
enum { COUNTED_SIZE_MIN = 8 }; /* no item of a list takes fewer bytes */

static void append_str(mw_buf *out, mw_str s) {
    mw_buf_append_u64(out, s.size);
    mw_buf_append_str(out, s);
}

static void append_f64(mw_buf *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    mw_buf_append_u64(out, bits);
}

static void append_type(mw_buf *out, mw_type type) {
    append_str(out, mw_str_of(mw_type_name(type)));
}

static void append_streams(mw_buf *out, const mw_version *version) {
    mw_buf_append_u64(out, version->stream_count);
    for (size_t i = 0; i < version->stream_count; i++) {
        const mw_version_stream *stream = &version->streams[i];
        append_str(out, stream->name);
        mw_buf_append_u64(out, stream->columns.field_count);
        for (size_t f = 0; f < stream->columns.field_count; f++) {
            append_str(out, stream->columns.fields[f].name);
            append_type(out, stream->columns.fields[f].type);
        }
    }
}

static void append_transforms(mw_buf *out, const mw_model_feature *feature) {
    mw_buf_append_u64(out, feature->together);
    mw_buf_append_u64(out, feature->transform_count);
    for (size_t i = 0; i < feature->transform_count; i++) {
        const mw_transform *transform = &feature->transforms[i];
        mw_buf_append_u64(out, transform->kind);
        mw_buf_append_u64(out, transform->count);
        for (size_t n = 0; n < transform->count; n++) append_f64(out, transform->numbers[n]);
    }
}

static void append_features(mw_buf *out, const mw_version *version) {
    mw_buf_append_u64(out, version->features.count);
    for (size_t i = 0; i < version->features.count; i++) {
        const mw_model_feature *feature = &version->features.items[i];
        append_str(out, feature->name);
        append_type(out, feature->type);
        mw_buf_append_u64(out, feature->values.count);
        for (size_t v = 0; v < feature->values.count; v++)
            append_str(out, feature->values.items[v]);
        append_transforms(out, feature);
    }
}

static void append_files(mw_buf *out, const mw_version *version) {
    mw_buf_append_u64(out, version->file_count);
    for (size_t i = 0; i < version->file_count; i++) {
        append_str(out, version->files[i].name);
        append_str(out, version->files[i].sha256);
    }
}

static void append_background(mw_buf *out, const mw_version *version) {
    mw_buf_append_u64(out, version->background_count);
    for (size_t i = 0; i < version->background_count * version->features.count; i++)
        append_f64(out, version->background[i]);
}

static void append_answer(mw_buf *out, const mw_version *version) {
    mw_buf_append_u64(out, version->answer);
    mw_buf_append_u64(out, version->classes.names.count);
    for (size_t i = 0; i < version->classes.names.count; i++) {
        append_str(out, version->classes.names.items[i]);
        append_f64(out, version->classes.probabilities[i]);
    }
}

static void append_payload(mw_buf *out, const mw_version *version, mw_str forest) {
    append_str(out, version->model);
    append_str(out, version->project);
    append_str(out, version->zone);
    append_str(out, version->zone_data);
    append_streams(out, version);
    append_features(out, version);
    append_files(out, version);
    append_str(out, forest);
    append_f64(out, version->threshold);
    append_f64(out, version->baseline);
    append_str(out, version->learner);
    append_str(out, version->settings);
    append_str(out, version->data_version);
    mw_buf_append_u64(out, (uint64_t)version->from_us);
    mw_buf_append_u64(out, (uint64_t)version->to_us);
    mw_buf_append_u64(out, version->example_count);
    append_str(out, version->profile);
    append_background(out, version);
    if (version->answer != MW_ANSWER_YES_NO) append_answer(out, version);
}

mw_status mw_version_encode(const mw_version *version, mw_buf *out, mw_error *err) {
    MW_ASSERT(version->features.count == mw_forest_facts(version->forest).feature_count);
    MW_ASSERT(isfinite(version->threshold) && isfinite(version->baseline));
    MW_ASSERT((version->answer == MW_ANSWER_CLASS) == (version->classes.names.count > 0));
    mw_buf forest, payload;
    mw_buf_init(&forest, MW_VERSION_SIZE_MAX);
    mw_buf_init(&payload, MW_VERSION_SIZE_MAX);
    mw_forest_encode(version->forest, &forest);
    append_payload(&payload, version, mw_buf_str(&forest));
    mw_seal seal = version_seal;
    if (version->answer == MW_ANSWER_YES_NO) seal.format = FORMAT_OF_YES_NO;
    mw_status status = mw_buf_check(&forest, "version", err);
    if (status == MW_OK) status = mw_buf_check(&payload, "version", err);
    if (status == MW_OK) {
        mw_seal_append(out, seal, mw_buf_str(&payload));
        status = mw_buf_check(out, "version", err);
    }
    mw_buf_release(&forest);
    mw_buf_release(&payload);
    return status;
}

void mw_version_name(mw_str bytes, char out_name[MW_VERSION_NAME_SIZE + 1]) {
    mw_sha256 sha;
    char hex[MW_SHA256_HEX_SIZE + 1];
    mw_sha256_init(&sha);
    mw_sha256_add(&sha, bytes.data, bytes.size);
    mw_sha256_hex(&sha, hex);
    memcpy(out_name, hex, MW_VERSION_NAME_SIZE);
    out_name[MW_VERSION_NAME_SIZE] = '\0';
}

typedef struct {
    mw_reader reader; /* over bytes that stay, so that texts may point into them */
    mw_arena *arena;
    bool passes_forest; /* and leaves it out */
    uint32_t format; /* 1 had no transforms and no files, 2 no background, 3 no joint ones, 4 says
                        yes or no */
    mw_error *err;
} decoding;

static mw_status broken(decoding *d, const char *part) {
    return mw_fail(d->err, MW_CORRUPT, "version: its %s breaks a rule of the format", part);
}

/* A list of `count` items of `item_size` bytes, whose count was read from the bytes. */
static mw_status list_alloc(decoding *d, uint64_t count, size_t item_size, const char *part,
                            void *out_items) {
    if (d->reader.failed || count > d->reader.rest.size / COUNTED_SIZE_MIN) return broken(d, part);
    void *items = mw_arena_alloc(d->arena, (size_t)count, item_size);
    if (!items) return mw_fail(d->err, MW_NO_MEMORY, "version: out of memory for its %s", part);
    memcpy(out_items, &items, sizeof items);
    return MW_OK;
}

static mw_str read_str(decoding *d) {
    return mw_read_bytes(&d->reader, (size_t)mw_read_u64(&d->reader));
}

static bool read_name_and_type(decoding *d, mw_str *out_name, mw_type *out_type) {
    *out_name = read_str(d);
    return out_name->size > 0 && mw_type_parse(read_str(d), out_type);
}

static mw_status read_stream(decoding *d, mw_version_stream *stream) {
    stream->name = read_str(d);
    uint64_t count = mw_read_u64(&d->reader);
    if (stream->name.size == 0 || count > MW_FIELDS_MAX) return broken(d, "streams");
    mw_field *fields;
    MW_TRY(list_alloc(d, count, sizeof *fields, "streams", &fields));
    for (uint64_t i = 0; i < count; i++)
        if (!read_name_and_type(d, &fields[i].name, &fields[i].type)) return broken(d, "streams");
    stream->columns = (mw_schema){fields, (size_t)count};
    return MW_OK;
}

static mw_status read_streams(decoding *d, mw_version *version) {
    uint64_t count = mw_read_u64(&d->reader);
    if (count > MW_VERSION_STREAMS_MAX) return broken(d, "streams");
    mw_version_stream *streams;
    MW_TRY(list_alloc(d, count, sizeof *streams, "streams", &streams));
    for (uint64_t i = 0; i < count; i++) MW_TRY(read_stream(d, &streams[i]));
    version->streams = streams;
    version->stream_count = (size_t)count;
    return MW_OK;
}

static mw_status read_transform(decoding *d, mw_transform *transform) {
    uint64_t kind = mw_read_u64(&d->reader), count = mw_read_u64(&d->reader);
    if (kind >= MW_TRANSFORM_COUNT) return broken(d, "transforms");
    double *numbers;
    MW_TRY(list_alloc(d, count, sizeof *numbers, "transforms", &numbers));
    for (uint64_t i = 0; i < count; i++) numbers[i] = mw_read_double(&d->reader);
    *transform = (mw_transform){(mw_transform_kind)kind, numbers, (size_t)count};
    return MW_OK;
}

static mw_status read_transforms(decoding *d, mw_model_feature *feature) {
    feature->together = d->format > 3 ? (size_t)mw_read_u64(&d->reader) : 0;
    uint64_t count = mw_read_u64(&d->reader);
    if (count > MW_TRANSFORMS_MAX) return broken(d, "transforms");
    mw_transform *transforms;
    MW_TRY(list_alloc(d, count, sizeof *transforms, "transforms", &transforms));
    for (uint64_t i = 0; i < count; i++) MW_TRY(read_transform(d, &transforms[i]));
    feature->transforms = transforms;
    feature->transform_count = (size_t)count;
    return MW_OK;
}

static mw_status read_feature(decoding *d, mw_model_feature *feature) {
    if (!read_name_and_type(d, &feature->name, &feature->type)) return broken(d, "features");
    uint64_t count = mw_read_u64(&d->reader);
    if (count > (mw_type_is_symbol(feature->type) ? MW_DICTIONARY_VALUES_MAX : 0))
        return broken(d, "features");
    mw_str *values;
    MW_TRY(list_alloc(d, count, sizeof *values, "features", &values));
    for (uint64_t i = 0; i < count; i++) {
        values[i] = read_str(d);
        bool is_sorted = i == 0 || mw_str_compare(values[i - 1], values[i]) < 0;
        if (d->reader.failed || !is_sorted) return broken(d, "features");
    }
    feature->values = (mw_values){values, (size_t)count};
    return d->format > 1 ? read_transforms(d, feature) : MW_OK;
}

/* The rates of a target take the place of a text, so they come first, and only there. Those that
   are transformed together are so at the same steps. */
static bool are_sound(const mw_model_feature *first, const mw_model_feature *feature) {
    if (feature->transform_count != first->transform_count && first->together > 0) return false;
    for (size_t t = 0; t < feature->transform_count; t++) {
        const mw_transform *transform = &feature->transforms[t];
        bool is_of_text = t == 0 && mw_type_is_symbol(feature->type);
        bool is_target = transform->kind == MW_TRANSFORM_TARGET;
        mw_transform_kind step = first->transforms[t].kind;
        bool is_joint = mw_transform_is_joint(transform->kind) || mw_transform_is_joint(step);
        if (is_of_text != is_target || (is_joint && first->together == 0) ||
            (is_joint && transform->kind != step) ||
            !mw_transform_is_sound(transform, feature->values.count, first->together))
            return false;
    }
    return true;
}

static mw_status check_transforms(decoding *d, const mw_model_feature *features, size_t count) {
    for (size_t i = 0, step; i < count; i += step) {
        const mw_model_feature *first = &features[i];
        step = first->together > 0 ? first->together : 1;
        if (step > count - i || step > MW_TOGETHER_MAX) return broken(d, "transforms");
        for (size_t k = 0; k < step; k++)
            if ((k > 0 && first[k].together > 0) || !are_sound(first, &first[k]))
                return broken(d, "transforms");
    }
    return MW_OK;
}

static mw_status read_features(decoding *d, mw_version *version) {
    uint64_t count = mw_read_u64(&d->reader);
    if (count < 1 || count > MW_FOREST_FEATURES_MAX) return broken(d, "features");
    mw_model_feature *features;
    MW_TRY(list_alloc(d, count, sizeof *features, "features", &features));
    for (uint64_t i = 0; i < count; i++) MW_TRY(read_feature(d, &features[i]));
    MW_TRY(check_transforms(d, features, (size_t)count));
    version->features = (mw_model_features){features, (size_t)count};
    return MW_OK;
}

static mw_status read_files(decoding *d, mw_version *version) {
    uint64_t count = mw_read_u64(&d->reader);
    if (count > MW_VERSION_FILES_MAX) return broken(d, "files");
    mw_version_file *files;
    MW_TRY(list_alloc(d, count, sizeof *files, "files", &files));
    for (uint64_t i = 0; i < count; i++) {
        files[i].name = read_str(d);
        files[i].sha256 = read_str(d);
    }
    version->files = files;
    version->file_count = (size_t)count;
    return MW_OK;
}

static mw_status read_forest(decoding *d, mw_version *version) {
    mw_str bytes = read_str(d);
    if (d->reader.failed) return broken(d, "forest");
    if (d->passes_forest) return MW_OK;
    mw_status status = mw_forest_decode(d->arena, bytes, &version->forest, d->err);
    if (status != MW_OK) return mw_fail_within(d->err, status, "version");
    if (mw_forest_facts(version->forest).feature_count != version->features.count)
        return broken(d, "forest");
    return MW_OK;
}

static mw_status read_background(decoding *d, mw_version *version) {
    uint64_t count = mw_read_u64(&d->reader);
    if (count > MW_BACKGROUND_ROWS_MAX) return broken(d, "background");
    uint64_t number_count = count * version->features.count;
    double *numbers;
    MW_TRY(list_alloc(d, number_count, sizeof *numbers, "background", &numbers));
    for (uint64_t i = 0; i < number_count; i++) {
        numbers[i] = mw_read_double(&d->reader);
        if (isinf(numbers[i])) return broken(d, "background");
    }
    version->background = numbers;
    version->background_count = (size_t)count;
    return MW_OK;
}

static mw_status read_classes(decoding *d, mw_version *version) {
    uint64_t count = mw_read_u64(&d->reader);
    if (count > MW_CLASSES_MAX) return broken(d, "classes");
    mw_str *names;
    double *shares;
    MW_TRY(list_alloc(d, count, sizeof *names, "classes", &names));
    MW_TRY(list_alloc(d, count, sizeof *shares, "classes", &shares));
    for (uint64_t i = 0; i < count; i++) {
        names[i] = read_str(d);
        shares[i] = mw_read_double(&d->reader);
        if (!isfinite(shares[i])) return broken(d, "classes");
    }
    version->classes = (mw_classes){{names, (size_t)count}, shares};
    return MW_OK;
}

/* Yes and no have one spelling, that of the format before. */
static mw_status read_answer(decoding *d, mw_version *version) {
    uint64_t answer = d->format > FORMAT_OF_YES_NO ? mw_read_u64(&d->reader) : MW_ANSWER_YES_NO;
    bool is_old = answer == MW_ANSWER_YES_NO;
    if (answer >= MW_ANSWER_COUNT || is_old != (d->format <= FORMAT_OF_YES_NO))
        return broken(d, "answer");
    version->answer = (mw_answer_kind)answer;
    if (!is_old) MW_TRY(read_classes(d, version));
    mw_values names = version->classes.names;
    bool has_classes = answer == MW_ANSWER_CLASS;
    if (has_classes ? !mw_classes_are_sound(names) : names.count > 0) return broken(d, "classes");
    if (d->passes_forest) return MW_OK;
    if (mw_forest_facts(version->forest).class_count != (has_classes ? names.count : 1))
        return broken(d, "forest");
    return MW_OK;
}

static mw_status read_payload(decoding *d, mw_version *version) {
    version->model = read_str(d);
    version->project = read_str(d);
    version->zone = read_str(d);
    version->zone_data = read_str(d);
    if (version->model.size == 0) return broken(d, "model");
    MW_TRY(read_streams(d, version));
    MW_TRY(read_features(d, version));
    if (d->format > 1) MW_TRY(read_files(d, version));
    MW_TRY(read_forest(d, version));
    version->threshold = mw_read_double(&d->reader);
    version->baseline = mw_read_double(&d->reader);
    version->learner = read_str(d);
    version->settings = read_str(d);
    version->data_version = read_str(d);
    version->from_us = (int64_t)mw_read_u64(&d->reader);
    version->to_us = (int64_t)mw_read_u64(&d->reader);
    version->example_count = mw_read_u64(&d->reader);
    version->profile = read_str(d);
    if (d->format > 2) MW_TRY(read_background(d, version));
    MW_TRY(read_answer(d, version));
    if (d->reader.failed || d->reader.rest.size > 0) return broken(d, "end");
    if (!isfinite(version->threshold) || !isfinite(version->baseline))
        return broken(d, "threshold");
    return MW_OK;
}

static mw_status decode(decoding *d, const mw_version **out_version) {
    mw_version *version = mw_arena_alloc(d->arena, 1, sizeof *version);
    if (!version || !d->reader.rest.data)
        return mw_fail(d->err, MW_NO_MEMORY, "version: out of memory");
    MW_TRY(read_payload(d, version));
    *out_version = version;
    return MW_OK;
}

mw_status mw_version_decode(mw_arena *arena, mw_str bytes, const mw_version **out_version,
                            mw_error *err) {
    mw_str payload;
    MW_TRY(mw_seal_open(version_seal, bytes, &payload, err));
    decoding d = {.reader = {.rest = mw_str_copy(arena, payload)},
                  .arena = arena,
                  .format = mw_seal_format(bytes),
                  .err = err};
    return decode(&d, out_version);
}

mw_status mw_version_decode_all_but_forest(mw_arena *arena, mw_str bytes,
                                           const mw_version **out_version, mw_error *err) {
    decoding d = {.arena = arena, .passes_forest = true, .err = err};
    MW_TRY(mw_seal_open(version_seal, bytes, &d.reader.rest, err));
    d.format = mw_seal_format(bytes);
    return decode(&d, out_version);
}
