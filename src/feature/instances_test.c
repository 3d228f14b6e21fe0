#include "feature/instances.h"

#include "base/prng.h"
#include "testing/test.h"

static mw_field id_fields[] = {{.type = MW_TYPE_TIME}, {.type = MW_TYPE_TIME}};
static const mw_schema ids_of_two = {id_fields, 2};
static mw_symbols *symbols;

static void init(mw_instances *instances, mw_budget *budget) {
    if (!symbols) MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_instances_init(instances, &ids_of_two, symbols, budget);
}

static uint32_t add(mw_instances *instances, uint32_t stream, int64_t time, uint64_t id) {
    mw_cell cells[] = {{.bits = id}, {.bits = id % 3}};
    MW_CHECK(mw_instances_reserve(instances));
    return mw_instances_add(instances, stream, time, cells);
}

static uint32_t find(const mw_instances *instances, uint64_t id) {
    mw_cell cells[] = {{.bits = id}, {.bits = id % 3}};
    return mw_instances_find(instances, cells);
}

MW_TEST(instances_tell_where_their_events_lie) {
    mw_budget budget = {.max = SIZE_MAX};
    mw_instances instances;
    init(&instances, &budget);
    MW_CHECK_EQUAL_INT(find(&instances, 1), 0);
    uint32_t one = add(&instances, 0, 100, 1);
    MW_CHECK(one != 0 && add(&instances, 2, 150, 1) == one && add(&instances, 2, 120, 1) == one);
    MW_CHECK(add(&instances, 2, 130, 2) != one);
    MW_CHECK_EQUAL_INT(find(&instances, 1), one);

    mw_instance_span span = mw_instances_span(&instances, one, 2, 0, 1000);
    MW_CHECK(span.first == 120 && span.last == 150);
    span = mw_instances_span(&instances, one, 2, 121, 150);
    MW_CHECK(span.first > span.last);
    span = mw_instances_span(&instances, 0, 2, 0, 1000);
    MW_CHECK(span.first > span.last);
    mw_instances_release(&instances);
    MW_CHECK_EQUAL_INT(budget.used, 0);
}

/* An instance goes when all of its events lie before the cut, and not before. */
MW_TEST(instances_are_forgotten_whole) {
    enum { IDS = 500, ROUNDS = 40 };
    mw_budget budget = {.max = SIZE_MAX};
    mw_instances instances;
    init(&instances, &budget);
    int64_t last[IDS];
    for (size_t i = 0; i < IDS; i++) last[i] = -1;
    uint64_t prng = mw_test_seed();
    for (int64_t round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 200; i++) {
            size_t id = (size_t)mw_prng_below(&prng, IDS);
            int64_t time = round * 10 + (int64_t)mw_prng_below(&prng, 30);
            add(&instances, 0, time, id);
            if (time > last[id]) last[id] = time;
        }
        mw_instances_sweep(&instances, round * 10);
        for (size_t id = 0; id < IDS; id++) {
            if (last[id] < round * 10) last[id] = -1;
            uint32_t instance = find(&instances, id);
            MW_CHECK((instance != 0) == (last[id] >= 0));
            if (instance != 0) MW_CHECK(mw_instances_id(&instances, instance)[0].bits == id);
        }
    }
    MW_CHECK(instances.record_end < 200 * ROUNDS); /* records were used again */
    mw_instances_release(&instances);
}

/* Slots that have doubled stand for a while beside what they became: all is found meanwhile, each
   event moves a few, and they are gone long before the next time. */
MW_TEST(instances_move_a_few_at_a_time) {
    enum { IDS = 5000, MOVED_MAX = 8 };
    mw_budget budget = {.max = SIZE_MAX};
    mw_instances instances;
    init(&instances, &budget);
    uint32_t roots[IDS];
    uint64_t prng = mw_test_seed();
    size_t doubled = 0, found_before = 0;
    for (size_t id = 0; id < IDS; id++) {
        mw_instance_slots slots = instances.slots;
        size_t moved = instances.moved;
        roots[id] = add(&instances, 0, (int64_t)id, id);
        bool has_doubled = instances.slots.count > slots.count;
        doubled += has_doubled;
        MW_CHECK(!has_doubled || instances.before.roots == slots.roots);
        MW_CHECK(instances.moved <= (has_doubled ? 0 : moved) + MOVED_MAX);
        MW_CHECK(instances.before.count == 0 || id < 3 * instances.before.count / 4);
        size_t known = (size_t)mw_prng_below(&prng, id + 1);
        found_before += instances.before.count > 0;
        MW_CHECK_EQUAL_INT(find(&instances, known), roots[known]);
        MW_CHECK_EQUAL_INT(find(&instances, IDS + known), 0);
        if (known % 4 == 0)
            MW_CHECK_EQUAL_INT(add(&instances, 1, 0, known), roots[known]);
    }
    MW_CHECK(doubled > 5 && found_before > 500);
    mw_instances_release(&instances);
    MW_CHECK_EQUAL_INT(budget.used, 0);
}

static mw_status fill(void *context) {
    (void)context;
    mw_budget budget = {.max = SIZE_MAX};
    mw_instances instances;
    init(&instances, &budget);
    mw_status status = MW_OK;
    for (uint64_t i = 0; status == MW_OK && i < 100; i++) {
        if (mw_instances_reserve(&instances))
            mw_instances_add(&instances, 0, 1, (mw_cell[]){{.bits = i}, {.bits = 0}});
        else
            status = MW_NO_MEMORY;
    }
    mw_instances_release(&instances);
    MW_CHECK_EQUAL_INT(budget.used, 0);
    return status;
}

MW_TEST(instances_survive_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(fill, NULL) >= 3);
}
