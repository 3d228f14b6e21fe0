#include "loop/recheck.h"

#include "testing/test.h"

#include <math.h>
#include <stdio.h>

static mw_feature features[] = {{.name = {"a", 1}, .type = MW_TYPE_NUMBER},
                                      {.name = {"b", 1}, .type = MW_TYPE_NUMBER}};
static const mw_model_program model = {.features = features, .feature_count = 2};

static mw_rechecked made(const char *id, int64_t place, uint64_t events, const mw_cell *cells) {
    return (mw_rechecked){.t = 5, .place = place, .event_id = mw_str_of(id), .features = cells,
                          .events = events};
}

static void check_count(const mw_recheck *recheck, uint64_t compared, uint64_t differing) {
    mw_recheck_count count = mw_recheck_read(recheck);
    MW_CHECK_EQUAL_INT(count.compared, compared);
    MW_CHECK_EQUAL_INT(count.differing, differing);
}

/* Halves meet in either order; one bit of any feature is a difference; what is missing is equal
   however it is said; moments that saw other events are passed over. */
MW_TEST(recheck_compares_what_saw_the_same) {
    mw_recheck *recheck;
    MW_CHECK_OK(mw_recheck_create(&model, &recheck, NULL), NULL);
    mw_cell one[] = {mw_cell_number(1), mw_cell_number(NAN)};
    mw_cell same[] = {mw_cell_number(1), mw_cell_number(-NAN)};
    mw_cell other[] = {mw_cell_number(1 + 0x1p-52), mw_cell_number(NAN)};
    mw_recheck_recorded(recheck, made("x", 10, 7, one));
    check_count(recheck, 0, 0);
    mw_recheck_found(recheck, made("x", 11, 8, same));
    check_count(recheck, 1, 0);
    mw_recheck_found(recheck, made("y", 20, 9, one)); /* it fell due */
    mw_recheck_recorded(recheck, made("y", 20, 9, other));
    check_count(recheck, 2, 1);
    mw_recheck_recorded(recheck, made("z", 30, 9, one));
    mw_recheck_found(recheck, made("z", 31, 11, other)); /* another event came between */
    check_count(recheck, 2, 1);
    mw_recheck_found(recheck, made("w", 40, 11, one));
    mw_recheck_recorded(recheck, made("w", 50, 11, other)); /* it was asked for later */
    check_count(recheck, 2, 1);
    mw_recheck_found(recheck, made("u", 55, 11, one)); /* it fell due before an event was told */
    mw_recheck_recorded(recheck, made("u", 55, 12, other));
    check_count(recheck, 2, 1);
    for (int i = 0; i < 5000; i++) { /* what never meets its other half makes room */
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        mw_recheck_found(recheck, made(id, 60, 12, one));
    }
    mw_recheck_recorded(recheck, made("v", 70, 12, one));
    mw_recheck_found(recheck, made("v", 71, 13, other));
    check_count(recheck, 3, 2);
    mw_recheck_destroy(recheck);
}

/* Events without an id: which element it is tells them apart, and what another one of the same time
   has left behind does not keep the halves from each other. */
MW_TEST(recheck_tells_elements_apart) {
    mw_recheck *recheck;
    MW_CHECK_OK(mw_recheck_create(&model, &recheck, NULL), NULL);
    mw_cell cells[2][2] = {{mw_cell_number(1), mw_cell_number(2)},
                           {mw_cell_number(3), mw_cell_number(4)}};
    for (size_t i = 0; i < 2; i++) { /* nobody asked for these */
        mw_rechecked found = made("", 5, 1, cells[i]);
        found.element = i;
        mw_recheck_found(recheck, found);
    }
    for (size_t i = 0; i < 4; i++) {
        mw_rechecked half = made("", i < 2 ? 10 : 12, i < 2 ? 1 : 2, cells[i % 2]);
        half.element = i % 2;
        if (i < 2) mw_recheck_recorded(recheck, half);
        else mw_recheck_found(recheck, half);
    }
    check_count(recheck, 2, 0);
    mw_recheck_destroy(recheck);
}

static mw_status create(void *context) {
    (void)context;
    mw_recheck *recheck = NULL;
    MW_TRY(mw_recheck_create(&model, &recheck, NULL));
    mw_recheck_destroy(recheck);
    return MW_OK;
}

MW_TEST(recheck_survives_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(create, NULL) == 2);
}
