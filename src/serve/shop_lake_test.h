/*
 * shop_lake: what the lake of the shop of serve/shop_world_test.h is asked for.
 */
#pragma once
#include "serve/shop_world_test.h"

/* The lake's events there, in symbols of their own. */
static inline mw_status shop_look_back(void *context, mw_symbols *symbols, mw_lookback *lookback,
                                       mw_events *out_events, mw_error *err) {
    const shop *s = context;
    const mw_events *lake = s->with_log ? s->with_log : &s->history;
    mw_translation translation = {.from = s->symbols, .to = symbols};
    mw_lookback_part part;
    while (mw_lookback_next(lookback, &part)) {
        mw_simulated_advance(s->sys, s->look_us);
        const mw_schema *schema = &s->program->streams[part.stream].schema;
        mw_cell rows[2 * MW_KEYS_MAX];
        for (size_t n = 0; n < lake->streams[part.stream].rows.row_count; n++) {
            mw_event event = mw_events_row(lake, part.stream, n);
            bool is_there = false;
            for (size_t i = 0; i < part.places.count; i++)
                is_there |= part.places.items[i] == event.place;
            if (!is_there) continue;
            MW_CHECK(mw_translate_event(&translation, schema, rows, &event));
            if (!part.filter.takes(part.filter.context, &event)) continue;
            MW_TRY(mw_events_add(out_events, &event, err));
        }
    }
    return MW_OK;
}

/* Others read old events, and all room for that is taken; or not any more. */
static inline void shop_fill_lookbacks(shop *s) {
    lookback_gate_close(&s->gate, s->program, s->symbols, &s->lookback_room);
}

static inline void shop_free_lookbacks(shop *s) { lookback_gate_end(&s->gate); }
