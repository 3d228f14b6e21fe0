#include "cli/late_truth.h"

#include "testing/declare.h"
#include "testing/test.h"

typedef struct {
    mw_event_parts parts;
    const mw_events *events; /* all in one part; NULL: given already */
} one_part;

static mw_status give(mw_event_parts *parts, const mw_events **out_part, mw_error *err) {
    one_part *it = (one_part *)parts;
    (void)err;
    *out_part = it->events;
    it->events = NULL;
    return MW_OK;
}

typedef struct {
    int32_t stream;
    int64_t time, known;
    int64_t replaced_time; /* 0: it is no correction */
} happening;

/* Orders are known a day later, and 2 hours late at most; views are no label's. */
static uint64_t count_late(const happening *all, size_t count, int64_t now) {
    mw_test_project project = mw_test_compile(
        "stream orders:\n  columns: shop category, at time\n  time: at\n  known: time + 1d\n"
        "  late: 2h\n  id: shop\n"
        "stream views:\n  columns: shop category, at time\n  time: at\n"
        "feature seen: count(views by shop over 1d)\n"
        "model m:\n  moment: on orders\n  label: any(orders by shop over next 1d)\n");
    const mw_schema *schemas[] = {&project.program->streams[0].schema,
                                  &project.program->streams[1].schema};
    mw_cell row[] = {mw_cell_missing(MW_TYPE_CATEGORY), mw_cell_time(1)};
    mw_events events;
    MW_CHECK_OK(mw_events_init(&events, schemas, 2, NULL), NULL);
    for (size_t i = 0; i < count; i++) {
        mw_event event = {.stream = all[i].stream, .time = all[i].time, .known = all[i].known,
                          .place = all[i].known, .row = row,
                          .replaced = all[i].replaced_time ? row : NULL,
                          .replaced_time = all[i].replaced_time, .replaced_from = 1};
        MW_CHECK_OK(mw_events_add(&events, &event, NULL), NULL);
    }
    MW_CHECK_OK(mw_events_sort(&events, NULL), NULL);
    one_part from = {{give, 5, true}, &events};
    const mw_events *part = NULL;
    mw_late_truth late;
    mw_late_truth_init(&late, project.program, project.model, &from.parts, now);
    MW_CHECK(late.parts.last_place == 5 && late.parts.counts_in_place);
    MW_CHECK_OK(late.parts.next(&late.parts, &part, NULL), NULL);
    MW_CHECK(part == &events);
    MW_CHECK_OK(late.parts.next(&late.parts, &part, NULL), NULL);
    MW_CHECK(!part);
    MW_CHECK_EQUAL_STR(late.stream, late.count > 0 ? "orders" : "");
    mw_events_release(&events);
    mw_test_project_release(&project);
    return late.count;
}

MW_TEST(late_truth_counts_what_no_label_waited_for) {
    const int64_t wait = 26 * MW_HOUR_US, day = MW_DAY_US;
    const happening all[] = {
        {0, day, day + wait, 0},         /* just in time */
        {0, day, day + wait + 1, 0},     /* too late */
        {1, day, day + 10 * day, 0},     /* no label looks at it */
        {0, 9 * day, 9 * day + wait, 8 * day}, /* takes away what was a day before */
        {0, 9 * day, 9 * day + wait, 10 * day},
        {0, 8 * day, 20 * day, 0},       /* too late, but after all that is asked */
    };
    MW_CHECK_EQUAL_INT(count_late(all, 1, 19 * day), 0);
    MW_CHECK_EQUAL_INT(count_late(all, 2, 19 * day), 1);
    MW_CHECK_EQUAL_INT(count_late(all, 3, 19 * day), 1);
    MW_CHECK_EQUAL_INT(count_late(all, 6, 19 * day), 2);
    MW_CHECK_EQUAL_INT(count_late(all, 6, 20 * day), 3);
    MW_CHECK_EQUAL_INT(count_late(all, 0, 0), 0);
}
