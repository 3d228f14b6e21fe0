#include "cli/program_changes.h"

#include <string.h>

#include "testing/declare.h"
#include "testing/test.h"

#define ORDERS                                               \
    "stream orders:\n"                                       \
    "  columns: shop category, number number, at time\n"     \
    "  time: at\n"                                           \
    "  known: time - 1d\n"                                   \
    "  id: number\n"
#define PRICES                                               \
    "stream prices:\n"                                       \
    "  columns: shop category, price number, day time\n"     \
    "  time: day\n"
#define BUSY "feature busy: count(orders by shop over 24h)\n"
#define MODEL                                                \
    "model late:\n"                                          \
    "  moment: on orders at time - 1h\n"                     \
    "  label: count(orders by shop over next 1d) > 3\n"

/* What `file` says otherwise than `live`, as it is printed. */
static void check_changes(const char *live_text, const char *file_text, const char *expected) {
    mw_arena arena;
    mw_symbols *symbols;
    mw_program_changes changes;
    mw_error err;
    mw_buf out;
    mw_arena_init(&arena, 1 << 24);
    mw_buf_init(&out, 1 << 16);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    const mw_program *live = mw_test_program(&arena, symbols, live_text);
    const mw_program *file = mw_test_program(&arena, symbols, file_text);
    mw_model_in_program a = {live, &live->models[0]}, b = {file, &file->models[0]};
    MW_CHECK_OK(mw_program_changes_find(mw_sys_real(), a, b, &arena, &changes, &err), &err);
    mw_program_changes_print(changes, "", &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
}

MW_TEST(program_changes_are_none_where_the_file_only_looks_otherwise) {
    check_changes("\n" ORDERS BUSY MODEL, "\n" PRICES ORDERS
                  "feature busy: count( orders by shop   over 1d )\n" MODEL, "");
}

MW_TEST(program_changes_name_each_feature_that_came_went_or_means_something_else) {
    check_changes("\n" ORDERS BUSY "feature gone: number\n" MODEL,
                  "\n" ORDERS "feature busy: count(orders by shop over 2h)\n"
                  "feature new: number * 2\n" MODEL,
                  "feature  busy  changed  count(orders by shop over 1d) -> "
                  "count(orders by shop over 2h)\n"
                  "feature  new   added    number * 2\n"
                  "feature  gone  removed  number\n");
}

MW_TEST(program_changes_name_label_and_moment) {
    check_changes("\n" ORDERS BUSY MODEL,
                  "\n" ORDERS BUSY
                  "model late:\n"
                  "  moment: on orders\n"
                  "  label: count(orders by shop over next 1d) > 4 unless number > 9\n",
                  "label     changed  3 < count(orders by shop over next 1d) -> "
                  "4 < count(orders by shop over next 1d) unless 9 < number\n"
                  "moment    changed  on orders at time - 1h -> on orders\n");
}

/* Only of the streams that the version uses. */
MW_TEST(program_changes_name_streams_that_the_version_no_longer_finds) {
    check_changes("\n" ORDERS PRICES BUSY MODEL,
                  "\n"
                  "stream orders:\n"
                  "  columns: shop category, number number, at time\n"
                  "  time: at\n"
                  "  known: time - 2d\n"
                  "  id: number\n" BUSY MODEL,
                  "stream  orders  changed  its keys -> other keys\n");
}

typedef struct {
    mw_model_in_program live, file;
} pair;

static mw_status find(void *context) {
    const pair *it = context;
    mw_arena arena;
    mw_program_changes changes;
    mw_arena_init(&arena, 1 << 24);
    mw_status status = mw_program_changes_find(mw_sys_real(), it->live, it->file, &arena, &changes,
                                               NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(program_changes_survive_each_failing_allocation) {
    mw_test_project project = mw_test_compile("\n" ORDERS BUSY MODEL);
    pair same = {{project.program, project.model}, {project.program, project.model}};
    MW_CHECK(mw_test_every_allocation_fails(find, &same) > 2);
    mw_test_project_release(&project);
}
