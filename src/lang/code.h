/*
 * code: a compiled expression over one row; the same bits on every path.
 *
 * A mw_code is immutable and may be run by many threads, each with a frame of its own. Running
 * it allocates nothing, except that text functions intern their results. Missing spreads
 * through arithmetic; and, or are three-valued; x/0 is missing (DESIGN.md, rules 10 and 11).
 */
#pragma once
#include "table/list.h"
#include "table/table.h"

typedef struct mw_code mw_code;

/* What the names in an expression stand for. Parts that the code does not use may be NULL. */
typedef struct {
    const mw_cell *row;      /* the fields: of the event (stream keys, inside an aggregate) or of
                                the moment's event (features, labels, keys on its side) */
    const mw_cell *windows;  /* one cell each of the model's windows */
    const mw_cell *features; /* one cell each of the model's features */
    const mw_cell *withins;  /* one cell each of what is asked across the moments of one event */
    const mw_cell *now;      /* inside an aggregate: the fields of the moment's event */
    int64_t time_us;         /* `time`: the event's (inside an aggregate), or the moment's t */
    int64_t now_us;          /* inside an aggregate: the moment's t */
    mw_symbols *symbols;
    const mw_zone *zone;
    mw_list_lengths *lengths; /* of lists, kept for the frames to come over the same event; NULL:
                                 each is counted anew */
} mw_frame;

mw_cell mw_code_run(const mw_code *code, const mw_frame *frame);
mw_type mw_code_type(const mw_code *code);
/* The index of the field if the code is nothing but a field; else MW_NO_FIELD. */
int32_t mw_code_field(const mw_code *code);
/* The index of the window if the code is nothing but a window; else -1. */
int32_t mw_code_window(const mw_code *code);
bool mw_code_reads_field(const mw_code *code, int32_t field);
bool mw_code_reads_window(const mw_code *code, int32_t window);
bool mw_code_reads_feature(const mw_code *code, int32_t feature);
bool mw_code_reads_within(const mw_code *code, int32_t within);
/* Of code inside an aggregate: whether it reads the moment's row, its t or another window. */
bool mw_code_reads_now(const mw_code *code);
bool mw_code_reads_now_field(const mw_code *code, int32_t field);
/* Whether running it may intern a text: then only one thread may run it. */
bool mw_code_makes_text(const mw_code *code);
/* The expression written out again, in one canonical spelling. */
mw_str mw_code_text(const mw_code *code);
