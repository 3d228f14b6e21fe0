#include "lang/assumed_columns.h"

#include "testing/declare.h"
#include "testing/test.h"

static mw_str mistakes(mw_arena *arena, const char *text) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_str told = mw_test_mistakes(arena, symbols, text);
    mw_symbols_destroy(symbols);
    return told;
}

MW_TEST(assumed_columns_stand_for_whatever_a_project_says_of_a_stream_without_data) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 24);
    MW_CHECK_EQUAL_STR(mistakes(&arena, "stream orders\n"
                                        "  columns: unknown\n"
                                        "  field paid: at + delay * 1m\n"
                                        "  field usual: mean(orders.price by shop over 7d)\n"
                                        "  where: price > 0 and not missing(shop)\n"
                                        "  time: at\n"
                                        "  known: seen\n"
                                        "  id: number\n"
                                        "  later paid: paid\n"
                                        "  later delay: paid\n"
                                        "  ask mood: number sentiment(words)\n"
                                        "stream refunds\n"
                                        "  columns: at time, number category\n"
                                        "  time: at\n"
                                        "  id: number\n"
                                        "feature price: price * 2\n"
                                        "feature mood: mood\n"
                                        "feature busy: count(orders by shop over {1h, 1d})\n"
                                        "feature slow: mean(orders.delay by shop over 7d)\n"
                                        "feature back: count(refunds by number over 1d)\n"
                                        "feature both: busy_1h + usual\n"
                                        "model returns\n"
                                        "  moment: on orders\n"
                                        "  label: any(refunds by id over next 2d)\n"),
                       ":1:1: no data\n");
    mw_arena_release(&arena);
}

MW_TEST(assumed_columns_leave_the_other_mistakes_to_be_told) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 24);
    MW_CHECK_EQUAL_STR(mistakes(&arena, "stream orders\n"
                                        "  columns: unknown\n"
                                        "  time: at\n"
                                        "  id: number\n"
                                        "stream visits\n"
                                        "  columns: at time, shop category\n"
                                        "  time: at\n"
                                        "feature a: count(vists by shop over 1d)\n"
                                        "feature b: sum(visits.shop by shop over 1d)\n"
                                        "feature c: count(visits by shp over 1d)\n"
                                        "feature d: price +\n"
                                        "model returns\n"
                                        "  moment: on orders\n"
                                        "  label: price > 3\n"),
                       ":1:1: no data\n"
                       ":8:18: features.a: there is no stream vists\n"
                       "    Did you mean visits?\n"
                       ":9:23: features.b: sum takes a number, duration or bool, got a category\n"
                       ":10:28: features.c: there is no field shp in visits\n"
                       "    Did you mean shop?\n"
                       ":11:19: features.d: expected a value, got the end of the expression\n");
    mw_arena_release(&arena);
}
