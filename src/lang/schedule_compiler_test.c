#include "lang/model_compiler.h"

#include "testing/declare.h"
#include "testing/test.h"

MW_TEST(schedules_refuse_what_has_no_meaning) {
    static const mw_test_mistake cases[] = {
        {"every 1d for shop, nosuch of orders",
         ":3:30: models.m.moment: a schedule's keys must be fields of its stream, got nosuch\n"},
        {"every 1d for shop, shop of orders",
         ":3:30: models.m.moment: a schedule's keys must differ, and not be time or ahead, got "
         "shop\n"},
        {"every 1d for shop of order", ":3:32: models.m.moment: there is no stream order\n"
                                       "    Did you mean orders?\n"},
        {"every 1d for shop of orders ahead 2d..5d",
         ":3:39: models.m.moment: `ahead A..B` goes in steps of A: B must be a multiple of it, at "
         "most 400 of them\n"},
        {"every 1d for shop of orders where amount",
         ":3:45: models.m.moment: a schedule's condition must be a bool, got a number\n"},
        {"every 1d for shop of orders where nosuch > 1",
         ":3:45: models.m.moment: there is no feature nosuch, and no such field in m@every\n"},
    };
    mw_test_check_mistakes("model m:\n"
                           "  label: count(orders by shop over next 1d)\n"
                           "  moment: ",
                           cases, sizeof cases / sizeof cases[0], MW_TEST_SHOPS);
}

MW_TEST(schedules_have_a_stream_of_their_own) {
    mw_arena arena;
    mw_symbols *symbols;
    mw_arena_init(&arena, 1 << 22);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &symbols, NULL), NULL);
    const mw_program *program = mw_test_program(
        &arena, symbols,
        MW_TEST_SHOPS "feature paid: paid\n"
                      "feature cost: amount * 2\n"
                      "model m:\n"
                      "  moment: every 7d at \"tue 06:30\" for shop of orders over 30d "
                      "where cost > 3 ahead 1d..3d\n"
                      "  label: count(orders by shop over next 1d)\n");
    const mw_model_program *model = &program->models[0];
    const mw_stream *stream = &program->streams[model->moment_stream];
    MW_CHECK(model->schedule->beat.weekday == 2 && model->schedule->ahead_last_us == 3 * MW_DAY_US);
    MW_CHECK_EQUAL_INT(model->schedule->beat.clock_us, 390 * MW_MINUTE_US);
    MW_CHECK(stream->is_schedule && stream->id_set == -1 && stream->schema.field_count == 3);
    MW_CHECK_EQUAL_INT(mw_model_announcer(model),
                       mw_program_find_stream(program, MW_STR("orders")));
    MW_CHECK_EQUAL_STR(model->windows[0].text, "last(orders.paid by shop over 30d)");
    MW_CHECK_EQUAL_STR(mw_code_text(model->schedule->takes),
                       "any(orders by shop over 30d) and (3 < cost)");
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
}
