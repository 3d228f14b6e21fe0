#include "edge/bundle_world_test.h"
#include "edge/loaded.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static mw_model *load_answer(const char *project, shop_answer answer) {
    mw_buf file;
    mw_model *model;
    mw_buf_init(&file, 1 << 20);
    shop_export_answer(project, answer, &file);
    MW_CHECK(mw_model_read(file.data, file.size, &model, NULL) == MW_DONE);
    mw_buf_release(&file);
    return model;
}

static mw_model *load(const char *project) {
    return load_answer(project, (shop_answer){.kind = MW_ANSWER_YES_NO});
}

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
    mw_model *number = load_answer(SHOP_ASKED, (shop_answer){.kind = MW_ANSWER_NUMBER});
    mw_model *ranked = load_answer(SHOP_ASKED, (shop_answer){.kind = MW_ANSWER_SCORE});
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

/* The probabilities that its forest gives a row with this worth, of no count, and no more. */
static void classes_expected(const mw_model *model, double worth, double *out_probabilities) {
    double values[] = {NAN, worth, 0, NAN, NAN};
    mw_forest_predict_rows(model->bundle.version->forest, values, 1, out_probabilities);
}

MW_TEST(loaded_model_of_classes_names_the_likeliest) {
    mw_model *model = load_answer(SHOP_ASKED, shop_classes());
    double expected[3], given[3];
    bool was_likeliest[3] = {false};
    mw_reply reply;
    MW_CHECK_EQUAL_INT(mw_model_class_count(model), 3);
    MW_CHECK_EQUAL_STR(mw_model_class_name(model, 0), "ship");
    MW_CHECK_EQUAL_STR(mw_model_class_name(model, 2), "other");
    for (double worth = -1; worth < 8; worth += 0.5) {
        mw_row row = MW_ROW(mw_number("worth", worth), mw_number("count", 0));
        classes_expected(model, worth, expected);
        MW_CHECK(mw_model_predict(model, row, &reply, NULL) == MW_DONE);
        MW_CHECK(mw_model_probabilities(model, row, given, 3, NULL) == MW_DONE);
        MW_CHECK(memcmp(given, expected, sizeof given) == 0);
        size_t best = 0;
        for (size_t i = 1; i < 3; i++)
            if (expected[i] > expected[best]) best = i;
        MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, expected[best]);
        MW_CHECK(reply.class_name == mw_model_class_name(model, best) && !reply.decision);
        was_likeliest[best] = true;
    }
    MW_CHECK(was_likeliest[1] && was_likeliest[2]);
    mw_model_close(model);
}

/* Each tree stands for two classes, which are as likely as each other: `firsts` names the one that
   is to be answered of each pair. */
static void check_equals(mw_values names, const char *const *firsts) {
    mw_model *model = load_answer(SHOP_ASKED, shop_named(names));
    mw_reply reply;
    double given[10];
    for (double worth = -1; worth < 8; worth++) {
        mw_row row = MW_ROW(mw_number("worth", worth));
        MW_CHECK(mw_model_predict(model, row, &reply, NULL) == MW_DONE);
        MW_CHECK(mw_model_probabilities(model, row, given, 10, NULL) == MW_DONE);
        size_t best = 0;
        for (size_t i = 0; i < 10; i++) {
            MW_CHECK_EQUAL_DOUBLE_BITS(given[i], given[(i + 5) % 10]);
            if (given[i] > given[best]) best = i;
        }
        MW_CHECK_EQUAL_STR(reply.class_name, firsts[best]);
        MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, given[best]);
    }
    mw_model_close(model);
}

MW_TEST(loaded_model_answers_the_first_by_name_of_equals) {
    static const mw_str names[] = {{"k", 1}, {"\xc3\xa9", 2}, {"z", 1}, {"y", 1}, {"x", 1},
                                   {"b", 1}, {" \n\"|", 4},   {"c", 1}, {"d", 1}, {"e", 1},
                                   {"k", 1}, {"\xc3\xa9", 2}, {"z", 1}, {"y", 1}, {"x", 1}};
    static const char *const firsts[] = {"b", " \n\"|", "c", "d", "e"};
    check_equals((mw_values){names, 10}, firsts);
    check_equals((mw_values){names + 5, 10}, firsts);
}

MW_TEST(loaded_model_knows_as_many_classes_as_there_may_be) {
    static char texts[MW_CLASSES_MAX][8];
    mw_str names[MW_CLASSES_MAX];
    double expected[MW_CLASSES_MAX], given[MW_CLASSES_MAX];
    mw_reply reply;
    for (size_t i = 0; i < MW_CLASSES_MAX; i++) {
        snprintf(texts[i], sizeof texts[i], "c%03zu", MW_CLASSES_MAX - i);
        names[i] = mw_str_of(texts[i]);
    }
    mw_model *model = load_answer(SHOP_ASKED, shop_named((mw_values){names, MW_CLASSES_MAX}));
    mw_row row = MW_ROW(mw_number("worth", 2.5), mw_number("count", 0));
    classes_expected(model, 2.5, expected);
    MW_CHECK(mw_model_probabilities(model, row, given, MW_CLASSES_MAX, NULL) == MW_DONE);
    MW_CHECK(memcmp(given, expected, sizeof given) == 0);
    MW_CHECK(mw_model_predict(model, row, &reply, NULL) == MW_DONE);
    size_t likeliest = mw_classes_likeliest((mw_classes){{names, MW_CLASSES_MAX}, expected});
    MW_CHECK_EQUAL_STR(reply.class_name, texts[likeliest]);
    MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, expected[likeliest]);
    mw_model_close(model);
}

/* A version of classes whose sums are infinite: no one is the likeliest. */
static void export_overflow(mw_buf *out) {
    mw_arena arena;
    mw_buf bytes, nodes;
    mw_error err;
    const mw_version *own;
    mw_forest_head head = {.feature_count = 5,
                           .tree_count = 6,
                           .class_count = 3,
                           .output = MW_OUTPUT_SOFTMAX,
                           .sigmoid = 1};
    mw_forest_node leaf = {.kind = MW_NODE_LEAF, .value = 1e308};
    mw_arena_init(&arena, 1 << 24);
    mw_buf_init(&bytes, 1 << 20);
    mw_buf_init(&nodes, 1 << 10);
    for (uint32_t i = 0; i < head.tree_count; i++) mw_forest_node_append(&nodes, &head, &leaf);
    shop_version(&arena, SHOP_ASKED, shop_classes(), &bytes);
    MW_CHECK_OK(mw_version_decode(&arena, mw_buf_str(&bytes), &own, &err), &err);
    mw_version version = *own;
    MW_CHECK_OK(mw_forest_make(&arena, &head, mw_buf_str(&nodes), &version.forest, &err), &err);
    mw_buf_clear(&bytes);
    MW_CHECK_OK(mw_version_encode(&version, &bytes, &err), &err);
    mw_declarations declarations = mw_test_declare(&arena, SHOP_ASKED);
    MW_CHECK_OK(mw_bundle_encode(&declarations, 0, mw_buf_str(&bytes), out, &err), &err);
    mw_buf_release(&bytes);
    mw_buf_release(&nodes);
    mw_arena_release(&arena);
}

MW_TEST(loaded_model_names_no_class_where_its_sums_overflow) {
    mw_buf file;
    mw_model *model;
    mw_reply reply;
    double given[3] = {0};
    mw_row row = MW_ROW(mw_number("worth", 1));
    mw_buf_init(&file, 1 << 20);
    export_overflow(&file);
    MW_CHECK(mw_model_read(file.data, file.size, &model, NULL) == MW_DONE);
    MW_CHECK(mw_model_predict(model, row, &reply, NULL) == MW_DONE);
    MW_CHECK(isnan(reply.prediction) && !reply.decision);
    MW_CHECK_EQUAL_STR(reply.class_name, "");
    MW_CHECK(mw_model_probabilities(model, row, given, 3, NULL) == MW_DONE && isnan(given[0]));
    mw_model_close(model);
    mw_buf_release(&file);
}

MW_TEST(loaded_model_gives_probabilities_of_its_classes_alone) {
    mw_model *plain = load(SHOP_ASKED), *model = load_answer(SHOP_ASKED, shop_classes());
    mw_problem problem;
    mw_reply reply;
    double given[4] = {7, 7, 7, 7};
    mw_row row = MW_ROW(mw_number("worth", 1)), wrong = MW_ROW(mw_number("wort", 1));
    MW_CHECK(mw_model_probabilities(model, row, given, 2, &problem) == MW_BAD_INPUT);
    MW_CHECK_EQUAL_STR(problem.message, "count: must be that of the model's classes, 3, got 2");
    MW_CHECK(mw_model_probabilities(model, row, given, 4, NULL) == MW_BAD_INPUT);
    MW_CHECK(mw_model_probabilities(model, wrong, given, 3, &problem) == MW_BAD_INPUT);
    MW_CHECK_EQUAL_STR(problem.message, "wort: the model has no such feature");
    MW_CHECK(mw_model_probabilities(plain, row, given, 0, &problem) == MW_BAD_INPUT);
    MW_CHECK_EQUAL_STR(problem.message, "model m: it answers no classes");
    MW_CHECK(given[0] == 7 && given[3] == 7);
    MW_CHECK_EQUAL_INT(mw_model_class_count(plain), 0);
    MW_CHECK(mw_model_predict(plain, row, &reply, NULL) == MW_DONE);
    MW_CHECK_EQUAL_STR(reply.class_name, "");
    mw_model_close(plain);
    mw_model_close(model);
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
    shop_export_answer(SHOP_ASKED, shop_classes(), &file);
    MW_CHECK(mw_test_every_allocation_fails(read_and_close, &file) > 3);
    mw_buf_release(&file);
}
