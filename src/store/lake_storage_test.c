#include "store/lake_storage.h"

#include <stdio.h>

#include "testing/test.h"

/* Names that clash with the lake's own, and with each other but for their case. */
static mw_field fields[] = {{{"time", 4}, MW_TYPE_NUMBER}, {{"Place", 5}, MW_TYPE_NUMBER},
                            {{"a", 1}, MW_TYPE_NUMBER},    {{"A", 1}, MW_TYPE_NUMBER}};
static const mw_schema schema = {fields, 4}, *schemas[] = {&schema};

/* Three rows; the last one is a correction, if any is. */
static void fill(mw_events *events, bool corrects) {
    mw_error err;
    for (int i = 0; i < 3; i++) {
        mw_cell row[4] = {mw_cell_number(i), mw_cell_number(10 + i), mw_cell_number(20 + i),
                          mw_cell_number(30 + i)};
        mw_cell replaced[4] = {mw_cell_number(1), mw_cell_number(2), mw_cell_number(3),
                               mw_cell_number(4)};
        mw_event event = {.stream = 0, .time = i, .known = i + 100, .place = i + 200, .row = row};
        if (corrects && i == 2) { /* and the others do not */
            event.replaced = replaced;
            event.replaced_time = 7;
            event.replaced_from = 8;
        }
        MW_CHECK_OK(mw_events_add(events, &event, &err), &err);
    }
}

static void behaves(mw_lake_storage *storage, mw_symbols *symbols, bool corrects) {
    mw_events events, actual;
    mw_error err;
    mw_str *paths, path = MW_STR("s/000001.parquet");
    size_t count;
    int64_t size, checksum;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    MW_CHECK_OK(mw_events_init(&events, schemas, 1, &err), &err);
    fill(&events, corrects);
    const size_t order[] = {2, 0};
    mw_lake_rows rows = {&events.streams[0], symbols, order, 2};
    MW_CHECK_OK(mw_lake_storage_write(storage, path, &rows, &err), &err);
    MW_CHECK_OK(mw_lake_storage_write(storage, path, &rows, &err), &err); /* replaces it */
    MW_CHECK_OK(mw_lake_storage_list(storage, &arena, &paths, &count, &err), &err);
    MW_CHECK_EQUAL_INT(count, 1);
    MW_CHECK_EQUAL_STR(paths[0], path);
    MW_CHECK_OK(mw_lake_storage_measure(storage, path, &size, &checksum, &err), &err);

    const size_t columns[] = {0, 1, 2, 3};
    mw_lake_reading reading = {.columns = columns,
                               .stored_count = 4,
                               .has_corrections = corrects,
                               .checksum = checksum,
                               .symbols = symbols,
                               .places = {MW_TIME_MISSING, 0},
                               .after = INT64_MIN,
                               .through = MW_TIME_MISSING};
    MW_CHECK_OK(mw_events_init(&actual, schemas, 1, &err), &err);
    MW_CHECK_OK(mw_lake_storage_read(storage, path, &reading, &actual, &err), &err);
    MW_CHECK_EQUAL_INT(actual.event_count, 2);
    const mw_stream_events *stream = &actual.streams[0];
    MW_CHECK(stream->times[0] == 2 && stream->knowns[0] == 102 && stream->places[0] == 202);
    for (size_t i = 0; i < 4; i++)
        MW_CHECK(mw_table_row(&stream->rows, 0)[i].number == (double)(10 * i + 2));
    MW_CHECK_EQUAL_INT(stream->correction_count, corrects);
    mw_event first = mw_events_row(&actual, 0, 0);
    MW_CHECK(!corrects || (first.replaced_time == 7 && first.replaced_from == 8 &&
                           first.replaced[0].number == 1 && first.replaced[3].number == 4));
    mw_events_release(&actual);
    reading.after = 199;
    reading.through = 200; /* the second row alone */
    MW_CHECK_OK(mw_events_init(&actual, schemas, 1, &err), &err);
    MW_CHECK_OK(mw_lake_storage_read(storage, path, &reading, &actual, &err), &err);
    MW_CHECK(actual.event_count == 1 && actual.streams[0].places[0] == 200);
    mw_events_release(&actual);
    reading.after = INT64_MIN;
    reading.through = MW_TIME_MISSING;
    reading.places = (mw_places){9, 3};
    MW_CHECK_OK(mw_events_init(&actual, schemas, 1, &err), &err);
    MW_CHECK_OK(mw_lake_storage_read(storage, path, &reading, &actual, &err), &err);
    MW_CHECK(actual.streams[0].places[0] == 9 && actual.streams[0].places[1] == 12);
    MW_CHECK_OK(mw_lake_storage_remove(storage, path, &err), &err);
    MW_CHECK(mw_lake_storage_read(storage, path, &reading, &actual, &err) != MW_OK);
    MW_CHECK_OK(mw_lake_storage_list(storage, &arena, &paths, &count, &err), &err);
    MW_CHECK_EQUAL_INT(count, 0);
    mw_events_release(&actual);
    mw_events_release(&events);
    mw_arena_release(&arena);
}

MW_TEST(lake_storage_behaves_alike_in_memory_and_in_a_folder) {
    mw_duck_config config = {.thread_count = 1};
    mw_duck *duck;
    mw_symbols *symbols;
    mw_lake_storage *storage;
    mw_error err;
    char folder[512];
    snprintf(folder, sizeof folder, "%s/lake", mw_test_directory());
    MW_CHECK_OK(mw_duck_open(mw_sys_real(), config, &duck, &err), &err);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, &err), &err);
    const char *const folders[] = {NULL, folder};
    for (int i = 0; i < 2; i++) {
        MW_CHECK_OK(mw_lake_storage_open(mw_sys_real(), duck, folders[i], &storage, &err), &err);
        behaves(storage, symbols, false);
        behaves(storage, symbols, true);
        mw_lake_storage_close(storage);
    }
    mw_symbols_destroy(symbols);
    mw_duck_close(duck);
}

static mw_status read_anew(mw_duck *duck, const char *folder, mw_lake_reading *reading,
                           mw_error *err) {
    mw_lake_storage *storage;
    mw_events events;
    MW_CHECK_OK(mw_lake_storage_open(mw_sys_real(), duck, folder, &storage, err), err);
    MW_CHECK_OK(mw_events_init(&events, schemas, 1, err), err);
    mw_status status =
        mw_lake_storage_read(storage, MW_STR("s/1.parquet"), reading, &events, err);
    mw_events_release(&events);
    mw_lake_storage_close(storage);
    return status;
}

static void flip(const char *folder, uint64_t offset) {
    char path[512], byte;
    mw_file *file;
    size_t size;
    snprintf(path, sizeof path, "%s/s/1.parquet", folder);
    MW_CHECK_OK(mw_sys_open(mw_sys_real(), path, MW_FILE_UPDATE, &file, NULL), NULL);
    MW_CHECK_OK(mw_file_read(file, offset, &byte, 1, &size, NULL), NULL);
    byte ^= 4;
    MW_CHECK_OK(mw_file_write(file, offset, &byte, 1, NULL), NULL);
    mw_file_close(file);
}

/* Parquet's readers take a flipped bit of a value for another value. */
MW_TEST(lake_storage_reads_no_byte_that_was_not_written) {
    mw_duck *duck;
    mw_symbols *symbols;
    mw_lake_storage *storage;
    mw_events events;
    mw_error err;
    const size_t rows[] = {0, 1, 2}, columns[] = {0, 1, 2, 3};
    mw_lake_reading reading = {.columns = columns, .stored_count = 4, .after = INT64_MIN,
                               .places = {MW_TIME_MISSING, 0}, .through = MW_TIME_MISSING};
    const char *folder = mw_test_directory();
    int64_t size;
    MW_CHECK_OK(mw_duck_open(mw_sys_real(), (mw_duck_config){.thread_count = 1}, &duck, &err),
                &err);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, &err), &err);
    MW_CHECK_OK(mw_lake_storage_open(mw_sys_real(), duck, folder, &storage, &err), &err);
    MW_CHECK_OK(mw_events_init(&events, schemas, 1, &err), &err);
    fill(&events, false);
    mw_lake_rows written = {&events.streams[0], symbols, rows, 3};
    MW_CHECK_OK(mw_lake_storage_write(storage, MW_STR("s/1.parquet"), &written, &err), &err);
    MW_CHECK_OK(mw_lake_storage_measure(storage, MW_STR("s/1.parquet"), &size,
                                        &reading.checksum, &err), &err);
    reading.symbols = symbols;
    for (int64_t at = 0; at < size; at += 61) {
        flip(folder, (uint64_t)at);
        MW_CHECK_STATUS(read_anew(duck, folder, &reading, &err), MW_CORRUPT);
        MW_CHECK_EQUAL_STR(err.message, "lake: s/1.parquet cannot be read: its bytes are not "
                                        "those that were written");
        flip(folder, (uint64_t)at);
    }
    MW_CHECK_OK(read_anew(duck, folder, &reading, &err), &err);
    reading.checksum = MW_NO_CHECKSUM; /* of a file that is older than checksums */
    MW_CHECK_OK(read_anew(duck, folder, &reading, &err), &err);
    mw_events_release(&events);
    mw_lake_storage_close(storage);
    mw_symbols_destroy(symbols);
    mw_duck_close(duck);
}

/* A file of ours that somebody else has written again. */
MW_TEST(lake_storage_refuses_groups_of_unknown_places) {
    mw_duck_config config = {.thread_count = 1};
    mw_duck *duck;
    mw_lake_storage *storage;
    mw_lake_groups groups = {0};
    mw_error err;
    char sql[1024];
    const char *folder = mw_test_directory();
    MW_CHECK_OK(mw_duck_open(mw_sys_real(), config, &duck, &err), &err);
    MW_CHECK_OK(mw_lake_storage_open(mw_sys_real(), duck, folder, &storage, &err), &err);
    snprintf(sql, sizeof sql, "COPY (SELECT NULL::TIMESTAMP AS place) TO '%s/a.parquet'", folder);
    MW_CHECK_OK(mw_duck_run(duck, sql, &err), &err);
    MW_CHECK_STATUS(mw_lake_storage_groups(storage, MW_STR("a.parquet"), &groups, &err),
                    MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message, "lake: a.parquet cannot be read: a row group does not say "
                                    "which places it holds");
    mw_lake_storage_close(storage);
    mw_duck_close(duck);
}
