#include "model/lightgbm_text.h"

#include "testing/test.h"

#include <math.h>
#include <string.h>

/* Two trees: a numeric split above a categorical one, and a single leaf. */
static const char *const model_text =
    "tree\n"
    "version=v4\n"
    "num_class=1\n"
    "num_tree_per_iteration=1\n"
    "label_index=0\n"
    "max_feature_idx=2\n"
    "objective=binary sigmoid:1\n"
    "feature_names=Column_0 Column_1 Column_2\n"
    "tree_sizes=400 100\n"
    "\n"
    "Tree=0\n"
    "num_leaves=3\n"
    "num_cat=1\n"
    "split_feature=2 0\n"
    "split_gain=10 5\n"
    "threshold=0.10000000000000001 0\n"
    "decision_type=10 1\n"
    "left_child=1 -1\n"
    "right_child=-2 -3\n"
    "leaf_value=0.5 -0.25 1.5\n"
    "cat_boundaries=0 2\n"
    "cat_threshold=1 4\n"
    "is_linear=0\n"
    "shrinkage=0.1\n"
    "\n"
    "Tree=1\n"
    "num_leaves=1\n"
    "num_cat=0\n"
    "leaf_value=0.125\n"
    "is_linear=0\n"
    "shrinkage=1\n"
    "\n"
    "end of trees\n"
    "\n"
    "parameters:\n"
    "[seed: 1]\n"
    "end of parameters\n";

static mw_status read_model(mw_arena *arena, mw_str text, const mw_forest **out_forest,
                            mw_error *err) {
    mw_arena_init(arena, 1 << 20);
    return mw_lightgbm_text_read(arena, text, out_forest, err);
}

MW_TEST(lightgbm_text_becomes_a_forest) {
    mw_arena arena;
    const mw_forest *forest;
    mw_error err;
    MW_CHECK_OK(read_model(&arena, mw_str_of(model_text), &forest, &err), &err);
    mw_forest_head head = mw_forest_facts(forest);
    MW_CHECK(head.feature_count == 3 && head.tree_count == 2 && !head.is_average);
    MW_CHECK(head.output == MW_OUTPUT_SIGMOID && head.sigmoid == 1);
    static const struct {
        double row[3], raw;
    } cases[] = {
        {{0, 0, 0.1}, 0.5 + 0.125},  {{34, 0, 0.1}, 0.5 + 0.125}, {{1, 0, 0.1}, 1.5 + 0.125},
        {{0, 0, 0.2}, -0.25 + 0.125}, {{0, 0, NAN}, 0.5 + 0.125},  {{NAN, 0, NAN}, 1.5 + 0.125},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_forest_raw(forest, cases[i].row), cases[i].raw);
    mw_arena_release(&arena);
}

/* The model with the first `from` replaced by `to`. */
static mw_str changed(mw_buf *buf, const char *from, const char *to) {
    const char *place = strstr(model_text, from);
    MW_CHECK(place != NULL);
    mw_buf_clear(buf);
    mw_buf_append(buf, model_text, (size_t)(place - model_text));
    mw_buf_append_text(buf, to);
    mw_buf_append_text(buf, place + strlen(from));
    return mw_buf_str(buf);
}

MW_TEST(lightgbm_text_hash_knows_the_trees_alone) {
    mw_buf buf;
    mw_buf_init(&buf, 1 << 12);
    static const char *const same[][2] = {
        {"[seed: 1]", "[seed: 2]"}, {"split_gain=10 5", "split_gain=1 2"},
        /* leaves under other numbers, and an empty word in a set */
        {"right_child=-2 -3\nleaf_value=0.5 -0.25 1.5",
         "right_child=-3 -2\nleaf_value=0.5 1.5 -0.25"},
        {"cat_boundaries=0 2\ncat_threshold=1 4", "cat_boundaries=0 3\ncat_threshold=1 4 0"}};
    char hash[MW_SHA256_HEX_SIZE + 1], other[MW_SHA256_HEX_SIZE + 1];
    mw_arena arena;
    const mw_forest *forest;
    MW_CHECK_OK(read_model(&arena, mw_str_of(model_text), &forest, NULL), NULL);
    mw_forest_hash(forest, hash);
    mw_arena_release(&arena);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        MW_CHECK_OK(read_model(&arena, changed(&buf, same[i][0], same[i][1]), &forest, NULL), NULL);
        mw_forest_hash(forest, other);
        MW_CHECK_EQUAL_STR((const char *)other, (const char *)hash);
        mw_arena_release(&arena);
    }
    MW_CHECK_OK(read_model(&arena, changed(&buf, "0.125", "0.25"), &forest, NULL), NULL);
    mw_forest_hash(forest, other);
    MW_CHECK(strcmp(hash, other) != 0);
    mw_arena_release(&arena);
    mw_buf_release(&buf);
}

MW_TEST(lightgbm_text_says_what_to_do_with_older_files) {
    static const struct {
        const char *version;
        bool is_older;
    } cases[] = {{"v2", true}, {"v3", true}, {"v5", false}, {"4", false}};
    mw_buf buf;
    mw_buf_init(&buf, 1 << 16);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_arena arena;
        mw_error err = {0};
        const mw_forest *forest;
        mw_arena_init(&arena, 1 << 20);
        MW_CHECK_STATUS(read_model(&arena, changed(&buf, "v4", cases[i].version), &forest, &err),
                        MW_NOT_BUILT);
        MW_CHECK_EQUAL_INT(strstr(err.hint, "Save it by LightGBM 4: ") == err.hint,
                           cases[i].is_older);
        mw_arena_release(&arena);
    }
    mw_buf_release(&buf);
}

static const struct {
    const char *from, *to;
    mw_status status;
    const char *message;
} broken[] = {
    {"tree\n", "trees\n", MW_MALFORMED, "its first line must be \"tree\""},
    {"v4", "v3", MW_NOT_BUILT, "version must be v4, got v3"},
    {"tree_per_iteration=1", "tree_per_iteration=3", MW_MALFORMED,
     "num_tree_per_iteration must divide its 2 trees, got 3"},
    {"tree_per_iteration=1", "tree_per_iteration=x", MW_MALFORMED,
     "num_tree_per_iteration must be from 1 to 4096, got x"},
    {"binary sigmoid:1", "survival", MW_NOT_BUILT, "objective survival is not built yet"},
    {"sigmoid:1", "sigmoid:0", MW_MALFORMED, "sigmoid must be a number above 0, got 0"},
    {"idx=2", "idx=9999", MW_MALFORMED, "max_feature_idx must be from 0 to 4095, got 9999"},
    {"max_feature_idx=2\n", "", MW_MALFORMED, "max_feature_idx is missing"},
    {"Tree=0", "Tree=7", MW_MALFORMED, "Tree=0 must come next, got 7"},
    {"num_leaves=3", "num_leaves=9", MW_MALFORMED, "tree 0: leaf_value must be 9 numbers"},
    {"num_leaves=3", "num_leaves=999999999", MW_MALFORMED,
     "tree 0: num_leaves must be the number of its leaf values"},
    {"num_cat=1", "num_cat=3", MW_MALFORMED,
     "tree 0: num_cat must be from 0 to num_leaves - 1"},
    {"split_feature=2 0", "split_feature=2", MW_MALFORMED,
     "tree 0: split_feature must be 2 whole numbers"},
    {"split_feature=2 0", "split_feature=2 0 1", MW_MALFORMED,
     "tree 0: split_feature must be 2 whole numbers"},
    {"split_feature=2 0", "split_feature=2 3", MW_MALFORMED,
     "tree 0: split_feature must be from 0 to max_feature_idx"},
    {"decision_type=10", "decision_type=16", MW_MALFORMED,
     "tree 0: decision_type must be from 0 to 11"},
    {"0.10000000000000001 0", "0.1 1", MW_MALFORMED,
     "tree 0: a categorical threshold must be from 0 to num_cat - 1"},
    {"threshold=0.1", "threshold=nan 0.1", MW_MALFORMED, "tree 0: threshold must be 2 numbers"},
    {"left_child=1 -1", "left_child=0 -1", MW_MALFORMED,
     "tree 0: a split must not be reached twice"},
    {"left_child=1 -1", "left_child=-1 -1", MW_MALFORMED, "tree 0: a split cannot be reached"},
    {"left_child=1 -1", "left_child=1 -4", MW_MALFORMED,
     "tree 0: a child must be a split or a leaf of the tree"},
    {"leaf_value=0.5", "leaf_value=inf", MW_MALFORMED, "tree 0: a leaf_value must be finite"},
    {"cat_boundaries=0 2", "cat_boundaries=0 -1", MW_MALFORMED,
     "tree 0: cat_boundaries must begin with 0 and grow"},
    {"cat_boundaries=0 2", "cat_boundaries=0 99", MW_MALFORMED,
     "tree 0: cat_threshold is shorter than cat_boundaries says"},
    {"cat_threshold=1 4", "cat_threshold=1 4294967296", MW_MALFORMED,
     "tree 0: cat_threshold must hold words of 32 bits"},
    {"is_linear=0", "is_linear=1", MW_MALFORMED, "tree 0: leaf_const must be 3 numbers"},
    {"is_linear=0", "is_linear=1\nleaf_const=1 2 3\nnum_features=1 0 9", MW_MALFORMED,
     "tree 0: num_features and leaf_const must fit leaf_coeff"},
    {"is_linear=0",
     "is_linear=1\nleaf_const=1 2 3\nnum_features=1 0 0\nleaf_features=7\nleaf_coeff=0.5",
     MW_MALFORMED, "tree 0: leaf_features and leaf_coeff must be finite and in range"},
    {"cat_threshold=1 4", "cat_threshold=1 4\nleaf_count=1 2", MW_MALFORMED,
     "tree 0: leaf_count must be 3 whole numbers"},
    {"cat_threshold=1 4", "cat_threshold=1 4\nleaf_count=1 2 3\ninternal_count=-1 3",
     MW_MALFORMED, "tree 0: leaf_count and internal_count must not be below 0"},
    {"end of trees", "end", MW_MALFORMED, "tree 1: the text ends before \"end of trees\""},
};

MW_TEST(lightgbm_text_names_the_broken_rule) {
    mw_buf buf;
    mw_buf_init(&buf, 1 << 12);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        mw_arena arena;
        const mw_forest *forest;
        mw_error err;
        mw_str text = changed(&buf, broken[i].from, broken[i].to);
        MW_CHECK_STATUS(read_model(&arena, text, &forest, &err), broken[i].status);
        MW_CHECK(strncmp(err.message, "lightgbm text: ", 15) == 0);
        MW_CHECK_EQUAL_STR((const char *)err.message + 15, broken[i].message);
        mw_arena_release(&arena);
    }
    mw_buf_release(&buf);
}

static mw_status read_once(void *context) {
    (void)context;
    mw_arena arena;
    const mw_forest *forest;
    mw_status status = read_model(&arena, mw_str_of(model_text), &forest, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(lightgbm_text_survives_every_shortage_of_memory) {
    MW_CHECK(mw_test_every_allocation_fails(read_once, NULL) > 3);
}

MW_TEST(lightgbm_text_refuses_every_cut) {
    const char *end = strstr(model_text, "end of trees");
    for (size_t size = 0; size < (size_t)(end - model_text); size++) {
        mw_arena arena;
        const mw_forest *forest;
        MW_CHECK(read_model(&arena, (mw_str){model_text, size}, &forest, NULL) != MW_OK);
        mw_arena_release(&arena);
    }
}
