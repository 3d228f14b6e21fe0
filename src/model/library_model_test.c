#include "model/library_model.h"

#include "testing/test.h"

#include <string.h>

static const char *const lightgbm_text =
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=1\n"
    "objective=binary sigmoid:1\nfeature_names=x c\n\nTree=0\nnum_leaves=1\nnum_cat=0\n"
    "leaf_value=0.5\nis_linear=0\n\nend of trees\n\nparameters:\n[version=9]\nend of parameters\n\n"
    "pandas_categorical:[[\"zz\", \"b\"], [3, 1.5, true]]\n";

static const char *const xgboost_json =
    "{\"learner\": {\"feature_names\": [\"x\", \"c\", \"n\"], \"gradient_booster\": {\"model\": {"
    "\"cats\": {\"enc\": [{\"offsets\": [], \"values\": []},"
    "{\"offsets\": [0, 2, 3], \"values\": [122, 122, 98]}, {\"type\": 15, \"values\": [3, 1]}]},"
    "\"tree_info\": [0], \"trees\": [{\"left_children\": [-1], \"right_children\": [-1],"
    "\"split_indices\": [0], \"split_conditions\": [0.5], \"default_left\": [0]}]},"
    "\"name\": \"gbtree\"}, \"learner_model_param\": {\"base_score\": \"0\","
    "\"num_feature\": \"3\"}, \"objective\": {\"name\": \"reg:squarederror\"}},"
    "\"version\": [3, 2, 0]}";

static void check_list(mw_values list, const char *const *texts, size_t count) {
    MW_CHECK_EQUAL_INT(list.count, count);
    for (size_t i = 0; i < count; i++) MW_CHECK_EQUAL_STR(list.items[i], texts[i]);
}

MW_TEST(library_model_tells_what_lightgbm_wrote) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_library_model model;
    mw_error err;
    MW_CHECK_OK(mw_library_model_read(&arena, mw_str_of(lightgbm_text), &model, &err), &err);
    MW_CHECK(model.kind == MW_LIBRARY_LIGHTGBM);
    MW_CHECK_EQUAL_STR(model.version, "v4");
    MW_CHECK_EQUAL_STR(model.objective, "binary sigmoid:1");
    MW_CHECK_EQUAL_STR(model.feature_names[0], "x");
    MW_CHECK_EQUAL_STR(model.feature_names[1], "c");
    MW_CHECK_EQUAL_INT(model.category_list_count, 2);
    check_list(model.categories[0], (const char *const[]){"zz", "b"}, 2);
    check_list(model.categories[1], (const char *const[]){"3", "1.5", "true"}, 3);
    mw_arena_release(&arena);
}

MW_TEST(library_model_tells_what_xgboost_wrote) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_library_model model;
    mw_error err;
    MW_CHECK_OK(mw_library_model_read(&arena, mw_str_of(xgboost_json), &model, &err), &err);
    MW_CHECK(model.kind == MW_LIBRARY_XGBOOST);
    MW_CHECK_EQUAL_STR(model.version, "3.2.0");
    MW_CHECK_EQUAL_STR(model.objective, "reg:squarederror");
    MW_CHECK_EQUAL_STR(model.feature_names[2], "n");
    MW_CHECK_EQUAL_INT(model.category_list_count, 2);
    check_list(model.categories[0], (const char *const[]){"zz", "b"}, 2);
    check_list(model.categories[1], (const char *const[]){"3", "1"}, 2);
    mw_arena_release(&arena);
}

MW_TEST(library_model_is_one_of_two_kinds) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_library_model model;
    mw_error err;
    MW_CHECK_STATUS(mw_library_model_read(&arena, MW_STR("PK\3\4"), &model, &err), MW_MALFORMED);
    MW_CHECK(strstr(err.message, "must be LightGBM's text, or XGBoost's JSON or UBJSON"));
    mw_arena_release(&arena);
}

static mw_status read_once(void *context) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_library_model model;
    mw_status status = mw_library_model_read(&arena, mw_str_of(context), &model, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(library_model_survives_every_shortage_of_memory) {
    MW_CHECK(mw_test_every_allocation_fails(read_once, (void *)(uintptr_t)lightgbm_text) > 3);
    MW_CHECK(mw_test_every_allocation_fails(read_once, (void *)(uintptr_t)xgboost_json) > 3);
}
