#include "cli/grid.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { GAP = 2, CELL_SIZE_MAX = 4096 };

mw_grid mw_grid_begin(const char *titles) {
    mw_grid grid = {.titles = titles, .column_count = 1};
    for (const char *at = titles; *at; at++) grid.column_count += *at == '|';
    MW_ASSERT(grid.column_count <= MW_GRID_COLUMNS_MAX);
    mw_buf_init(&grid.cells, MW_GRID_SIZE_MAX);
    return grid;
}

void mw_grid_add(mw_grid *grid, const char *format, ...) {
    char text[CELL_SIZE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mw_grid_add_str(grid, mw_str_of(text));
}

/* U+0080 to U+009F, by their first byte in UTF-8; a terminal obeys them. */
static bool is_c1(mw_str text, size_t at) {
    if (at + 1 >= text.size) return false;
    unsigned char first = (unsigned char)text.data[at], next = (unsigned char)text.data[at + 1];
    return first == 0xC2 && next >= 0x80 && next <= 0x9F;
}

/* What would break the line, end the cell early or be obeyed becomes a blank. */
void mw_grid_add_str(mw_grid *grid, mw_str text) {
    enum { DELETE = 0x7F };
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        bool is_kept = byte >= ' ' && byte != DELETE && !is_c1(text, i);
        mw_buf_append_char(&grid->cells, is_kept ? text.data[i] : ' ');
        i += is_c1(text, i);
    }
    mw_buf_append_char(&grid->cells, 0);
}

/* Four digits behind the point; where these tell nothing of it, or too much, three that count. */
static mw_measure_text measure_text(double value, const char *plus) {
    const double small = 0.001, great = 1e15;
    mw_measure_text shown;
    bool is_far = (value != 0 && fabs(value) < small) || fabs(value) >= great;
    if (!(value >= 0)) plus = "";
    if (value == 0) value = 0; /* and not -0.0000 */
    if (is_far) snprintf(shown.text, sizeof shown.text, "%s%.3g", plus, value);
    else snprintf(shown.text, sizeof shown.text, "%s%.4f", plus, value);
    return shown;
}

mw_measure_text mw_measure_text_of(double value) { return measure_text(value, ""); }
mw_measure_text mw_measure_text_signed(double value) { return measure_text(value, "+"); }

void mw_count_append(mw_buf *out, uint64_t count) {
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) mw_buf_append_char(out, ',');
        mw_buf_append_char(out, digits[i]);
    }
}

void mw_grid_add_count(mw_grid *grid, uint64_t count) {
    mw_count_append(&grid->cells, count);
    mw_buf_append_char(&grid->cells, 0);
}

void mw_grid_add_time(mw_grid *grid, int64_t us) {
    mw_time_append(&grid->cells, us);
    mw_buf_append_char(&grid->cells, 0);
}

/* Characters of UTF-8: all bytes but those that continue one. */
static size_t width_of(mw_str text) {
    size_t width = 0;
    for (size_t i = 0; i < text.size; i++) width += (text.data[i] & 0xC0) != 0x80;
    return width;
}

static void fill(mw_buf *out, size_t count) {
    for (size_t i = 0; i < count; i++) mw_buf_append_char(out, ' ');
}

typedef struct {
    mw_str titles[MW_GRID_COLUMNS_MAX];
    bool is_right[MW_GRID_COLUMNS_MAX];
    size_t widths[MW_GRID_COLUMNS_MAX];
    bool has_titles;
} layout;

static layout lay_out(const mw_grid *grid) {
    layout plan = {0};
    mw_str rest = mw_str_of(grid->titles), cells = mw_buf_str(&grid->cells), cell;
    for (size_t c = 0; mw_str_split(&rest, '|', &cell); c++) {
        plan.is_right[c] = mw_str_starts(cell, MW_STR(">"));
        plan.titles[c] = mw_str_slice(cell, plan.is_right[c], cell.size);
        plan.widths[c] = width_of(plan.titles[c]);
        plan.has_titles |= plan.titles[c].size > 0;
    }
    for (size_t c = 0; cells.size > 0; c = (c + 1) % grid->column_count) {
        (void)mw_str_split(&cells, 0, &cell);
        if (width_of(cell) > plan.widths[c]) plan.widths[c] = width_of(cell);
    }
    return plan;
}

/* Blanks are written before the next cell that shows something, so that no line ends in one. */
static void print_cell(const layout *plan, size_t column, mw_str text, size_t *blanks,
                       mw_buf *out) {
    size_t slack = plan->widths[column] - width_of(text);
    if (plan->is_right[column]) *blanks += slack;
    if (text.size > 0) {
        fill(out, *blanks);
        mw_buf_append_str(out, text);
        *blanks = 0;
    }
    if (!plan->is_right[column]) *blanks += text.size > 0 ? slack : plan->widths[column];
    *blanks += GAP;
}

void mw_grid_add_seconds(mw_grid *grid, double seconds) {
    static const struct {
        double size;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t i = 0;
    while (i < 3 && seconds < 2 * units[i].size) i++;
    double value = seconds / units[i].size;
    if (isnan(seconds)) mw_grid_add(grid, "%s", "");
    else mw_grid_add(grid, value < 10 ? "%.1f %s" : "%.0f %s", value, units[i].name);
}

void mw_grid_print(mw_grid *grid, const char *indent, mw_buf *out) {
    layout plan = lay_out(grid);
    mw_str cells = mw_buf_str(&grid->cells), cell;
    if (plan.has_titles) {
        size_t blanks = strlen(indent);
        for (size_t c = 0; c < grid->column_count; c++)
            print_cell(&plan, c, plan.titles[c], &blanks, out);
        mw_buf_append_char(out, '\n');
    }
    while (cells.size > 0) {
        size_t blanks = strlen(indent);
        for (size_t c = 0; c < grid->column_count && mw_str_split(&cells, 0, &cell); c++)
            print_cell(&plan, c, cell, &blanks, out);
        mw_buf_append_char(out, '\n');
    }
    if (grid->cells.failed) out->failed = true;
    mw_buf_release(&grid->cells);
}
