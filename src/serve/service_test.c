#include "decide/breaker.h"
#include "serve/shop_predict_test.h"

#include <stdio.h>

static mw_event_standing standing_of(shop *s, int32_t source, const char *text) {
    yyjson_doc *doc = shop_row(text);
    mw_event_standing standing = MW_EVENT_REPEATS;
    mw_error err;
    mw_sent_row row = mw_sent_json(yyjson_doc_get_root(doc));
    MW_CHECK_OK(mw_service_take(s->service, source, row, &standing, &err),
                &err);
    yyjson_doc_free(doc);
    return standing;
}

static bool take(shop *s, int32_t source, const char *text) {
    return standing_of(s, source, text) == MW_EVENT_NEW;
}

MW_TEST(service_predicts_once_and_appends_what_was_asked_for) {
    shop s;
    mw_error err;
    mw_answer first, again;
    const char *order = "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-11T00:00:00Z\"}";
    shop_set_up(&s);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, order, false, &first, &err), &err);
    MW_CHECK(!first.is_recorded && !mw_sequencer_read_stats(s.sequencer).log_events);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, order, true, &first, &err), &err);
    MW_CHECK(first.is_recorded && mw_sequencer_read_stats(s.sequencer).log_events == 1);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, order, true, &again, &err), &err);
    MW_CHECK_EQUAL_INT(again.stamp, first.stamp);
    MW_CHECK(!take(&s, 0, order)); /* it stands */

    /* More of the same row is new; what was predicted with other contents is refused, and so is
       what comes too late. */
    MW_CHECK(take(&s, 0, "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-11T00:00:00Z\", "
                         "\"refund\": 2}"));
    MW_CHECK_STATUS(shop_predict(&s, SHOP_QUICK, "{\"shop\": \"b\", \"number\": 1, "
                            "\"at\": \"1970-04-11T00:00:00Z\"}", true, &again, &err),
                    MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "id: 1 was predicted with other contents");
    MW_CHECK_STATUS(shop_predict(&s, SHOP_QUICK, "{\"shop\": \"b\", \"number\": 2, "
                            "\"at\": \"1970-04-10T00:00:00Z\"}", true, &again, &err),
                    MW_INVALID);
    shop_tear_down(&s);
}

MW_TEST(service_takes_no_later_fields_with_a_question) {
    shop s;
    mw_error err;
    mw_answer answer;
    shop_set_up(&s);
    MW_CHECK_STATUS(shop_predict(&s, SHOP_QUICK, "{\"shop\": \"a\", \"number\": 1, "
                            "\"at\": \"1970-04-11T00:00:00Z\", \"refund\": 2}", true, &answer,
                            &err),
                    MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message,
                       "predict: fields that become known at at + 2d are not known yet");
    MW_CHECK_EQUAL_STR(err.hint, "Leave them out, and post them to /v1/events/orders later.");
    MW_CHECK(!mw_sequencer_read_stats(s.sequencer).log_events);
    shop_tear_down(&s);
}

MW_TEST(service_returns_the_moment_that_fell_due) {
    shop s;
    mw_error err;
    mw_answer answer;
    const char *delivery = "{\"shop\": \"a\", \"number\": 9, \"at\": \"1970-04-11T20:00:00Z\"}";
    shop_set_up(&s);
    MW_CHECK(take(&s, 1, delivery));
    MW_CHECK_OK(shop_predict(&s, SHOP_LATE, delivery, true, &answer, &err), &err);
    MW_CHECK(!answer.is_recorded);
    int64_t due = SHOP_BEGIN + 19 * MW_HOUR_US;
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, due, &err), &err);
    MW_CHECK_OK(shop_predict(&s, SHOP_LATE, delivery, true, &answer, &err), &err);
    MW_CHECK(answer.is_recorded && answer.stamp == due && answer.prediction.place == due);
    MW_CHECK_OK(mw_service_find(s.service, due, &answer, &err), &err);
    MW_CHECK(answer.features && answer.prediction.features[0].number == 0);
    MW_CHECK_STATUS(mw_service_find(s.service, due + 1, &answer, &err), MW_NOT_FOUND);
    shop_tear_down(&s);
}

/* --- the fallback --------------------------------------------------------------------------- */

static const char *row_of(char *text, int number) {
    snprintf(text, 100, "{\"shop\": \"a\", \"number\": %d, \"at\": \"1970-04-11T00:00:00Z\"}",
             number);
    return text;
}

MW_TEST(service_leaves_a_version_alone_that_fails_and_tries_it_again) {
    shop s;
    mw_error err;
    mw_answer answer;
    char text[100];
    shop_set_up(&s);
    shop_close(&s);
    s.fallbacks[SHOP_QUICK] = (mw_fallback){
        .kind = MW_FALLBACK_CONSTANT, .constant = 0.125, .missing_max = -1}; /* never enough */
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    for (int i = 0; i < MW_BREAKER_FAILURES + 2; i++) {
        MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, i), true, &answer, &err), &err);
        bool is_open = i >= MW_BREAKER_FAILURES;
        MW_CHECK_EQUAL_INT(answer.prediction.fallback,
                           is_open ? MW_BECAUSE_BREAKER : MW_BECAUSE_MISSING);
        MW_CHECK(answer.prediction.is_blind == is_open && answer.is_recorded);
        MW_CHECK_EQUAL_DOUBLE_BITS(answer.prediction.prediction, 0.125);
        MW_CHECK(!answer.prediction.decision);
    }
    mw_simulated_advance(s.sys, MW_BREAKER_OPEN_US);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 50), true, &answer, &err), &err);
    MW_CHECK_EQUAL_INT(answer.prediction.fallback, MW_BECAUSE_MISSING);
    const mw_decider *decider = mw_sequencer_decider(s.sequencer, SHOP_QUICK);
    MW_CHECK_EQUAL_INT(mw_decider_fallbacks(decider, MW_BECAUSE_MISSING), MW_BREAKER_FAILURES + 1);
    MW_CHECK_EQUAL_INT(mw_decider_fallbacks(decider, MW_BECAUSE_BREAKER), 2);
    /* Asked again, it says what is recorded, in another process too. */
    mw_answer again;
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    shop_close(&s);
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 50), true, &again, &err), &err);
    MW_CHECK_EQUAL_INT(again.stamp, answer.stamp);
    MW_CHECK_EQUAL_INT(again.prediction.fallback, MW_BECAUSE_MISSING);
    shop_tear_down(&s);
}

MW_TEST(service_answers_a_row_that_fails_its_checks_by_the_fallback) {
    shop s;
    mw_error err;
    mw_answer answer;
    char text[100];
    shop_set_up(&s);
    MW_CHECK_STATUS(shop_predict(&s, SHOP_QUICK, row_of(text, -1), true, &answer, &err),
                    MW_CHECK_FAILED);
    shop_close(&s);
    s.fallbacks[SHOP_QUICK] = (mw_fallback){.kind = MW_FALLBACK_BASELINE, .missing_max = 1};
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, -1), true, &answer, &err), &err);
    MW_CHECK_EQUAL_INT(answer.prediction.fallback, MW_BECAUSE_CHECK);
    MW_CHECK(!answer.is_recorded && !mw_sequencer_read_stats(s.sequencer).log_events);
    const mw_scorer *scorer = mw_decider_scorer(mw_sequencer_decider(s.sequencer, SHOP_QUICK));
    MW_CHECK_EQUAL_DOUBLE_BITS(answer.prediction.prediction, mw_scorer_version(scorer)->baseline);
    shop_tear_down(&s);
}

/* --- classes -------------------------------------------------------------------------------- */

static const mw_forest *forest_of_classes(shop *s) {
    mw_forest_head head = {.has_covers = true,
                           .feature_count = 1,
                           .tree_count = 2,
                           .class_count = 2,
                           .output = MW_OUTPUT_SOFTMAX,
                           .sigmoid = 1};
    mw_buf bytes;
    const mw_forest *forest;
    mw_buf_init(&bytes, 1 << 10);
    for (int i = 0; i < 2; i++)
        mw_forest_node_append(&bytes, &head,
                              &(mw_forest_node){.kind = MW_NODE_LEAF, .value = i});
    MW_CHECK_OK(mw_forest_make(&s->arena, &head, mw_buf_str(&bytes), &forest, NULL), NULL);
    mw_buf_release(&bytes);
    return forest;
}

/* As the shop's own version, but that it says "new", with the odds of e to 1, and not "known". */
static mw_str version_of_classes(shop *s, const char *data_version) {
    static const mw_str names[] = {{"known", 5}, {"new", 3}};
    static const double shares[] = {0.75, 0.25};
    const mw_version *own;
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_version_decode(&s->arena, mw_buf_str(&s->version), &own, &err), &err);
    mw_version version = *own;
    version.data_version = mw_str_of(data_version);
    version.answer = MW_ANSWER_CLASS;
    version.classes = (mw_classes){{names, 2}, shares};
    version.forest = forest_of_classes(s);
    MW_CHECK_OK(mw_version_encode(&version, &bytes, &err), &err);
    mw_str kept = mw_str_copy(&s->arena, mw_buf_str(&bytes));
    mw_buf_release(&bytes);
    return kept;
}

/* The shop, with a label of classes for the first of its models. */
static void set_up_classes(shop *s) {
    static const char number[] = "count(orders by shop over next 1d)";
    const char *label = strstr(shop_text, number);
    char text[sizeof shop_text + 100];
    mw_error err;
    shop_set_up(s);
    shop_close(s);
    snprintf(text, sizeof text, "%.*slast(visits.shop by shop over next 1d)%s",
             (int)(label - shop_text), shop_text, label + strlen(number));
    s->program = mw_test_program(&s->arena, s->symbols, text);
    s->champions[SHOP_QUICK].bytes = version_of_classes(s, "d1");
    MW_CHECK_OK(shop_open(s, true, &err), &err);
}

static void check_new(mw_answer answer) {
    MW_CHECK_EQUAL_STR(answer.prediction.class_name, "new");
    MW_CHECK_EQUAL_INT(answer.prediction.classes.names.count, 2);
    MW_CHECK_EQUAL_DOUBLE_BITS(answer.prediction.classes.probabilities[1],
                               answer.prediction.prediction);
}

static void promote_classes(shop *s, const char *data_version) {
    mw_error err;
    mw_champion champion = {.bytes = version_of_classes(s, data_version)};
    MW_CHECK_OK(mw_sequencer_promote(s->sequencer, SHOP_QUICK, &champion, &err), &err);
}

/* The class with all probabilities, and why it is that one; likewise of what was recorded. */
MW_TEST(service_of_classes_says_why_over_http) {
    static const char body[] = "{\"event\": {\"shop\": \"a\", \"number\": 1, "
                               "\"at\": \"1970-04-11T00:00:00Z\"}, \"explain\": true}";
    shop s;
    char first[2000], path[100];
    set_up_classes(&s);
    mw_str said = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", body, 200);
    MW_CHECK(shop_says(said, "\"prediction\":\"new\""));
    MW_CHECK(shop_says(said, "\"probabilities\":{\"known\":0.2689"));
    MW_CHECK(shop_says(said, ",\"new\":0.7310"));
    MW_CHECK(shop_says(said, "\"decision\":null") && shop_says(said, "\"why\":{\"expected\":1,"));
    MW_CHECK(said.size < sizeof first);
    memcpy(first, said.data, said.size);
    size_t size = said.size;
    said = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", body, 200);
    MW_CHECK(mw_str_equal(said, (mw_str){first, size}));
    const char *id = strstr(first, "\"id\":\"") + strlen("\"id\":\"");
    snprintf(path, sizeof path, "/v1/predictions/%.*s?explain=true", MW_PREDICTION_ID_SIZE, id);
    said = shop_call(&s, MW_HTTP_GET, path, NULL, 200);
    MW_CHECK(shop_says(said, "\"why\":{\"expected\":1,"));
    MW_CHECK(shop_says(said, "\"probabilities\":{\"known\":0.2689"));
    MW_CHECK(shop_says(said, "\"features\":{\"busy\":"));
    promote_classes(&s, "d2"); /* it answers no more, and says why all the same */
    said = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", body, 200);
    MW_CHECK(mw_str_equal(said, (mw_str){first, size}));
    promote_classes(&s, "d3"); /* and is known no more */
    said = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", body, 501);
    MW_CHECK(shop_says(said, "a version that answers no more"));
    shop_tear_down(&s);
}

/* A server is asked for what it said as often as anybody likes. */
MW_TEST(service_finds_classes_in_the_same_memory_each_time) {
    enum { ROUNDS = 5000 };
    shop s;
    mw_error err;
    mw_answer answer, found;
    char text[100];
    set_up_classes(&s);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 1), true, &answer, &err), &err);
    check_new(answer);
    size_t before = 0;
    for (int i = 0; i < ROUNDS; i++) {
        MW_CHECK_OK(mw_service_find(s.service, answer.stamp, &found, &err), &err);
        check_new(found);
        MW_CHECK(found.features && found.prediction.features);
        if (i == 0) before = mw_memory_live_count();
    }
    MW_CHECK_EQUAL_INT(mw_memory_live_count(), before);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 1), true, &found, &err), &err);
    check_new(found);
    MW_CHECK(found.stamp == answer.stamp && !found.prediction.features);
    shop_tear_down(&s);
}

/* As of the version that answers: the one before is in memory. The one before that is not. */
MW_TEST(service_needs_no_archive_for_what_the_version_before_said) {
    shop s;
    mw_error err;
    mw_answer first, second, again, found;
    char text[100];
    set_up_classes(&s);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 1), true, &first, &err), &err);
    int64_t stamp = first.stamp;
    promote_classes(&s, "d2");
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 2), true, &second, &err), &err);
    char name[MW_VERSION_NAME_SIZE + 1];
    snprintf(name, sizeof name, "%.*s", MW_STR_ARGS(second.prediction.version));
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 1), true, &again, &err), &err);
    MW_CHECK(again.stamp == stamp && !mw_str_is(again.prediction.version, name));
    check_new(again);
    MW_CHECK_OK(mw_service_find(s.service, stamp, &found, &err), &err);
    MW_CHECK(found.features && found.model);
    check_new(found);
    promote_classes(&s, "d3");
    MW_CHECK_OK(mw_service_find(s.service, second.stamp, &found, &err), &err);
    check_new(found);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 1), true, &again, &err), &err);
    MW_CHECK_EQUAL_STR(again.prediction.class_name, "new");
    MW_CHECK_EQUAL_INT(again.prediction.classes.names.count, 0);
    shop_tear_down(&s);
}

/* It tells what it said, and is not asked for what is new, nor for features that nobody reads. */
MW_TEST(service_lets_no_version_before_stand_in_unless_it_is_the_fallback) {
    static const mw_fallback fallbacks[] = {{.kind = MW_FALLBACK_BASELINE, .missing_max = -1},
                                            {.kind = MW_FALLBACK_PREVIOUS, .missing_max = -1}};
    for (size_t i = 0; i < sizeof fallbacks / sizeof *fallbacks; i++) {
        shop s;
        mw_error err;
        mw_answer answer = {0};
        char text[100];
        set_up_classes(&s);
        shop_close(&s);
        s.fallbacks[SHOP_QUICK] = fallbacks[i];
        MW_CHECK_OK(shop_open(&s, true, &err), &err);
        promote_classes(&s, "d2");
        bool is_previous = fallbacks[i].kind == MW_FALLBACK_PREVIOUS;
        for (int n = 0; n <= MW_BREAKER_FAILURES; n++) {
            bool is_open = n == MW_BREAKER_FAILURES;
            MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, n), true, &answer, &err), &err);
            MW_CHECK_EQUAL_INT(answer.prediction.fallback,
                               is_open ? MW_BECAUSE_BREAKER : MW_BECAUSE_MISSING);
            MW_CHECK_EQUAL_STR(answer.prediction.class_name, is_previous ? "new" : "known");
            MW_CHECK(answer.prediction.is_blind == (is_open && !is_previous));
        }
        mw_answer again;
        MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 0), true, &again, &err), &err);
        MW_CHECK_EQUAL_STR(again.prediction.class_name, is_previous ? "new" : "known");
        MW_CHECK_EQUAL_INT(again.prediction.classes.names.count, 2);
        MW_CHECK_EQUAL_DOUBLE_BITS(again.prediction.classes.probabilities[is_previous ? 1 : 0],
                                   answer.prediction.prediction);
        shop_tear_down(&s);
    }
}

/* Once it has answered: what it says of classes lies in memory that it has. What enters windows and
   ledger takes some, of any kind of answer. */
MW_TEST(service_answers_classes_without_allocating) {
    enum { WARM = 5, ROUNDS = 100 };
    shop s;
    mw_error err;
    mw_answer answer = {0};
    char text[100];
    set_up_classes(&s);
    for (int i = 0; i < WARM + ROUNDS; i++) {
        row_of(text, i);
        if (i >= WARM) mw_memory_fail_after(0);
        mw_status status = shop_predict(&s, SHOP_QUICK, text, false, &answer, &err);
        mw_memory_fail_after(SIZE_MAX);
        MW_CHECK_OK(status, &err);
        check_new(answer);
    }
    shop_tear_down(&s);
}

/* The n-th allocation fails: what was said is told later, as it was. */
MW_TEST(service_tells_classes_after_each_failing_allocation) {
    shop s;
    mw_error err;
    mw_answer answer, again = {0};
    char text[100];
    set_up_classes(&s);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 1), true, &answer, &err), &err);
    int64_t stamp = answer.stamp;
    size_t failed = 0;
    for (mw_status status = MW_NO_MEMORY; status != MW_OK; failed++) {
        MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
        shop_close(&s);
        MW_CHECK_OK(shop_open(&s, true, &err), &err);
        mw_memory_fail_after(failed);
        status = shop_predict(&s, SHOP_QUICK, text, true, &again, &err);
        mw_memory_fail_after(SIZE_MAX);
        MW_CHECK(status == MW_OK || status == MW_NO_MEMORY);
    }
    MW_CHECK(failed > 2);
    MW_CHECK_EQUAL_INT(again.stamp, stamp);
    check_new(again);
    shop_tear_down(&s);
}

/* As the shop's own version, but that it says a number: 2.5. */
static mw_str version_of_numbers(shop *s) {
    mw_forest_head head = {.feature_count = 1, .tree_count = 1, .class_count = 1,
                           .output = MW_OUTPUT_IDENTITY, .sigmoid = 1};
    const mw_version *own;
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_version_decode(&s->arena, mw_buf_str(&s->version), &own, &err), &err);
    mw_version version = *own;
    version.answer = MW_ANSWER_NUMBER;
    version.threshold = 0;
    version.baseline = -7;
    mw_forest_node_append(&bytes, &head,
                          &(mw_forest_node){.kind = MW_NODE_LEAF, .value = 2.5});
    MW_CHECK_OK(mw_forest_make(&s->arena, &head, mw_buf_str(&bytes), &version.forest, &err), &err);
    mw_buf_clear(&bytes);
    MW_CHECK_OK(mw_version_encode(&version, &bytes, &err), &err);
    mw_str kept = mw_str_copy(&s->arena, mw_buf_str(&bytes));
    mw_buf_release(&bytes);
    return kept;
}

static void check_number(mw_answer answer, double number) {
    MW_CHECK_EQUAL_INT(answer.prediction.kind, MW_ANSWER_NUMBER);
    MW_CHECK_EQUAL_DOUBLE_BITS(answer.prediction.prediction, number);
    MW_CHECK(!answer.prediction.decision && answer.prediction.class_name.size == 0);
    MW_CHECK_EQUAL_INT(answer.prediction.classes.names.count, 0);
}

/* A version of the same program may say a yes or no of a number that is 0 or 1: those from before
   there were numbers do. What each said stays. */
MW_TEST(service_keeps_what_was_said_when_a_number_takes_the_place_of_a_yes) {
    shop s;
    mw_error err;
    mw_answer yes, number, again;
    char text[100];
    shop_set_up(&s);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 1), true, &yes, &err), &err);
    MW_CHECK(yes.prediction.kind == MW_ANSWER_YES_NO && yes.prediction.decision);
    mw_champion champion = {.bytes = version_of_numbers(&s)};
    MW_CHECK_OK(mw_sequencer_promote(s.sequencer, SHOP_QUICK, &champion, &err), &err);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 2), true, &number, &err), &err);
    check_number(number, 2.5);
    for (int turn = 0; turn < 2; turn++) {
        MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 1), true, &again, &err), &err);
        MW_CHECK(again.stamp == yes.stamp && again.prediction.kind == MW_ANSWER_YES_NO);
        MW_CHECK(again.prediction.decision);
        MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 2), true, &again, &err), &err);
        MW_CHECK_EQUAL_INT(again.stamp, number.stamp);
        check_number(again, 2.5);
        MW_CHECK_OK(mw_service_find(s.service, number.stamp, &again, &err), &err);
        check_number(again, 2.5);
        MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
        shop_close(&s); /* and in another process */
        s.champions[SHOP_QUICK].bytes = champion.bytes;
        MW_CHECK_OK(shop_open(&s, true, &err), &err);
    }
    shop_tear_down(&s);
}

/* What says yes or no has nothing to say for a number, though it is the fallback: the mean does. */
MW_TEST(service_asks_no_version_before_that_answers_another_kind) {
    shop s;
    mw_error err;
    mw_answer answer;
    char text[100];
    shop_set_up(&s);
    shop_close(&s);
    s.fallbacks[SHOP_QUICK] = (mw_fallback){.kind = MW_FALLBACK_PREVIOUS, .missing_max = -1};
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    mw_champion champion = {.bytes = version_of_numbers(&s)};
    MW_CHECK_OK(mw_sequencer_promote(s.sequencer, SHOP_QUICK, &champion, &err), &err);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 1), true, &answer, &err), &err);
    MW_CHECK(answer.prediction.fallback == MW_BECAUSE_MISSING && !answer.prediction.is_blind);
    check_number(answer, -7);
    shop_tear_down(&s);
}

typedef struct {
    mw_scorer *scorer;
    const mw_schema *features;
} archived;

static mw_status archived_features(void *context, mw_str model, mw_str version,
                                   const mw_schema **out_features, const mw_schema **out_asked,
                                   mw_error *err) {
    (void)model, (void)version, (void)err;
    const archived *a = context;
    *out_features = a->features;
    *out_asked = NULL;
    return MW_OK;
}

static mw_status archived_scorer(void *context, mw_str model, mw_str version,
                                 mw_scorer **out_scorer, mw_error *err) {
    (void)model, (void)version, (void)err;
    const archived *a = context;
    *out_scorer = a->scorer;
    return MW_OK;
}

/* Opens the shop with a version that is not the one which has answered, but lies in the archive. */
static void replace_version(shop *s, archived *archive) {
    mw_error err;
    MW_CHECK_OK(mw_scorer_create(s->champions[SHOP_QUICK].bytes, s->symbols, &archive->scorer,
                                 &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
    shop_close(s);
    mw_buf_clear(&s->version);
    shop_encode_version(s, "d2", &s->version);
    s->champions[SHOP_LATE].bytes = mw_buf_str(&s->version);
    s->champions[SHOP_QUICK].bytes = version_of_classes(s, "d2");
    MW_CHECK_OK(shop_open(s, true, &err), &err);
    archive->features = mw_decider_features(mw_sequencer_decider(s->sequencer, SHOP_QUICK));
    mw_service_config config = *mw_service_parts(s->service);
    config.archive = (mw_service_archive){archive, archived_features, archived_scorer};
    mw_service_destroy(s->service);
    s->service = NULL;
    MW_CHECK_OK(mw_service_create(config, &s->service, &err), &err);
}

/* The archive keeps one scorer: that of the version which it was asked for last. */
MW_TEST(service_tells_classes_when_the_archive_has_another_version) {
    shop s;
    archived archive;
    mw_error err;
    mw_answer answer, again, found;
    char text[100];
    set_up_classes(&s);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 1), true, &answer, &err), &err);
    int64_t stamp = answer.stamp;
    replace_version(&s, &archive);
    MW_CHECK_OK(shop_predict(&s, SHOP_QUICK, row_of(text, 1), true, &again, &err), &err);
    MW_CHECK_EQUAL_INT(again.stamp, stamp);
    MW_CHECK_OK(mw_service_find(s.service, stamp, &found, &err), &err);
    mw_values theirs = mw_scorer_version(archive.scorer)->classes.names;
    MW_CHECK(again.prediction.classes.names.items != theirs.items);
    MW_CHECK(again.prediction.classes.names.items[0].data != theirs.items[0].data);
    MW_CHECK(found.prediction.classes.names.items != theirs.items);
    mw_scorer_destroy(archive.scorer);
    check_new(found);
    MW_CHECK_EQUAL_STR(again.prediction.classes.names.items[0], "known");
    MW_CHECK_EQUAL_STR(found.prediction.classes.names.items[1], "new");
    shop_tear_down(&s);
}

/* What a server is told by the way leaves its memory: texts that are in no window, of rows that are
   taken, refused, only asked about, or keys of nobody. What windows know stays. */
MW_TEST(service_keeps_no_text_that_windows_do_not_need) {
    enum { ROUNDS = 3000 };
    shop s;
    char text[200];
    shop_set_up(&s);
    MW_CHECK(take(&s, SHOP_VISITS, "{\"shop\": \"a\", \"who\": \"I\", "
                                   "\"at\": \"1970-04-10T23:00:00Z\"}"));
    size_t before = mw_symbols_count(s.symbols);
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(text, sizeof text, "{\"shop\": \"a\", \"who\": \"visitor %d\", "
                 "\"at\": \"1970-04-10T23:00:00Z\"}", i);
        MW_CHECK(take(&s, SHOP_VISITS, text));
        snprintf(text, sizeof text, "{\"event\": {\"shop\": \"shop %d\", \"number\": %d, "
                 "\"at\": \"1970-04-11T00:00:00Z\"}, \"record\": false}", i, i);
        shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", text, 200);
        snprintf(text, sizeof text, "{\"shop\": \"no shop %d\", \"number\": -1, "
                 "\"at\": \"1970-04-11T00:00:00Z\"}", i);
        shop_call(&s, MW_HTTP_POST, "/v1/events/orders", text, 200);
        snprintf(text, sizeof text, "/v1/models/quick/features?shop=nowhere%d", i);
        shop_call(&s, MW_HTTP_GET, text, NULL, 200);
    }
    MW_CHECK(mw_symbols_count(s.symbols) < before + 10);
    MW_CHECK(mw_symbols_find(s.symbols, MW_STR("a")) != 0);
    shop_tear_down(&s);
}
