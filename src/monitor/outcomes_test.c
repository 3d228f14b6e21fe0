#include "monitor/outcomes.h"

#include "base/prng.h"
#include "testing/test.h"

static mw_field segment_fields[] = {{{"shop", 4}, MW_TYPE_CATEGORY}};
static const mw_schema segment_schema = {segment_fields, 1};

/* Outcome i bears i as its prediction and as its segment's cell. */
static mw_status add(mw_outcomes *outcomes, size_t i, int64_t matured, mw_error *err) {
    mw_cell segment = {.symbol = i};
    mw_outcome outcome = {.t = matured - 5, .matured = matured, .prediction = (double)i};
    return mw_outcomes_add(outcomes, outcome, &segment, err);
}

MW_TEST(outcomes_are_found_by_the_time_they_matured) {
    mw_outcomes outcomes;
    mw_error err;
    mw_outcomes_init(&outcomes, &segment_schema);
    MW_CHECK(mw_outcomes_since(&outcomes, 0) == 0);
    const int64_t matured[] = {10, 20, 20, 30};
    for (size_t i = 0; i < 4; i++) MW_CHECK_OK(add(&outcomes, i, matured[i], &err), &err);
    MW_CHECK(mw_outcomes_since(&outcomes, 10) == 0);
    MW_CHECK(mw_outcomes_since(&outcomes, 11) == 1);
    MW_CHECK(mw_outcomes_since(&outcomes, 20) == 1);
    MW_CHECK(mw_outcomes_since(&outcomes, 30) == 3);
    MW_CHECK(mw_outcomes_since(&outcomes, 31) == 4);
    mw_outcomes_release(&outcomes);
}

MW_TEST(outcomes_that_are_forgotten_take_their_segments_with_them) {
    uint64_t prng = mw_test_seed();
    mw_outcomes outcomes;
    mw_error err;
    mw_outcomes_init(&outcomes, &segment_schema);
    int64_t now = 0;
    size_t forgotten_count = 0;
    for (size_t i = 0; i < 2000; i++) {
        now += (int64_t)mw_prng_below(&prng, 3);
        MW_CHECK_OK(add(&outcomes, i, now, &err), &err);
        size_t before = outcomes.count;
        mw_outcomes_forget(&outcomes, now - 100);
        forgotten_count += before > outcomes.count;
        size_t first = mw_outcomes_since(&outcomes, now - 100);
        MW_CHECK(first <= outcomes.count - first); /* what must not be kept is never the most */
        for (size_t k = 0; k < outcomes.count; k++) {
            size_t expected = i + 1 - outcomes.count + k;
            MW_CHECK(outcomes.items[k].prediction == (double)expected);
            MW_CHECK(mw_table_row(&outcomes.segments, k)->symbol == expected);
        }
    }
    MW_CHECK(forgotten_count > 3);
    mw_outcomes_release(&outcomes);
}

static mw_status add_some(void *context) {
    (void)context;
    mw_outcomes outcomes;
    mw_outcomes_init(&outcomes, &segment_schema);
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < 40; i++) status = add(&outcomes, i, (int64_t)i, NULL);
    mw_outcomes_release(&outcomes);
    return status;
}

MW_TEST(outcomes_survive_the_failure_of_any_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(add_some, NULL) > 1);
}
