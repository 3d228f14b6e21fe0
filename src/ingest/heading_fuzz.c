#include "ingest/heading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A hostile heading ends in its columns or in a message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_arena arena;
    mw_heading heading;
    mw_error err;
    mw_arena_init(&arena, 1 << 24);
    mw_str text = {(const char *)data, size};
    if (mw_heading_read(text, &arena, &heading, &err) == MW_OK) MW_ASSERT(heading.count > 0);
    mw_arena_release(&arena);
    return 0;
}
