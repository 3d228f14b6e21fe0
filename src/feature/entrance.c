#include "feature/entrance.h"

#include "feature/key_list.h"
#include "lang/needs.h"
#include "model/seal.h"

#include <string.h>

#define ARENA_SIZE_MAX ((size_t)16 << 20)

static const mw_seal seal = {.what = "entrance", .magic = 0x4e45574d, .format = 1};

/* The fields with windows of one stream. */
typedef struct {
    const mw_model_program *fields;
    mw_course *course;
    mw_cell *values;
    bool *needs_state; /* one a field: it reads a window with a span */
    mw_key_list ids;   /* of the events that have entered, if they are remembered */
    mw_cell *entered;  /* their values, by the numbers of the ids */
    size_t entered_capacity;
} door;

struct mw_entrance {
    const mw_program *program;
    mw_symbols *symbols;
    mw_arena arena;
    bool remembers;
    door *doors; /* one a source; those without such fields have no course */
};

static bool reads(const mw_model_program *fields, int32_t stream) {
    for (size_t i = 0; i < fields->window_count; i++)
        if (fields->windows[i].stream == stream) return true;
    return false;
}

bool mw_entrance_reads(const mw_program *program, int32_t stream) {
    for (size_t i = 0; i < program->source_count; i++) {
        const mw_model_program *fields = program->sources[i].entry;
        if (fields && reads(fields, stream)) return true;
    }
    return false;
}

/* A window does that has a span, or reads one that does: all that it reads come before it. */
static void find_windows_needs(const mw_model_program *fields, bool *needs_state) {
    for (size_t i = 0; i < fields->window_count; i++) {
        needs_state[i] = fields->windows[i].start_us != MW_ALL_PAST;
        for (size_t before = 0; before < i; before++)
            if (needs_state[before] && mw_window_reads_window(&fields->windows[i], before))
                needs_state[i] = true;
    }
}

/* In the order in which they run, so that what a field reads is settled before it. */
static void find_needs(const mw_model_program *fields, const bool *windows, bool *needs_state) {
    for (size_t i = 0; i < fields->feature_count; i++) {
        int32_t field = fields->feature_order[i];
        const mw_code *code = fields->features[field].code;
        for (size_t w = 0; w < fields->window_count; w++)
            if (windows[w] && mw_code_reads_window(code, (int32_t)w)) needs_state[field] = true;
        for (size_t other = 0; other < fields->feature_count; other++)
            if (needs_state[other] && mw_code_reads_feature(code, (int32_t)other))
                needs_state[field] = true;
    }
}

static mw_status open_door(mw_entrance *entrance, size_t source, mw_symbols *symbols,
                           mw_error *err) {
    const mw_model_program *fields = entrance->program->sources[source].entry;
    door *made = &entrance->doors[source];
    if (!fields) return MW_OK;
    made->values = mw_arena_alloc(&entrance->arena, fields->feature_count, sizeof(mw_cell));
    made->needs_state = mw_arena_alloc(&entrance->arena, fields->feature_count, sizeof(bool));
    bool *windows = mw_arena_alloc(&entrance->arena, fields->window_count, sizeof *windows);
    if (!made->values || !made->needs_state || !windows)
        return mw_fail(err, MW_NO_MEMORY, "fields: no memory to start");
    made->fields = fields;
    find_windows_needs(fields, windows);
    find_needs(fields, windows, made->needs_state);
    int32_t id_count = entrance->program->streams[fields->moment_stream].id_count;
    mw_key_list_init(&made->ids, (size_t)id_count);
    mw_course_config config = {
        .engine = {.program = entrance->program, .model = fields, .symbols = symbols},
        .announces_none = true};
    return mw_course_create(config, &made->course, err);
}

static bool has_fields(const mw_program *program) {
    for (size_t i = 0; i < program->source_count; i++)
        if (program->sources[i].entry) return true;
    return false;
}

mw_status mw_entrance_create(const mw_program *program, mw_symbols *symbols,
                             bool remembers, mw_entrance **out_entrance, mw_error *err) {
    if (!has_fields(program)) {
        *out_entrance = NULL;
        return MW_OK;
    }
    mw_entrance *entrance = mw_allocate(sizeof *entrance);
    if (!entrance) return mw_fail(err, MW_NO_MEMORY, "fields: no memory to start");
    entrance->program = program;
    entrance->symbols = symbols;
    entrance->remembers = remembers;
    mw_arena_init(&entrance->arena, ARENA_SIZE_MAX);
    entrance->doors =
        mw_arena_alloc(&entrance->arena, program->source_count, sizeof *entrance->doors);
    mw_status status = entrance->doors ? MW_OK
                                       : mw_fail(err, MW_NO_MEMORY, "fields: no memory to start");
    for (size_t i = 0; status == MW_OK && i < program->source_count; i++)
        status = open_door(entrance, i, symbols, err);
    if (status == MW_OK) *out_entrance = entrance;
    else mw_entrance_destroy(entrance);
    return status;
}

void mw_entrance_destroy(mw_entrance *entrance) {
    if (!entrance) return;
    for (size_t i = 0; entrance->doors && i < entrance->program->source_count; i++) {
        mw_course_destroy(entrance->doors[i].course);
        mw_key_list_release(&entrance->doors[i].ids);
        mw_free(entrance->doors[i].entered);
    }
    mw_arena_release(&entrance->arena);
    mw_free(entrance);
}

/* Where the values stand in the event's row. */
static mw_cell *entry_of(const mw_stream *stream, mw_cell *row) {
    return row + stream->schema.field_count - stream->entry_count;
}

static void fill_id(const mw_stream *stream, const mw_cell *row, mw_cell *id) {
    for (int32_t i = 0; i < stream->id_count; i++) id[i] = row[stream->id_fields[i]];
}

/* Keeps the values of an event that has entered; the first one with its id stays, until it is
   corrected. */
static mw_status keep_values(door *at, size_t width, const mw_cell *id, const mw_cell *values,
                             bool is_correction, mw_error *err) {
    size_t number = mw_key_list_find(&at->ids, id);
    if (number != MW_KEY_NONE && is_correction)
        memcpy(at->entered + number * width, values, width * sizeof *values);
    if (number != MW_KEY_NONE) return MW_OK;
    if (!mw_grow((void **)&at->entered, &at->entered_capacity, (at->ids.count + 1) * width,
                 sizeof *at->entered, SIZE_MAX / sizeof *at->entered) ||
        !mw_key_list_add(&at->ids, id))
        return mw_fail(err, MW_NO_MEMORY, "fields: no memory for the values of another event");
    memcpy(at->entered + (at->ids.count - 1) * width, values, width * sizeof *values);
    return MW_OK;
}

static mw_status remember(const mw_entrance *entrance, const mw_event *event, mw_error *err) {
    const mw_stream *stream = &entrance->program->streams[event->stream];
    mw_cell id[MW_KEYS_MAX];
    if (!entrance->remembers || stream->entry_count == 0 || stream->id_count == 0) return MW_OK;
    fill_id(stream, event->row, id);
    const mw_cell *values = event->row + stream->schema.field_count - stream->entry_count;
    return keep_values(&entrance->doors[stream->source], stream->entry_count, id, values,
                       event->replaced != NULL, err);
}

/* False if the event has not entered, or is not remembered. */
static bool recall(const mw_entrance *entrance, const mw_stream *stream, mw_cell *row) {
    const door *at = &entrance->doors[stream->source];
    mw_cell id[MW_KEYS_MAX];
    if (!entrance->remembers || stream->id_count == 0) return false;
    fill_id(stream, row, id);
    size_t number = mw_key_list_find(&at->ids, id);
    if (number == MW_KEY_NONE) return false;
    memcpy(entry_of(stream, row), at->entered + number * stream->entry_count,
           stream->entry_count * sizeof *row);
    return true;
}

mw_status mw_entrance_fill(mw_entrance *entrance, const mw_event *event, int64_t place,
                           mw_cell *row, mw_error *err) {
    if (!entrance) return MW_OK;
    const mw_stream *stream = &entrance->program->streams[event->stream];
    const door *at = &entrance->doors[stream->source];
    if (stream->entry_count == 0) return MW_OK;
    if (!event->replaced && recall(entrance, stream, row)) return MW_OK;
    MW_ASSERT(at->course && stream->entry_count == at->fields->feature_count);

    mw_moment moment = {.t = event->time, .place = place, .row = row};
    MW_TRY(mw_course_features(at->course, &moment, at->values, err));
    bool is_too_late = place - event->time > at->fields->lateness_us;
    mw_cell *to = entry_of(stream, row);
    for (size_t i = 0; i < stream->entry_count; i++)
        to[i] = is_too_late && at->needs_state[i]
                    ? mw_cell_missing(at->fields->features[i].type)
                    : at->values[i];
    return MW_OK;
}

mw_status mw_entrance_event(mw_entrance *entrance, const mw_event *event, mw_error *err) {
    if (!entrance) return MW_OK;
    MW_TRY(remember(entrance, event, err));
    for (size_t i = 0; i < entrance->program->source_count; i++) {
        const door *at = &entrance->doors[i];
        if (!at->course || !reads(at->fields, event->stream)) continue;
        MW_TRY(mw_course_event(at->course, event, err));
        mw_engine_advance(mw_course_engine(at->course), event->place);
    }
    return MW_OK;
}

/* --- as bytes --------------------------------------------------------------------------- */

static const mw_stream *stream_of(const mw_entrance *entrance, const door *at) {
    return &entrance->program->streams[at->fields->moment_stream];
}

static mw_status save_door(const mw_entrance *entrance, const door *at, mw_buf *out,
                           mw_error *err) {
    const mw_stream *stream = stream_of(entrance, at);
    mw_buf course;
    mw_buf_init(&course, out->size_max);
    mw_status status = mw_course_save(at->course, &course, err);
    mw_buf_append_u64(out, course.size);
    mw_buf_append_str(out, mw_buf_str(&course));
    mw_buf_release(&course);
    mw_buf_append_u32(out, (uint32_t)at->ids.count);
    for (size_t i = 0; i < at->ids.count; i++) {
        const mw_cell *id = mw_key_list_at(&at->ids, i);
        const mw_cell *values = at->entered + i * stream->entry_count;
        for (int32_t k = 0; k < stream->id_count; k++)
            mw_cell_append_canonical(out, stream->schema.fields[stream->id_fields[k]].type, id[k],
                                     entrance->symbols);
        for (size_t v = 0; v < stream->entry_count; v++)
            mw_cell_append_canonical(out, at->fields->features[v].type, values[v],
                                     entrance->symbols);
    }
    return status;
}

mw_status mw_entrance_save(const mw_entrance *entrance, mw_buf *out, mw_error *err) {
    mw_buf payload;
    mw_buf_init(&payload, out->size_max);
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < entrance->program->source_count; i++)
        if (entrance->doors[i].course)
            status = save_door(entrance, &entrance->doors[i], &payload, err);
    if (status == MW_OK) status = mw_buf_check(&payload, "entrance", err);
    if (status == MW_OK) mw_seal_append(out, seal, mw_buf_str(&payload));
    if (status == MW_OK) status = mw_buf_check(out, "entrance", err);
    mw_buf_release(&payload);
    return status;
}

static mw_status corrupt(mw_error *err) {
    return mw_fail(err, MW_CORRUPT, "entrance: its contents break their format");
}

static mw_status load_values(mw_entrance *entrance, door *at, mw_reader *in, mw_error *err) {
    const mw_stream *stream = stream_of(entrance, at);
    mw_cell id[MW_KEYS_MAX];
    for (int32_t k = 0; k < stream->id_count; k++)
        if (!mw_cell_read_canonical(in, stream->schema.fields[stream->id_fields[k]].type,
                                    entrance->symbols, &id[k]))
            return corrupt(err);
    for (size_t v = 0; v < stream->entry_count; v++)
        if (!mw_cell_read_canonical(in, at->fields->features[v].type, entrance->symbols,
                                    &at->values[v]))
            return corrupt(err);
    return keep_values(at, stream->entry_count, id, at->values, false, err);
}

static mw_status load_door(mw_entrance *entrance, door *at, mw_reader *in, mw_error *err) {
    uint64_t size = mw_read_u64(in);
    if (in->failed || size > in->rest.size) return corrupt(err);
    MW_TRY(mw_course_load(at->course, mw_read_bytes(in, (size_t)size), err));
    uint32_t count = mw_read_u32(in);
    for (uint32_t i = 0; i < count; i++) MW_TRY(load_values(entrance, at, in, err));
    return in->failed ? corrupt(err) : MW_OK;
}

mw_status mw_entrance_load(mw_entrance *entrance, mw_str bytes, mw_error *err) {
    mw_str payload;
    MW_TRY(mw_seal_open(seal, bytes, &payload, err));
    mw_reader in = {.rest = payload};
    for (size_t i = 0; i < entrance->program->source_count; i++)
        if (entrance->doors[i].course)
            MW_TRY(load_door(entrance, &entrance->doors[i], &in, err));
    return in.rest.size > 0 ? corrupt(err) : MW_OK;
}
