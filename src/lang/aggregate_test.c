#include "lang/aggregate.h"

#include "lang/compiler_world_test.h"

/* The type of the result of an aggregate of values of a type, and whether it is in seconds;
   MW_TYPE_COUNT: it was refused. */
typedef struct {
    mw_type type;
    bool is_of_seconds;
} result;

static result result_of(compiler_world *f, mw_aggregate aggregate, mw_type type) {
    mw_window window = {.aggregate = aggregate, .type = MW_TYPE_COUNT};
    const mw_expr *value = mw_expr_load(&f->compiler, MW_OP_FIELD, type, 0, MW_STR("v"));
    const mw_expr *taken = mw_aggregate_take_value(&f->compiler, (mw_position){1, 1},
                                                   MW_STR("it"), value, &window);
    MW_CHECK((taken != NULL) == (window.type != MW_TYPE_COUNT));
    return (result){window.type, taken && mw_aggregate_is_of_seconds(&window, type)};
}

MW_TEST(aggregates_take_what_they_can_be_made_of) {
    static const struct {
        mw_aggregate aggregate;
        mw_type value;
        result expected;
    } cases[] = {
        {MW_AGGREGATE_SUM, MW_TYPE_BOOL, {MW_TYPE_NUMBER, false}},
        {MW_AGGREGATE_MEAN, MW_TYPE_DURATION, {MW_TYPE_NUMBER, true}},
        {MW_AGGREGATE_STD, MW_TYPE_DURATION, {MW_TYPE_NUMBER, true}},
        {MW_AGGREGATE_QUANTILE, MW_TYPE_DURATION, {MW_TYPE_NUMBER, true}},
        {MW_AGGREGATE_VAR, MW_TYPE_DURATION, {MW_TYPE_NUMBER, false}}, /* seconds squared */
        {MW_AGGREGATE_TREND, MW_TYPE_DURATION, {MW_TYPE_NUMBER, false}},
        {MW_AGGREGATE_SUM, MW_TYPE_TIME, {MW_TYPE_COUNT, false}},
        {MW_AGGREGATE_MEAN, MW_TYPE_CATEGORY, {MW_TYPE_COUNT, false}},
        {MW_AGGREGATE_MAX, MW_TYPE_DURATION, {MW_TYPE_DURATION, false}},
        {MW_AGGREGATE_MIN, MW_TYPE_TIME, {MW_TYPE_TIME, false}},
        {MW_AGGREGATE_MIN, MW_TYPE_BOOL, {MW_TYPE_COUNT, false}},
        {MW_AGGREGATE_ANY, MW_TYPE_BOOL, {MW_TYPE_BOOL, false}},
        {MW_AGGREGATE_ANY, MW_TYPE_NUMBER, {MW_TYPE_COUNT, false}},
        {MW_AGGREGATE_COUNT, MW_TYPE_DURATION, {MW_TYPE_NUMBER, false}},
        {MW_AGGREGATE_DISTINCT, MW_TYPE_DURATION, {MW_TYPE_NUMBER, false}},
        {MW_AGGREGATE_TOP, MW_TYPE_DURATION, {MW_TYPE_DURATION, false}},
        {MW_AGGREGATE_LAST, MW_TYPE_TEXT, {MW_TYPE_TEXT, false}},
    };
    compiler_world f;
    compiler_world_begin(&f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        result got = result_of(&f, cases[i].aggregate, cases[i].value);
        MW_CHECK_EQUAL_INT(got.type, cases[i].expected.type);
        MW_CHECK_EQUAL_INT(got.is_of_seconds, cases[i].expected.is_of_seconds);
    }
    compiler_world_end(&f);
}

MW_TEST(aggregates_have_one_spelling) {
    compiler_world f;
    mw_buf text;
    compiler_world_begin(&f);
    mw_window window = {.aggregate = MW_AGGREGATE_QUANTILE};
    mw_window_node node = {.fraction = 0.90};
    MW_CHECK(mw_aggregate_take_fraction(&f.compiler, &node, &window));
    mw_buf_init(&text, 100);
    mw_aggregate_write(&window, &text);
    MW_CHECK_EQUAL_STR(mw_buf_str(&text), "quantile(0.9)");
    mw_buf_release(&text);
    node.fraction = 1e-7;
    MW_CHECK(!mw_aggregate_take_fraction(&f.compiler, &node, &window));
    compiler_world_end(&f);
}

MW_TEST(all_is_false_once_a_value_is_and_missing_over_none) {
    static const struct {
        bool has_false, has_true;
        uint64_t expected;
    } cases[] = {
        {false, false, MW_BOOL_MISSING}, {false, true, 1}, {true, false, 0}, {true, true, 0}};
    compiler_world f;
    compiler_world_begin(&f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const mw_expr *has_false = mw_expr_constant(&f.compiler, MW_TYPE_BOOL,
                                                    mw_cell_bool(cases[i].has_false));
        const mw_expr *has_true = mw_expr_constant(&f.compiler, MW_TYPE_BOOL,
                                                   mw_cell_bool(cases[i].has_true));
        const mw_expr *all = mw_aggregate_all(&f.compiler, has_false, has_true);
        MW_CHECK(mw_expr_is_constant(all) && all->constant.boolean == cases[i].expected);
    }
    compiler_world_end(&f);
}
