#include "lang/mend_compiler.h"

#include "base/prng.h"
#include "testing/declare.h"
#include "testing/test.h"

#define TILLS                                                               \
    "stream tills:\n"                                                       \
    "  columns: shop category, cents number, shift duration,"               \
    " at time, n number\n"                                                   \
    "  field euros: cents * 2\n"                                            \
    "  field seen: count(tills by shop over 1d)\n"                          \
    "  time: at\n"                                                          \
    "  id: n\n"

MW_TEST(mends_refuse_what_has_no_meaning) {
    static const mw_test_mistake cases[] = {
        {"  units cents: 0.01", ""},
        {"  units euros: 2", ""},
        {"  default shift: 5m", ""},
        {"  units cent: 2", ":7:15: streams.tills.units.cent: there is no field cent in tills\n"
                            "    Did you mean cents?\n"},
        {"  units shop: 2",
         ":7:15: streams.tills.units.shop: a unit must be of a number, got a category\n"},
        {"  clip shop: 0 1",
         ":7:14: streams.tills.clean.shop: clip must be of a number or duration, got a category\n"},
        {"  clip seen: 0 1",
         ":7:14: streams.tills.clean.seen: the field seen has a window, so it is worked out only "
         "when the event enters\n"},
        {"  default cents: 'none'",
         ":7:18: streams.tills.clean.cents: a default must be a number, and a constant, got a "
         "text\n"},
        {"  default cents: cents + 1",
         ":7:18: streams.tills.clean.cents: a default must be a number, and a constant, got a "
         "number\n"},
        {"  drop n: 0 9",
         ":1:1: streams.tills.clean.n: what makes the time, known or id of an event cannot be "
         "cleaned\n"
         "    Make a field of it: fields: {mended: ...}.\n"},
        {"  units n: 2", ""}, /* units come before the id */
    };
    mw_test_check_mistakes(TILLS, cases, sizeof cases / sizeof cases[0], "\n");
}

static mw_row_fate ready(const mw_test_project *project, mw_cell *row, uint64_t *cleaned) {
    mw_frame frame = {.row = row, .symbols = project->symbols, .zone = project->program->zone};
    return mw_source_ready(&project->program->sources[0], row, &frame, cleaned);
}

/* Fields and `where` see a value before units, and what is cleaned sees it after them. */
MW_TEST(mends_keep_to_the_order_of_the_keys) {
    uint64_t cleaned = 0;
    mw_test_project project = mw_test_compile(
        "stream s:\n"
        "  columns: at time, cents number, shop category\n"
        "  field raw: cents * 2\n"
        "  where: cents >= 100\n"
        "  time: at\n"
        "  units cents: 0.01\n"
        "  clip cents: 0 5\n"
        "  default shop: 'none'\n");
    mw_cell row[4] = {mw_cell_time(0), mw_cell_number(700)};
    MW_CHECK_EQUAL_INT(ready(&project, row, &cleaned), MW_ROW_IS_EVENT);
    MW_CHECK(row[1].number == 5 && row[3].number == 1400);
    MW_CHECK_EQUAL_STR(mw_symbols_text(project.symbols, row[2].symbol), "none");
    MW_CHECK_EQUAL_INT(cleaned, 2);
    MW_CHECK_EQUAL_INT(ready(&project, row, &cleaned), MW_ROW_LEFT_OUT);
    mw_test_project_release(&project);
}

MW_TEST(mends_take_a_bound_beyond_all_durations) {
    uint64_t cleaned = 0;
    mw_test_project project = mw_test_compile(
        "stream s:\n"
        "  columns: at time, d duration\n"
        "  time: at\n"
        "  drop d: 0 1e300\n");
    mw_cell row[2] = {mw_cell_time(0), mw_cell_time(MW_SECOND_US)};
    MW_CHECK_EQUAL_INT(ready(&project, row, &cleaned), MW_ROW_IS_EVENT);
    row[1] = mw_cell_time(-1);
    MW_CHECK_EQUAL_INT(ready(&project, row, &cleaned), MW_ROW_DROPPED);
    mw_test_project_release(&project);
}

/* Against the rules in C, on random values. */
MW_TEST(mends_agree_with_their_rules) {
    uint64_t prng = mw_test_seed(), cleaned = 0, expected_cleaned = 0;
    size_t dropped = 0, clipped = 0;
    mw_test_project project = mw_test_compile(
        "stream s:\n"
        "  columns: at time, a number, b number, c number, d duration\n"
        "  time: at\n"
        "  units a: 0.5\n"
        "  clip a: -1 2\n"
        "  default b: -7\n"
        "  drop c: -1 1\n"
        "  clip d: -1 1.5\n");
    for (int i = 0; i < 4000; i++) {
        double drawn[4];
        mw_cell row[5] = {mw_cell_time(0)};
        for (int k = 0; k < 4; k++) drawn[k] = (double)mw_prng_below(&prng, 17) / 2 - 4;
        bool is_missing = mw_prng_below(&prng, 8) == 0;
        for (int k = 0; k < 3; k++)
            row[k + 1] = is_missing ? mw_cell_missing(MW_TYPE_NUMBER) : mw_cell_number(drawn[k]);
        row[4] = mw_cell_time((int64_t)(drawn[3] * (double)MW_SECOND_US));
        double half = drawn[0] / 2, a = half < -1 ? -1 : half > 2 ? 2 : half;
        double d = drawn[3] < -1 ? -1 : drawn[3] > 1.5 ? 1.5 : drawn[3];
        bool is_good = !is_missing && drawn[2] >= -1 && drawn[2] <= 1;
        mw_row_fate fate = ready(&project, row, &cleaned);
        MW_CHECK_EQUAL_INT(fate, is_good ? MW_ROW_IS_EVENT : MW_ROW_DROPPED);
        expected_cleaned += is_missing || a != half; /* b was missing, or a was clipped */
        dropped += !is_good;
        if (!is_good) continue;
        expected_cleaned += d != drawn[3];
        clipped += a != half || d != drawn[3];
        MW_CHECK_EQUAL_DOUBLE_BITS(row[1].number, a);
        MW_CHECK_EQUAL_DOUBLE_BITS(row[2].number, drawn[1]);
        MW_CHECK_EQUAL_INT(row[4].time, (int64_t)(d * (double)MW_SECOND_US));
    }
    MW_CHECK(dropped > 500 && clipped > 200);
    MW_CHECK_EQUAL_INT(cleaned, expected_cleaned);
    mw_test_project_release(&project);
}
