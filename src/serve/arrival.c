#include "serve/arrival.h"

#include "ingest/load.h"

enum { ARENA_SIZE_MAX = 1 << 24 };

struct mw_arrival {
    mw_arena arena;
    mw_events events;       /* each stream's in the order of its file's rows */
    mw_roster *roster;      /* of these */
    mw_offer_events_reading reading;
    size_t *announced;      /* events, one count a stream */
    uint64_t left;
    int64_t number;
    mw_places places;
    size_t next_row, next_stream; /* of the next event to be taken */
    bool is_accepted, is_overtaken;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "sequencer: no memory for what is ingested");
}

static mw_status map_file(mw_arrival *arrival, const mw_added_file *file, int32_t *out_stream,
                          mw_error *err) {
    const mw_program *program = arrival->reading.program;
    int32_t stream = mw_program_find_stream(program, file->stream);
    if (stream < 0 || !mw_schema_equal(&program->streams[stream].schema, &file->schema)) {
        mw_status status = mw_fail(err, MW_CONFLICT,
                                   "stream %.*s: the running server knows other fields of it",
                                   MW_STR_ARGS(file->stream));
        return mw_hint(err, status, "It goes by the project file that it was started with; start "
                                    "it again.");
    }
    if (file->event_count < 0)
        return mw_fail(err, MW_MALFORMED, "ingest: its offer cannot be read");
    arrival->announced[stream] = (size_t)file->event_count;
    arrival->left += (uint64_t)file->event_count;
    *out_stream = stream;
    return MW_OK;
}

static mw_status prepare(mw_arrival *arrival, const mw_addition *addition, mw_error *err) {
    const mw_program *program = arrival->reading.program;
    size_t field_max = 0;
    for (size_t i = 0; i < program->stream_count; i++)
        if (program->streams[i].schema.field_count > field_max)
            field_max = program->streams[i].schema.field_count;
    size_t count = program->stream_count;
    int32_t *streams = mw_arena_alloc(&arrival->arena, addition->file_count + 1, sizeof *streams);
    arrival->reading.row = mw_arena_alloc(&arrival->arena, 2 * field_max + 1, sizeof(mw_cell));
    arrival->announced = mw_arena_alloc(&arrival->arena, count + 1, sizeof *arrival->announced);
    if (!streams || !arrival->reading.row || !arrival->announced) return no_memory(err);
    for (size_t i = 0; i < addition->file_count; i++)
        MW_TRY(map_file(arrival, &addition->files[i], &streams[i], err));
    arrival->reading.streams = streams;
    arrival->reading.file_count = addition->file_count;
    MW_TRY(mw_program_events(program, &arrival->events, err));
    for (size_t i = 0; i < count; i++)
        MW_TRY(mw_events_reserve(&arrival->events, (int32_t)i, arrival->announced[i], err));
    return MW_OK;
}

mw_status mw_arrival_create(const mw_program *program, mw_symbols *symbols,
                            mw_hash_key key, const mw_addition *addition,
                            mw_arrival **out_arrival, mw_error *err) {
    mw_arrival *arrival = mw_allocate(sizeof *arrival);
    if (!arrival) return no_memory(err);
    *arrival = (mw_arrival){.reading = {.program = program, .symbols = symbols},
                            .number = addition->number};
    mw_arena_init(&arrival->arena, ARENA_SIZE_MAX);
    mw_status status = mw_roster_create(program, symbols, key, &arrival->roster, err);
    if (status == MW_OK) status = prepare(arrival, addition, err);
    if (status != MW_OK) mw_arrival_destroy(arrival);
    else *out_arrival = arrival;
    return status;
}

void mw_arrival_destroy(mw_arrival *arrival) {
    if (!arrival) return;
    mw_roster_destroy(arrival->roster);
    mw_events_release(&arrival->events);
    mw_arena_release(&arrival->arena);
    mw_free(arrival);
}

int64_t mw_arrival_number(const mw_arrival *arrival) { return arrival->number; }

/* --- gathering ---------------------------------------------------------------------------- */

mw_status mw_arrival_read(mw_arrival *arrival, mw_reader *piece, mw_event *out_event,
                          bool *out_has_event, mw_error *err) {
    mw_event event;
    MW_ASSERT(!arrival->is_accepted);
    MW_TRY(mw_offer_events_next(piece, &arrival->reading, &event, out_has_event, err));
    if (!*out_has_event) return MW_OK;
    if (arrival->events.streams[event.stream].rows.row_count == arrival->announced[event.stream])
        return mw_fail(err, MW_MALFORMED, "ingest: more events came than were announced");
    MW_TRY(mw_events_add(&arrival->events, &event, err));
    MW_TRY(mw_roster_add(arrival->roster, &event, MW_FROM_LAKE, err));
    *out_event = event;
    return MW_OK;
}

bool mw_arrival_is_whole(const mw_arrival *arrival) {
    return arrival->events.event_count == arrival->left; /* of which none was taken */
}

mw_event_standing mw_arrival_find(const mw_arrival *arrival, const mw_event *event) {
    return mw_roster_find(arrival->roster, event, NULL);
}

void mw_arrival_overtake(mw_arrival *arrival) { arrival->is_overtaken = true; }
bool mw_arrival_is_overtaken(const mw_arrival *arrival) { return arrival->is_overtaken; }

/* --- taking ------------------------------------------------------------------------------- */

/* Row by row, and of each row stream by stream. */
static void skip_ended(mw_arrival *arrival) {
    while (arrival->left > 0 &&
           arrival->next_row >= arrival->announced[arrival->next_stream]) {
        if (++arrival->next_stream < arrival->events.stream_count) continue;
        arrival->next_stream = 0;
        arrival->next_row++;
    }
}

void mw_arrival_accept(mw_arrival *arrival, mw_places places) {
    MW_ASSERT(mw_arrival_is_whole(arrival) && !arrival->is_overtaken && !arrival->is_accepted);
    arrival->places = places;
    arrival->is_accepted = true;
    skip_ended(arrival);
}

bool mw_arrival_is_accepted(const mw_arrival *arrival) { return arrival->is_accepted; }

bool mw_arrival_peek(const mw_arrival *arrival, mw_event *out_event) {
    if (!arrival->is_accepted || arrival->left == 0) return false;
    size_t row = arrival->next_row;
    *out_event = mw_events_row(&arrival->events, (int32_t)arrival->next_stream, row);
    out_event->place = arrival->places.first + (int64_t)row * arrival->places.step;
    return true;
}

void mw_arrival_pass(mw_arrival *arrival) {
    MW_ASSERT(arrival->is_accepted && arrival->left > 0);
    arrival->left--;
    if (++arrival->next_stream == arrival->events.stream_count) {
        arrival->next_stream = 0;
        arrival->next_row++;
    }
    skip_ended(arrival);
}

uint64_t mw_arrival_left(const mw_arrival *arrival) { return arrival->left; }
