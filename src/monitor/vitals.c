#include "monitor/vitals.h"

#include <math.h>

enum { RULE_TEXT_MAX = 1 << 10, TEXTS_MAX = 1 << 22 };

/* name in struct mw_vital_signs, quantity, threshold */
#define SIGN_MAP(X)                               \
    X(champion_age, "champion.age", 3)            \
    X(labels_missing, "labels.missing", 0.5)      \
    X(latency_p99_s, "latency.p99", 0.25)         \
    X(error_share, "errors", 0.01)                \
    X(features_differing, "features.differing", 0)

#define STALE_FROM 1.5

enum {
#define X(name, quantity, threshold) SIGN_##name,
    SIGN_MAP(X)
#undef X
    SIGN_COUNT,
};

typedef struct {
    mw_rule rule;
    mw_alert alert;
    mw_alert_change change;
    size_t stream; /* of a staleness */
} vital;

struct mw_vitals {
    mw_arena arena;
    vital *items; /* first the signs, then the streams */
    size_t count;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "vitals: no memory");
}

static mw_status add(mw_vitals *vitals, const char *prefix, mw_str name, double threshold,
                     size_t stream, mw_error *err) {
    vital *it = &vitals->items[vitals->count++];
    mw_buf text;
    mw_buf_init(&text, RULE_TEXT_MAX);
    mw_buf_append_text(&text, prefix);
    mw_buf_append_str(&text, name);
    size_t quantity_size = text.size;
    mw_buf_printf(&text, " > %g", threshold);
    mw_status status = mw_buf_check(&text, "vitals: a rule", err);
    mw_str copy = mw_str_copy(&vitals->arena, mw_buf_str(&text));
    mw_buf_release(&text);
    MW_TRY(status);
    if (!copy.data) return no_memory(err);
    it->rule = (mw_rule){.text = copy,
                         .quantity = mw_str_slice(copy, 0, quantity_size),
                         .operator = MW_RULE_GREATER,
                         .number = threshold};
    it->stream = stream;
    mw_alert_init(&it->alert, &it->rule);
    return MW_OK;
}

bool mw_vitals_reads(const mw_model_program *model, int32_t stream) {
    if (mw_model_announcer(model) == stream) return true;
    for (size_t i = 0; i < model->window_count; i++)
        if (model->windows[i].stream == stream) return true;
    return false;
}

static mw_status set_up(mw_vitals *vitals, const mw_program *program,
                        const mw_model_program *model, mw_error *err) {
    size_t count = program ? program->stream_count : 0;
    vitals->items = mw_arena_alloc(&vitals->arena, SIGN_COUNT + count, sizeof *vitals->items);
    if (!vitals->items) return no_memory(err);
#define X(name, quantity, threshold) MW_TRY(add(vitals, quantity, MW_STR(""), threshold, 0, err));
    SIGN_MAP(X)
#undef X
    for (size_t i = 0; i < count; i++) {
        const mw_stream *stream = &program->streams[i];
        if (stream->is_always || !mw_vitals_reads(model, (int32_t)i)) continue;
        MW_TRY(add(vitals, "staleness.", stream->name, STALE_FROM, i, err));
    }
    return MW_OK;
}

mw_status mw_vitals_create(const mw_program *program, const mw_model_program *model,
                           mw_vitals **out_vitals, mw_error *err) {
    mw_vitals *vitals = mw_allocate(sizeof *vitals);
    if (!vitals) return no_memory(err);
    mw_arena_init(&vitals->arena, TEXTS_MAX);
    mw_status status = set_up(vitals, program, model, err);
    if (status != MW_OK) mw_vitals_destroy(vitals);
    else *out_vitals = vitals;
    return status;
}

void mw_vitals_destroy(mw_vitals *vitals) {
    if (!vitals) return;
    mw_arena_release(&vitals->arena);
    mw_free(vitals);
}

void mw_vitals_look(mw_vitals *vitals, const mw_freshness *freshness, const mw_vital_signs *signs,
                    int64_t now) {
    const double measured[SIGN_COUNT] = {
#define X(name, quantity, threshold) [SIGN_##name] = signs->name,
        SIGN_MAP(X)
#undef X
    };
    for (size_t i = 0; i < vitals->count; i++) {
        vital *it = &vitals->items[i];
        double value = NAN;
        if (i < SIGN_COUNT) value = measured[i];
        else value = mw_freshness_read(freshness, it->stream, now).staleness;
        it->change =
            mw_alert_update(&it->alert, value, mw_rule_holds(&it->rule, value, value), now);
    }
}

size_t mw_vitals_count(const mw_vitals *vitals) { return vitals->count; }

const mw_alert *mw_vitals_alert(const mw_vitals *vitals, size_t index) {
    MW_ASSERT(index < vitals->count);
    return &vitals->items[index].alert;
}

mw_alert_change mw_vitals_change(const mw_vitals *vitals, size_t index) {
    MW_ASSERT(index < vitals->count);
    return vitals->items[index].change;
}
