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
static mw_status make_for(import *it, const char *from, const char *to, mw_imported_wish wish) {
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
    wish.features = &project;
    return mw_imported_make(&it->arena, &it->model, whole, wish, &it->imported, &it->err);
}

static mw_status make(import *it, const char *from, const char *to) {
    return make_for(it, from, to, (mw_imported_wish){.label = MW_TYPE_BOOL});
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
         "lightgbm's objective regression gives a number, and the label is a bool"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        import it;
        MW_CHECK(make(&it, cases[i].from, cases[i].to) != MW_OK);
        MW_CHECK_EQUAL_STR((const char *)it.err.message, cases[i].message);
        mw_arena_release(&it.arena);
    }
}

/* The same trees, whatever they were trained for: what they answer goes by the objective. */
MW_TEST(imported_model_answers_what_the_label_is) {
    static const struct {
        const char *objective;
        mw_type label;
        mw_answer_kind kind;
    } rows[] = {{"binary sigmoid:1", MW_TYPE_BOOL, MW_ANSWER_YES_NO},
                {"regression", MW_TYPE_NUMBER, MW_ANSWER_NUMBER},
                {"quantile alpha:0.9", MW_TYPE_DURATION, MW_ANSWER_NUMBER},
                {"tweedie tweedie_variance_power:1.5", MW_TYPE_NUMBER, MW_ANSWER_NUMBER},
                {"cross_entropy", MW_TYPE_BOOL, MW_ANSWER_YES_NO},
                {"cross_entropy", MW_TYPE_NUMBER, MW_ANSWER_NUMBER},
                {"lambdarank", MW_TYPE_BOOL, MW_ANSWER_SCORE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        import it;
        mw_imported_wish wish = {.label = rows[i].label};
        MW_CHECK_OK(make_for(&it, "binary sigmoid:1", rows[i].objective, wish), &it.err);
        MW_CHECK_EQUAL_INT(it.imported.answer, rows[i].kind);
        MW_CHECK_EQUAL_INT(it.imported.classes.count, 0);
        mw_arena_release(&it.arena);
    }
}

MW_TEST(imported_model_of_another_label_is_refused) {
    static const struct {
        const char *objective;
        mw_type label;
        const char *message;
    } rows[] = {
        {"binary sigmoid:1", MW_TYPE_NUMBER,
         "lightgbm's objective binary sigmoid:1 gives a probability of yes, and the label is a "
         "number"},
        {"lambdarank", MW_TYPE_NUMBER,
         "lightgbm's objective lambdarank gives a score that ranks, and the label is a number"},
        {"regression", MW_TYPE_TEXT,
         "lightgbm's objective regression gives a number, and the label is a text"},
        {"multiclass num_class:1", MW_TYPE_BOOL,
         "lightgbm's objective multiclass num_class:1 gives a probability for each of its classes, "
         "and the label is a bool"},
        {"cross_entropy_lambda", MW_TYPE_NUMBER,
         "lightgbm's objective cross_entropy_lambda gives nothing that a label could be, and the "
         "label is a number"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        import it;
        mw_imported_wish wish = {.label = rows[i].label};
        MW_CHECK_EQUAL_INT(make_for(&it, "binary sigmoid:1", rows[i].objective, wish), MW_INVALID);
        MW_CHECK_EQUAL_STR((const char *)it.err.message, rows[i].message);
        MW_CHECK(it.err.hint[0]);
        mw_arena_release(&it.arena);
    }
}

static const char *const classes_text =
    "tree\nversion=v4\nnum_class=2\nnum_tree_per_iteration=2\nmax_feature_idx=0\n"
    "objective=multiclass num_class:2\nfeature_names=spent\n\n"
    "Tree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=1\nis_linear=0\n\n"
    "Tree=1\nnum_leaves=1\nnum_cat=0\nleaf_value=2\nis_linear=0\n\nend of trees\n";

static mw_status make_classes(import *it, const mw_str *names, size_t count) {
    mw_str bytes = mw_str_of(classes_text);
    mw_imported_wish wish = {&project, MW_TYPE_TEXT, {names, count}};
    mw_arena_init(&it->arena, 1 << 20);
    MW_CHECK_OK(mw_library_model_read(&it->arena, bytes, &it->model, &it->err), &it->err);
    return mw_imported_make(&it->arena, &it->model, bytes, wish, &it->imported, &it->err);
}

/* The file numbers them, and whoever imports it says which they are. */
MW_TEST(imported_classes_keep_the_files_order) {
    static const mw_str names[] = {{"spam", 4}, {"billing", 7}, {"spam", 4}};
    static const struct {
        size_t first, count;
        const char *message;
    } refused[] = {{0, 0, "the file has 2 classes and does not name them"},
                   {0, 3, "the file has 2 classes, and 3 are named"},
                   {0, 1, "the file has 2 classes, and 1 are named"}};
    import it;
    double shares[2];
    MW_CHECK_OK(make_classes(&it, names, 2), &it.err);
    MW_CHECK(it.imported.answer == MW_ANSWER_CLASS && it.imported.classes.count == 2);
    MW_CHECK_EQUAL_STR(it.imported.classes.items[0], "spam");
    mw_forest_predict_rows(it.imported.forest, (double[]){0, 0, 0, 0}, 1, shares);
    MW_CHECK(shares[1] > 0.7 && shares[0] < 0.3);
    mw_arena_release(&it.arena);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        MW_CHECK_EQUAL_INT(make_classes(&it, names + refused[i].first, refused[i].count),
                           MW_INVALID);
        MW_CHECK_EQUAL_STR((const char *)it.err.message, refused[i].message);
        mw_arena_release(&it.arena);
    }
    static const mw_str twice[] = {{"spam", 4}, {"spam", 4}};
    MW_CHECK_EQUAL_INT(make_classes(&it, twice, 2), MW_INVALID);
    mw_arena_release(&it.arena);
}
