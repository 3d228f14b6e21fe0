#include "model/background.h"
#include "model/seal.h"

enum { EXPLAINED_FEATURES_MAX = 64, EXPLAINED_CLASSES_MAX = 8 };

/* Whatever its leaves are, it is explained or refused. */
static void explain(const mw_forest *forest) {
    static double row[EXPLAINED_FEATURES_MAX], other[EXPLAINED_FEATURES_MAX];
    static double values[EXPLAINED_CLASSES_MAX * (EXPLAINED_FEATURES_MAX + 1)];
    mw_forest_head head = mw_forest_facts(forest);
    if (head.feature_count > EXPLAINED_FEATURES_MAX || head.class_count > EXPLAINED_CLASSES_MAX)
        return;
    for (uint32_t i = 0; i < head.feature_count; i++) row[i] = i;
    mw_arena arena;
    mw_arena_init(&arena, (size_t)1 << 26);
    const mw_background *background;
    if (mw_background_make(&arena, forest, other, 1, &background, NULL) == MW_OK) {
        mw_status status = mw_background_run(background, row, 1, values, NULL);
        MW_ASSERT(status == MW_OK || status == MW_NO_MEMORY);
    }
    mw_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The bytes are what a seal would hold, since no fuzzer guesses a checksum. A forest that is taken
   can be walked and explained, and has these bytes and no others. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const mw_seal seal = {.what = "forest", .magic = 0x5446574d, .format = MW_FOREST_FORMAT};
    static double row[MW_FOREST_FEATURES_MAX], predictions[MW_FOREST_CLASSES_MAX];
    mw_arena arena;
    mw_arena_init(&arena, (size_t)1 << 26);
    mw_buf sealed, again;
    mw_buf_init(&sealed, (size_t)1 << 26);
    mw_buf_init(&again, (size_t)1 << 26);
    mw_seal_append(&sealed, seal, (mw_str){(const char *)bytes, size});
    const mw_forest *forest;
    if (mw_forest_decode(&arena, mw_buf_str(&sealed), &forest, NULL) == MW_OK) {
        mw_forest_predict_rows(forest, row, 1, predictions);
        explain(forest);
        mw_forest_encode(forest, &again);
        MW_ASSERT(mw_str_equal(mw_buf_str(&sealed), mw_buf_str(&again)));
    }
    mw_buf_release(&sealed);
    mw_buf_release(&again);
    mw_arena_release(&arena);
    return 0;
}
