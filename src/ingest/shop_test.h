/*
 * shop_test: a small project with its files, in a folder of its own, for the tests of ingest.
 */
#pragma once
#include <stdio.h>

#include "ingest/ingest.h"
#include "ingest/inferred.h"
#include "ingest/history.h"
#include "project/columns.h"
#include "testing/test.h"

/* A project in a folder of its own, with the files that a test writes there. */
typedef struct {
    char folder[400], state_folder[500];
    mw_arena arena;
    mw_symbols *symbols;
    mw_state *state;
    const mw_project *project;
    const mw_program *program;
    const mw_zone *zones[8];
    mw_diagnostics diagnostics;
    mw_ingest_report report;
    mw_error err;
} shop;

static const char *const shop_orders =
    "project: shop\n"
    "streams:\n"
    "  orders:\n"
    "    from: orders*.csv\n"
    "    time: at\n"
    "    id: order\n"
    "    where: price != 13\n"
    "    fields: {paid: at + delay * 1m}\n"
    "    checks: {price: {min: 0}, shop: {in: [north, south], missing: 0%}}\n"
    "    later: {paid: paid, delay: paid}\n"
    "  visits: {from: visits.csv, time: at}\n";

static inline bool no_variable(void *context, mw_str name, mw_str *out_value) {
    (void)context, (void)name, (void)out_value;
    return false;
}

static inline void shop_write_file(const shop *f, const char *name, const char *text) {
    char path[500];
    mw_error err;
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), path, mw_str_of(text), &err), &err);
}

static inline void shop_compile(shop *f, const char *yaml) {
    mw_environment environment = {no_variable, NULL};
    mw_schema *columns;
    mw_data_reader reader = {.sys = mw_sys_real(), .duck = mw_state_duck(f->state),
                             .symbols = f->symbols, .zone = mw_zone_utc()};
    mw_diagnostics_init(&f->diagnostics, &f->arena);
    MW_CHECK_OK(mw_project_read(mw_str_of(yaml), environment, &f->arena, &f->diagnostics,
                                &f->project), NULL);
    mw_infer_config infer = {.reader = &reader, .catalog = mw_state_catalog(f->state),
                             .project = f->project, .folder = f->folder};
    MW_CHECK_OK(mw_infer_columns(&infer, &f->arena, &f->diagnostics, &columns, &f->err), &f->err);
    mw_project_data data = {columns, mw_zone_utc(), NULL};
    mw_status status = mw_project_compile(f->project, data, f->symbols, &f->diagnostics,
                                          &f->program);
    if (status != MW_OK) status = mw_diagnostics_status(&f->diagnostics, &f->err);
    MW_CHECK_OK(status, &f->err);
}

static inline void shop_set_up(shop *f, const char *folder) {
    *f = (shop){.state = NULL};
    mw_arena_init(&f->arena, MW_PROJECT_ARENA_SIZE);
    snprintf(f->folder, sizeof f->folder, "%s", folder ? folder : mw_test_directory());
    snprintf(f->state_folder, sizeof f->state_folder, "%s/.millwright", f->folder);
    for (size_t i = 0; i < 8; i++) f->zones[i] = mw_zone_utc();
    MW_CHECK_OK(mw_symbols_create(1 << 24, &f->symbols, &f->err), &f->err);
    MW_CHECK_OK(mw_state_open(mw_sys_real(), f->state_folder, MW_STATE_WRITE, &f->state, &f->err),
                &f->err);
}

static inline void shop_tear_down(shop *f) {
    mw_ingest_report_release(&f->report);
    mw_state_close(f->state);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

static inline mw_status shop_ingest(shop *f) {
    mw_ingest_config config = {.state = f->state, .project = f->project, .program = f->program,
                               .symbols = f->symbols, .zones = f->zones, .folder = f->folder,
                               .now_us = 1};
    mw_ingest_report_release(&f->report);
    return mw_ingest(&config, &f->report, &f->err);
}

static inline size_t shop_event_count(shop *f, const char *stream) {
    mw_history history;
    mw_events events;
    MW_CHECK_OK(mw_history_load(f->state, f->program, f->symbols, &history, &events, &f->err),
                &f->err);
    int32_t number = mw_program_find_stream(f->program, mw_str_of(stream));
    MW_CHECK(number >= 0);
    size_t count = events.streams[number].rows.row_count;
    mw_events_release(&events);
    return count;
}

static inline bool shop_has_reason(const shop *f, const char *rule) {
    for (size_t i = 0; i < f->report.reason_count; i++)
        if (mw_str_is(f->report.reasons[i].rule, rule)) return true;
    return false;
}

static const char *const shop_first_orders =
    "order,at,shop,price,delay\n"
    "1,2024-01-01T10:00:00Z,north,5,3\n"
    "2,2024-01-01T11:00:00Z,south,6,NA\n"
    "3,2024-01-01T12:00:00Z,north,13,1\n" /* left out by where */
    "4,2024-01-01T12:00:00Z,west,1,1\n"   /* not in the set */
    "5,NA,north,1,1\n"                     /* no time */
    "1,2024-01-01T10:00:00Z,north,5,3\n"  /* a repeat */
    "1,2024-01-01T10:00:00Z,north,7,3\n"  /* a correction */
    "6,2024-01-01T13:00:00Z,north,-1,3\n" /* below the minimum */
    "7,2024-01-01T13:00:00Z,,2,3\n";      /* no shop */
static const char *const shop_first_visits =
    "at,page\n2024-01-01T10:00:00Z,a\n2024-01-01T10:00:00Z,a\n";
