#include "ingest/log_events.h"

#include <yyjson.h>

#include "ingest/event_bytes.h"
#include "table/passing.h"

enum { DEFINITION_SIZE_MAX = 1 << 20, NO_STREAM = -1, FOREIGN_STREAM = -2 };

struct mw_log_events {
    const mw_program *program;
    mw_symbols *symbols;
    mw_arena arena;
    int32_t streams[MW_STREAMS_MAX]; /* by the log's number: the program's stream, NO_STREAM (its
                                      fields have changed) or FOREIGN_STREAM */
    unsigned char (*meanings)[MW_SHA256_SIZE]; /* by the log's number: of the definition */
    mw_str *definitions;             /* of the program's streams */
    mw_cell **rows;                  /* two a stream of the program, to read events into */
    mw_event held;                   /* whose texts are; row NULL: none */
};

bool mw_log_control_is(const mw_record *record, const char *kind) {
    if (record->type != MW_RECORD_CONTROL) return false;
    yyjson_doc *doc = yyjson_read(record->payload.data, record->payload.size, 0);
    bool is_kind = yyjson_equals_str(yyjson_obj_get(yyjson_doc_get_root(doc), "kind"), kind);
    yyjson_doc_free(doc);
    return is_kind;
}

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "log: no memory for its streams");
}

static void append_definition(mw_buf *out, const mw_stream *stream) {
    mw_buf_append_u32(out, (uint32_t)stream->name.size);
    mw_buf_append_str(out, stream->name);
    for (size_t i = 0; i < stream->schema.field_count; i++) {
        const mw_field *field = &stream->schema.fields[i];
        mw_buf_append_u32(out, (uint32_t)field->type);
        mw_buf_append_u32(out, (uint32_t)field->name.size);
        mw_buf_append_str(out, field->name);
    }
}

static mw_status define(mw_log_events *events, size_t stream, mw_buf *text, mw_error *err) {
    mw_buf_clear(text);
    append_definition(text, &events->program->streams[stream]);
    MW_TRY(mw_buf_check(text, "a stream's definition", err));
    size_t field_count = events->program->streams[stream].schema.field_count;
    events->definitions[stream] = mw_str_copy(&events->arena, mw_buf_str(text));
    events->rows[stream] = mw_arena_alloc(&events->arena, 2 * field_count + 1, sizeof(mw_cell));
    bool is_made = events->definitions[stream].data && events->rows[stream];
    return is_made ? MW_OK : no_memory(err);
}

static mw_status set_up(mw_log_events *events, mw_error *err) {
    size_t count = events->program->stream_count;
    for (size_t i = 0; i < MW_STREAMS_MAX; i++) events->streams[i] = NO_STREAM;
    events->definitions = mw_arena_alloc(&events->arena, count + 1, sizeof *events->definitions);
    events->rows = mw_arena_alloc(&events->arena, count + 1, sizeof *events->rows);
    events->meanings =
        mw_arena_alloc(&events->arena, MW_STREAMS_MAX, sizeof *events->meanings);
    if (!events->definitions || !events->rows || !events->meanings) return no_memory(err);
    mw_buf text;
    mw_buf_init(&text, DEFINITION_SIZE_MAX);
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < count; i++) status = define(events, i, &text, err);
    mw_buf_release(&text);
    return status;
}

mw_status mw_log_events_create(const mw_program *program, mw_symbols *symbols,
                               mw_log_events **out_events, mw_error *err) {
    mw_log_events *events = mw_allocate(sizeof *events);
    if (!events) return no_memory(err);
    events->program = program;
    events->symbols = symbols;
    mw_arena_init(&events->arena, (size_t)1 << 28);
    mw_status status = set_up(events, err);
    if (status != MW_OK) mw_log_events_destroy(events);
    else *out_events = events;
    return status;
}

static void let_go(mw_log_events *events) {
    const mw_event *held = &events->held;
    if (!held->row) return;
    const mw_schema *schema = &events->program->streams[held->stream].schema;
    mw_passing_let_go(events->symbols, schema, held->row);
    if (held->replaced) mw_passing_let_go(events->symbols, schema, held->replaced);
    events->held.row = NULL;
}

void mw_log_events_destroy(mw_log_events *events) {
    if (!events) return;
    let_go(events);
    mw_arena_release(&events->arena);
    mw_free(events);
}

mw_str mw_log_events_definition(const mw_log_events *events, size_t stream) {
    MW_ASSERT(stream < events->program->stream_count);
    return events->definitions[stream];
}

/* A definition begins with the size of the stream's name, and the name. */
static bool same_name(mw_str definition, mw_str other) {
    mw_reader a = {.rest = definition}, b = {.rest = other};
    mw_str name = mw_read_bytes(&a, mw_read_u32(&a));
    return mw_str_equal(name, mw_read_bytes(&b, mw_read_u32(&b)));
}

void mw_log_meaning(const mw_record *definition, unsigned char out_meaning[MW_SHA256_SIZE]) {
    mw_sha256 sha;
    MW_ASSERT(definition->type == MW_RECORD_DEFINITION);
    mw_sha256_init(&sha);
    mw_sha256_add(&sha, definition->payload.data, definition->payload.size);
    mw_sha256_bytes(&sha, out_meaning);
}

mw_status mw_log_events_learn(mw_log_events *events, const mw_record *record, mw_error *err) {
    MW_ASSERT(record->type == MW_RECORD_DEFINITION);
    if (record->stream >= MW_STREAMS_MAX)
        return mw_fail(err, MW_CORRUPT, "log: there is no stream %u", record->stream);
    mw_log_meaning(record, events->meanings[record->stream]);
    int32_t *stream = &events->streams[record->stream];
    *stream = FOREIGN_STREAM;
    for (size_t i = 0; i < events->program->stream_count; i++) {
        if (mw_str_equal(events->definitions[i], record->payload)) *stream = (int32_t)i;
        else if (same_name(events->definitions[i], record->payload)) *stream = NO_STREAM;
    }
    return MW_OK;
}

const unsigned char *mw_log_events_meaning(const mw_log_events *events, const mw_record *record) {
    static const unsigned char nothing[MW_SHA256_SIZE]; /* such an event cannot be read */
    return record->stream < MW_STREAMS_MAX ? events->meanings[record->stream] : nothing;
}

bool mw_log_events_is_foreign(const mw_log_events *events, const mw_record *record) {
    MW_ASSERT(record->type == MW_RECORD_EVENT);
    return record->stream < MW_STREAMS_MAX && events->streams[record->stream] == FOREIGN_STREAM;
}

static void hold(mw_log_events *events, const mw_event *event) {
    const mw_schema *schema = &events->program->streams[event->stream].schema;
    mw_passing_hold(events->symbols, schema, event->row);
    if (event->replaced) mw_passing_hold(events->symbols, schema, event->replaced);
    events->held = *event;
}

mw_status mw_log_events_read(mw_log_events *events, const mw_record *record,
                             mw_event *out_event, mw_error *err) {
    MW_ASSERT(record->type == MW_RECORD_EVENT);
    int32_t stream = record->stream < MW_STREAMS_MAX ? events->streams[record->stream] : NO_STREAM;
    if (stream < 0) {
        mw_status status = mw_fail(err, MW_CONFLICT,
                                   "log: its events have fields that the project file no longer "
                                   "gives to their stream");
        return mw_hint(err, status, "Undo the change of the stream, or begin a new log.");
    }
    const mw_schema *schema = &events->program->streams[stream].schema;
    mw_event event = {.stream = stream,
                      .time = record->time,
                      .known = record->known,
                      .place = record->place};
    let_go(events);
    bool was_passing = mw_passing_set(events->symbols, true);
    bool is_read = mw_event_bytes_read(record->payload, schema, events->symbols,
                                       events->rows[stream], &event);
    (void)mw_passing_set(events->symbols, was_passing);
    if (!is_read) return mw_fail(err, MW_CORRUPT, "log: an event cannot be read");
    hold(events, &event);
    *out_event = event;
    return MW_OK;
}
