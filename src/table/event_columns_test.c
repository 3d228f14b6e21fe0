#include "table/event_columns.h"

#include "testing/test.h"

static mw_field fields[] = {{{"shop", 4}, MW_TYPE_CATEGORY}, {{"Place", 5}, MW_TYPE_TEXT},
                            {{"SHOP", 4}, MW_TYPE_NUMBER},   {{"time", 4}, MW_TYPE_NUMBER},
                            {{"shops", 5}, MW_TYPE_BOOL}};
static const mw_schema schema = {fields, sizeof fields / sizeof *fields};

MW_TEST(event_columns_have_names_that_differ_by_more_than_case) {
    static const char *const expected[] = {"time",    "known",  "place",  "shop",
                                           "Place:2", "SHOP:3", "time:4", "shops"};
    mw_arena arena;
    mw_schema columns;
    mw_arena_init(&arena, 1 << 16);
    MW_CHECK_OK(mw_event_columns(&arena, &schema, &columns), NULL);
    MW_CHECK_EQUAL_INT(columns.field_count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < columns.field_count; i++)
        MW_CHECK_EQUAL_STR(columns.fields[i].name, expected[i]);
    MW_CHECK_EQUAL_INT(columns.fields[MW_EVENT_PLACE].type, MW_TYPE_TIME);
    MW_CHECK_EQUAL_INT(columns.fields[MW_EVENT_COLUMNS + 2].type, MW_TYPE_NUMBER);
    mw_arena_release(&arena);
}

static mw_status name_them(void *context) {
    (void)context;
    mw_arena arena;
    mw_schema columns;
    mw_arena_init(&arena, 1 << 16);
    mw_status status = mw_event_columns(&arena, &schema, &columns);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(event_columns_survive_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(name_them, NULL) > 0);
}
