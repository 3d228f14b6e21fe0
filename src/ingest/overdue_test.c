#include "ingest/overdue.h"

#include "testing/declare.h"
#include "testing/test.h"

enum { STREAMS = 3 };

/* Returns say when they are known and wait 2 hours; orders and prices declare a span. */
static mw_test_project declare(void) {
    return mw_test_compile(
        "stream orders:\n  columns: shop category, at time\n  time: at\n  known: time + 1d\n"
        "stream returns:\n  columns: shop category, at time, seen time\n  time: at\n"
        "  known: seen\n  late: 2h\n"
        "stream notes:\n  columns: shop category, at time, seen time\n  time: at\n"
        "  known: seen\n");
}

static void add(mw_events *events, int32_t stream, int64_t time, int64_t delay_us, bool corrects) {
    mw_cell row[] = {mw_cell_missing(MW_TYPE_CATEGORY), mw_cell_time(1), mw_cell_time(1)};
    mw_event event = {.stream = stream, .time = time, .known = time + delay_us,
                      .place = time + delay_us, .row = row, .replaced = corrects ? row : NULL,
                      .replaced_time = time, .replaced_from = time};
    MW_CHECK_OK(mw_events_add(events, &event, NULL), NULL);
}

MW_TEST(overdue_is_what_becomes_known_later_than_its_stream_waits) {
    mw_test_project project = declare();
    const mw_schema *schemas[STREAMS];
    mw_overdue found[STREAMS];
    mw_events events;
    for (size_t i = 0; i < STREAMS; i++) schemas[i] = &project.program->streams[i].schema;
    MW_CHECK_OK(mw_events_init(&events, schemas, STREAMS, NULL), NULL);
    for (int64_t i = 0; i < 200; i++) {
        add(&events, 0, i, 100 * MW_DAY_US, false); /* whatever it is: it is declared */
        add(&events, 1, i, 2 * MW_HOUR_US, false);  /* just in time */
        add(&events, 2, i, MW_HOUR_US, false);
    }
    add(&events, 1, 500, 9 * MW_DAY_US, true); /* a correction */
    MW_CHECK_EQUAL_INT(mw_overdue_find(project.program, &events, found), 0);
    add(&events, 1, 300, 2 * MW_HOUR_US + 1, false);
    add(&events, 1, 300, 3 * MW_DAY_US, false);
    add(&events, 1, 300, -MW_DAY_US, false);
    MW_CHECK_EQUAL_INT(mw_overdue_find(project.program, &events, found), 1);
    MW_CHECK_EQUAL_STR(found[0].stream, "returns");
    MW_CHECK_EQUAL_INT(found[0].waits_us, 2 * MW_HOUR_US);
    MW_CHECK_EQUAL_INT(found[0].count, 2);
    MW_CHECK_EQUAL_INT(found[0].of, 203);
    MW_CHECK(found[0].most_us >= 2 * MW_HOUR_US && found[0].most_us < 3 * MW_HOUR_US);
    MW_CHECK_EQUAL_INT(found[0].longest_us, 3 * MW_DAY_US);
    mw_events_release(&events);
    mw_test_project_release(&project);
}
