#include "train/vector_fitting.h"

#include <math.h>

#include "base/prng.h"
#include "testing/test.h"

enum { WIDTH = 3 };

/* Along (1, 2, 0) but for the rows that lack something; the third number never changes. */
static const double values[][WIDTH] = {{1, 2, 7},   {2, 4, 7},        {NAN, 9, 7}, {3, 6, 7},
                                       {4, 8, 0x1p63}, {-10, -20, 7}, {14, 28, 7}};
static const mw_vector_rows rows = {&values[0][0], 7, WIDTH};

MW_TEST(vector_fitting_finds_what_varies_together) {
    mw_arena arena;
    mw_transform shares[WIDTH];
    mw_arena_init(&arena, 1 << 20);
    MW_CHECK_OK(mw_fit_pca(rows, 2, &arena, shares, NULL), NULL);
    const double *first = shares[0].numbers, *second = shares[1].numbers;
    MW_CHECK(first[0] == 2 && second[0] == 4 && shares[2].numbers[0] == 7); /* means */
    MW_CHECK(fabs(first[1] - sqrt(0.2)) < 1e-15 && fabs(first[2] - sqrt(0.8)) < 1e-15);
    MW_CHECK(first[3] == 0);
    for (size_t i = 1; i <= WIDTH; i++) MW_CHECK(second[i] == 0); /* nothing else varies */
    MW_CHECK_EQUAL_INT(shares[2].count, 1);
    for (size_t i = 0; i < WIDTH; i++) MW_CHECK(mw_transform_is_sound(&shares[i], 0, WIDTH));
    mw_arena_release(&arena);
}

/* Though its mean may be rounded by more than what varies. */
MW_TEST(vector_fitting_sees_no_change_in_what_is_equal) {
    enum { COUNT = 50 };
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 200; round++) {
        double some[COUNT][2], equal = (1 + mw_prng_double(&prng)) * 1e15;
        mw_arena arena;
        mw_transform shares[2];
        mw_arena_init(&arena, 1 << 20);
        for (size_t n = 0; n < COUNT; n++) {
            some[n][0] = equal;
            some[n][1] = 1e-3 * (double)n;
        }
        mw_vector_rows of = {&some[0][0], 2 + mw_prng_below(&prng, COUNT - 1), 2};
        MW_CHECK_OK(mw_fit_pca(of, 1, &arena, shares, NULL), NULL);
        MW_CHECK(shares[0].numbers[1] == 0 && shares[0].numbers[2] == 1);
        mw_arena_release(&arena);
    }
}

MW_TEST(vector_fitting_needs_as_many_rows_as_components) {
    mw_arena arena;
    mw_transform shares[WIDTH];
    mw_error err;
    mw_arena_init(&arena, 1 << 20);
    mw_vector_rows few = {rows.values, 3, WIDTH}, none = {rows.values, 0, WIDTH};
    MW_CHECK_OK(mw_fit_pca(few, 2, &arena, shares, &err), &err);
    MW_CHECK_STATUS(mw_fit_pca(few, 3, &arena, shares, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message,
                       "pca: 3 components take as many examples that lack no number, got 2");
    MW_CHECK_OK(mw_fit_tf_idf(none, &arena, shares, &err), &err);
    MW_CHECK(shares[0].numbers[0] == 1);
    mw_arena_release(&arena);
}

MW_TEST(vector_fitting_weighs_what_is_rare) {
    static const double counts[][WIDTH] = {{2, 0, 0}, {1, 1, 0}, {NAN, NAN, NAN}, {3, 0, 0}};
    mw_arena arena;
    mw_transform shares[WIDTH];
    mw_arena_init(&arena, 1 << 20);
    MW_CHECK_OK(mw_fit_tf_idf((mw_vector_rows){&counts[0][0], 4, WIDTH}, &arena, shares, NULL),
                NULL);
    MW_CHECK(shares[0].numbers[0] == 1 && fabs(shares[1].numbers[0] - (1 + log(2))) < 1e-15 &&
             fabs(shares[2].numbers[0] - (1 + log(4))) < 1e-15);
    mw_arena_release(&arena);
}

static mw_status fit_once(void *context) {
    mw_arena arena;
    mw_transform shares[WIDTH];
    (void)context;
    mw_arena_init(&arena, 1 << 20);
    mw_status status = mw_fit_pca(rows, 2, &arena, shares, NULL);
    if (status == MW_OK) status = mw_fit_tf_idf(rows, &arena, shares, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(vector_fitting_survives_each_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(fit_once, NULL) > 1);
}
