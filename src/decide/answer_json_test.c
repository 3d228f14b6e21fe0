#include "decide/answer_json.h"

#include <math.h>

#include "testing/test.h"

static const mw_str names[] = {{"billing", 7}, {"a \"b\"", 5}};
static const double probabilities[] = {0.75, 0.25};

static void check(mw_prediction said, bool is_brief, const char *expected) {
    mw_buf text;
    mw_buf_init(&text, 1000);
    mw_json json = mw_json_begin(&text);
    mw_json_object(&json);
    if (is_brief) mw_answer_write_brief(&json, &said);
    else mw_answer_write_json(&json, &said);
    mw_json_object_end(&json);
    MW_CHECK_EQUAL_STR(mw_buf_str(&text), expected);
    mw_buf_release(&text);
}

MW_TEST(answer_json_of_each_kind) {
    mw_prediction said = {.kind = MW_ANSWER_YES_NO, .prediction = 0.5, .decision = true};
    check(said, false, "{\"prediction\":0.5,\"decision\":true}");
    check(said, true, "{\"prediction\":0.5,\"decision\":true}");
    said = (mw_prediction){.kind = MW_ANSWER_SCORE, .prediction = -3, .decision = false};
    check(said, false, "{\"prediction\":-3,\"decision\":false}");
    said = (mw_prediction){.kind = MW_ANSWER_NUMBER, .prediction = 12.25};
    check(said, false, "{\"prediction\":12.25,\"decision\":null}");
    said = (mw_prediction){.kind = MW_ANSWER_CLASS,
                           .prediction = 0.75,
                           .class_name = names[0],
                           .classes = {{names, 2}, probabilities}};
    check(said, false,
          "{\"prediction\":\"billing\",\"probability\":0.75,"
          "\"probabilities\":{\"billing\":0.75,\"a \\\"b\\\"\":0.25},\"decision\":null}");
    check(said, true, "{\"prediction\":\"billing\",\"probability\":0.75,\"decision\":null}");
}

/* A version that gave no number, and one that is kept no more. */
MW_TEST(answer_json_of_what_is_not_there) {
    mw_prediction said = {.kind = MW_ANSWER_CLASS, .prediction = NAN};
    check(said, false,
          "{\"prediction\":null,\"probability\":null,\"probabilities\":null,\"decision\":null}");
    said = (mw_prediction){.kind = MW_ANSWER_NUMBER, .prediction = NAN};
    check(said, false, "{\"prediction\":null,\"decision\":null}");
}
