#include "lang/vector_compiler.h"

#include <math.h>

static const struct {
    const char *name;
    mw_vector_kind kind;
} forms[] = {{"vector", MW_VECTOR_NUMBERS}, {"ngrams", MW_VECTOR_NGRAMS}};
enum { FORM_COUNT = sizeof forms / sizeof *forms };

static const char ngrams_takes[] =
    "ngrams takes (text, fewest words, most words, width), such as ngrams(note, 1, 2, 256)";

bool mw_vector_is_named(mw_str function) {
    for (size_t i = 0; i < FORM_COUNT; i++)
        if (mw_str_is(function, forms[i].name)) return true;
    return false;
}

static mw_vector_kind kind_of(const mw_node *node) {
    size_t i = 0;
    while (!mw_str_is(node->text, forms[i].name)) i++;
    return forms[i].kind;
}

/* --- what is written as numbers --------------------------------------------------------------- */

typedef struct {
    size_t words_min, words_max, width;
} ngrams_numbers;

/* Argument `index` as a whole number, 0 if it is none; `usual` if it is left out. */
static size_t whole_number(const mw_node *node, size_t index, size_t usual) {
    if (index >= node->arg_count) return usual;
    const mw_node *arg = node->args[index];
    bool is_whole = arg->kind == MW_NODE_NUMBER && arg->number >= 1 && arg->number <= 1e6 &&
                    floor(arg->number) == arg->number;
    return is_whole ? (size_t)arg->number : 0;
}

static bool read_ngrams(mw_compiler *compiler, const mw_node *node, ngrams_numbers *out_numbers) {
    if (node->arg_count < 3 || node->arg_count > 4) {
        mw_complain(compiler, node->position, MW_INVALID, "%s, got %zu values", ngrams_takes,
                    node->arg_count);
        return false;
    }
    ngrams_numbers n = {whole_number(node, 1, 0), whole_number(node, 2, 0),
                        whole_number(node, 3, MW_NGRAMS_WIDTH_USUAL)};
    if (n.words_min < 1 || n.words_min > n.words_max || n.words_max > MW_NGRAMS_WORDS_MAX) {
        mw_complain(compiler, node->args[1]->position, MW_INVALID,
                    "ngrams counts from 1 word up to at most %d in a row, in whole numbers",
                    MW_NGRAMS_WORDS_MAX);
        return false;
    }
    if (n.width < 1 || n.width > MW_VECTOR_WIDTH_MAX) {
        mw_complain(compiler, node->args[3]->position, MW_INVALID,
                    "the width of ngrams must be a whole number from 1 to %d",
                    MW_VECTOR_WIDTH_MAX);
        return false;
    }
    *out_numbers = n;
    return true;
}

size_t mw_vector_width(mw_compiler *compiler, const mw_node *node) {
    ngrams_numbers n;
    if (kind_of(node) == MW_VECTOR_NGRAMS) return read_ngrams(compiler, node, &n) ? n.width : 0;
    if (node->arg_count >= 1) return node->arg_count;
    mw_complain(compiler, node->position, MW_INVALID, "vector takes one number or more, got none");
    return 0;
}

/* --- the values ------------------------------------------------------------------------------- */

/* Argument `index`, of a type that the vector takes there. */
static const mw_code *compile_arg(mw_scope *scope, const mw_node *node, size_t index,
                                  mw_buf *text) {
    mw_compiler *compiler = scope->compiler;
    const mw_node *arg = node->args[index];
    bool takes_text = kind_of(node) == MW_VECTOR_NGRAMS;
    const mw_expr *expr = mw_type_node(scope, arg);
    if (!expr) return NULL;
    bool fits = takes_text ? mw_type_is_text(expr->type) : expr->type == MW_TYPE_NUMBER;
    if (!fits) {
        mw_complain(compiler, arg->position, MW_INVALID, "%.*s takes a %s here, got a %s",
                    MW_STR_ARGS(node->text), takes_text ? "text" : "number",
                    mw_type_name(expr->type));
        return NULL;
    }
    if (index > 0) mw_buf_append_text(text, ", ");
    mw_expr_write(compiler, expr, text);
    return mw_expr_compile(compiler, expr, arg->position);
}

static bool compile_args(mw_scope *scope, const mw_node *node, mw_vector *vector, mw_buf *text) {
    bool is_good = true;
    vector->arg_count = vector->kind == MW_VECTOR_NUMBERS ? node->arg_count : 1;
    vector->args = mw_compiler_alloc(scope->compiler, vector->arg_count, sizeof *vector->args);
    if (!vector->args) return false;
    for (size_t i = 0; i < vector->arg_count; i++) {
        vector->args[i] = compile_arg(scope, node, i, text);
        is_good = is_good && vector->args[i];
    }
    return is_good;
}

const mw_vector *mw_compile_vector(mw_scope *scope, const mw_node *node) {
    mw_compiler *compiler = scope->compiler;
    mw_vector *vector = mw_compiler_alloc(compiler, 1, sizeof *vector);
    size_t width = mw_vector_width(compiler, node);
    if (!vector || width == 0) return NULL;
    ngrams_numbers n = {0};
    *vector = (mw_vector){.kind = kind_of(node), .width = width};
    mw_buf text;
    mw_buf_init(&text, MW_EXPRESSION_SIZE_MAX);
    mw_buf_printf(&text, "%.*s(", MW_STR_ARGS(node->text));
    bool is_good = compile_args(scope, node, vector, &text);
    if (is_good && vector->kind == MW_VECTOR_NGRAMS && read_ngrams(compiler, node, &n)) {
        vector->words_min = n.words_min;
        vector->words_max = n.words_max;
        mw_buf_printf(&text, ", %zu, %zu, %zu", n.words_min, n.words_max, n.width);
    }
    mw_buf_append_char(&text, ')');
    vector->text = mw_str_copy(compiler->arena, mw_buf_str(&text));
    if (text.failed || !vector->text.data) compiler->out_of_memory = true;
    mw_buf_release(&text);
    return is_good ? vector : NULL;
}

const mw_code *mw_vector_code(mw_compiler *compiler, const mw_vector *vector, size_t index) {
    mw_code *code = mw_compiler_alloc(compiler, 1, sizeof *code);
    mw_instruction *instruction = mw_compiler_alloc(compiler, 1, sizeof *instruction);
    mw_str text = mw_compiler_text(compiler, "%.*s[%zu]", MW_STR_ARGS(vector->text), index);
    if (!code || !instruction || !text.data) return NULL;
    *instruction = (mw_instruction){.op = MW_OP_VECTOR, .operand = (int32_t)index};
    *code = (mw_code){.instructions = instruction,
                      .instruction_count = 1,
                      .vector = vector,
                      .field = MW_NO_FIELD,
                      .type = MW_TYPE_NUMBER,
                      .text = text};
    return code;
}
