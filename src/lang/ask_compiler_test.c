#include "lang/ask_compiler.h"

#include "testing/declare.h"
#include "testing/test.h"

#define REVIEWS \
    "stream reviews:\n" \
    "  columns: shop category, text text, at time, stars number, fixed bool\n" \
    "  time: at\n" \
    "  id: shop, at\n"

static const char after[] = "\nmodel m\n"
                            "  moment: on reviews\n"
                            "  label: any(reviews by shop over next 1d)\n";

MW_TEST(asks_refuse_what_has_no_meaning) {
    static const mw_test_mistake cases[] = {
        {"  ask mood: number sentiment(txt)",
         ":5:30: streams.reviews.ask.mood: there is no field txt in reviews\n"
         "    Did you mean text?\n"},
        {"  ask mood: number sentiment(lower(text))",
         ":5:30: streams.reviews.ask.mood: a process is sent fields of the row, by their names\n"
         "    Make what it is to see a field of the stream.\n"},
        {"  ask mood: number sentiment()",
         ":5:20: streams.reviews.ask.mood: a process must be sent a field\n"},
        {"  ask mood: number text",
         ":5:20: streams.reviews.ask.mood: must be a process and the fields that it is sent: "
         "NAME(FIELD, ...)\n"},
        {"  ask mood: number sentiment(text, text)",
         ":5:36: streams.reviews.ask.mood: text is sent already\n"},
        {"  later fixed: at + 1d\n"
         "  ask mood: number sentiment(fixed, shop)", /* the first field of all */
         ":6:30: streams.reviews.ask.mood: a process is sent fields that are there before the "
         "event enters, got fixed, which is known only later\n"},
        {"  later fixed: at + 1d\n"
         "  ask mood: number sentiment(fixed)",
         ":6:30: streams.reviews.ask.mood: a process is sent fields that are there before the "
         "event enters, got fixed, which is known only later\n"},
        {"  ask mood: number sentiment(text)\n"
         "  ask more: number sentiment(mood)",
         ":6:30: streams.reviews.ask.more: a process is sent fields that are there before the "
         "event enters, got mood, which is worked out only then\n"},
        {"  ask stars: number sentiment(text)",
         ":5:3: streams.reviews.fields.stars: there is a column or field of this name already\n"
         "    Give the derived field a name of its own.\n"},
        {"  ask mood: number sentiment(text)\n"
         "  where: mood > 0",
         ":6:10: streams.reviews.where: the field mood is asked for, so it is worked out only "
         "when the event enters\n"},
        {"  ask mood: number sentiment(text)\n"
         "feature f: sentiment(text)",
         ":6:12: features.f: there is no function sentiment\n"},
    };
    mw_test_check_mistakes(REVIEWS, cases, sizeof cases / sizeof *cases, after);
}

/* What is answered is a field like any other to those that come after: fields with windows of its
   own stream and of others, windows, features. */
MW_TEST(asks_stand_at_the_end_of_the_row) {
    mw_test_project project = mw_test_compile(
        REVIEWS
        "  ask mood: number sentiment(text, stars)\n"
        "  ask topic: category topic_of(short)\n"
        "  field short: lower(text)\n"
        "  field glad: count(reviews where mood > 0 by shop over 7d) + mood\n"
        "feature moods: mean(reviews.mood by shop over 7d)\n"
        "feature mood: mood\n"
        "feature topic: topic\n"
        "model m\n"
        "  moment: on reviews\n"
        "  label: any(reviews where mood < 0 by shop over next 1d)\n");
    const mw_stream_source *source = &project.program->sources[0];
    MW_CHECK_EQUAL_INT(source->ask_count, 2);
    MW_CHECK_EQUAL_INT(source->row.field_count, 5 + 1 + 1 + 2);
    MW_CHECK_EQUAL_INT(source->plain_count, 6);
    MW_CHECK_EQUAL_STR(source->asks[0].process, "sentiment");
    MW_CHECK_EQUAL_INT(source->asks[0].argument_count, 2);
    MW_CHECK_EQUAL_INT(source->asks[0].arguments[0], 1);
    MW_CHECK_EQUAL_INT(source->asks[0].arguments[1], 3);
    MW_CHECK_EQUAL_INT(source->asks[1].arguments[0], 5);
    MW_CHECK_EQUAL_INT(source->asks[0].field, 7);
    MW_CHECK_EQUAL_INT(source->row.fields[8].type, MW_TYPE_CATEGORY);
    MW_CHECK_EQUAL_INT(project.program->streams[0].entry_count, 3);
    MW_CHECK(mw_code_reads_field(source->entry->features[1].code, 7));
    mw_test_project_release(&project);
}
