#include "lang/vector_compiler.h"

#include <math.h>

static const struct {
    const char *name;
    mw_vector_kind kind;
} forms[] = {{"vector", MW_VECTOR_NUMBERS},
             {"ngrams", MW_VECTOR_NGRAMS},
             {"pixels", MW_VECTOR_PIXELS},
             {"embed", MW_VECTOR_EMBEDDED}};
enum { FORM_COUNT = sizeof forms / sizeof *forms };

/* What its words alone say of a vector. */
typedef struct {
    mw_vector_kind kind;
    size_t width;
    size_t words_min, words_max;
    size_t image_width, image_height;
    const mw_node *input; /* of what is embedded */
    mw_sense_network network;
} vector_shape;

bool mw_vector_is_named(mw_str function) {
    for (size_t i = 0; i < FORM_COUNT; i++)
        if (mw_str_is(function, forms[i].name)) return true;
    return false;
}

static bool is_vector(const mw_node *node) {
    return node->kind == MW_NODE_CALL && mw_vector_is_named(node->text);
}

/* --- what the words say ----------------------------------------------------------------------- */

static bool refuse_count(mw_compiler *compiler, const mw_node *node, const char *takes) {
    mw_complain(compiler, node->position, MW_INVALID, "%.*s takes %s, got %zu values",
                MW_STR_ARGS(node->text), takes, node->arg_count);
    return false;
}

/* Argument `index` as a whole number, 0 if it is none; `usual` if it is left out. */
static size_t whole_number(const mw_node *node, size_t index, size_t usual) {
    if (index >= node->arg_count) return usual;
    const mw_node *arg = node->args[index];
    bool is_whole = arg->kind == MW_NODE_NUMBER && arg->number >= 1 && arg->number <= 1e6 &&
                    floor(arg->number) == arg->number;
    return is_whole ? (size_t)arg->number : 0;
}

static bool read_numbers(mw_compiler *compiler, const mw_node *node, vector_shape *shape) {
    shape->width = node->arg_count;
    return shape->width > 0 || refuse_count(compiler, node, "one number or more");
}

static bool read_ngrams(mw_compiler *compiler, const mw_node *node, vector_shape *shape) {
    if (node->arg_count < 3 || node->arg_count > 4)
        return refuse_count(compiler, node, "(text, fewest words, most words, width), such as "
                                            "ngrams(note, 1, 2, 256)");
    shape->words_min = whole_number(node, 1, 0);
    shape->words_max = whole_number(node, 2, 0);
    shape->width = whole_number(node, 3, MW_NGRAMS_WIDTH_USUAL);
    if (shape->words_min < 1 || shape->words_min > shape->words_max ||
        shape->words_max > MW_NGRAMS_WORDS_MAX) {
        mw_complain(compiler, node->args[1]->position, MW_INVALID,
                    "ngrams counts from 1 word up to at most %d in a row, in whole numbers",
                    MW_NGRAMS_WORDS_MAX);
        return false;
    }
    if (shape->width >= 1 && shape->width <= MW_VECTOR_WIDTH_MAX) return true;
    mw_complain(compiler, node->args[3]->position, MW_INVALID,
                "the width of ngrams must be a whole number from 1 to %d", MW_VECTOR_WIDTH_MAX);
    return false;
}

static bool read_pixels(mw_compiler *compiler, const mw_node *node, vector_shape *shape) {
    if (node->arg_count != 3)
        return refuse_count(compiler, node,
                            "(image, width, height), such as pixels(image, 224, 224)");
    shape->image_width = whole_number(node, 1, 0);
    shape->image_height = whole_number(node, 2, 0);
    shape->width = 3 * shape->image_width * shape->image_height;
    if (shape->width > 0 && shape->image_width <= MW_PIXELS_SIDE_MAX &&
        shape->image_height <= MW_PIXELS_SIDE_MAX)
        return true;
    mw_complain(compiler, node->args[1]->position, MW_INVALID,
                "the sides of an image must be whole numbers from 1 to %d", MW_PIXELS_SIDE_MAX);
    return false;
}

static bool read_shape(mw_compiler *compiler, const mw_node *node, vector_shape *out_shape);

/* The program knows the files that it hangs on. */
static bool note_file(mw_compiler *compiler, mw_str name, mw_str sha256) {
    for (size_t i = 0; i < compiler->file_count; i++)
        if (mw_str_equal(compiler->files[i].name, name)) return true;
    if (compiler->file_count == MW_PROGRAM_FILES_MAX) return true; /* the senses have fewer */
    mw_program_file file = {mw_str_copy(compiler->arena, name),
                            mw_str_copy(compiler->arena, sha256)};
    if (!file.name.data || !file.sha256.data) compiler->out_of_memory = true;
    compiler->files[compiler->file_count++] = file;
    return !compiler->out_of_memory;
}

static bool open_network(mw_compiler *compiler, const mw_node *node, vector_shape input,
                         vector_shape *shape) {
    mw_error err = {0};
    const mw_node *file = node->args[0], *wanted = node->arg_count == 3 ? node->args[2] : NULL;
    const mw_senses *senses = compiler->senses;
    if (!senses) {
        mw_complain(compiler, file->position, MW_NOT_BUILT,
                    "networks cannot be run here: embed is not built in");
        return false;
    }
    bool is_image = input.kind == MW_VECTOR_PIXELS;
    mw_sense_input given = {is_image ? 3 : 1, input.image_height,
                            is_image ? input.image_width : input.width};
    mw_status status = senses->open(senses->context, file->text, given, &shape->network, &err);
    if (status != MW_OK) {
        mw_complain(compiler, file->position, MW_INVALID, "the network %.*s: %s",
                    MW_STR_ARGS(file->text), err.message);
        return false;
    }
    shape->width = shape->network.width;
    if (wanted && !mw_str_equal(wanted->text, shape->network.sha256)) {
        mw_complain(compiler, wanted->position, MW_INVALID,
                    "the network %.*s must have the SHA-256 %.*s, has %.*s",
                    MW_STR_ARGS(file->text), MW_STR_ARGS(wanted->text),
                    MW_STR_ARGS(shape->network.sha256));
        return false;
    }
    return note_file(compiler, file->text, shape->network.sha256);
}

static bool read_embed(mw_compiler *compiler, const mw_node *node, vector_shape *shape) {
    bool is_good = node->arg_count >= 2 && node->arg_count <= 3 &&
                   node->args[0]->kind == MW_NODE_TEXT && is_vector(node->args[1]) &&
                   (node->arg_count == 2 || node->args[2]->kind == MW_NODE_TEXT);
    if (!is_good)
        return refuse_count(compiler, node, "(\"FILE\", a vector, perhaps its SHA-256), such as "
                                            "embed(\"model.onnx\", vector(amount, age))");
    vector_shape input;
    shape->input = node->args[1];
    return read_shape(compiler, shape->input, &input) &&
           open_network(compiler, node, input, shape);
}

static bool read_shape(mw_compiler *compiler, const mw_node *node, vector_shape *out_shape) {
    size_t form = 0;
    while (!mw_str_is(node->text, forms[form].name)) form++;
    *out_shape = (vector_shape){.kind = forms[form].kind};
    switch (out_shape->kind) {
    case MW_VECTOR_NUMBERS: return read_numbers(compiler, node, out_shape);
    case MW_VECTOR_NGRAMS: return read_ngrams(compiler, node, out_shape);
    case MW_VECTOR_PIXELS: return read_pixels(compiler, node, out_shape);
    case MW_VECTOR_EMBEDDED: return read_embed(compiler, node, out_shape);
    }
    return false;
}

size_t mw_vector_width(mw_compiler *compiler, const mw_node *node) {
    vector_shape shape;
    if (!read_shape(compiler, node, &shape)) return 0;
    if (shape.width >= 1 && shape.width <= MW_VECTOR_WIDTH_MAX) return shape.width;
    mw_complain(compiler, node->position, MW_INVALID,
                "a feature must have 1 to %d numbers, got %zu", MW_VECTOR_WIDTH_MAX, shape.width);
    return 0;
}

/* --- the values ------------------------------------------------------------------------------- */

/* Argument `index`, of a type that the vector takes there. */
static const mw_code *compile_arg(mw_scope *scope, const mw_node *node, size_t index,
                                  bool takes_text, mw_buf *text) {
    mw_compiler *compiler = scope->compiler;
    const mw_node *arg = node->args[index];
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
    bool is_good = true, takes_text = vector->kind != MW_VECTOR_NUMBERS;
    vector->arg_count = takes_text ? 1 : node->arg_count;
    vector->args = mw_compiler_alloc(scope->compiler, vector->arg_count, sizeof *vector->args);
    if (!vector->args) return false;
    for (size_t i = 0; i < vector->arg_count; i++) {
        vector->args[i] = compile_arg(scope, node, i, takes_text, text);
        is_good = is_good && vector->args[i];
    }
    return is_good;
}

static bool compile_input(mw_scope *scope, const mw_node *node, mw_vector *vector, mw_buf *text) {
    vector->input = mw_compile_vector(scope, node->args[1]);
    if (!vector->input) return false;
    vector->args = vector->input->args;
    vector->arg_count = vector->input->arg_count;
    mw_buf_printf(text, "\"%.*s\", %.*s", MW_STR_ARGS(node->args[0]->text),
                  MW_STR_ARGS(vector->input->text));
    return true;
}

/* What follows the values. */
static void write_rest(const vector_shape *shape, mw_buf *text) {
    if (shape->kind == MW_VECTOR_NGRAMS)
        mw_buf_printf(text, ", %zu, %zu, %zu", shape->words_min, shape->words_max, shape->width);
    if (shape->kind == MW_VECTOR_PIXELS)
        mw_buf_printf(text, ", %zu, %zu", shape->image_width, shape->image_height);
    if (shape->kind == MW_VECTOR_EMBEDDED)
        mw_buf_printf(text, ", \"%.*s\"", MW_STR_ARGS(shape->network.sha256));
    mw_buf_append_char(text, ')');
}

const mw_vector *mw_compile_vector(mw_scope *scope, const mw_node *node) {
    mw_compiler *compiler = scope->compiler;
    vector_shape shape;
    mw_vector *vector = mw_compiler_alloc(compiler, 1, sizeof *vector);
    if (!vector || !read_shape(compiler, node, &shape)) return NULL;
    *vector = (mw_vector){.kind = shape.kind,
                          .width = shape.width,
                          .words_min = shape.words_min,
                          .words_max = shape.words_max,
                          .image_width = shape.image_width,
                          .image_height = shape.image_height,
                          .senses = compiler->senses,
                          .network = shape.network.handle};
    mw_buf text;
    mw_buf_init(&text, MW_EXPRESSION_SIZE_MAX);
    mw_buf_printf(&text, "%.*s(", MW_STR_ARGS(node->text));
    bool is_good = shape.input ? compile_input(scope, node, vector, &text)
                               : compile_args(scope, node, vector, &text);
    write_rest(&shape, &text);
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
