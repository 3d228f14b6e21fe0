#include "lang/model_compiler.h"

#include "testing/declare.h"
#include "testing/test.h"

/* What the fields of news, which tell of a shop's prices, may not say. */
MW_TEST(fields_with_windows_refuse_what_has_no_meaning) {
    static const mw_test_mistake cases[] = {
        {"  field a: last(prices.price by shop = text) + b\n"
         "  field b: a",
         ":9:12: streams.tips.fields.b: the fields go in a circle: tips.a -> tips.b -> tips.a\n"},
        {"  field a: last(replies.b by text)\n"
         "stream replies:\n"
         "  columns: text text, day time\n"
         "  time: day\n"
         "  field b: last(tips.a by text)",
         ":12:22: streams.replies.fields.b: the fields go in a circle: tips.a -> replies.b -> "
         "tips.a\n"},
        {"  field a: count(tips by text over {1h, 2h})",
         ":8:36: streams.tips.fields.a: a field must have one span, not a set\n"},
        {"  field a: count(tips by text over 1h) + nosuch",
         ":8:42: streams.tips.fields.a: there is no field nosuch in tips\n"},
        {"  field a: count(tips by text over next 1h)",
         ":8:41: streams.tips.fields.a: a feature must not see the future: 1h ahead of the "
         "moment is "
         "not known yet in tips\n"
         "    Look back, or, if its events are announced that long before, declare known: "
         "time - 1h "
         "for tips.\n"},
        {"  field a: last(prices.price by shop = text)\n"
         "  later a: day + 1h",
         ":9:3: streams.tips.later.a: a has a window, so it is worked out when the event "
         "enters, not "
         "later\n"},
        {"  field a: last(prices.price by shop = text)\n"
         "  field b: count(tips where text > now.a by text over 1h)",
         ":9:34: streams.tips.fields.b: > takes no text and number\n"
         "    A column is a number if its first rows are written as 80.9, or `types` "
         "says so; 80,9 is a text.\n"},
        {"  field a: last(prices.price by shop = text)\n"
         "  id: a",
         ":9:7: streams.tips.id: an id must be there before the event enters, got a, which has a "
         "window\n"},
        {"  field a: last(prices.price by shop = text)\n"
         "  field b: a + stars\n"
         "  later stars: day + 1h",
         ":9:16: streams.tips.fields.b: stars of tips is known only after the moment\n"
         "    Earlier events may be used: last(tips.stars by KEY over 24h).\n"},
        {"  field a: last(prices.price by shop = text)\n"
         "  later stars: day + 1h\n"
         "feature f: sum(tips.stars where a > 1 by text over 1h)",
         ":10:33: features.f: a has windows, and is not there beside fields that become known "
         "later\n"},
        {"stream fixed:\n"
         "  columns: shop text\n"
         "  time: always\n"
         "  field a: last(prices.price by shop)",
         ":11:12: streams.fixed.fields: a field of a stream with `time: always` must have no "
         "window and ask nobody\n"},
    };
    mw_test_check_mistakes("stream prices:\n  columns: shop category, price number, day time\n"
                           "  time: day\n  known: time - 1d\n"
                           "stream tips:\n  columns: text text, stars number, day time\n"
                           "  time: day\n",
                           cases, sizeof cases / sizeof cases[0],
                           "\nmodel m\n  moment: on tips\n"
                           "  label: any(prices by shop = text over next 1d)\n");
}

MW_TEST(fields_with_windows_come_last_and_have_types) {
    mw_test_project project = mw_test_compile(
        "stream tips\n  columns: shop text, stars number, day time\n  time: day\n  id: day\n"
        "  field dear: twice > 4\n"
        "  field half: stars / 2\n"
        "  field twice: 2 * last(tips.half by shop)\n"
        "  later stars: day + 1h\n  later half: day + 1h\n"
        "feature f: any(tips.dear by shop over 1h)\n"
        "model m\n  moment: on tips\n  label: any(tips by shop over next 1d)\n");
    const mw_stream_source *source = &project.program->sources[0];
    const mw_stream *base = &project.program->streams[0], *later = &project.program->streams[1];
    MW_CHECK(source->plain_count == 4 && source->row.field_count == 6 && base->entry_count == 2);
    MW_CHECK(base->schema.field_count == 4 && later->entry_count == 0);
    MW_CHECK(mw_schema_find(&later->schema, MW_STR("dear")) == MW_NO_FIELD);
    MW_CHECK(base->schema.fields[2].type == MW_TYPE_BOOL);
    MW_CHECK(base->schema.fields[3].type == MW_TYPE_NUMBER);
    MW_CHECK(source->entry->feature_order[0] == 1 && source->entry->feature_window_count == 1);
    MW_CHECK(source->entry->windows[0].own_by < 0 && !source->entry->label);
    mw_test_project_release(&project);
}
