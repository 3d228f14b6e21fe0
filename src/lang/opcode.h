/*
 * opcode: the instructions of compiled code and their layout; private to lang.
 *
 * A stack machine: operands are popped, one result is pushed. Types are settled at compile
 * time, so an instruction looks at none. Spans and times are int64 us. All instructions are
 * total: what has no value gives the missing one.
 */
#pragma once
#include "lang/vector.h"

#include <assert.h>

/* name, how people write it (NULL: printed in a way of its own) */
#define MW_OPCODE_MAP(X)                                                                       \
    X(FIELD, NULL) X(WINDOW, NULL) X(FEATURE, NULL) X(NOW, NULL) X(WITHIN, NULL)                \
    X(TIME, "time") X(NOW_TIME, "now.time")                                                    \
    X(CONSTANT, NULL) /* operand: its index; `count`: its type */                              \
    X(NEGATE, "-") X(ADD, "+") X(SUBTRACT, "-") X(MULTIPLY, "*") X(DIVIDE, "/")                \
    X(NEGATE_SPAN, "-") X(ADD_SPAN, "+") X(SUBTRACT_SPAN, "-") /* span and span */             \
    X(SCALE_SPAN, "*") X(DIVIDE_SPAN, "/")                     /* span and number */           \
    X(PROPORTION, "/")                                         /* span / span, a number */     \
    X(SHIFT, "+") X(SHIFT_BACK, "-")                           /* time and span */             \
    X(ELAPSED, "-")                                            /* time - time, a span */       \
    X(SECONDS, NULL) X(SPAN_OF_SECONDS, NULL) X(NUMBER_OF_BOOL, NULL)                          \
    X(EQUAL_NUMBER, "=") X(LESS_NUMBER, "<") X(LESS_EQUAL_NUMBER, "<=")                        \
    X(EQUAL, "=") X(LESS, "<") X(LESS_EQUAL, "<=")             /* operand: the type */         \
    X(AND, "and") X(OR, "or") X(NOT, "not")                                                    \
    X(MISSING, "missing") X(COALESCE, "coalesce")              /* operand: the type */         \
    X(SELECT, NULL) /* otherwise, condition, value */                                          \
    X(IN, NULL)     /* operand: a constant, what is missing; `count` to look for follow */       \
    X(CALL, NULL)   /* operand: the function; pops `count` */                                  \
    X(VECTOR, NULL) /* operand: which number of the code's vector */

typedef enum {
#define X(name, sign) MW_OP_##name,
    MW_OPCODE_MAP(X)
#undef X
    MW_OP_COUNT
} mw_opcode;

typedef struct {
    uint16_t op;
    uint16_t count;
    int32_t operand;
} mw_instruction;
static_assert(sizeof(mw_instruction) == 8, "eight instructions to a cache line");

enum { MW_CODE_STACK_MAX = 256, MW_CODE_SIZE_MAX = 16384 };

struct mw_code {
    const mw_instruction *instructions;
    size_t instruction_count;
    const mw_cell *constants;
    const mw_vector *vector; /* whose number VECTOR pushes */
    int32_t field; /* the code is this field alone, or MW_NO_FIELD */
    mw_type type;
    mw_str text;
};
