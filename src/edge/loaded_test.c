#include "edge/bundle_world_test.h"
#include "edge/loaded.h"

#include <math.h>
#include <string.h>

static mw_model *load_answer(const char *project, mw_answer_kind kind) {
    mw_buf file;
    mw_model *model;
    mw_buf_init(&file, 1 << 20);
    shop_export_answer(project, kind, &file);
    MW_CHECK(mw_model_read(file.data, file.size, &model, NULL) == MW_DONE);
    mw_buf_release(&file);
    return model;
}

static mw_model *load(const char *project) { return load_answer(project, MW_ANSWER_YES_NO); }

MW_TEST(loaded_model_says_what_it_is) {
    static const char *const names[] = {"shop", "worth", "count", "spent", "back"};
    mw_model *model = load(SHOP_ASKED);
    MW_CHECK_EQUAL_STR(mw_model_name(model), "m");
    MW_CHECK_EQUAL_INT(strlen(mw_model_version(model)), MW_VERSION_NAME_SIZE);
    MW_CHECK_EQUAL_INT(mw_model_feature_count(model), 5);
    for (size_t i = 0; i < 5; i++) MW_CHECK_EQUAL_STR(mw_model_feature_name(model, i), names[i]);
    MW_CHECK_EQUAL_STR(mw_library_version(), MW_LIBRARY_VERSION);
    mw_model_close(model);
    mw_model_close(NULL);
}

MW_TEST(loaded_model_predicts_as_its_forest_does) {
    mw_model *model = load(SHOP_ASKED);
    mw_reply reply;
    mw_row row = MW_ROW(mw_text("shop", "a"), mw_number("worth", 2.5), mw_number("count", 1),
                        mw_number("spent", 9));
    double values[] = {0, 2.5, 1, 9, NAN};
    MW_CHECK(mw_model_predict(model, row, &reply, NULL) == MW_DONE);
    double expected = mw_forest_predict(model->bundle.version->forest, values);
    MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, expected);
    MW_CHECK(reply.decision == (expected >= 1.2));
    MW_CHECK_EQUAL_STR(reply.id, "");
    mw_row unseen = MW_ROW(mw_text("shop", "never seen"), mw_number("worth", 2.5));
    mw_row missing = MW_ROW(mw_number("worth", 2.5));
    mw_reply other;
    MW_CHECK(mw_model_predict(model, unseen, &reply, NULL) == MW_DONE);
    MW_CHECK(mw_model_predict(model, missing, &other, NULL) == MW_DONE);
    MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, other.prediction);
    mw_model_close(model);
}

/* Every number stands above a threshold of 0, and is no yes. */
MW_TEST(loaded_model_decides_nothing_of_a_number) {
    mw_model *number = load_answer(SHOP_ASKED, MW_ANSWER_NUMBER);
    mw_model *ranked = load_answer(SHOP_ASKED, MW_ANSWER_SCORE);
    mw_row row = MW_ROW(mw_text("shop", "a"), mw_number("worth", 9), mw_number("count", 9),
                        mw_number("spent", 9), mw_number("back", 9));
    mw_reply reply, other;
    MW_CHECK(mw_model_predict(number, row, &reply, NULL) == MW_DONE);
    MW_CHECK(mw_model_predict(ranked, row, &other, NULL) == MW_DONE);
    MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, other.prediction);
    MW_CHECK(reply.prediction > 1.2 && !reply.decision && other.decision);
    mw_model_close(number);
    mw_model_close(ranked);
}

/* Such a file comes from a program that is newer than this library. */
MW_TEST(loaded_model_of_classes_is_refused) {
    mw_buf file;
    mw_model *model = NULL;
    mw_problem problem;
    mw_buf_init(&file, 1 << 20);
    shop_export_answer(SHOP_ASKED, MW_ANSWER_CLASS, &file);
    MW_CHECK(mw_model_read(file.data, file.size, &model, &problem) == MW_NEWER_FILE && !model);
    MW_CHECK_EQUAL_STR(problem.message,
                       "exported model: it answers classes, which is not built yet");
    mw_buf_release(&file);
}

MW_TEST(loaded_model_tells_what_is_wrong) {
    mw_model *model = load(SHOP_ASKED);
    mw_reply reply = {.prediction = 7};
    mw_problem problem;
    mw_row row = MW_ROW(mw_number("wort", 1));
    MW_CHECK(mw_model_predict(model, row, &reply, &problem) == MW_BAD_INPUT);
    MW_CHECK_EQUAL_STR(problem.message, "wort: the model has no such feature");
    MW_CHECK(reply.prediction == 7);
    mw_model_close(model);
    MW_CHECK(mw_model_open("no/such/file", &model, &problem) == MW_BAD_FILE);
    MW_CHECK_EQUAL_STR(problem.message, "no/such/file: cannot be opened");
    MW_CHECK(mw_model_read("nothing", 7, &model, &problem) == MW_BAD_FILE);
    MW_CHECK(mw_model_read(NULL, 0, &model, NULL) == MW_BAD_FILE);
}

static mw_status read_and_close(void *context) {
    const mw_buf *file = context;
    mw_model *model;
    mw_result result = mw_model_read(file->data, file->size, &model, NULL);
    if (result == MW_DONE) mw_model_close(model);
    return result == MW_DONE ? MW_OK : result == MW_OUT_OF_MEMORY ? MW_NO_MEMORY : MW_CORRUPT;
}

MW_TEST(loaded_model_survives_every_failing_allocation) {
    mw_buf file;
    mw_buf_init(&file, 1 << 20);
    shop_export(SHOP_ASKED, &file);
    MW_CHECK(mw_test_every_allocation_fails(read_and_close, &file) > 3);
    mw_buf_release(&file);
}
