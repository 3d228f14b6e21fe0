#include "edge/bundle_world_test.h"
#include "edge/loaded.h"

#include <math.h>
#include <string.h>

#define HOUR MW_HOUR_US
#define START (20000 * MW_DAY_US)

typedef struct {
    mw_model *model;
    mw_timeline *timeline;
    mw_problem problem;
} edge;

static void begin_answer(edge *e, const char *project, shop_answer answer) {
    mw_buf file;
    mw_buf_init(&file, 1 << 20);
    shop_export_answer(project, answer, &file);
    MW_CHECK(mw_model_read(file.data, file.size, &e->model, NULL) == MW_DONE);
    mw_result result = mw_timeline_create(e->model, &e->timeline, &e->problem);
    if (result != MW_DONE) MW_CHECK_EQUAL_STR(e->problem.message, "");
    mw_buf_release(&file);
}

static void begin(edge *e, const char *project) {
    begin_answer(e, project, (shop_answer){.kind = MW_ANSWER_YES_NO});
}

static void end(edge *e) {
    mw_timeline_destroy(e->timeline);
    mw_timeline_destroy(NULL);
    mw_model_close(e->model);
}

static void push(edge *e, int64_t now, const char *stream, mw_row row) {
    mw_result result = mw_timeline_push(e->timeline, now, stream, row, &e->problem);
    if (result != MW_DONE) MW_CHECK_EQUAL_STR(e->problem.message, "");
}

static void order(edge *e, int64_t now, const char *shop, double number, double amount) {
    push(e, now, "orders",
         MW_ROW(mw_text("shop", shop), mw_number("number", number), mw_time("at", now),
                mw_number("amount", amount)));
}

typedef struct {
    double worth, count, spent, back;
} numbers;

/* What the model says of features that are known by other means. */
static double expected(const edge *e, const char *shop, numbers of) {
    mw_reply reply;
    mw_row row = MW_ROW(mw_text("shop", shop), mw_number("worth", of.worth),
                        mw_number("count", of.count), mw_number("spent", of.spent),
                        mw_number("back", of.back));
    MW_CHECK(mw_model_predict(e->model, row, &reply, NULL) == MW_DONE);
    return reply.prediction;
}

static mw_reply ask(edge *e, int64_t now, const char *shop, double number, double amount) {
    mw_reply reply = {.prediction = -1};
    mw_result result = mw_timeline_predict(
        e->timeline, now,
        MW_ROW(mw_text("shop", shop), mw_number("number", number), mw_time("at", now),
               mw_number("amount", amount)),
        &reply, &e->problem);
    if (result != MW_DONE) MW_CHECK_EQUAL_STR(e->problem.message, "");
    return reply;
}

MW_TEST(timeline_keeps_windows_over_what_was_pushed) {
    edge e;
    begin(&e, SHOP_ASKED);
    push(&e, START, "rates",
         MW_ROW(mw_text("shop", "a"), mw_time("at", START), mw_number("rate", 2)));
    order(&e, START + 1 * HOUR, "a", 1, 2);
    order(&e, START + 2 * HOUR, "b", 2, 1);
    mw_reply reply = ask(&e, START + 3 * HOUR, "a", 3, 1.5);
    MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, expected(&e, "a", (numbers){3, 1, 2, 0}));
    MW_CHECK_EQUAL_STR(reply.id, "a|3");
    MW_CHECK_EQUAL_INT(reply.t_us, START + 3 * HOUR);
    order(&e, START + 3 * HOUR, "a", 3, 1.5);
    reply = ask(&e, START + 4 * HOUR, "a", 4, 1);
    MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, expected(&e, "a", (numbers){2, 2, 3.5, 0}));
    reply = ask(&e, START + 28 * HOUR, "a", 5, 1); /* all of it is over */
    MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, expected(&e, "a", (numbers){2, 0, 0, 0}));
    end(&e);
}

MW_TEST(timeline_takes_later_fields_by_the_id_that_stands) {
    edge e;
    begin(&e, SHOP_ASKED);
    mw_value order_row[] = {mw_text("shop", "a"), mw_number("number", 1), mw_time("at", START),
                            mw_number("amount", 2), mw_time("back_at", START + HOUR),
                            mw_number("back", 1.5)};
    push(&e, START, "orders", (mw_row){order_row, 4});
    push(&e, START + HOUR, "orders", (mw_row){order_row, 6});
    push(&e, START + HOUR, "orders", (mw_row){order_row, 6}); /* a repeat */
    mw_reply reply = ask(&e, START + 2 * HOUR, "a", 2, 1);
    MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, expected(&e, "a", (numbers){NAN, 1, 2, 1.5}));
    order_row[3] = mw_number("amount", 3);
    MW_CHECK(mw_timeline_push(e.timeline, START + 2 * HOUR, "orders", (mw_row){order_row, 4},
                              &e.problem) == MW_BAD_INPUT);
    MW_CHECK_EQUAL_STR(e.problem.message, "id: stands already with other contents");
    MW_CHECK_EQUAL_STR(e.problem.hint, "Correct it by mw_timeline_correct.");
    mw_reply after = ask(&e, START + 2 * HOUR, "a", 2, 1);
    MW_CHECK_EQUAL_DOUBLE_BITS(after.prediction, reply.prediction);
    end(&e);
}

static mw_row order_row(mw_value *values, double number, int64_t at, double amount) {
    values[0] = mw_text("shop", "a");
    values[1] = mw_number("number", number);
    values[2] = mw_time("at", at);
    values[3] = mw_number("amount", amount);
    values[4] = mw_time("back_at", at + HOUR);
    values[5] = mw_number("back", amount / 2);
    return (mw_row){values, 4};
}

static mw_result correct(edge *e, int64_t now, mw_row before, mw_row after) {
    return mw_timeline_correct(e->timeline, now, "orders", (mw_change){before, after}, &e->problem);
}

/* A first correction, a second, one of a later field, and one that repeats. */
MW_TEST(timeline_corrects_what_stands) {
    edge e;
    mw_value one[6], two[6], three[6];
    begin(&e, SHOP_ASKED);
    push(&e, START, "rates", MW_ROW(mw_text("shop", "a"), mw_time("at", START - 1),
                                    mw_number("rate", 2)));
    mw_row first = order_row(one, 1, START, 2), second = order_row(two, 1, START, 4);
    mw_row third = order_row(three, 1, START + 1, 1);
    push(&e, START + 1, "orders", first);
    order(&e, START + 2, "a", 2, 3);
    MW_CHECK_EQUAL_DOUBLE_BITS(ask(&e, START + 3, "a", 9, 1).prediction,
                               expected(&e, "a", (numbers){2, 2, 5, 0}));
    MW_CHECK(correct(&e, START + 4, first, second) == MW_DONE);
    MW_CHECK_EQUAL_DOUBLE_BITS(ask(&e, START + 5, "a", 9, 1).prediction,
                               expected(&e, "a", (numbers){2, 2, 7, 0}));
    MW_CHECK(correct(&e, START + 6, second, third) == MW_DONE);
    MW_CHECK_EQUAL_DOUBLE_BITS(ask(&e, START + 7, "a", 9, 1).prediction,
                               expected(&e, "a", (numbers){2, 2, 4, 0}));
    MW_CHECK(correct(&e, START + 8, third, third) == MW_DONE);
    third.count = 6;
    push(&e, START + 2 * HOUR, "orders", third);
    mw_value four[6];
    memcpy(four, three, sizeof four);
    four[5] = mw_number("back", 1.5);
    MW_CHECK(correct(&e, START + 2 * HOUR + 1, third, (mw_row){four, 6}) == MW_DONE);
    MW_CHECK_EQUAL_DOUBLE_BITS(ask(&e, START + 2 * HOUR + 2, "a", 9, 1).prediction,
                               expected(&e, "a", (numbers){2, 2, 4, 1.5}));
    end(&e);
}

MW_TEST(timeline_corrects_nothing_else) {
    edge e;
    mw_value one[6], two[6], three[6], four[6];
    begin(&e, SHOP_ASKED);
    mw_row first = order_row(one, 1, START, 2), second = order_row(two, 1, START, 4);
    mw_row other = order_row(three, 2, START, 2), third = order_row(four, 1, START, 5);
    push(&e, START + 1, "orders", first);
    push(&e, START + 1, "orders", other);
    const struct {
        int64_t now;
        mw_row before, after;
        const char *message;
    } cases[] = {
        {START + 1, first, second, "now: must be after the row that is corrected counts"},
        {START + 2, second, third, "before: must be the row that stands under this id"},
        {START + 2, other, second, "before: must be the row that stands under this id"},
        {START + 2, MW_ROW(mw_number("number", 1)), second,
         "before: time: at must be there"},
        {START + 2, first, MW_ROW(mw_text("shop", "z"), mw_number("number", 1),
                                  mw_time("at", START)),
         "id: nothing stands that it could correct"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        MW_CHECK(correct(&e, cases[i].now, cases[i].before, cases[i].after) == MW_BAD_INPUT);
        MW_CHECK_EQUAL_STR(e.problem.message, cases[i].message);
    }
    MW_CHECK_EQUAL_DOUBLE_BITS(ask(&e, START + 3, "a", 9, 1).prediction,
                               expected(&e, "a", (numbers){NAN, 2, 4, 0}));
    MW_CHECK(correct(&e, START + 3, first, second) == MW_DONE);
    end(&e);
}

MW_TEST(timeline_ranks_the_elements_of_a_list) {
    edge e;
    mw_reply reply;
    size_t count = 9;
    begin(&e, SHOP_RANKED);
    for (int i = 0; i < 3; i++)
        push(&e, START + i, "orders",
             MW_ROW(mw_text("shop", i ? "a" : "b"), mw_number("number", i),
                    mw_time("at", START + i)));
    mw_row visit = MW_ROW(mw_text("shop", "a"), mw_number("number", 7), mw_time("at", START + 9),
                          mw_text("shops", "[\"b\", \"a\", \"b\", \"new\"]"));
    MW_CHECK(mw_timeline_rank(e.timeline, START + 9, visit, &count, &e.problem) == MW_DONE);
    MW_CHECK_EQUAL_INT(count, 3);
    static const char *const names[] = {"b", "a", "new"};
    for (size_t i = 0; i < count; i++) {
        MW_CHECK(mw_timeline_ranked(e.timeline, i, &reply, NULL) == MW_DONE);
        MW_CHECK_EQUAL_STR(reply.element, names[i]);
        MW_CHECK_EQUAL_INT(reply.t_us, START + 9);
    }
    MW_CHECK_EQUAL_STR(reply.id, "7|new");
    MW_CHECK(mw_timeline_ranked(e.timeline, 3, &reply, &e.problem) == MW_BAD_INPUT);
    MW_CHECK_EQUAL_STR(e.problem.message,
                       "index: must be below the 3 elements that were ranked last, got 3");
    MW_CHECK(mw_timeline_predict(e.timeline, START + 9, visit, &reply, &e.problem) == MW_BAD_INPUT);
    MW_CHECK_EQUAL_STR(e.problem.hint, "Ask by mw_timeline_rank.");
    push(&e, START + 9, "orders", visit);
    MW_CHECK(mw_timeline_ranked(e.timeline, 0, &reply, NULL) == MW_BAD_INPUT);
    mw_row none = MW_ROW(mw_number("number", 8), mw_time("at", START + 9));
    MW_CHECK(mw_timeline_rank(e.timeline, START + 10, none, &count, NULL) == MW_DONE && count == 0);
    end(&e);
}

static size_t count_due(edge *e, int64_t now, int64_t first_t) {
    size_t count = 0;
    bool found = true;
    for (mw_reply reply; found;) {
        MW_CHECK(mw_timeline_next(e->timeline, now, &reply, &found, &e->problem) == MW_DONE);
        if (!found) break;
        MW_CHECK_EQUAL_INT(reply.t_us, first_t);
        count++;
    }
    return count;
}

MW_TEST(timeline_gives_moments_as_they_fall_due) {
    edge e;
    mw_reply reply;
    bool found = false;
    begin(&e, SHOP_DUE);
    order(&e, START, "a", 1, 2);
    MW_CHECK_EQUAL_INT(count_due(&e, START + HOUR - 1, 0), 0);
    order(&e, START + HOUR - 1, "a", 2, 3);
    MW_CHECK(mw_timeline_push(e.timeline, START + 2 * HOUR, "rates", MW_ROW(mw_text("shop", "a")),
                              &e.problem) == MW_BAD_INPUT);
    MW_CHECK_EQUAL_STR(e.problem.message, "now: a moment fell due before it");
    MW_CHECK(mw_timeline_next(e.timeline, START + HOUR, &reply, &found, NULL) == MW_DONE && found);
    MW_CHECK_EQUAL_STR(reply.id, "a|1");
    MW_CHECK_EQUAL_INT(reply.t_us, START + HOUR);
    MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, expected(&e, "a", (numbers){NAN, 1, 3, 0}));
    MW_CHECK_EQUAL_INT(count_due(&e, START + HOUR, 0), 0);
    end(&e);
}

MW_TEST(timeline_meets_a_schedule) {
    edge e;
    begin(&e, SHOP_SCHEDULED);
    order(&e, START + HOUR / 2, "a", 1, 2);
    order(&e, START + HOUR / 2, "b", 1, 2);
    MW_CHECK_EQUAL_INT(count_due(&e, START + HOUR, START + HOUR), 2);
    MW_CHECK_EQUAL_INT(count_due(&e, START + 2 * HOUR, START + 2 * HOUR), 2);
    mw_reply reply;
    mw_row row = MW_ROW(mw_text("shop", "a"));
    MW_CHECK(mw_timeline_predict(e.timeline, START + 2 * HOUR, row, &reply, &e.problem) ==
             MW_BAD_INPUT);
    MW_CHECK_EQUAL_STR(e.problem.message, "model m: its moments fall due by themselves");
    end(&e);
}

/* What stands in the timeline after a reply is what the model gives for the same features. */
static void check_class(const edge *e, const mw_reply *reply, mw_row features) {
    mw_reply other;
    double given[3];
    MW_CHECK(mw_model_predict(e->model, features, &other, NULL) == MW_DONE);
    MW_CHECK(mw_model_probabilities(e->model, features, given, 3, NULL) == MW_DONE);
    MW_CHECK(memcmp(mw_timeline_probabilities(e->timeline), given, sizeof given) == 0);
    MW_CHECK_EQUAL_DOUBLE_BITS(reply->prediction, other.prediction);
    MW_CHECK(reply->class_name == other.class_name && !reply->decision);
}

MW_TEST(timeline_answers_classes) {
    edge e, plain;
    begin_answer(&e, SHOP_ASKED, shop_classes());
    begin(&plain, SHOP_ASKED);
    push(&e, START, "rates",
         MW_ROW(mw_text("shop", "a"), mw_time("at", START), mw_number("rate", 2)));
    order(&e, START + HOUR, "a", 1, 2);
    MW_CHECK(!mw_timeline_probabilities(e.timeline)); /* of no reply */
    mw_reply first = ask(&e, START + 2 * HOUR, "a", 3, 1.5);
    check_class(&e, &first,
                MW_ROW(mw_text("shop", "a"), mw_number("worth", 3), mw_number("count", 1)));
    mw_reply second = ask(&e, START + 2 * HOUR, "b", 4, 1);
    check_class(&e, &second, MW_ROW(mw_text("shop", "b"), mw_number("count", 0)));
    MW_CHECK(first.prediction != second.prediction && first.class_name != second.class_name);
    mw_row wrong = MW_ROW(mw_number("price", 1));
    mw_timeline_predict(e.timeline, START + 2 * HOUR, wrong, &first, NULL);
    check_class(&e, &second, MW_ROW(mw_text("shop", "b"), mw_number("count", 0)));
    ask(&plain, START, "a", 1, 1);
    MW_CHECK(!mw_timeline_probabilities(plain.timeline));
    end(&e);
    end(&plain);
}

MW_TEST(timeline_answers_a_class_an_element) {
    edge e;
    mw_reply reply;
    size_t count = 0;
    begin_answer(&e, SHOP_RANKED, shop_classes());
    push(&e, START, "orders",
         MW_ROW(mw_text("shop", "a"), mw_number("number", 1), mw_time("at", START)));
    mw_row visit = MW_ROW(mw_text("shop", "a"), mw_number("number", 7), mw_time("at", START + 9),
                          mw_text("shops", "[\"b\", \"a\"]"));
    MW_CHECK(mw_timeline_rank(e.timeline, START + 9, visit, &count, &e.problem) == MW_DONE);
    MW_CHECK_EQUAL_INT(count, 2);
    for (size_t i = 2; i-- > 0;) {
        MW_CHECK(mw_timeline_ranked(e.timeline, i, &reply, NULL) == MW_DONE);
        check_class(&e, &reply, MW_ROW(mw_text("shop", i == 0 ? "b" : "a"),
                                       mw_number("count", (double)i), mw_number("most", 1)));
    }
    end(&e);
}

MW_TEST(timeline_answers_a_class_as_it_falls_due) {
    edge e;
    mw_reply reply;
    bool found = false;
    begin_answer(&e, SHOP_SCHEDULED, shop_classes());
    order(&e, START + HOUR / 2, "a", 1, 2);
    MW_CHECK(mw_timeline_next(e.timeline, START + HOUR, &reply, &found, NULL) == MW_DONE && found);
    mw_row row = MW_ROW(mw_text("shop", "a"), mw_number("count", 1), mw_number("spent", 2));
    check_class(&e, &reply, row);
    MW_CHECK(mw_timeline_next(e.timeline, START + HOUR, &reply, &found, NULL) == MW_DONE && !found);
    check_class(&e, &reply, row); /* the last one's still */
    end(&e);
}

MW_TEST(timeline_refuses_bad_rows_and_clocks_and_goes_on) {
    edge e;
    begin(&e, SHOP_ASKED);
    mw_row fine = MW_ROW(mw_text("shop", "a"), mw_number("number", 1), mw_time("at", START));
    const struct {
        int64_t now;
        const char *stream;
        mw_row row;
        const char *message;
    } cases[] = {
        {START, "nothing", fine, "nothing: the model knows no such stream"},
        {START, "orders", MW_ROW(mw_text("shop", "a")), "time: at must be there"},
        {START, "orders", MW_ROW(mw_text("shop", "a"), mw_time("at", START)),
         "id: number must be there"},
        {START, "orders",
         MW_ROW(mw_text("shop", "a"), mw_time("at", START), mw_number("amount", -1)),
         "where: the row is no event of stream orders"},
        {START, "orders", MW_ROW(mw_number("price", 1)), "price: stream orders has no such column"},
        {START - 1, "orders", fine, "now: must not go back"},
        {INT64_MAX, "orders", fine, "now: must be a time within the years 1 to 9999"},
    };
    order(&e, START, "b", 1, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mw_result result =
            mw_timeline_push(e.timeline, cases[i].now, cases[i].stream, cases[i].row, &e.problem);
        MW_CHECK(result == MW_BAD_INPUT);
        MW_CHECK_EQUAL_STR(e.problem.message, cases[i].message);
    }
    mw_reply reply;
    mw_row late = MW_ROW(mw_text("shop", "a"), mw_number("number", 1),
                         mw_time("at", START - 2 * HOUR));
    MW_CHECK(mw_timeline_predict(e.timeline, START, late, &reply, &e.problem) == MW_BAD_INPUT);
    MW_CHECK_EQUAL_STR(e.problem.message,
                       "moment: its event must be known within 3600 s of its time");
    reply = ask(&e, START + 1, "b", 2, 1);
    MW_CHECK_EQUAL_DOUBLE_BITS(reply.prediction, expected(&e, "b", (numbers){NAN, 1, 1, 0}));
    end(&e);
}

/* Some rows and predictions, to the end or until memory is out. */
static mw_status live(void *context) {
    const mw_model *model = context;
    mw_timeline *timeline;
    mw_reply reply;
    mw_result result = mw_timeline_create(model, &timeline, NULL);
    if (result != MW_DONE) return MW_NO_MEMORY;
    for (int i = 0; result == MW_DONE && i < 20; i++) {
        int64_t now = START + 2 * i;
        mw_row row = MW_ROW(mw_text("shop", i % 2 ? "a" : "new"), mw_number("number", i),
                            mw_time("at", now), mw_number("amount", i + 1));
        mw_row other = MW_ROW(mw_text("shop", i % 2 ? "a" : "new"), mw_number("number", i),
                              mw_time("at", now), mw_number("amount", i + 2));
        result = mw_timeline_predict(timeline, now, row, &reply, NULL);
        if (result == MW_DONE) result = mw_timeline_push(timeline, now, "orders", row, NULL);
        if (result == MW_DONE)
            result =
                mw_timeline_correct(timeline, now + 1, "orders", (mw_change){row, other}, NULL);
    }
    if (result != MW_DONE) { /* it stays so */
        bool found;
        MW_CHECK(result == MW_OUT_OF_MEMORY);
        MW_CHECK(mw_timeline_next(timeline, START + 99, &reply, &found, NULL) == result);
    }
    mw_timeline_destroy(timeline);
    return result == MW_DONE ? MW_OK : MW_NO_MEMORY;
}

MW_TEST(timeline_survives_every_failing_allocation) {
    edge e;
    begin(&e, SHOP_ASKED);
    MW_CHECK(mw_test_every_allocation_fails(live, e.model) > 20);
    end(&e);
}
