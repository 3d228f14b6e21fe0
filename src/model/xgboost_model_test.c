#include "model/xgboost_model.h"

#include "testing/test.h"

#include <math.h>
#include <string.h>

/* Two trees: a numeric split above a categorical one, and a single leaf. */
static const char *const model_json =
    "{\"learner\": {"
    "\"feature_names\": [], \"feature_types\": [],"
    "\"gradient_booster\": {\"model\": {\"tree_info\": [0, 0], \"trees\": [{"
    "\"left_children\": [1, -1, 3, -1, -1], \"right_children\": [2, -1, 4, -1, -1],"
    "\"split_indices\": [2, 0, 0, 0, 0], \"split_conditions\": [0.5, -0.25, NaN, 1.5, 0.75],"
    "\"default_left\": [true, 0, 0, 0, 0], \"split_type\": [0, 0, 1, 0, 0],"
    "\"categories_nodes\": [2], \"categories_segments\": [0], \"categories_sizes\": [2],"
    "\"categories\": [0, 34], \"sum_hessian\": [5, 2, 3, 1, 2],"
    "\"tree_param\": {\"num_nodes\": \"5\", \"size_leaf_vector\": \"1\"}}, {"
    "\"left_children\": [-1], \"right_children\": [-1], \"split_indices\": [0],"
    "\"split_conditions\": [0.125], \"default_left\": [0], \"split_type\": [0],"
    "\"categories_nodes\": [], \"categories_segments\": [], \"categories_sizes\": [],"
    "\"categories\": [], \"sum_hessian\": [5], \"tree_param\": {}}]}, \"name\": \"gbtree\"},"
    "\"learner_model_param\": {\"base_score\": \"5E-1\", \"num_class\": \"0\","
    "\"num_feature\": \"3\", \"num_target\": \"1\"},"
    "\"objective\": {\"name\": \"binary:logistic\"}}, \"version\": [1, 7, 6]}";

static mw_status read_model(mw_arena *arena, mw_str text, const mw_forest **out_forest,
                            mw_error *err) {
    mw_arena_init(arena, 1 << 20);
    return mw_xgboost_read(arena, text, out_forest, err);
}

MW_TEST(xgboost_model_becomes_a_forest) {
    mw_arena arena;
    const mw_forest *forest;
    mw_error err;
    MW_CHECK_OK(read_model(&arena, mw_str_of(model_json), &forest, &err), &err);
    mw_forest_head head = mw_forest_facts(forest);
    MW_CHECK(head.feature_count == 3 && head.tree_count == 3 && head.class_count == 1);
    MW_CHECK(head.output == MW_OUTPUT_SIGMOID && head.is_float && head.has_covers);
    static const struct {
        double row[3], raw;
    } cases[] = {
        {{0, 0, 0.25}, -0.25 + 0.125},          /* below 0.5 */
        {{0, 0, NAN}, -0.25 + 0.125},           /* the default side */
        {{0, 0, 0.5}, 0.75 + 0.125},            /* not below; 0 is held, so right */
        {{34, 0, 1}, 0.75 + 0.125},             /* held */
        {{1, 0, 1}, 1.5 + 0.125},               /* not held, so left */
        {{-0.5, 0, 1}, 1.5 + 0.125},            /* no category is below 0 */
        {{99, 0, 1}, 1.5 + 0.125},              /* beyond the set */
        {{33.9999999999, 0, 1}, 0.75 + 0.125},  /* as a float it is 34 */
        {{NAN, 0, 1}, 0.75 + 0.125},            /* the default side is right */
        {{0, 0, 0.49999999999}, 0.75 + 0.125},  /* as a float it is 0.5 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_forest_raw(forest, cases[i].row), cases[i].raw);
    mw_arena_release(&arena);
}

/* The model with the first `from` replaced by `to`. */
static mw_str changed(mw_buf *buf, const char *from, const char *to) {
    const char *place = strstr(model_json, from);
    MW_CHECK(place != NULL);
    mw_buf_clear(buf);
    mw_buf_append(buf, model_json, (size_t)(place - model_json));
    mw_buf_append_text(buf, to);
    mw_buf_append_text(buf, place + strlen(from));
    return mw_buf_str(buf);
}

static const struct {
    const char *from, *to;
    mw_status status;
    const char *message;
} broken[] = {
    {"{\"learner", "binf{", MW_MALFORMED, "a model must be JSON or UBJSON"},
    {"\"learner\"", "\"lerner\"", MW_MALFORMED, "its root must be an object with a learner"},
    {"\"version\": [1", "\"version\": [4", MW_NOT_BUILT, "version must be at most 3, got 4"},
    {"\"version\": [1, 7, 6]", "\"version\": 1", MW_MALFORMED,
     "version must be a list of whole numbers"},
    {"binary:logistic", "reg:expectileerror", MW_NOT_BUILT,
     "objective reg:expectileerror is not built yet"},
    {"binary:logistic", "multi:softmax", MW_NOT_BUILT,
     "objective multi:softmax is not built yet"},
    {"gbtree\"", "gblinear\"", MW_NOT_BUILT, "booster gblinear is not built yet"},
    {"\"num_feature\": \"3\"", "\"num_feature\": \"0\"", MW_MALFORMED,
     "num_feature must be at least 1"},
    {"\"num_feature\": \"3\"", "\"num_feature\": \"x\"", MW_MALFORMED,
     "num_feature must be from 0 to 4096, got x"},
    {"\"num_feature\": \"3\"", "\"num_feature\": \"2\"", MW_MALFORMED,
     "tree 0: split_indices must be below num_feature"},
    {"5E-1", "2", MW_MALFORMED, "base_score must be in the objective's range"},
    {"5E-1", "[5E-1,5E-1]", MW_MALFORMED, "base_score must be a number, or one for each class"},
    {"5E-1", "", MW_MALFORMED, "base_score must be a number, or one for each class"},
    {"[0, 0], \"trees\"", "[0, 1], \"trees\"", MW_MALFORMED,
     "tree_info must be the class of each tree, with as many trees in each"},
    {"[0, 0], \"trees\"", "[0], \"trees\"", MW_MALFORMED,
     "tree 0: tree_info must be whole numbers, one a node"},
    {"size_leaf_vector\": \"1", "size_leaf_vector\": \"2", MW_NOT_BUILT,
     "tree 0: leaves that are vectors are not built yet"},
    {"[1, -1, 3", "[-1, -1, 3, 0", MW_MALFORMED,
     "tree 0: right_children must be whole numbers, one a node"},
    {"[1, -1, 3", "[0, -1, 3", MW_MALFORMED, "tree 0: a node must not be reached twice"},
    {"[2, -1, 4", "[9, -1, 4", MW_MALFORMED, "tree 0: a child must be a node of the tree"},
    {"[0.5,", "[\"0.5\",", MW_MALFORMED, "tree 0: split_conditions must be numbers, one a node"},
    {"[0.5,", "[NaN,", MW_MALFORMED, "tree 0: split_conditions must be finite"},
    {"\"categories_nodes\": [2]", "\"categories_nodes\": [1]", MW_MALFORMED,
     "tree 0: a categorical split must have its categories"},
    {"\"categories_sizes\": [2]", "\"categories_sizes\": [3]", MW_MALFORMED,
     "tree 0: categories_segments and _sizes must lie within categories"},
    {"[0, 34]", "[0, -34]", MW_MALFORMED, "tree 0: a category must be from 0 to 2^24 - 1"},
    {"[5, 2, 3", "[5, -2, 3", MW_MALFORMED, "tree 0: sum_hessian must not be below 0"},
    {"6]}", "6]", MW_MALFORMED, NULL},
};

MW_TEST(xgboost_model_names_the_broken_rule) {
    mw_buf buf;
    mw_buf_init(&buf, 1 << 14);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        mw_arena arena;
        const mw_forest *forest;
        mw_error err;
        mw_str text = changed(&buf, broken[i].from, broken[i].to);
        MW_CHECK_STATUS(read_model(&arena, text, &forest, &err), broken[i].status);
        MW_CHECK(strncmp(err.message, "xgboost: ", 9) == 0);
        if (broken[i].message)
            MW_CHECK_EQUAL_STR((const char *)err.message + 9, broken[i].message);
        mw_arena_release(&arena);
    }
    mw_buf_release(&buf);
}

static mw_status read_once(void *context) {
    (void)context;
    mw_arena arena;
    const mw_forest *forest;
    mw_status status = read_model(&arena, mw_str_of(model_json), &forest, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(xgboost_model_survives_every_shortage_of_memory) {
    MW_CHECK(mw_test_every_allocation_fails(read_once, NULL) > 3);
}

MW_TEST(xgboost_model_refuses_every_cut) {
    for (size_t size = 0; size < strlen(model_json); size++) {
        mw_arena arena;
        const mw_forest *forest;
        MW_CHECK(read_model(&arena, (mw_str){model_json, size}, &forest, NULL) != MW_OK);
        mw_arena_release(&arena);
    }
}
