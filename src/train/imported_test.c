#include "train/imported.h"

#include "testing/test.h"

#include <string.h>

/* Trees over spent, shop and amount; shops are "b", "a", "c" by number. */
static const char *const text =
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=2\n"
    "objective=binary sigmoid:1\nfeature_names=spent shop amount\n\n"
    "Tree=0\nnum_leaves=3\nnum_cat=1\nsplit_feature=1 2\nthreshold=0 10\ndecision_type=1 2\n"
    "left_child=-1 -2\nright_child=1 -3\nleaf_value=1 2 3\ncat_boundaries=0 1\ncat_threshold=1\n"
    "is_linear=0\n\nend of trees\n\npandas_categorical:[[\"b\", \"a\", \"c\"]]\n";

static mw_field fields[] = {{{"amount", 6}, MW_TYPE_NUMBER},
                            {{"more", 4}, MW_TYPE_NUMBER},
                            {{"shop", 4}, MW_TYPE_CATEGORY},
                            {{"spent", 5}, MW_TYPE_NUMBER}};
static const mw_schema project = {fields, 4};

typedef struct {
    mw_arena arena;
    mw_library_model model;
    mw_imported imported;
    mw_error err;
} import;

/* The text with the first `from` replaced by `to`, made fit. */
static mw_status make(import *it, const char *from, const char *to) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 12);
    const char *place = strstr(text, from);
    MW_CHECK(place != NULL);
    mw_buf_append(&bytes, text, (size_t)(place - text));
    mw_buf_append_text(&bytes, to);
    mw_buf_append_text(&bytes, place + strlen(from));
    mw_arena_init(&it->arena, 1 << 20);
    mw_str whole = mw_str_copy(&it->arena, mw_buf_str(&bytes));
    mw_buf_release(&bytes);
    MW_CHECK_OK(mw_library_model_read(&it->arena, whole, &it->model, &it->err), &it->err);
    return mw_imported_make(&it->arena, &it->model, whole, &project, &it->imported, &it->err);
}

MW_TEST(imported_model_takes_the_projects_order_of_features_and_categories) {
    import it;
    MW_CHECK_OK(make(&it, "tree", "tree"), &it.err);
    MW_CHECK_EQUAL_INT(it.imported.unused_count, 1);
    MW_CHECK_EQUAL_INT(it.imported.values[2].count, 3);
    MW_CHECK_EQUAL_STR(it.imported.values[2].items[0], "a");
    MW_CHECK_EQUAL_INT(it.imported.values[0].count, 0);
    /* shop "b", which the file numbers 0 and we 1, goes left */
    MW_CHECK(mw_forest_raw(it.imported.forest, (double[]){50, 0, 1, 0}) == 1);
    MW_CHECK(mw_forest_raw(it.imported.forest, (double[]){5, 0, 0, 0}) == 2);
    MW_CHECK(mw_forest_raw(it.imported.forest, (double[]){50, 0, 2, 0}) == 3);
    MW_CHECK(mw_str_starts(it.imported.settings,
                           MW_STR("library=lightgbm version=v4 objective=\"binary sigmoid:1\" "
                                  "sha256=")));
    mw_arena_release(&it.arena);
}

MW_TEST(imported_model_must_fit_the_project) {
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"spent shop", "spend shop", "the model's feature spend is no feature of the project"},
        {"spent shop", "shop shop", "the model has two features shop"},
        {"spent shop", "spent more",
         "the file names the categories of 1 features, but 0 of its features are categories of the "
         "project"},
        {"feature_names=spent shop amount", "", "the model file names no features"},
        {"[[\"b\", \"a\", \"c\"]]", "null",
         "feature shop is a category, but the file does not name its values"},
        {"\"a\", \"c\"", "\"b\", \"c\"", "feature shop: its category \"b\" stands twice"},
        {"cat_threshold=1", "cat_threshold=9", "a split asks for category 3, of 3 that are named"},
        {"decision_type=1 2", "decision_type=2 2", "a split compares a category as a number"},
        {"binary sigmoid:1", "regression",
         "lightgbm's objective regression gives no probability of yes; others are not built yet"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        import it;
        MW_CHECK(make(&it, cases[i].from, cases[i].to) != MW_OK);
        MW_CHECK_EQUAL_STR((const char *)it.err.message, cases[i].message);
        mw_arena_release(&it.arena);
    }
}
