/*
 * sent_row: one row as a client sent it, in whichever form, as the cells of its stream's columns.
 *
 * A JSON object (serve/event_json.h), or a row of an Arrow stream. An Arrow value means what it
 * would mean in a file (store/arrow_reader.h); columns are found by their names, and those left
 * out are missing. A name that the stream does not have, or that comes twice, refuses all rows.
 */
#pragma once
#include "serve/event_json.h"
#include "store/arrow_reader.h"

/* An Arrow stream whose rows are taken one after the other, as its bytes come. */
typedef struct {
    mw_arrow_reader *reader; /* NULL: there is none */
    const mw_stream_source *source;
    bool has_schema;
    int32_t *fields;         /* of each column: its field of the source's row */
    size_t row, row_count;   /* of the batch at hand */
} mw_sent_arrow;

typedef enum { MW_SENT_ROW, MW_SENT_MORE, MW_SENT_END } mw_sent_step;

typedef struct {
    yyjson_val *json;           /* NULL: */
    const mw_sent_arrow *arrow; /* its row at hand; NULL: */
    const mw_cell *cells;       /* of its columns, read already; the texts pass, of those before it
                                   some have left */
} mw_sent_row;

static inline mw_sent_row mw_sent_json(yyjson_val *object) {
    return (mw_sent_row){.json = object};
}

MW_MUST_USE mw_status mw_sent_arrow_begin(const mw_stream_source *source,
                                          mw_sent_arrow *out_arrow, mw_error *err);
/* Fails unless the bytes are a whole stream of columns of this source. */
MW_MUST_USE mw_status mw_sent_arrow_check(mw_str bytes, const mw_stream_source *source,
                                          mw_error *err);
/* Goes to the next row, for which bytes are taken from the front of `*bytes`. MORE: they have not
   come yet, and will where `has_more`; END: there is none. */
MW_MUST_USE mw_status mw_sent_arrow_next(mw_sent_arrow *arrow, mw_str *bytes, bool has_more,
                                         mw_sent_step *out_step, mw_error *err);
/* Likewise, if it is of the batch at hand. */
bool mw_sent_arrow_next_at_hand(mw_sent_arrow *arrow);
void mw_sent_arrow_end(mw_sent_arrow *arrow); /* one that is all zero too */

/* Fills the first `source->column_count` cells of `row`. MW_INVALID names the column. */
MW_MUST_USE mw_status mw_sent_row_read(mw_sent_row sent, const mw_stream_source *source,
                                       const mw_zone *zone, mw_symbols *symbols, mw_cell *row,
                                       mw_error *err);
