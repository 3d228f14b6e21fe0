#include "lang/outside.h"

#include "lang/opcode.h"

bool mw_vector_is_outside(const mw_vector *vector) {
    return vector->kind == MW_VECTOR_PIXELS || vector->kind == MW_VECTOR_EMBEDDED;
}

bool mw_vector_takes_text(const mw_vector *vector) {
    while (vector->input) vector = vector->input;
    return vector->kind != MW_VECTOR_NUMBERS;
}

static const mw_code *field_code(const mw_code *like, size_t field, mw_arena *arena) {
    mw_instruction *instruction = mw_arena_alloc(arena, 1, sizeof *instruction);
    mw_code *code = mw_arena_alloc(arena, 1, sizeof *code);
    if (!instruction || !code) return NULL;
    *instruction = (mw_instruction){.op = MW_OP_FIELD, .operand = (int32_t)field};
    *code = (mw_code){.instructions = instruction,
                      .instruction_count = 1,
                      .field = (int32_t)field,
                      .type = like->type,
                      .text = like->text};
    return code;
}

static const mw_code **field_codes(const mw_vector *vector, mw_arena *arena) {
    const mw_code **codes = mw_arena_alloc(arena, vector->arg_count, sizeof *codes);
    for (size_t i = 0; codes && i < vector->arg_count; i++) {
        codes[i] = field_code(vector->args[i], i, arena);
        if (!codes[i]) return NULL;
    }
    return codes;
}

const mw_vector *mw_vector_over_row(const mw_vector *vector, mw_arena *arena) {
    mw_vector *copy = mw_arena_alloc(arena, 1, sizeof *copy);
    if (!copy) return NULL;
    *copy = *vector;
    if (!vector->input) {
        copy->args = field_codes(vector, arena);
        return copy->args ? copy : NULL;
    }
    copy->input = mw_vector_over_row(vector->input, arena);
    if (!copy->input) return NULL;
    copy->args = copy->input->args; /* as the compiler has it */
    return copy;
}
