/*
 * log_segment: the files of a log: how they are called, and which of them are segments.
 *
 * Of the newest files any number may be none: just begun, or left by a loss of power without what
 * they follow (store/log.h). Private to the log, whose header has what others need of this.
 */
#pragma once
#include "store/log_format.h"

#define MW_LOG_SEGMENT_BYTES_MAX ((size_t)1 << 34)
#define MW_LOG_ARENA_MAX ((size_t)1 << 24)
#define MW_LOG_FIRST_PLACE (INT64_MIN + 1) /* of the first segment */

/* NULL: no memory. */
const char *mw_log_segment_path(mw_arena *arena, const char *folder, int64_t first_place);
int64_t mw_log_segment_first_place(mw_str name);

/* The files of a folder, in order; none if it does not exist. */
MW_MUST_USE mw_status mw_log_segment_list(mw_sys *sys, const char *folder, mw_arena *arena,
                                          mw_str **out_names, size_t *out_count, mw_error *err);
/* How many of the files are segments: the newest ones may be none. */
MW_MUST_USE mw_status mw_log_segment_count(mw_sys *sys, const char *folder, mw_arena *arena,
                                           const mw_str *names, size_t *count, mw_error *err);
/* All of its bytes, and what its head says. */
MW_MUST_USE mw_status mw_log_segment_read(mw_sys *sys, const char *path, mw_buf *bytes,
                                          mw_log_head *out_head, mw_error *err);
/* Where its last whole batch ends: what stands behind is a torn one, or this fails. */
MW_MUST_USE mw_status mw_log_segment_find_end(const char *path, mw_str bytes, size_t *out_end,
                                              mw_error *err);
/* The failure of who meets what is damaged. */
mw_status mw_log_segment_fail(const char *path, uint64_t offset, mw_log_found found,
                              mw_error *err);
