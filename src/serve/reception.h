/*
 * reception: one row that a client sent, checked and turned into the events of its source.
 *
 * The row goes the way of a row of a file: columns, derived fields, `where`, the events of the
 * stream and of its later fields, ids, checks. What breaks a rule is told by status and message,
 * and the row leaves no trace. A bound on the share of missing values holds for a whole file; of
 * a single row it can only be asked where no value may be missing.
 *
 * Its memory is taken at the start; each row overwrites the one before, whose texts may leave then
 * (table/passing.h). One thread uses it.
 */
#pragma once
#include "lang/program.h"
#include "project/project.h"
#include "serve/sent_row.h"

typedef struct mw_reception mw_reception;

typedef struct {
    const mw_project *project; /* all of these outlive the reception */
    const mw_program *program;
    mw_symbols *symbols;
    const mw_zone *const *zones; /* of each declared stream's times that name none */
} mw_reception_config;

/* What a row says: one event a stream of its source; a NULL `row` means that it has none. */
typedef struct {
    mw_event *events;
    size_t count;
    mw_cell *cells; /* the first event's row: its fields with windows are still missing */
} mw_received;

MW_MUST_USE mw_status mw_reception_create(mw_reception_config config,
                                          mw_reception **out_reception, mw_error *err);
void mw_reception_destroy(mw_reception *reception); /* NULL is allowed */
/* MW_INVALID names the column and the rule, MW_CHECK_FAILED that of the stream's `checks`. The
   first event, that of the stream itself, is always there; its place is its declared known. Valid
   until the next row. */
MW_MUST_USE mw_status mw_reception_take(mw_reception *reception, int32_t source,
                                        mw_sent_row row, mw_received *out_received,
                                        mw_error *err);
/* How many values `clean` has changed so far. */
uint64_t mw_reception_cleaned(const mw_reception *reception);
