#include "cli/file_glance.h"

static bool is_untouched(const mw_file_info *a, const mw_file_info *b) {
    return mw_sys_is_same(a, b) && a->size == b->size && a->modified_us == b->modified_us &&
           a->changed_us == b->changed_us;
}

/* Of as many bytes, a moment ago: it may be gone by now, or longer than the buffer may be. */
static mw_status compare(mw_sys *sys, const char *path, mw_str bytes, bool *out_is_same,
                         mw_error *err) {
    mw_buf file;
    mw_buf_init(&file, bytes.size + 1);
    mw_status status = mw_sys_read_file(sys, path, &file, err);
    bool is_same = status == MW_OK && mw_str_equal(mw_buf_str(&file), bytes);
    mw_buf_release(&file);
    if (status != MW_OK && status != MW_TOO_LARGE && status != MW_NOT_FOUND) return status;
    *out_is_same = is_same;
    return MW_OK;
}

mw_status mw_file_glance_at(mw_sys *sys, const char *path, mw_str bytes, mw_file_glance *glance,
                            bool *out_is_same, mw_error *err) {
    mw_file_info info;
    bool is_same = false;
    int64_t now_us = mw_sys_now_us(sys);
    MW_TRY(mw_sys_info(sys, path, &info, err));
    if (!info.exists || info.is_folder || info.is_special || info.size != bytes.size) {
        *out_is_same = false;
        return MW_OK;
    }
    if (glance->is_settled && is_untouched(&glance->seen, &info)) {
        *out_is_same = glance->is_same;
        return MW_OK;
    }
    MW_TRY(compare(sys, path, bytes, &is_same, err));
    *glance = (mw_file_glance){.seen = info,
                               .is_settled = info.changed_us <= now_us - MW_FILE_SETTLED_US,
                               .is_same = is_same};
    *out_is_same = is_same;
    return MW_OK;
}
