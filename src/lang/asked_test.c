#include "lang/asked.h"

#include <stdio.h>

#include "testing/declare.h"
#include "testing/test.h"

/* What must be said of each feature of a model. */
typedef struct {
    const char *expression, *process;
} marked;

static void check_marks(const char *streams, const char *moment, const marked *cases,
                        size_t count, size_t marked_count) {
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    mw_buf_append_text(&text, streams);
    mw_buf_append_text(&text, "feature other: mood * 2\n");
    for (size_t i = 0; i < count; i++)
        mw_buf_printf(&text, "feature f%zu: %s\n", i, cases[i].expression);
    mw_buf_printf(&text,
                  "model m\n"
                  "  moment: on reviews%s\n"
                  "  label: any(sales by shop over next 1d)\n", moment);
    mw_test_project project = mw_test_compile(mw_buf_str(&text).data);
    const mw_model_program *model = project.model;
    for (size_t i = 0; i < count; i++)
        MW_CHECK_EQUAL_STR(model->features[1 + i].process, cases[i].process);
    MW_CHECK_EQUAL_INT(mw_asked_count(model), 1 + marked_count);
    mw_buf_release(&text);
    mw_test_project_release(&project);
}

#define REVIEWS \
    "stream reviews:\n" \
    "  columns: shop category, text text, at time, stars number, words list\n" \
    "  time: at\n" \
    "  id: shop, at\n" \
    "  ask mood: number sentiment(text)\n" \
    "  ask topic: category topic_of(text)\n" \
    "  ask topics: list topics_of(text)\n" \
    "  field glad: count(reviews where mood > 0 by shop over 7d)\n" \
    "  field busy: count(reviews by shop over 7d)\n" \
    "stream sales:\n" \
    "  columns: shop category, at time\n" \
    "  time: at\n" \
    "stream topics:\n" \
    "  columns: topic category, at time\n" \
    "  time: at\n"

/* A feature is marked by whatever way an answer comes into it, and by no other. */
MW_TEST(asked_of_features) {
    static const marked cases[] = {
        {"stars", ""},
        {"mood", "sentiment"},
        {"mood > 0 and stars > 1", "sentiment"},
        {"mean(reviews.stars by shop over 7d)", ""},
        {"mean(reviews.mood by shop over 7d)", "sentiment"},
        {"count(reviews where mood > 0 by shop over 7d)", "sentiment"},
        {"count(reviews where stars > now.mood by shop over 7d)", "sentiment"},
        {"count(reviews by topic over 7d)", "topic_of"},
        {"glad", "sentiment"},
        {"busy", ""},
        {"mean(reviews.glad by shop over 7d)", "sentiment"},
        {"other + 1", "sentiment"},
        {"count(reviews by shop over 7d since reviews)", ""},
        {"count(topics by topic = shop over 7d)", ""},
        {"count(topics by topic = shop over 7d since reviews)", "topic_of"},
    };
    check_marks(REVIEWS, "", cases, sizeof cases / sizeof *cases, 10);
}

/* Across the moments of one event too, through all that is asked of them. */
MW_TEST(asked_of_what_is_asked_within_a_moment) {
    static const marked cases[] = {
        {"max(stars within moment)", ""},
        {"any(length(word) > 3 within moment)", ""},
        {"max(mood within moment)", "sentiment"},
        {"any(mood > 0 within moment)", "sentiment"},
        {"all(stars > mood within moment)", "sentiment"},
        {"all(f1 within moment)", ""},
        {"all(f3 within moment)", "sentiment"},
        {"quantile(0.5)(other within moment)", "sentiment"},
        {"count(stars within moment)", ""},
    };
    check_marks(REVIEWS, " each words as word", cases, sizeof cases / sizeof *cases, 5);
}

/* Where the process makes the list, it makes the moments. */
MW_TEST(asked_of_the_list_that_makes_the_moments) {
    static const marked cases[] = {
        {"stars", ""},
        {"length(one)", "topics_of"},
        {"count(reviews by topic = one over 7d)", "topic_of"},
        {"count(topics by topic = one over 7d)", "topics_of"},
        {"count(reviews where text = now.one by shop over 7d)", "topics_of"},
        {"max(stars within moment)", "topics_of"},
        {"count(stars within moment)", "topics_of"},
    };
    check_marks(REVIEWS, " each topics as one", cases, sizeof cases / sizeof *cases, 6);
}

/* Each feature reads the two before it: what is known of these is not worked out again. */
MW_TEST(asked_of_a_chain_takes_no_longer_than_it_is) {
    enum { LENGTH = 60 };
    static char expressions[LENGTH][64];
    marked cases[LENGTH];
    for (size_t i = 0; i < LENGTH; i++) {
        (void)snprintf(expressions[i], sizeof expressions[i], i < 2 ? "stars" : "f%zu + f%zu",
                       i - 1, i - 2);
        cases[i] = (marked){expressions[i], ""};
    }
    check_marks(REVIEWS, "", cases, LENGTH, 0);
}
