#include "edge/bundle.h"

#include "model/seal.h"

#include <string.h>

static const mw_seal bundle_seal = {
    .what = "exported model", .magic = MW_BUNDLE_MAGIC, .format = MW_BUNDLE_FORMAT};

static void append_part(mw_buf *out, mw_str part) {
    mw_buf_append_u64(out, part.size);
    mw_buf_append_str(out, part);
}

static mw_status encode(mw_str declarations, mw_str version, mw_buf *payload, mw_buf *out,
                        mw_error *err) {
    append_part(payload, declarations);
    append_part(payload, version);
    MW_TRY(mw_buf_check(payload, bundle_seal.what, err));
    mw_seal_append(out, bundle_seal, mw_buf_str(payload));
    return mw_buf_check(out, bundle_seal.what, err);
}

mw_status mw_bundle_encode(const mw_declarations *declarations, size_t model, mw_str version,
                           mw_buf *out, mw_error *err) {
    mw_buf declared, payload;
    mw_buf_init(&declared, MW_VERSION_SIZE_MAX);
    mw_buf_init(&payload, MW_VERSION_SIZE_MAX);
    mw_declarations_append(&declared, declarations, model);
    mw_status status = mw_buf_check(&declared, bundle_seal.what, err);
    if (status == MW_OK) status = encode(mw_buf_str(&declared), version, &payload, out, err);
    mw_buf_release(&declared);
    mw_buf_release(&payload);
    return status;
}

bool mw_bundle_names_are_plain(mw_values classes) {
    for (size_t i = 0; i < classes.count; i++)
        if (memchr(classes.items[i].data, '\0', classes.items[i].size)) return false;
    return true;
}

static mw_str read_part(mw_reader *reader) {
    return mw_read_bytes(reader, (size_t)mw_read_u64(reader));
}

static mw_status decode(mw_arena *arena, mw_str payload, mw_bundle *bundle, mw_error *err) {
    mw_reader reader = {.rest = payload};
    mw_str declarations = read_part(&reader), version = read_part(&reader);
    if (reader.failed || reader.rest.size > 0)
        return mw_fail(err, MW_CORRUPT, "its parts do not fill it");
    declarations = mw_str_copy(arena, declarations);
    if (!declarations.data) return mw_fail(err, MW_NO_MEMORY, "no memory for its declarations");
    MW_TRY(mw_declarations_read(declarations, arena, &bundle->declarations, err));
    MW_TRY(mw_version_decode(arena, version, &bundle->version, err));
    if (!mw_bundle_names_are_plain(bundle->version->classes.names))
        return mw_fail(err, MW_CORRUPT, "no name of a class may hold a NUL");
    mw_version_name(version, bundle->name);
    if (!mw_str_equal(bundle->declarations.models[0].name, bundle->version->model))
        return mw_fail(err, MW_CORRUPT, "its declarations are of another model than its version");
    bundle->declarations.zone = mw_zone_utc();
    if (bundle->version->zone_data.size == 0) return MW_OK;
    return mw_zone_parse(arena, bundle->version->zone, bundle->version->zone_data,
                         &bundle->declarations.zone, err);
}

mw_status mw_bundle_decode(mw_arena *arena, mw_str bytes, mw_bundle *out_bundle, mw_error *err) {
    mw_str payload;
    mw_bundle bundle;
    MW_TRY(mw_seal_open(bundle_seal, bytes, &payload, err));
    uint32_t format = mw_seal_format(bytes);
    if (format < bundle_seal.format) {
        mw_status older = mw_fail(err, MW_CONFLICT, "%s: format version must be %u, got %u",
                                  bundle_seal.what, bundle_seal.format, format);
        return mw_hint(err, older, "Export the model again.");
    }
    mw_status status = decode(arena, payload, &bundle, err);
    if (status != MW_OK) return mw_fail_within(err, status, "%s", bundle_seal.what);
    *out_bundle = bundle;
    return MW_OK;
}
