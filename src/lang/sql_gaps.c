#include "lang/sql_gaps.h"

#include "lang/needs.h"
#include "lang/sql.h"

enum { PIECE_SIZE_MAX = 1 << 24 };

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    const mw_symbols *symbols;
    bool has_outside;
    mw_arena *arena;
    mw_sql_gaps gaps;
    mw_schema unnamed; /* columns for whatever a code reads: their names are no matter */
    mw_buf piece;      /* what was tried */
    mw_error *err;
} search;

static mw_status take_reason(search *s, mw_str reason, mw_str *out_why) {
    *out_why = mw_str_copy(s->arena, reason);
    return out_why->data ? MW_OK : mw_fail(s->err, MW_NO_MEMORY, "sql: no memory for a reason");
}

/* Why code over rows of a stream cannot be said by itself. */
static mw_status try_code(search *s, const mw_code *code, int32_t stream, mw_str *out_why) {
    const mw_schema *moment = &s->program->streams[s->model->moment_stream].schema;
    mw_sql_names names = {.row = "", .schema = &s->program->streams[stream].schema,
                          .now = "", .now_schema = moment, .time = "", .now_time = "",
                          .columns = "", .windows = &s->unnamed, .features = &s->unnamed,
                          .withins = &s->unnamed, .has_outside = s->has_outside};
    mw_error why;
    if (!code || out_why->size > 0) return MW_OK;
    mw_buf_clear(&s->piece);
    mw_status status = mw_code_append_sql(code, &names, s->symbols, &s->piece, &why);
    if (status == MW_NOT_BUILT) return take_reason(s, mw_str_of(why.message), out_why);
    return status == MW_OK ? MW_OK : mw_fail(s->err, status, "%s", why.message);
}

/* The reason of what the code reads, or its own. */
static mw_status look_at(search *s, const mw_code *code, mw_str *out_why) {
    const mw_model_program *model = s->model;
    if (!code) return MW_OK;
    for (size_t i = 0; out_why->size == 0 && i < model->window_count; i++)
        if (mw_code_reads_window(code, (int32_t)i)) *out_why = s->gaps.windows[i];
    for (size_t i = 0; out_why->size == 0 && i < model->within_count; i++)
        if (mw_code_reads_within(code, (int32_t)i)) *out_why = s->gaps.withins[i];
    for (size_t i = 0; out_why->size == 0 && i < model->feature_count; i++)
        if (mw_code_reads_feature(code, (int32_t)i)) *out_why = s->gaps.features[i];
    return try_code(s, code, model->moment_stream, out_why);
}

static mw_status look_at_window(search *s, size_t index) {
    const mw_window *window = &s->model->windows[index];
    mw_str *why = &s->gaps.windows[index];
    for (size_t i = 0; why->size == 0 && i < index; i++)
        if (mw_window_reads_window(window, i)) *why = s->gaps.windows[i];
    MW_TRY(try_code(s, window->value, window->stream, why));
    MW_TRY(try_code(s, window->condition, window->stream, why));
    MW_TRY(try_code(s, window->now_condition, window->stream, why));
    for (int32_t k = 0; k < window->key_count; k++)
        MW_TRY(look_at(s, window->moment_keys[k], why));
    return MW_OK;
}

/* A vector is left out as a whole: its numbers stand side by side, and in the order too. */
static mw_status look_at_feature(search *s, int32_t index) {
    const mw_feature *feature = &s->model->features[index];
    size_t width = feature->vector ? feature->vector->width : 1;
    mw_str *why = &s->gaps.features[index];
    if (feature->vector_index > 0) return MW_OK;
    for (size_t i = 0; i < width; i++) MW_TRY(look_at(s, feature[i].code, why));
    if (feature->vector && feature->vector->kind != MW_VECTOR_NUMBERS)
        for (size_t i = 0; i < feature->vector->arg_count; i++) /* which stand apart */
            MW_TRY(look_at(s, feature->vector->args[i], why));
    for (size_t i = 1; i < width; i++) why[i] = why[0];
    return MW_OK;
}

/* In the order in which they hang on each other: a key of the label's windows may be a feature. */
static mw_status look_at_all(search *s) {
    const mw_model_program *model = s->model;
    size_t within = 0, window = 0;
    for (; window < model->feature_window_count; window++) MW_TRY(look_at_window(s, window));
    for (size_t i = 0; i <= model->feature_count; i++) {
        for (; within < model->within_count && model->withins[within].after == i; within++) {
            const mw_window *of = &model->withins[within].of;
            MW_TRY(look_at(s, of->value ? of->value : of->condition, &s->gaps.withins[within]));
        }
        if (i == model->feature_count) break;
        MW_TRY(look_at_feature(s, model->feature_order[i]));
    }
    if (model->schedule) MW_TRY(look_at(s, model->schedule->takes, &s->gaps.takes));
    for (; window < model->window_count; window++) MW_TRY(look_at_window(s, window));
    MW_TRY(look_at(s, model->label, &s->gaps.label));
    return look_at(s, model->unless, &s->gaps.label);
}

mw_status mw_sql_gaps_find(mw_sql_gaps_of of, mw_arena *arena, mw_sql_gaps *out_gaps,
                           mw_error *err) {
    const mw_model_program *model = of.model;
    search s = {.program = of.program, .model = model, .symbols = of.symbols,
                .has_outside = of.has_outside, .arena = arena, .err = err};
    size_t count = model->window_count + model->within_count + model->feature_count + 1;
    s.gaps.windows = mw_arena_alloc(arena, count, sizeof(mw_str));
    s.unnamed = (mw_schema){mw_arena_alloc(arena, count, sizeof(mw_field)), count};
    if (!s.gaps.windows || !s.unnamed.fields)
        return mw_fail(err, MW_NO_MEMORY, "sql: no memory for the columns");
    s.gaps.withins = s.gaps.windows + model->window_count;
    s.gaps.features = s.gaps.withins + model->within_count;
    mw_buf_init(&s.piece, PIECE_SIZE_MAX);
    mw_status status = look_at_all(&s);
    mw_buf_release(&s.piece);
    if (status == MW_OK) *out_gaps = s.gaps;
    return status;
}

/* --- less than all -------------------------------------------------------------------------- */

/* `gaps` has a reason for what nobody has asked for yet. */
static void keep_code(mw_sql_gaps *gaps, const mw_model_program *model, const mw_code *code);

static void keep_window(mw_sql_gaps *gaps, const mw_model_program *model, size_t index) {
    const mw_window *window = &model->windows[index];
    if (gaps->windows[index].size == 0) return;
    gaps->windows[index] = MW_STR("");
    for (size_t i = 0; i < index; i++)
        if (mw_window_reads_window(window, i)) keep_window(gaps, model, i);
    for (int32_t k = 0; k < window->key_count; k++)
        keep_code(gaps, model, window->moment_keys[k]);
}

static void keep_within(mw_sql_gaps *gaps, const mw_model_program *model, size_t index) {
    const mw_window *of = &model->withins[index].of;
    if (gaps->withins[index].size == 0) return;
    gaps->withins[index] = MW_STR("");
    if (of->value) keep_code(gaps, model, of->value);
    if (of->condition) keep_code(gaps, model, of->condition);
}

/* All numbers of a vector, for they may be read out of one column. */
static void keep_feature(mw_sql_gaps *gaps, const mw_model_program *model, size_t index) {
    size_t first = index - model->features[index].vector_index;
    const mw_vector *vector = model->features[index].vector;
    if (gaps->features[first].size == 0) return;
    for (size_t i = 0; i < (vector ? vector->width : 1); i++)
        gaps->features[first + i] = MW_STR("");
    if (!vector) keep_code(gaps, model, model->features[first].code);
    for (size_t i = 0; vector && i < vector->arg_count; i++)
        keep_code(gaps, model, vector->args[i]);
}

static void keep_code(mw_sql_gaps *gaps, const mw_model_program *model, const mw_code *code) {
    for (size_t i = 0; i < model->window_count; i++)
        if (mw_code_reads_window(code, (int32_t)i)) keep_window(gaps, model, i);
    for (size_t i = 0; i < model->within_count; i++)
        if (mw_code_reads_within(code, (int32_t)i)) keep_within(gaps, model, i);
    for (size_t i = 0; i < model->feature_count; i++)
        if (mw_code_reads_feature(code, (int32_t)i)) keep_feature(gaps, model, i);
}

void mw_sql_gaps_narrow(mw_sql_gaps *gaps, const mw_model_program *model,
                        const mw_code *const *codes, size_t code_count) {
    const mw_str reason = MW_STR("nobody asked for it");
    for (size_t i = 0; i < model->window_count; i++) gaps->windows[i] = reason;
    for (size_t i = 0; i < model->within_count; i++) gaps->withins[i] = reason;
    for (size_t i = 0; i < model->feature_count; i++) gaps->features[i] = reason;
    gaps->label = reason;
    for (size_t i = 0; i < code_count; i++) keep_code(gaps, model, codes[i]);
}

void mw_sql_gaps_tell(const mw_sql_gaps *gaps, const mw_model_program *model, mw_buf *out) {
    for (size_t i = 0; i < model->feature_count; i++) {
        const mw_feature *feature = &model->features[i];
        bool is_vector = feature->vector && feature->vector->width > 1;
        if (gaps->features[i].size == 0 || feature->vector_index > 0) continue;
        mw_buf_append_str(out, feature->name);
        if (is_vector) mw_buf_printf(out, " .. %zu", feature->vector->width - 1);
        mw_buf_printf(out, ": %.*s\n", MW_STR_ARGS(gaps->features[i]));
    }
    if (gaps->label.size > 0) mw_buf_printf(out, "label: %.*s\n", MW_STR_ARGS(gaps->label));
}
