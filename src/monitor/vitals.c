#include "monitor/vitals.h"

#include <math.h>
#include <string.h>

#include "monitor/lag_advice.h"

enum { RULE_TEXT_MAX = 1 << 10, TEXTS_MAX = 1 << 23 };

/* name in struct mw_vital_signs, quantity, threshold */
#define SIGN_MAP(X)                               \
    X(champion_age, "champion.age", 3)            \
    X(labels_missing, "labels.missing", 0.5)      \
    X(latency_p99_s, "latency.p99", 0.25)         \
    X(error_share, "errors", 0.01)                \
    X(features_differing, "features.differing", 0)

#define STALE_FROM 1.5
#define LATE_FROM_S 60.0

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
    const mw_stream *stream; /* whose staleness or lag it is; NULL: it is a sign */
    size_t stream_index;
    char *detail;            /* of a lag, MW_LAG_ADVICE_SIZE_MAX; NULL: of a staleness */
} vital;

struct mw_vitals {
    mw_arena arena;
    vital *items; /* first the signs, then two a stream */
    size_t count;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "vitals: no memory");
}

static mw_status add(mw_vitals *vitals, const char *prefix, mw_str name, double threshold,
                     mw_error *err) {
    vital *it = &vitals->items[vitals->count++];
    mw_buf text;
    mw_buf_init(&text, RULE_TEXT_MAX);
    mw_buf_append_text(&text, prefix);
    mw_buf_append_str(&text, name);
    size_t quantity_size = text.size;
    mw_buf_printf(&text, " > %.10g", threshold);
    mw_status status = mw_buf_check(&text, "vitals: a rule", err);
    mw_str copy = mw_str_copy(&vitals->arena, mw_buf_str(&text));
    mw_buf_release(&text);
    MW_TRY(status);
    if (!copy.data) return no_memory(err);
    it->rule = (mw_rule){.text = copy,
                         .quantity = mw_str_slice(copy, 0, quantity_size),
                         .operator = MW_RULE_GREATER,
                         .number = threshold};
    mw_alert_init(&it->alert, &it->rule);
    return MW_OK;
}

bool mw_vitals_reads(const mw_model_program *model, int32_t stream) {
    if (mw_model_announcer(model) == stream) return true;
    for (size_t i = 0; i < model->window_count; i++)
        if (model->windows[i].stream == stream) return true;
    return false;
}

/* A label waits for `late`, and so does a moment: where no feature's window looks, nothing else
   comes of it. */
static double late_from(const mw_stream *stream, const mw_model_program *model, size_t index) {
    double from_s = (double)stream->late_us / (double)MW_SECOND_US;
    for (size_t i = 0; i < model->feature_window_count; i++)
        if (model->windows[i].stream == (int32_t)index) from_s = LATE_FROM_S;
    return from_s > LATE_FROM_S ? from_s : LATE_FROM_S;
}

static mw_status add_stream(mw_vitals *vitals, const mw_program *program,
                            const mw_model_program *model, size_t index, mw_error *err) {
    const mw_stream *stream = &program->streams[index];
    vital *its = &vitals->items[vitals->count];
    MW_TRY(add(vitals, "staleness.", stream->name, STALE_FROM, err));
    MW_TRY(add(vitals, "lag.", stream->name, late_from(stream, model, index), err));
    its[0].stream = its[1].stream = stream;
    its[0].stream_index = its[1].stream_index = index;
    its[1].detail = mw_arena_alloc(&vitals->arena, MW_LAG_ADVICE_SIZE_MAX, 1);
    return its[1].detail ? MW_OK : no_memory(err);
}

static mw_status set_up(mw_vitals *vitals, const mw_program *program,
                        const mw_model_program *model, mw_error *err) {
    size_t count = program ? program->stream_count : 0;
    vitals->items = mw_arena_alloc(&vitals->arena, SIGN_COUNT + 2 * count, sizeof *vitals->items);
    if (!vitals->items) return no_memory(err);
#define X(name, quantity, threshold) MW_TRY(add(vitals, quantity, MW_STR(""), threshold, err));
    SIGN_MAP(X)
#undef X
    for (size_t i = 0; i < count; i++) {
        const mw_stream *stream = &program->streams[i];
        if (stream->is_always || !mw_vitals_reads(model, (int32_t)i)) continue;
        MW_TRY(add_stream(vitals, program, model, i, err));
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

/* What cannot be said in full is not said. */
static void advise(vital *it, const mw_freshness_reading *reading) {
    mw_buf text;
    mw_buf_init(&text, MW_LAG_ADVICE_SIZE_MAX);
    mw_lag_advice_append(&text, it->stream, reading);
    it->alert.detail = (mw_str){0};
    if (mw_buf_check(&text, "vitals: an advice", NULL) == MW_OK) {
        memcpy(it->detail, text.data, text.size);
        it->alert.detail = (mw_str){it->detail, text.size};
    }
    mw_buf_release(&text);
}

static double look_at_stream(vital *it, const mw_freshness *freshness, int64_t now) {
    mw_freshness_reading reading = mw_freshness_read(freshness, it->stream_index, now);
    if (!it->detail) return reading.staleness;
    if (reading.lateness_s > it->rule.number) advise(it, &reading);
    return reading.lateness_s;
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
        double value = i < SIGN_COUNT ? measured[i] : look_at_stream(it, freshness, now);
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
