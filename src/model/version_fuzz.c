#include "model/seal.h"
#include "model/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Decodes and encodes again; false if the bytes are no version. */
static bool encode_again(mw_str bytes, mw_arena *arena, mw_buf *out) {
    const mw_version *version;
    if (mw_version_decode(arena, bytes, &version, NULL) != MW_OK) return false;
    mw_status status = mw_version_encode(version, out, NULL);
    MW_ASSERT(status == MW_OK);
    return true;
}

/* The bytes are what a seal of that format would hold. A version that is taken may hold a forest of
   the format before, so its bytes are those of today only once it was encoded; then they are no
   others. */
static void read_as(uint32_t format, mw_str payload) {
    mw_seal seal = {.what = "version", .magic = MW_VERSION_MAGIC, .format = format};
    mw_arena arena;
    mw_arena_init(&arena, (size_t)1 << 26);
    mw_buf sealed, once, twice;
    mw_buf_init(&sealed, (size_t)1 << 26);
    mw_buf_init(&once, (size_t)1 << 26);
    mw_buf_init(&twice, (size_t)1 << 26);
    mw_seal_append(&sealed, seal, payload);
    if (encode_again(mw_buf_str(&sealed), &arena, &once)) {
        bool is_version = encode_again(mw_buf_str(&once), &arena, &twice);
        MW_ASSERT(is_version);
        MW_ASSERT(mw_str_equal(mw_buf_str(&once), mw_buf_str(&twice)));
    }
    mw_buf_release(&sealed);
    mw_buf_release(&once);
    mw_buf_release(&twice);
    mw_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    for (uint32_t format = MW_VERSION_FORMAT - 1; format <= MW_VERSION_FORMAT; format++)
        read_as(format, (mw_str){(const char *)bytes, size});
    return 0;
}
