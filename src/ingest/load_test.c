#include "ingest/load.h"

#include <string.h>

#include "ingest/shop_test.h"

MW_TEST(load_gives_all_streams_sorted_by_place) {
    shop f;
    mw_lake_snapshot snapshot;
    mw_events events;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    mw_load_wish wish = {f.state, f.program, f.symbols, INT64_MIN};
    MW_CHECK_OK(mw_load_lake(wish, &snapshot, &events, &f.err), &f.err);
    MW_CHECK_EQUAL_INT(events.event_count, 5);
    for (size_t i = 1; i < events.event_count; i++)
        MW_CHECK(mw_events_at(&events, i - 1).place <= mw_events_at(&events, i).place);
    mw_events_release(&events);
    shop_tear_down(&f);
}

/* Each key that shapes events changes the definition; a key that does not leaves it. */
MW_TEST(load_definition_tells_what_shapes_events) {
    static const char *const streams[] = {
        "  visits: {from: visits.csv, time: at}\n",
        "  visits: {from: visits.csv, time: at + 1m}\n",
        "  visits: {from: visits.csv, time: at, known: time + 1h}\n",
        "  visits: {from: visits.csv, time: at, id: page}\n",
        "  visits: {from: visits.csv, time: at, where: page = 'a'}\n",
        "  visits: {from: visits.csv, time: at, fields: {late: at + 1d}}\n",
        "  visits: {from: visits.csv, time: at, fields: {late: at + 2d}}\n",
        "  visits: {from: visits.csv, time: at, types: {page: category}}\n",
    };
    enum { COUNT = sizeof streams / sizeof *streams };
    char hashes[COUNT][MW_SHA256_HEX_SIZE + 1], same[MW_SHA256_HEX_SIZE + 1];
    shop f;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    for (size_t i = 0; i < COUNT; i++) {
        char yaml[400];
        snprintf(yaml, sizeof yaml, "project: p\nstreams:\n%s", streams[i]);
        shop_compile(&f, yaml);
        mw_source_definition(f.program, 0, hashes[i]);
        for (size_t k = 0; k < i; k++) MW_CHECK(strcmp(hashes[i], hashes[k]) != 0);
    }
    shop_compile(&f, "project: other\nstreams:\n"
                     "  visits: {from: v*.csv, time:  at, checks: {page: {missing: 50%}}}\n");
    mw_source_definition(f.program, 0, same);
    MW_CHECK_EQUAL_STR(same, hashes[0]);
    shop_tear_down(&f);
}
