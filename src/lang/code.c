#include "lang/opcode.h"

#include "lang/functions.h"

#include <math.h>

mw_type mw_code_type(const mw_code *code) {
    return code->type;
}

int32_t mw_code_field(const mw_code *code) {
    return code->field;
}

int32_t mw_code_window(const mw_code *code) {
    bool is_window = code->instruction_count == 1 && code->instructions[0].op == MW_OP_WINDOW;
    return is_window ? code->instructions[0].operand : -1;
}

mw_str mw_code_text(const mw_code *code) {
    return code->text;
}

static bool reads(const mw_code *code, mw_opcode op, int32_t index) {
    for (size_t i = 0; i < code->instruction_count; i++)
        if (code->instructions[i].op == op && code->instructions[i].operand == index) return true;
    for (size_t i = 0; code->vector && i < code->vector->arg_count; i++)
        if (reads(code->vector->args[i], op, index)) return true;
    return false;
}

bool mw_code_reads_field(const mw_code *code, int32_t field) {
    return code->field == field || reads(code, MW_OP_FIELD, field);
}

bool mw_code_reads_window(const mw_code *code, int32_t window) {
    return reads(code, MW_OP_WINDOW, window);
}

bool mw_code_reads_feature(const mw_code *code, int32_t feature) {
    return reads(code, MW_OP_FEATURE, feature);
}

bool mw_code_reads_within(const mw_code *code, int32_t within) {
    return reads(code, MW_OP_WITHIN, within);
}

bool mw_code_reads_now(const mw_code *code) {
    for (size_t i = 0; i < code->instruction_count; i++) {
        uint16_t op = code->instructions[i].op;
        if (op == MW_OP_NOW || op == MW_OP_NOW_TIME || op == MW_OP_WINDOW) return true;
    }
    return false;
}

bool mw_code_reads_now_field(const mw_code *code, int32_t field) {
    return reads(code, MW_OP_NOW, field);
}

bool mw_code_makes_text(const mw_code *code) {
    for (size_t i = 0; i < code->instruction_count; i++) {
        if (code->instructions[i].op != MW_OP_CALL) continue;
        mw_type result = mw_function_at(code->instructions[i].operand)->result;
        if (result != MW_TYPE_NUMBER && result != MW_TYPE_BOOL) return true;
    }
    return false;
}

/* Spans and times: int64 us, all but MW_TIME_MISSING; what does not fit is missing. */
static int64_t add_us(int64_t a, int64_t b) {
    int64_t sum;
    if (a == MW_TIME_MISSING || b == MW_TIME_MISSING || __builtin_add_overflow(a, b, &sum))
        return MW_TIME_MISSING;
    return sum;
}

static int64_t subtract_us(int64_t a, int64_t b) {
    int64_t difference;
    if (a == MW_TIME_MISSING || b == MW_TIME_MISSING || __builtin_sub_overflow(a, b, &difference))
        return MW_TIME_MISSING;
    return difference;
}

static int64_t time_in_range(int64_t us) {
    return mw_time_is_in_range(us) ? us : MW_TIME_MISSING;
}

/* To the nearest us, halves to even. */
static int64_t us_of(double us) {
    return fabs(us) < 0x1p63 ? (int64_t)rint(us) : MW_TIME_MISSING;
}

static double double_of(int64_t us) {
    return us == MW_TIME_MISSING ? NAN : (double)us;
}

static uint64_t truth(bool is_known, bool value) {
    return is_known ? (uint64_t)value : MW_BOOL_MISSING;
}

static uint64_t compare_numbers(mw_opcode op, double a, double b) {
    bool value = op == MW_OP_EQUAL_NUMBER ? a == b : op == MW_OP_LESS_NUMBER ? a < b : a <= b;
    return truth(!isnan(a) && !isnan(b), value);
}

static uint64_t compare_cells(mw_opcode op, mw_type type, mw_cell a, mw_cell b,
                              const mw_symbols *symbols) {
    if (mw_cell_is_missing(type, a) || mw_cell_is_missing(type, b)) return MW_BOOL_MISSING;
    if (op == MW_OP_EQUAL) return a.bits == b.bits;
    int order = mw_cell_compare(type, a, b, symbols);
    return op == MW_OP_LESS ? order < 0 : order <= 0;
}

static uint64_t and_of(uint64_t a, uint64_t b) {
    if (a == MW_FALSE || b == MW_FALSE) return MW_FALSE;
    return a == MW_TRUE && b == MW_TRUE ? MW_TRUE : MW_BOOL_MISSING;
}

static uint64_t or_of(uint64_t a, uint64_t b) {
    if (a == MW_TRUE || b == MW_TRUE) return MW_TRUE;
    return a == MW_FALSE && b == MW_FALSE ? MW_FALSE : MW_BOOL_MISSING;
}

static uint64_t not_of(uint64_t a) {
    return a == MW_BOOL_MISSING ? a : a ^ 1;
}

/* list[0] is what is missing; equal values have equal bits. */
static uint64_t is_in(mw_cell cell, const mw_cell *list, size_t count) {
    if (cell.bits == list[0].bits) return MW_BOOL_MISSING;
    for (size_t i = 1; i <= count; i++)
        if (list[i].bits == cell.bits) return MW_TRUE;
    return MW_FALSE;
}

/* Operations on one or two operands; the result takes the place of `a`. */
static void operate(mw_opcode op, int32_t operand, mw_cell *a, const mw_frame *frame) {
    const mw_cell *b = a + 1; /* read by those with two */
    switch (op) {
    case MW_OP_NEGATE: *a = mw_cell_number(-a->number); break;
    case MW_OP_ADD: *a = mw_cell_number(a->number + b->number); break;
    case MW_OP_SUBTRACT: *a = mw_cell_number(a->number - b->number); break;
    case MW_OP_MULTIPLY: *a = mw_cell_number(a->number * b->number); break;
    case MW_OP_DIVIDE: *a = mw_cell_number(a->number / b->number); break;
    case MW_OP_NEGATE_SPAN: a->time = subtract_us(0, a->time); break;
    case MW_OP_ADD_SPAN: a->time = add_us(a->time, b->time); break;
    case MW_OP_SUBTRACT_SPAN:
    case MW_OP_ELAPSED: a->time = subtract_us(a->time, b->time); break;
    case MW_OP_SCALE_SPAN: a->time = us_of(double_of(a->time) * b->number); break;
    case MW_OP_DIVIDE_SPAN: a->time = us_of(double_of(a->time) / b->number); break;
    case MW_OP_PROPORTION: *a = mw_cell_number(double_of(a->time) / double_of(b->time)); break;
    case MW_OP_SHIFT: a->time = time_in_range(add_us(a->time, b->time)); break;
    case MW_OP_SHIFT_BACK: a->time = time_in_range(subtract_us(a->time, b->time)); break;
    case MW_OP_SECONDS: *a = mw_cell_number(double_of(a->time) / 1e6); break;
    case MW_OP_SPAN_OF_SECONDS: a->time = us_of(a->number * 1e6); break;
    case MW_OP_NUMBER_OF_BOOL:
        *a = mw_cell_number(a->boolean == MW_BOOL_MISSING ? NAN : (double)a->boolean);
        break;
    case MW_OP_EQUAL_NUMBER:
    case MW_OP_LESS_NUMBER:
    case MW_OP_LESS_EQUAL_NUMBER: a->boolean = compare_numbers(op, a->number, b->number); break;
    case MW_OP_EQUAL:
    case MW_OP_LESS:
    case MW_OP_LESS_EQUAL:
        a->boolean = compare_cells(op, (mw_type)operand, *a, *b, frame->symbols);
        break;
    case MW_OP_AND: a->boolean = and_of(a->boolean, b->boolean); break;
    case MW_OP_OR: a->boolean = or_of(a->boolean, b->boolean); break;
    case MW_OP_NOT: a->boolean = not_of(a->boolean); break;
    case MW_OP_MISSING: *a = mw_cell_bool(mw_cell_is_missing((mw_type)operand, *a)); break;
    case MW_OP_COALESCE:
        if (mw_cell_is_missing((mw_type)operand, *a)) *a = *b;
        break;
    default: MW_ASSERT(false && "an operation");
    }
}

static bool has_one_operand(mw_opcode op) {
    return op == MW_OP_NEGATE || op == MW_OP_NEGATE_SPAN || op == MW_OP_SECONDS ||
           op == MW_OP_SPAN_OF_SECONDS || op == MW_OP_NUMBER_OF_BOOL || op == MW_OP_NOT ||
           op == MW_OP_MISSING;
}

/* Apart, so that who reads a field alone makes no room for a stack. */
__attribute__((noinline)) static mw_cell run_instructions(const mw_code *code,
                                                          const mw_frame *frame) {
    mw_cell stack[MW_CODE_STACK_MAX];
    mw_cell *top = stack; /* one past the last */
    for (size_t i = 0; i < code->instruction_count; i++) {
        mw_instruction now = code->instructions[i];
        switch ((mw_opcode)now.op) {
        case MW_OP_FIELD: *top++ = frame->row[now.operand]; break;
        case MW_OP_WINDOW: *top++ = frame->windows[now.operand]; break;
        case MW_OP_NOW: *top++ = frame->now[now.operand]; break;
        case MW_OP_FEATURE: *top++ = frame->features[now.operand]; break;
        case MW_OP_WITHIN: *top++ = frame->withins[now.operand]; break;
        case MW_OP_TIME: *top++ = mw_cell_time(frame->time_us); break;
        case MW_OP_NOW_TIME: *top++ = mw_cell_time(frame->now_us); break;
        case MW_OP_VECTOR:
            *top++ = mw_vector_number(code->vector, (size_t)now.operand, frame);
            break;
        case MW_OP_CONSTANT: *top++ = code->constants[now.operand]; break;
        case MW_OP_SELECT:
            top -= 2;
            if (top[0].boolean == MW_TRUE) top[-1] = top[1];
            break;
        case MW_OP_IN:
            top[-1].boolean = is_in(top[-1], code->constants + now.operand, now.count);
            break;
        case MW_OP_CALL:
            top -= now.count;
            *top = mw_function_at(now.operand)->kernel(top, now.count, frame);
            top++;
            break;
        default:
            if (!has_one_operand((mw_opcode)now.op)) top--;
            operate((mw_opcode)now.op, now.operand, top - 1, frame);
        }
    }
    MW_ASSERT(top == stack + 1);
    return stack[0];
}

mw_cell mw_code_run(const mw_code *code, const mw_frame *frame) {
    if (code->field != MW_NO_FIELD) return frame->row[code->field];
    return run_instructions(code, frame);
}
