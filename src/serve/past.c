#include "serve/past.h"

#include "ingest/load.h"
#include "sys/errand.h"
#include "table/translation.h"

#define SYMBOLS_SIZE_MAX ((size_t)1 << 32)

struct mw_past {
    mw_past_config config;
    mw_errand *reading; /* NULL: the events are another's */
    mw_symbols *symbols;    /* of the events; NULL: they have the process's */
    mw_events own;          /* the thread's until it is done */
    bool has_own;
    const mw_events *events;
    size_t first;           /* of the events that count */
    mw_lake_snapshot snapshot;
    uint32_t *codes;        /* of the process, by symbol of the events; 0: not known */
    mw_cell *row;           /* room for an event's and for what it replaces */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "past: no memory to read it");
}

/* --- reading, in the thread ------------------------------------------------------------------- */

static mw_status read_lake(void *context, mw_error *err) {
    mw_past *past = context;
    mw_state *state = NULL;
    MW_TRY(mw_symbols_create(SYMBOLS_SIZE_MAX, &past->symbols, err));
    MW_TRY(mw_state_open(past->config.sys, past->config.state_folder, MW_STATE_READ, &state,
                         err));
    mw_load_wish wish = {state, past->config.program, past->symbols, past->config.after};
    mw_status status = mw_load_lake(wish, &past->snapshot, &past->own, err);
    past->has_own = status == MW_OK;
    mw_state_close(state);
    return status;
}

/* --- life --------------------------------------------------------------------------------- */

static mw_status prepare(mw_past *past, mw_error *err) {
    size_t widest = mw_program_widest_row(past->config.program);
    past->row = mw_allocate(2 * widest * sizeof *past->row);
    if (!past->row) return no_memory(err);
    if (past->events) return MW_OK;
    past->events = &past->own;
    return mw_errand_begin(past->config.sys, read_lake, past, &past->reading, err);
}

static mw_status create(mw_past_config config, const mw_events *events, mw_past **out_past,
                        mw_error *err) {
    mw_past *past = mw_allocate(sizeof *past);
    if (!past) return no_memory(err);
    past->config = config;
    past->events = events;
    mw_status status = prepare(past, err);
    if (status != MW_OK) mw_past_end(past);
    else *out_past = past;
    return status;
}

mw_status mw_past_begin(mw_past_config config, mw_past **out_past, mw_error *err) {
    return create(config, NULL, out_past, err);
}

mw_status mw_past_of(const mw_events *events, const mw_program *program,
                     const mw_lake_snapshot *snapshot, int64_t after, mw_past **out_past,
                     mw_error *err) {
    mw_past *past;
    MW_TRY(create((mw_past_config){.program = program}, events, &past, err));
    past->snapshot = *snapshot;
    while (past->first < events->event_count &&
           mw_events_at(events, past->first).place <= after)
        past->first++;
    *out_past = past;
    return MW_OK;
}

void mw_past_end(mw_past *past) {
    if (!past) return;
    mw_errand_end(past->reading);
    if (past->has_own) mw_events_release(&past->own);
    mw_symbols_destroy(past->symbols);
    mw_free(past->codes);
    mw_free(past->row);
    mw_free(past);
}

bool mw_past_is_read(const mw_past *past) {
    return !past->reading || mw_errand_is_done(past->reading);
}

mw_status mw_past_wait(mw_past *past, mw_error *err) {
    if (!past->reading) return MW_OK;
    MW_TRY(mw_errand_wait(past->reading, err));
    if (past->codes) return MW_OK;
    past->codes = mw_allocate(mw_symbols_code_end(past->symbols) * sizeof *past->codes);
    return past->codes ? MW_OK : no_memory(err);
}

/* --- what was read -------------------------------------------------------------------------- */

size_t mw_past_count(const mw_past *past) { return past->events->event_count - past->first; }

int64_t mw_past_place(const mw_past *past, size_t index) {
    return mw_events_at(past->events, past->first + index).place;
}

mw_status mw_past_at(mw_past *past, size_t index, mw_event *out_event, mw_error *err) {
    mw_event event = mw_events_at(past->events, past->first + index);
    const mw_schema *schema = &past->config.program->streams[event.stream].schema;
    mw_translation translation = {past->symbols, past->config.symbols, past->codes, true};
    if (past->symbols && !mw_translate_event(&translation, schema, past->row, &event))
        return mw_fail(err, MW_NO_MEMORY, "past: no memory for another text");
    *out_event = event;
    return MW_OK;
}

const mw_lake_snapshot *mw_past_snapshot(const mw_past *past) { return &past->snapshot; }
