#include "base/prng.h"
#include "table/event.h"
#include "testing/test.h"

#include <stdlib.h>

static mw_field number_field[] = {{{"x", 1}, MW_TYPE_NUMBER}};
static const mw_schema number_schema = {number_field, 1};
static const mw_schema *const schemas[] = {&number_schema, &number_schema, &number_schema};
enum { STREAMS = 3 };

typedef struct {
    int32_t stream;
    int64_t place;
    size_t row;
    double x;
} model_event;

static int compare_model(const void *left, const void *right) {
    const model_event *a = left, *b = right;
    if (a->place != b->place) return a->place < b->place ? -1 : 1;
    if (a->stream != b->stream) return a->stream < b->stream ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static mw_status add(mw_events *events, int32_t stream, int64_t place, double x, mw_error *err) {
    mw_cell row = mw_cell_number(x);
    mw_event event = {.stream = stream, .time = place - 3, .known = place - 1, .place = place,
                      .row = &row};
    return mw_events_add(events, &event, err);
}

/* A row tells what it replaces, if it is a correction, and whatever comes after it. */
MW_TEST(events_keep_what_corrections_replace) {
    enum { ROWS = 500 };
    mw_events events;
    mw_error err;
    uint64_t prng = mw_test_seed();
    MW_CHECK_OK(mw_events_init(&events, schemas, STREAMS, &err), &err);
    bool corrects[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        mw_cell row = mw_cell_number((double)i), replaced = mw_cell_number((double)i - 0.5);
        mw_event event = {.stream = 1, .time = 2, .known = 3, .place = 4, .row = &row};
        corrects[i] = mw_prng_below(&prng, 3) == 0;
        if (corrects[i]) {
            event.replaced = &replaced;
            event.replaced_time = (int64_t)i + 1;
            event.replaced_from = (int64_t)i;
        }
        MW_CHECK_OK(mw_events_add(&events, &event, &err), &err);
    }
    for (size_t i = 0; i < ROWS; i++) {
        mw_event event = mw_events_row(&events, 1, i);
        MW_CHECK((event.replaced != NULL) == corrects[i]);
        if (!event.replaced) continue;
        MW_CHECK_EQUAL_DOUBLE_BITS(event.replaced[0].number, (double)i - 0.5);
        MW_CHECK(event.replaced_time == (int64_t)i + 1 && event.replaced_from == (int64_t)i);
        MW_CHECK_EQUAL_INT(mw_event_counts_from(&event), i > 4 ? (int64_t)i : 4);
    }
    mw_events_release(&events);
}

/* Places of many widths and signs, with ties, in any order: what qsort gives, to the row. */
static void check_against_qsort(uint64_t *prng, size_t count) {
    model_event *model = mw_allocate((count + 1) * sizeof *model);
    MW_CHECK(model != NULL);
    mw_events events;
    mw_error err;
    MW_CHECK_OK(mw_events_init(&events, schemas, STREAMS, &err), &err);
    size_t rows[STREAMS] = {0};
    unsigned shift = (unsigned)mw_prng_below(prng, 64);
    for (size_t i = 0; i < count; i++) {
        int32_t stream = (int32_t)mw_prng_below(prng, STREAMS);
        int64_t place = (int64_t)mw_prng_next(prng) >> shift;
        if (place < INT64_MIN + 3) place = 0;
        model[i] = (model_event){stream, place, rows[stream]++, (double)i};
        MW_CHECK_OK(add(&events, stream, place, (double)i, &err), &err);
    }
    qsort(model, count, sizeof *model, compare_model);
    MW_CHECK_OK(mw_events_sort(&events, &err), &err);
    MW_CHECK_EQUAL_INT(events.event_count, count);
    for (size_t i = 0; i < count; i++) {
        mw_event event = mw_events_at(&events, i);
        MW_CHECK_EQUAL_INT(event.stream, model[i].stream);
        MW_CHECK_EQUAL_INT(event.place, model[i].place);
        MW_CHECK(event.known == event.place - 1 && event.time == event.place - 3);
        MW_CHECK_EQUAL_DOUBLE_BITS(event.row[0].number, model[i].x);
    }
    mw_events_release(&events);
    mw_free(model);
}

MW_TEST(events_sort_as_qsort_does) {
    uint64_t prng = mw_test_seed();
    for (size_t round = 0; round < 60; round++) check_against_qsort(&prng, round * 37);
    check_against_qsort(&prng, 50000);
}

/* In order of place as they stand, and with one that is not: at the end, where a hasty look might
   miss it. */
MW_TEST(events_that_come_in_order_stay_unless_one_does_not) {
    for (int64_t last = 9; last >= 8; last--) {
        mw_events events;
        mw_error err;
        MW_CHECK_OK(mw_events_init(&events, schemas, STREAMS, &err), &err);
        for (int64_t i = 0; i < 10; i++)
            MW_CHECK_OK(add(&events, i < 5 ? 0 : 1, i < 9 ? i / 2 * 2 : last - 2 * (9 - last),
                            (double)i, &err), &err);
        MW_CHECK_OK(mw_events_sort(&events, &err), &err);
        static const double sorted[2][10] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
                                             {0, 1, 2, 3, 4, 5, 6, 7, 9, 8}};
        for (size_t i = 0; i < 10; i++)
            MW_CHECK_EQUAL_DOUBLE_BITS(mw_events_at(&events, i).row[0].number,
                                       sorted[9 - last][i]);
        mw_events_release(&events);
    }
}

MW_TEST(events_take_more_after_sorting) {
    mw_events events;
    mw_error err;
    MW_CHECK_OK(mw_events_init(&events, schemas, STREAMS, &err), &err);
    MW_CHECK_OK(mw_events_sort(&events, &err), &err);
    MW_CHECK_OK(add(&events, 1, 20, 1, &err), &err);
    MW_CHECK_OK(mw_events_sort(&events, &err), &err);
    MW_CHECK_OK(add(&events, 0, 20, 2, &err), &err);
    MW_CHECK_OK(add(&events, 2, 10, 3, &err), &err);
    MW_CHECK(events.order == NULL);
    MW_CHECK_OK(mw_events_sort(&events, &err), &err);
    MW_CHECK_EQUAL_INT(mw_events_at(&events, 0).stream, 2);
    MW_CHECK_EQUAL_INT(mw_events_at(&events, 1).stream, 0);
    MW_CHECK_EQUAL_INT(mw_events_at(&events, 2).stream, 1);
    mw_events_release(&events);
    mw_events_release(&events);
}

/* The same by what mw_event_counts_from says of each row. */
static bool all_count_in_place(const mw_events *events) {
    for (int32_t s = 0; s < STREAMS; s++)
        for (size_t row = 0; row < events->streams[s].rows.row_count; row++) {
            mw_event event = mw_events_row(events, s, row);
            if (mw_event_counts_from(&event) > event.place) return false;
        }
    return true;
}

/* Mostly one that counts where it stands; now and then known later, or correcting what does. */
static mw_status add_any(mw_events *events, uint64_t *prng, mw_error *err) {
    mw_cell row = mw_cell_number(1);
    int64_t place = (int64_t)mw_prng_below(prng, 100);
    mw_event event = {.stream = (int32_t)mw_prng_below(prng, STREAMS), .place = place,
                      .known = place, .row = &row};
    uint64_t choice = mw_prng_below(prng, 40);
    if (choice == 0) event.known = place + 1;
    if (choice == 1 || choice == 2) {
        event.replaced = &row;
        event.replaced_from = place + (choice == 1);
    }
    return mw_events_add(events, &event, err);
}

MW_TEST(events_know_whether_all_count_in_place) {
    mw_events events;
    mw_error err;
    size_t counts[2] = {0};
    uint64_t prng = mw_test_seed();
    MW_CHECK_OK(mw_events_init(&events, schemas, STREAMS, &err), &err);
    MW_CHECK(mw_events_count_in_place(&events));
    for (int i = 0; i < 3000; i++) {
        MW_CHECK_OK(add_any(&events, &prng, &err), &err);
        bool expected = all_count_in_place(&events);
        MW_CHECK_EQUAL_INT(mw_events_count_in_place(&events), expected);
        counts[expected]++;
        if (mw_prng_below(&prng, 10) == 0)
            mw_events_clear_stream(&events, (int32_t)mw_prng_below(&prng, STREAMS));
    }
    MW_CHECK(counts[false] > 100 && counts[true] > 100);
    mw_events_release(&events);
}

/* One that could not be added is not counted as late. */
MW_TEST(events_that_were_not_added_do_not_count_late) {
    mw_events events;
    mw_cell row = mw_cell_number(1);
    mw_event late = {.known = 5, .place = 4, .row = &row, .replaced = &row, .replaced_from = 6};
    MW_CHECK_OK(mw_events_init(&events, schemas, STREAMS, NULL), NULL);
    mw_status status = MW_NO_MEMORY;
    for (size_t n = 0; status == MW_NO_MEMORY; n++) {
        MW_CHECK(mw_events_count_in_place(&events));
        mw_memory_fail_after(n);
        status = mw_events_add(&events, &late, NULL);
        mw_memory_fail_after(SIZE_MAX);
    }
    MW_CHECK_OK(status, NULL);
    MW_CHECK(!mw_events_count_in_place(&events));
    mw_events_release(&events);
}

MW_TEST(events_refuse_too_many_streams) {
    mw_events events;
    mw_error err;
    MW_CHECK_STATUS(mw_events_init(&events, schemas, MW_STREAMS_MAX + 1, &err), MW_TOO_LARGE);
    MW_CHECK_EQUAL_STR(err.message, "events: there may be 1024 streams, got 1025");
    mw_events_release(&events);
}

static mw_status fill_and_sort(void *context) {
    (void)context;
    mw_events events;
    mw_status status = mw_events_init(&events, schemas, STREAMS, NULL);
    for (int i = 0; i < 60 && status == MW_OK; i++) {
        status = add(&events, i % STREAMS, 1000 - i, i, NULL);
        MW_CHECK_EQUAL_INT(events.event_count, status == MW_OK ? i + 1 : i);
    }
    if (status == MW_OK) status = mw_events_sort(&events, NULL);
    if (status == MW_OK) MW_CHECK_EQUAL_INT(mw_events_at(&events, 0).place, 941);
    mw_events_release(&events);
    return status;
}

MW_TEST(events_survive_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(fill_and_sort, NULL) > 10);
}
