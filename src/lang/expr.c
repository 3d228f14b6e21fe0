#include "lang/expr.h"

#include "lang/functions.h"
#include "lang/lexer.h"

#include <string.h>

/* How the emission goes: it stops at the first thing that does not fit. */
typedef struct {
    mw_compiler *compiler;
    mw_instruction *instructions;
    size_t count, capacity;
    mw_cell *constants;
    size_t constant_count, constant_capacity;
    size_t depth; /* of the stack, here */
    bool is_too_large;
    bool failed;
} emitter;

static void emit(emitter *to, mw_instruction instruction) {
    if (to->failed) return;
    to->is_too_large = to->count == MW_CODE_SIZE_MAX || to->depth > MW_CODE_STACK_MAX;
    if (to->is_too_large || !mw_grow((void **)&to->instructions, &to->capacity, to->count + 1,
                                     sizeof instruction, MW_CODE_SIZE_MAX)) {
        to->failed = true;
        return;
    }
    to->instructions[to->count++] = instruction;
}

static int32_t add_constant(emitter *to, mw_cell cell) {
    if (to->failed || !mw_grow((void **)&to->constants, &to->constant_capacity,
                               to->constant_count + 1, sizeof cell, MW_CODE_SIZE_MAX)) {
        to->failed = true;
        return 0;
    }
    to->constants[to->constant_count] = cell;
    return (int32_t)to->constant_count++;
}

static void emit_expr(emitter *to, const mw_expr *expr);

static void emit_in(emitter *to, const mw_expr *expr) {
    emit_expr(to, expr->args[0]);
    int32_t first = add_constant(to, mw_cell_missing(expr->args[0]->type));
    for (size_t i = 1; i < expr->arg_count; i++) add_constant(to, expr->args[i]->constant);
    emit(to, (mw_instruction){MW_OP_IN, (uint16_t)(expr->arg_count - 1), first});
}

static void emit_expr(emitter *to, const mw_expr *expr) {
    if (to->failed) return;
    size_t base = to->depth;
    if (expr->op == MW_OP_IN) {
        emit_in(to, expr);
        return;
    }
    for (size_t i = 0; i < expr->arg_count; i++) emit_expr(to, expr->args[i]);
    mw_instruction now = {(uint16_t)expr->op, (uint16_t)expr->arg_count, expr->operand};
    if (expr->op == MW_OP_CONSTANT) {
        now.count = (uint16_t)expr->type;
        now.operand = add_constant(to, expr->constant);
    }
    to->depth = base + (expr->arg_count > 0 ? expr->arg_count : 1);
    emit(to, now);
    to->depth = base + 1;
}

/* Copies of `count` items of `size` in the arena; NULL when memory is out. */
static void *keep(mw_compiler *compiler, const void *items, size_t count, size_t size) {
    void *copy = mw_compiler_alloc(compiler, count + 1, size);
    if (copy && count > 0) memcpy(copy, items, count * size);
    return copy;
}

static const mw_code *finish(emitter *from, const mw_expr *expr, mw_str text) {
    mw_compiler *compiler = from->compiler;
    if (from->failed) {
        if (!from->is_too_large) compiler->out_of_memory = true;
        return NULL;
    }
    mw_code *code = mw_compiler_alloc(compiler, 1, sizeof *code);
    if (!code) return NULL;
    *code = (mw_code){
        .text = text,
        .instructions = keep(compiler, from->instructions, from->count, sizeof(mw_instruction)),
        .instruction_count = from->count,
        .constants = keep(compiler, from->constants, from->constant_count, sizeof(mw_cell)),
        .field = expr->op == MW_OP_FIELD ? expr->operand : MW_NO_FIELD,
        .type = expr->type};
    return code->instructions && code->constants ? code : NULL;
}

static const mw_code *assemble(mw_compiler *compiler, const mw_expr *expr, mw_str text,
                               bool *out_is_too_large) {
    emitter to = {.compiler = compiler};
    emit_expr(&to, expr);
    const mw_code *code = finish(&to, expr, text);
    *out_is_too_large = to.is_too_large;
    mw_free(to.instructions);
    mw_free(to.constants);
    return code;
}

static void refuse_size(mw_compiler *compiler, mw_position position) {
    mw_complain(compiler, position, MW_INVALID,
                "an expression must have at most %d operations, with the features that it groups "
                "by",
                MW_CODE_SIZE_MAX);
    mw_complain_hint(compiler, "Split it into several features.");
}

bool mw_expr_check_size(mw_compiler *compiler, const mw_expr *expr, mw_position position) {
    if (expr->size <= MW_CODE_SIZE_MAX) return true;
    refuse_size(compiler, position);
    return false;
}

const mw_code *mw_expr_compile(mw_compiler *compiler, const mw_expr *expr, mw_position position) {
    if (!expr) return NULL;
    bool is_too_large = false;
    mw_str text = mw_expr_text(compiler, expr);
    const mw_code *code = NULL;
    if (text.data) code = assemble(compiler, expr, text, &is_too_large);
    if (!code && !compiler->out_of_memory) refuse_size(compiler, position);
    return code;
}

bool mw_expr_is_constant(const mw_expr *expr) {
    return expr->op == MW_OP_CONSTANT;
}

/* What hangs on no row is worked out now, by the code that would do it later. */
static const mw_expr *fold(mw_compiler *compiler, const mw_expr *expr) {
    for (size_t i = 0; i < expr->arg_count; i++)
        if (!mw_expr_is_constant(expr->args[i])) return expr;
    bool is_too_large;
    const mw_code *code = assemble(compiler, expr, (mw_str){NULL, 0}, &is_too_large);
    if (!code) return is_too_large ? expr : NULL;
    mw_frame frame = {.symbols = compiler->symbols, .zone = compiler->zone};
    mw_cell value = mw_code_run(code, &frame);
    if (mw_symbols_settle(compiler->symbols, NULL) != MW_OK) compiler->out_of_memory = true;
    return mw_expr_constant(compiler, expr->type, value);
}

/* As emit_expr goes, to which the list of an IN is no operations. */
static size_t size_of(const mw_expr *expr) {
    size_t size = 1, count = expr->op == MW_OP_IN ? 1 : expr->arg_count;
    for (size_t i = 0; i < count && size <= MW_CODE_SIZE_MAX; i++) size += expr->args[i]->size;
    return size <= MW_CODE_SIZE_MAX ? size : MW_CODE_SIZE_MAX + 1;
}

const mw_expr *mw_expr_make(mw_compiler *compiler, mw_expr model, const mw_expr *const *args,
                            size_t arg_count) {
    for (size_t i = 0; i < arg_count; i++)
        if (!args[i]) return NULL;
    mw_expr *expr = mw_compiler_alloc(compiler, 1, sizeof *expr);
    if (!expr) return NULL;
    *expr = model;
    expr->now = NULL;
    expr->args = mw_compiler_alloc(compiler, arg_count, sizeof *expr->args);
    expr->arg_count = arg_count;
    if (!expr->args) return NULL;
    for (size_t i = 0; i < arg_count; i++) expr->args[i] = args[i];
    expr->size = size_of(expr);
    return arg_count > 0 ? fold(compiler, expr) : expr;
}

static const mw_expr *make_now(mw_compiler *compiler, const mw_expr *expr) {
    mw_expr now = *expr;
    if (expr->op == MW_OP_FIELD) now.op = MW_OP_NOW;
    if (expr->op == MW_OP_TIME) now.op = MW_OP_NOW_TIME;
    if (expr->arg_count == 0) return mw_expr_make(compiler, now, NULL, 0);
    const mw_expr **args = mw_compiler_alloc(compiler, expr->arg_count, sizeof *args);
    for (size_t i = 0; args && i < expr->arg_count; i++)
        args[i] = mw_expr_now(compiler, expr->args[i]);
    return args ? mw_expr_make(compiler, now, args, expr->arg_count) : NULL;
}

const mw_expr *mw_expr_now(mw_compiler *compiler, const mw_expr *expr) {
    mw_expr *known = (mw_expr *)(uintptr_t)expr; /* changed in what it remembers alone */
    if (expr && !expr->now) known->now = make_now(compiler, expr);
    return expr ? expr->now : NULL;
}

const mw_expr *mw_expr_constant(mw_compiler *compiler, mw_type type, mw_cell cell) {
    mw_expr model = {.op = MW_OP_CONSTANT, .type = type, .constant = cell};
    return mw_expr_make(compiler, model, NULL, 0);
}

const mw_expr *mw_expr_load(mw_compiler *compiler, mw_opcode op, mw_type type, int32_t index,
                            mw_str name) {
    MW_ASSERT(op == MW_OP_FIELD || op == MW_OP_WINDOW || op == MW_OP_FEATURE || op == MW_OP_NOW ||
              op == MW_OP_WITHIN);
    mw_expr model = {.op = op, .type = type, .operand = index, .name = name};
    return mw_expr_make(compiler, model, NULL, 0);
}

const mw_expr *mw_expr_time(mw_compiler *compiler) {
    return mw_expr_make(compiler, (mw_expr){.op = MW_OP_TIME, .type = MW_TYPE_TIME}, NULL, 0);
}

static int32_t operand_of(mw_opcode op, mw_type operand_type) {
    bool has_type = op == MW_OP_EQUAL || op == MW_OP_LESS || op == MW_OP_LESS_EQUAL ||
                    op == MW_OP_MISSING || op == MW_OP_COALESCE;
    return has_type ? (int32_t)operand_type : 0;
}

const mw_expr *mw_expr_unary(mw_compiler *compiler, mw_opcode op, mw_type type, const mw_expr *a) {
    if (!a) return NULL;
    mw_expr model = {.op = op, .type = type, .operand = operand_of(op, a->type)};
    return mw_expr_make(compiler, model, &a, 1);
}

const mw_expr *mw_expr_binary(mw_compiler *compiler, mw_opcode op, mw_type type, const mw_expr *a,
                              const mw_expr *b) {
    if (!a || !b) return NULL;
    mw_expr model = {.op = op, .type = type, .operand = operand_of(op, a->type)};
    return mw_expr_make(compiler, model, (const mw_expr *const[]){a, b}, 2);
}

mw_type mw_expr_common_type(mw_type a, mw_type b) {
    return a == b ? a : MW_TYPE_CATEGORY;
}

const mw_expr *mw_expr_select(mw_compiler *compiler, const mw_expr *condition,
                              const mw_expr *value, const mw_expr *otherwise) {
    if (!condition || !value || !otherwise) return NULL;
    mw_expr model = {.op = MW_OP_SELECT, .type = mw_expr_common_type(value->type, otherwise->type)};
    return mw_expr_make(compiler, model, (const mw_expr *const[]){otherwise, condition, value}, 3);
}

const mw_expr *mw_expr_and(mw_compiler *compiler, const mw_expr *a, const mw_expr *b) {
    if (!a || !b) return a ? a : b;
    return mw_expr_binary(compiler, MW_OP_AND, MW_TYPE_BOOL, a, b);
}

const mw_expr *mw_expr_not_missing(mw_compiler *compiler, const mw_expr *value) {
    const mw_expr *missing = mw_expr_unary(compiler, MW_OP_MISSING, MW_TYPE_BOOL, value);
    return mw_expr_unary(compiler, MW_OP_NOT, MW_TYPE_BOOL, missing);
}

static const char *const signs[] = {
#define X(name, sign) sign,
    MW_OPCODE_MAP(X)
#undef X
};

static void write_quoted(mw_str text, char quote, mw_buf *out) {
    mw_buf_append_char(out, quote);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == quote || text.data[i] == '\\') mw_buf_append_char(out, '\\');
        mw_buf_append_char(out, text.data[i]);
    }
    mw_buf_append_char(out, quote);
}

static void write_constant(const mw_compiler *compiler, const mw_expr *expr, mw_buf *out) {
    if (mw_cell_is_missing(expr->type, expr->constant)) mw_buf_append_text(out, "missing");
    else if (expr->type == MW_TYPE_TIME && expr->constant.time == MW_TIME_ALWAYS)
        mw_buf_append_text(out, "always");
    else if (expr->type == MW_TYPE_DURATION) mw_span_write(out, expr->constant.time);
    else if (mw_type_is_symbol(expr->type))
        write_quoted(mw_symbols_text(compiler->symbols, expr->constant.symbol), '"', out);
    else mw_cell_append(out, expr->type, expr->constant, compiler->symbols);
}

static void write_list(const mw_compiler *compiler, const mw_expr *expr, size_t from, mw_buf *out) {
    for (size_t i = from; i < expr->arg_count; i++) {
        if (i > from) mw_buf_append_text(out, ", ");
        mw_expr_write(compiler, expr->args[i], out);
    }
}

/* An operand, in parentheses if it is an operation with signs of its own. */
static void write_operand(const mw_compiler *compiler, const mw_expr *expr, mw_buf *out) {
    bool is_bare = expr->arg_count == 0 || expr->op == MW_OP_CALL || expr->op == MW_OP_MISSING ||
                   expr->op == MW_OP_COALESCE || expr->op == MW_OP_SELECT ||
                   expr->op == MW_OP_SPAN_OF_SECONDS;
    if (!is_bare) mw_buf_append_char(out, '(');
    mw_expr_write(compiler, expr, out);
    if (!is_bare) mw_buf_append_char(out, ')');
}

static void write_select(const mw_compiler *compiler, const mw_expr *expr, mw_buf *out) {
    mw_buf_append_text(out, "case when ");
    mw_expr_write(compiler, expr->args[1], out);
    mw_buf_append_text(out, " then ");
    mw_expr_write(compiler, expr->args[2], out);
    mw_buf_append_text(out, " else ");
    mw_expr_write(compiler, expr->args[0], out);
    mw_buf_append_text(out, " end");
}

static void write_operation(const mw_compiler *compiler, const mw_expr *expr, mw_buf *out) {
    if (expr->arg_count == 1) {
        mw_buf_append_text(out, signs[expr->op]);
        if (expr->op == MW_OP_NOT) mw_buf_append_char(out, ' ');
        write_operand(compiler, expr->args[0], out);
        return;
    }
    write_operand(compiler, expr->args[0], out);
    mw_buf_printf(out, " %s ", signs[expr->op]);
    write_operand(compiler, expr->args[1], out);
}

void mw_expr_write(const mw_compiler *compiler, const mw_expr *expr, mw_buf *out) {
    if (out->failed) return; /* shared parts could make it very long */
    switch (expr->op) {
    case MW_OP_FIELD:
    case MW_OP_FEATURE:
    case MW_OP_NOW:
        if (expr->op == MW_OP_NOW || expr->is_hidden) mw_buf_append_text(out, "now.");
        mw_name_append(out, expr->name);
        break;
    case MW_OP_WITHIN:
    case MW_OP_WINDOW: mw_buf_append_str(out, expr->name); break;
    case MW_OP_CONSTANT: write_constant(compiler, expr, out); break;
    case MW_OP_TIME:
    case MW_OP_NOW_TIME: mw_buf_append_text(out, signs[expr->op]); break;
    case MW_OP_SPAN_OF_SECONDS: /* of a window's result: no step that people wrote */
    case MW_OP_SECONDS:
    case MW_OP_NUMBER_OF_BOOL: mw_expr_write(compiler, expr->args[0], out); break;
    case MW_OP_SELECT: write_select(compiler, expr, out); break;
    case MW_OP_IN:
        write_operand(compiler, expr->args[0], out);
        mw_buf_append_text(out, " in [");
        write_list(compiler, expr, 1, out);
        mw_buf_append_char(out, ']');
        break;
    case MW_OP_MISSING:
    case MW_OP_COALESCE:
    case MW_OP_CALL:
        mw_buf_append_text(out, expr->op == MW_OP_CALL ? mw_function_at(expr->operand)->name
                                                       : signs[expr->op]);
        mw_buf_append_char(out, '(');
        write_list(compiler, expr, 0, out);
        mw_buf_append_char(out, ')');
        break;
    default: write_operation(compiler, expr, out);
    }
}

mw_str mw_expr_text(mw_compiler *compiler, const mw_expr *expr) {
    mw_buf buf;
    mw_buf_init(&buf, MW_EXPRESSION_SIZE_MAX);
    mw_expr_write(compiler, expr, &buf);
    mw_str text = {NULL, 0};
    if (buf.out_of_memory) compiler->out_of_memory = true;
    if (!buf.failed) {
        text = mw_str_copy(compiler->arena, mw_buf_str(&buf));
        if (!text.data) compiler->out_of_memory = true;
    }
    mw_buf_release(&buf);
    return text;
}
