#include "train/library_check.h"

#include "sys/library.h"
#include "testing/test.h"

#include <string.h>

static const char *const text =
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n"
    "objective=binary sigmoid:1\nfeature_names=x y\nfeature_infos=[0:1] [0:1]\n"
    "tree_sizes=250\n\n"
    "Tree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=1\nsplit_gain=1\nthreshold=0.5\n"
    "decision_type=2\nleft_child=-1\nright_child=-2\nleaf_value=-1 1\nleaf_weight=1 1\n"
    "leaf_count=1 1\ninternal_value=0\ninternal_weight=2\ninternal_count=2\nis_linear=0\n"
    "shrinkage=1\n\n\nend of trees\n\nfeature_importances:\n\nparameters:\nend of parameters\n\n"
    "pandas_categorical:null\n";

/* Without the sizes, which the library would go by and we would not. */
static mw_str without_sizes(mw_arena *arena, const char *from, const char *to) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 12);
    const char *sizes = strstr(text, "tree_sizes=250\n");
    const char *rest = sizes + strlen("tree_sizes=250\n");
    mw_buf_append(&bytes, text, (size_t)(sizes - text));
    const char *place = strstr(rest, from);
    MW_CHECK(place != NULL);
    mw_buf_append(&bytes, rest, (size_t)(place - rest));
    mw_buf_append_text(&bytes, to);
    mw_buf_append_text(&bytes, place + strlen(from));
    mw_str copy = mw_str_copy(arena, mw_buf_str(&bytes));
    mw_buf_release(&bytes);
    return copy;
}

MW_TEST(library_check_passes_the_model_that_the_library_has) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_str bytes = without_sizes(&arena, "shrinkage=1", "shrinkage=1");
    mw_library_model model;
    mw_error err;
    MW_CHECK_OK(mw_library_model_read(&arena, bytes, &model, &err), &err);
    MW_CHECK_OK(mw_library_check(mw_sys_real(), &model, bytes, &err), &err);
    mw_arena_release(&arena);
}

MW_TEST(library_check_shows_the_first_row_that_differs) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_str bytes = without_sizes(&arena, "shrinkage=1", "shrinkage=1");
    mw_str other = without_sizes(&arena, "threshold=0.5", "threshold=0.50000000000000011");
    mw_library_model model;
    mw_error err;
    MW_CHECK_OK(mw_library_model_read(&arena, bytes, &model, &err), &err);
    MW_CHECK_STATUS(mw_library_check(mw_sys_real(), &model, other, &err), MW_CHECK_FAILED);
    MW_CHECK(strstr(err.message, "of the check: lightgbm says 0.2689414213699951, we say "
                                 "0.7310585786300049, for ("));
    mw_arena_release(&arena);
}
