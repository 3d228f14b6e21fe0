/*
 * arrival_world: ingests for the shop of serve/shop_world_test.h: made, written as offers and
 * pieces, and kept as the lake would keep them.
 */
#pragma once
#include "ingest/load.h"
#include "serve/sequencer_ingest.h"
#include "serve/shop_call_test.h"

enum { ARRIVAL_STREAMS_MAX = 8 };

/* An ingest as who makes it has it. */
typedef struct {
    shop *s;
    mw_events events;
    mw_str names[ARRIVAL_STREAMS_MAX];
    mw_added_file files[ARRIVAL_STREAMS_MAX];
    mw_addition addition;
    mw_lake_batch batch;
} ingest;

static inline void ingest_begin(ingest *it, shop *s, int64_t number) {
    *it = (ingest){.s = s, .addition = {.number = number}};
    MW_CHECK_OK(mw_program_events(s->program, &it->events, NULL), NULL);
    for (size_t i = 0; i < s->program->stream_count; i++)
        it->names[i] = s->program->streams[i].name;
    it->batch = (mw_lake_batch){&it->events, it->names, s->symbols};
    it->addition.files = it->files;
}

static inline mw_event shop_event(shop *s, const char *stream, int number, int64_t at,
                                  mw_cell row[3]) {
    int32_t found = mw_program_find_stream(s->program, mw_str_of(stream));
    char name[] = {(char)('a' + number % 2), 0};
    MW_CHECK(found >= 0 && s->program->streams[found].schema.field_count == 3);
    row[0].symbol = mw_symbols_intern(s->symbols, mw_str_of(name));
    row[1] = mw_cell_number(number);
    row[2] = mw_cell_time(at);
    int64_t known = strcmp(stream, "deliveries") == 0 ? at - MW_DAY_US : at;
    return (mw_event){
        .stream = found, .time = at, .known = known, .place = known, .row = row};
}

static inline void ingest_add(ingest *it, const char *stream, int number, int64_t at) {
    mw_cell row[3];
    mw_event event = shop_event(it->s, stream, number, at, row);
    MW_CHECK_OK(mw_events_add(&it->events, &event, NULL), NULL);
}

/* What staging in a lake would make of it. */
static inline void ingest_stage(ingest *it) {
    MW_CHECK_OK(mw_events_sort(&it->events, NULL), NULL);
    for (size_t i = 0; i < it->events.stream_count; i++) {
        size_t count = it->events.streams[i].rows.row_count;
        if (count == 0) continue;
        it->files[it->addition.file_count++] =
            (mw_added_file){.stream = it->names[i],
                            .schema = it->s->program->streams[i].schema,
                            .event_count = (int64_t)count};
    }
}

static inline mw_status ingest_await(ingest *it, mw_error *err) {
    return mw_sequencer_await(it->s->sequencer, &it->addition, err);
}

/* Hands the sequencer a piece, from the `at`-th event on: where the next one begins. */
static inline size_t ingest_send(ingest *it, size_t at) {
    mw_buf piece;
    mw_error err;
    mw_buf_init(&piece, 1 << 20);
    MW_CHECK_OK(mw_offer_events_append(&piece, &it->addition, &it->batch, at, &at, &err), &err);
    mw_reader reader = {.rest = mw_buf_str(&piece)};
    MW_CHECK_EQUAL_INT(mw_offer_events_number(&reader), it->addition.number);
    MW_CHECK_OK(mw_sequencer_gather(it->s->sequencer, &reader, &err), &err);
    mw_buf_release(&piece);
    return at;
}

/* What a lake would show from now on, which showed `before`. */
static inline void ingest_keep(const ingest *it, mw_places places, const mw_events *before,
                               mw_events *lake) {
    size_t rows[ARRIVAL_STREAMS_MAX] = {0};
    MW_CHECK_OK(mw_program_events(it->s->program, lake, NULL), NULL);
    for (size_t i = 0; i < before->event_count; i++) {
        mw_event event = mw_events_at(before, i);
        MW_CHECK_OK(mw_events_add(lake, &event, NULL), NULL);
    }
    for (size_t i = 0; i < it->events.event_count; i++) {
        mw_event event = mw_events_at(&it->events, i);
        event.place = places.first + (int64_t)rows[event.stream]++ * places.step;
        MW_CHECK_OK(mw_events_add(lake, &event, NULL), NULL);
    }
    MW_CHECK_OK(mw_events_sort(lake, NULL), NULL);
}

static inline void ingest_end(ingest *it) { mw_events_release(&it->events); }
