#include "ingest/row_check.h"

#include <math.h>

#include "testing/test.h"

static mw_field fields[] = {{{"origin", 6}, MW_TYPE_TEXT}, {{"distance", 8}, MW_TYPE_NUMBER}};
static const mw_schema schema = {fields, 2};

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_row_checks *checks;
    mw_refusals refusals;
    mw_error err;
} fixture;

static mw_status set_up(fixture *f, mw_column_check *checks, size_t count) {
    mw_project_stream stream = {.checks = checks, .check_count = count};
    mw_arena_init(&f->arena, 1 << 20);
    mw_refusals_init(&f->refusals);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &f->symbols, &f->err), &f->err);
    return mw_row_checks_create(&f->arena, &stream, &schema, f->symbols, &f->checks, &f->err);
}

static void tear_down(fixture *f) {
    mw_refusals_release(&f->refusals);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

static mw_cell text(fixture *f, const char *value) {
    return (mw_cell){.symbol = mw_symbols_intern(f->symbols, mw_str_of(value))};
}

/* The rule that row `number` of these values breaks; empty if none. */
static mw_str broken(fixture *f, size_t number, mw_cell origin, mw_cell distance) {
    bool is_refused;
    mw_cell row[2] = {origin, distance};
    size_t before = f->refusals.item_count;
    MW_CHECK_OK(mw_row_checks_apply(f->checks, number, row, &f->refusals, &is_refused, &f->err),
                &f->err);
    MW_CHECK(is_refused == (f->refusals.item_count > before));
    if (!is_refused) return MW_STR("");
    return f->refusals.rules[f->refusals.items[before].rule].text;
}

MW_TEST(row_check_holds_sets_and_bounds) {
    mw_str airports[] = {{"EWR", 3}, {"JFK", 3}};
    mw_column_check checks[] = {
        {.column = {"origin", 6}, .allowed = airports, .allowed_count = 2, .min = -INFINITY,
         .max = INFINITY, .missing_share_max = 1},
        {.column = {"distance", 8}, .min = 0, .max = 99, .missing_share_max = 1}};
    fixture f = {0};
    MW_CHECK_OK(set_up(&f, checks, 2), &f.err);
    mw_cell none = mw_cell_missing(MW_TYPE_TEXT), far = mw_cell_number(100);
    MW_CHECK_EQUAL_STR(broken(&f, 0, text(&f, "JFK"), mw_cell_number(0)), "");
    MW_CHECK_EQUAL_STR(broken(&f, 1, none, mw_cell_missing(MW_TYPE_NUMBER)), "");
    MW_CHECK_EQUAL_STR(broken(&f, 2, text(&f, "LGA"), far),
                       "origin: must be one of EWR, JFK");
    MW_CHECK_EQUAL_STR(broken(&f, 3, none, far), "distance: must be at least 0 and at most 99");
    MW_CHECK_EQUAL_STR(f.refusals.items[1].value, "100");
    tear_down(&f);
}

MW_TEST(row_check_holds_shares_of_missing_values_over_a_file) {
    mw_column_check check = {.column = {"distance", 8}, .min = -INFINITY, .max = INFINITY,
                             .missing_share_max = 0.25};
    fixture f = {0};
    MW_CHECK_OK(set_up(&f, &check, 1), &f.err);
    mw_cell there[2] = {{.symbol = 0}, mw_cell_number(1)};
    mw_cell missing[2] = {{.symbol = 0}, mw_cell_missing(MW_TYPE_NUMBER)};
    for (int i = 0; i < 3; i++) mw_row_checks_count(f.checks, there);
    mw_row_checks_count(f.checks, missing);
    MW_CHECK_EQUAL_STR(broken(&f, 3, missing[0], missing[1]), "");
    mw_row_checks_count(f.checks, missing);
    MW_CHECK_EQUAL_STR(broken(&f, 4, missing[0], missing[1]),
                       "distance: must be there in all but 25% of the rows");
    MW_CHECK_EQUAL_STR(broken(&f, 0, there[0], there[1]), "");
    tear_down(&f);
}

MW_TEST(row_check_refuses_values_that_the_column_cannot_have) {
    mw_str values[] = {{"near", 4}};
    mw_column_check check = {.column = {"distance", 8}, .allowed = values, .allowed_count = 1};
    fixture f = {0};
    MW_CHECK_STATUS(set_up(&f, &check, 1), MW_INVALID);
    MW_CHECK_EQUAL_STR(f.err.message,
                       "checks: distance: number: must be a finite number, got \"near\"");
    tear_down(&f);
}
