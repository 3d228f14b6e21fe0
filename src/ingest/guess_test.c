#include "ingest/guess.h"

#include "testing/test.h"

static mw_type guess_of(const char *const *texts, size_t count) {
    mw_guess guess = {.count = 0};
    for (size_t i = 0; i < count; i++) mw_guess_add(&guess, mw_str_of(texts[i]));
    return mw_guess_type(&guess);
}

MW_TEST(guess_takes_the_type_that_all_texts_have) {
    static const char *const numbers[] = {"1", "-2.5e3", "", "nan", "0"};
    static const char *const bools[] = {"true", "FALSE", ""};
    static const char *const times[] = {"2024-01-01", "2024-01-01 10:00:00", "2024-01-01T10:00Z"};
    static const char *const mixed[] = {"1", "true", "2024-01-01"};
    MW_CHECK_EQUAL_INT(guess_of(numbers, 5), MW_TYPE_NUMBER);
    MW_CHECK_EQUAL_INT(guess_of(bools, 3), MW_TYPE_BOOL);
    MW_CHECK_EQUAL_INT(guess_of(times, 2), MW_TYPE_TIME);
    MW_CHECK_EQUAL_INT(guess_of(mixed, 3), MW_TYPE_TEXT);
    MW_CHECK_EQUAL_INT(guess_of(NULL, 0), MW_TYPE_TEXT);
}

MW_TEST(guess_takes_digits_with_a_needless_zero_for_names) {
    static const char *const codes[] = {"1067", "99084", "01067"};
    static const char *const amounts[] = {"0", "0.5", "-0.25", "00.5", "10", "0e1"};
    const char *texts[100];
    MW_CHECK_EQUAL_INT(guess_of(codes, 2), MW_TYPE_NUMBER);
    MW_CHECK_EQUAL_INT(guess_of(codes, 3), MW_TYPE_TEXT);
    MW_CHECK_EQUAL_INT(guess_of(amounts, 6), MW_TYPE_NUMBER);
    for (size_t i = 0; i < 100; i++) texts[i] = "10";
    texts[99] = "010"; /* one in a hundred, too: as a number it would be the others' name */
    MW_CHECK_EQUAL_INT(guess_of(texts, 100), MW_TYPE_TEXT);
}

MW_TEST(guess_bears_one_stranger_in_twenty) {
    const char *texts[40];
    for (size_t i = 0; i < 40; i++) texts[i] = "1";
    texts[0] = texts[1] = "one";
    MW_CHECK_EQUAL_INT(guess_of(texts, 40), MW_TYPE_NUMBER);
    MW_CHECK_EQUAL_INT(guess_of(texts, 39), MW_TYPE_TEXT);
}
