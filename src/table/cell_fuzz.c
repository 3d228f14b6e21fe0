/* Any bytes, as text and as canonical bytes of each type: what is taken is written and read back
   to the same bits. The first byte chooses the type. */
#include "table/list.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Beyond 2^53 what came in with a fraction is written as a whole number, and refused as one. */
static bool may_look_whole(mw_type type, mw_cell cell, const mw_symbols *symbols) {
    if (type == MW_TYPE_NUMBER) return fabs(cell.number) > 0x1p53;
    if (type != MW_TYPE_NUMBER_LIST || mw_cell_is_missing(type, cell)) return false;
    mw_list_reader reader;
    bool may = false;
    double element;
    mw_list_open(&reader, cell, symbols);
    while (mw_list_next_number(&reader, &element)) may |= fabs(element) > 0x1p53;
    mw_list_close(&reader);
    return may;
}

static void check_text(mw_type type, mw_str text, mw_symbols *symbols, mw_buf *buf) {
    mw_cell cell, again;
    mw_error err;
    if (mw_cell_parse(type, text, mw_zone_utc(), symbols, &cell, &err) != MW_OK) return;
    if (may_look_whole(type, cell, symbols)) return;
    mw_cell_append(buf, type, cell, symbols);
    mw_status status = mw_cell_parse(type, mw_buf_str(buf), NULL, symbols, &again, &err);
    MW_ASSERT(buf->failed || status == MW_OK);
    MW_ASSERT(buf->failed || again.bits == cell.bits);
}

static void check_canonical(mw_type type, mw_str bytes, mw_symbols *symbols, mw_buf *buf) {
    mw_reader reader = {.rest = bytes};
    mw_cell cell;
    if (!mw_cell_read_canonical(&reader, type, symbols, &cell)) return;
    mw_cell_append_canonical(buf, type, cell, symbols);
    MW_ASSERT(mw_str_equal(mw_buf_str(buf), mw_str_slice(bytes, 0, bytes.size - reader.rest.size)));
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    if (size == 0) return 0;
    mw_type type = (mw_type)(data[0] % MW_TYPE_COUNT);
    mw_str text = {(const char *)data + 1, size - 1};
    mw_symbols *symbols;
    if (mw_symbols_create(1 << 20, &symbols, NULL) != MW_OK) return 0;
    mw_buf written;
    mw_buf_init(&written, 1 << 20);
    check_text(type, text, symbols, &written);
    mw_buf_clear(&written);
    check_canonical(type, text, symbols, &written);
    mw_buf_release(&written);
    mw_symbols_destroy(symbols);
    return 0;
}
