/*
 * functions: what the language can call by name, in one table.
 *
 * The only file of lang that uses libm: log, exp, pow, sin and their like are as exact as the
 * C library, which is linked into the binary: same binary, same bits (DESIGN.md, rule 15).
 */
#pragma once
#include "lang/code.h"

typedef mw_cell mw_kernel(const mw_cell *args, size_t count, const mw_frame *frame);

/* Types of parameters: n number, t time, x text or category, l list of texts, m list of numbers; a
   star repeats the last one. Several functions of one name differ in their parameters. */
typedef struct {
    const char *name;
    const char *parameters;
    mw_type result;
    mw_kernel *kernel;
} mw_function;

const mw_function *mw_function_at(int32_t index);
size_t mw_function_count(void);
/* The first of that name, or -1. */
int32_t mw_function_find(mw_str name);
/* "number, number, ...", as messages say it. */
void mw_function_write_parameters(int32_t index, mw_buf *out);
/* The one that takes arguments of these types, or -1. */
int32_t mw_function_match(mw_str name, const mw_type *types, size_t count);
