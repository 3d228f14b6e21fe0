#include "model/classes.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>

static const mw_str names[] = {{"spam", 4}, {"billing", 7}, {"sales", 5}};

MW_TEST(classes_are_sound_with_names_of_their_own) {
    static const mw_str twice[] = {{"a", 1}, {"b", 1}, {"a", 1}}, empty[] = {{"a", 1}, {"", 0}};
    static mw_str many[MW_CLASSES_MAX + 1];
    static char letters[MW_CLASSES_MAX + 1][2];
    for (size_t i = 0; i <= MW_CLASSES_MAX; i++) {
        letters[i][0] = (char)(i & 127);
        letters[i][1] = (char)(i >> 7);
        many[i] = (mw_str){letters[i], 2};
    }
    MW_CHECK(mw_classes_are_sound((mw_values){names, 3}));
    MW_CHECK(mw_classes_are_sound((mw_values){many, MW_CLASSES_MAX}));
    MW_CHECK(!mw_classes_are_sound((mw_values){many, MW_CLASSES_MAX + 1}));
    MW_CHECK(!mw_classes_are_sound((mw_values){names, 1}));
    MW_CHECK(!mw_classes_are_sound((mw_values){twice, 3}));
    MW_CHECK(!mw_classes_are_sound((mw_values){empty, 2}));
}

MW_TEST(classes_of_equal_likelihood_go_by_name) {
    static const struct {
        double probabilities[3];
        size_t likeliest;
    } rows[] = {{{0.2, 0.3, 0.5}, 2}, {{0.5, 0.2, 0.3}, 0},  {{0.4, 0.4, 0.2}, 1},
                {{0.4, 0.2, 0.4}, 2}, {{0, 0, 0}, 1},        {{0.2, 0.4, 0.4}, 1},
                {{1, NAN, 0}, SIZE_MAX}, {{NAN, 0, 1}, SIZE_MAX}, {{0, 1, NAN}, SIZE_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mw_classes classes = {{names, 3}, rows[i].probabilities};
        MW_CHECK_EQUAL_INT(mw_classes_likeliest(classes), rows[i].likeliest);
    }
}

/* Which class answers does not hang on the order in which classes stand. */
MW_TEST(classes_in_any_order_have_one_likeliest) {
    uint64_t prng = mw_test_seed();
    size_t ties = 0;
    for (int round = 0; round < 1000; round++) {
        double probabilities[3], turned[3];
        mw_str names_turned[3];
        for (size_t i = 0; i < 3; i++) probabilities[i] = (double)mw_prng_below(&prng, 4) / 4;
        for (size_t i = 0; i < 3; i++) {
            turned[i] = probabilities[(i + 1) % 3];
            names_turned[i] = names[(i + 1) % 3];
        }
        size_t one = mw_classes_likeliest((mw_classes){{names, 3}, probabilities});
        size_t other = mw_classes_likeliest((mw_classes){{names_turned, 3}, turned});
        MW_CHECK_EQUAL_STR(names[one], names_turned[other]);
        ties += probabilities[one] == probabilities[(one + 1) % 3];
    }
    MW_CHECK(ties > 0);
}
