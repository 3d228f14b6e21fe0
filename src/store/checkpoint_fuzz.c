#include "store/checkpoint.h"

#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is what stands behind magic and format, before the checksum. A checkpoint that is
   taken has these bytes and no others. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_buf bytes, again;
    mw_arena arena;
    mw_arena_init(&arena, (size_t)1 << 26);
    mw_buf_init(&bytes, (size_t)1 << 26);
    mw_buf_init(&again, (size_t)1 << 26);
    mw_buf_append_text(&bytes, "MWCK");
    mw_buf_append_u32(&bytes, MW_CHECKPOINT_FORMAT);
    mw_buf_append(&bytes, data, size);
    mw_buf_append_u32(&bytes, mw_crc32c(0, bytes.data, bytes.size));
    mw_checkpoint checkpoint;
    if (mw_checkpoint_decode(mw_buf_str(&bytes), "fuzz", &arena, &checkpoint, NULL) == MW_OK) {
        mw_checkpoint_append(&again, &checkpoint);
        MW_ASSERT(mw_str_equal(mw_buf_str(&bytes), mw_buf_str(&again)));
    }
    mw_buf_release(&bytes);
    mw_buf_release(&again);
    mw_arena_release(&arena);
    return 0;
}
