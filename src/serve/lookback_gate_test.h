/*
 * lookback_gate: lookbacks that read, in threads, until they are let go, for the tests of those
 * that wait for room.
 */
#pragma once
#include <stdatomic.h>

#include "serve/lookback.h"
#include "sys/simulated.h"
#include "testing/test.h"

typedef struct {
    atomic_bool is_open;
    atomic_size_t begun_count;
    mw_lookback *items[MW_LOOKBACKS_AT_ONCE_MAX]; /* NULL: not the gate's any more */
} lookback_gate;

static inline mw_status lookback_gate_look(void *context, mw_symbols *symbols,
                                           mw_lookback *lookback, mw_events *out_events,
                                           mw_error *err) {
    lookback_gate *gate = context;
    mw_lookback_part part;
    (void)symbols, (void)out_events, (void)err;
    atomic_fetch_add(&gate->begun_count, 1);
    while (!atomic_load(&gate->is_open)) continue;
    while (mw_lookback_next(lookback, &part)) continue;
    return MW_OK;
}

/* Takes all room. */
static inline void lookback_gate_close(lookback_gate *gate, const mw_program *program,
                                       mw_symbols *symbols, mw_lookback_room *room) {
    mw_lookback_wish wish = {.place = 1};
    mw_lookback_config config = {mw_sys_real(), "nowhere", program, symbols, room, gate,
                                 lookback_gate_look};
    mw_error err;
    atomic_store(&gate->is_open, false);
    atomic_store(&gate->begun_count, 0);
    for (size_t i = 0; i < MW_LOOKBACKS_AT_ONCE_MAX; i++) {
        MW_CHECK_OK(mw_lookback_create(config, &wish, 1, &gate->items[i], &err), &err);
        MW_CHECK(!mw_lookback_run(gate->items[i], true));
    }
    while (atomic_load(&gate->begun_count) < MW_LOOKBACKS_AT_ONCE_MAX) continue;
}

/* They end, and nobody asks after them until somebody wants their room. */
static inline void lookback_gate_open(lookback_gate *gate) { atomic_store(&gate->is_open, true); }

static inline void lookback_gate_end(lookback_gate *gate) {
    lookback_gate_open(gate);
    for (size_t i = 0; i < MW_LOOKBACKS_AT_ONCE_MAX; i++) {
        mw_lookback_destroy(gate->items[i]);
        gate->items[i] = NULL;
    }
}
