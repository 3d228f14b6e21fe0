/*
 * declare: projects for tests, written as text.
 *
 *     stream orders
 *       columns: shop category, amount number, at time
 *       field net: amount * 0.8
 *       ask mood: number sentiment(text)
 *       where: amount > 0
 *       units amount: 0.01
 *       default shop: "none"
 *       drop paid: 0 1
 *       clip amount: 0 100
 *       time: at
 *       known: time + 1h
 *       id: shop, at
 *       later refund: at + 2d
 *       late: 2h
 *     feature busy: count(orders by shop over 24h)
 *     model sales
 *       moment: on orders
 *       label: count(orders by shop over next 1d)
 *
 * A line is a key, perhaps a name, a colon and a text, whose place is that in the text, lines
 * and columns from 1. What is dropped or clipped has two bounds. Lines may be left out as in a
 * project file. `columns: unknown` is of a stream whose data could not be read, and tells that as
 * a mistake. A mistake in this form (not in the expressions) fails the test.
 */
#pragma once
#include "lang/program.h"

/* Everything lives in `arena`; the zone is UTC. */
mw_declarations mw_test_declare(mw_arena *arena, const char *text);
/* The same, compiled; what does not compile is printed and fails the test. */
const mw_program *mw_test_program(mw_arena *arena, mw_symbols *symbols, const char *text);

/* One in memory of its own. */
typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    const mw_model_program *model; /* the first; NULL: there is none */
} mw_test_project;
mw_test_project mw_test_compile(const char *text);
void mw_test_project_release(mw_test_project *project);

/* What is wrong with it, as it is printed: "4:12: message" lines and their hints; empty if it
   compiles. */
mw_str mw_test_mistakes(mw_arena *arena, mw_symbols *symbols, const char *text);

typedef struct {
    const char *text, *mistakes;
} mw_test_mistake;
/* Each text, between `before` and `after`, must be a project with these mistakes. */
void mw_test_check_mistakes(const char *before, const mw_test_mistake *cases, size_t count,
                            const char *after);

/* Three streams to lean on: orders with fields known later, prices that are announced a day
   ahead, news known by a column. And the same with a model on orders. */
#define MW_TEST_SHOPS                                                                          \
    "\n"                                                                                       \
    "stream orders:\n"                                                                         \
    "  columns: shop category, amount number, at time, paid bool, note text, took duration\n"  \
    "  time: at\n"                                                                             \
    "  id: shop, at\n"                                                                         \
    "  later refund: at + 2d\n"                                                                \
    "  later back: at + 2d\n"                                                                  \
    "  later judged: at + 9d\n"                                                                \
    "  field refund: amount / 2\n"                                                             \
    "  field back: refund + 1\n"                                                               \
    "  field judged: paid\n"                                                                   \
    "stream prices:\n"                                                                         \
    "  columns: shop category, price number, day time\n"                                       \
    "  time: day\n"                                                                            \
    "  known: time - 1d\n"                                                                     \
    "stream news:\n"                                                                           \
    "  columns: shop number, day time, until time, text text\n"                                \
    "  time: day\n"                                                                            \
    "  known: until\n"
#define MW_TEST_SHOPS_MODEL                                                                    \
    MW_TEST_SHOPS                                                                              \
    "model m:\n"                                                                               \
    "  moment: on orders\n"                                                                    \
    "  label: sum(orders.refund by id over next 3d)\n"
