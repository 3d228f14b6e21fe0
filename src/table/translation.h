/*
 * translation: rows in the symbols of one table of texts, written in those of another.
 *
 * What a thread reads by itself has symbols of its own, and is handed over in those of the process.
 * A cell of text costs what interning it does; where many rows are translated, `codes` remembers
 * what was interned, and a text that comes again costs one look.
 */
#pragma once
#include "table/event.h"
#include "table/symbols.h"

typedef struct {
    const mw_symbols *from;
    mw_symbols *to;
    uint32_t *codes; /* of `to`, of texts that stay there, by symbol of `from`; 0: not known. NULL:
                        none are kept */
    bool passes;     /* what is interned there (passing.h) */
} mw_translation;

/* The cells of the first `count` fields, in place; false: `to` is full. */
MW_MUST_USE bool mw_translate_cells(const mw_translation *translation, const mw_field *fields,
                                    size_t count, mw_cell *cells);
/* An event's row, and what it replaces, in `room` for two of them; false: `to` is full. */
MW_MUST_USE bool mw_translate_event(const mw_translation *translation, const mw_schema *schema,
                                    mw_cell *room, mw_event *event);
