#include "ingest/row_check.h"

#include <math.h>

typedef struct {
    int32_t field;
    mw_type type;
    mw_str name;
    const mw_cell *allowed;
    size_t allowed_count;
    double min, max, missing_share_max;
    size_t missing_count;
    mw_str set_rule, bounds_rule, missing_rule;
} check;

struct mw_row_checks {
    check *items;
    size_t count, row_count;
    const mw_symbols *symbols;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "checks: no memory");
}

/* "origin: must be one of EWR, JFK, LGA", and the like; built once, for rules are counted. */
static void word_rules(const mw_column_check *from, mw_buf *set, mw_buf *bounds,
                       mw_buf *missing) {
    mw_buf_printf(set, "%.*s: must be one of ", MW_STR_ARGS(from->column));
    for (size_t i = 0; i < from->allowed_count; i++)
        mw_buf_printf(set, "%s%.*s", i > 0 ? ", " : "", MW_STR_ARGS(from->allowed[i]));
    mw_buf_printf(bounds, "%.*s: must be", MW_STR_ARGS(from->column));
    if (!isinf(from->min)) {
        mw_buf_append_text(bounds, " at least ");
        mw_buf_append_double(bounds, from->min);
    }
    if (!isinf(from->max)) {
        mw_buf_append_text(bounds, isinf(from->min) ? " at most " : " and at most ");
        mw_buf_append_double(bounds, from->max);
    }
    mw_buf_printf(missing, "%.*s: must be there in all but ", MW_STR_ARGS(from->column));
    mw_buf_append_double(missing, from->missing_share_max * 100);
    mw_buf_append_text(missing, "% of the rows");
}

static mw_status write_rules(mw_arena *arena, const mw_column_check *from, check *to,
                             mw_error *err) {
    mw_buf texts[3];
    for (int i = 0; i < 3; i++) mw_buf_init(&texts[i], 1 << 16);
    word_rules(from, &texts[0], &texts[1], &texts[2]);
    to->set_rule = mw_str_copy(arena, mw_buf_str(&texts[0]));
    to->bounds_rule = mw_str_copy(arena, mw_buf_str(&texts[1]));
    to->missing_rule = mw_str_copy(arena, mw_buf_str(&texts[2]));
    for (int i = 0; i < 3; i++) mw_buf_release(&texts[i]);
    bool has_room = to->set_rule.data && to->bounds_rule.data && to->missing_rule.data;
    return has_room ? MW_OK : no_memory(err);
}

static mw_status read_allowed(mw_arena *arena, const mw_column_check *from, mw_symbols *symbols,
                              check *to, mw_error *err) {
    mw_cell *allowed = mw_arena_alloc(arena, from->allowed_count + 1, sizeof *allowed);
    if (!allowed) return no_memory(err);
    for (size_t i = 0; i < from->allowed_count; i++) {
        mw_status status =
            mw_cell_parse(to->type, from->allowed[i], NULL, symbols, &allowed[i], err);
        if (status != MW_OK)
            return mw_fail_within(err, status, "checks: %.*s", MW_STR_ARGS(from->column));
    }
    to->allowed = allowed;
    to->allowed_count = from->allowed_count;
    return MW_OK;
}

static mw_status create_one(mw_arena *arena, const mw_column_check *from, const mw_schema *row,
                            mw_symbols *symbols, check *to, mw_error *err) {
    to->field = mw_schema_find(row, from->column);
    if (to->field == MW_NO_FIELD)
        return mw_fail(err, MW_NOT_FOUND, "checks: there is no column %.*s",
                       MW_STR_ARGS(from->column));
    to->type = row->fields[to->field].type;
    to->name = from->column;
    to->min = from->min;
    to->max = from->max;
    to->missing_share_max = from->missing_share_max;
    MW_TRY(read_allowed(arena, from, symbols, to, err));
    return write_rules(arena, from, to, err);
}

mw_status mw_row_checks_create(mw_arena *arena, const mw_project_stream *stream,
                               const mw_schema *row, mw_symbols *symbols,
                               mw_row_checks **out_checks, mw_error *err) {
    mw_row_checks *checks = mw_arena_alloc(arena, 1, sizeof *checks);
    check *items = mw_arena_alloc(arena, stream->check_count + 1, sizeof *items);
    if (!checks || !items) return no_memory(err);
    *checks = (mw_row_checks){items, stream->check_count, 0, symbols};
    for (size_t i = 0; i < stream->check_count; i++)
        MW_TRY(create_one(arena, &stream->checks[i], row, symbols, &items[i], err));
    *out_checks = checks;
    return MW_OK;
}

void mw_row_checks_count(mw_row_checks *checks, const mw_cell *row) {
    checks->row_count++;
    for (size_t i = 0; i < checks->count; i++) {
        check *one = &checks->items[i];
        one->missing_count += mw_cell_is_missing(one->type, row[one->field]);
    }
}

static bool is_allowed(const check *one, mw_cell cell) {
    for (size_t i = 0; i < one->allowed_count; i++)
        if (one->allowed[i].bits == cell.bits) return true;
    return one->allowed_count == 0;
}

/* Bounds are of numbers, or of durations in seconds. */
static bool is_within(const check *one, mw_cell cell) {
    if (one->type == MW_TYPE_NUMBER) return cell.number >= one->min && cell.number <= one->max;
    if (one->type != MW_TYPE_DURATION) return true;
    double seconds = (double)cell.time / (double)MW_SECOND_US;
    return seconds >= one->min && seconds <= one->max;
}

/* The rule that a cell breaks, or an empty text. */
static mw_str broken_rule(const mw_row_checks *checks, const check *one, mw_cell cell) {
    double allowed = one->missing_share_max * (double)checks->row_count;
    if (mw_cell_is_missing(one->type, cell))
        return (double)one->missing_count > allowed ? one->missing_rule : MW_STR("");
    if (!is_allowed(one, cell)) return one->set_rule;
    return is_within(one, cell) ? MW_STR("") : one->bounds_rule;
}

mw_status mw_row_checks_apply(const mw_row_checks *checks, size_t number, const mw_cell *row,
                              mw_refusals *refusals, bool *out_is_refused, mw_error *err) {
    for (size_t i = 0; i < checks->count; i++) {
        const check *one = &checks->items[i];
        mw_str rule = broken_rule(checks, one, row[one->field]);
        if (rule.size == 0) continue;
        mw_buf value;
        mw_buf_init(&value, 1 << 20);
        mw_cell_append(&value, one->type, row[one->field], checks->symbols);
        mw_status status = mw_refuse(refusals, number, rule, mw_buf_str(&value), err);
        mw_buf_release(&value);
        if (status == MW_OK) *out_is_refused = true;
        return status;
    }
    *out_is_refused = false;
    return MW_OK;
}
