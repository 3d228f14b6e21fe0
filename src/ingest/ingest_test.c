#include "ingest/ingest.h"

#include <stdio.h>
#include <string.h>

#include "ingest/inferred.h"
#include "ingest/load.h"
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
} fixture;

static const char orders[] =
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

static bool no_variable(void *context, mw_str name, mw_str *out_value) {
    (void)context, (void)name, (void)out_value;
    return false;
}

static void write_file(const fixture *f, const char *name, const char *text) {
    char path[500];
    mw_error err;
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), path, mw_str_of(text), &err), &err);
}

static void compile(fixture *f, const char *yaml) {
    mw_environment environment = {no_variable, NULL};
    mw_schema *columns;
    mw_data_reader reader = {.sys = mw_sys_real(), .duck = mw_state_duck(f->state),
                             .symbols = f->symbols, .zone = mw_zone_utc()};
    mw_diagnostics_init(&f->diagnostics, &f->arena);
    MW_CHECK_OK(mw_project_read(mw_str_of(yaml), environment, &f->arena, &f->diagnostics,
                                &f->project), NULL);
    mw_infer_config infer = {.reader = &reader, .catalog = mw_state_catalog(f->state),
                             .project = f->project, .folder = f->folder};
    MW_CHECK_OK(mw_infer_columns(&infer, &f->arena, &columns, &f->err), &f->err);
    mw_project_data data = {columns, mw_zone_utc()};
    mw_status status = mw_project_compile(f->project, data, f->symbols, &f->diagnostics,
                                          &f->program);
    if (status != MW_OK) status = mw_diagnostics_status(&f->diagnostics, &f->err);
    MW_CHECK_OK(status, &f->err);
}

static void set_up(fixture *f, const char *folder) {
    *f = (fixture){.state = NULL};
    mw_arena_init(&f->arena, MW_PROJECT_ARENA_SIZE);
    snprintf(f->folder, sizeof f->folder, "%s", folder ? folder : mw_test_directory());
    snprintf(f->state_folder, sizeof f->state_folder, "%s/.millwright", f->folder);
    for (size_t i = 0; i < 8; i++) f->zones[i] = mw_zone_utc();
    MW_CHECK_OK(mw_symbols_create(1 << 24, &f->symbols, &f->err), &f->err);
    MW_CHECK_OK(mw_state_open(mw_sys_real(), f->state_folder, MW_STATE_WRITE, &f->state, &f->err),
                &f->err);
}

static void tear_down(fixture *f) {
    mw_ingest_report_release(&f->report);
    mw_state_close(f->state);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

static mw_status ingest(fixture *f) {
    mw_ingest_config config = {.state = f->state, .project = f->project, .program = f->program,
                               .symbols = f->symbols, .zones = f->zones, .folder = f->folder,
                               .now_us = 1};
    mw_ingest_report_release(&f->report);
    return mw_ingest(&config, &f->report, &f->err);
}

static size_t event_count(fixture *f, const char *stream) {
    mw_events events;
    MW_CHECK_OK(mw_load_events(f->state, f->program, f->symbols, &events, &f->err), &f->err);
    int32_t number = mw_program_find_stream(f->program, mw_str_of(stream));
    MW_CHECK(number >= 0);
    size_t count = events.streams[number].rows.row_count;
    mw_events_release(&events);
    return count;
}

static bool has_reason(const fixture *f, const char *rule) {
    for (size_t i = 0; i < f->report.reason_count; i++)
        if (mw_str_is(f->report.reasons[i].rule, rule)) return true;
    return false;
}

static const char first_orders[] =
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
static const char first_visits[] = "at,page\n2024-01-01T10:00:00Z,a\n2024-01-01T10:00:00Z,a\n";

MW_TEST(ingest_takes_each_row_where_it_belongs) {
    fixture f;
    set_up(&f, NULL);
    write_file(&f, "orders1.csv", first_orders);
    write_file(&f, "visits.csv", first_visits);
    compile(&f, orders);
    MW_CHECK_OK(ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.ingest, 1);
    MW_CHECK_EQUAL_INT(f.report.row_count, 11);
    MW_CHECK_EQUAL_INT(f.report.quarantined, 5);
    const mw_ingest_file *file = &f.report.files[0];
    MW_CHECK_EQUAL_STR(file->file, "orders1.csv");
    MW_CHECK_EQUAL_INT(file->event_count, 2);
    MW_CHECK_EQUAL_INT(file->left_out, 1);
    MW_CHECK_EQUAL_INT(file->repeats, 1);
    MW_CHECK(has_reason(&f, "shop: must be one of north, south"));
    MW_CHECK(has_reason(&f, "time: must be there, and known too"));
    MW_CHECK(has_reason(&f, "id: stands already with other contents"));
    MW_CHECK(has_reason(&f, "price: must be at least 0"));
    MW_CHECK(has_reason(&f, "shop: must be there in all but 0% of the rows"));
    MW_CHECK_EQUAL_INT(event_count(&f, "orders"), 2);
    MW_CHECK_EQUAL_INT(event_count(&f, "orders@paid"), 1);
    MW_CHECK_EQUAL_INT(event_count(&f, "visits"), 2); /* without an id nothing repeats */

    mw_buf lines;
    mw_buf_init(&lines, 1 << 16);
    MW_CHECK_OK(mw_sys_read_file(mw_sys_real(), f.report.quarantine, &lines, &f.err), &f.err);
    mw_str first = MW_STR("{\"stream\":\"orders\",\"file\":\"orders1.csv\",\"row\":4,");
    MW_CHECK(mw_str_starts(mw_buf_str(&lines), first));
    mw_buf_release(&lines);
    tear_down(&f);
}

MW_TEST(ingest_again_has_nothing_to_do) {
    fixture f;
    char version[MW_SHA256_HEX_SIZE + 1];
    set_up(&f, NULL);
    write_file(&f, "orders1.csv", first_orders);
    write_file(&f, "visits.csv", first_visits);
    compile(&f, orders);
    MW_CHECK_OK(ingest(&f), &f.err);
    memcpy(version, f.report.data_version, sizeof version);
    MW_CHECK_OK(ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.ingest, 0);
    MW_CHECK_EQUAL_INT(f.report.unchanged_count, 2);
    MW_CHECK_EQUAL_STR(f.report.data_version, version);
    tear_down(&f);
}

MW_TEST(ingest_takes_what_is_new_in_a_grown_file) {
    fixture f;
    char grown[2000];
    set_up(&f, NULL);
    write_file(&f, "orders1.csv", first_orders);
    write_file(&f, "visits.csv", first_visits);
    compile(&f, orders);
    MW_CHECK_OK(ingest(&f), &f.err);
    snprintf(grown, sizeof grown, "%s8,2024-01-02T10:00:00Z,north,5,3\n", first_orders);
    write_file(&f, "orders1.csv", grown);
    snprintf(grown, sizeof grown, "%s2024-01-03T10:00:00Z,b\n", first_visits);
    write_file(&f, "visits.csv", grown);
    MW_CHECK_OK(ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.row_count, 2);
    MW_CHECK_EQUAL_INT(f.report.quarantined, 0);
    MW_CHECK_EQUAL_INT(event_count(&f, "orders"), 3);
    MW_CHECK_EQUAL_INT(event_count(&f, "visits"), 3);

    /* An id lets a file change in the middle: its later fields are filled, the rest repeats. */
    write_file(&f, "orders1.csv", "order,at,shop,price,delay\n"
                                  "2,2024-01-01T11:00:00Z,south,6,9\n"
                                  "8,2024-01-02T10:00:00Z,north,5,3\n");
    MW_CHECK_OK(ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.files[0].repeats, 1);
    MW_CHECK_EQUAL_INT(event_count(&f, "orders"), 3);
    MW_CHECK_EQUAL_INT(event_count(&f, "orders@paid"), 3);
    /* Without one it does not. */
    write_file(&f, "visits.csv", "at,page\n2024-01-01T10:00:00Z,c\n2024-01-01T10:00:00Z,a\n"
                                 "2024-01-03T10:00:00Z,b\n2024-01-04T10:00:00Z,b\n");
    MW_CHECK_STATUS(ingest(&f), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(f.err.message,
                       "visits.csv: its first 3 rows have changed since they were taken in");
    MW_CHECK_EQUAL_INT(event_count(&f, "visits"), 3);
    tear_down(&f);
}

MW_TEST(ingest_is_all_or_nothing) {
    fixture f;
    set_up(&f, NULL);
    write_file(&f, "orders1.csv", first_orders);
    write_file(&f, "visits.csv", first_visits);
    compile(&f, orders);
    write_file(&f, "orders2.csv", "order,shop\n1,north\n"); /* lacks a column */
    MW_CHECK_STATUS(ingest(&f), MW_INVALID);
    MW_CHECK(strstr(f.err.message, "there is no column at") != NULL);
    MW_CHECK_EQUAL_INT(event_count(&f, "orders") + event_count(&f, "visits"), 0);

    write_file(&f, "orders2.csv", "order,at,shop,price,delay\n9,NA,north,1,1\n");
    write_file(&f, "orders1.csv", "order,at,shop,price,delay\n9,NA,north,1,1\n8,NA,north,1,1\n");
    write_file(&f, "visits.csv", "at,page\nNA,a\n");
    MW_CHECK_STATUS(ingest(&f), MW_INVALID);
    MW_CHECK_EQUAL_STR(f.err.message,
                       "ingest: all 4 rows were refused; orders: time: must be there, and known "
                       "too");
    tear_down(&f);
}

MW_TEST(ingest_refuses_streams_whose_keys_have_changed) {
    fixture f;
    set_up(&f, NULL);
    write_file(&f, "visits.csv", first_visits);
    compile(&f, "project: p\nstreams:\n  visits: {from: visits.csv, time: at}\n");
    MW_CHECK_OK(ingest(&f), &f.err);
    compile(&f, "project: p\nstreams:\n  visits: {from: visits.csv, time: at, known: time + 1h}\n");
    MW_CHECK_STATUS(ingest(&f), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(f.err.message, "streams.visits: stream visits: its keys have changed "
                                      "since its events were taken in");
    tear_down(&f);
}

static mw_status ingest_in_memory(void *context) {
    fixture *f = context;
    mw_state *on_disk = f->state;
    mw_status status = mw_state_open(mw_sys_real(), NULL, MW_STATE_WRITE, &f->state, NULL);
    if (status == MW_OK) {
        status = ingest(f);
        mw_ingest_report_release(&f->report);
        mw_state_close(f->state);
    }
    f->state = on_disk;
    return status;
}

MW_TEST(ingest_survives_every_failing_allocation) {
    fixture f;
    set_up(&f, NULL);
    write_file(&f, "visits.csv", first_visits);
    compile(&f, "project: p\nstreams:\n  visits: {from: visits.csv, time: at}\n");
    MW_CHECK_OK(ingest_in_memory(&f), &f.err); /* a full table of texts is told otherwise */
    MW_CHECK(mw_test_every_allocation_fails(ingest_in_memory, &f) > 20);
    tear_down(&f);
}
