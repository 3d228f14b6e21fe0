/*
 * shop_log_test: a log for the shop of shop_test.h, as a server would write it.
 */
#pragma once
#include "ingest/log_events.h"
#include "ingest/shop_test.h"

typedef struct {
    shop *shop;
    mw_log *log;
    mw_log_events *meanings;
} shop_log;

enum { SHOP_LOG_FIRST_STREAM = 5 }; /* the log's number of the program's first stream */

static inline void shop_log_open(shop_log *it, shop *f) {
    char folder[600];
    *it = (shop_log){.shop = f};
    snprintf(folder, sizeof folder, "%s/log", f->state_folder);
    mw_log_config config = {.sys = mw_sys_real(), .folder = folder};
    MW_CHECK_OK(mw_log_open(config, &it->log, &f->err), &f->err);
    MW_CHECK_OK(mw_log_events_create(f->program, f->symbols, &it->meanings, &f->err), &f->err);
    for (size_t i = 0; i < f->program->stream_count; i++)
        MW_CHECK_OK(mw_log_define(it->log, (uint32_t)i + SHOP_LOG_FIRST_STREAM,
                                  mw_log_events_definition(it->meanings, i), &f->err), &f->err);
}

static inline void shop_log_close(shop_log *it) {
    MW_CHECK_OK(mw_log_commit(it->log, &it->shop->err), &it->shop->err);
    mw_log_events_destroy(it->meanings);
    mw_log_close(it->log);
}

static inline void shop_log_add(shop_log *it, mw_record record) {
    record.known = record.known ? record.known : record.place;
    MW_CHECK_OK(mw_log_append(it->log, &record, &it->shop->err), &it->shop->err);
}

static inline void shop_log_begin(shop_log *it, const char *kind, int64_t time, int64_t place) {
    char text[100];
    snprintf(text, sizeof text, "{\"kind\":\"%s\"}", kind);
    shop_log_add(it, (mw_record){.type = MW_RECORD_CONTROL, .time = time, .place = place,
                                 .payload = mw_str_of(text)});
}

/* The event at its place. */
static inline void shop_log_event(shop_log *it, const mw_event *event) {
    const mw_schema *schema = &it->shop->program->streams[event->stream].schema;
    mw_buf payload;
    mw_buf_init(&payload, 1 << 10);
    for (size_t i = 0; i < schema->field_count; i++)
        mw_cell_append_canonical(&payload, schema->fields[i].type, event->row[i],
                                 it->shop->symbols);
    shop_log_add(it, (mw_record){.type = MW_RECORD_EVENT,
                                 .stream = (uint32_t)event->stream + SHOP_LOG_FIRST_STREAM,
                                 .time = event->time,
                                 .known = event->known,
                                 .place = event->place,
                                 .payload = mw_buf_str(&payload)});
    mw_buf_release(&payload);
}

/* A visit to the page of this letter, known at once. */
static inline void shop_log_visit(shop_log *it, const char *page, int64_t place) {
    shop *f = it->shop;
    mw_cell row[2] = {mw_cell_time(place - 5),
                      {.symbol = mw_symbols_intern(f->symbols, mw_str_of(page))}};
    mw_event visit = {.stream = mw_program_find_stream(f->program, MW_STR("visits")),
                      .time = place - 5,
                      .known = place - 5,
                      .place = place,
                      .row = row};
    shop_log_event(it, &visit);
}
