/*
 * quarantine: the rows that were refused, kept for people as lines of JSON.
 *
 *     {"stream": "schedule", "file": "data/a.csv", "row": 17, "rule": "...", "value": "...",
 *      "columns": {"carrier": "UA", ...}}
 *
 * Rows count from 1 here. A value that was refused is missing among the columns.
 */
#pragma once
#include "ingest/refusals.h"
#include "table/table.h"

#define MW_QUARANTINE_SIZE_MAX ((size_t)1 << 31)

typedef struct {
    mw_str stream, file;
    const mw_table *rows;
    size_t column_count; /* the first so many fields are the file's */
    size_t skip;         /* rows before this one are known already */
    const mw_symbols *symbols;
} mw_quarantine_source;

/* Appends the refused rows, in the order of their numbers' refusal. */
void mw_quarantine_append(mw_buf *lines, const mw_quarantine_source *source,
                          const mw_refusals *refusals);
