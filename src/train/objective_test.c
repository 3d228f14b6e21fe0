#include "train/objective.h"

#include <string.h>

#include "testing/test.h"

static mw_library_model model_of(mw_arena *arena, mw_library_kind kind, const char *objective,
                                 uint32_t class_count) {
    mw_forest_head head = {.feature_count = 1,
                           .tree_count = class_count,
                           .class_count = class_count,
                           .sigmoid = 1};
    mw_forest_node leaf = {.kind = MW_NODE_LEAF, .value = 1};
    mw_library_model model = {.kind = kind,
                              .library = kind == MW_LIBRARY_XGBOOST ? MW_STR("xgboost")
                                                                    : MW_STR("lightgbm"),
                              .objective = mw_str_of(objective)};
    mw_buf nodes;
    mw_buf_init(&nodes, 1 << 12);
    for (uint32_t i = 0; i < class_count; i++) mw_forest_node_append(&nodes, &head, &leaf);
    MW_CHECK_OK(mw_forest_make(arena, &head, mw_buf_str(&nodes), &model.forest, NULL), NULL);
    mw_buf_release(&nodes);
    return model;
}

/* Each objective that either library has: for which labels it stands. */
MW_TEST(objectives_stand_for_the_labels_that_they_give) {
    enum { YES = 1, NUMBER = 2, CLASS = 4 };
    static const struct {
        mw_library_kind kind;
        const char *objective;
        int labels;
    } rows[] = {{MW_LIBRARY_LIGHTGBM, "poisson max_delta_step:0.7", NUMBER},
                {MW_LIBRARY_LIGHTGBM, "huber alpha:0.9", NUMBER},
                {MW_LIBRARY_LIGHTGBM, "multiclassova num_class:3 sigmoid:1", CLASS},
                {MW_LIBRARY_LIGHTGBM, "rank_xendcg", YES},
                {MW_LIBRARY_LIGHTGBM, "", 0},
                {MW_LIBRARY_LIGHTGBM, "binary:logistic", 0}, /* of the other library */
                {MW_LIBRARY_XGBOOST, "binary:logistic", YES},
                {MW_LIBRARY_XGBOOST, "reg:logistic", YES | NUMBER},
                {MW_LIBRARY_XGBOOST, "reg:pseudohubererror", NUMBER},
                {MW_LIBRARY_XGBOOST, "count:poisson", NUMBER},
                {MW_LIBRARY_XGBOOST, "multi:softprob", CLASS},
                {MW_LIBRARY_XGBOOST, "rank:pairwise", YES},
                {MW_LIBRARY_XGBOOST, "binary:hinge", 0},
                {MW_LIBRARY_XGBOOST, "survival:cox", 0}};
    static const mw_type labels[] = {MW_TYPE_BOOL, MW_TYPE_NUMBER, MW_TYPE_TEXT};
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t l = 0; l < 3; l++) {
            mw_answer_kind kind = MW_ANSWER_COUNT;
            mw_library_model model = model_of(&arena, rows[i].kind, rows[i].objective, 1);
            mw_status status = mw_objective_answer(&model, labels[l], &kind, NULL);
            MW_CHECK_EQUAL_INT(status, rows[i].labels >> l & 1 ? MW_OK : MW_INVALID);
            MW_CHECK((kind == MW_ANSWER_COUNT) == (status != MW_OK));
            if (status == MW_OK) MW_CHECK(mw_answer_kind_fits(kind, labels[l]));
        }
    mw_arena_release(&arena);
}

MW_TEST(objectives_of_several_numbers_are_no_number) {
    mw_arena arena;
    mw_error err;
    mw_answer_kind kind;
    mw_arena_init(&arena, 1 << 20);
    mw_library_model model = model_of(&arena, MW_LIBRARY_XGBOOST, "reg:quantileerror", 3);
    MW_CHECK_STATUS(mw_objective_answer(&model, MW_TYPE_NUMBER, &kind, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message,
                       "xgboost's objective reg:quantileerror gives 3 numbers a row, and must one");
    mw_arena_release(&arena);
}
