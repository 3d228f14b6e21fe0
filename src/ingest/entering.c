#include "ingest/entering.h"

#include <string.h>

#include "feature/entrance.h"

typedef struct {
    mw_taking *taking;
    mw_entrance *with;    /* sees lake, log and the fresh events */
    mw_entrance *without; /* sees what stands; NULL where nothing fresh can come before it */
    mw_cell *rows[2];     /* of an event that stands, as each of them finds it */
    size_t changed;
    int32_t changed_stream;
} job;

static const mw_stream *stream_of(const job *j, int32_t stream) {
    return &j->taking->config->program->streams[stream];
}

/* Compares what an event that stands has looked up with what it would look up now. */
static mw_status look_again(job *j, const mw_event *event, mw_error *err) {
    const mw_stream *stream = stream_of(j, event->stream);
    size_t size = stream->schema.field_count * sizeof(mw_cell);
    if (stream->entry_count == 0) return MW_OK;
    for (int side = 0; side < 2; side++) {
        memcpy(j->rows[side], event->row, size);
        MW_TRY(mw_entrance_fill(side ? j->without : j->with, event, event->place, j->rows[side],
                                err));
    }
    if (memcmp(j->rows[0], j->rows[1], size) == 0) return MW_OK;
    if (j->changed++ == 0) j->changed_stream = event->stream;
    return MW_OK;
}

static mw_status enter_standing(job *j, const mw_event *event, mw_error *err) {
    if (j->without) MW_TRY(look_again(j, event, err));
    if (j->without) MW_TRY(mw_entrance_event(j->without, event, err));
    return mw_entrance_event(j->with, event, err);
}

static mw_status enter_fresh(job *j, const mw_event *event, int64_t place, mw_error *err) {
    mw_cell *row = (mw_cell *)(uintptr_t)event->row; /* of the taking's own table */
    return mw_entrance_fill(j->with, event, place, row, err);
}

/* History: each event enters at its known. */
static mw_status walk_history(job *j, mw_error *err) {
    const mw_events *lake = &j->taking->lake, *fresh = &j->taking->fresh;
    for (size_t l = 0, f = 0; l < lake->event_count || f < fresh->event_count;) {
        int64_t lake_place = l < lake->event_count ? mw_events_at(lake, l).place : INT64_MAX;
        int64_t fresh_place = f < fresh->event_count ? mw_events_at(fresh, f).place : INT64_MAX;
        bool is_fresh = f < fresh->event_count && fresh_place <= lake_place;
        mw_event event = is_fresh ? mw_events_at(fresh, f++) : mw_events_at(lake, l++);
        if (!is_fresh) {
            MW_TRY(enter_standing(j, &event, err));
            continue;
        }
        MW_TRY(enter_fresh(j, &event, event.place, err));
        MW_TRY(mw_entrance_event(j->with, &event, err));
    }
    return MW_OK;
}

/* All that is fresh enters at one place, none of it before the other. */
static mw_status walk_to(job *j, int64_t place, mw_error *err) {
    const mw_events *lake = &j->taking->lake, *fresh = &j->taking->fresh;
    for (size_t i = 0; i < lake->event_count; i++) {
        mw_event event = mw_events_at(lake, i);
        if (event.place >= place) break;
        MW_TRY(mw_entrance_event(j->with, &event, err));
    }
    for (size_t i = 0; i < fresh->event_count; i++) {
        mw_event event = mw_events_at(fresh, i);
        MW_TRY(enter_fresh(j, &event, place, err));
    }
    return MW_OK;
}

static mw_status refuse(const job *j, mw_error *err) {
    const mw_stream *stream = stream_of(j, j->changed_stream);
    const mw_field *first = &stream->schema.fields[stream->schema.field_count -
                                                   stream->entry_count];
    mw_status status = mw_fail(err, MW_CONFLICT,
                               "ingest: these events come before %zu events that stand already "
                               "and would have changed their fields with windows, such as %.*s "
                               "of %.*s",
                               j->changed, MW_STR_ARGS(first->name), MW_STR_ARGS(stream->name));
    return mw_hint(err, status, "Such a field is worked out once, as its event enters: take in "
                                "first, or in the same call, what it reads.");
}

static mw_status walk(job *j, mw_error *err) {
    mw_taking *taking = j->taking;
    size_t width = 1;
    MW_TRY(mw_events_sort(&taking->lake, err));
    MW_TRY(mw_events_sort(&taking->fresh, err));
    if (!mw_taking_is_history(taking)) return walk_to(j, mw_taking_place(taking), err);

    const mw_program *program = taking->config->program;
    for (size_t i = 0; i < program->stream_count; i++)
        if (program->streams[i].schema.field_count > width)
            width = program->streams[i].schema.field_count;
    for (int side = 0; side < 2; side++) {
        j->rows[side] = mw_arena_alloc(&taking->arena, width, sizeof(mw_cell));
        if (!j->rows[side]) return mw_fail(err, MW_NO_MEMORY, "ingest: no memory");
    }
    if (taking->lake.event_count > 0)
        MW_TRY(mw_entrance_create(program, taking->config->symbols, MW_ENTRANCE_NONE,
                                  &j->without, err));
    MW_TRY(walk_history(j, err));
    return j->changed > 0 ? refuse(j, err) : MW_OK;
}

mw_status mw_entering_run(mw_taking *taking, mw_error *err) {
    job j = {.taking = taking};
    MW_TRY(mw_entrance_create(taking->config->program, taking->config->symbols, MW_ENTRANCE_NONE,
                              &j.with, err));
    if (!j.with || taking->fresh.event_count == 0) {
        mw_entrance_destroy(j.with);
        return MW_OK;
    }
    mw_status status = walk(&j, err);
    mw_entrance_destroy(j.with);
    mw_entrance_destroy(j.without);
    return status;
}
