#include "feature/entrance.h"

#include "feature/key_list.h"
#include "lang/needs.h"
#include "model/seal.h"
#include "table/passing.h"

#include <string.h>

#define ARENA_SIZE_MAX ((size_t)16 << 20)

enum { FORMAT = 2, LEAVES_WITH_EACH = 2 };
static const mw_seal seal = {.what = "entrance", .magic = 0x4e45574d, .format = FORMAT};

/* Events that have entered, whose texts are held. */
typedef struct {
    mw_key_list ids;
    mw_cell *values; /* by the numbers of the ids */
    size_t capacity;
    size_t gone; /* of the first ones nothing is held any more */
} memory;

/* The fields with windows of one stream. */
typedef struct {
    const mw_model_program *fields;
    mw_course *course;
    mw_cell *values;
    bool *needs_state; /* one a field: it reads a window with a span */
    mw_schema ids, entries; /* of its fields: those of the id, and those with windows */
    memory recent;  /* once it is full, it takes the place of the one before, */
    memory before;
    memory leaving; /* which goes by a few with each event, for the next ones' room */
} door;

struct mw_entrance {
    const mw_program *program;
    mw_symbols *symbols;
    mw_arena arena;
    size_t remembers; /* in each of the two memories of a door */
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

static void list_fields(const mw_stream *stream, door *made) {
    const mw_schema *schema = &stream->schema;
    size_t id_count = (size_t)stream->id_count, entry_count = stream->entry_count;
    for (size_t i = 0; i < id_count; i++)
        made->ids.fields[i] = schema->fields[stream->id_fields[i]];
    made->ids.field_count = id_count;
    made->entries = (mw_schema){schema->fields + schema->field_count - entry_count, entry_count};
    mw_key_list_init(&made->recent.ids, id_count);
    mw_key_list_init(&made->before.ids, id_count);
    mw_key_list_init(&made->leaving.ids, id_count);
}

static mw_status open_door(mw_entrance *entrance, size_t source, mw_symbols *symbols,
                           mw_error *err) {
    const mw_model_program *fields = entrance->program->sources[source].entry;
    door *made = &entrance->doors[source];
    if (!fields) return MW_OK;
    made->values = mw_arena_alloc(&entrance->arena, fields->feature_count, sizeof(mw_cell));
    made->needs_state = mw_arena_alloc(&entrance->arena, fields->feature_count, sizeof(bool));
    made->ids.fields = mw_arena_alloc(&entrance->arena, MW_KEYS_MAX, sizeof(mw_field));
    bool *windows = mw_arena_alloc(&entrance->arena, fields->window_count, sizeof *windows);
    if (!made->values || !made->needs_state || !made->ids.fields || !windows)
        return mw_fail(err, MW_NO_MEMORY, "fields: no memory to start");
    made->fields = fields;
    find_windows_needs(fields, windows);
    find_needs(fields, windows, made->needs_state);
    list_fields(&entrance->program->streams[fields->moment_stream], made);
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
                             size_t remembers, mw_entrance **out_entrance, mw_error *err) {
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

/* --- what has entered --------------------------------------------------------------------- */

static mw_cell *values_at(const door *at, const memory *events, size_t number) {
    return events->values + number * at->entries.field_count;
}

static void let_go(const mw_entrance *entrance, const door *at, memory *events, size_t most) {
    for (size_t i = 0; i < most && events->gone < events->ids.count; i++, events->gone++) {
        mw_passing_let_go(entrance->symbols, &at->ids, mw_key_list_at(&events->ids, events->gone));
        mw_passing_let_go(entrance->symbols, &at->entries, values_at(at, events, events->gone));
    }
}

static void forget(const mw_entrance *entrance, const door *at, memory *events) {
    let_go(entrance, at, events, SIZE_MAX);
    mw_key_list_release(&events->ids);
    mw_free(events->values);
}

void mw_entrance_destroy(mw_entrance *entrance) {
    if (!entrance) return;
    for (size_t i = 0; entrance->doors && i < entrance->program->source_count; i++) {
        door *at = &entrance->doors[i];
        mw_course_destroy(at->course);
        forget(entrance, at, &at->recent);
        forget(entrance, at, &at->before);
        forget(entrance, at, &at->leaving);
    }
    mw_arena_release(&entrance->arena);
    mw_free(entrance);
}

/* Where the values stand in the event's row. */
static const mw_cell *entry_of(const mw_stream *stream, const mw_cell *row) {
    return row + stream->schema.field_count - stream->entry_count;
}

static void fill_id(const mw_stream *stream, const mw_cell *row, mw_cell *id) {
    for (int32_t i = 0; i < stream->id_count; i++) id[i] = row[stream->id_fields[i]];
}

/* The values of the event; NULL if they are not there. */
static mw_cell *find_values(const door *at, const memory *events, const mw_cell *id) {
    size_t number = mw_key_list_find(&events->ids, id);
    return number == MW_KEY_NONE ? NULL : values_at(at, events, number);
}

/* The room of those that have left is used again. */
static void turn_over(door *at) {
    memory free = at->leaving;
    MW_ASSERT(free.gone == free.ids.count);
    mw_key_list_clear(&free.ids);
    free.gone = 0;
    at->leaving = at->before;
    at->before = at->recent;
    at->recent = free;
}

static mw_status add_values(const mw_entrance *entrance, door *at, const mw_cell *id,
                            const mw_cell *values, mw_error *err) {
    memory *recent = &at->recent;
    size_t width = at->entries.field_count;
    let_go(entrance, at, &at->leaving, LEAVES_WITH_EACH);
    if (recent->ids.count >= entrance->remembers) turn_over(at);
    if (!mw_grow((void **)&recent->values, &recent->capacity, (recent->ids.count + 1) * width,
                 sizeof *values, SIZE_MAX / sizeof *values) ||
        !mw_key_list_add(&recent->ids, id))
        return mw_fail(err, MW_NO_MEMORY, "fields: no memory for the values of another event");
    memcpy(values_at(at, recent, recent->ids.count - 1), values, width * sizeof *values);
    mw_passing_hold(entrance->symbols, &at->ids, id);
    mw_passing_hold(entrance->symbols, &at->entries, values);
    return MW_OK;
}

/* The first event with an id stays, until it is corrected; then what was before is not asked. */
static mw_status remember(const mw_entrance *entrance, const mw_event *event, mw_error *err) {
    const mw_stream *stream = &entrance->program->streams[event->stream];
    mw_cell id[MW_KEYS_MAX];
    if (entrance->remembers == 0 || stream->entry_count == 0 || stream->id_count == 0)
        return MW_OK;
    door *at = &entrance->doors[stream->source];
    const mw_cell *values = entry_of(stream, event->row);
    fill_id(stream, event->row, id);
    mw_cell *known = find_values(at, &at->recent, id);
    if (!event->replaced && (known || find_values(at, &at->before, id))) return MW_OK;
    if (!known) return add_values(entrance, at, id, values, err);
    mw_passing_hold(entrance->symbols, &at->entries, values);
    mw_passing_let_go(entrance->symbols, &at->entries, known);
    memcpy(known, values, stream->entry_count * sizeof *values);
    return MW_OK;
}

static const mw_cell *recall(const mw_entrance *entrance, const mw_event *event) {
    const mw_stream *stream = &entrance->program->streams[event->stream];
    mw_cell id[MW_KEYS_MAX];
    if (stream->entry_count == 0 || stream->id_count == 0) return NULL;
    const door *at = &entrance->doors[stream->source];
    fill_id(stream, event->row, id);
    const mw_cell *known = find_values(at, &at->recent, id);
    return known ? known : find_values(at, &at->before, id);
}

bool mw_entrance_remembers(const mw_entrance *entrance, const mw_event *event) {
    return entrance && recall(entrance, event);
}

/* --- entering ----------------------------------------------------------------------------- */

mw_status mw_entrance_fill(mw_entrance *entrance, const mw_event *event, int64_t place,
                           mw_cell *row, mw_error *err) {
    if (!entrance) return MW_OK;
    const mw_stream *stream = &entrance->program->streams[event->stream];
    const door *at = &entrance->doors[stream->source];
    if (stream->entry_count == 0) return MW_OK;
    mw_cell *to = row + stream->schema.field_count - stream->entry_count;
    const mw_cell *known = event->replaced ? NULL : recall(entrance, event);
    if (known) {
        memcpy(to, known, stream->entry_count * sizeof *to);
        return MW_OK;
    }
    MW_ASSERT(at->course && stream->entry_count == at->fields->feature_count);

    mw_moment moment = {.t = event->time, .place = place, .row = row};
    MW_TRY(mw_course_features(at->course, &moment, at->values, err));
    bool is_too_late = place - event->time > at->fields->lateness_us;
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

static mw_status save_door(const door *at, mw_buf *out, mw_error *err) {
    mw_buf course;
    mw_buf_init(&course, out->size_max);
    mw_status status = mw_course_save(at->course, &course, err);
    mw_buf_append_u64(out, course.size);
    mw_buf_append_str(out, mw_buf_str(&course));
    mw_buf_release(&course);
    return status;
}

mw_status mw_entrance_save(const mw_entrance *entrance, mw_buf *out, mw_error *err) {
    mw_buf payload;
    mw_buf_init(&payload, out->size_max);
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < entrance->program->source_count; i++)
        if (entrance->doors[i].course) status = save_door(&entrance->doors[i], &payload, err);
    if (status == MW_OK) status = mw_buf_check(&payload, "entrance", err);
    if (status == MW_OK) mw_seal_append(out, seal, mw_buf_str(&payload));
    if (status == MW_OK) status = mw_buf_check(out, "entrance", err);
    mw_buf_release(&payload);
    return status;
}

static mw_status corrupt(mw_error *err) {
    return mw_fail(err, MW_CORRUPT, "entrance: its contents break their format");
}

static mw_status load_door(const door *at, mw_reader *in, mw_error *err) {
    uint64_t size = mw_read_u64(in);
    if (in->failed || size > in->rest.size) return corrupt(err);
    return mw_course_load(at->course, mw_read_bytes(in, (size_t)size), err);
}

mw_status mw_entrance_load(mw_entrance *entrance, mw_str bytes, mw_error *err) {
    mw_str payload;
    MW_TRY(mw_seal_open(seal, bytes, &payload, err));
    if (mw_seal_format(bytes) < FORMAT)
        return mw_fail(err, MW_CONFLICT, "entrance: format version must be %d, got %u", FORMAT,
                       mw_seal_format(bytes));
    mw_reader in = {.rest = payload};
    for (size_t i = 0; i < entrance->program->source_count; i++)
        if (entrance->doors[i].course) MW_TRY(load_door(&entrance->doors[i], &in, err));
    return in.rest.size > 0 ? corrupt(err) : MW_OK;
}
