/*
 * expr: an expression whose names and types are known; what code is made from.
 *
 * Makers fold what is constant and pass NULL on: a maker that gets NULL, or finds no memory,
 * gives NULL. Expressions are immutable and may share parts. Private to lang.
 */
#pragma once
#include "lang/compiler.h"
#include "lang/opcode.h"

typedef struct mw_expr mw_expr;
struct mw_expr {
    mw_opcode op;
    mw_type type;
    int32_t operand;      /* as in mw_instruction; of EQUAL, MISSING ...: the operands' type */
    mw_cell constant;     /* CONSTANT alone */
    mw_str name;          /* of a field or feature; the text of a window */
    bool is_hidden;       /* FIELD: a feature has its name, so it is written `now.name` */
    const mw_expr **args; /* SELECT: otherwise, condition, value; IN: the value, the list */
    size_t arg_count;
    size_t size; /* operations of its code, a shared part once a use; MW_CODE_SIZE_MAX + 1: more */
    const mw_expr *now; /* the same inside a window (mw_expr_now), once that has been asked for */
};

const mw_expr *mw_expr_constant(mw_compiler *compiler, mw_type type, mw_cell cell);
/* FIELD, NOW, WINDOW, WITHIN or FEATURE number `index`. */
const mw_expr *mw_expr_load(mw_compiler *compiler, mw_opcode op, mw_type type, int32_t index,
                            mw_str name);
const mw_expr *mw_expr_time(mw_compiler *compiler);
const mw_expr *mw_expr_unary(mw_compiler *compiler, mw_opcode op, mw_type type, const mw_expr *a);
const mw_expr *mw_expr_binary(mw_compiler *compiler, mw_opcode op, mw_type type, const mw_expr *a,
                              const mw_expr *b);
/* Any operation; the args are copied. */
const mw_expr *mw_expr_make(mw_compiler *compiler, mw_expr model, const mw_expr *const *args,
                            size_t arg_count);
/* What either of two values that match is: a category, if they are two kinds of text. */
mw_type mw_expr_common_type(mw_type a, mw_type b);
/* `value` where the condition is true, else `otherwise`; their types match. */
const mw_expr *mw_expr_select(mw_compiler *compiler, const mw_expr *condition,
                              const mw_expr *value, const mw_expr *otherwise);
/* `a` and `b`, either of which may stand for no condition as NULL. */
const mw_expr *mw_expr_and(mw_compiler *compiler, const mw_expr *a, const mw_expr *b);
const mw_expr *mw_expr_not_missing(mw_compiler *compiler, const mw_expr *value);

/* An expression over the moment as it stands inside a window, where the bare names are the event's.
   What has been asked for before is found again, so what is shared stays shared. */
const mw_expr *mw_expr_now(mw_compiler *compiler, const mw_expr *expr);
bool mw_expr_is_constant(const mw_expr *expr);
/* Complains, at `position`, of one that is too large. Whoever walks an expression whose parts may
   be shared asks first, since each use of a part is a walk of its own. */
MW_MUST_USE bool mw_expr_check_size(mw_compiler *compiler, const mw_expr *expr,
                                    mw_position position);
/* One spelling for one meaning. */
void mw_expr_write(const mw_compiler *compiler, const mw_expr *expr, mw_buf *out);
mw_str mw_expr_text(mw_compiler *compiler, const mw_expr *expr);
/* NULL when it is too large (told, at `position`) or memory is out. */
const mw_code *mw_expr_compile(mw_compiler *compiler, const mw_expr *expr, mw_position position);
