/*
 * compiler: what the stages of one compilation share; private to lang.
 *
 * A stage that meets a mistake says so by mw_complain and gives back nothing (NULL, false);
 * whoever gets nothing passes it on in silence, so each mistake is told once. Running out of
 * memory is remembered here and told at the end.
 */
#pragma once
#include "lang/declaration.h"

enum {
    MW_EXPRESSION_SIZE_MAX = 64 * 1024, /* bytes of text, read or written out again */
    MW_NESTING_MAX = 64,                /* parentheses, calls, cases within each other */
    MW_CHAIN_MAX = 1024,                /* a + b + c ...: height of an expression's tree */
};

typedef struct {
    mw_arena *arena;
    mw_symbols *symbols;
    const mw_zone *zone;
    const mw_senses *senses; /* NULL: none */
    mw_program_file files[MW_PROGRAM_FILES_MAX];
    size_t file_count;
    mw_diagnostics *diagnostics;
    mw_str subject;   /* what is being compiled, put before messages: "features.wind" */
    mw_status status; /* of the first mistake; MW_OK: none so far */
    bool out_of_memory;
} mw_compiler;

/* From the arena, zeroed; NULL is remembered. */
void *mw_compiler_alloc(mw_compiler *compiler, size_t count, size_t item_size);
mw_str mw_compiler_text(mw_compiler *compiler, const char *format, ...) MW_PRINTF(2, 3);

void mw_complain(mw_compiler *compiler, mw_position position, mw_status status, const char *format,
                 ...) MW_PRINTF(4, 5);
void mw_complain_hint(mw_compiler *compiler, const char *format, ...) MW_PRINTF(2, 3);
/* Where a number is meant and a text stands: why a column may be one. */
void mw_complain_text_hint(mw_compiler *compiler);
/* "there is no field NAME in OWNER", with the nearest of the schema's; false if none is near. */
bool mw_complain_field(mw_compiler *compiler, mw_position position, mw_str name,
                       const mw_schema *schema, mw_str owner);
