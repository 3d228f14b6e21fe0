#include "ingest/csv_record.h"

#include <string.h>

enum { ROOM = 8, SIZE_MAX_HERE = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Hostile bytes end in records that take all of them, or in a quote that is not closed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char window[SIZE_MAX_HERE];
    if (size < 2 || size > SIZE_MAX_HERE) return 0;
    mw_csv_form form = {data[0] & 1 ? ',' : '\t', (data[0] & 2) != 0};
    size--;
    memcpy(window, data + 1, size);
    for (size_t at = 0; at < size;) {
        mw_str values[ROOM];
        mw_csv_record record = {.values = values, .room = ROOM};
        mw_csv_found found = mw_csv_cut(form, (mw_str){window + at, size - at}, true, &record);
        if (found == MW_CSV_UNCLOSED) return 0;
        MW_ASSERT(found == MW_CSV_RECORD && record.count > 0 && record.size > 0);
        mw_csv_join_doubles(&record, window + at);
        for (size_t i = 0; i < record.count && i < ROOM; i++) {
            MW_ASSERT(values[i].data >= window + at);
            MW_ASSERT(values[i].data + values[i].size <= window + at + record.text.size);
        }
        at += record.size;
        MW_ASSERT(at <= size);
    }
    return 0;
}
