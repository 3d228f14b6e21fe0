/*
 * plain_event: a body of one event as programs write it, straight into the cells of a row.
 *
 * {"event": {...}, "record": false} with each column once, texts of ASCII without escapes, numbers,
 * true, false and null is read in one go, without a tree of its values. All else is declined, not
 * refused, as is whatever is wrong: then yyjson reads the body, event_json its event, and they say
 * so. What is read here they would read alike; plain_event_test holds them to it. Columns of lists
 * and durations are theirs too.
 *
 * A client writes each body as the one before: the same keys, and the same blanks. So what stands
 * between two values is compared with what stood there last, and read only where it differs.
 *
 * Its texts are interned, declined or not. Pure else; whoever may write the symbols may call.
 */
#pragma once
#include "lang/program.h"

enum { MW_PLAIN_GAPS_MAX = 128, MW_PLAIN_GAPS_SIZE = 1 << 12 };

/* What stood between the values of the source's last event: gap i reaches from the brace, or from
   behind a value, up to the value of `columns[i]`. All zero: nothing is known. */
typedef struct {
    const mw_stream_source *source;
    size_t count;
    uint16_t ends[MW_PLAIN_GAPS_MAX + 1]; /* in `bytes`; gap i begins at `ends[i]` */
    uint16_t columns[MW_PLAIN_GAPS_MAX];
    char bytes[MW_PLAIN_GAPS_SIZE];
} mw_plain_habit;

typedef struct {
    const mw_stream_source *source;
    const mw_zone *zone; /* of times that name none */
    mw_symbols *symbols;
    mw_plain_habit *habit; /* which may be that of another source until now */
} mw_plain_target;

/* What may stand beside the event. */
typedef struct {
    bool record, explain;
} mw_plain_wish;

/* Fills the first `source->column_count` cells of `row`, and what the body says of the wish. False:
   it is declined, and either may be filled by half. A NUL must follow the body. */
bool mw_plain_event_read(mw_str body, const mw_plain_target *target, mw_cell *row,
                         mw_plain_wish *wish);
