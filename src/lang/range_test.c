#include "lang/range.h"

#include "testing/declare.h"
#include "testing/test.h"
#include "testing/zones.h"

MW_TEST(ranges_refuse_what_is_no_whole_number_of_ticks) {
    static const mw_test_mistake cases[] = {
        {"count(orders by shop over 36h aligned day)",
         ":1:42: features.a: a window that is aligned must look over a whole number of 1d, got "
         "36h\n"},
        {"count(orders by shop over 1d ago 5h aligned day)",
         ":1:48: features.a: a window that is aligned must look over a whole number of 1d, got "
         "5h\n"},
        {"count(orders by shop over 90s every 1m)",
         ":1:42: features.a: a window that is aligned must look over a whole number of 1m, got "
         "90s\n"},
        {"count(orders by shop over 32d aligned month)",
         ":1:42: features.a: a window that is aligned must look over a whole number of months, got "
         "32d\n    28d to 31d are one month, 59d to 62d two, 365d and 366d twelve.\n"},
        {"count(orders by shop over 1h every 7m)",
         ":1:41: features.a: `every` must be a whole part of an hour or a day, or whole days, got "
         "7m\n"},
        {"count(orders by shop over 1h aligned hour every 1h)",
         ":1:54: features.a: a window is either `aligned` or moves `every` span\n"
         "    Leave out one: `aligned day` is `every 1d`.\n"},
        {"count(orders by shop over 1d aligned year)",
         ":1:49: features.a: expected hour, day, week or month, got year\n"},
        {"count(orders by shop over 1d every day)",
         ":1:47: features.a: expected a span such as 24h, got day\n"},
        {"count(orders by shop over next 1d aligned day)",
         ":1:43: features.a: a feature must not see the future: 1d ahead of the moment is not "
         "known yet in orders\n"
         "    Look back, or, if its events are announced that long before, declare known: time - "
         "1d for orders.\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

MW_TEST(ranges_begin_since_an_event_with_the_same_keys) {
    static const mw_test_mistake cases[] = {
        {"count(orders by shop over 1h since pricess)",
         ":1:47: features.a: there is no stream pricess\n    Did you mean prices?\n"},
        {"count(orders by shop, note over 1h since prices)",
         ":1:34: features.a: there is no field note in prices\n"},
        {"count(prices by shop over next 1h since orders)",
         ":1:46: features.a: `since` cuts a window back short, it has no meaning ahead\n"},
        {"count(orders by shop since prices)", ":1:33: features.a: expected ), got since\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

static const char project[] =
    "stream visits\n  columns: at time, shop category\n  time: at\n"
    "stream orders\n  columns: at time, shop category\n  time: at\n  id: at\n"
    "feature a: count(orders by shop over 4w ago 7d aligned week)\n"
    "feature b: count(orders by shop over 28d aligned month)\n"
    "feature c: count(orders by shop every 5m)\n"
    "feature s: count(orders by shop over 2h ago 1h since visits every 15m)\n"
    "feature d: count(orders by shop over 24h every 1d) + count(orders by shop over 1d aligned "
    "day)\n"
    "model m\n  moment: on orders\n"
    "  label: count(orders by shop over next 1d aligned day)\n";

typedef struct {
    mw_arena arena, of_zone;
    mw_symbols *symbols;
    const mw_program *program;
} made;

static const mw_window *windows_in(made *m, const char *rule) {
    mw_arena_init(&m->arena, 1 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &m->symbols, NULL), NULL);
    mw_declarations declarations = mw_test_declare(&m->arena, project);
    declarations.zone = mw_test_zone(&m->of_zone, rule);
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, &m->arena);
    MW_CHECK_OK(mw_program_compile(&declarations, &m->arena, m->symbols, &diagnostics,
                                   &m->program),
                NULL);
    return m->program->models[0].windows;
}

static void release(made *m) {
    mw_symbols_destroy(m->symbols);
    mw_arena_release(&m->of_zone);
    mw_arena_release(&m->arena);
}

static void check_words(const mw_window *window, const char *text, const char *explained) {
    mw_str since = window->since < 0 ? (mw_str){NULL, 0} : MW_STR("visits");
    mw_buf out;
    mw_buf_init(&out, 1024);
    mw_range_write(window, since, &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), text);
    mw_buf_release(&out);
    mw_buf_init(&out, 1024);
    mw_range_explain(window, since, &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), explained);
    mw_buf_release(&out);
}

MW_TEST(ranges_have_one_spelling_and_an_explanation) {
    made m;
    const mw_window *windows = windows_in(&m, "UTC0");
    check_words(&windows[0], " over 28d ago 7d aligned week",
                ", in the 28d before 7d before the start of the moment's week");
    check_words(&windows[1], " over 30d aligned month",
                ", in the 30d before the start of the moment's month");
    check_words(&windows[2], " every 5m",
                ", ever before the last full 5m on the clock at the moment");
    MW_CHECK_EQUAL_STR(windows[3].text, "last(visits.time by shop over 195m)");
    check_words(&windows[4], " over 2h ago 1h since visits every 15m",
                ", in the 2h before 1h before the last full 15m on the clock at the moment, but "
                "not before the first such start at or after the last event of visits with the "
                "same keys");
    check_words(&windows[5], " over 1d aligned day",
                ", in the 1d before the start of the moment's day");
    MW_CHECK_EQUAL_INT(m.program->models[0].feature_window_count, 6); /* d has one window twice */
    check_words(&windows[6], " over next 1d aligned day",
                ", in the 1d from the start of the moment's day on but not before the moment");
    release(&m);
}

/* State is kept and a label waits for as long as the clocks may ever ask for. */
MW_TEST(ranges_reach_as_far_as_the_clocks_of_the_zone_may_move_them) {
    made m;
    const mw_window *windows = windows_in(&m, "UTC0");
    MW_CHECK_EQUAL_INT(windows[5].start_us, -2 * MW_DAY_US);
    MW_CHECK_EQUAL_INT(windows[5].end_us, 0);
    MW_CHECK_EQUAL_INT(m.program->models[0].maturity_us, MW_DAY_US + MW_HOUR_US); /* and late */
    release(&m);

    windows = windows_in(&m, "EST5EDT,M3.2.0,M11.1.0");
    MW_CHECK(windows[5].start_us <= -2 * MW_DAY_US - MW_HOUR_US);
    MW_CHECK_EQUAL_INT(windows[5].end_us, 0);
    MW_CHECK_EQUAL_INT(m.program->models[0].maturity_us, MW_DAY_US + 2 * MW_HOUR_US);
    release(&m);
}
