#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *type;
    const char *text;
    int exit_code;
    int http;
} facts;

static const facts facts_by_status[] = {
#define X(name, exit_code, http, type, text) [MW_##name] = {type, text, exit_code, http},
    MW_STATUS_MAP(X)
#undef X
};

static const facts *facts_of(mw_status status) {
    MW_ASSERT((size_t)status < sizeof facts_by_status / sizeof *facts_by_status);
    return &facts_by_status[status];
}

/* A message quotes what people wrote; a line break in that must not break the log's line. */
static void keep_one_line(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f) *text = ' ';
}

mw_status mw_fail(mw_error *err, mw_status status, const char *format, ...) {
    MW_ASSERT(status != MW_OK);
    if (!err) return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    keep_one_line(err->message);
    err->hint[0] = '\0';
    return status;
}

mw_status mw_hint(mw_error *err, mw_status status, const char *format, ...) {
    MW_ASSERT(status != MW_OK);
    if (!err) return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->hint, sizeof err->hint, format, args);
    va_end(args);
    keep_one_line(err->hint);
    return status;
}

mw_status mw_fail_within(mw_error *err, mw_status status, const char *format, ...) {
    MW_ASSERT(status != MW_OK);
    if (!err) return status;
    char inner[MW_ERROR_MESSAGE_MAX];
    memcpy(inner, err->message, sizeof inner);
    va_list args;
    va_start(args, format);
    int size = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (size >= 0 && (size_t)size < sizeof err->message)
        snprintf(err->message + size, sizeof err->message - (size_t)size, ": %s", inner);
    keep_one_line(err->message);
    return status;
}

const char *mw_status_name(mw_status status) {
    return facts_of(status)->type;
}

const char *mw_status_text(mw_status status) {
    return facts_of(status)->text;
}

const char *mw_status_problem_type(mw_status status) {
    return facts_of(status)->type;
}

int mw_status_exit_code(mw_status status) {
    return facts_of(status)->exit_code;
}

int mw_status_http(mw_status status) {
    return facts_of(status)->http;
}

void mw_assert_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    abort();
}
