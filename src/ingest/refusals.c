#include "ingest/refusals.h"

#include <string.h>

void mw_refusals_init(mw_refusals *refusals) {
    *refusals = (mw_refusals){.rule_count = 0};
    mw_arena_init(&refusals->arena, (size_t)1 << 32);
}

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "ingest: no memory for refused rows");
}

static mw_status find_rule(mw_refusals *refusals, mw_str text, size_t *out_rule,
                           mw_error *err) {
    for (size_t i = 0; i < refusals->rule_count; i++) {
        if (!mw_str_equal(refusals->rules[i].text, text)) continue;
        *out_rule = i;
        return MW_OK;
    }
    void *rules = refusals->rules;
    bool grown = mw_grow(&rules, &refusals->rule_capacity, refusals->rule_count + 1,
                         sizeof *refusals->rules, MW_REFUSAL_RULES_MAX);
    refusals->rules = rules;
    mw_str copy = grown ? mw_str_copy(&refusals->arena, text) : (mw_str){0};
    if (!copy.data) return no_memory(err);
    refusals->rules[refusals->rule_count] = (mw_refusal_rule){.text = copy};
    *out_rule = refusals->rule_count++;
    return MW_OK;
}

mw_status mw_refuse(mw_refusals *refusals, size_t row, mw_str rule, mw_str value,
                    mw_error *err) {
    size_t number = 0;
    MW_TRY(find_rule(refusals, rule, &number, err));
    void *items = refusals->items;
    bool grown = mw_grow(&items, &refusals->item_capacity, refusals->item_count + 1,
                         sizeof *refusals->items, SIZE_MAX / sizeof *refusals->items);
    refusals->items = items;
    mw_str clipped = mw_str_slice(value, 0, MW_REFUSAL_VALUE_SIZE_MAX);
    mw_str copy = grown ? mw_str_copy(&refusals->arena, clipped) : (mw_str){0};
    if (!copy.data) return no_memory(err);
    refusals->items[refusals->item_count++] = (mw_refusal){row, number, copy};
    refusals->rules[number].row_count++;
    return MW_OK;
}

/* Without the quotes around it. */
static mw_str unquoted(mw_str value) {
    bool is_quoted = value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"';
    return is_quoted ? mw_str_slice(value, 1, value.size - 1) : value;
}

mw_status mw_refuse_for(mw_refusals *refusals, size_t row, mw_str name, const mw_error *reason,
                        mw_error *err) {
    mw_str message = mw_str_of(reason->message);
    const char *colon = strstr(reason->message, ": ");
    const char *got = strstr(reason->message, ", got ");
    size_t from = colon ? (size_t)(colon - message.data) + 2 : 0;
    size_t to = got ? (size_t)(got - message.data) : message.size;
    mw_str value = got ? unquoted(mw_str_slice(message, to + 6, message.size)) : MW_STR("");
    mw_str said = mw_str_slice(message, from, to);
    mw_buf rule;
    mw_buf_init(&rule, 2 * MW_ERROR_MESSAGE_MAX);
    mw_buf_printf(&rule, "%.*s: %.*s", MW_STR_ARGS(name), MW_STR_ARGS(said));
    mw_status status = mw_buf_check(&rule, "ingest: a rule", err);
    if (status == MW_OK) status = mw_refuse(refusals, row, mw_buf_str(&rule), value, err);
    mw_buf_release(&rule);
    return status;
}

mw_status mw_refuse_column(mw_refusals *refusals, mw_str name, mw_error *err) {
    name = mw_str_slice(name, 0, MW_REFUSAL_VALUE_SIZE_MAX);
    for (size_t i = 0; i < refusals->column_count; i++)
        if (mw_str_equal(refusals->columns[i], name)) return MW_OK;
    if (refusals->column_count == MW_STRANGE_COLUMNS_MAX) return MW_OK;
    void *columns = refusals->columns;
    bool grown = mw_grow(&columns, &refusals->column_capacity, refusals->column_count + 1,
                         sizeof *refusals->columns, MW_STRANGE_COLUMNS_MAX);
    refusals->columns = columns;
    mw_str copy = grown ? mw_str_copy(&refusals->arena, name) : (mw_str){0};
    if (!copy.data) return no_memory(err);
    refusals->columns[refusals->column_count++] = copy;
    return MW_OK;
}

void mw_refusals_release(mw_refusals *refusals) {
    mw_free(refusals->columns);
    mw_free(refusals->rules);
    mw_free(refusals->items);
    mw_arena_release(&refusals->arena);
    *refusals = (mw_refusals){.rule_count = 0};
}
