/*
 * offer_events: the events of an offer as bytes, for a server that takes them in without reading
 * the lake's files.
 *
 * The events of each file come in the order of its rows, so that the server counts them as
 * readers of the file do. They are cut into pieces, which can be sent between other messages.
 *
 * In the bytes: u64 number of the addition, then for each event u32 index of its file, u32 size,
 * i64 time, i64 known, and its bytes (event_bytes), so many (little endian).
 */
#pragma once
#include "ingest/offer.h"

enum { MW_OFFER_PIECE_SIZE = 32 << 10 }; /* of bytes, at which a piece ends */

/* Appends a piece, from the `from`-th event of the batch on; `*out_next` is where the next one
   begins, and the number of events after the last. The batch is sorted, as staging leaves it. */
MW_MUST_USE mw_status mw_offer_events_append(mw_buf *out, const mw_addition *addition,
                                             const mw_lake_batch *batch, size_t from,
                                             size_t *out_next, mw_error *err);

/* How a piece is read: as events of whose streams, and into which row of cells. */
typedef struct {
    const mw_program *program;
    mw_symbols *symbols;
    const int32_t *streams; /* of the program, one a file of the addition */
    size_t file_count;
    mw_cell *row; /* room for two rows of any of them; each event overwrites it */
} mw_offer_events_reading;

/* The number of the addition that a piece belongs to; reading goes on behind it. */
int64_t mw_offer_events_number(mw_reader *reader);
/* The next event, without a place; at the piece's end `*out_has_event` is false. */
MW_MUST_USE mw_status mw_offer_events_next(mw_reader *reader,
                                           const mw_offer_events_reading *reading,
                                           mw_event *out_event, bool *out_has_event,
                                           mw_error *err);
