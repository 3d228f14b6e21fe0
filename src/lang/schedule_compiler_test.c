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
        {"every 1d for shop of orders where back",
         ":3:45: models.m.moment: back of orders is known only after the moment\n"
         "    Earlier events may be used: last(orders.back by KEY over 24h).\n"},
        {"every 1d for id of news",
         ":3:24: models.m.moment: a schedule for `id` needs a stream with an id, news has none\n"},
        {"every 1d for shop of order", ":3:32: models.m.moment: there is no stream order\n"
                                       "    Did you mean orders?\n"},
        {"every 1d for shop of orders ahead 2d..5d",
         ":3:39: models.m.moment: `ahead A..B` goes in steps of A: B must be a multiple of it, at "
         "most 400 of them\n"},
        {"every 1d for shop of orders where amount",
         ":3:45: models.m.moment: a schedule's condition must be a bool, got a number\n"},
        {"every 1d for shop of orders where nosuch > 1",
         ":3:45: models.m.moment: there is no feature nosuch, and no such field in orders\n"},
    };
    mw_test_check_mistakes("model m:\n"
                           "  label: count(orders by shop over next 1d)\n"
                           "  moment: ",
                           cases, sizeof cases / sizeof cases[0], MW_TEST_SHOPS);
}

MW_TEST(schedules_have_a_stream_of_their_own) {
    mw_test_project project = mw_test_compile(
        MW_TEST_SHOPS "feature paid: paid\n"
                      "feature cost: amount * 2\n"
                      "model m:\n"
                      "  moment: every 7d at \"tue 06:30\" for shop of orders over 30d "
                      "where cost > 3 ahead 1d..3d\n"
                      "  label: count(orders by shop over next 1d)\n");
    const mw_model_program *model = project.model;
    const mw_stream *stream = &project.program->streams[model->moment_stream];
    MW_CHECK(model->schedule->beat.weekday == 2 && model->schedule->ahead_last_us == 3 * MW_DAY_US);
    MW_CHECK_EQUAL_INT(model->schedule->beat.clock_us, 390 * MW_MINUTE_US);
    MW_CHECK(stream->is_of_moments && stream->id_set == -1 && stream->schema.field_count == 3);
    MW_CHECK_EQUAL_INT(mw_model_announcer(model),
                       mw_program_find_stream(project.program, MW_STR("orders")));
    MW_CHECK_EQUAL_STR(model->windows[0].text, "last(orders.paid by shop over 30d)");
    MW_CHECK_EQUAL_STR(mw_code_text(model->schedule->takes),
                       "any(orders by shop over 30d) and (3 < cost)");
    mw_test_project_release(&project);
}

MW_TEST(schedules_for_an_id_are_for_its_columns) {
    mw_test_project project = mw_test_compile(
        "stream orders:\n  columns: at time, no number, shop text, amount number\n  time: at\n"
        "  id: shop, no\n"
        "stream returns:\n  columns: at time, no number, shop text\n  time: at\n  id: no, shop\n"
        "feature dear: count(orders where amount > now.amount by shop over 1d)\n"
        "model m:\n"
        "  moment: every 1d for id of orders\n"
        "  label: first(returns.at by id over next 3d) - time\n");
    const mw_model_program *model = project.model;
    const mw_window *label = &model->windows[model->feature_window_count];
    MW_CHECK_EQUAL_INT(model->schedule->key_count, 2);
    MW_CHECK_EQUAL_STR(project.program->streams[model->moment_stream].schema.fields[0].name,
                       "shop");
    MW_CHECK_EQUAL_STR(label->text, "first(returns.at by no, shop over next 3d)");
    MW_CHECK_EQUAL_INT(label->own_by, -1);
    MW_CHECK_EQUAL_INT(mw_code_type(model->label), MW_TYPE_NUMBER); /* of seconds */
    MW_CHECK_EQUAL_STR(model->windows[0].text, "last(orders.amount by shop, no)");
    MW_CHECK_EQUAL_STR(model->windows[1].text,
                       "count(orders where last(orders.amount by shop, no) < amount by shop "
                       "over 1d)");
    mw_test_project_release(&project);
}

MW_TEST(offsets_with_ahead_are_a_window_each) {
    mw_test_project project = mw_test_compile(
        MW_TEST_SHOPS "feature was: count(orders by shop over 1d ago 3d - ahead)\n"
                      "model m:\n"
                      "  moment: every 1d for shop of orders over 30d ahead 1d..3d\n"
                      "  label: count(orders by shop over next 1d after ahead - 1d)\n");
    const mw_model_program *model = project.model;
    const mw_window *label = &model->windows[model->feature_window_count];
    MW_CHECK_EQUAL_INT(model->feature_window_count, 4); /* and whether there was any order */
    MW_CHECK_EQUAL_STR(model->windows[0].text, "count(orders by shop over 1d ago 2d)");
    MW_CHECK_EQUAL_STR(model->windows[2].text, "count(orders by shop over 1d)");
    MW_CHECK_EQUAL_INT(model->window_count, 7);
    MW_CHECK(label[0].start_us == 0 && label[2].start_us == 2 * MW_DAY_US);
    MW_CHECK_EQUAL_INT(model->maturity_us, 3 * MW_DAY_US + MW_HOUR_US);
    mw_test_project_release(&project);
}

MW_TEST(offsets_with_ahead_refuse_what_has_no_meaning) {
    static const mw_test_mistake cases[] = {
        {"feature a: count(orders by shop over 1d ago 1d - ahead)\n"
         "model m:\n"
         "  moment: every 1d for shop of orders ahead 1d..3d\n",
         ":1:38: features.a: `ago` must not be negative for any `ahead`: the window would begin on "
         "the moment's other side\n"},
        {"feature a: count(orders by shop over 1d ago ahead)\n"
         "model m:\n"
         "  moment: on orders\n",
         ":1:38: features.a: `ahead` in an offset needs a moment that looks ahead\n"
         "    Such a one is every 1d for KEYS of STREAM ahead 1d..7d.\n"},
        {"feature a: count(prices by shop over next 1d after ahead)\n"
         "model m:\n"
         "  moment: every 1d for shop of orders ahead 1d..3d\n",
         ":1:43: features.a: a feature must not see the future: 2d ahead of the moment is "
         "not known "
         "yet in prices\n"
         "    Look back, or, if its events are announced that long before, declare known: "
         "time - 2d "
         "for prices.\n"},
    };
    mw_test_check_mistakes("", cases, sizeof cases / sizeof cases[0],
                           "  label: count(orders by shop over next 1d)\n" MW_TEST_SHOPS);
}
