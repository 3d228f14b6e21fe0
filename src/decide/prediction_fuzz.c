/* Any bytes as a recorded prediction: whatever comes is read or refused. What is read of a format
   that is still written is written to the same bytes again; of one before, twice to the same. */
#include "decide/prediction.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { FEATURES = 2, FORMAT_STILL_WRITTEN = 3 };

static mw_field fields[FEATURES] = {{{"delay", 5}, MW_TYPE_NUMBER},
                                    {{"carrier", 7}, MW_TYPE_TEXT}};
static const mw_schema schema = {fields, FEATURES};

/* Reads and writes again; false if the bytes are no prediction. */
static bool write_again(mw_str bytes, mw_symbols *symbols, mw_buf *out) {
    mw_cell cells[FEATURES];
    mw_prediction read, head;
    if (mw_prediction_read(bytes, &schema, symbols, cells, &read, NULL) != MW_OK) return false;
    mw_status status = mw_prediction_read_head(bytes, &head, NULL);
    MW_ASSERT(status == MW_OK);
    MW_ASSERT(head.place == read.place);
    MW_ASSERT(mw_prediction_announced(&read).size <= read.event_id.size);
    mw_prediction_append(out, &read, &schema, symbols);
    MW_ASSERT(!out->failed);
    return true;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    mw_str bytes = {(const char *)data, size};
    mw_symbols *symbols;
    mw_buf once, twice;
    if (mw_symbols_create(1 << 24, &symbols, NULL) != MW_OK) return 0;
    mw_buf_init(&once, 1 << 24);
    mw_buf_init(&twice, 1 << 24);
    if (write_again(bytes, symbols, &once)) {
        mw_reader reader = {.rest = bytes};
        bool is_old = mw_read_u32(&reader) < FORMAT_STILL_WRITTEN;
        bool is_read = write_again(mw_buf_str(&once), symbols, &twice);
        MW_ASSERT(is_read);
        MW_ASSERT(mw_str_equal(is_old ? mw_buf_str(&twice) : bytes, mw_buf_str(&once)));
    }
    mw_buf_release(&once);
    mw_buf_release(&twice);
    mw_symbols_destroy(symbols);
    return 0;
}
