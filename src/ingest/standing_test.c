#include "ingest/standing.h"

#include "base/prng.h"
#include "testing/test.h"

enum { IDS = 300, ROUNDS = 2000 };
static mw_field fields[] = {{{"a", 1}, MW_TYPE_NUMBER},
                            {{"b", 1}, MW_TYPE_NUMBER},
                            {{"value", 5}, MW_TYPE_NUMBER}};
static const mw_schema schema = {fields, 3}, *schemas[] = {&schema};
static int32_t id_fields[] = {1, 0};
static const mw_stream stream = {.id_count = 2, .id_fields = id_fields};

/* What a plain list of the first event of each id says. */
typedef struct {
    bool stands, is_fresh; /* of this ingest, or seen in it */
    double value;
    int64_t time;
} model_entry;

static mw_stands expected(const model_entry *entry, double value, int64_t time) {
    if (!entry->stands) return MW_STANDS_NOT;
    if (entry->value != value || entry->time != time)
        return entry->is_fresh ? MW_STANDS_FRESH_OTHERWISE : MW_STANDS_OTHERWISE;
    return entry->is_fresh ? MW_STANDS_FRESH : MW_STANDS_IN_LAKE;
}

static void add(mw_events *events, size_t id, double value, int64_t time) {
    mw_cell cells[3] = {mw_cell_number((double)(id % 17)), mw_cell_number((double)(id / 17)),
                        mw_cell_number(value)};
    mw_event event = {.stream = 0, .time = time, .known = time, .place = time, .row = cells};
    MW_CHECK_OK(mw_events_add(events, &event, NULL), NULL);
}

MW_TEST(standing_agrees_with_a_list) {
    static model_entry model[IDS];
    mw_events lake, fresh;
    mw_standing *standing;
    mw_error err;
    uint64_t prng = mw_test_seed();
    size_t seen[5] = {0};
    MW_CHECK_OK(mw_events_init(&lake, schemas, 1, &err), &err);
    MW_CHECK_OK(mw_events_init(&fresh, schemas, 1, &err), &err);
    for (size_t id = 0; id < IDS; id += 3) {
        add(&lake, id, 1, 0);
        model[id] = (model_entry){true, false, 1, 0};
    }
    MW_CHECK_OK(mw_standing_create(&stream, 0, &lake, &fresh, &standing, &err), &err);
    for (int i = 0; i < ROUNDS; i++) {
        size_t id = mw_prng_below(&prng, IDS);
        double value = (double)mw_prng_below(&prng, 2);
        int64_t time = (int64_t)mw_prng_below(&prng, 2);
        mw_cell cells[3] = {mw_cell_number((double)(id % 17)),
                            mw_cell_number((double)(id / 17)), mw_cell_number(value)};
        mw_event event = {.stream = 0, .time = time, .known = time, .place = time, .row = cells};
        mw_stands stands = mw_standing_find(standing, &event);
        MW_CHECK_EQUAL_INT(stands, expected(&model[id], value, time));
        seen[stands]++;
        if (stands == MW_STANDS_IN_LAKE && mw_prng_below(&prng, 2) == 0) {
            mw_standing_see(standing, &event);
            model[id].is_fresh = true;
        }
        if (stands != MW_STANDS_NOT) continue;
        MW_CHECK_OK(mw_events_add(&fresh, &event, &err), &err);
        MW_CHECK_OK(mw_standing_add(standing, &err), &err);
        model[id] = (model_entry){true, true, value, time};
    }
    for (int i = 0; i < 5; i++) MW_CHECK(seen[i] > 0);
    mw_standing_destroy(standing);
    mw_events_release(&lake);
    mw_events_release(&fresh);
}

/* Of corrections the one that stands last is what stands, in whatever order they are listed. */
MW_TEST(standing_is_what_the_last_correction_says) {
    mw_events lake, fresh;
    mw_standing *standing;
    mw_error err;
    MW_CHECK_OK(mw_events_init(&lake, schemas, 1, &err), &err);
    MW_CHECK_OK(mw_events_init(&fresh, schemas, 1, &err), &err);
    static const struct { double value; int64_t place; bool corrects; } rows[] = {
        {5, 50, true}, {1, 10, false}, {3, 30, true}};
    for (size_t i = 0; i < 3; i++) {
        mw_cell cells[3] = {mw_cell_number(1), mw_cell_number(2), mw_cell_number(rows[i].value)};
        mw_event event = {.time = 7, .known = 8, .place = rows[i].place, .row = cells};
        if (rows[i].corrects) event.replaced = cells;
        MW_CHECK_OK(mw_events_add(&lake, &event, &err), &err);
    }
    MW_CHECK_OK(mw_standing_create(&stream, 0, &lake, &fresh, &standing, &err), &err);
    mw_cell cells[3] = {mw_cell_number(1), mw_cell_number(2), mw_cell_number(5)};
    mw_event event = {.time = 7, .known = 8, .row = cells};
    MW_CHECK_EQUAL_INT(mw_standing_find(standing, &event), MW_STANDS_IN_LAKE);
    cells[2].number = 3;
    MW_CHECK_EQUAL_INT(mw_standing_find(standing, &event), MW_STANDS_OTHERWISE);
    mw_standing_correct(standing, &event);
    MW_CHECK(event.replaced[2].number == 5 && event.replaced_time == 7 &&
             event.replaced_from == 50);
    mw_standing_destroy(standing);
    mw_events_release(&lake);
    mw_events_release(&fresh);
}

static void add_drawn(mw_events *events, uint64_t *prng, int64_t number) {
    mw_cell cells[3] = {mw_cell_number((double)mw_prng_below(prng, 9)), mw_cell_number(0),
                        mw_cell_number((double)number)};
    mw_event event = {.time = number, .known = number, .row = cells,
                      .place = (int64_t)mw_prng_below(prng, 20)};
    if (mw_prng_below(prng, 2)) event.replaced = cells;
    MW_CHECK_OK(mw_events_add(events, &event, NULL), NULL);
}

/* Those that came first may be found later. */
MW_TEST(standing_takes_up_what_is_older) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 200; round++) {
        enum { EVENTS = 40 };
        mw_events in_turn, mixed, none;
        mw_standing *expected, *standing;
        size_t older_count = mw_prng_below(&prng, EVENTS);
        MW_CHECK_OK(mw_events_init(&in_turn, schemas, 1, NULL), NULL);
        MW_CHECK_OK(mw_events_init(&mixed, schemas, 1, NULL), NULL);
        MW_CHECK_OK(mw_events_init(&none, schemas, 1, NULL), NULL);
        for (int64_t i = 0; i < EVENTS; i++) add_drawn(&in_turn, &prng, i);
        for (size_t i = older_count; i < EVENTS; i++) {
            mw_event event = mw_events_row(&in_turn, 0, i);
            MW_CHECK_OK(mw_events_add(&mixed, &event, NULL), NULL);
        }
        MW_CHECK_OK(mw_standing_create(&stream, 0, &in_turn, &none, &expected, NULL), NULL);
        MW_CHECK_OK(mw_standing_create(&stream, 0, &mixed, &none, &standing, NULL), NULL);
        for (size_t begin = 0, end; begin < older_count; begin = end) {
            size_t row = mixed.streams[0].rows.row_count;
            end = begin + 1 + mw_prng_below(&prng, older_count - begin);
            for (size_t i = begin; i < end; i++) {
                mw_event event = mw_events_row(&in_turn, 0, i);
                MW_CHECK_OK(mw_events_add(&mixed, &event, NULL), NULL);
            }
            MW_CHECK_OK(mw_standing_add_older(standing, row, NULL), NULL);
        }
        for (size_t i = 0; i < EVENTS; i++) {
            mw_event event = mw_events_row(&in_turn, 0, i);
            size_t row;
            mw_event one = mw_standing_of(expected, &event, &row);
            mw_event other = mw_standing_of(standing, &event, &row);
            MW_CHECK_EQUAL_INT(one.time, other.time);
        }
        mw_standing_destroy(expected);
        mw_standing_destroy(standing);
        mw_events_release(&in_turn);
        mw_events_release(&mixed);
        mw_events_release(&none);
    }
}

static mw_status create(void *context) {
    mw_standing *standing = NULL;
    MW_TRY(mw_standing_create(&stream, 0, context, context, &standing, NULL));
    mw_standing_destroy(standing);
    return MW_OK;
}

MW_TEST(standing_survives_every_failing_allocation) {
    mw_events events;
    MW_CHECK_OK(mw_events_init(&events, schemas, 1, NULL), NULL);
    for (size_t id = 0; id < IDS; id++) add(&events, id, 1, 0);
    MW_CHECK(mw_test_every_allocation_fails(create, &events) > 2);
    mw_events_release(&events);
}
