#include "cli/grid.h"

#include <math.h>

#include "testing/test.h"

static void check_prints(mw_grid *grid, const char *expected) {
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    mw_grid_print(grid, "  ", &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
}

MW_TEST(columns_are_as_wide_as_their_widest_cell) {
    mw_grid grid = mw_grid_begin("name|>rows|note");
    mw_grid_add(&grid, "%s", "schedule");
    mw_grid_add_count(&grid, 336776);
    mw_grid_add(&grid, "%s", "");
    mw_grid_add_str(&grid, MW_STR("caf\xc3\xa9"));
    mw_grid_add_count(&grid, 7);
    mw_grid_add(&grid, "%d new", 3);
    check_prints(&grid, "  name         rows  note\n"
                        "  schedule  336,776\n"
                        "  caf\xc3\xa9            7  3 new\n");
}

MW_TEST(titles_may_be_left_out_and_cells_stay_on_their_line) {
    mw_grid grid = mw_grid_begin("|");
    mw_grid_add_str(&grid, MW_STR("two\nlines"));
    mw_grid_add_time(&grid, 0);
    mw_grid_add_str(&grid, MW_STR(""));
    mw_grid_add_time(&grid, MW_TIME_MISSING);
    check_prints(&grid, "  two lines  1970-01-01T00:00:00Z\n\n");
}

/* U+009B, DEL and ESC would tell a terminal what to do; U+00A0 is a character like others. */
MW_TEST(cells_carry_no_command_to_a_terminal) {
    mw_grid grid = mw_grid_begin("");
    mw_grid_add_str(&grid, MW_STR("\xc2\x9b" "2J \x7f\x1b[2J \xc2\xa0.\xc2"));
    check_prints(&grid, "   2J   [2J \xc2\xa0.\xc2\n");
}

MW_TEST(counts_have_groups_of_three) {
    static const struct {
        uint64_t count;
        const char *text;
    } cases[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {12345678, "12,345,678"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_buf out;
        mw_buf_init(&out, 64);
        mw_count_append(&out, cases[i].count);
        MW_CHECK_EQUAL_STR(mw_buf_str(&out), cases[i].text);
        mw_buf_release(&out);
    }
}

MW_TEST(memory_that_runs_out_shows_in_the_output) {
    mw_grid grid = mw_grid_begin("a");
    mw_memory_fail_after(0);
    mw_grid_add(&grid, "x");
    mw_memory_fail_after(SIZE_MAX);
    mw_buf out;
    mw_buf_init(&out, 64);
    mw_grid_print(&grid, "", &out);
    MW_CHECK(out.failed);
    mw_buf_release(&out);
}

MW_TEST(grid_writes_spans_in_the_unit_that_fits) {
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{NAN, ""},        {0, "0.0 s"},       {1.25, "1.2 s"},      {119, "119 s"},
                 {120, "2.0 min"}, {7199, "120 min"},  {7200, "2.0 h"},      {172799, "48 h"},
                 {172800, "2.0 d"}, {3456000, "40 d"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_grid grid = mw_grid_begin("");
        mw_grid_add_seconds(&grid, cases[i].seconds);
        MW_CHECK_EQUAL_STR(mw_str_of(grid.cells.data), cases[i].text);
        mw_buf_release(&grid.cells);
    }
}

MW_TEST(grid_shows_measures_of_any_scale) {
    static const struct {
        double value;
        const char *text, *with_sign;
    } cases[] = {{0, "0.0000", "+0.0000"},
                 {-0.0, "0.0000", "+0.0000"},
                 {0.57312, "0.5731", "+0.5731"},
                 {-283.98541, "-283.9854", "-283.9854"},
                 {0.001, "0.0010", "+0.0010"},
                 {0.00041249, "0.000412", "+0.000412"},
                 {-3e-41, "-3e-41", "-3e-41"},
                 {999999999999999, "999999999999999.0000", "+999999999999999.0000"},
                 {-1.2345e300, "-1.23e+300", "-1.23e+300"},
                 {INFINITY, "inf", "+inf"},
                 {NAN, "nan", "nan"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        MW_CHECK_EQUAL_STR(mw_str_of(mw_measure_text_of(cases[i].value).text), cases[i].text);
        MW_CHECK_EQUAL_STR(mw_str_of(mw_measure_text_signed(cases[i].value).text),
                           cases[i].with_sign);
    }
}
