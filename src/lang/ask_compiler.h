/*
 * ask_compiler: who is asked for a field, and of what: PROCESS(FIELD, ...).
 *
 * The fields that are sent are there before the event enters, in its own row. Private to lang.
 */
#pragma once
#include "lang/program.h"
#include "lang/syntax.h"

typedef struct {
    mw_compiler *compiler;
    const mw_stream_source *source; /* its row, with the types of all that can be sent */
    const mw_node *node;            /* NULL: could not be read, told already */
    const int32_t *group_of;        /* of each row field; negative: known with the event */
} mw_ask_scope;

/* Fills in process and arguments; mistakes are told. */
void mw_compile_ask(const mw_ask_scope *scope, mw_ask *out_ask);
