#include "lang/source_compiler.h"

#include "testing/declare.h"
#include "testing/test.h"

#define OF_NUMBERS                                                                     \
    "    Times are written as 2013-01-31T08:15:00Z; seconds since 1970 are a number.\n"
#define OF_TEXTS                                                                       \
    "    Times are written as 2013-01-31T08:15:00Z: bring others, such as 31.01.2013, " \
    "into this form first. Where too few rows show that the "                              \
    "column holds them, say so in `types`.\n"

MW_TEST(sources_refuse_times_that_are_none) {
    static const mw_test_mistake cases[] = {
        {"  time: tt", ":3:9: streams.s.time: there is no field tt in s\n"
                       "    Did you mean t?\n"},
        {"  time: x",
         ":3:9: streams.s.time: must be a time, got a number\n" OF_NUMBERS},
        {"  time: k", ":3:9: streams.s.time: must be a time, got a category\n" OF_TEXTS},
        {"  id: k", ":1:1: streams.s.time: a stream must say which time its events have\n"
                    "    Add time: COLUMN.\n"},
        {"  time: alway", ":3:9: streams.s.time: there is no field alway in s\n"
                          "    Did you mean always?\n"},
        {"  time: t\n"
         "  where: alway > 1", ":4:10: streams.s.where: there is no field alway in s\n"},
        {"  time: always\n"
         "  known: time + 1h",
         ":4:10: streams.s.known: a stream with `time: always` is known always\n"
         "    Leave `known` out, or say when an event happened.\n"},
        {"  time: always\n"
         "  later x: t",
         ":4:3: streams.s.later: a stream with `time: always` has no later fields\n"},
        {"  time: time",
         ":3:9: streams.s.time: `time` is not known before the key `time` is worked out\n"
         "    Name the column that holds it.\n"},
        {"  time: t\n"
         "  known: time * 2",
         ":4:15: streams.s.known: * takes no time and number\n"},
        {"  time: t\n"
         "  known: t + 1h",
         ":4:10: streams.s.known: must be time, time + SPAN, time - SPAN or a column, got t + "
         "1h\n"
         "    Here `time` is the event's time, whatever its column's name.\n"},
        {"  time: t\n"
         "  known: x",
         ":4:10: streams.s.known: must be a time, got a number\n" OF_NUMBERS},
    };
    mw_test_check_mistakes("stream s:\n"
                           "  columns: k category, x number, t time, late_t time\n",
                           cases, sizeof cases / sizeof cases[0], "\n");
}

MW_TEST(sources_refuse_fields_that_mean_nothing_or_come_later) {
    static const mw_test_mistake cases[] = {
        {"  time: t\n"
         "  where: x",
         ":4:10: streams.s.where: must be a bool, got a number\n"},
        {"  time: t\n"
         "  where: y > 1",
         ":4:10: streams.s.where: there is no field y in s\n"
         "    Did you mean k?\n"},
        {"  time: t\n"
         "  field y: z + 1\n"
         "  field z: y",
         ":5:12: streams.s.fields.z: the fields go in a circle: y -> z -> y\n"},
        {"  time: t\n"
         "  field x: 3",
         ":4:3: streams.s.fields.x: there is a column or field of this name already\n"
         "    Give the derived field a name of its own.\n"},
        {"  time: t\n"
         "  field time: 3",
         ":4:3: streams.s.fields.time: a field's name must be letters, digits and _, and not "
         "`time`\n"},
        {"  time: t\n"
         "stream S:\n"
         "  columns: t time\n"
         "  time: t",
         ":4:1: streams.S: there is another stream of that name\n"
         "    SQL knows no case: s would be the same table.\n"},
        {"  time: t\n"
         "  where: count(s by k over 1h) > 1",
         ":4:10: streams.s.where: of a stream's keys only `fields` may hold a window, for that is "
         "worked out when the event enters\n"},
        {"  time: t\n"
         "  field y: count(s by k over 1h)\n"
         "  where: y > 1",
         ":5:10: streams.s.where: the field y has a window, so it is worked out only when the "
         "event enters\n"},
        {"  time: t\n"
         "  field y: other.x",
         ":4:12: streams.s.fields.y: a stream's keys see the fields of its own rows alone, got "
         "other.x\n"},
        {"  time: t\n"
         "  later x: late_t\n"
         "  field y: x + 1",
         ":5:3: streams.s.fields.y: it is made from x, which is known only later, so it must be "
         "listed in `later` too\n"
         "    Add y: TIME to `later` of s.\n"},
        {"  time: t\n"
         "  later x: late_t\n"
         "  where: x > 1",
         ":5:10: streams.s.where: an event must not hang on a field that is known only later, "
         "got x\n"
         "    Declare a stream of its own for what happens later.\n"},
        {"  time: t + x * 1h\n"
         "  later x: late_t",
         ":3:9: streams.s.time: an event must not hang on a field that is known only later, got "
         "x\n"
         "    Declare a stream of its own for what happens later.\n"},
        {"  time: t\n"
         "  later y: late_t",
         ":4:3: streams.s.later.y: there is no field y in s\n"
         "    Did you mean k?\n"},
        {"  time: t\n"
         "  later x: k",
         ":4:12: streams.s.later.x: must be a time, got a category\n" OF_TEXTS},
    };
    mw_test_check_mistakes("stream s:\n"
                           "  columns: k category, x number, t time, late_t time\n",
                           cases, sizeof cases / sizeof cases[0], "\n");
}

MW_TEST(sources_refuse_ids_that_are_no_fields_or_come_later) {
    static const mw_test_mistake cases[] = {
        {"  time: t\n"
         "  id: k, kk",
         ":4:7: streams.s.id: there is no field kk in s\n"
         "    Did you mean k?\n"},
        {"  time: t\n"
         "  id: kk, t, x1",
         ":4:7: streams.s.id: there is no field kk in s\n"
         "    Did you mean k?\n"
         ":4:7: streams.s.id: there is no field x1 in s\n"
         "    Did you mean x?\n"},
        {"  time: t\n"
         "  id: k, k",
         ":4:7: streams.s.id: names k twice\n"},
        {"  time: t\n"
         "  later k: late_t\n"
         "  id: k",
         ":5:7: streams.s.id: an id must be known with the event, got k, which is known only "
         "later\n"},
    };
    mw_test_check_mistakes("stream s:\n"
                           "  columns: k category, x number, t time, late_t time\n",
                           cases, sizeof cases / sizeof cases[0], "\n");
}
