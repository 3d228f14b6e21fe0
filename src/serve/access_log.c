#include "serve/access_log.h"

#include "base/json.h"
#include "base/prng.h"

enum { ALWAYS_FROM_CODE = 500, LINE_SIZE_MAX = 1024 };

struct mw_access_log {
    mw_sys *sys;
    mw_file *file;
    mw_buf lines;
    size_t line_count; /* in these */
    double share;
    uint64_t chance; /* state of the draw */
    uint64_t dropped;
};

mw_status mw_access_log_open(mw_sys *sys, const char *path, double share, mw_access_log **out_log,
                             mw_error *err) {
    MW_ASSERT(share >= 0 && share <= 1);
    mw_access_log *log = mw_allocate(sizeof *log);
    if (!log) return mw_fail(err, MW_NO_MEMORY, "access log: no memory");
    log->sys = sys;
    log->share = share;
    mw_buf_init(&log->lines, MW_ACCESS_LOG_SIZE_MAX + LINE_SIZE_MAX);
    mw_sys_entropy(sys, &log->chance, sizeof log->chance);
    mw_status status = mw_sys_open(sys, path, MW_FILE_APPEND, &log->file, err);
    if (status != MW_OK) mw_access_log_close(log);
    else *out_log = log;
    return status;
}

void mw_access_log_close(mw_access_log *log) {
    if (!log) return;
    mw_file_close(log->file);
    mw_buf_release(&log->lines);
    mw_free(log);
}

static void write_hex(mw_json *json, const char *key, const unsigned char *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    char text[2 * MW_TRACE_ID_SIZE];
    for (size_t i = 0; i < 2 * size; i++)
        text[i] = digits[i % 2 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4];
    mw_json_key(json, key);
    mw_json_str(json, (mw_str){text, 2 * size});
}

static void write_line(mw_buf *out, const mw_access_entry *entry) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_time(&json, "time", entry->taken_us);
    mw_json_put_text(&json, "method", mw_http_method_name(entry->method));
    mw_json_put_text(&json, "path", entry->path);
    mw_json_put_int(&json, "code", entry->code);
    mw_json_put_int(&json, "us", entry->span_us);
    mw_json_put_int(&json, "waited_us", entry->waited_us);
    mw_json_put_count(&json, "bytes", entry->size);
    if (entry->trace.is_known) {
        write_hex(&json, "trace", entry->trace.id, MW_TRACE_ID_SIZE);
        write_hex(&json, "span", entry->trace.span, MW_TRACE_SPAN_SIZE);
    }
    mw_json_object_end(&json);
    mw_buf_append_char(out, '\n');
}

void mw_access_log_add(mw_access_log *log, const mw_access_entry *entry) {
    bool is_drawn = mw_prng_double(&log->chance) < log->share;
    if (!is_drawn && entry->code < ALWAYS_FROM_CODE) return;
    if (log->lines.size > MW_ACCESS_LOG_SIZE_MAX || log->lines.failed) {
        log->dropped++;
        return;
    }
    write_line(&log->lines, entry);
    log->line_count++;
}

void mw_access_log_flush(mw_access_log *log) {
    mw_str lines = mw_buf_str(&log->lines);
    mw_status status = log->lines.failed ? MW_NO_MEMORY : MW_OK;
    if (status == MW_OK && lines.size > 0)
        status = mw_file_append(log->file, lines.data, lines.size, NULL);
    if (status != MW_OK) log->dropped += log->line_count;
    log->line_count = 0;
    mw_buf_clear(&log->lines);
}

uint64_t mw_access_log_dropped(const mw_access_log *log) { return log->dropped; }
