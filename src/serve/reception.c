#include "serve/reception.h"

#include "ingest/row_check.h"
#include "ingest/row_events.h"
#include "table/passing.h"

#define ARENA_SIZE_MAX ((size_t)1 << 28)
enum { VALUE_TEXT_MAX = 1 << 20 };

/* The desk of one source. */
typedef struct {
    mw_cell *row; /* columns, then derived fields */
    mw_row_events *events;
    mw_row_checks *checks;
} desk;

struct mw_reception {
    mw_reception_config config;
    mw_arena arena;
    desk *desks;
    uint64_t cleaned; /* values, so far */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "reception: no memory");
}

/* Shares other than none hold for files, not for the rows that trickle in. */
static mw_status make_checks(mw_reception *reception, size_t number, mw_error *err) {
    mw_project_stream stream = reception->config.project->streams[number];
    const mw_schema *row = &reception->config.program->sources[number].row;
    mw_column_check *checks =
        mw_arena_alloc(&reception->arena, stream.check_count + 1, sizeof *checks);
    if (!checks) return no_memory(err);
    for (size_t i = 0; i < stream.check_count; i++) {
        checks[i] = stream.checks[i];
        if (checks[i].missing_share_max > 0) checks[i].missing_share_max = 1;
    }
    stream.checks = checks;
    return mw_row_checks_create(&reception->arena, &stream, row, reception->config.symbols,
                                &reception->desks[number].checks, err);
}

static mw_status make_desk(mw_reception *reception, size_t number, mw_error *err) {
    const mw_program *program = reception->config.program;
    const mw_stream_source *source = &program->sources[number];
    desk *made = &reception->desks[number];
    made->row = mw_arena_alloc(&reception->arena, source->row.field_count + 1, sizeof(mw_cell));
    if (!made->row) return no_memory(err);
    MW_TRY(mw_row_events_create(&reception->arena, program, (int32_t)number,
                                reception->config.symbols, &made->events, err));
    return make_checks(reception, number, err);
}

static mw_status prepare(mw_reception *reception, mw_error *err) {
    size_t count = reception->config.program->source_count;
    MW_ASSERT(count == reception->config.project->stream_count);
    reception->desks = mw_arena_alloc(&reception->arena, count + 1, sizeof *reception->desks);
    if (!reception->desks) return no_memory(err);
    for (size_t i = 0; i < count; i++) MW_TRY(make_desk(reception, i, err));
    return MW_OK;
}

mw_status mw_reception_create(mw_reception_config config, mw_reception **out_reception,
                              mw_error *err) {
    mw_reception *reception = mw_allocate(sizeof *reception);
    if (!reception) return no_memory(err);
    reception->config = config;
    mw_arena_init(&reception->arena, ARENA_SIZE_MAX);
    mw_status status = prepare(reception, err);
    if (status != MW_OK) mw_reception_destroy(reception);
    else *out_reception = reception;
    return status;
}

void mw_reception_destroy(mw_reception *reception) {
    if (!reception) return;
    mw_arena_release(&reception->arena);
    mw_free(reception);
}

static mw_status check_row(const desk *at, mw_error *err) {
    mw_refusals refusals;
    bool is_refused = false;
    mw_refusals_init(&refusals);
    mw_row_checks_count(at->checks, at->row);
    mw_status status = mw_row_checks_apply(at->checks, 0, at->row, &refusals, &is_refused, err);
    if (status == MW_OK && is_refused) {
        mw_str rule = refusals.rules[refusals.items[0].rule].text;
        mw_str value = mw_str_slice(refusals.items[0].value, 0, MW_REFUSAL_VALUE_SIZE_MAX);
        status = value.size > 0 ? mw_fail(err, MW_CHECK_FAILED, "%.*s, got \"%.*s\"",
                                          MW_STR_ARGS(rule), MW_STR_ARGS(value))
                                : mw_fail(err, MW_CHECK_FAILED, "%.*s", MW_STR_ARGS(rule));
    }
    mw_refusals_release(&refusals);
    return status;
}

static mw_status take(mw_reception *reception, int32_t number, mw_sent_row row,
                      mw_received *out_received, mw_error *err) {
    const mw_stream_source *source = &reception->config.program->sources[number];
    desk *at = &reception->desks[number];
    MW_TRY(mw_sent_row_read(row, source, reception->config.zones[number],
                            reception->config.symbols, at->row, err));
    mw_row_fate fate = mw_row_events_ready(at->events, at->row, &reception->cleaned);
    MW_TRY(mw_symbols_settle(reception->config.symbols, err));
    if (fate != MW_ROW_IS_EVENT)
        return mw_fail(err, MW_INVALID, "%s: the row is no event of stream %.*s",
                       fate == MW_ROW_DROPPED ? "clean" : "where", MW_STR_ARGS(source->name));
    mw_str broken = mw_row_events_make(at->events, at->row);
    MW_TRY(mw_symbols_settle(reception->config.symbols, err));
    if (broken.size > 0) return mw_fail(err, MW_INVALID, "%.*s", MW_STR_ARGS(broken));
    MW_TRY(check_row(at, err));
    *out_received = (mw_received){mw_row_events_items(at->events), (size_t)source->stream_count,
                                  mw_row_events_cells(at->events)};
    return MW_OK;
}

mw_status mw_reception_take(mw_reception *reception, int32_t number, mw_sent_row row,
                            mw_received *out_received, mw_error *err) {
    mw_symbols *symbols = reception->config.symbols;
    if (!row.cells) mw_passing_tidy(symbols); /* else whoever read them did */
    bool was_passing = mw_passing_set(symbols, true);
    mw_status status = take(reception, number, row, out_received, err);
    (void)mw_passing_set(symbols, was_passing);
    return status;
}

uint64_t mw_reception_cleaned(const mw_reception *reception) {
    return reception->cleaned;
}
