#include "cli/reason_grid.h"

#include "cli/grid.h"

void mw_reason_grid_print(const mw_reasons *reasons, const mw_schema *features,
                          const mw_cell *cells, const mw_symbols *symbols, mw_buf *out) {
    mw_grid grid = mw_grid_begin(">adds|feature|value");
    mw_grid_add(&grid, "%+.4f", reasons->expected);
    mw_grid_add(&grid, "expected");
    mw_grid_add_str(&grid, MW_STR(""));
    for (size_t i = 0; i < reasons->count && reasons->items[i].adds != 0; i++) {
        const mw_reason *reason = &reasons->items[i];
        mw_buf value;
        mw_buf_init(&value, MW_GRID_SIZE_MAX);
        if (reason->width == 0)
            mw_cell_append(&value, features->fields[reason->feature].type, cells[reason->feature],
                           symbols);
        mw_grid_add(&grid, "%+.4f", reason->adds);
        mw_grid_add_str(&grid, mw_reason_name(reason, features));
        mw_grid_add_str(&grid, mw_buf_str(&value));
        mw_buf_release(&value);
    }
    mw_grid_print(&grid, "", out);
}
