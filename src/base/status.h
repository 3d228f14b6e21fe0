/*
 * status: how calls fail, and the one list of ways in which they can.
 *
 * Code branches on mw_status; people read mw_error. Each status carries everything that an
 * edge needs to report it: the exit code of a command, the HTTP status and the problem type
 * (RFC 9457) of an answer. On failure, out parameters are untouched.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MW_MUST_USE __attribute__((warn_unused_result))
#define MW_PRINTF(format_index, args_index) \
    __attribute__((format(printf, format_index, args_index)))

/* name, exit code, HTTP status, problem type, text */
#define MW_STATUS_MAP(X)                                                             \
    X(OK, 0, 200, "ok", "ok")                                                        \
    X(CHECK_FAILED, 1, 422, "check-failed", "a data, gate or verify check failed")   \
    X(USAGE, 2, 400, "usage", "the command was called wrongly")                      \
    X(INVALID, 3, 422, "invalid", "the input breaks a rule")                         \
    X(MALFORMED, 3, 400, "malformed", "the input cannot be read")                    \
    X(NOT_FOUND, 3, 404, "not-found", "there is no such thing")                      \
    X(UNAUTHORIZED, 3, 401, "unauthorized", "nobody is known by this token")         \
    X(FORBIDDEN, 3, 403, "forbidden", "the token does not allow this")               \
    X(CONFLICT, 3, 409, "conflict", "it stands already, with other contents")        \
    X(TOO_LARGE, 3, 413, "too-large", "a limit was exceeded")                        \
    X(TARGET_TOO_LONG, 3, 414, "target-too-long", "the address is too long")        \
    X(HEAD_TOO_LARGE, 3, 431, "head-too-large", "the headers are too large")         \
    X(WRONG_METHOD, 3, 405, "wrong-method", "it is called by another method")        \
    X(WRONG_TYPE, 3, 415, "wrong-type", "a body of this type is not taken")          \
    X(TIMED_OUT, 4, 408, "timed-out", "it did not come in time")                     \
    X(NOT_BUILT, 3, 501, "not-built", "this is not built yet")                       \
    X(NEWER_FORMAT, 4, 500, "newer-format", "written by a newer version")            \
    X(CORRUPT, 4, 500, "corrupt", "stored bytes fail their checksum or rule")        \
    X(BUSY, 4, 503, "busy", "somebody else holds it, or it is not ready")            \
    X(NO_MEMORY, 4, 503, "no-memory", "a memory limit was reached")                  \
    X(NO_SPACE, 4, 507, "no-space", "the disk is full")                              \
    X(IO, 4, 500, "io", "the operating system refused")                              \
    X(UNAVAILABLE, 4, 503, "unavailable", "a part that is needed cannot be had")     \
    X(CANCELLED, 4, 503, "cancelled", "it was told to stop")

typedef enum {
#define X(name, exit_code, http, type, text) MW_##name,
    MW_STATUS_MAP(X)
#undef X
} mw_status;

enum { MW_ERROR_MESSAGE_MAX = 1024 };

/* Why a call failed, for a person to read. Callers may pass NULL. */
typedef struct {
    char message[MW_ERROR_MESSAGE_MAX]; /* one line: thing, rule, value */
    char hint[256];                     /* what to do, a sentence of its own; may be empty */
} mw_error;

/* Empty texts, for who may look without a failure; all bytes of it are many for each request. */
static inline void mw_error_clear(mw_error *err) { err->message[0] = err->hint[0] = '\0'; }

/* Fills `err` (if any; the hint becomes empty) and returns `status`, which must not be MW_OK. */
mw_status mw_fail(mw_error *err, mw_status status, const char *format, ...) MW_PRINTF(3, 4);

/* Adds a hint to the error that mw_fail has just filled, and returns `status` again. */
mw_status mw_hint(mw_error *err, mw_status status, const char *format, ...) MW_PRINTF(3, 4);

/* Puts "prefix: " before the message, to say where it happened; returns `status`. */
mw_status mw_fail_within(mw_error *err, mw_status status, const char *format, ...) MW_PRINTF(3, 4);

const char *mw_status_name(mw_status status);         /* "invalid" */
const char *mw_status_text(mw_status status);         /* "the input breaks a rule" */
const char *mw_status_problem_type(mw_status status); /* "invalid" as an RFC 9457 type */
int mw_status_exit_code(mw_status status);
int mw_status_http(mw_status status);

/* Passes a failure up. The only macro that steers control. */
#define MW_TRY(call)                                \
    do {                                            \
        mw_status status_ = (call);                 \
        if (status_ != MW_OK) return status_;       \
    } while (0)

/* Asserts stay on in release: they guard against our own mistakes, never against input. */
#define MW_ASSERT(condition) \
    ((condition) ? (void)0 : mw_assert_failed(#condition, __FILE__, __LINE__))
_Noreturn void mw_assert_failed(const char *condition, const char *file, int line);
