#include "lang/model_compiler.h"

#include "testing/declare.h"
#include "testing/test.h"

#define VISITS                                                                          \
    "\n"                                                                                \
    "stream visits:\n"                                                                  \
    "  columns: visit category, user category, at time, items list, sizes list of number\n" \
    "  time: at\n"                                                                      \
    "  id: visit\n"                                                                     \
    "stream clicks:\n"                                                                  \
    "  columns: visit category, item category, at time, price number\n"                 \
    "  time: at\n"                                                                      \
    "  id: visit, item\n"

MW_TEST(each_refuses_what_has_no_meaning) {
    static const mw_test_mistake cases[] = {
        {"on visits each item as item", ":3:26: models.m.moment: there is no field item in visits\n"
                                        "    Did you mean items?\n"},
        {"on visits each user as item",
         ":3:26: models.m.moment: `each` goes through a list, but user is a category\n"
         "    A column of JSON arrays is one by types: {user: list}.\n"},
        {"on visits each items", ":3:31: models.m.moment: expected as, got the end of the "
                                 "expression\n"},
        {"on visits each items as 3",
         ":3:35: models.m.moment: expected a name for its elements, got 3\n"},
        {"on visits each items as user",
         ":3:35: models.m.moment: an element's name must be letters, digits and _, and not time, a "
         "member of an answer or a field of visits, got user\n"},
        {"on visits each items as prediction",
         ":3:35: models.m.moment: an element's name must be letters, digits and _, and not time, a "
         "member of an answer or a field of visits, got prediction\n"},
        {"on visits each items as probability",
         ":3:35: models.m.moment: an element's name must be letters, digits and _, and not time, a "
         "member of an answer or a field of visits, got probability\n"},
        {"on visits each items as fallback",
         ":3:35: models.m.moment: an element's name must be letters, digits and _, and not time, a "
         "member of an answer or a field of visits, got fallback\n"},
        {"on visits each items as version",
         ":3:35: models.m.moment: an element's name must be letters, digits and _, and not time, a "
         "member of an answer or a field of visits, got version\n"},
        {"on visits each items as item at time - 1h",
         ":3:40: models.m.moment: 1h before its time an event of visits is not known yet\n"
         "    Declare known: time - 1h for visits if that holds, or predict at its time.\n"},
    };
    mw_test_check_mistakes("model m:\n"
                           "  label: count(clicks by visit over next 1d)\n"
                           "  moment: ",
                           cases, sizeof cases / sizeof cases[0],
                           VISITS "feature user: user\n");
}

/* Features of a model whose moments are the items of a visit. */
MW_TEST(within_moment_refuses_what_has_no_meaning) {
    static const mw_test_mistake cases[] = {
        {"mean(length(item) within moment)", ""},
        {"max(length(item) + 1 within moment) - min(length(item) within moment)", ""},
        {"count(item within moment)", ""},
        {"any(item = user within moment)", ""},
        {"std(time - at within moment) / 1h", ""},
        {"mean(item within moment)",
         ":1:17: features.a: mean takes a number, duration or bool, got a text\n"
         "    A column is a number if its first rows are written as 80.9, or `types` "
         "says so; 80,9 is a text.\n"},
        {"any(length(item) within moment)",
         ":1:16: features.a: any takes a bool, got a number\n"},
        {"max(item within moment)",
         ":1:16: features.a: max takes a number, time or duration, got a text\n"
         "    A column is a number if its first rows are written as 80.9, or `types` "
         "says so; 80,9 is a text.\n"},
        {"last(length(item) within moment)",
         ":1:12: features.a: the moments of one event are at one time: there is no last of them\n"},
        {"quantile(0.5)(length(item) within moment) / quantile(0.75)(length(item) within moment)",
         ""},
        {"all(item = user within moment) and distinct(user within moment) > 1", ""},
        {"top(user within moment) = user and top(time - at within moment) > 1s", ""},
        {"quantile(5)(length(item) within moment)",
         ":1:21: features.a: quantile takes a fraction from 0 to 1 of at most 6 decimals, got 5\n"},
        {"quantile(0.5)(item within moment)",
         ":1:26: features.a: quantile takes a number, duration or bool, got a text\n"
         "    A column is a number if its first rows are written as 80.9, or `types` "
         "says so; 80,9 is a text.\n"},
        {"ratio(item = user within moment)",
         ":1:12: features.a: there is no ratio within moment\n"},
        {"mean(length(item) within visit)", ":1:37: features.a: expected moment, got visit\n"},
        {"count(clicks by item = max(length(item) within moment) over 1h)",
         ":1:35: features.a: a key cannot ask across the moments of one event, for that takes the "
         "windows of all of them, and this key's is one\n"
         "    Find by a key of the moment's own, and ask across what was found.\n"},
        {"count(clicks by item = b over 1h)\nfeature b: top(item within moment)",
         ":1:35: features.a: a key cannot ask across the moments of one event, for that takes the "
         "windows of all of them, and this key's is one\n"
         "    Find by a key of the moment's own, and ask across what was found.\n"},
        {"count(clicks where price > mean(price within moment) by item over 1h)",
         ":1:39: features.a: a window must not stand inside another window\n"
         "    Make the inner one a feature, or a field of the stream.\n"},
        {"any(visits by id over 1h)",
         ":1:23: features.a: `by id` means the id of visits and item here, which is not that of "
         "visits\n"
         "    Name the keys.\n"},
        {"nosuch", ":1:12: features.a: there is no feature nosuch, and no such field in visits\n"},
        {"items", ":1:12: features.a: a feature must be one value, got a list\n"
                  "    Take its length(x), or whether it contains(x, y).\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           VISITS "model m:\n"
                                  "  moment: on visits each items as item\n"
                                  "  label: any(clicks by visit, item over next 1h)\n");
}

MW_TEST(within_moment_has_no_place_in_a_label) {
    static const mw_test_mistake cases[] = {
        {"any(clicks by id over next 1h) and b = max(b within moment)",
         ":6:49: models.m.label: a label is of one moment: it cannot ask across those of one "
         "event\n"
         "    What is known at the moment can be a feature, best: x = max(x within moment), and a "
         "label may read that.\n"},
        {"any(clicks by item = top(item within moment) over next 1h)",
         ":6:31: models.m.label: a label is of one moment: it cannot ask across those of one "
         "event\n"
         "    What is known at the moment can be a feature, best: x = max(x within moment), and a "
         "label may read that.\n"},
        {"any(clicks by id over next 1h) and best", ""},
        {"any(clicks by item = usual over next 1h)", ""},
    };
    mw_test_check_mistakes("feature b: length(item)\n"
                           "feature best: b = max(b within moment)\n"
                           "feature usual: top(item within moment)\n"
                           "model m:\n"
                           "  moment: on visits each items as item\n"
                           "  label: ",
                           cases, sizeof cases / sizeof cases[0], VISITS);
}

/* Those with the event's id and no element are its own too, its own stream's among them. */
MW_TEST(each_moments_own_what_is_their_events) {
    mw_test_project project = mw_test_compile(
        VISITS "stream carts:\n"
               "  columns: visit category, user category, at time\n"
               "  time: at\n"
               "  id: visit\n"
               "stream users:\n"
               "  columns: user category, at time\n"
               "  time: at\n"
               "  id: user\n"
               "feature a: count(clicks by item over 1h)\n"
               "feature b: count(visits by user over 1h)\n"
               "feature c: count(carts by user over 1h)\n"
               "feature d: count(users by user over 1h)\n"
               "model m:\n"
               "  moment: on visits each items as item\n"
               "  label: any(visits by user over next 1h)\n");
    const mw_model_program *model = project.model;
    int32_t visits = mw_program_find_stream(project.program, MW_STR("visits"));
    const int32_t expected[] = {model->moment_stream, visits, visits, -1, visits};
    MW_CHECK_EQUAL_INT(model->window_count, 5);
    for (size_t i = 0; i < 5; i++) MW_CHECK_EQUAL_INT(model->windows[i].own_by, expected[i]);
    mw_test_project_release(&project);
}

MW_TEST(within_moment_needs_each) {
    static const mw_test_mistake cases[] = {
        {"mean(length(user) within moment)",
         ":1:12: features.a: `within moment` needs a moment with `each`\n"
         "    Such a one is on STREAM each LIST as NAME.\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, 1,
                           VISITS "model m:\n"
                                  "  moment: on visits\n"
                                  "  label: any(clicks by visit over next 1h)\n");
}

MW_TEST(each_makes_a_stream_of_the_events_and_their_elements) {
    mw_test_project project = mw_test_compile(
        VISITS "feature seen: count(clicks by item over 1d)\n"
               "feature share: seen / sum(seen within moment)\n"
               "feature rest: max(share within moment) - share\n"
               "feature twice: 2 * sum(seen within moment)\n"
               "model m:\n"
               "  moment: on visits each items as item\n"
               "  label: any(clicks by id over next 1h)\n"
               "model n:\n"
               "  moment: on visits each items as item\n"
               "  label: any(clicks by visit, item over next 1h) unless item = user\n");
    const mw_model_program *model = project.model;
    const mw_stream *stream = &project.program->streams[model->moment_stream];
    const mw_stream *clicks =
        &project.program->streams[mw_program_find_stream(project.program, MW_STR("clicks"))];
    MW_CHECK_EQUAL_STR(stream->name, "m@each");
    MW_CHECK(stream->is_of_moments && stream->id_count == 2);
    MW_CHECK_EQUAL_INT(stream->id_set, clicks->id_set); /* category and text are one */
    MW_CHECK_EQUAL_STR(stream->schema.fields[stream->id_by_name[0]].name, "item");
    MW_CHECK_EQUAL_STR(stream->schema.fields[stream->id_fields[1]].name, "item");
    MW_CHECK_EQUAL_INT(stream->schema.fields[model->each->element].type, MW_TYPE_TEXT);
    MW_CHECK_EQUAL_INT(mw_model_announcer(model),
                       mw_program_find_stream(project.program, MW_STR("visits")));
    MW_CHECK_EQUAL_INT(model->windows[0].own_by, model->moment_stream);
    MW_CHECK_EQUAL_INT(model->within_count, 2);
    MW_CHECK_EQUAL_STR(model->withins[0].of.text, "sum(seen within moment)");
    MW_CHECK_EQUAL_INT(model->withins[0].after, 1);
    MW_CHECK_EQUAL_STR(model->withins[1].of.text, "max(share within moment)");
    MW_CHECK_EQUAL_INT(model->withins[1].after, 2);
    mw_test_project_release(&project);
}
