/*
 * access_log: requests that were answered, a line of JSON each, of all of them or of a sample.
 *
 *     {"time":"2026-03-01T12:00:00.25Z","method":"POST","path":"/v1/models/late/predict",
 *      "code":200,"us":85,"waited_us":40,"bytes":143,"trace":"4bf9...","span":"00f0..."}
 *
 * `us` is from a request's taking up to the release of its answer, `waited_us` how long it had
 * waited before. Answers of 500 and above are always written. Lines gather in memory and are
 * handed to the file by mw_access_log_flush, a few times a second: no request waits for it. What
 * does not fit or cannot be written is dropped, and counted.
 *
 * One thread uses it.
 */
#pragma once
#include "serve/http.h"
#include "serve/trace.h"
#include "sys/sys.h"

enum {
    MW_ACCESS_LOG_SIZE_MAX = 4 << 20, /* between two flushes */
    MW_ACCESS_PATH_MAX = 120,         /* of a longer path only so much is written */
};

typedef struct mw_access_log mw_access_log;

typedef struct {
    mw_http_method method;
    int code;
    int64_t taken_us;             /* wall clock */
    int64_t span_us, waited_us;
    size_t size;                  /* of the answer */
    mw_trace trace;
    char path[MW_ACCESS_PATH_MAX + 1];
} mw_access_entry;

/* Appends to the file, which is made if absent. `share` of all requests is written, from 0 to 1. */
MW_MUST_USE mw_status mw_access_log_open(mw_sys *sys, const char *path, double share,
                                         mw_access_log **out_log, mw_error *err);
void mw_access_log_add(mw_access_log *log, const mw_access_entry *entry);
void mw_access_log_flush(mw_access_log *log);
uint64_t mw_access_log_dropped(const mw_access_log *log); /* lines */
void mw_access_log_close(mw_access_log *log); /* after a flush; NULL is allowed */
