#include "store/log_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Hostile segments end in a found word, never past their bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_str bytes = {(const char *)data, size};
    mw_log_head head;
    (void)!mw_log_head_read(bytes, "fuzz.log", &head, NULL);
    mw_record record;
    for (size_t offset = 0, taken = 0; offset <= size; offset += taken) {
        if (mw_log_record_read(bytes, offset, &record, &taken) == MW_LOG_RECORD_GOOD) continue;
        (void)mw_log_record_is_torn(bytes, offset, 0);
        break;
    }
    return 0;
}
