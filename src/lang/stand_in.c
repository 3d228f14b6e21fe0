#include "lang/stand_in.h"

#include "lang/parser.h"
#include "lang/typing.h"

/* What names mean: as outside of windows in a feature, of a program that stands. */
typedef struct {
    mw_scope scope;
    const mw_model_program *model;
    const mw_schema *moment;
} stand_in_scope;

static const mw_expr *resolve_feature(const stand_in_scope *names, size_t index,
                                      const mw_node *node) {
    const mw_feature *feature = &names->model->features[index];
    mw_compiler *compiler = names->scope.compiler;
    if (feature->fits.count == 0)
        return mw_expr_load(compiler, MW_OP_FEATURE, feature->type, (int32_t)index, feature->name);
    mw_complain(compiler, node->position, MW_INVALID,
                "%.*s is fitted in training, so only the learner can read it",
                MW_STR_ARGS(node->text));
    return NULL;
}

static void refuse_name(const stand_in_scope *names, const mw_node *node) {
    mw_compiler *compiler = names->scope.compiler;
    mw_complain(compiler, node->position, MW_INVALID,
                "there is no feature %.*s, and no such field of the moment",
                MW_STR_ARGS(node->text));
    mw_nearest nearest = mw_nearest_to(node->text);
    mw_nearest_offer_text(&nearest, "previous");
    mw_nearest_offer_text(&nearest, "baseline");
    for (size_t i = 0; i < names->moment->field_count; i++)
        mw_nearest_offer(&nearest, names->moment->fields[i].name);
    for (size_t i = 0; i < names->model->feature_count; i++)
        mw_nearest_offer(&nearest, names->model->features[i].name);
    mw_diagnose_nearest(compiler->diagnostics, &nearest);
}

static const mw_expr *resolve(mw_scope *scope, const mw_node *node) {
    const stand_in_scope *names = (const stand_in_scope *)scope;
    bool is_now = node->kind == MW_NODE_MEMBER && mw_str_is(node->owner, "now");
    if (node->kind != MW_NODE_NAME && !is_now) {
        mw_complain(scope->compiler, node->position, MW_INVALID,
                    "it must be over features and the moment's fields alone");
        mw_complain_hint(scope->compiler, "Let what looks at other events be a feature, and name "
                                          "that.");
        return NULL;
    }
    if (!is_now && mw_str_is(node->text, "time")) return mw_expr_time(scope->compiler);
    for (size_t i = 0; !is_now && i < names->model->feature_count; i++)
        if (mw_str_equal(names->model->features[i].name, node->text))
            return resolve_feature(names, i, node);
    int32_t field = mw_schema_find(names->moment, node->text);
    if (field != MW_NO_FIELD)
        return mw_expr_load(scope->compiler, MW_OP_FIELD, names->moment->fields[field].type, field,
                            names->moment->fields[field].name);
    refuse_name(names, node);
    return NULL;
}

static bool is_missing(const mw_stand_in *stand_in, mw_cell answer) {
    return mw_cell_is_missing(mw_code_type(stand_in->code), answer);
}

/* Of nothing at all. */
static mw_cell run_blind(const mw_stand_in *stand_in, const mw_frame *frame) {
    mw_frame blind = *frame;
    blind.row = stand_in->no_row;
    blind.features = stand_in->no_features;
    blind.time_us = MW_TIME_MISSING;
    return mw_code_run(stand_in->code, &blind);
}

static const mw_code *compile(stand_in_scope *names, mw_source source) {
    mw_compiler *compiler = names->scope.compiler;
    const mw_node *node = mw_parse_expression(compiler, source);
    const mw_expr *expr = node ? mw_type_node(&names->scope, node) : NULL;
    if (!expr) return NULL;
    if (expr->type == MW_TYPE_BOOL || expr->type == MW_TYPE_NUMBER)
        return mw_expr_compile(compiler, expr, source.position);
    mw_complain(compiler, source.position, MW_INVALID, "must be a bool or a number, got a %s",
                mw_type_name(expr->type));
    return NULL;
}

static void check_blind(mw_compiler *compiler, const mw_stand_in *stand_in, mw_source source) {
    mw_frame frame = {.symbols = compiler->symbols, .zone = compiler->zone};
    mw_cell answer = run_blind(stand_in, &frame);
    if (mw_symbols_settle(compiler->symbols, NULL) != MW_OK) compiler->out_of_memory = true;
    if (!is_missing(stand_in, answer)) return;
    mw_complain(compiler, source.position, MW_INVALID,
                "it must have a value where nothing is known");
    mw_complain_hint(compiler, "Say which: coalesce(EXPRESSION, %s).",
                     mw_code_type(stand_in->code) == MW_TYPE_BOOL ? "false" : "0.5");
}

static mw_status status_of(const mw_compiler *compiler) {
    bool lacks_memory = compiler->out_of_memory || compiler->diagnostics->out_of_memory;
    return lacks_memory ? MW_NO_MEMORY : compiler->status;
}

mw_status mw_stand_in_compile(mw_stand_in_wish wish, mw_arena *arena, mw_diagnostics *diagnostics,
                              mw_stand_in *out_stand_in) {
    mw_compiler compiler = {.arena = arena,
                            .symbols = wish.symbols,
                            .zone = wish.program->zone,
                            .diagnostics = diagnostics};
    stand_in_scope names = {.scope = {&compiler, resolve},
                            .model = wish.model,
                            .moment = &wish.program->streams[wish.model->moment_stream].schema};
    size_t field_count = names.moment->field_count, feature_count = wish.model->feature_count;
    compiler.subject =
        mw_compiler_text(&compiler, "serving.%.*s.fallback", MW_STR_ARGS(wish.model->name));
    mw_cell *cells = mw_compiler_alloc(&compiler, field_count + feature_count + 1, sizeof *cells);
    if (!cells) return MW_NO_MEMORY;
    for (size_t i = 0; i < field_count; i++)
        cells[i] = mw_cell_missing(names.moment->fields[i].type);
    for (size_t i = 0; i < feature_count; i++)
        cells[field_count + i] = mw_cell_missing(wish.model->features[i].type);
    mw_stand_in made = {compile(&names, wish.source), cells, cells + field_count};
    if (made.code) check_blind(&compiler, &made, wish.source);
    MW_TRY(status_of(&compiler));
    *out_stand_in = made;
    return MW_OK;
}

mw_cell mw_stand_in_run(const mw_stand_in *stand_in, const mw_frame *frame) {
    mw_frame known = *frame;
    if (!known.row) known.row = stand_in->no_row;
    if (!known.features) known.features = stand_in->no_features;
    mw_cell answer = mw_code_run(stand_in->code, &known);
    bool is_whole = mw_symbols_settle(frame->symbols, NULL) == MW_OK;
    return is_whole && !is_missing(stand_in, answer) ? answer : run_blind(stand_in, frame);
}
