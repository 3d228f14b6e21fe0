#include "cli/suggestion_report.h"

#include <stdio.h>

#include "testing/test.h"

static mw_named_source candidates[2];
static const mw_selected busy[] = {{.column = 1, .alone = {2.5, 0.5}, .added = {2.5, 0.5}}};

/* The measures of the kind are 1, 2, 3 ... without, and by `more` greater with the window. */
static mw_suggestions found(mw_answer_kind kind, double more) {
    mw_suggestions it = {.model = MW_STR("big"),
                         .kind = kind,
                         .candidates = candidates,
                         .candidate_count = 2,
                         .row_count = 1200,
                         .selected = busy,
                         .selected_count = 1,
                         .loss = 10,
                         .without = mw_measures_none(),
                         .with = mw_measures_none()};
    candidates[1] = (mw_named_source){
        MW_STR("busy"), {2, 0}, {MW_STR("count(visits by who over 1d)"), {2, 0}}};
    for (size_t i = 0; i < mw_measure_count(kind); i++) {
        double value = (double)(i + 1);
        it.without.of[i] = (mw_estimate){value, value - 0.5, value + 0.5};
        it.with.of[i] = (mw_estimate){value + more, value + more - 0.5, value + more + 0.5};
    }
    it.with.example_count = 5000;
    return it;
}

static void check(mw_suggestions it, void (*tell)(const mw_suggestions *it, mw_buf *out),
                  const char *expected) {
    mw_buf out;
    mw_buf_init(&out, 10000);
    tell(&it, &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
}

static const char head[] = "2 windows tried on 1,200 examples.\n"
                           "  alone  after those above  window\n"
                           "25.00 %            25.00 %  count(visits by who over 1d)\n\n";

MW_TEST(suggestion_report_tells_each_kind_by_its_measures) {
    char expected[1000];
    snprintf(expected, sizeof expected,
             "%sBy how much the squared error falls on later examples, had the window been there.\n"
             "On the 5,000 latest examples, which had no part in the choice:\n"
             "  rmse       2.0000 without, 1.7500 with them (1.2500 to 2.2500)\n"
             "  mae        1.0000 without, 0.7500 with them (0.2500 to 1.2500)\n\n"
             "What you like goes into millwright.yaml:\n\n"
             "features:\n"
             "  busy: count(visits by who over 1d)\n", head);
    check(found(MW_ANSWER_NUMBER, -0.25), mw_suggestions_print, expected);
    snprintf(expected, sizeof expected,
             "%sBy how much the log loss falls on later examples, had the window been there.\n"
             "On the 5,000 latest examples, which had no part in the choice:\n"
             "  log_loss   2.0000 without, 2.0000 with them (1.5000 to 2.5000)\n"
             "  accuracy   1.0000 without, 1.0000 with them (0.5000 to 1.5000)\n"
             "They make it no better there: what they seemed to add may be chance, or may not "
             "last.\n\n"
             "What you like goes into millwright.yaml:\n\n"
             "features:\n"
             "  busy: count(visits by who over 1d)\n", head);
    check(found(MW_ANSWER_CLASS, 0), mw_suggestions_print, expected);
}

MW_TEST(suggestion_report_says_that_there_is_none) {
    mw_suggestions none = found(MW_ANSWER_NUMBER, 0);
    none.selected_count = 0;
    none.left_out = 1000;
    check(none, mw_suggestions_print,
          "2 windows tried on 1,200 examples, 1,000 more were not.\n"
          "None adds more than chance would.\n");
    check(none, mw_suggestions_write_json,
          "{\"model\":\"big\",\"tried\":2,\"not_tried\":1000,\"examples\":1200,"
          "\"suggestions\":[]}");
}

MW_TEST(suggestion_report_names_the_loss_in_its_key) {
    check(found(MW_ANSWER_NUMBER, 1), mw_suggestions_write_json,
          "{\"model\":\"big\",\"tried\":2,\"not_tried\":0,\"examples\":1200,\"suggestions\":["
          "{\"name\":\"busy\",\"expression\":\"count(visits by who over 1d)\","
          "\"alone\":{\"squared_error\":2.5,\"standard_error\":0.5},"
          "\"added\":{\"squared_error\":2.5,\"standard_error\":0.5}}],"
          "\"without\":{\"rmse\":{\"value\":2,\"low\":1.5,\"high\":2.5},"
          "\"mae\":{\"value\":1,\"low\":0.5,\"high\":1.5}},"
          "\"with\":{\"rmse\":{\"value\":3,\"low\":2.5,\"high\":3.5},"
          "\"mae\":{\"value\":2,\"low\":1.5,\"high\":2.5}}}");
}
