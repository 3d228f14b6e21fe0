#include "cli/leak_report.h"

#include <stdio.h>

#include "testing/test.h"

static mw_feature features[3];

static const mw_leak honest = {.worth = {0.75, 0.75, 0.75}};
static const mw_leak early = {.worth = {0.5, 0.9, 0.5}, .changed = {0, 0.25, 0}};
static const mw_leak own = {.worth = {0.5, 0.5, 1}, .changed = {0, 0, 1}};
static const mw_leak too_good = {.worth = {0.9875, 0.9875, 0.9875}};

static mw_leak_report report_of(mw_leak_finding found[3], const mw_leak leaks[3],
                                mw_answer_kind kind) {
    static const char *const names[] = {"amount", "hint", "self"};
    for (size_t i = 0; i < 3; i++) {
        features[i].name = mw_str_of(names[i]);
        found[i] = (mw_leak_finding){&features[i], leaks[i]};
    }
    return mw_leak_report_make(found, 3, 1234, kind);
}

static void check(mw_leak_report told, void (*tell)(const mw_leak_report *told, mw_buf *out),
                  const char *expected) {
    mw_buf out;
    mw_buf_init(&out, 10000);
    tell(&told, &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
}

MW_TEST(leak_report_puts_the_greatest_gain_first) {
    mw_leak_finding found[3];
    const mw_leak leaks[] = {honest, early, own};
    check(report_of(found, leaks, MW_ANSWER_NUMBER), mw_leak_report_print,
          "feature   alone  by event time  changed  with own events  changed    gain\n"
          "self     0.5000           same                    1.0000  100.0 %  0.5000\n"
          "hint     0.5000         0.9000   25.0 %             same           0.4000\n"
          "amount   0.7500           same                      same           0.0000\n\n"
          "Concordance of each feature alone, over 1,234 examples: as it is, had events counted "
          "from their own time, had the predicted\none's own events counted. Nothing of it is in "
          "the model: a join by time would have let it in.\n"
          "Concordance: of two examples with different labels, how often the feature says which "
          "is the\ngreater one; 0.5 is chance.\n"
          "2 would have gained more than 0.01\n");
}

/* What leaks in the data itself gains nothing by cheating, and is named all the same. */
MW_TEST(leak_report_names_what_is_too_good_to_be_true) {
    mw_leak_finding found[3];
    const mw_leak leaks[] = {honest, honest, too_good};
    check(report_of(found, leaks, MW_ANSWER_YES_NO), mw_leak_report_print,
          "feature   alone  by event time  changed  with own events  changed    gain\n"
          "amount   0.7500           same                      same           0.0000\n"
          "hint     0.7500           same                      same           0.0000\n"
          "self     0.9875           same                      same           0.0000\n\n"
          "ROC AUC of each feature alone, over 1,234 examples: as it is, had events counted "
          "from their own time, had the predicted\none's own events counted. Nothing of it is in "
          "the model: a join by time would have let it in.\n"
          "self is too good to be true alone (0.9875): is it known when the project says?\n");
}

/* Of the numbers of a vector those that a cheat changes stand alone; and one that is too good is
   named, for all that it goes together with others. */
MW_TEST(leak_report_puts_numbers_of_a_vector_together) {
    static const mw_vector words, others;
    static const char *const names[] = {"others_0", "words_0", "words_1", "words_2", "words_3"};
    const mw_leak leaks[] = {honest, honest, early, too_good, honest};
    mw_feature numbers[5];
    mw_leak_finding found[5];
    for (size_t i = 0; i < 5; i++) {
        numbers[i] = (mw_feature){.name = mw_str_of(names[i]), .vector = i > 0 ? &words : &others};
        found[i] = (mw_leak_finding){&numbers[i], leaks[i]};
    }
    check(mw_leak_report_make(found, 5, 10, MW_ANSWER_YES_NO), mw_leak_report_print,
          "feature                        alone  by event time  changed  with own events  changed"
          "    gain\n"
          "words_1                       0.5000         0.9000   25.0 %             same          "
          " 0.4000\n"
          "others_0                      0.7500           same                      same          "
          " 0.0000\n"
          "words_0 and 2 more  0.7500 to 0.9875           same                      same          "
          " 0.0000\n\n"
          "ROC AUC of each feature alone, over 10 examples: as it is, had events counted "
          "from their own time, had the predicted\none's own events counted. Nothing of it is in "
          "the model: a join by time would have let it in.\n"
          "1 would have gained more than 0.01\n"
          "words_2 is too good to be true alone (0.9875): is it known when the project says?\n");
}

static void check_keys(mw_answer_kind kind, const char *key) {
    char expected[1000];
    mw_leak_finding found[3];
    const mw_leak leaks[] = {honest, early, own};
    mw_leak_report told = report_of(found, leaks, kind);
    told.count = 1;
    snprintf(expected, sizeof expected,
             "{\"examples\":1234,\"features\":[{\"name\":\"self\",\"proved_exact\":true,"
             "\"%s\":0.5,\"%s_by_event_time\":0.5,\"%s_with_own_events\":1,"
             "\"changed_by_event_time\":0,\"changed_with_own_events\":1,\"gain\":0.5}]}",
             key, key, key);
    check(told, mw_leak_report_write_json, expected);
}

MW_TEST(leak_report_names_the_measure_in_its_keys) {
    check_keys(MW_ANSWER_YES_NO, "roc_auc");
    check_keys(MW_ANSWER_NUMBER, "concordance");
    check_keys(MW_ANSWER_CLASS, "pairwise_roc_auc");
}
