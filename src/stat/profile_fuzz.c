#include "stat/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A profile that is taken has these bytes and no others, and names all its bins. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    mw_arena arena;
    mw_arena_init(&arena, (size_t)1 << 26);
    mw_symbols *symbols;
    mw_status status = mw_symbols_create((size_t)1 << 24, &symbols, NULL);
    MW_ASSERT(status == MW_OK);
    mw_buf again;
    mw_buf_init(&again, (size_t)1 << 24);
    const mw_profile *profile;
    mw_str text = {(const char *)bytes, size};
    if (mw_profile_decode(&arena, symbols, text, &profile, NULL) == MW_OK) {
        mw_profile_encode(profile, &again);
        MW_ASSERT(mw_str_equal(mw_buf_str(&again), text));
        for (size_t c = 0; c < mw_profile_column_count(profile); c++)
            for (size_t b = 0; b < mw_profile_column_at(profile, c)->bin_count; b++) {
                mw_profile_append_bin(profile, c, b, &again);
                mw_profile_append_bin_rounded(profile, c, b, &again);
            }
    }
    mw_buf_release(&again);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
    return 0;
}
