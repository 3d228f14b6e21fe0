#include "train/candidates.h"

#include "testing/declare.h"
#include "testing/test.h"

static const char project[] = "stream visits\n"
                              "  columns: at time, who text, place text, weight number, "
                              "ticket number, over number\n"
                              "  time: at\n"
                              "  id: who, ticket\n"
                              "stream meals\n"
                              "  columns: at time, who text, town text, price number, tip number, "
                              "paid time\n"
                              "  time: at\n"
                              "  id: who, at\n"
                              "  later tip: paid\n"
                              "feature spent: mean(meals.price by who over 1d)\n"
                              "feature near: count(meals by town = place over 7d)\n"
                              "model comes\n"
                              "  moment: on visits\n"
                              "  label: any(visits by who over next 1h)\n";

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_candidates found;
} list;

static void list_begin(list *it, size_t max) {
    mw_arena_init(&it->arena, (size_t)1 << 28);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &it->symbols, NULL), NULL);
    const mw_program *program = mw_test_program(&it->arena, it->symbols, project);
    mw_error err;
    MW_CHECK_OK(mw_candidates_list(program, &program->models[0], max, &it->arena, &it->found,
                                   &err),
                &err);
}

static void list_end(list *it) {
    mw_symbols_destroy(it->symbols);
    mw_arena_release(&it->arena);
}

static size_t times(const list *it, const char *text) {
    size_t found = 0;
    for (size_t i = 0; i < it->found.count; i++)
        found += mw_str_is(it->found.items[i].source.text, text);
    return found;
}

MW_TEST(candidates_are_windows_that_the_model_lacks) {
    list it;
    list_begin(&it, 1000);
    MW_CHECK_EQUAL_INT(times(&it, "mean(meals.price by who over 1h)"), 1);
    MW_CHECK_EQUAL_INT(times(&it, "max(meals.price by who over 1d)"), 1);
    MW_CHECK_EQUAL_INT(times(&it, "since(meals by town = place over 30d)"), 1);
    MW_CHECK_EQUAL_INT(times(&it, "count(visits by place over 6h)"), 1);
    MW_CHECK_EQUAL_INT(times(&it, "last(meals.tip by who over 7d)"), 1);
    MW_CHECK_EQUAL_INT(times(&it, "mean(visits.`over` by place over 1h)"), 1);
    MW_CHECK_EQUAL_INT(times(&it, "mean(visits.ticket by place over 1h)"), 0); /* of the id */
    /* These it has. */
    MW_CHECK_EQUAL_INT(times(&it, "mean(meals.price by who over 1d)"), 0);
    MW_CHECK_EQUAL_INT(times(&it, "count(meals by town = place over 7d)"), 0);
    list_end(&it);
}

MW_TEST(candidates_are_different_and_compile) {
    list it;
    list_begin(&it, 1000);
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    for (size_t i = 0; i < it.found.count; i++) {
        const mw_named_source *item = &it.found.items[i];
        MW_CHECK_EQUAL_INT(times(&it, item->source.text.data), 1);
        MW_CHECK_EQUAL_INT(item->source.position.line, i + 1);
        mw_buf_printf(&text, "feature %s: %s\n", item->name.data, item->source.text.data);
    }
    mw_buf whole;
    mw_buf_init(&whole, 1 << 20);
    mw_buf_append_text(&whole, project);
    mw_buf_append_str(&whole, mw_buf_str(&text));
    mw_buf_append_char(&whole, '\0');
    MW_CHECK_EQUAL_STR(mw_test_mistakes(&it.arena, it.symbols, whole.data), "");
    mw_buf_release(&whole);
    mw_buf_release(&text);
    list_end(&it);
}

MW_TEST(candidates_beyond_the_room_are_counted) {
    list all, few;
    list_begin(&all, 1000);
    list_begin(&few, 3);
    MW_CHECK_EQUAL_INT(few.found.count, all.found.count);
    MW_CHECK(all.found.count > 3);
    MW_CHECK_EQUAL_STR(few.found.items[2].source.text, all.found.items[2].source.text);
    list_end(&all);
    list_end(&few);
}
