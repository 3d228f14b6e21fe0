#include "cli/reason_grid.h"

#include "cli/grid.h"

/* What adds nothing stands last. */
static size_t count_telling(const mw_reasons *reasons) {
    size_t count = 0;
    while (count < reasons->count && reasons->items[count].adds != 0) count++;
    return count;
}

static bool is_any_described(const mw_reasons *reasons, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (mw_reason_description(reasons, &reasons->items[i]).size > 0) return true;
    return false;
}

void mw_reason_grid_print(const mw_reasons *reasons, const mw_schema *features,
                          const mw_cell *cells, const mw_symbols *symbols, mw_buf *out) {
    size_t count = count_telling(reasons);
    bool is_described = is_any_described(reasons, count);
    mw_grid grid = mw_grid_begin(is_described ? ">adds|feature|value|description"
                                              : ">adds|feature|value");
    mw_grid_add(&grid, "%s", mw_measure_text_signed(reasons->expected).text);
    mw_grid_add(&grid, "expected");
    mw_grid_add_str(&grid, MW_STR(""));
    if (is_described) mw_grid_add_str(&grid, MW_STR(""));
    for (size_t i = 0; i < count; i++) {
        const mw_reason *reason = &reasons->items[i];
        mw_buf value;
        mw_buf_init(&value, MW_GRID_SIZE_MAX);
        if (reason->width == 0)
            mw_cell_append(&value, features->fields[reason->feature].type, cells[reason->feature],
                           symbols);
        mw_grid_add(&grid, "%s", mw_measure_text_signed(reason->adds).text);
        mw_grid_add_str(&grid, mw_reason_name(reason, features));
        mw_grid_add_str(&grid, mw_buf_str(&value));
        if (is_described) mw_grid_add_str(&grid, mw_reason_description(reasons, reason));
        mw_buf_release(&value);
    }
    mw_grid_print(&grid, "", out);
}
