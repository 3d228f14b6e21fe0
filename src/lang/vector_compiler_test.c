#include "lang/vector_compiler.h"

#include "lang/program.h"
#include "testing/declare.h"
#include "testing/test.h"

MW_TEST(vector_compiler_refuses_what_it_cannot_fill) {
    static const mw_test_mistake cases[] = {
        {"ngrams(note, 1, 2)", ""},
        {"ngrams(note, 1, 2, 4096)", ""},
        {"vector(amount, count(orders by shop over 1h))", ""},
        {"ngrams(note)",
         ":1:12: features.a: ngrams takes (text, fewest words, most words, width), such as "
         "ngrams(note, 1, 2, 256), got 1 values\n"},
        {"ngrams(amount, 1, 2)", ":1:19: features.a: ngrams takes a text here, got a number\n"},
        {"ngrams(note, 2, 1)",
         ":1:25: features.a: ngrams counts from 1 word up to at most 8 in a row, in whole "
         "numbers\n"},
        {"ngrams(note, 1, 9)",
         ":1:25: features.a: ngrams counts from 1 word up to at most 8 in a row, in whole "
         "numbers\n"},
        {"ngrams(note, 1, 2, 0)",
         ":1:31: features.a: the width of ngrams must be a whole number from 1 to 4096\n"},
        {"ngrams(note, 1, 2, amount)",
         ":1:31: features.a: the width of ngrams must be a whole number from 1 to 4096\n"},
        {"vector()", ":1:12: features.a: vector takes one number or more, got 0 values\n"},
        {"vector(amount, note)", ":1:27: features.a: vector takes a number here, got a text\n"},
        {"vector(amount, vector(1))",
         ":1:27: features.a: vector gives a vector, and only a whole feature can be one\n"
         "    Let it be a feature, words: vector(...), and read words_0.\n"},
        {"vector(count(orders by shop over {1h, 2h}))",
         ":1:45: features.a: a vector takes no set of spans\n"
         "    Write a window for each span.\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

MW_TEST(vector_compiler_lets_others_read_its_numbers) {
    static const mw_test_mistake cases[] = {
        {"v_1 + v_0", ""},
        {"v", ":2:12: features.b: there is no feature v, and no such field in orders\n"
              "    It is a vector: say v_0 for its first number.\n"},
        {"v_2", ":2:12: features.b: there is no feature v_2, and no such field in orders\n"
                "    Did you mean v_0?\n"},
        {"count(orders by amount = v_0 over 1h)",
         ":2:37: features.b: a key must not read a number of a vector\n"},
    };
    mw_test_check_mistakes("feature v: vector(amount, 2)\nfeature b: ", cases,
                           sizeof cases / sizeof cases[0], MW_TEST_SHOPS_MODEL);
    static const mw_test_mistake circles[] = {
        {"v_1", ":1:19: features.v: the features go in a circle: v_0 -> v_0\n"},
    };
    mw_test_check_mistakes("feature v: vector(", circles, 1, ", 1)\n" MW_TEST_SHOPS_MODEL);
}
