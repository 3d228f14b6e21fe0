#include "ingest/inferred.h"

#include "ingest/shop_test.h"

static mw_status infer(shop *f, mw_schema **columns) {
    mw_data_reader reader = {.sys = mw_sys_real(), .duck = mw_state_duck(f->state),
                             .symbols = f->symbols, .zone = mw_zone_utc()};
    mw_infer_config config = {.reader = &reader, .catalog = mw_state_catalog(f->state),
                              .project = f->project, .folder = f->folder};
    return mw_infer_columns(&config, &f->arena, &f->diagnostics, columns, &f->err);
}

/* The types come from the data once; then they stand, whatever the files say or are gone. */
MW_TEST(inferred_columns_stand_once_events_do) {
    shop f;
    mw_schema *columns;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, "project: p\nstreams:\n  visits: {from: visits.csv, time: at}\n");
    shop_write_file(&f, "visits.csv", "at,page\n2024-01-01,7\n");
    MW_CHECK_OK(infer(&f, &columns), &f.err);
    MW_CHECK_EQUAL_INT(columns[0].fields[1].type, MW_TYPE_NUMBER);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    shop_write_file(&f, "visits.csv", "at,page\n2024-01-01,7\n");
    MW_CHECK_OK(infer(&f, &columns), &f.err);
    MW_CHECK_EQUAL_INT(columns[0].field_count, 2);
    MW_CHECK_EQUAL_STR(columns[0].fields[1].name, "page");
    MW_CHECK_EQUAL_INT(columns[0].fields[1].type, MW_TYPE_TEXT);
    shop_tear_down(&f);
}

MW_TEST(inferred_columns_name_the_stream_that_has_none) {
    shop f;
    mw_schema *columns;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, "project: p\nstreams:\n  visits: {from: visits.csv, time: at}\n");
    MW_CHECK_OK(mw_sys_remove(mw_sys_real(), f.folder, &f.err), &f.err);
    MW_CHECK_OK(infer(&f, &columns), &f.err);
    MW_CHECK(columns[0].field_count == 0 && f.diagnostics.count == 1);
    const mw_diagnostic *told = &f.diagnostics.entries[0];
    MW_CHECK(told->status == MW_NOT_FOUND && told->position.line == 3);
    MW_CHECK_EQUAL_INT(told->position.column, 18); /* of what `from` says */
    MW_CHECK(mw_str_starts(told->message, MW_STR("streams.visits: /")));
    MW_CHECK(mw_str_ends(told->message, MW_STR("visits.csv: there is no such file")));

    mw_data_reader reader = {.sys = mw_sys_real(), .duck = mw_state_duck(f.state),
                             .symbols = f.symbols, .zone = mw_zone_utc()};
    mw_infer_config given = {.reader = &reader, .project = f.project, .folder = f.folder,
                             .from = MW_STR("other.csv")};
    MW_CHECK_STATUS(mw_infer_columns(&given, &f.arena, &f.diagnostics, &columns, &f.err),
                    MW_NOT_FOUND);
    MW_CHECK(mw_str_starts(mw_str_of(f.err.message), MW_STR("streams.visits: /")));
    MW_CHECK_EQUAL_INT(f.diagnostics.count, 1); /* not the project's mistake */
    shop_tear_down(&f);
}
