#include "lang/compiler.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_SIZE_MAX = 1024 };

void *mw_compiler_alloc(mw_compiler *compiler, size_t count, size_t item_size) {
    void *memory = mw_arena_alloc(compiler->arena, count, item_size);
    if (!memory) compiler->out_of_memory = true;
    return memory;
}

mw_str mw_compiler_text(mw_compiler *compiler, const char *format, ...) {
    char text[MESSAGE_SIZE_MAX];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    MW_ASSERT(size >= 0);
    size_t kept = (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
    mw_str copy = mw_str_copy(compiler->arena, (mw_str){text, kept});
    if (!copy.data) compiler->out_of_memory = true;
    return copy.data ? copy : MW_STR("");
}

void mw_complain(mw_compiler *compiler, mw_position position, mw_status status, const char *format,
                 ...) {
    char text[MESSAGE_SIZE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (compiler->status == MW_OK) compiler->status = status;
    mw_diagnose(compiler->diagnostics, position, status, "%.*s: %s", MW_STR_ARGS(compiler->subject),
                text);
}

void mw_complain_hint(mw_compiler *compiler, const char *format, ...) {
    char text[MESSAGE_SIZE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mw_diagnose_hint(compiler->diagnostics, "%s", text);
}

void mw_complain_text_hint(mw_compiler *compiler) {
    mw_complain_hint(compiler, "A column is a number if its first rows are written as 80.9, or "
                               "`types` says so; 80,9 is a text.");
}

bool mw_complain_field(mw_compiler *compiler, mw_position position, mw_str name,
                       const mw_schema *schema, mw_str owner) {
    mw_complain(compiler, position, MW_INVALID, "there is no field %.*s in %.*s", MW_STR_ARGS(name),
                MW_STR_ARGS(owner));
    mw_nearest nearest = mw_nearest_to(name);
    for (size_t i = 0; i < schema->field_count; i++)
        mw_nearest_offer(&nearest, schema->fields[i].name);
    return mw_diagnose_nearest(compiler->diagnostics, &nearest);
}
