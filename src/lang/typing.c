#include "lang/typing.h"

#include <string.h>

#include "lang/fit_compiler.h"
#include "lang/functions.h"
#include "lang/vector_compiler.h"

#define NUMBER MW_TYPE_NUMBER
#define TIME MW_TYPE_TIME
#define SPAN MW_TYPE_DURATION
enum { ARGS_MAX = 64 };

typedef struct {
    const char *sign;
    mw_type left, right;
    mw_opcode op;
    mw_type result;
    bool swaps; /* the operation takes the operands the other way round */
} overload;

static const overload overloads[] = {
    {"+", NUMBER, NUMBER, MW_OP_ADD, NUMBER, false},
    {"-", NUMBER, NUMBER, MW_OP_SUBTRACT, NUMBER, false},
    {"*", NUMBER, NUMBER, MW_OP_MULTIPLY, NUMBER, false},
    {"/", NUMBER, NUMBER, MW_OP_DIVIDE, NUMBER, false},
    {"+", SPAN, SPAN, MW_OP_ADD_SPAN, SPAN, false},
    {"-", SPAN, SPAN, MW_OP_SUBTRACT_SPAN, SPAN, false},
    {"*", SPAN, NUMBER, MW_OP_SCALE_SPAN, SPAN, false},
    {"*", NUMBER, SPAN, MW_OP_SCALE_SPAN, SPAN, true},
    {"/", SPAN, NUMBER, MW_OP_DIVIDE_SPAN, SPAN, false},
    {"/", SPAN, SPAN, MW_OP_PROPORTION, NUMBER, false},
    {"+", TIME, SPAN, MW_OP_SHIFT, TIME, false},
    {"+", SPAN, TIME, MW_OP_SHIFT, TIME, true},
    {"-", TIME, SPAN, MW_OP_SHIFT_BACK, TIME, false},
    {"-", TIME, TIME, MW_OP_ELAPSED, SPAN, false},
};

bool mw_types_match(mw_type a, mw_type b) {
    return a == b || (mw_type_is_text(a) && mw_type_is_text(b));
}

static bool is_column_or_number(const mw_node *node) {
    return node->kind == MW_NODE_NAME || node->kind == MW_NODE_MEMBER ||
           node->kind == MW_NODE_NUMBER;
}

static void refuse_operands(mw_compiler *compiler, const mw_node *node, mw_type left,
                            mw_type right) {
    mw_complain(compiler, node->position, MW_INVALID, "%.*s takes no %s and %s",
                MW_STR_ARGS(node->text), mw_type_name(left), mw_type_name(right));
    bool has_number = left == NUMBER || right == NUMBER;
    if (has_number && (left == SPAN || right == SPAN))
        mw_complain_hint(compiler, "A number becomes a duration times a unit (x * 1m); a duration "
                                   "becomes a number by dividing (d / 1m).");
    else if (has_number && (left == TIME || right == TIME) && node->text.data[0] != '*')
        mw_complain_hint(compiler, "Say the unit: time + x * 1m.");
    else if (has_number && (left == MW_TYPE_BOOL || right == MW_TYPE_BOOL))
        mw_complain_hint(compiler, "A bool becomes a number by case when x then 1 else 0 end.");
    else if (has_number && (left == MW_TYPE_TEXT || right == MW_TYPE_TEXT) &&
             is_column_or_number(node->args[0]) && is_column_or_number(node->args[1]))
        mw_complain_text_hint(compiler);
}

/* A text that stands against a time is one: "2013-01-31T08:15:00Z". */
static const mw_expr *as_time(mw_compiler *compiler, const mw_expr *expr, mw_position position) {
    mw_cell cell;
    mw_error err = {0};
    mw_str text = mw_symbols_text(compiler->symbols, expr->constant.symbol);
    mw_status status =
        mw_cell_parse(MW_TYPE_TIME, text, compiler->zone, compiler->symbols, &cell, &err);
    if (status == MW_OK) return mw_expr_constant(compiler, MW_TYPE_TIME, cell);
    mw_complain(compiler, position, MW_INVALID, "%s", err.message);
    if (err.hint[0]) mw_complain_hint(compiler, "%s", err.hint);
    return NULL;
}

static bool is_text_constant(const mw_expr *expr) {
    return expr->op == MW_OP_CONSTANT && expr->type == MW_TYPE_TEXT;
}

static const mw_expr *compare(mw_compiler *compiler, const mw_node *node, mw_opcode op,
                              const mw_expr *left, const mw_expr *right) {
    if (!left || !right) return NULL;
    if (left->type == TIME && is_text_constant(right))
        right = as_time(compiler, right, node->position);
    else if (right->type == TIME && is_text_constant(left))
        left = as_time(compiler, left, node->position);
    if (!left || !right) return NULL;
    if (!mw_types_match(left->type, right->type)) {
        bool is_swapped = node->text.data[0] == '>';
        refuse_operands(compiler, node, is_swapped ? right->type : left->type,
                        is_swapped ? left->type : right->type);
        return NULL;
    }
    if (mw_type_is_list(left->type) && op != MW_OP_EQUAL) {
        refuse_operands(compiler, node, left->type, right->type);
        return NULL;
    }
    if (left->type == NUMBER)
        op = op == MW_OP_EQUAL  ? MW_OP_EQUAL_NUMBER
             : op == MW_OP_LESS ? MW_OP_LESS_NUMBER
                                : MW_OP_LESS_EQUAL_NUMBER;
    return mw_expr_binary(compiler, op, MW_TYPE_BOOL, left, right);
}

static const mw_expr *negate(mw_compiler *compiler, const mw_expr *condition) {
    return mw_expr_unary(compiler, MW_OP_NOT, MW_TYPE_BOOL, condition);
}

/* = != < <= > >=; NULL data in `out_expr` is a mistake told. False: another operator. */
static bool type_comparison(mw_compiler *compiler, const mw_node *node, const mw_expr *left,
                            const mw_expr *right, const mw_expr **out_expr) {
    if (mw_str_is(node->text, "=")) *out_expr = compare(compiler, node, MW_OP_EQUAL, left, right);
    else if (mw_str_is(node->text, "!="))
        *out_expr = negate(compiler, compare(compiler, node, MW_OP_EQUAL, left, right));
    else if (mw_str_is(node->text, "<"))
        *out_expr = compare(compiler, node, MW_OP_LESS, left, right);
    else if (mw_str_is(node->text, "<="))
        *out_expr = compare(compiler, node, MW_OP_LESS_EQUAL, left, right);
    else if (mw_str_is(node->text, ">"))
        *out_expr = compare(compiler, node, MW_OP_LESS, right, left);
    else if (mw_str_is(node->text, ">="))
        *out_expr = compare(compiler, node, MW_OP_LESS_EQUAL, right, left);
    else return false;
    return true;
}

static const mw_expr *concatenate(mw_compiler *compiler, const mw_expr *left,
                                  const mw_expr *right) {
    mw_expr model = {
        .op = MW_OP_CALL, .type = MW_TYPE_TEXT, .operand = mw_function_find(MW_STR("concat"))};
    return mw_expr_make(compiler, model, (const mw_expr *const[]){left, right}, 2);
}

static const mw_expr *type_arithmetic(mw_compiler *compiler, const mw_node *node,
                                      const mw_expr *left, const mw_expr *right) {
    for (size_t i = 0; i < sizeof overloads / sizeof overloads[0]; i++) {
        const overload *o = &overloads[i];
        if (!mw_str_is(node->text, o->sign)) continue;
        if (o->left != left->type || o->right != right->type) continue;
        return o->swaps ? mw_expr_binary(compiler, o->op, o->result, right, left)
                        : mw_expr_binary(compiler, o->op, o->result, left, right);
    }
    if (mw_str_is(node->text, "+") && mw_type_is_text(left->type) &&
        mw_type_is_text(right->type))
        return concatenate(compiler, left, right);
    refuse_operands(compiler, node, left->type, right->type);
    return NULL;
}

static const mw_expr *type_binary(mw_scope *scope, const mw_node *node) {
    mw_compiler *compiler = scope->compiler;
    bool is_and = mw_str_is(node->text, "and"), is_or = mw_str_is(node->text, "or");
    if (is_and || is_or) {
        const char *what = is_and ? "what `and` joins" : "what `or` joins";
        const mw_expr *left = mw_type_condition(scope, node->args[0], what);
        const mw_expr *right = mw_type_condition(scope, node->args[1], what);
        return mw_expr_binary(compiler, is_and ? MW_OP_AND : MW_OP_OR, MW_TYPE_BOOL, left, right);
    }
    const mw_expr *left = mw_type_node(scope, node->args[0]);
    const mw_expr *right = mw_type_node(scope, node->args[1]);
    if (!left || !right) return NULL;
    const mw_expr *comparison;
    if (type_comparison(compiler, node, left, right, &comparison)) return comparison;
    return type_arithmetic(compiler, node, left, right);
}

static const mw_expr *type_unary(mw_scope *scope, const mw_node *node) {
    mw_compiler *compiler = scope->compiler;
    if (mw_str_is(node->text, "not"))
        return negate(compiler, mw_type_condition(scope, node->args[0], "what `not` turns round"));
    const mw_expr *operand = mw_type_node(scope, node->args[0]);
    if (!operand) return NULL;
    if (operand->type == NUMBER) return mw_expr_unary(compiler, MW_OP_NEGATE, NUMBER, operand);
    if (operand->type == SPAN) return mw_expr_unary(compiler, MW_OP_NEGATE_SPAN, SPAN, operand);
    mw_complain(compiler, node->position, MW_INVALID, "- takes a number or a duration, got a %s",
                mw_type_name(operand->type));
    return NULL;
}

static const mw_expr *type_between(mw_scope *scope, const mw_node *node) {
    const mw_expr *value = mw_type_node(scope, node->args[0]);
    const mw_expr *low = mw_type_node(scope, node->args[1]);
    const mw_expr *high = mw_type_node(scope, node->args[2]);
    const mw_expr *above = compare(scope->compiler, node, MW_OP_LESS_EQUAL, low, value);
    const mw_expr *below = compare(scope->compiler, node, MW_OP_LESS_EQUAL, value, high);
    if (!above || !below) return NULL;
    return mw_expr_and(scope->compiler, above, below);
}

static const mw_expr *list_value(mw_scope *scope, const mw_node *node, mw_type type) {
    mw_compiler *compiler = scope->compiler;
    if (node->kind == MW_NODE_NAME) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "a list after `in` must hold constants, got the name %.*s",
                    MW_STR_ARGS(node->text));
        mw_complain_hint(compiler, "A text stands in quotes: \"%.*s\".", MW_STR_ARGS(node->text));
        return NULL;
    }
    const mw_expr *value = mw_type_node(scope, node);
    if (!value) return NULL;
    if (type == TIME && is_text_constant(value)) value = as_time(compiler, value, node->position);
    if (!value) return NULL;
    if (!mw_expr_is_constant(value)) {
        mw_complain(compiler, node->position, MW_INVALID, "a list after `in` must hold constants");
        mw_complain_hint(compiler, "Compare with what changes by = and `or`.");
        return NULL;
    }
    if (mw_types_match(type, value->type)) return value;
    mw_complain(compiler, node->position, MW_INVALID,
                "a list for a %s must hold the like, got a %s", mw_type_name(type),
                mw_type_name(value->type));
    return NULL;
}

static const mw_expr *type_in(mw_scope *scope, const mw_node *node) {
    mw_compiler *compiler = scope->compiler;
    const mw_expr **args = mw_compiler_alloc(compiler, node->arg_count, sizeof *args);
    if (!args) return NULL;
    args[0] = mw_type_node(scope, node->args[0]);
    if (!args[0]) return NULL;
    for (size_t i = 1; i < node->arg_count; i++)
        args[i] = list_value(scope, node->args[i], args[0]->type);
    mw_expr model = {.op = MW_OP_IN, .type = MW_TYPE_BOOL};
    return mw_expr_make(compiler, model, args, node->arg_count);
}

/* One type for all values of a case or coalesce: `into` holds it after the first. */
static bool agree(mw_compiler *compiler, const mw_node *node, const mw_expr *value, bool is_first,
                  mw_type *into) {
    if (is_first) *into = value->type;
    if (!mw_types_match(*into, value->type)) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "the values of a case or coalesce must have one type, got %s and %s",
                    mw_type_name(*into), mw_type_name(value->type));
        return false;
    }
    *into = mw_expr_common_type(*into, value->type);
    return true;
}

/* From the last branch to the first, so that the first true condition wins. */
static const mw_expr *type_case(mw_scope *scope, const mw_node *node) {
    mw_compiler *compiler = scope->compiler;
    bool has_else = node->arg_count % 2 == 1;
    size_t branches = node->arg_count / 2;
    const mw_expr **parts = mw_compiler_alloc(compiler, node->arg_count, sizeof *parts);
    bool fails = !parts;
    mw_type type = NUMBER;
    for (size_t i = 0; parts && i < node->arg_count; i++) {
        bool is_condition = i % 2 == 0 && i < 2 * branches;
        parts[i] = is_condition ? mw_type_condition(scope, node->args[i], "the condition of a case")
                                : mw_type_node(scope, node->args[i]);
        fails = fails || !parts[i];
        if (!fails && !is_condition)
            fails = !agree(compiler, node->args[i], parts[i], i == 1, &type);
    }
    if (fails) return NULL;
    const mw_expr *result = has_else ? parts[node->arg_count - 1]
                                     : mw_expr_constant(compiler, type, mw_cell_missing(type));
    for (size_t i = branches; i > 0; i--)
        result = mw_expr_select(compiler, parts[2 * i - 2], parts[2 * i - 1], result);
    return result;
}

static const mw_expr *type_coalesce(mw_compiler *compiler, const mw_node *node,
                                    const mw_expr **args) {
    mw_type type = NUMBER;
    for (size_t i = 0; i < node->arg_count; i++)
        if (!agree(compiler, node->args[i], args[i], i == 0, &type)) return NULL;
    const mw_expr *result = args[0];
    for (size_t i = 1; i < node->arg_count; i++)
        result = mw_expr_binary(compiler, MW_OP_COALESCE, type, result, args[i]);
    return result;
}

/* missing(x) and coalesce(x, y, ...), which take every type. */
static const mw_expr *type_of_any(mw_compiler *compiler, const mw_node *node,
                                  const mw_expr **args) {
    bool is_missing = mw_str_is(node->text, "missing");
    if (node->arg_count > 0 && (!is_missing || node->arg_count == 1))
        return is_missing ? mw_expr_unary(compiler, MW_OP_MISSING, MW_TYPE_BOOL, args[0])
                          : type_coalesce(compiler, node, args);
    mw_complain(compiler, node->position, MW_INVALID, "%.*s takes %s, got %zu",
                MW_STR_ARGS(node->text), is_missing ? "one value" : "one value or more",
                node->arg_count);
    return NULL;
}

static void refuse_arguments(mw_compiler *compiler, const mw_node *node, const mw_type *types) {
    mw_buf got, takes;
    mw_buf_init(&got, 1024);
    mw_buf_init(&takes, 1024);
    const char *parameters = mw_function_at(mw_function_find(node->text))->parameters;
    bool takes_numbers = strspn(parameters, "n*") == strlen(parameters);
    for (size_t i = 0; i < node->arg_count; i++)
        mw_buf_printf(&got, "%s%s", i > 0 ? ", " : "", mw_type_name(types[i]));
    mw_function_write_parameters(mw_function_find(node->text), &takes);
    mw_complain(compiler, node->position, MW_INVALID, "%.*s takes (%.*s), got (%.*s)",
                MW_STR_ARGS(node->text), MW_STR_ARGS(mw_buf_str(&takes)),
                MW_STR_ARGS(mw_buf_str(&got)));
    for (size_t i = 0; i < node->arg_count; i++)
        if (types[i] == SPAN)
            mw_complain_hint(compiler, "A duration becomes a number by dividing: d / 1m.");
        else if (types[i] == MW_TYPE_TEXT && node->args[i]->kind != MW_NODE_TEXT &&
                 takes_numbers)
            mw_complain_text_hint(compiler);
    mw_buf_release(&got);
    mw_buf_release(&takes);
}

/* What other languages call so is said otherwise here. */
static const char *foreign_function(mw_str name) {
    static const char *const foreign[][2] = {
        {"if", "case when A then B else C end"},   {"iff", "case when A then B else C end"},
        {"ifelse", "case when A then B else C end"}, {"log10", "log(x) / log(10)"},
        {"log2", "log(x) / log(2)"},               {"mod", "x - floor(x / y) * y"},
        {"isnull", "missing(x)"},                  {"ifnull", "coalesce(x, y)"},
        {"nvl", "coalesce(x, y)"}};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        if (mw_str_equal_but_for_case(name, mw_str_of(foreign[i][0]))) return foreign[i][1];
    return NULL;
}

static void refuse_function(mw_compiler *compiler, const mw_node *node) {
    const char *meant = foreign_function(node->text);
    mw_complain(compiler, node->position, MW_INVALID, "there is no function %.*s",
                MW_STR_ARGS(node->text));
    if (meant) {
        mw_complain_hint(compiler, "Write %s.", meant);
        return;
    }
    mw_nearest nearest = mw_nearest_to(node->text);
    for (size_t i = 0; i < mw_function_count(); i++)
        mw_nearest_offer_text(&nearest, mw_function_at((int32_t)i)->name);
    mw_diagnose_nearest(compiler->diagnostics, &nearest);
}

static const mw_expr *type_call(mw_scope *scope, const mw_node *node) {
    mw_compiler *compiler = scope->compiler;
    int32_t named = mw_function_find(node->text);
    if (mw_fit_is_named(node->text)) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "%.*s is fitted in training, and only a whole feature can be",
                    MW_STR_ARGS(node->text));
        return NULL;
    }
    if (mw_vector_is_named(node->text)) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "%.*s gives a vector, and only a whole feature can be one",
                    MW_STR_ARGS(node->text));
        mw_complain_hint(compiler, "Let it be a feature, words: %.*s(...), and read words_0.",
                         MW_STR_ARGS(node->text));
        return NULL;
    }
    const mw_expr *args[ARGS_MAX];
    mw_type types[ARGS_MAX];
    bool fails = node->arg_count > ARGS_MAX;
    if (fails)
        mw_complain(compiler, node->position, MW_INVALID,
                    "a call must have at most %d arguments, got %zu", ARGS_MAX, node->arg_count);
    for (size_t i = 0; i < node->arg_count && i < ARGS_MAX; i++) {
        args[i] = mw_type_node(scope, node->args[i]);
        if (args[i]) types[i] = args[i]->type;
        fails = fails || !args[i];
    }
    if (fails) return NULL;
    if (mw_str_is(node->text, "missing") || mw_str_is(node->text, "coalesce"))
        return type_of_any(compiler, node, args);

    int32_t function = mw_function_match(node->text, types, node->arg_count);
    if (function < 0 && named >= 0) refuse_arguments(compiler, node, types);
    if (function < 0 && named < 0) refuse_function(compiler, node);
    if (function < 0) return NULL;
    mw_expr model = {
        .op = MW_OP_CALL, .type = mw_function_at(function)->result, .operand = function};
    return mw_expr_make(compiler, model, args, node->arg_count);
}

static const mw_expr *type_text(mw_compiler *compiler, const mw_node *node) {
    mw_cell cell = {.symbol = mw_symbols_intern(compiler->symbols, node->text)};
    if (cell.symbol == 0) compiler->out_of_memory = true;
    return cell.symbol ? mw_expr_constant(compiler, MW_TYPE_TEXT, cell) : NULL;
}

const mw_expr *mw_type_node(mw_scope *scope, const mw_node *node) {
    mw_compiler *compiler = scope->compiler;
    if (!node) return NULL;
    switch (node->kind) {
    case MW_NODE_NUMBER: return mw_expr_constant(compiler, NUMBER, mw_cell_number(node->number));
    case MW_NODE_SPAN: return mw_expr_constant(compiler, SPAN, mw_cell_time(node->span_us));
    case MW_NODE_BOOL: return mw_expr_constant(compiler, MW_TYPE_BOOL, mw_cell_bool(node->boolean));
    case MW_NODE_TEXT: return type_text(compiler, node);
    case MW_NODE_NAME:
    case MW_NODE_MEMBER:
    case MW_NODE_WITHIN:
    case MW_NODE_WINDOW: return scope->resolve(scope, node);
    case MW_NODE_CALL: return type_call(scope, node);
    case MW_NODE_UNARY: return type_unary(scope, node);
    case MW_NODE_BINARY: return type_binary(scope, node);
    case MW_NODE_BETWEEN: return type_between(scope, node);
    case MW_NODE_IN: return type_in(scope, node);
    case MW_NODE_CASE: return type_case(scope, node);
    }
    return NULL;
}

const mw_expr *mw_type_condition(mw_scope *scope, const mw_node *node, const char *what) {
    const mw_expr *expr = mw_type_node(scope, node);
    if (!expr || expr->type == MW_TYPE_BOOL) return expr;
    mw_complain(scope->compiler, node->position, MW_INVALID, "%s must be a bool, got a %s", what,
                mw_type_name(expr->type));
    return NULL;
}
