#include "model/transform.h"

#include <math.h>

#include "testing/test.h"

static mw_transform of(mw_transform_kind kind, const double *numbers, size_t count) {
    return (mw_transform){kind, numbers, count};
}

MW_TEST(transform_makes_what_it_should_of_numbers) {
    static const double mean[] = {4}, scale[] = {4, 2}, bounds[] = {1, 2.5, 7},
                        rates[] = {0.5, 0.25, 0.375};
    mw_transform impute = of(MW_TRANSFORM_IMPUTE, mean, 1);
    mw_transform scaled = of(MW_TRANSFORM_SCALE, scale, 2);
    mw_transform rank = of(MW_TRANSFORM_RANK, bounds, 3);
    mw_transform target = of(MW_TRANSFORM_TARGET, rates, 3);
    MW_CHECK(mw_transform_apply(&impute, 7) == 7 && mw_transform_apply(&impute, NAN) == 4);
    MW_CHECK(mw_transform_apply(&scaled, 7) == 1.5 && isnan(mw_transform_apply(&scaled, NAN)));
    static const double values[] = {-9, 1, 2, 2.5, 6.99, 7, 1e300}, ranks[] = {0, 1, 1, 2, 2, 3, 3};
    for (size_t i = 0; i < 7; i++) MW_CHECK(mw_transform_apply(&rank, values[i]) == ranks[i]);
    MW_CHECK(isnan(mw_transform_apply(&rank, NAN)));
    MW_CHECK(mw_transform_apply(&target, 1) == 0.25 && mw_transform_apply(&target, NAN) == 0.375);
}

MW_TEST(transform_knows_unsound_numbers) {
    static const double one[] = {1}, falling[] = {1, 1}, flat[] = {1, 0}, none[] = {INFINITY},
                        three[] = {4, 0, 0};
    static const struct {
        mw_transform_kind kind;
        const double *numbers;
        size_t count, value_count;
        bool is_sound;
    } cases[] = {
        {MW_TRANSFORM_IMPUTE, one, 1, 0, true},   {MW_TRANSFORM_IMPUTE, falling, 2, 0, false},
        {MW_TRANSFORM_IMPUTE, none, 1, 0, false}, {MW_TRANSFORM_SCALE, falling, 2, 0, true},
        {MW_TRANSFORM_SCALE, flat, 2, 0, false},  {MW_TRANSFORM_SCALE, one, 1, 0, false},
        {MW_TRANSFORM_RANK, one, 1, 0, true},     {MW_TRANSFORM_RANK, NULL, 0, 0, true},
        {MW_TRANSFORM_RANK, falling, 2, 0, false}, {MW_TRANSFORM_TARGET, one, 1, 0, true},
        {MW_TRANSFORM_TARGET, one, 1, 1, false},  {MW_TRANSFORM_COUNT, one, 1, 0, false},
        {MW_TRANSFORM_TF_IDF, one, 1, 0, true},   {MW_TRANSFORM_TF_IDF, flat + 1, 1, 0, false},
        {MW_TRANSFORM_PCA, flat, 1, 0, true},     {MW_TRANSFORM_PCA, flat, 2, 0, false},
        {MW_TRANSFORM_PCA, three, 3, 0, true},    {MW_TRANSFORM_PCA, NULL, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_transform transform = of(cases[i].kind, cases[i].numbers, cases[i].count);
        MW_CHECK(mw_transform_is_sound(&transform, cases[i].value_count, 2) ==
                 cases[i].is_sound);
    }
}

MW_TEST(transform_takes_numbers_together) {
    static const double rare[] = {2}, usual[] = {1}, first[] = {1, 0.6, 0.8}, second[] = {10};
    mw_transform weights[] = {of(MW_TRANSFORM_TF_IDF, rare, 1), of(MW_TRANSFORM_TF_IDF, usual, 1)};
    mw_transform axes[] = {of(MW_TRANSFORM_PCA, first, 3), of(MW_TRANSFORM_PCA, second, 1)};
    const mw_transform *const weighing[] = {&weights[0], &weights[1]};
    const mw_transform *const turning[] = {&axes[0], &axes[1]};
    double counts[] = {2, 3}, none[] = {0, 0}, missing[] = {NAN, 1}, point[] = {6, 20};
    mw_transform_apply_jointly(weighing, counts, 2);
    MW_CHECK(counts[0] == 0.8 && counts[1] == 0.6);
    double huge[] = {2e300, 3e300}, tiny[] = {2e-310, 3e-310}; /* whose squares are no numbers */
    mw_transform_apply_jointly(weighing, huge, 2);
    mw_transform_apply_jointly(weighing, tiny, 2);
    MW_CHECK(fabs(huge[0] - 0.8) < 1e-15 && fabs(huge[1] - 0.6) < 1e-15);
    MW_CHECK(fabs(tiny[0] - 0.8) < 1e-10 && fabs(tiny[1] - 0.6) < 1e-10);
    mw_transform_apply_jointly(weighing, none, 2);
    MW_CHECK(none[0] == 0 && none[1] == 0);
    mw_transform_apply_jointly(weighing, missing, 2);
    MW_CHECK(isnan(missing[0]) && isnan(missing[1]));
    mw_transform_apply_jointly(turning, point, 2);
    MW_CHECK(point[0] == 0.6 * 5 + 0.8 * 10 && isnan(point[1]));
    missing[1] = 1;
    mw_transform_apply_jointly(turning, missing, 2);
    MW_CHECK(isnan(missing[0]) && isnan(missing[1]));
}
