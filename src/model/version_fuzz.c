#include "model/seal.h"
#include "model/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The bytes are what a seal would hold. A version that is taken has these bytes and no others. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const mw_seal seal = {.what = "version", .magic = 0x5256574d, .format = 1};
    mw_arena arena;
    mw_arena_init(&arena, (size_t)1 << 26);
    mw_buf sealed, again;
    mw_buf_init(&sealed, (size_t)1 << 26);
    mw_buf_init(&again, (size_t)1 << 26);
    mw_seal_append(&sealed, seal, (mw_str){(const char *)bytes, size});
    const mw_version *version;
    if (mw_version_decode(&arena, mw_buf_str(&sealed), &version, NULL) == MW_OK) {
        mw_status status = mw_version_encode(version, &again, NULL);
        MW_ASSERT(status == MW_OK);
        MW_ASSERT(mw_str_equal(mw_buf_str(&sealed), mw_buf_str(&again)));
    }
    mw_buf_release(&sealed);
    mw_buf_release(&again);
    mw_arena_release(&arena);
    return 0;
}
