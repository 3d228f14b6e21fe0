#include "store/saved_log.h"

#include "store/log.h"

enum { ARENA_SIZE_MAX = 1 << 16 };

static mw_status was_cut(uint64_t number, int64_t place, mw_error *err) {
    mw_status status = mw_fail(err, MW_CORRUPT,
                               "log: it lacks what checkpoint %llu has of it, up to %s",
                               (unsigned long long)number, mw_time_text_of(place).text);
    return mw_hint(err, status, "Bring .millwright/log back from a copy. To go on without what it "
                                "has lost, remove .millwright/checkpoints.");
}

/* What the head of a checkpoint says of the log. */
typedef enum { NOTHING, IS_THERE, WAS_CUT } verdict;

/* Whether the log has a record at the checkpoint's place. Of another log nothing is known. */
static mw_status find_record(mw_sys *sys, const char *log_folder, mw_checkpoint saved,
                             verdict *out_verdict, mw_error *err) {
    mw_log_scan *scan = NULL;
    mw_record record = {.type = MW_RECORD_DEFINITION};
    bool has_record = true;
    MW_TRY(mw_log_scan_begin(sys, log_folder, saved.place, &scan, err));
    mw_status status = MW_OK;
    while (status == MW_OK && has_record && record.type == MW_RECORD_DEFINITION)
        status = mw_log_scan_next(scan, &record, &has_record, err);
    uint64_t log_id = mw_log_scan_id(scan); /* 0: there is none at all */
    mw_log_scan_end(scan);
    if (status != MW_OK) return status;
    bool is_there = has_record && record.place == saved.place;
    *out_verdict = is_there ? IS_THERE : WAS_CUT;
    if (log_id != 0 && log_id != saved.log_id) *out_verdict = NOTHING;
    return MW_OK;
}

static mw_status read_whole(mw_checkpoints in, uint64_t number, mw_error *err) {
    mw_arena arena;
    mw_buf bytes;
    mw_checkpoint read;
    mw_arena_init(&arena, MW_CHECKPOINT_SIZE_MAX);
    mw_buf_init(&bytes, MW_CHECKPOINT_SIZE_MAX);
    mw_status status = mw_checkpoint_read(in, number, &arena, &bytes, &read, err);
    mw_buf_release(&bytes);
    mw_arena_release(&arena);
    return status;
}

/* No witness: damaged, unreadable, of a newer program, or gone since a newer one was written. */
static bool is_void(mw_status status) {
    return status == MW_CORRUPT || status == MW_IO || status == MW_NEWER_FORMAT ||
           status == MW_NOT_FOUND;
}

mw_status mw_saved_log_check(mw_checkpoints in, const char *log_folder, mw_error *err) {
    uint64_t number = UINT64_MAX;
    for (;;) {
        mw_checkpoint saved;
        verdict found = NOTHING;
        MW_TRY(mw_checkpoint_newest(in, number, &number, err));
        if (number == 0) return MW_OK;
        mw_status status = mw_checkpoint_read_head(in, number, &saved, err);
        if (status == MW_OK) MW_TRY(find_record(in.sys, log_folder, saved, &found, err));
        if (found == IS_THERE) return MW_OK;
        if (found == WAS_CUT) status = read_whole(in, number, err);
        if (found == WAS_CUT && status == MW_OK) return was_cut(number, saved.place, err);
        if (status != MW_OK && !is_void(status)) return status;
    }
}
