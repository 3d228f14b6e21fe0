#include "table/answer_kind.h"

#include "testing/test.h"

MW_TEST(answer_kind_follows_from_the_type_of_the_label) {
    static const struct {
        mw_type label;
        mw_answer_kind kind;
    } rows[] = {{MW_TYPE_BOOL, MW_ANSWER_YES_NO},      {MW_TYPE_NUMBER, MW_ANSWER_NUMBER},
                {MW_TYPE_DURATION, MW_ANSWER_NUMBER},  {MW_TYPE_TEXT, MW_ANSWER_CLASS},
                {MW_TYPE_CATEGORY, MW_ANSWER_CLASS}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        MW_CHECK_EQUAL_INT(mw_answer_kind_of(rows[i].label), rows[i].kind);
        MW_CHECK(mw_answer_kind_fits(rows[i].kind, rows[i].label));
    }
    MW_CHECK_EQUAL_STR(mw_answer_kind_word(MW_ANSWER_YES_NO), "yes_no");
    MW_CHECK_EQUAL_STR(mw_answer_kind_word(MW_ANSWER_SCORE), "score");
}

MW_TEST(answer_kind_of_a_version_fits_its_label) {
    MW_CHECK(mw_answer_kind_fits(MW_ANSWER_SCORE, MW_TYPE_BOOL));
    MW_CHECK(mw_answer_kind_fits(MW_ANSWER_YES_NO, MW_TYPE_NUMBER)); /* from before */
    MW_CHECK(!mw_answer_kind_fits(MW_ANSWER_SCORE, MW_TYPE_NUMBER));
    MW_CHECK(!mw_answer_kind_fits(MW_ANSWER_NUMBER, MW_TYPE_BOOL));
    MW_CHECK(!mw_answer_kind_fits(MW_ANSWER_CLASS, MW_TYPE_NUMBER));
    MW_CHECK(!mw_answer_kind_fits(MW_ANSWER_YES_NO, MW_TYPE_TEXT));
    MW_CHECK(mw_answer_kind_decides(MW_ANSWER_YES_NO) && mw_answer_kind_decides(MW_ANSWER_SCORE));
    MW_CHECK(!mw_answer_kind_decides(MW_ANSWER_NUMBER) && !mw_answer_kind_decides(MW_ANSWER_CLASS));
}
