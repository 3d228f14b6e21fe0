#include "store/lake_storage.h"

#include <stdio.h>

#include "testing/test.h"

/* Names that clash with the lake's own, and with each other but for their case. */
static mw_field fields[] = {{{"time", 4}, MW_TYPE_NUMBER}, {{"Place", 5}, MW_TYPE_NUMBER},
                            {{"a", 1}, MW_TYPE_NUMBER},    {{"A", 1}, MW_TYPE_NUMBER}};
static const mw_schema schema = {fields, 4}, *schemas[] = {&schema};

static void behaves(mw_lake_storage *storage, mw_symbols *symbols) {
    mw_events events, actual;
    mw_error err;
    mw_str *paths, path = MW_STR("s/000001.parquet");
    size_t count;
    int64_t size;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    MW_CHECK_OK(mw_events_init(&events, schemas, 1, &err), &err);
    for (int i = 0; i < 3; i++) {
        mw_cell row[4] = {mw_cell_number(i), mw_cell_number(10 + i), mw_cell_number(20 + i),
                          mw_cell_number(30 + i)};
        mw_event event = {.stream = 0, .time = i, .known = i + 100, .place = i + 200, .row = row};
        MW_CHECK_OK(mw_events_add(&events, &event, &err), &err);
    }
    const size_t order[] = {2, 0};
    mw_lake_rows rows = {&events.streams[0], symbols, order, 2};
    MW_CHECK_OK(mw_lake_storage_write(storage, path, &rows, &err), &err);
    MW_CHECK_OK(mw_lake_storage_write(storage, path, &rows, &err), &err); /* replaces it */
    MW_CHECK_OK(mw_lake_storage_list(storage, &arena, &paths, &count, &err), &err);
    MW_CHECK_EQUAL_INT(count, 1);
    MW_CHECK_EQUAL_STR(paths[0], path);
    MW_CHECK_OK(mw_lake_storage_size(storage, path, &size, &err), &err);

    const size_t columns[] = {0, 1, 2, 3};
    mw_lake_reading reading = {columns, 0, symbols, {MW_TIME_MISSING, 0}, INT64_MIN};
    MW_CHECK_OK(mw_events_init(&actual, schemas, 1, &err), &err);
    MW_CHECK_OK(mw_lake_storage_read(storage, path, &reading, &actual, &err), &err);
    MW_CHECK_EQUAL_INT(actual.event_count, 2);
    const mw_stream_events *stream = &actual.streams[0];
    MW_CHECK(stream->times[0] == 2 && stream->knowns[0] == 102 && stream->places[0] == 202);
    for (size_t i = 0; i < 4; i++)
        MW_CHECK(mw_table_row(&stream->rows, 0)[i].number == (double)(10 * i + 2));
    mw_events_release(&actual);
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
        behaves(storage, symbols);
        mw_lake_storage_close(storage);
    }
    mw_symbols_destroy(symbols);
    mw_duck_close(duck);
}
