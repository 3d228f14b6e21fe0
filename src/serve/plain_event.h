/*
 * plain_event: a body of one event as programs write it, straight into the cells of a row.
 *
 * {"event": {...}, "record": false} with each column once, texts of ASCII without escapes, numbers,
 * true, false and null is read in one go, without a tree of its values. All else is declined, not
 * refused, as is whatever is wrong: then yyjson reads the body, event_json its event, and they say
 * so. What is read here they would read alike; plain_event_test holds them to it. Columns of lists
 * and durations are theirs too.
 *
 * Its texts are interned, declined or not. Pure else; whoever may write the symbols may call.
 */
#pragma once
#include "lang/program.h"

typedef struct {
    const mw_stream_source *source;
    const mw_zone *zone; /* of times that name none */
    mw_symbols *symbols;
} mw_plain_target;

/* What may stand beside the event. */
typedef struct {
    bool record, explain;
} mw_plain_wish;

/* Fills the first `source->column_count` cells of `row`, and what the body says of the wish. False:
   it is declined, and either may be filled by half. A NUL must follow the body. */
bool mw_plain_event_read(mw_str body, const mw_plain_target *target, mw_cell *row,
                         mw_plain_wish *wish);
