/*
 * refusals: which rows of a file were turned away, by what rule, with what value.
 *
 * A row is refused once, for the first rule that it breaks. Rules are few and counted; rows are
 * numbered from 0 in the order of the file, its heading not counted. Columns that a file has and
 * its stream has not are left out, which is no fault of any row: they are named beside.
 *
 * Texts are copied. One thread uses it.
 */
#pragma once
#include "base/str.h"

enum {
    MW_REFUSAL_RULES_MAX = 4096,
    MW_REFUSAL_VALUE_SIZE_MAX = 256,
    MW_STRANGE_COLUMNS_MAX = 64, /* that are named: keys of JSON may be without end */
};

typedef struct {
    mw_str text; /* "dep_delay: must be a finite number" */
    size_t row_count;
} mw_refusal_rule;

typedef struct {
    size_t row;
    size_t rule;  /* index */
    mw_str value; /* what broke it, clipped; may be empty */
} mw_refusal;

typedef struct {
    mw_arena arena;
    mw_refusal_rule *rules;
    size_t rule_count, rule_capacity;
    mw_refusal *items; /* in the order in which they came */
    size_t item_count, item_capacity;
    mw_str *columns; /* that the stream has not, in the order in which they came */
    size_t column_count, column_capacity;
} mw_refusals;

void mw_refusals_init(mw_refusals *refusals);
MW_MUST_USE mw_status mw_refuse(mw_refusals *refusals, size_t row, mw_str rule, mw_str value,
                                mw_error *err);
/* Likewise, with "name: " before the rule of an error such as `number: must be a finite number,
   got "x"`, and its value taken out of the message. */
MW_MUST_USE mw_status mw_refuse_for(mw_refusals *refusals, size_t row, mw_str name,
                                    const mw_error *reason, mw_error *err);
/* A column that the stream has not; once is enough. */
MW_MUST_USE mw_status mw_refuse_column(mw_refusals *refusals, mw_str name, mw_error *err);
void mw_refusals_release(mw_refusals *refusals);
