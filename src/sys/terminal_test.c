#include "sys/simulated.h"
#include "sys/terminal.h"
#include "testing/test.h"

#include <string.h>

#define WIPE "\r\x1b[K"

static mw_sys *create(size_t width) {
    mw_sys *sys;
    mw_error err;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = 1}, &sys, &err), &err);
    mw_simulated_set_terminal(sys, width);
    return sys;
}

static size_t count_of(mw_str text, char c) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) count += text.data[i] == c;
    return count;
}

MW_TEST(terminal_tells_its_width) {
    mw_sys *sys = create(0);
    MW_CHECK(!mw_terminal_is_output(sys) && !mw_terminal_is_errors(sys));
    MW_CHECK_EQUAL_INT(mw_terminal_width(sys), 80);
    mw_simulated_set_terminal(sys, 132);
    MW_CHECK(mw_terminal_is_output(sys) && mw_terminal_is_errors(sys));
    MW_CHECK_EQUAL_INT(mw_terminal_width(sys), 132);
    mw_simulated_destroy(sys);
    MW_CHECK(mw_terminal_width(mw_sys_real()) > 0);
}

MW_TEST(progress_draws_a_bar_after_a_second) {
    mw_sys *sys = create(60);
    mw_progress progress = mw_progress_begin(sys, "training", 200);
    mw_progress_update(&progress, 10);
    mw_simulated_advance(sys, MW_SECOND_US - 1);
    mw_progress_update(&progress, 20);
    MW_CHECK_EQUAL_STR(mw_simulated_shown(sys), "");
    mw_simulated_advance(sys, 1);
    mw_progress_update(&progress, 50);
    MW_CHECK_EQUAL_STR(mw_simulated_shown(sys),
                       WIPE "training  [#######........................]   25 %  1s");
    mw_progress_update(&progress, 60); /* too soon */
    MW_CHECK_EQUAL_INT(count_of(mw_simulated_shown(sys), '\r'), 1);
    mw_simulated_advance(sys, MW_MINUTE_US);
    mw_progress_update(&progress, 300); /* more than was announced */
    MW_CHECK(mw_str_ends(mw_simulated_shown(sys), MW_STR("]  100 %  1m 1s")));
    mw_progress_end(&progress);
    MW_CHECK(mw_str_ends(mw_simulated_shown(sys), MW_STR("1m 1s" WIPE)));
    mw_simulated_destroy(sys);
}

MW_TEST(progress_shows_at_most_ten_times_a_second) {
    mw_sys *sys = create(80);
    mw_progress progress = mw_progress_begin(sys, "work", 100000);
    for (uint64_t i = 0; i < 11000; i++) { /* 11 s in steps of a millisecond */
        mw_simulated_advance(sys, 1000);
        mw_progress_update(&progress, i);
    }
    size_t shown = count_of(mw_simulated_shown(sys), '\r');
    MW_CHECK(shown >= 99 && shown <= 101);
    mw_simulated_destroy(sys);
}

MW_TEST(progress_fits_a_narrow_terminal_and_an_unknown_total) {
    mw_sys *sys = create(30);
    mw_progress progress = mw_progress_begin(sys, "a long label", 10);
    mw_simulated_advance(sys, 2 * MW_SECOND_US);
    mw_progress_update(&progress, 5);
    MW_CHECK_EQUAL_STR(mw_simulated_shown(sys), WIPE "a long label   50 %  2s");
    progress = mw_progress_begin(sys, "events", 0);
    mw_simulated_advance(sys, 2 * MW_SECOND_US);
    mw_progress_update(&progress, 1234);
    MW_CHECK(mw_str_ends(mw_simulated_shown(sys), MW_STR(WIPE "events  1234  2s")));
    mw_simulated_destroy(sys);
}

/* Every width, label and share: no bar wraps onto a second line. */
MW_TEST(progress_never_wraps) {
    for (size_t width = 24; width < 120; width++) {
        mw_sys *sys = create(width);
        mw_progress progress = mw_progress_begin(sys, "label", 1000);
        mw_simulated_advance(sys, 59 * MW_MINUTE_US + 59 * MW_SECOND_US);
        mw_progress_update(&progress, 1000);
        MW_CHECK(mw_simulated_shown(sys).size - strlen(WIPE) < width);
        mw_simulated_destroy(sys);
    }
}

MW_TEST(progress_writes_lines_only_where_asked) {
    mw_sys *sys = create(0);
    mw_error err;
    mw_progress progress = mw_progress_begin(sys, "work", 4);
    mw_simulated_advance(sys, MW_MINUTE_US);
    mw_progress_update(&progress, 2);
    mw_progress_end(&progress);
    MW_CHECK_EQUAL_STR(mw_simulated_shown(sys), "");

    MW_CHECK_OK(mw_simulated_set_environment(sys, "MILLWRIGHT_PROGRESS", "lines", &err), &err);
    progress = mw_progress_begin(sys, "work", 4);
    for (uint64_t i = 0; i <= 4; i++) {
        mw_progress_update(&progress, i);
        mw_simulated_advance(sys, 2 * MW_SECOND_US);
    }
    mw_progress_end(&progress);
    MW_CHECK_EQUAL_STR(mw_simulated_shown(sys),
                       "work   25 %  2s\nwork  100 %  8s\nwork  100 %  10s\n");
    mw_simulated_destroy(sys);
}
