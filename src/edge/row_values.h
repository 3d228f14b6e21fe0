/*
 * row_values: a caller's row (millwright.h) as the cells of a schema.
 *
 * Values mean what they mean in JSON that is posted to a server (serve/event_json.h): what a column
 * cannot hold is refused by name, so is a name that the schema lacks or that comes twice, and what
 * is left out is missing.
 */
#pragma once
#include "millwright.h"
#include "table/table.h"

typedef struct {
    const char *what; /* whose values: "stream orders", "model late" */
    const char *part; /* what each is: "column", "feature" */
    const mw_field *fields;
    size_t field_count;
    mw_symbols *symbols; /* texts are interned here */
    bool only_finds;     /* unless they are looked up only: a new one is missing */
} mw_row_target;

/* Fills `field_count` cells. MW_INVALID names the value; MW_NO_MEMORY. */
MW_MUST_USE mw_status mw_row_values_read(const mw_row_target *target, mw_row row,
                                         mw_cell *out_cells, mw_error *err);
