#include "ingest/picture_file.h"

#include <stdlib.h>
#include <yyjson.h>

#include "base/base64.h"
#include "base/json.h"
#include "perception/picture.h"

enum { BESIDE_SIZE_MAX = 1 << 20, PATH_SIZE_MAX = 4096 };

bool mw_is_picture_file(const char *path) {
    static const char *const ends[] = {".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (mw_str_ends(mw_str_of(path), mw_str_of(ends[i]))) return true;
    return false;
}

/* One pixel of it shows that all of it can be decoded. */
static bool is_picture(mw_str bytes) {
    float colours[3];
    return bytes.size > 0 && mw_picture_fill(bytes, 1, 1, colours);
}

/* Bytes of a file of its own, released by the caller. */
static mw_status read_bytes(mw_sys *sys, const char *path, size_t size_max, mw_buf *out_bytes,
                            mw_error *err) {
    mw_buf_init(out_bytes, size_max);
    mw_status status = mw_sys_read_file(sys, path, out_bytes, err);
    if (status != MW_OK) mw_buf_release(out_bytes);
    return status != MW_TOO_LARGE ? status
                                  : mw_fail(err, MW_INVALID, "must be at most %zu bytes", size_max);
}

static mw_status append_picture(mw_sys *sys, const char *path, mw_buf *out_line, mw_error *err) {
    mw_buf bytes;
    MW_TRY(read_bytes(sys, path, MW_PICTURE_FILE_SIZE_MAX, &bytes, err));
    mw_status status = MW_OK;
    if (is_picture(mw_buf_str(&bytes))) mw_base64_append(out_line, mw_buf_str(&bytes));
    else status = mw_fail(err, MW_INVALID, "must be a JPEG or PNG file that can be decoded");
    mw_buf_release(&bytes);
    return status;
}

/* The members of the object, each behind a comma. */
static mw_status append_members(mw_str json, mw_buf *out_line, mw_error *err) {
    yyjson_doc *doc = yyjson_read(json.data, json.size, YYJSON_READ_NUMBER_AS_RAW);
    yyjson_val *root = yyjson_doc_get_root(doc);
    size_t size = 0;
    char *text = yyjson_is_obj(root) ? yyjson_val_write(root, YYJSON_WRITE_NOFLAG, &size) : NULL;
    mw_status status = text ? MW_OK : mw_fail(err, MW_INVALID, "must hold a JSON object");
    if (text && size > 2) {
        mw_buf_append_char(out_line, ',');
        mw_buf_append(out_line, text + 1, size - 2);
    }
    free(text); /* tidy: yyjson's own */
    yyjson_doc_free(doc);
    return status;
}

static mw_status append_beside(mw_sys *sys, const char *path, mw_buf *out_line, mw_error *err) {
    mw_file_info info;
    mw_buf beside, bytes;
    mw_str stem = mw_str_of(path);
    while (stem.size > 0 && stem.data[stem.size - 1] != '.') stem.size--;
    mw_buf_init(&beside, PATH_SIZE_MAX);
    mw_buf_append_str(&beside, stem);
    mw_buf_append_text(&beside, "json");
    mw_status status = mw_buf_check(&beside, "path", err);
    if (status == MW_OK) status = mw_sys_info(sys, mw_buf_str(&beside).data, &info, err);
    if (status == MW_OK && info.exists) {
        status = read_bytes(sys, mw_buf_str(&beside).data, BESIDE_SIZE_MAX, &bytes, err);
        if (status == MW_OK) {
            status = append_members(mw_buf_str(&bytes), out_line, err);
            mw_buf_release(&bytes);
        }
    }
    mw_buf_release(&beside);
    return status;
}

mw_status mw_picture_file_append(mw_sys *sys, const char *path, mw_buf *out_line, mw_error *err) {
    mw_json name = mw_json_begin(out_line);
    mw_buf_append_text(out_line, "{\"file\":");
    mw_json_str(&name, mw_path_name(mw_str_of(path)));
    mw_buf_append_text(out_line, ",\"image\":\"");
    mw_status status = append_picture(sys, path, out_line, err);
    if (status == MW_INVALID) return mw_fail_within(err, status, "picture");
    MW_TRY(status);
    mw_buf_append_char(out_line, '"');
    status = append_beside(sys, path, out_line, err);
    if (status == MW_INVALID) return mw_fail_within(err, status, "the .json file beside it");
    MW_TRY(status);
    mw_buf_append_char(out_line, '}');
    return mw_buf_check(out_line, path, err);
}
