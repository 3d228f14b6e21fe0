#include "serve/reception.h"

#include "ingest/row_check.h"
#include "serve/event_json.h"

#define ARENA_SIZE_MAX ((size_t)1 << 28)
enum { VALUE_TEXT_MAX = 1 << 20 };

/* The desk of one source. */
typedef struct {
    mw_cell *row;     /* columns, then derived fields */
    mw_event *events; /* one a stream */
    mw_cell **cells;  /* the rows that the events point to */
    mw_row_checks *checks;
} desk;

struct mw_reception {
    mw_reception_config config;
    mw_arena arena;
    desk *desks;
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
    size_t count = (size_t)source->stream_count;
    made->row = mw_arena_alloc(&reception->arena, source->row.field_count + 1, sizeof(mw_cell));
    made->events = mw_arena_alloc(&reception->arena, count, sizeof *made->events);
    made->cells = mw_arena_alloc(&reception->arena, count, sizeof *made->cells);
    if (!made->row || !made->events || !made->cells) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const mw_stream *stream = &program->streams[(size_t)source->first_stream + i];
        made->cells[i] = mw_arena_alloc(&reception->arena, stream->schema.field_count + 1,
                                        sizeof(mw_cell));
        if (!made->cells[i]) return no_memory(err);
    }
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

static mw_status derive(mw_reception *reception, const mw_stream_source *source, mw_cell *row,
                        mw_error *err) {
    for (size_t i = source->column_count; i < source->row.field_count; i++)
        row[i] = mw_cell_missing(source->row.fields[i].type);
    mw_frame frame = {.row = row,
                      .time_us = MW_TIME_MISSING,
                      .symbols = reception->config.symbols,
                      .zone = reception->config.program->zone};
    mw_source_derive(source, row, &frame);
    if (!source->where || mw_code_run(source->where, &frame).boolean == MW_TRUE) return MW_OK;
    return mw_fail(err, MW_INVALID, "where: the row is no event of stream %.*s",
                   MW_STR_ARGS(source->name));
}

static mw_status make_events(mw_reception *reception, const mw_stream_source *source, desk *at,
                             mw_error *err) {
    const mw_program *program = reception->config.program;
    mw_frame frame = {
        .row = at->row, .symbols = reception->config.symbols, .zone = program->zone};
    for (int32_t i = 0; i < source->stream_count; i++) {
        mw_event *event = &at->events[i];
        bool is_event = mw_stream_event(program, source->first_stream + i, &frame, at->cells[i],
                                        event);
        event->row = is_event ? at->cells[i] : NULL;
        event->stream = source->first_stream + i;
    }
    if (at->events[0].row) return MW_OK;
    return mw_fail(err, MW_INVALID, "time: must be there, and known too");
}

static mw_status check_id(const mw_stream *stream, const mw_cell *cells, mw_error *err) {
    for (int32_t i = 0; i < stream->id_count; i++) {
        const mw_field *field = &stream->schema.fields[stream->id_fields[i]];
        if (mw_cell_is_missing(field->type, cells[stream->id_fields[i]]))
            return mw_fail(err, MW_INVALID, "id: %.*s must be there", MW_STR_ARGS(field->name));
    }
    return MW_OK;
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
        status = value.size > 0 ? mw_fail(err, MW_INVALID, "%.*s, got \"%.*s\"",
                                          MW_STR_ARGS(rule), MW_STR_ARGS(value))
                                : mw_fail(err, MW_INVALID, "%.*s", MW_STR_ARGS(rule));
    }
    mw_refusals_release(&refusals);
    return status;
}

mw_status mw_reception_take(mw_reception *reception, int32_t number, yyjson_val *object,
                            mw_received *out_received, mw_error *err) {
    const mw_program *program = reception->config.program;
    const mw_stream_source *source = &program->sources[number];
    desk *at = &reception->desks[number];
    MW_TRY(mw_event_json_read(object, source, reception->config.zones[number],
                              reception->config.symbols, at->row, err));
    MW_TRY(derive(reception, source, at->row, err));
    MW_TRY(make_events(reception, source, at, err));
    MW_TRY(check_id(&program->streams[source->first_stream], at->cells[0], err));
    MW_TRY(check_row(at, err));
    *out_received = (mw_received){at->events, (size_t)source->stream_count, at->cells[0]};
    return MW_OK;
}
