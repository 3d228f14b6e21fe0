#include "store/log_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Hostile segments end in a found word, never past their bytes. Batches are records, and whoever
   reads on in the midst of one comes to the same end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_str bytes = {(const char *)data, size};
    mw_log_head head;
    (void)!mw_log_head_read(bytes, "fuzz.log", &head, NULL);
    for (size_t end = 0, offset = 0;; offset = end) {
        mw_log_found found = mw_log_batch_read(bytes, false, &end);
        MW_ASSERT(end <= size);
        for (bool is_amid = false; offset < end; is_amid = true) {
            mw_record record;
            mw_log_frame frame;
            size_t rest = offset;
            MW_ASSERT(mw_log_record_read(bytes, offset, &record, &frame) == MW_LOG_GOOD);
            MW_ASSERT(mw_log_record_view(bytes, offset, &record) == frame.size);
            MW_ASSERT(mw_log_batch_read(bytes, is_amid, &rest) == found && rest == end);
            offset += frame.size;
        }
        if (found == MW_LOG_GOOD) continue;
        (void)mw_log_record_is_torn(bytes, end, 0);
        return 0;
    }
}
