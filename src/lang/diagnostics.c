#include "lang/diagnostics.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_SIZE_MAX = 2048 }; /* longer messages are cut */

void mw_diagnostics_init(mw_diagnostics *diagnostics, mw_arena *arena) {
    *diagnostics = (mw_diagnostics){.arena = arena};
}

/* A message is one line, whatever a project file calls its things; and no terminal obeys it. */
static void blank_controls(char *text) {
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text, next = (unsigned char)text[1];
        bool is_c1 = byte == 0xC2 && next >= 0x80 && next <= 0x9F; /* U+0080 .. U+009F, in UTF-8 */
        if (is_c1) text[1] = '?';
        if (is_c1 || byte < ' ' || byte == 0x7F) *text = '?';
    }
}

static mw_str format_text(mw_diagnostics *diagnostics, const char *format, va_list args) {
    char text[TEXT_SIZE_MAX];
    int size = vsnprintf(text, sizeof text, format, args);
    MW_ASSERT(size >= 0);
    size_t kept = (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
    blank_controls(text);
    mw_str copy = mw_str_copy(diagnostics->arena, (mw_str){text, kept});
    if (!copy.data) diagnostics->out_of_memory = true;
    return copy;
}

static bool is_listed(const mw_diagnostics *diagnostics, mw_position position, mw_str message) {
    for (size_t i = 0; i < diagnostics->count; i++) {
        const mw_diagnostic *entry = &diagnostics->entries[i];
        if (entry->position.line == position.line && entry->position.column == position.column &&
            mw_str_equal(entry->message, message))
            return true;
    }
    return false;
}

void mw_diagnose(mw_diagnostics *diagnostics, mw_position position, mw_status status,
                 const char *format, ...) {
    MW_ASSERT(mw_status_exit_code(status) == mw_status_exit_code(MW_INVALID));
    diagnostics->takes_hint = false;
    if (diagnostics->count == MW_DIAGNOSTICS_MAX) {
        diagnostics->dropped++;
        return;
    }
    va_list args;
    va_start(args, format);
    mw_str message = format_text(diagnostics, format, args);
    va_end(args);
    if (!message.data || is_listed(diagnostics, position, message)) return;
    diagnostics->entries[diagnostics->count++] =
        (mw_diagnostic){.position = position, .status = status, .message = message};
    diagnostics->takes_hint = true;
}

void mw_diagnose_hint(mw_diagnostics *diagnostics, const char *format, ...) {
    if (!diagnostics->takes_hint) return;
    va_list args;
    va_start(args, format);
    mw_str hint = format_text(diagnostics, format, args);
    va_end(args);
    if (hint.data) diagnostics->entries[diagnostics->count - 1].hint = hint;
}

bool mw_diagnose_nearest(mw_diagnostics *diagnostics, const mw_nearest *nearest) {
    if (nearest->found.size == 0) return false;
    mw_diagnose_hint(diagnostics, "Did you mean %.*s?", MW_STR_ARGS(nearest->found));
    return true;
}

mw_status mw_diagnostics_status(const mw_diagnostics *diagnostics, mw_error *err) {
    if (diagnostics->out_of_memory)
        return mw_fail(err, MW_NO_MEMORY, "project file: no memory to list its mistakes");
    if (diagnostics->count == 0) return MW_OK;
    const mw_diagnostic *first = &diagnostics->entries[0];
    size_t more = diagnostics->count - 1 + diagnostics->dropped;
    mw_status status = mw_fail(err, first->status, "%d:%d: %.*s", first->position.line,
                               first->position.column, MW_STR_ARGS(first->message));
    if (more > 0) return mw_hint(err, status, "There are %zu more.", more);
    if (first->hint.size > 0) return mw_hint(err, status, "%.*s", MW_STR_ARGS(first->hint));
    return status;
}

static bool stands_before(const mw_diagnostic *a, const mw_diagnostic *b) {
    if (a->position.line != b->position.line) return a->position.line < b->position.line;
    return a->position.column < b->position.column;
}

static void print_entry(const mw_diagnostic *entry, const char *file_name, mw_buf *out) {
    mw_buf_append_text(out, file_name);
    if (entry->position.line > 0)
        mw_buf_printf(out, ":%d:%d", entry->position.line, entry->position.column);
    mw_buf_printf(out, ": %.*s\n", MW_STR_ARGS(entry->message));
    if (entry->hint.size > 0) mw_buf_printf(out, "    %.*s\n", MW_STR_ARGS(entry->hint));
}

/* Insertion sort: stable, and they are few. */
void mw_diagnostics_order(const mw_diagnostics *diagnostics,
                          size_t out_order[MW_DIAGNOSTICS_MAX]) {
    for (size_t i = 0; i < diagnostics->count; i++) {
        size_t j = i;
        for (; j > 0; j--) {
            const mw_diagnostic *before = &diagnostics->entries[out_order[j - 1]];
            if (!stands_before(&diagnostics->entries[i], before)) break;
            out_order[j] = out_order[j - 1];
        }
        out_order[j] = i;
    }
}

void mw_diagnostics_print(const mw_diagnostics *diagnostics, const char *file_name, mw_buf *out) {
    size_t order[MW_DIAGNOSTICS_MAX];
    mw_diagnostics_order(diagnostics, order);
    for (size_t i = 0; i < diagnostics->count; i++)
        print_entry(&diagnostics->entries[order[i]], file_name, out);
    if (diagnostics->dropped > 0)
        mw_buf_printf(out, "%s: %zu more mistakes are not shown\n", file_name,
                      diagnostics->dropped);
}
