#include "model/xgboost_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Bytes that are taken, JSON or UBJSON, make a forest that can be walked, saved and read back. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static double row[MW_FOREST_FEATURES_MAX], predictions[MW_FOREST_CLASSES_MAX];
    mw_arena arena;
    mw_arena_init(&arena, (size_t)1 << 26);
    mw_buf saved;
    mw_buf_init(&saved, (size_t)1 << 26);
    const mw_forest *forest;
    if (mw_xgboost_read(&arena, (mw_str){(const char *)bytes, size}, &forest, NULL) == MW_OK) {
        mw_forest_predict_rows(forest, row, 1, predictions);
        mw_forest_encode(forest, &saved);
        mw_status status = mw_forest_decode(&arena, mw_buf_str(&saved), &forest, NULL);
        MW_ASSERT(status == MW_OK || status == MW_NO_MEMORY);
    }
    mw_buf_release(&saved);
    mw_arena_release(&arena);
    return 0;
}
