#include "lang/asked.h"

#include "testing/declare.h"
#include "testing/test.h"

/* A feature is marked by whatever way an answer comes into it, and by no other. */
MW_TEST(asked_of_features) {
    static const struct {
        const char *expression, *process;
    } cases[] = {
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
    };
    mw_arena arena;
    mw_symbols *symbols;
    mw_error err;
    mw_buf text;
    mw_arena_init(&arena, 1 << 24);
    mw_buf_init(&text, 1 << 16);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, &err), &err);
    mw_buf_append_text(&text,
                       "stream reviews:\n"
                       "  columns: shop category, text text, at time, stars number\n"
                       "  time: at\n"
                       "  id: shop, at\n"
                       "  ask mood: number sentiment(text)\n"
                       "  ask topic: category topic_of(text)\n"
                       "  field glad: count(reviews where mood > 0 by shop over 7d)\n"
                       "  field busy: count(reviews by shop over 7d)\n"
                       "feature other: mood * 2\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        mw_buf_printf(&text, "feature f%zu: %s\n", i, cases[i].expression);
    mw_buf_append_text(&text, "model m\n"
                              "  moment: on reviews\n"
                              "  label: any(reviews by shop over next 1d)\n");
    const mw_program *program = mw_test_program(&arena, symbols, mw_buf_str(&text).data);
    const mw_model_program *model = &program->models[0];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        MW_CHECK_EQUAL_STR(mw_asked_of_feature(program, model, 1 + i), cases[i].process);
    MW_CHECK_EQUAL_STR(mw_asked_of_model(program, model), "sentiment");
    MW_CHECK_EQUAL_INT(mw_asked_count(program, model), 1 + 9);
    mw_buf_release(&text);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
}
