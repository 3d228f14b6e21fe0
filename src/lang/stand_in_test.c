#include "lang/stand_in.h"

#include "testing/declare.h"
#include "testing/test.h"

#define SHOP                                                                            \
    "stream orders:\n"                                                                  \
    "  columns: shop category, amount number, at time, paid bool, took duration\n"      \
    "  time: at\n"                                                                      \
    "  id: shop, at\n"                                                                  \
    "  later refund: at + 2d\n"                                                         \
    "  field refund: amount / 2\n"                                                      \
    "feature busy: count(orders by shop over 24h)\n"                                    \
    "feature amount: amount * 2\n"                                                      \
    "feature scaled: scale(amount)\n"                                                   \
    "model m:\n"                                                                        \
    "  moment: on orders\n"                                                             \
    "  label: any(orders by shop over next 1h)\n"

enum { SHOP_FIELD, AMOUNT_FIELD, AT_FIELD, PAID_FIELD, TOOK_FIELD, FIELDS };
enum { BUSY, AMOUNT, SCALED, FEATURES };

typedef struct {
    mw_test_project project;
    mw_diagnostics diagnostics;
} bench;

static void set_up(bench *b) {
    b->project = mw_test_compile(SHOP);
    mw_diagnostics_init(&b->diagnostics, &b->project.arena);
}

static void tear_down(bench *b) { mw_test_project_release(&b->project); }

static mw_status compile(bench *b, const char *text, mw_stand_in *out_stand_in) {
    mw_stand_in_wish wish = {
        b->project.program, b->project.model, {mw_str_of(text), {7, 12}}, b->project.symbols};
    return mw_stand_in_compile(wish, &b->project.arena, &b->diagnostics, out_stand_in);
}

static mw_cell run(bench *b, const char *text, const mw_cell *row, const mw_cell *features) {
    mw_stand_in stand_in;
    MW_CHECK_OK(compile(b, text, &stand_in), NULL);
    mw_frame frame = {.row = row,
                      .features = features,
                      .time_us = row ? row[AT_FIELD].time : MW_TIME_MISSING,
                      .symbols = b->project.symbols,
                      .zone = mw_zone_utc()};
    return mw_stand_in_run(&stand_in, &frame);
}

MW_TEST(stand_in_reads_features_and_the_moment) {
    bench b;
    set_up(&b);
    uint32_t shop = mw_symbols_intern(b.project.symbols, MW_STR("a"));
    mw_cell row[FIELDS] = {[SHOP_FIELD] = {.symbol = shop},
                           [AMOUNT_FIELD] = mw_cell_number(30),
                           [AT_FIELD] = mw_cell_time(5 * MW_HOUR_US),
                           [PAID_FIELD] = mw_cell_missing(MW_TYPE_BOOL),
                           [TOOK_FIELD] = mw_cell_missing(MW_TYPE_DURATION)};
    mw_cell features[FEATURES] = {[BUSY] = mw_cell_number(3), [AMOUNT] = mw_cell_number(60)};
    static const struct {
        const char *text;
        double number;
    } numbers[] = {{"coalesce(amount, 0)", 60},
                   {"coalesce(now.amount, 0)", 30},
                   {"coalesce(amount / busy, 0.5)", 20},
                   {"coalesce(hour(time), 0)", 5},
                   {"case when shop = \"a\" then 0.25 else 0.75 end", 0.25},
                   {"0.125", 0.125}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        MW_CHECK_EQUAL_DOUBLE_BITS(run(&b, numbers[i].text, row, features).number,
                                   numbers[i].number);
    MW_CHECK(run(&b, "coalesce(now.amount > 20, false)", row, NULL).boolean == MW_TRUE);
    MW_CHECK(run(&b, "coalesce(paid, true)", row, features).boolean == MW_TRUE);
    tear_down(&b);
}

/* Without row or features these are missing; what is missing for one of them alone counts as if
   nothing were known. */
MW_TEST(stand_in_always_has_a_value) {
    bench b;
    set_up(&b);
    mw_cell row[FIELDS] = {[AMOUNT_FIELD] = mw_cell_number(30),
                           [AT_FIELD] = mw_cell_time(0),
                           [PAID_FIELD] = mw_cell_missing(MW_TYPE_BOOL)};
    MW_CHECK(run(&b, "coalesce(amount, 7)", NULL, NULL).number == 7);
    MW_CHECK(run(&b, "coalesce(hour(time), 9)", NULL, NULL).number == 9);
    const char *partly = "case when missing(now.amount) then 0.5 else amount end";
    MW_CHECK(run(&b, partly, row, NULL).number == 0.5);
    MW_CHECK(run(&b, partly, NULL, NULL).number == 0.5);
    tear_down(&b);
}

MW_TEST(stand_in_says_what_it_cannot) {
    static const struct {
        const char *text, *message, *hint;
    } cases[] = {
        {"amount", "it must have a value where nothing is known",
         "Say which: coalesce(EXPRESSION, 0.5)."},
        {"busy > 3", "it must have a value where nothing is known",
         "Say which: coalesce(EXPRESSION, false)."},
        {"basline", "there is no feature basline, and no such field of the moment",
         "Did you mean baseline?"},
        {"refund > 1", "there is no feature refund, and no such field of the moment", ""},
        {"coalesce(scaled, 0)", "scaled is fitted in training, so only the learner can read it",
         ""},
        {"count(orders by shop over 1h)",
         "it must be over features and the moment's fields alone",
         "Let what looks at other events be a feature, and name that."},
        {"coalesce(shop, \"a\")", "must be a bool or a number, got a category", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b;
        set_up(&b);
        mw_stand_in stand_in;
        MW_CHECK_STATUS(compile(&b, cases[i].text, &stand_in), MW_INVALID);
        MW_CHECK_EQUAL_INT(b.diagnostics.count, 1);
        mw_str message = b.diagnostics.entries[0].message, prefix = MW_STR("serving.m.fallback: ");
        MW_CHECK(mw_str_starts(message, prefix));
        MW_CHECK_EQUAL_STR(mw_str_slice(message, prefix.size, message.size), cases[i].message);
        if (*cases[i].hint) MW_CHECK_EQUAL_STR(b.diagnostics.entries[0].hint, cases[i].hint);
        tear_down(&b);
    }
}

static mw_status compile_once(void *context) {
    bench *b = context;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, &arena);
    mw_stand_in_wish wish = {b->project.program,
                             b->project.model,
                             {MW_STR("coalesce(amount / busy, 0.5)"), {1, 1}},
                             b->project.symbols};
    mw_stand_in stand_in;
    mw_status status = mw_stand_in_compile(wish, &arena, &diagnostics, &stand_in);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(stand_in_survives_every_shortage_of_memory) {
    bench b;
    set_up(&b);
    MW_CHECK(mw_test_every_allocation_fails(compile_once, &b) > 0);
    tear_down(&b);
}
