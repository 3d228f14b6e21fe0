#include "base/nearest.h"

#include "testing/test.h"

static mw_str nearest_of(const char *word, const char *const *known) {
    mw_nearest nearest = mw_nearest_to(mw_str_of(word));
    for (; *known; known++) mw_nearest_offer_text(&nearest, *known);
    return nearest.found;
}

MW_TEST(nearest_is_the_word_of_fewest_changes) {
    static const char *const known[] = {"number", "category", "time", "text", NULL};
    MW_CHECK_EQUAL_STR(nearest_of("nunber", known), "number");
    MW_CHECK_EQUAL_STR(nearest_of("categroy", known), "category");
    MW_CHECK_EQUAL_STR(nearest_of("tex", known), "text");
    MW_CHECK_EQUAL_STR(nearest_of("tiem", known), "time"); /* a swap counts once */
    MW_CHECK_EQUAL_STR(nearest_of("meti", known), "");     /* two pairs do not */
    MW_CHECK_EQUAL_STR(nearest_of("boolean", known), "");
    MW_CHECK_EQUAL_STR(nearest_of("", known), "");
    MW_CHECK_EQUAL_STR(nearest_of("x", known + 4), "");
    MW_CHECK_EQUAL_STR(nearest_of("text", known), "text"); /* itself, whatever else is near */
}

/* A word that is too long to be compared is still known by itself. */
MW_TEST(nearest_compares_no_long_words) {
    char long_word[101] = {0};
    const char *const known[] = {"number", long_word, NULL};
    for (size_t i = 0; i < 100; i++) long_word[i] = 'a';
    MW_CHECK_EQUAL_STR(nearest_of(long_word, known), long_word);
    MW_CHECK_EQUAL_STR(nearest_of(long_word + 1, known), "");
}

MW_TEST(nearest_is_hinted_at_only_if_there_is_one) {
    mw_error err;
    mw_nearest nearest = mw_nearest_to(MW_STR("orgin"));
    mw_status status = mw_fail(&err, MW_INVALID, "no such column");
    MW_CHECK_STATUS(mw_hint_nearest(&err, status, &nearest), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.hint, "");
    mw_nearest_offer_text(&nearest, "origin");
    MW_CHECK_STATUS(mw_hint_nearest(&err, status, &nearest), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.hint, "Did you mean origin?");
}
