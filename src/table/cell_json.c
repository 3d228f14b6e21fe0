#include "table/cell_json.h"

void mw_cell_write_json(mw_json *json, mw_type type, mw_cell cell, const mw_symbols *symbols) {
    if (mw_cell_is_missing(type, cell)) {
        mw_json_null(json);
        return;
    }
    switch (type) {
    case MW_TYPE_NUMBER: mw_json_number(json, cell.number); return;
    case MW_TYPE_BOOL: mw_json_bool(json, cell.boolean == MW_TRUE); return;
    case MW_TYPE_TIME: mw_json_time(json, cell.time); return;
    case MW_TYPE_DURATION:
        mw_json_number(json, (double)cell.time / (double)MW_SECOND_US);
        return;
    case MW_TYPE_CATEGORY:
    case MW_TYPE_TEXT: mw_json_str(json, mw_symbols_text(symbols, cell.symbol)); return;
    case MW_TYPE_LIST:
    case MW_TYPE_NUMBER_LIST: mw_json_raw(json, mw_symbols_text(symbols, cell.symbol)); return;
    case MW_TYPE_COUNT: break;
    }
    MW_ASSERT(false && "a cell of a type that exists");
}
