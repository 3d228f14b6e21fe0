#include "lang/fit_compiler.h"

#include "lang/program.h"
#include "testing/declare.h"
#include "testing/test.h"

MW_TEST(fit_compiler_takes_functions_off_a_feature) {
    mw_test_project project = mw_test_compile(
        "feature a: scale(rank_bucket(impute(amount * 2), 8))\n"
                         "feature b: target_encode(shop)\n"
                         "feature c: scale(vector(amount, 1))\n" MW_TEST_SHOPS_MODEL);
    const mw_feature *features = project.model->features;
    MW_CHECK_EQUAL_STR(mw_code_text(features[0].code),
                       "scale(rank_bucket(impute(amount * 2), 8))");
    MW_CHECK_EQUAL_INT(features[0].fits.count, 3);
    MW_CHECK_EQUAL_INT(features[0].fits.items[0].kind, MW_FIT_IMPUTE);
    MW_CHECK_EQUAL_INT(features[0].fits.items[1].kind, MW_FIT_RANK);
    MW_CHECK(features[0].fits.items[1].parameter == 8);
    MW_CHECK_EQUAL_INT(features[0].fits.items[2].kind, MW_FIT_SCALE);
    MW_CHECK_EQUAL_INT(features[1].type, MW_TYPE_CATEGORY);
    MW_CHECK_EQUAL_STR(mw_code_text(features[1].code), "target_encode(shop, 10)");
    MW_CHECK_EQUAL_STR(features[3].vector->text, "scale(vector(amount, 1))");
    MW_CHECK_EQUAL_INT(features[3].fits.count, 1);

    mw_cell row[6] = {[1] = mw_cell_number(3)}; /* a program works out what stands within */
    mw_frame frame = {.row = row, .symbols = project.symbols, .zone = project.program->zone};
    MW_CHECK(mw_code_run(features[0].code, &frame).number == 6);
    mw_test_project_release(&project);
}

MW_TEST(fit_compiler_refuses_what_cannot_be_fitted) {
    static const mw_test_mistake cases[] = {
        {"rank_bucket(amount, 4)", ""},
        {"scale(target_encode(note, 3))", ""},
        {"scale(amount) + 1",
         ":1:12: features.a: scale is fitted in training, and only a whole feature can be\n"},
        {"scale(amount, 2)", ":1:12: features.a: scale takes one value, got 2\n"},
        {"rank_bucket(amount)",
         ":1:12: features.a: rank_bucket takes a value and a whole number from 1 to 1024\n"},
        {"rank_bucket(amount, 2.5)",
         ":1:12: features.a: rank_bucket takes a value and a whole number from 1 to 1024\n"},
        {"scale(note)", ":1:12: features.a: scale takes a number, got a text\n"},
        {"target_encode(amount)", ":1:12: features.a: target_encode takes a text, got a number\n"},
        {"target_encode(scale(amount))",
         ":1:26: features.a: target_encode takes a text, which a fitted function does not give\n"},
        {"scale(scale(scale(scale(scale(amount)))))",
         ":1:36: features.a: at most 4 fitted functions may stand around each other\n"},
        {"pca(scale(tf_idf(vector(amount, 1, 2))), 3)", ""},
        {"pca(amount, 2)", ":1:12: features.a: pca takes a vector\n"
                           "    Such as pca(vector(a, b, c), 2).\n"},
        {"tf_idf(note)", ":1:12: features.a: tf_idf takes a vector\n"
                         "    Such as tf_idf(ngrams(lower(text), 1, 1)).\n"},
        {"pca(vector(amount, 1))",
         ":1:12: features.a: pca takes a value and a whole number from 1 to 256\n"},
        {"pca(vector(amount, 1), 3)",
         ":1:12: features.a: pca gives at most as many numbers as it takes, 2, got 3\n"},
        {"pca(ngrams(note, 1, 1, 257), 3)",
         ":1:12: features.a: pca takes a vector of at most 256 numbers, got 257\n"},
        {"tf_idf(scale(pca(vector(amount, 1), 1)))",
         ":1:12: features.a: tf_idf cannot stand around pca\n"},
        {"target_encode(vector(amount))",
         ":1:12: features.a: target_encode takes a text, got a number\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
    static const mw_test_mistake readers[] = {
        {"s + 1", ":2:12: features.b: s is fitted in training, so only the learner can read it\n"
                  "    Let what is within it be a feature of its own; the moment's field is "
                  "now.s.\n"},
    };
    mw_test_check_mistakes("feature s: scale(amount)\nfeature b: ", readers, 1,
                           MW_TEST_SHOPS_MODEL);
}
