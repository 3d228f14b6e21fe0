#include "stat/summary.h"

#include "testing/test.h"

static mw_summary of_numbers(const double *values, size_t count) {
    mw_summary summary = mw_summary_begin(MW_TYPE_NUMBER);
    for (size_t i = 0; i < count; i++) mw_summary_add(&summary, mw_cell_number(values[i]));
    return summary;
}

MW_TEST(summary_tells_range_and_missing_values) {
    double nan = __builtin_nan("");
    mw_summary summary = of_numbers((double[]){nan, 3, -2, nan, 3, 11}, 6);
    MW_CHECK_EQUAL_INT(summary.count, 6);
    MW_CHECK_EQUAL_INT(summary.missing_count, 2);
    MW_CHECK_EQUAL_DOUBLE_BITS(summary.least.number, -2);
    MW_CHECK_EQUAL_DOUBLE_BITS(summary.greatest.number, 11);
    MW_CHECK(!summary.is_constant);
}

MW_TEST(summary_knows_what_never_changes) {
    double nan = __builtin_nan("");
    MW_CHECK(of_numbers((double[]){5, 5, 5}, 3).is_constant);
    MW_CHECK(of_numbers((double[]){nan, nan}, 2).is_constant);
    MW_CHECK(!of_numbers((double[]){5, nan}, 2).is_constant);
    MW_CHECK(!of_numbers((double[]){5, 5, 6, 5}, 4).is_constant);
    mw_summary none = of_numbers(NULL, 0);
    MW_CHECK(mw_cell_is_missing(MW_TYPE_NUMBER, none.least) && none.count == 0);
}

MW_TEST(summary_has_one_digest_for_the_same_values_in_the_same_rows) {
    uint64_t digest = of_numbers((double[]){1, 2, 0.0}, 3).digest;
    MW_CHECK(of_numbers((double[]){1, 2, -0.0}, 3).digest == digest);
    MW_CHECK(of_numbers((double[]){2, 1, 0}, 3).digest != digest);
    MW_CHECK(of_numbers((double[]){1, 2}, 2).digest != digest);
}

MW_TEST(summary_of_texts_and_truths_keeps_what_it_can) {
    mw_summary texts = mw_summary_begin(MW_TYPE_TEXT);
    mw_summary_add(&texts, (mw_cell){.symbol = 7});
    mw_summary_add(&texts, mw_cell_missing(MW_TYPE_TEXT));
    MW_CHECK(texts.missing_count == 1 && !texts.is_constant);
    MW_CHECK(mw_cell_is_missing(MW_TYPE_TEXT, texts.least));

    mw_summary truths = mw_summary_begin(MW_TYPE_BOOL);
    mw_summary_add(&truths, mw_cell_bool(true));
    mw_summary_add(&truths, mw_cell_missing(MW_TYPE_BOOL));
    MW_CHECK_EQUAL_INT(truths.least.boolean, MW_TRUE);
    MW_CHECK_EQUAL_INT(truths.greatest.boolean, MW_TRUE);
}
