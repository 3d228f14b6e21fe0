#include "model/forest.h"
#include "model/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The bytes are what a seal would hold, since no fuzzer guesses a checksum. A forest that is taken
   can be walked, and has these bytes and no others. */
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
        mw_forest_encode(forest, &again);
        MW_ASSERT(mw_str_equal(mw_buf_str(&sealed), mw_buf_str(&again)));
    }
    mw_buf_release(&sealed);
    mw_buf_release(&again);
    mw_arena_release(&arena);
    return 0;
}
