#include "lang/typing.h"

#include "testing/declare.h"
#include "testing/test.h"

MW_TEST(typing_refuses_operands_with_both_types) {
    static const mw_test_mistake cases[] = {
        {"amount + 1h",
         ":1:19: features.a: + takes no number and duration\n"
         "    A number becomes a duration times a unit (x * 1m); a duration becomes a number by "
         "dividing (d / 1m).\n"},
        {"at + 5", ":1:15: features.a: + takes no time and number\n"
                   "    Say the unit: time + x * 1m.\n"},
        {"paid + 1", ":1:17: features.a: + takes no bool and number\n"
                     "    A bool becomes a number by case when x then 1 else 0 end.\n"},
        {"at * 2", ":1:15: features.a: * takes no time and number\n"},
        {"note > 2", ":1:17: features.a: > takes no text and number\n"
                     "    A column is a number if its first rows are written as 80.9, or `types` "
                     "says so; 80,9 is a text.\n"},
        {"amount = 'a'", ":1:19: features.a: = takes no number and text\n"},
        {"shop > 2", ":1:17: features.a: > takes no category and number\n"},
        {"note - note", ":1:17: features.a: - takes no text and text\n"},
        {"took > 3",
         ":1:17: features.a: > takes no duration and number\n"
         "    A number becomes a duration times a unit (x * 1m); a duration becomes a number by "
         "dividing (d / 1m).\n"},
        {"amount < took",
         ":1:19: features.a: < takes no number and duration\n"
         "    A number becomes a duration times a unit (x * 1m); a duration becomes a number by "
         "dividing (d / 1m).\n"},
        {"paid = 1", ":1:17: features.a: = takes no bool and number\n"
                     "    A bool becomes a number by case when x then 1 else 0 end.\n"},
        {"-note", ":1:12: features.a: - takes a number or a duration, got a text\n"},
        {"not amount", ":1:16: features.a: what `not` turns round must be a bool, got a number\n"},
        {"amount and paid", ":1:12: features.a: what `and` joins must be a bool, got a number\n"},
        {"shop between 1 and 2", ":1:17: features.a: between takes no number and category\n"
                                 ":1:17: features.a: between takes no category and number\n"},
        {"at > \"yesterday\"",
         ":1:15: features.a: time: must be a date or a date and a time, got \"yesterday\"\n"
         "    Write it as 2013-01-31 or 2013-01-31T08:15:00Z.\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

MW_TEST(typing_refuses_lists_and_branches_of_mixed_types) {
    static const mw_test_mistake cases[] = {
        {"shop in [EWR]",
         ":1:21: features.a: a list after `in` must hold constants, got the name EWR\n"
         "    A text stands in quotes: \"EWR\".\n"},
        {"shop in [3]",
         ":1:21: features.a: a list for a category must hold the like, got a number\n"},
        {"amount in [amount + 1]", ":1:30: features.a: a list after `in` must hold constants\n"
                                   "    Compare with what changes by = and `or`.\n"},
        {"case when paid then \"big\" else 3 end",
         ":1:43: features.a: the values of a case or coalesce must have one type, got text and "
         "number\n"},
        {"case when amount then 1 end",
         ":1:22: features.a: the condition of a case must be a bool, got a number\n"},
        {"coalesce(amount, note)",
         ":1:29: features.a: the values of a case or coalesce must have one type, got number "
         "and text\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

MW_TEST(typing_refuses_calls) {
    static const mw_test_mistake cases[] = {
        {"hour(amount)", ":1:12: features.a: hour takes (time), got (number)\n"},
        {"log(note)", ":1:12: features.a: log takes (number), got (text)\n"
                      "    A column is a number if its first rows are written as 80.9, or `types` "
                      "says so; 80,9 is a text.\n"},
        {"hour(note)", ":1:12: features.a: hour takes (time), got (text)\n"},
        {"hour()", ":1:12: features.a: hour takes (time), got ()\n"},
        {"hours(at)", ":1:12: features.a: there is no function hours\n"
                      "    Did you mean hour?\n"},
        {"log10(amount)", ":1:12: features.a: there is no function log10\n"
                          "    Write log(x) / log(10).\n"},
        {"IF(paid, 1, 0)", ":1:12: features.a: there is no function IF\n"
                           "    Write case when A then B else C end.\n"},
        {"zzz(at)", ":1:12: features.a: there is no function zzz\n"},
        {"haversine(amount, 1, 2)",
         ":1:12: features.a: haversine takes (number, number, number, number), got (number, "
         "number, number)\n"},
        {"clip(took, 1, 2)",
         ":1:12: features.a: clip takes (number, number, number), got (duration, number, "
         "number)\n"
         "    A duration becomes a number by dividing: d / 1m.\n"},
        {"missing()", ":1:12: features.a: missing takes one value, got 0\n"},
        {"coalesce()", ":1:12: features.a: coalesce takes one value or more, got 0\n"},
        {"missing(amount, 1)", ":1:12: features.a: missing takes one value, got 2\n"},
        {"length(ngrams(note, 1, 2))",
         ":1:19: features.a: ngrams gives a vector, and only a whole feature can be one\n"
         "    Let it be a feature, words: ngrams(...), and read words_0.\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}
