#include "store/arrow_note.h"

#include "base/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A note of two columns, whatever its message says of them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const mw_str names[] = {{"a", 1}, {"b", 1}};
    mw_arrow_noted noted[2];
    mw_buf note;
    mw_buf_init(&note, 1 << 26);
    mw_base64_append(&note, (mw_str){(const char *)data, size});
    if (mw_buf_check(&note, "note", NULL) == MW_OK)
        (void)!mw_arrow_note_read(mw_buf_str(&note), names, 2, noted, NULL);
    mw_buf_release(&note);
    return 0;
}
