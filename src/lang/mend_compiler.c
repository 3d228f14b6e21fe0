#include "lang/mend_compiler.h"

#include <math.h>

#include "lang/typing.h"

static bool is_measured(mw_type type) {
    return type == MW_TYPE_NUMBER || type == MW_TYPE_DURATION;
}

static const mw_expr *refuse_type(mw_compiler *compiler, const mw_mend_declaration *mend,
                                  const char *what, mw_type type) {
    mw_complain(compiler, mend->position, MW_INVALID, "%s must be of a %s, got a %s", what,
                mend->kind == MW_MEND_UNITS ? "number" : "number or duration",
                mw_type_name(type));
    return NULL;
}

/* Bounds are of numbers, or of durations in seconds; one beyond all durations is the furthest. */
static const mw_expr *bound_of(mw_compiler *compiler, mw_type type, double bound) {
    const double seconds_max = 9e12;
    double seconds = fmax(-seconds_max, fmin(bound, seconds_max));
    mw_cell cell = type == MW_TYPE_NUMBER
                       ? mw_cell_number(bound)
                       : mw_cell_time((int64_t)llround(seconds * (double)MW_SECOND_US));
    return mw_expr_constant(compiler, type, cell);
}

static const mw_expr *at_most(mw_compiler *compiler, const mw_expr *a, const mw_expr *b) {
    mw_opcode op =
        a && a->type == MW_TYPE_NUMBER ? MW_OP_LESS_EQUAL_NUMBER : MW_OP_LESS_EQUAL;
    return mw_expr_binary(compiler, op, MW_TYPE_BOOL, a, b);
}

static const mw_expr *is_allowed(mw_compiler *compiler, const mw_mend_declaration *mend,
                                 const mw_expr *field) {
    const mw_expr **args = mw_compiler_alloc(compiler, mend->allowed_count + 1, sizeof *args);
    if (!args) return NULL;
    args[0] = field;
    for (size_t i = 0; i < mend->allowed_count; i++) {
        mw_cell cell;
        mw_error err = {0};
        if (mw_cell_parse(field->type, mend->allowed[i], compiler->zone, compiler->symbols, &cell,
                          &err) != MW_OK) {
            mw_complain(compiler, mend->position, MW_INVALID, "checks: %s", err.message);
            return NULL;
        }
        args[i + 1] = mw_expr_constant(compiler, field->type, cell);
    }
    mw_expr model = {.op = MW_OP_IN, .type = MW_TYPE_BOOL};
    return mw_expr_make(compiler, model, args, mend->allowed_count + 1);
}

/* NULL after complaining. */
static const mw_expr *is_good(mw_compiler *compiler, const mw_mend_declaration *mend,
                              const mw_expr *field) {
    const mw_expr *good = mw_expr_not_missing(compiler, field);
    bool has_bounds = is_measured(field->type);
    if (has_bounds && !isinf(mend->min))
        good = mw_expr_and(compiler, good,
                           at_most(compiler, bound_of(compiler, field->type, mend->min), field));
    if (has_bounds && !isinf(mend->max))
        good = mw_expr_and(compiler, good,
                           at_most(compiler, field, bound_of(compiler, field->type, mend->max)));
    if (mend->allowed_count == 0) return good;
    const mw_expr *allowed = is_allowed(compiler, mend, field);
    return allowed ? mw_expr_and(compiler, good, allowed) : NULL;
}

/* A missing value stays missing: it is neither below nor above. */
static const mw_expr *clip(mw_compiler *compiler, const mw_mend_declaration *mend,
                           const mw_expr *field) {
    const mw_expr *result = field;
    if (!is_measured(field->type)) return refuse_type(compiler, mend, "clip", field->type);
    if (isinf(mend->min) && isinf(mend->max)) {
        mw_complain(compiler, mend->position, MW_INVALID, "clip needs the bounds of a check");
        mw_complain_hint(compiler, "Add checks: {%.*s: {min: ..., max: ...}}.",
                         MW_STR_ARGS(mend->name));
        return NULL;
    }
    if (!isinf(mend->max)) {
        const mw_expr *max = bound_of(compiler, field->type, mend->max);
        result = mw_expr_select(compiler, at_most(compiler, max, field), max, result);
    }
    if (isinf(mend->min)) return result;
    const mw_expr *min = bound_of(compiler, field->type, mend->min);
    return mw_expr_select(compiler, at_most(compiler, field, min), min, result);
}

static const mw_expr *set_default(mw_compiler *compiler, const mw_mend_declaration *mend,
                                  const mw_expr *field, const mw_expr *value) {
    if (!value) return NULL;
    if (!mw_expr_is_constant(value) || !mw_types_match(field->type, value->type)) {
        mw_complain(compiler, mend->value.position, MW_INVALID,
                    "a default must be a %s, and a constant, got a %s", mw_type_name(field->type),
                    mw_type_name(value->type));
        return NULL;
    }
    const mw_expr *good = is_good(compiler, mend, field);
    const mw_expr *constant = mw_expr_constant(compiler, field->type, value->constant);
    return mw_expr_select(compiler, good, field, constant);
}

const mw_expr *mw_compile_mend(mw_compiler *compiler, const mw_mend_declaration *mend,
                               const mw_expr *field, const mw_expr *value) {
    switch (mend->kind) {
    case MW_MEND_UNITS:
        if (field->type != MW_TYPE_NUMBER)
            return refuse_type(compiler, mend, "a unit", field->type);
        return mw_expr_binary(compiler, MW_OP_MULTIPLY, MW_TYPE_NUMBER, field,
                              mw_expr_constant(compiler, MW_TYPE_NUMBER,
                                               mw_cell_number(mend->factor)));
    case MW_MEND_CLIP: return clip(compiler, mend, field);
    case MW_MEND_DROP: return is_good(compiler, mend, field);
    case MW_MEND_DEFAULT: break;
    }
    return set_default(compiler, mend, field, value);
}
