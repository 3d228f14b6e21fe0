#include "lang/aggregate.h"

#include <assert.h>

#define MILLION 1e6

static const char *const words[] = {
#define X(name, word) word,
    MW_AGGREGATE_MAP(X)
#undef X
};

/* As millionths, so that it has one spelling and ranks are whole numbers. */
bool mw_aggregate_take_fraction(mw_compiler *compiler, const mw_window_node *node,
                                mw_window *window) {
    if (window->aggregate != MW_AGGREGATE_QUANTILE) return true;
    double fraction = node->fraction;
    if (fraction >= 0 && fraction <= 1) {
        window->quantile_millionths = (int32_t)(fraction * MILLION + 0.5);
        if (window->quantile_millionths / MILLION == fraction) return true;
    }
    mw_buf text;
    mw_buf_init(&text, 64);
    mw_buf_append_double(&text, fraction);
    mw_complain(compiler, node->fraction_position, MW_INVALID,
                "quantile takes a fraction from 0 to 1 of at most 6 decimals, got %.*s",
                MW_STR_ARGS(mw_buf_str(&text)));
    mw_buf_release(&text);
    return false;
}

/* --- which values an aggregate takes ------------------------------------------------------ */

typedef struct {
    unsigned types; /* a bit each */
    const char *words;
} value_types;

#define BIT(name) (1u << MW_TYPE_##name)
static const value_types any_type = {~0u, "anything"};
static const value_types bools = {BIT(BOOL), "a bool"};
static const value_types measures = {BIT(NUMBER) | BIT(TIME) | BIT(DURATION),
                                     "a number, time or duration"};
/* Spans count in seconds, true as 1. */
static const value_types numbers = {BIT(NUMBER) | BIT(DURATION) | BIT(BOOL),
                                    "a number, duration or bool"};
#undef BIT

static const struct {
    const value_types *takes;
    bool gives_number; /* else what it takes */
} rules[] = {
    [MW_AGGREGATE_COUNT] = {&any_type, true},  [MW_AGGREGATE_SUM] = {&numbers, true},
    [MW_AGGREGATE_MEAN] = {&numbers, true},    [MW_AGGREGATE_MIN] = {&measures, false},
    [MW_AGGREGATE_MAX] = {&measures, false},   [MW_AGGREGATE_FIRST] = {&any_type, false},
    [MW_AGGREGATE_LAST] = {&any_type, false},  [MW_AGGREGATE_ANY] = {&bools, false},
    [MW_AGGREGATE_SINCE] = {&any_type, false}, [MW_AGGREGATE_VAR] = {&numbers, true},
    [MW_AGGREGATE_STD] = {&numbers, true},     [MW_AGGREGATE_TREND] = {&numbers, true},
    [MW_AGGREGATE_QUANTILE] = {&numbers, true}, [MW_AGGREGATE_DISTINCT] = {&any_type, true},
    [MW_AGGREGATE_TOP] = {&any_type, false},
};
static_assert(sizeof rules / sizeof *rules == sizeof words / sizeof *words, "a rule each");

static const mw_expr *number_of(mw_compiler *compiler, const mw_expr *value) {
    if (value->type == MW_TYPE_NUMBER) return value;
    mw_opcode op = value->type == MW_TYPE_BOOL ? MW_OP_NUMBER_OF_BOOL : MW_OP_SECONDS;
    return mw_expr_unary(compiler, op, MW_TYPE_NUMBER, value);
}

const mw_expr *mw_aggregate_take_value(mw_compiler *compiler, mw_position position, mw_str word,
                                       const mw_expr *value, mw_window *window) {
    const value_types *takes = rules[window->aggregate].takes;
    if (!(takes->types >> value->type & 1)) {
        mw_complain(compiler, position, MW_INVALID, "%.*s takes %s, got a %s", MW_STR_ARGS(word),
                    takes->words, mw_type_name(value->type));
        if (value->type == MW_TYPE_TEXT && (takes->types >> MW_TYPE_NUMBER & 1))
            mw_complain_text_hint(compiler);
        return NULL;
    }
    window->type = rules[window->aggregate].gives_number ? MW_TYPE_NUMBER : value->type;
    return takes == &numbers ? number_of(compiler, value) : value;
}

bool mw_aggregate_is_of_seconds(const mw_window *window, mw_type value_type) {
    bool is_square_or_slope =
        window->aggregate == MW_AGGREGATE_VAR || window->aggregate == MW_AGGREGATE_TREND;
    return value_type == MW_TYPE_DURATION && rules[window->aggregate].takes == &numbers &&
           !is_square_or_slope;
}

/* --- how it is written, and `all` --------------------------------------------------------- */

void mw_aggregate_write(const mw_window *window, mw_buf *out) {
    mw_buf_append_text(out, words[window->aggregate]);
    if (window->aggregate != MW_AGGREGATE_QUANTILE) return;
    mw_buf_append_char(out, '(');
    mw_buf_append_double(out, window->quantile_millionths / MILLION);
    mw_buf_append_char(out, ')');
}

static const mw_expr *choose_bool(mw_compiler *compiler, const mw_expr *condition, bool value,
                                  const mw_expr *otherwise) {
    const mw_expr *chosen = mw_expr_constant(compiler, MW_TYPE_BOOL, mw_cell_bool(value));
    return mw_expr_select(compiler, condition, chosen, otherwise);
}

const mw_expr *mw_aggregate_all(mw_compiler *compiler, const mw_expr *has_false,
                                const mw_expr *has_true) {
    const mw_expr *none =
        mw_expr_constant(compiler, MW_TYPE_BOOL, mw_cell_missing(MW_TYPE_BOOL));
    return choose_bool(compiler, has_false, false, choose_bool(compiler, has_true, true, none));
}
